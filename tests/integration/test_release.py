"""Releasing batches: who may go now, who waits, who never goes, and what the budget lets through."""

from __future__ import annotations

import threading
from datetime import datetime, time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from smsbot.campaigns.release import Outcome, release
from smsbot.plans import Start, StartZone, Window
from smsbot.storage import alerts, suppressions
from smsbot.storage.consents import Evidence, withdraw
from smsbot.storage.messages import HELD_AT
from smsbot.storage.tables import campaign_batches, campaign_runs, contacts, messages
from tests.integration.campaign_support import (
    DAY,
    HOUR,
    NOON,
    PRICE,
    freeze,
    night,
    outcomes,
    plan,
    run_row,
)
from tests.integration.sending_support import channel

if TYPE_CHECKING:
    from smsbot.storage.database import Database
    from smsbot.vault import Vault


def batch_states(database: Database, run_id: int) -> list[str]:
    with database.read() as connection:
        query = select(campaign_batches.c.state).where(campaign_batches.c.run_id == run_id)
        return list(connection.execute(query.order_by(campaign_batches.c.number)).scalars())


def test_a_batch_goes_once_whoever_releases_it(database: Database, vault: Vault) -> None:
    made = freeze(database, vault, 250)
    done = [
        release(database, made.run_id, number, now_ms=NOON, channel=channel())
        for number in (1, 1, 3, 7)
    ]
    assert [found.outcome for found in done] == ["done", "not_open", "done", "not_open"]
    assert [found.went for found in done] == [100, 0, 50, 0]
    assert outcomes(database, made.run_id) == {("queued", ""): 150, ("held", ""): 100}
    assert batch_states(database, made.run_id) == ["released", "frozen", "released"]
    assert run_row(database, made.run_id).committed_micros == 150 * PRICE


def test_a_batch_may_go_in_portions(database: Database, vault: Vault) -> None:
    made = freeze(database, vault, 100)
    done = [
        release(database, made.run_id, 1, now_ms=NOON, channel=channel(), most=40).went
        for _ in range(4)
    ]
    assert done == [40, 40, 20, 0]


def test_two_at_once_release_each_row_once(database: Database, vault: Vault) -> None:
    made = freeze(database, vault, 1000, batch=500)
    went: list[int] = []
    begin = threading.Barrier(4)

    def work() -> None:
        begin.wait()
        for number in (1, 2):
            for _ in range(3):
                found = release(
                    database, made.run_id, number, now_ms=NOON, channel=channel(), most=200
                )
                went.append(found.went)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(went) == 1000
    assert run_row(database, made.run_id).committed_micros == 1000 * PRICE
    assert outcomes(database, made.run_id) == {("queued", ""): 1000}


@pytest.mark.parametrize("state", ["freezing", "paused", "finished", "expired", "cancelled"])
def test_a_run_that_does_not_run_releases_nothing(
    database: Database, vault: Vault, state: str
) -> None:
    made = freeze(database, vault, 10, state=state)
    found = release(database, made.run_id, 1, now_ms=NOON, channel=channel())
    assert found.outcome is Outcome.NOT_RUNNING
    assert outcomes(database, made.run_id) == {("held", ""): 10}


def test_a_run_whose_time_is_over_releases_nothing(database: Database, vault: Vault) -> None:
    made = freeze(database, vault, 10)
    found = release(database, made.run_id, 1, now_ms=NOON + 6 * HOUR, channel=channel())
    assert found.outcome is Outcome.NOT_RUNNING


def test_the_rest_waits_for_the_canary(database: Database, vault: Vault) -> None:
    made = freeze(database, vault, 30, batch=10, canary=1)
    channel_ = channel()

    def outcome(number: int, now_ms: int = NOON) -> str:
        return release(database, made.run_id, number, now_ms=now_ms, channel=channel_).outcome

    assert outcome(2) == "canary"
    assert outcome(1) == "done"
    assert outcome(2) == "canary"
    with database.write() as connection:
        connection.execute(update(campaign_runs).values(canary_until=NOON + 60_000))
    assert outcome(2, NOON + 59_999) == "canary"
    assert outcome(2, NOON + 60_000) == "done"


