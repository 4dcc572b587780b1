"""Service words, codes, erasure and numbers that change hands, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from smsbot.errors import ReferenceTaken
from smsbot.people import commands, ownership, rights
from smsbot.people.answers import Answer
from smsbot.scamdesk import intake
from smsbot.storage import (
    audit,
    codes,
    consents,
    contacts,
    erasure,
    reports,
    suppressions,
    tables,
)
from smsbot.storage.codes import Act
from smsbot.storage.profiles import profile
from smsbot.storage.suppressions import Refusal
from tests.integration.lives import (
    AMINA,
    DAY,
    PIN,
    RAW,
    T0,
    dump,
    live,
    lottery,
    meet,
    report,
    said,
)

if TYPE_CHECKING:
    from smsbot.storage.database import Database
    from smsbot.vault import Vault

NAMES = {"en": "English", "sw": "Kiswahili", "am": "አማርኛ", "ha": "Hausa"}


def test_stop_is_confirmed_once_and_join_brings_lessons_back_but_start_does_not(
    database: Database, vault: Vault
) -> None:
    with database.write() as connection:
        contact = meet(connection, vault)

        def lessons() -> Refusal | None:
            return suppressions.may_send(connection, contact.ref, "lessons").refusal

        assert commands.join(connection, contact, said()) == (Answer("join-done"),)
        assert lessons() is None
        assert commands.help_answer(connection, contact.ref) == (Answer("help"),)
        assert commands.stop(connection, contact, said(T0 + 1)) == (Answer("stop-done"),)
        assert commands.stop(connection, contact, said(T0 + 2)) == ()
        assert lessons() is Refusal.OPTED_OUT
        assert commands.help_answer(connection, contact.ref) == (
            Answer("help"),
            Answer("already-stopped"),
        )
        assert commands.start(connection, contact, said(T0 + 3)) == (Answer("start-done"),)
        assert lessons() is Refusal.NO_CONSENT
        commands.stop(connection, contact, said(T0 + 4))
        commands.join(connection, contact, said(T0 + 5))
        assert lessons() is None


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("Kisumu", "Kisumu"),
        ("  nakuru   town ", "nakuru town"),
        ("Côte d'Ivoire", "Côte d'Ivoire"),
        ("Ƙaramar hukuma", "Ƙaramar hukuma"),
        ("አዲስ አበባ", "አዲስ አበባ"),
        ("Kisumu 1234", None),
        ("0711000123", None),
        ("X", None),
        ("", None),
        ("my name is Amina and I live in a house", None),
        ("a" * 65, None),
        ("Kisumu\x00", None),
        ("=cmd", None),
    ],
)
def test_a_region_is_a_place_name_and_never_a_number(raw: str, kept: str | None) -> None:
    assert commands.read_region(raw) == kept


def test_language_and_region_are_corrected_by_text(database: Database, vault: Vault) -> None:
    with database.write() as connection:
        contact = meet(connection, vault)
        done = commands.set_language(connection, contact, "am", NAMES, T0 + 1)
        assert done == (Answer("language-set", {"language": "አማርኛ"}),)
        refused = commands.set_language(connection, contact, "xx", NAMES, T0 + 1)
        assert refused == (
            Answer("language-unknown", {"languages": "English, Kiswahili, አማርኛ, Hausa"}),
        )
        assert commands.set_region(connection, contact, " Kisumu ", T0) == (
            Answer("region-set", {"region": "Kisumu"}),
        )
        assert commands.set_region(connection, contact, "1234", T0) == (Answer("region-ask"),)
        found = contacts.by_id(connection, contact.id)
    assert (found.language, found.region) == ("am", "Kisumu")


def test_mydata_needs_the_code_that_the_phone_got_and_tells_counts_only(
    database: Database, vault: Vault
) -> None:
    with database.write() as connection:
        contact = live(connection, vault)
        asked = rights.ask(
            connection, vault, contact, Act.MYDATA, randbelow=lottery(4217), now_ms=T0
        )
        assert asked == (Answer("mydata-code", {"code": "004217", "minutes": 15}),)
        assert "004217" not in dump(connection)
        wrong = rights.show(connection, vault, contact, "004218", now_ms=T0 + 1)
        assert wrong == (Answer("code-wrong", {"left": 2}),)
        for_another = rights.forget(
            connection,
            vault,
            contact,
            "004217",
            randbelow=lottery(1),
            channel="at-ke",
            now_ms=T0 + 1,
        )
        assert for_another == (Answer("code-expired", {"word": "DELETE"}),)
        shown = rights.show(connection, vault, contact, " 004217 ", now_ms=T0 + 2)
        (answer,) = shown
        assert answer.key == "mydata-reply"
        assert dict(answer.values) == {
            "since": "2026-05-28",
            "language": "sw",
            "country": "KE",
            "region": "Kisumu",
            "network": "63902",
            "consents": "lessons",
            "reports": 1,
            "received": 3,
            "sent": 3,
            "steps": 1,
        }
        again = rights.show(connection, vault, contact, "004217", now_ms=T0 + 3)
        assert again == (Answer("code-expired", {"word": "MYDATA"}),)
        logged = audit.newest(connection, 9)
    assert [(entry.actor, entry.action, entry.subject) for entry in logged] == [
        ("person", "mydata", f"contact:{contact.id}")
    ]


def test_three_wrong_codes_lock_and_a_new_code_does_not_open_the_lock(
    database: Database, vault: Vault
) -> None:
    with database.write() as connection:
        contact = meet(connection, vault)

        def ask(at: int) -> rights.Answers:
            return rights.ask(
                connection, vault, contact, Act.DELETE, randbelow=lottery(111111), now_ms=at
            )

        def guess(code: str, at: int) -> str:
            (answer,) = rights.forget(
                connection,
                vault,
                contact,
                code,
                randbelow=lottery(5),
                channel="at-ke",
                now_ms=at,
            )
            return answer.key

        ask(T0)
        assert [guess("222222", T0 + 1), guess("333333", T0 + 2)] == ["code-wrong", "code-wrong"]
        assert ask(T0 + 3)[0].key == "delete-code"
        assert guess("444444", T0 + 4) == "too-many"
        assert guess("111111", T0 + 5) == "too-many"
        (locked,) = ask(T0 + 5 + 14 * 60_000)
        assert locked == Answer("too-many", {"minutes": 1})
        later = T0 + 4 + codes.LIFE_MS
        assert guess("111111", later) == "code-expired"
        assert ask(later)[0].key == "delete-code"
        assert guess("111111", later + 1) == "delete-done"


def test_no_number_and_no_pin_is_readable_without_a_key(database: Database, vault: Vault) -> None:
    with database.write() as connection:
        live(connection, vault)
        text = dump(connection)
    for secret in ("711000123", PIN, "wakala", "3500", "Nimetapeliwa"):
        assert secret not in text


def test_after_delete_nothing_joins_and_only_the_suppression_stays(
    database: Database, vault: Vault
) -> None:
    fresh = 0xFEED << 100
    with database.write() as connection:
        contact = live(connection, vault)
        answering = connection.execute(
            select(tables.inbound.c.id).where(tables.inbound.c.gateway_id == "in-2"),
        ).scalar_one()
        rights.ask(connection, vault, contact, Act.DELETE, randbelow=lottery(7), now_ms=T0 + 9)
        done = rights.forget(
            connection,
            vault,
            contact,
            "000007",
            randbelow=lottery(fresh),
            channel="at-ke",
            now_ms=T0 + 10,
            answering=answering,
        )
        assert done == (Answer("delete-done"),)
        # the confirmation goes out to the number that is not yet gone
        assert contacts.msisdn_of(connection, vault, contact.id) == AMINA
        connection.execute(
            tables.messages.insert().values(
                channel="at-ke",
                contact_id=contact.id,
                ref=contact.ref,
                purpose="reply",
                priority=0,
                body_enc=b"sealed",
                body_hash="c" * 32,
                encoding="GSM-7",
                segments=1,
                state="sending",
                due_at=T0,
                created_at=T0,
                dedupe_key="reply:in-2",
            ),
        )
        assert erasure.forget_numbers(connection, T0 + 20, patience_ms=DAY) == 0
        connection.execute(
            update(tables.messages)
            .where(tables.messages.c.state == "sending")
            .values(state="accepted"),
        )
        # a turn that the journal brings late
        connection.execute(
            tables.turns.insert().values(
                id="d" * 32,
                channel="at-ke",
                session_ref="b" * 32,
                ref=contact.ref,
                number=1,
                at=T0 + 1,
                version="0",
                language="sw",
                flow="menu",
                state="x",
                to_flow="menu",
                to_state="x",
                how="option",
                option=1,
                ends=True,
            ),
        )
        assert erasure.forget_numbers(connection, T0 + 30, patience_ms=DAY) == 1
        assert erasure.forget_numbers(connection, T0 + 31, patience_ms=DAY) == 0

        for table in tables.metadata.sorted_tables:
            rows = connection.execute(select(table)).mappings().all()
            if table is not tables.suppressions:
                assert contact.ref not in repr(rows), table.name
            for row in rows:
                sealed = [name for name in row if name.endswith("_enc") and row[name] is not None]
                assert not sealed, (table.name, sealed)
                if table.name not in ("consents", "contacts"):
                    assert row.get("contact_id") is None
        for gone in (tables.contact_tags, tables.codes, tables.enrolments, tables.reminders):
            assert not connection.execute(select(gone)).all()
        left = connection.execute(select(tables.suppressions)).one()
        assert (left.ref, left.reason, left.lifted_at) == (contact.ref, "erased", None)
        states = connection.execute(
            select(tables.inbound.c.state).order_by(tables.inbound.c.id)
        ).scalars()
        assert list(states) == ["answered", "silent", "pending"]
        assert suppressions.may_send(connection, contact.ref, "lessons").refusal is Refusal.ERASED

        # who comes back is a stranger, and still on the list until they ask
        assert contacts.find(connection, contact.ref) is None
        newcomer = meet(connection, vault, T0 + DAY)
        assert newcomer.id != contact.id
        seen = profile(connection, newcomer.ref)
        assert seen is not None
        assert (seen.opted_out, seen.language, seen.asked) == (True, "", ())
        assert reports.status_of(connection, "12345678", newcomer.ref, newcomer.owner_since) is None
        commands.join(connection, newcomer, said(T0 + DAY))
        assert suppressions.may_send(connection, newcomer.ref, "lessons").allowed


def test_a_confirmation_that_never_leaves_does_not_keep_the_number(
    database: Database, vault: Vault
) -> None:
    with database.write() as connection:
        contact = live(connection, vault)
        rights.erase(
            connection,
            contact,
            randbelow=lottery(3),
            channel="at-ke",
            now_ms=T0,
            actor="cli:operator",
        )
        assert erasure.forget_numbers(connection, T0 + DAY - 1, patience_ms=DAY) == 0
        assert erasure.forget_numbers(connection, T0 + DAY, patience_ms=DAY) == 1
        assert contact.ref not in repr(connection.execute(select(tables.messages)).all())


@pytest.mark.parametrize(("days", "changed"), [(179, False), (181, True)])
def test_after_long_silence_a_number_has_a_new_owner(
    database: Database, vault: Vault, days: int, changed: bool
) -> None:
    now = T0 + days * DAY
    with database.write() as connection:
        contact = live(connection, vault)
        assert ownership.check_reassigned(connection, contact, now) is changed
        assert not ownership.check_reassigned(
            connection, contacts.by_id(connection, contact.id), T0 + 1
        )
        found = contacts.by_id(connection, contact.id)
        seen = profile(connection, contact.ref)
        assert seen is not None
        allowed = suppressions.may_send(connection, contact.ref, "lessons").allowed
        status = reports.status_of(connection, "12345678", found.ref, found.owner_since)
        assert allowed is not changed
        assert (status is None) is changed
        assert found.language == "sw"
        assert seen.language_is_guess is changed
        assert (seen.consents == ()) is changed
        assert (seen.tags == ()) is changed
        assert (seen.asked == ()) is changed
        assert (seen.region == "") is changed
        if changed:
            rights.ask(connection, vault, found, Act.MYDATA, randbelow=lottery(1), now_ms=now)
            shown = rights.show(connection, vault, found, "000001", now_ms=now)
            counts = dict(shown[0].values)
            assert (counts["region"], counts["consents"]) == ("-", "-")
            assert [counts[name] for name in ("reports", "received", "sent", "steps")] == [0] * 4
            contacts.set_language(connection, found.id, "sw", now)
            again = profile(connection, found.ref)
            assert again is not None
            assert not again.language_is_guess


def test_of_two_turns_of_a_new_owner_one_makes_the_change(database: Database, vault: Vault) -> None:
    now = T0 + 200 * DAY
    with database.write() as connection:
        contact = live(connection, vault)
        assert ownership.check_reassigned(connection, contact, now)
        consents.grant(connection, contact.id, "lessons", said(now + 1))
        assert not ownership.check_reassigned(connection, contact, now + 2)
        assert suppressions.may_send(connection, contact.ref, "lessons").allowed


def test_a_stop_outlives_a_change_of_owner(database: Database, vault: Vault) -> None:
    with database.write() as connection:
        contact = live(connection, vault)
        commands.stop(connection, contact, said(T0 + 1))
        ownership.check_reassigned(connection, contact, T0 + 200 * DAY)
        refusal = suppressions.may_send(connection, contact.ref, "service").refusal
    assert refusal is Refusal.OPTED_OUT


def test_a_repeated_report_gets_the_reference_it_has(database: Database, vault: Vault) -> None:
    with database.write() as connection:
        contact = meet(connection, vault)
        assert report(connection, vault, contact) == "12345678"
        assert report(connection, vault, contact, reference="87654321") == "12345678"
        with pytest.raises(ReferenceTaken):
            report(connection, vault, contact, effect_key="turn-8")
        free = intake.free_reference(connection, ["12345678", "12345678", "11112222"].__getitem__)
        assert free == "11112222"
        with pytest.raises(ReferenceTaken):
            intake.free_reference(connection, lambda _attempt: "12345678")
        rows = connection.execute(select(tables.reports)).all()
        assert len(rows) == 1
        assert json.loads(rows[0].facts) == {"lost_amount": "1000-4999", "told_pin": "true"}
        assert vault.decrypt(bytes(rows[0].raw_enc), reports.RAW_CONTEXT).decode() == RAW
        mine = reports.status_of(connection, "12345678", contact.ref, contact.owner_since)
        assert mine is not None
        assert mine.state == "received"
        assert reports.status_of(connection, "12345678", "0" * 32, contact.owner_since) is None


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("false", "false"),
        ("T02", "T02"),
        ("mpesa-agent", "mpesa-agent"),
        ("0", "0"),
        ("-5", "0"),
        ("499.5", "1-499"),
        ("500", "500-999"),
        ("3500", "1000-4999"),
        ("1000000", "1000000+"),
        ("0711000123", "1000000+"),
        ("+254711000123", None),
        ("pin1234", None),
        ("QGH7TK2L9X", None),
        ("Juma Otieno", None),
        ("ƙarya", None),
        ("", None),
        ("x" * 33, None),
    ],
)
def test_facts_in_clear_are_choices_and_bands(value: str, kept: str | None) -> None:
    assert intake.plain_facts({"fact": value}) == ({} if kept is None else {"fact": kept})
