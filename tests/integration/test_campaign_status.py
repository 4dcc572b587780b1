"""How a campaign stands: the counts add up, whoever looks, at every moment."""

from __future__ import annotations

import threading
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from smsbot.campaigns import status
from smsbot.errors import NotFound
from smsbot.storage import standings
from smsbot.values import CampaignState, RunState
from tests.integration import campaign_rows

if TYPE_CHECKING:
    from smsbot.campaigns.status import Status
    from smsbot.storage.database import Database

PEOPLE = {
    "queued": 2, "sending": 1, "accepted": 2, "delivered": 4, "failed": 1, "undelivered": 1,
    "expired/too_late": 1, "unknown/lost": 1, "cancelled": 1, "suppressed/hold_out": 3,
    "suppressed/opted_out": 2, "suppressed/erased": 1, "suppressed/of_tomorrow": 1,
}  # fmt: skip


def _of(database: Database, campaign_id: int, number: int | None = None) -> Status:
    with database.read() as connection:
        return status.status(connection, campaign_id, number, currency="KES")


def test_it_has_exactly_the_fields_that_were_promised(database: Database) -> None:
    with database.write() as connection:
        campaign = campaign_rows.campaign(connection)
        campaign_rows.rows(connection, campaign_rows.run(connection, campaign), PEOPLE)
    assert asdict(_of(database, campaign)) == {
        "id": campaign,
        "run": 1,
        "title": "Mwezi wa usalama – “PIN”",
        "state": "running",
        "paused_reason": None,
        "audience": 21,
        "counts": {
            "queued": 2, "sending": 1, "accepted": 2, "delivered": 4, "failed": 1,
            "undelivered": 1, "expired": 1, "unknown": 1, "cancelled": 1, "suppressed": 7,
        },
        "suppressed": {
            "no_consent": 1, "opted_out": 3, "frequency_cap": 0, "no_language": 0, "hold_out": 3,
            "quiet_expired": 0,
        },
        "segments": 8,
        "cost_micros": 8 * 800_000,
        "currency": "KES",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("people", "changes", "segments", "cost_micros"),
    [
        ({"delivered": 2}, {"segments": 3, "price_micros": 2_400_000}, 6, 4_800_000),
        ({"delivered": 2}, {"cost_micros": 700_000, "currency": "KES"}, 2, 1_400_000),
        ({"delivered": 2}, {"cost_micros": 700_000}, 2, 1_400_000),
        (
            {"delivered": 2},
            {"cost_micros": 9, "currency": "USD"},
            2,
            1_600_000,
        ),  # not ours: a guess
        ({"failed": 2}, {}, 0, 0),
        ({"failed": 2}, {"accepted_at": 1}, 2, 1_600_000),
        ({"failed": 2}, {"cost_micros": 500_000, "currency": "KES"}, 0, 1_000_000),
        ({"queued": 2, "sending": 1, "cancelled": 1, "expired": 1}, {}, 0, 0),
        ({"unknown": 1}, {}, 1, 800_000),
        ({"delivered": 1}, {"price_micros": None}, 1, 0),
    ],
)
def test_what_went_out_is_counted_with_its_price(
    database: Database,
    people: dict[str, int],
    changes: dict[str, object],
    segments: int,
    cost_micros: int,
) -> None:
    with database.write() as connection:
        campaign = campaign_rows.campaign(connection)
        run = campaign_rows.run(connection, campaign)
        campaign_rows.rows(connection, run, people, **changes)
    found = _of(database, campaign)
    assert (found.segments, found.cost_micros) == (segments, cost_micros)


def test_before_the_first_run_nobody_is_counted(database: Database) -> None:
    with database.write() as connection:
        campaign = campaign_rows.campaign(connection, state=CampaignState.APPROVED)
    found = _of(database, campaign)
    assert (found.run, found.state, found.audience, found.currency) == (None, "approved", 0, "KES")
    assert set(found.counts.values()) | set(found.suppressed.values()) == {0}