def test_who_left_or_never_agreed_is_suppressed_at_release(
    database: Database, vault: Vault
) -> None:
    made = freeze(database, vault, 10)
    said = Evidence(NOON, "at-ke", "", "en", "STOP", "stop")
    with database.write() as connection:
        suppressions.suppress(
            connection,
            made.people[0].ref,
            reason=suppressions.Reason.STOP,
            channel="at-ke",
            now_ms=NOON,
        )
        withdraw(connection, made.people[1].id, "lessons", said)
        connection.execute(
            update(contacts).where(contacts.c.id == made.people[2].id).values(msisdn_enc=None)
        )
    found = release(database, made.run_id, 1, now_ms=NOON, channel=channel())
    assert (found.went, dict(found.suppressed)) == (
        7,
        {"opted_out": 1, "no_consent": 1, "erased": 1},
    )
    assert outcomes(database, made.run_id) == {
        ("queued", ""): 7,
        ("suppressed", "opted_out"): 1,
        ("suppressed", "no_consent"): 1,
        ("suppressed", "erased"): 1,
    }
    assert run_row(database, made.run_id).committed_micros == 7 * PRICE


def test_people_wait_for_the_end_of_their_own_night(database: Database, vault: Vault) -> None:
    made = freeze(database, vault, 3, expires_ms=21 * HOUR)
    evening = NOON + 7 * HOUR  # 19:00 in Nairobi, 16:00 in Dakar
    with database.write() as connection:
        connection.execute(
            update(contacts).where(contacts.c.id == made.people[1].id).values(country="SN")
        )
        connection.execute(
            update(contacts)
            .where(contacts.c.id == made.people[2].id)
            .values(country="KE", timezone="Africa/Johannesburg")  # 18:00
        )
    found = release(database, made.run_id, 1, now_ms=evening, channel=night())
    assert (found.went, found.waits, found.again_at) == (2, 1, NOON + 20 * HOUR)
    assert batch_states(database, made.run_id) == ["frozen"]
    again = release(database, made.run_id, 1, now_ms=evening + HOUR, channel=night())
    assert (again.went, again.waits) == (0, 0)


def test_who_waits_goes_with_the_first_moment_of_the_morning(
    database: Database, vault: Vault
) -> None:
    made = freeze(database, vault, 5, expires_ms=30 * HOUR)
    channel_ = night()
    evening, morning = NOON + 7 * HOUR, NOON + 20 * HOUR
    found = release(database, made.run_id, 1, now_ms=evening, channel=channel_)
    assert (found.went, found.again_at) == (0, morning)
    early = release(database, made.run_id, 1, now_ms=morning - 1, channel=channel_)
    assert early.went == 0
    assert release(database, made.run_id, 1, now_ms=morning, channel=channel_).went == 5


def test_a_wait_beyond_the_expiry_is_no_wait(database: Database, vault: Vault) -> None:
    made = freeze(database, vault, 2, expires_ms=20 * HOUR)  # until 08:00 exactly
    found = release(database, made.run_id, 1, now_ms=NOON + 8 * HOUR, channel=night())
    assert dict(found.suppressed) == {"quiet_expired": 2}


def test_the_window_of_the_campaign_holds_beside_the_quiet_hours(
    database: Database, vault: Vault
) -> None:
    tuesday = plan(window=Window(time(9), time(17), days=(1,)))
    made = freeze(database, vault, 2, plan=tuesday, expires_ms=3 * DAY)
    found = release(database, made.run_id, 1, now_ms=NOON, channel=night())
    assert (found.went, found.again_at) == (0, NOON + 21 * HOUR)


def test_a_start_by_each_contacts_clock_comes_zone_by_zone(
    database: Database, vault: Vault
) -> None:
    start = Start(datetime(2026, 6, 1, 12), StartZone.CONTACT)  # noqa: DTZ001
    made = freeze(database, vault, 3, plan=plan(start=start), expires_ms=DAY)
    with database.write() as connection:
        for person, country in zip(made.people, ("MU", "KE", "GH"), strict=True):
            connection.execute(
                update(contacts).where(contacts.c.id == person.id).values(country=country)
            )

    def went(hours: int) -> int:
        at = NOON + hours * HOUR
        return release(database, made.run_id, 1, now_ms=at, channel=night()).went

    assert [went(hours) for hours in (-2, -1, 0, 1, 2, 3, 4)] == [0, 1, 1, 0, 0, 1, 0]


