"""Retention with a frozen clock, on SQLite and on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from smsbot.errors import ConfigError, NotFound
from smsbot.people import rights
from smsbot.storage import alerts, chores, consents, contacts, purge
from smsbot.storage import tables as t
from smsbot.storage.consents import Evidence
from smsbot.upkeep.retention import NAME, Retention, forget_erased, purge_all, run_daily
from smsbot.values import Msisdn
from tests.integration.lives import T0, live, lottery

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    from smsbot.storage.database import Database
    from smsbot.vault import Vault

HOUR = 3_600_000
DAY = 24 * HOUR
NOW = 1_780_000_000_000
KEPT = Retention()


def inbound(number: int, age: int, state: str = "answered") -> dict[str, Any]:
    return {
        "channel": "at-ke",
        "gateway_id": f"in-{number}",
        "ref": "a" * 32,
        "body_enc": b"x",
        "session_enc": b"y",
        "received_at": NOW - age,
        "state": state,
    }


def message(number: int, age: int, state: str) -> dict[str, Any]:
    return {
        "channel": "at-ke",
        "ref": "a" * 32,
        "purpose": "reply",
        "priority": 0,
        "body_enc": b"x",
        "body_hash": "h",
        "encoding": "GSM-7",
        "segments": 1,
        "state": state,
        "due_at": NOW - age,
        "created_at": NOW - age,
        "dedupe_key": f"key-{number}",
    }


def ussd_session(number: int, age: int) -> dict[str, Any]:
    words = dict.fromkeys(("flow", "state", "ended"), "x")
    return words | {
        "channel": "at-ke",
        "session_ref": f"{number:032}",
        "ref": "a" * 32,
        "started_at": NOW - age - DAY,
        "last_at": NOW - age,
        "turns": 3,
    }


def turn(number: int, age: int, opening: bytes | None = b"x") -> dict[str, Any]:
    words = dict.fromkeys(
        ("flow", "state", "to_flow", "to_state", "how", "version", "language"), "x"
    )
    return words | {
        "id": f"{number:032}",
        "channel": "at-ke",
        "session_ref": "s" * 32,
        "ref": "a" * 32,
        "number": 0,
        "at": NOW - age,
        "option": 0,
        "ends": False,
        "opening_enc": opening,
    }


def report(number: int, age: int) -> dict[str, Any]:
    return {
        "reference": f"{number:08}",
        "effect_key": f"key-{number}",
        "ref": "a" * 32,
        "owner_since": 0,
        "channel": "at-ke",
        "language": "sw",
        "kind": "wrong-send",
        "facts": "{}",
        "raw_enc": b"x",
        "state": "received",
        "received_at": NOW - age,
    }


def add(connection: Connection, table: Table, *rows: dict[str, Any]) -> None:
    connection.execute(table.insert(), list(rows))


def fill(connection: Connection) -> None:
    """A row on each side of every limit."""
    add(connection, t.turns, turn(1, DAY + 1), turn(2, DAY), turn(3, 730 * DAY + 1, None))
    add(connection, t.turns, turn(4, 730 * DAY, None))
    add(connection, t.ussd_sessions, ussd_session(1, 730 * DAY + 1), ussd_session(2, 730 * DAY))
    add(
        connection,
        t.inbound,
        inbound(1, 30 * DAY + 1),
        inbound(2, 30 * DAY),
        inbound(3, DAY),
    )
    add(
        connection,
        t.messages,
        message(1, 30 * DAY + 1, "delivered"),
        message(2, 30 * DAY + 1, "queued"),
        message(3, 30 * DAY, "delivered"),
    )
    add(
        connection,
        t.reports,
        report(1, 730 * DAY + 1),
        report(2, 30 * DAY + 1),
        report(3, 30 * DAY),
    )
    for number, age in enumerate((30 * DAY + 1, 30 * DAY)):
        row = {"channel": "at-ke", "gateway_id": f"g{number}", "state": "delivered"}
        add(connection, t.receipts, row | {"opted_out": False, "at": NOW - age})
    for version, created, used in (
        ("old-unused", 90, 15),
        ("old-used", 60, 13),
        ("newest-unused", 30, 30),
    ):
        add(
            connection,
            t.content_versions,
            {
                "version": version,
                "files": b"",
                "created_at": NOW - created * DAY,
                "used_at": NOW - used * DAY,
            },
        )


def column(connection: Connection, column: Any, key: Any) -> list[Any]:
    return [row[0] for row in connection.execute(select(column).order_by(key))]


def test_each_class_goes_at_its_limit_and_not_before(database: Database) -> None:
    with database.write() as connection:
        fill(connection)
    expected = {
        "turns.opening": 1,
        "inbound.session": 2,
        "inbound.body": 1,
        "messages.body": 2,
        "reports.raw": 2,
        "reports": 1,
        "receipts": 1,
        "turns": 1,
        "ussd_sessions": 1,
        "codes": 0,
        "consents": 0,
        "contents": 1,
        "numbers": 0,
    }
    assert purge_all(database, NOW, KEPT, dry_run=True).counts == expected
    told: dict[str, int] = {}
    purged = purge_all(database, NOW, KEPT, progress=told.__setitem__)
    assert purged.counts == expected
    assert purged.rows == 13
    assert told["inbound.session"] == 2
    with database.read() as connection:
        assert column(connection, t.turns.c.opening_enc, t.turns.c.id) == [None, b"x", None]
        assert column(connection, t.turns.c.id, t.turns.c.id)[-1] == f"{4:032}"
        assert column(connection, t.ussd_sessions.c.session_ref, t.ussd_sessions.c.ref) == [
            f"{2:032}"
        ]
        assert column(connection, t.inbound.c.session_enc, t.inbound.c.id) == [None, None, b"y"]
        assert column(connection, t.inbound.c.body_enc, t.inbound.c.id) == [None, b"x", b"x"]
        assert column(connection, t.messages.c.body_enc, t.messages.c.id) == [None, None, b"x"]
        states = column(connection, t.messages.c.state, t.messages.c.id)
        assert states == ["delivered", "cancelled", "delivered"]
        assert column(connection, t.reports.c.raw_enc, t.reports.c.id) == [None, b"x"]
        versions = column(connection, t.content_versions.c.version, t.content_versions.c.version)
        assert versions == ["newest-unused", "old-used"]
        kept = chores.last(connection, NAME)
    assert kept is not None
    assert kept.report["counts"] == expected
    assert purge_all(database, NOW, KEPT).rows == 0
    later = purge_all(database, NOW + 2, KEPT).counts
    assert later["inbound.body"] == later["turns.opening"] == later["receipts"] == 1


def test_a_version_stays_while_a_text_that_begins_in_it_may_be_answered(
    database: Database,
) -> None:
    texts = (  # made days ago; the state and the last change of its campaign
        ("young", 13, None, 0),
        ("planned", 90, "scheduled", 60),
        ("just-over", 90, "finished", 13),
        ("long-over", 90, "finished", 15),
        ("nobodys", 90, None, 0),
    )
    with database.write() as connection:
        for id_, (version, made, state, changed) in enumerate(texts, 1):
            row = {"version": version, "files": b"", "created_at": NOW - 90 * DAY}
            add(connection, t.content_versions, row | {"used_at": NOW - 60 * DAY})
            text = {"id": id_, "key": version, "language": "en", "body_enc": b"", "body_hash": ""}
            text |= {"encoding": "GSM-7", "segments": 1, "version": version}
            add(connection, t.texts, text | {"created_at": NOW - made * DAY})
            if state is None:
                continue
            campaign = {"id": id_, "title": "", "author": "", "channel": "", "purpose": ""}
            campaign |= {"plan": "{}", "state": state, "created_at": 0}
            add(connection, t.campaigns, campaign | {"changed_at": NOW - changed * DAY})
            words = {"campaign_id": id_, "language": "en", "text_id": id_}
            add(connection, t.campaign_texts, words)
        newest = {"version": "newest", "files": b"", "created_at": NOW, "used_at": NOW}
        add(connection, t.content_versions, newest)
    purge_all(database, NOW, KEPT)
    with database.read() as connection:
        versions = column(connection, t.content_versions.c.version, t.content_versions.c.version)
    assert versions == ["just-over", "newest", "planned", "young"]


def test_a_dry_run_changes_nothing(database: Database) -> None:
    with database.write() as connection:
        fill(connection)
    purge_all(database, NOW, KEPT, dry_run=True)
    with database.read() as connection:
        assert None not in column(connection, t.inbound.c.body_enc, t.inbound.c.id)
        assert chores.last(connection, NAME) is None


def test_many_rows_go_in_batches_even_when_all_are_of_one_moment(database: Database) -> None:
    many = purge.BATCH * 2 + 7
    with database.write() as connection:
        add(connection, t.turns, *(turn(n, DAY + 1) for n in range(many)))
        add(
            connection,
            t.receipts,
            *(
                {
                    "channel": "at-ke",
                    "gateway_id": f"g{n}",
                    "state": "delivered",
                    "opted_out": False,
                    "at": NOW - 31 * DAY,
                }
                for n in range(many)
            ),
        )
    counts = purge_all(database, NOW, KEPT).counts
    assert counts["turns.opening"] == counts["receipts"] == many
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(t.receipts)).scalar_one() == 0


def test_a_row_that_the_journal_brings_late_is_found_by_the_next_run(database: Database) -> None:
    purge_all(database, NOW, KEPT)
    with database.write() as connection:
        add(connection, t.turns, turn(1, 2 * DAY))
    assert purge_all(database, NOW + DAY, KEPT).counts["turns.opening"] == 1


def test_a_consent_stays_while_it_holds_and_three_years_longer(
    database: Database, vault: Vault
) -> None:
    year = 365 * DAY
    with database.write() as connection:
        contact = contacts.ensure(
            connection,
            vault,
            Msisdn("+254711000123"),
            channel_country="KE",
            network="",
            now_ms=NOW - 9 * year,
        )
        for at, yes in ((NOW - 8 * year, True), (NOW - 3 * year - 1, False), (NOW - year, True)):
            evidence = Evidence(at, "at-ke", "v", "sw", "JOIN")
            (consents.grant if yes else consents.withdraw)(
                connection, contact.id, "lessons", evidence
            )
        evidence = Evidence(NOW - 8 * year, "at-ke", "v", "sw", "ask")
        consents.withdraw(connection, contact.id, "research", evidence)
    assert purge_all(database, NOW, KEPT).counts["consents"] == 1
    with database.read() as connection:
        said = consents.current(connection, contact.id)
        assert said == {"lessons": True, "research": False}
        assert connection.execute(select(func.count()).select_from(t.consents)).scalar_one() == 3


def test_the_number_of_an_erased_person_goes_once_the_last_text_has_left(
    database: Database, vault: Vault
) -> None:
    with database.write() as connection:
        contact = live(connection, vault)
        rights.erase(
            connection, contact, randbelow=lottery(1), channel="at-ke", now_ms=T0, actor="person"
        )
    assert forget_erased(database, T0 + HOUR, KEPT) == 0
    assert forget_erased(database, T0 + DAY, KEPT) == 1
    with database.read() as connection, pytest.raises(NotFound):
        contacts.msisdn_of(connection, vault, contact.id)


def test_the_days_run_is_taken_by_one_process(database: Database) -> None:
    assert run_daily(database, NOW, KEPT) is not None
    assert run_daily(database, NOW + HOUR, KEPT) is None
    assert run_daily(database, NOW + 21 * HOUR, KEPT) is not None


def test_a_purge_that_fails_raises_an_alert_and_the_next_good_one_ends_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(purge, "drop_contents", _explode)
        with pytest.raises(RuntimeError):
            run_daily(database, NOW, KEPT)
    with database.read() as connection:
        assert [alert.kind for alert in alerts.ongoing(connection)] == ["retention_failed"]
    assert run_daily(database, NOW + HOUR, KEPT) is None
    assert run_daily(database, NOW + 7 * HOUR, KEPT) is not None
    with database.read() as connection:
        assert alerts.ongoing(connection) == []


def _explode(*_arguments: object) -> int:
    raise RuntimeError


@pytest.mark.parametrize(
    ("raw", "changed"),
    [
        ("", {}),
        ("bodies=180d", {"bodies": 180 * DAY}),
        (" sessions = 48h , reports=365d", {"sessions": 48 * HOUR, "reports": 365 * DAY}),
    ],
)
def test_a_deployment_may_keep_a_class_longer_or_shorter(raw: str, changed: dict[str, int]) -> None:
    kept = Retention.parse(raw)
    for name in ("sessions", "bodies", "reports", "raw"):
        assert getattr(kept, name) == changed.get(name, getattr(KEPT, name))


@pytest.mark.parametrize(
    "raw", ["bodies", "bodies=30", "audit=3d", "bodies=0d", "bodies=30d;raw=1d"]
)
def test_a_wrong_retention_is_refused(raw: str) -> None:
    with pytest.raises(ConfigError, match="SMSBOT_RETENTION"):
        Retention.parse(raw)