@pytest.mark.parametrize(
    ("campaign_state", "run_state", "number", "told"),
    [
        (CampaignState.SCHEDULED, RunState.FREEZING, None, ("scheduled", None)),
        (CampaignState.SCHEDULED, RunState.FREEZING, 1, ("scheduled", None)),
        (CampaignState.SCHEDULED, RunState.FINISHED, None, ("scheduled", None)),  # it repeats
        (CampaignState.SCHEDULED, RunState.FINISHED, 1, ("finished", None)),
        (CampaignState.PAUSED, RunState.PAUSED, None, ("paused", "budget")),
        (CampaignState.PAUSED, RunState.PAUSED, 1, ("paused", "budget")),
        (CampaignState.PAUSED, RunState.EXPIRED, 1, ("expired", None)),
        (CampaignState.CANCELLED, RunState.CANCELLED, None, ("cancelled", None)),
    ],
)
def test_a_campaign_tells_its_state_and_a_run_its_own(
    sqlite_database: Database,
    campaign_state: CampaignState,
    run_state: RunState,
    number: int | None,
    told: tuple[str, str | None],
) -> None:
    with sqlite_database.write() as connection:
        campaign = campaign_rows.campaign(connection, state=campaign_state)
        campaign_rows.run(connection, campaign, state=run_state, paused_reason="budget")
    found = _of(sqlite_database, campaign, number)
    assert (found.state, found.paused_reason) == told


def test_runs_are_told_apart(database: Database) -> None:
    with database.write() as connection:
        campaign = campaign_rows.campaign(connection)
        for number, people in ((1, {"delivered": 3}), (2, {"queued": 1})):
            run = campaign_rows.run(connection, campaign, number, state=RunState.RUNNING)
            campaign_rows.rows(connection, run, people)
        other = campaign_rows.campaign(connection)
    assert (_of(database, campaign).run, _of(database, campaign).audience) == (2, 1)
    assert (_of(database, campaign, 1).run, _of(database, campaign, 1).audience) == (1, 3)
    with pytest.raises(NotFound, match=f"campaign {campaign} has no run 3"):
        _of(database, campaign, 3)
    with pytest.raises(NotFound, match="there is no campaign 404"):
        _of(database, 404)
    with database.read() as connection:
        assert [run.number for run in standings.runs_of(connection, campaign)] == [1, 2]
        listed = standings.latest(connection, most=9)
        assert [(one.id, one.run and one.run.number) for one in listed] == [
            (other, None),
            (campaign, 2),
        ]
        assert standings.latest(connection, state="paused", most=9) == []
        assert len(standings.runs_in(connection, RunState.RUNNING, RunState.PAUSED)) == 2


def test_a_tally_is_kept_as_it_was_counted(database: Database) -> None:
    with database.write() as connection:
        campaign = campaign_rows.campaign(connection)
        run = campaign_rows.run(connection, campaign)
        campaign_rows.rows(connection, run, PEOPLE)
        counted = standings.count(connection, run, "KES")
        standings.keep(connection, run, counted, 77)
    assert (counted.tally.people, counted.audience) == (21, 21)
    with database.read() as connection:
        (kept,) = standings.runs_of(connection, campaign)
    assert (kept.tally, kept.tallied_at) == (counted.tally, 77)


def test_the_sum_is_the_audience_while_it_grows_and_moves(database: Database) -> None:
    with database.write() as connection:
        campaign = campaign_rows.campaign(connection)
        run = campaign_rows.run(connection, campaign, state=RunState.FREEZING)
        campaign_rows.rows(connection, run, {"queued": 5})
    done = threading.Event()

    def move() -> None:
        for number in range(40):
            with database.write() as connection:
                campaign_rows.rows(connection, run, {"queued": 20}, first=1000 + number * 20)
                connection.execute(
                    text("UPDATE messages SET state = 'delivered' WHERE id % 3 = :n"),
                    {"n": number % 3},
                )
        done.set()

    thread = threading.Thread(target=move)
    thread.start()
    looks = set()
    while not done.is_set():
        found = _of(database, campaign)
        assert sum(found.counts.values()) == found.audience
        looks.add(found.audience)
    thread.join()
    assert len(looks) > 2
    assert _of(database, campaign).audience == 805


def test_a_run_is_counted_by_its_index(database: Database) -> None:
    with database.write() as connection:
        campaign = campaign_rows.campaign(connection)
        for number in range(1, 40):  # many runs, so that a full scan is not the cheapest
            run = campaign_rows.run(connection, campaign, number)
            campaign_rows.rows(connection, run, {"delivered": 100})
    with database.write() as connection:
        connection.execute(text("ANALYZE messages"))
        explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
        plan = connection.execute(
            text(f"{explain} {standings._LOOK.text}"), {"campaign": campaign, "number": None}
        )
        assert "ix_messages_run" in "\n".join(str(row) for row in plan)