@pytest.mark.parametrize(
    ("times", "expires", "expected"),
    [
        ([-DAY], DAY, "went"),
        ([-DAY, -2 * DAY], DAY, "frequency_cap"),
        ([-DAY, -2 * DAY], 6 * DAY, "waits"),
        ([-DAY, -7 * DAY], DAY, "went"),
        ([-DAY, -7 * DAY + 1], DAY, "waits"),
        ([-DAY, -2 * DAY, -3 * DAY], 6 * DAY, "waits"),
    ],
)
def test_nobody_is_written_to_more_often_than_the_cap_allows(
    database: Database, vault: Vault, times: list[int], expires: int, expected: str
) -> None:
    made = freeze(database, vault, 2, expires_ms=expires)
    sent_before(database, made.people[0].id, [NOON + at for at in times])
    found = release(database, made.run_id, 1, now_ms=NOON, channel=channel())
    word = {"went": found.went - 1, "waits": found.waits} | dict(found.suppressed)
    assert word[expected] == 1
    if expected == "waits":
        assert found.again_at == NOON + sorted(times, reverse=True)[1] + 7 * DAY


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ({"state": "sending"}, True),
        ({"state": "accepted"}, True),
        ({"state": "delivered"}, True),
        ({"state": "undelivered"}, True),
        ({"state": "unknown"}, True),
        ({"state": "expired", "accepted_at": NOON - HOUR}, True),
        ({"state": "expired"}, False),
        ({"state": "failed"}, False),
        ({"state": "suppressed"}, False),
        ({"state": "cancelled"}, False),
        ({"state": "accepted", "priority": 0}, False),
        ({"state": "accepted", "priority": 1}, True),
        ({"state": "accepted", "channel": "tw"}, True),
    ],
)
def test_the_cap_counts_what_reached_a_person_or_may_have(
    database: Database, vault: Vault, values: dict[str, object], counts: bool
) -> None:
    made = freeze(database, vault, 1)
    sent_before(database, made.people[0].id, [NOON - HOUR, NOON - 2 * HOUR], **values)
    found = release(database, made.run_id, 1, now_ms=NOON, channel=channel())
    assert found.suppressed.get("frequency_cap", 0) == int(counts)


def sent_before(database: Database, contact_id: int, times: list[int], **values: object) -> None:
    row = {
        "channel": "at-ke",
        "contact_id": contact_id,
        "ref": "r",
        "purpose": "lessons",
        "priority": 2,
        "body_hash": "h",
        "encoding": "GSM-7",
        "segments": 1,
        "state": "delivered",
        "due_at": 0,
    } | values
    with database.write() as connection:
        for at in times:
            connection.execute(
                messages.insert().values(
                    **row, created_at=at, claimed_at=at, dedupe_key=f"x{contact_id}:{at}"
                )
            )


def test_a_budget_is_never_passed(database: Database, vault: Vault) -> None:
    made = freeze(database, vault, 30, batch=10, plan=plan(budget_micros=25 * PRICE - 1))
    went = [
        release(database, made.run_id, number, now_ms=NOON, channel=channel()).went
        for number in (1, 2, 3)
    ]
    assert went == [10, 10, 4]
    run = run_row(database, made.run_id)
    assert run.committed_micros == 24 * PRICE
    assert run.state == "running"  # what fits goes before the pause
    with database.write() as connection:
        connection.execute(
            update(messages).where(messages.c.due_at < HELD_AT).values(state="accepted")
        )
    last = release(database, made.run_id, 3, now_ms=NOON, channel=channel())
    assert last.outcome is Outcome.BUDGET
    run = run_row(database, made.run_id)
    assert (run.state, run.paused_reason, run.paused_at) == ("paused", "budget", NOON)
    with database.read() as connection:
        (alert,) = alerts.ongoing(connection)
        assert alert.kind == "campaign_paused"
        assert "19.20 of its budget of 20.00 KES" in alert.words
    assert outcomes(database, made.run_id) == {("accepted", ""): 24, ("held", ""): 6}
