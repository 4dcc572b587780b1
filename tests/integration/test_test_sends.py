"""Test sends: marked, few, never to whoever said STOP, and in the audit log by ref."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from smsbot.campaigns.texts import Worded
from smsbot.campaigns.trying import MARK, parse_numbers, send_tests
from smsbot.errors import Refused
from smsbot.storage import audit, contacts, messages, suppressions
from smsbot.storage.claims import claim
from smsbot.storage.consents import Evidence
from smsbot.storage.suppressions import Reason
from smsbot.values import Msisdn
from tests.integration.desk_support import NOW_MS
from tests.service import channel

if TYPE_CHECKING:
    from smsbot.campaigns.trying import Tried
    from smsbot.storage.database import Database
    from smsbot.vault import Vault

AMINA, BO = Msisdn("+254711000111"), Msisdn("+254711000222")
TEXTS = {"en": Worded("Check your balance."), "sw": Worded("Angalia salio.")}


def _send(
    database: Database,
    vault: Vault,
    *numbers: Msisdn,
    now_ms: int = NOW_MS,
    language: str = "",
    texts: dict[str, Worded] | None = None,
) -> tuple[Tried, ...]:
    with database.write() as connection:
        return send_tests(
            connection,
            vault,
            channel(),
            7,
            TEXTS if texts is None else texts,
            numbers,
            language=language,
            actor="amina",
            now_ms=now_ms,
        )


def _texts_of(database: Database, vault: Vault, number: Msisdn) -> list[str]:
    with database.read() as connection:
        return [one["text"] for one in messages.sent_to(connection, vault, vault.ref(number))]


def test_a_test_is_marked_goes_at_once_and_speaks_the_owners_language(
    database: Database, vault: Vault
) -> None:
    with database.write() as connection:
        known = contacts.ensure(
            connection, vault, BO, channel_country="KE", network="", now_ms=NOW_MS
        )
        contacts.set_language(connection, known.id, "sw", NOW_MS)

    assert [one.refused for one in _send(database, vault, AMINA, BO)] == ["", ""]

    assert _texts_of(database, vault, AMINA) == [MARK + "Check your balance."]
    assert _texts_of(database, vault, BO) == [MARK + "Angalia salio."]
    with database.write() as connection:
        first, _ = messages.peek(connection, "sim", limit=10, now_ms=NOW_MS)
        (row,) = claim(connection, [first.id], "tester", NOW_MS)
        assert (row.purpose, first.priority) == ("service", messages.PRIORITY_REPLY)


def test_one_language_may_be_asked_for(sqlite_database: Database, vault: Vault) -> None:
    _send(sqlite_database, vault, AMINA, language="sw")

    assert _texts_of(sqlite_database, vault, AMINA) == [MARK + "Angalia salio."]
    with pytest.raises(Refused, match="no text in 'fr': en, sw"):
        _send(sqlite_database, vault, AMINA, language="fr")


def test_a_phone_gets_five_tests_an_hour(database: Database, vault: Vault) -> None:
    for minute in range(5):
        _send(database, vault, AMINA, now_ms=NOW_MS + minute * 60_000)

    (tried,) = _send(database, vault, AMINA, now_ms=NOW_MS + 300_000)
    assert tried.refused == "had 5 tests within an hour"
    assert [one.refused for one in _send(database, vault, BO, now_ms=NOW_MS + 300_000)] == [""]
    (tried,) = _send(database, vault, AMINA, now_ms=NOW_MS + 3_600_001)
    assert tried.refused == ""


def test_whoever_said_stop_gets_no_test(database: Database, vault: Vault) -> None:
    with database.write() as connection:
        contacts.ensure(connection, vault, AMINA, channel_country="KE", network="", now_ms=NOW_MS)
        evidence = Evidence(NOW_MS, "sim", "", "en", "STOP")
        suppressions.opt_out(connection, vault.ref(AMINA), reason=Reason.STOP, evidence=evidence)

    (tried, other) = _send(database, vault, AMINA, BO)

    assert (tried.refused, other.refused) == ("opted_out", "")
    assert _texts_of(database, vault, AMINA) == []


def test_the_audit_log_names_refs_and_never_a_number(database: Database, vault: Vault) -> None:
    done = _send(database, vault, AMINA)

    with database.read() as connection:
        (row,) = audit.newest(connection, 9)
    assert (row.actor, row.action, row.subject) == ("amina", "campaign.test", "campaign:7")
    assert row.detail == {"sent": [vault.ref(AMINA)], "refused": 0}
    assert "711000111" not in f"{row}{done}"


def test_a_test_of_a_flow_goes_on_when_it_is_answered(database: Database, vault: Vault) -> None:
    texts = {"en": Worded("What do you do?\n1 Pay\n2 Check", "wrong-send", "v1", b"place")}

    _send(database, vault, AMINA, texts=texts)

    with database.read() as connection:
        found = messages.peek(connection, "sim", limit=10, now_ms=NOW_MS)
        assert len(found) == 1
    assert _texts_of(database, vault, AMINA) == [MARK + "What do you do?\n1 Pay\n2 Check"]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ([], "1 to 10 numbers, not to 0"),
        (["+254711000111", "twelve"], "number 2 is no phone number"),
        ([f"+2547110001{i:02}" for i in range(11)], "1 to 10 numbers, not to 11"),
    ],
)
def test_numbers_are_read_all_or_none(raw: list[str], words: str) -> None:
    with pytest.raises(Refused, match=words):
        parse_numbers(raw, channel())


def test_a_number_that_is_given_twice_counts_once() -> None:
    assert parse_numbers(["0711000111", "+254 711 000 111"], channel()) == (AMINA,)
