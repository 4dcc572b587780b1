"""Campaigns begin on time, or say that they did not; once, whoever calls and however often."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from smsbot.campaigns import endings, launch, occurrences, schedule
from smsbot.errors import ConfigError
from smsbot.plans import Start, StartZone
from smsbot.storage import agenda, alerts, campaigns, standings
from smsbot.storage.tables import campaigns as campaigns_table
from smsbot.storage.tables import messages
from smsbot.values import CampaignState, RunState
from tests.integration.audience_support import channel, many, plan, scheduled

if TYPE_CHECKING:
    from smsbot.plans import Plan
    from smsbot.storage.database import Database
    from smsbot.storage.standings import Run
    from smsbot.vault import Vault

HOUR = 3_600_000
NINE = int(datetime(2026, 11, 23, 6, tzinfo=UTC).timestamp() * 1000)
"""A Monday, nine o'clock in Nairobi."""
WEEKLY = plan(repeat="0 9 * * 1")
HOURLY = plan(repeat="0 * * * *")


class Desk:
    """A scheduled campaign, the calls that it asked for, and a clock that is moved by hand."""

    def __init__(
        self, database: Database, vault: Vault, ordered: Plan, *, next_at: int = NINE
    ) -> None:
        self.database = database
        self.calls: list[tuple[int, int]] = []
        with database.write() as connection:
            many(connection, vault, 5)
            self.id = scheduled(connection, vault, ordered)
            connection.execute(
                update(campaigns_table)
                .where(campaigns_table.c.id == self.id)
                .values(next_at=next_at)
            )

    def launch(self, now_ms: int) -> bool:
        return schedule.run_due(
            self.database,
            {"at-ke": channel()},
            self.id,
            now_ms=lambda: now_ms,
            canary_over=1000,
            should_stop=lambda: False,
            call_at=lambda campaign, at: self.calls.append((campaign, at)),
        )

    def end(self, now_ms: int) -> list[int]:
        return endings.end_runs(
            self.database, now_ms, lambda campaign, at: self.calls.append((campaign, at))
        )

    def settle(self, state: str, **values: object) -> None:
        """Let all rows that wait come to a state, as the senders or the sweep would."""
        with self.database.write() as connection:
            connection.execute(
                update(messages).where(messages.c.state == "queued").values(state=state, **values)
            )

    def due(self, now_ms: int) -> list[int]:
        with self.database.read() as connection:
            return agenda.due(connection, now_ms)

    @property
    def state(self) -> CampaignState:
        with self.database.read() as connection:
            return campaigns.find(connection, self.id).state

    @property
    def next_at(self) -> int | None:
        with self.database.read() as connection:
            return campaigns.find(connection, self.id).next_at

    @property
    def runs(self) -> list[Run]:
        with self.database.read() as connection:
            return standings.runs_of(connection, self.id)

    @property
    def alerts(self) -> list[str]:
        with self.database.read() as connection:
            return [alert.kind for alert in alerts.ongoing(connection)]


def test_a_campaign_is_due_at_its_moment_and_not_before(database: Database, vault: Vault) -> None:
    desk = Desk(database, vault, plan())
    assert desk.due(NINE - 1) == []
    assert desk.launch(NINE - 1)
    assert desk.runs == []
    assert desk.due(NINE) == [desk.id]
    assert desk.launch(NINE)
    assert desk.due(NINE) == []
    (run,) = desk.runs
    assert (run.number, run.state, run.planned_at, run.audience) == (1, RunState.RUNNING, NINE, 5)
    assert (desk.state, desk.next_at, desk.calls) == (CampaignState.RUNNING, None, [])
    assert desk.launch(NINE + 1)  # the other call, a moment later
    assert len(desk.runs) == 1


def test_two_launches_at_once_open_one_run(database: Database, vault: Vault) -> None:
    desk = Desk(database, vault, WEEKLY)
    threads = [threading.Thread(target=desk.launch, args=(NINE,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (run,) = desk.runs
    assert run.audience == 5
    with database.read() as connection:
        assert standings.count(connection, run.id, "KES").tally.counts == {"queued": 5}


def test_a_start_that_is_late_by_less_than_the_expiry_goes_for_the_rest_of_its_time(
    database: Database, vault: Vault
) -> None:
    desk = Desk(database, vault, plan())
    assert desk.launch(NINE + 5 * HOUR)
    (run,) = desk.runs
    assert (run.planned_at, run.began_at, run.ends_at) == (NINE, NINE + 5 * HOUR, NINE + 6 * HOUR)
    assert desk.alerts == []


def test_a_start_that_is_missed_needs_a_person(database: Database, vault: Vault) -> None:
    desk = Desk(database, vault, plan())
    late = NINE + 6 * HOUR
    assert desk.due(late) == [desk.id]
    assert desk.launch(late)
    assert (desk.state, desk.runs, desk.next_at) == (CampaignState.EXPIRED, [], None)
    assert desk.due(late) == []
    with database.read() as connection:
        (alert,) = alerts.ongoing(connection)
        assert f"`smsbot campaign schedule {desk.id}`" in alert.words
        assert connection.execute(messages.select()).all() == []
    with database.write() as connection:  # the person schedules it again, for now
        campaigns.set_state(
            connection,
            desk.id,
            CampaignState.EXPIRED,
            CampaignState.SCHEDULED,
            late,
            next_at=late + 1,
        )
    assert desk.launch(late + 2)
    assert (desk.state, desk.alerts) == (CampaignState.RUNNING, [])


def test_a_repeated_campaign_runs_each_time_and_waits_between(
    database: Database, vault: Vault
) -> None:
    desk = Desk(database, vault, WEEKLY)
    week = 7 * 24 * HOUR
    for number in range(3):
        now = NINE + number * week
        assert desk.launch(now)
        assert (desk.state, desk.next_at) == (CampaignState.RUNNING, now + week)
        assert desk.calls[-1] == (desk.id, now + week)
        assert desk.due(now) == desk.end(now) == []
        desk.settle("accepted", accepted_at=now)
        assert len(desk.end(now)) == 1
        assert desk.state is CampaignState.SCHEDULED
        assert desk.end(now) == []
    assert [(run.number, run.planned_at, run.state) for run in desk.runs] == [
        (number + 1, NINE + number * week, RunState.FINISHED) for number in range(3)
    ]
    with database.read() as connection:
        assert standings.look(connection, desk.id, 2).run.audience == 5  # type: ignore[union-attr]


def test_a_missed_occurrence_is_a_run_without_people_and_the_next_goes(
    database: Database, vault: Vault
) -> None:
    desk = Desk(database, vault, WEEKLY)
    week = 7 * 24 * HOUR
    late = NINE + 2 * week + 7 * HOUR  # three were missed
    assert desk.launch(late)
    assert [(run.state, run.audience) for run in desk.runs] == [(RunState.EXPIRED, 0)] * 3
    assert (desk.state, desk.next_at) == (CampaignState.SCHEDULED, NINE + 3 * week)
    assert desk.calls == [(desk.id, NINE + 3 * week)]
    assert desk.alerts == ["campaign_missed"]
    assert desk.launch(NINE + 3 * week)
    assert (desk.state, desk.runs[-1].number, desk.alerts) == (CampaignState.RUNNING, 4, [])


def test_of_several_that_are_due_the_newest_goes(database: Database, vault: Vault) -> None:
    desk = Desk(database, vault, HOURLY)
    assert desk.launch(NINE + 3 * HOUR + 5)
    assert [run.state for run in desk.runs] == [RunState.EXPIRED] * 3 + [RunState.RUNNING]
    assert desk.runs[-1].planned_at == NINE + 3 * HOUR
    assert desk.next_at == NINE + 4 * HOUR


def test_a_long_absence_is_noted_within_bounds(sqlite_database: Database, vault: Vault) -> None:
    desk = Desk(sqlite_database, vault, plan(repeat="* * * * *", expiry_s=300))
    assert desk.launch(NINE + 90 * 24 * HOUR)
    runs = desk.runs
    assert len(runs) == 100
    assert runs[-1].planned_at == NINE + 90 * 24 * HOUR
    assert runs[-1].state is RunState.RUNNING


def test_a_run_that_goes_on_makes_the_next_one_wait(database: Database, vault: Vault) -> None:
    desk = Desk(database, vault, HOURLY)
    desk.launch(NINE)
    later = NINE + 2 * HOUR + 1
    assert desk.due(later) == []  # the first one is not over
    assert desk.launch(later)
    assert len(desk.runs) == 1
    desk.settle("delivered", accepted_at=later)
    desk.end(later)
    assert desk.due(later) == [desk.id]
    desk.launch(later)
    assert [run.state for run in desk.runs] == [
        RunState.FINISHED,
        RunState.EXPIRED,
        RunState.RUNNING,
    ]


@pytest.mark.parametrize("back_ms", [1, HOUR, 30 * 24 * HOUR])
def test_a_clock_that_goes_back_launches_nothing_again(
    database: Database, vault: Vault, back_ms: int
) -> None:
    desk = Desk(database, vault, HOURLY)
    desk.launch(NINE + 5)
    desk.settle("accepted", accepted_at=NINE)
    desk.end(NINE + 6)
    before = NINE + 5 - back_ms
    assert desk.due(before) == []
    desk.launch(before)
    assert len(desk.runs) == 1
    desk.launch(NINE + HOUR)
    assert [run.planned_at for run in desk.runs] == [NINE, NINE + HOUR]


@pytest.mark.parametrize(
    ("settled", "values", "after"),
    [
        ("delivered", {"accepted_at": NINE}, RunState.FINISHED),
        ("unknown", {}, RunState.FINISHED),
        ("failed", {}, RunState.FINISHED),
        ("suppressed", {"reason": "opted_out"}, RunState.FINISHED),
        ("expired", {"reason": "too_late"}, RunState.EXPIRED),
        ("expired", {"accepted_at": NINE}, RunState.FINISHED),  # a receipt said so: it was sent
    ],
)
@pytest.mark.parametrize("paused", [False, True])
def test_a_run_ends_when_nobody_waits(
    database: Database,
    vault: Vault,
    settled: str,
    values: dict[str, object],
    after: RunState,
    paused: bool,
) -> None:
    desk = Desk(database, vault, plan())
    desk.launch(NINE)
    if paused:
        _pause(desk)
    desk.settle("sending")
    assert desk.end(NINE) == []
    with database.write() as connection:
        connection.execute(update(messages).values(state=settled, **values))
    assert len(desk.end(NINE + 9)) == 1
    (run,) = desk.runs
    assert (run.state, run.finished_at) == (after, NINE + 9)
    assert run.tally.counts == {settled: 5}
    assert desk.state.value == after.value


def _pause(desk: Desk) -> None:
    with desk.database.write() as connection:
        campaigns.set_state(connection, desk.id, CampaignState.RUNNING, CampaignState.PAUSED, NINE)
        agenda.end_run(connection, desk.runs[0].id, RunState.RUNNING, RunState.PAUSED, NINE)


def test_a_campaign_that_was_paused_when_its_run_ended_waits_for_a_person(
    database: Database, vault: Vault
) -> None:
    desk = Desk(database, vault, WEEKLY)
    desk.launch(NINE)
    _pause(desk)
    desk.settle("expired", reason="too_late")
    assert len(desk.end(NINE + 7 * HOUR)) == 1
    assert (desk.runs[0].state, desk.state) == (RunState.EXPIRED, CampaignState.PAUSED)
    week = 7 * 24 * HOUR
    assert desk.due(NINE + week) == []
    with database.write() as connection:  # somebody resumes it
        campaigns.set_state(connection, desk.id, CampaignState.PAUSED, CampaignState.RUNNING, NINE)
    desk.end(NINE + 2 * HOUR)
    assert desk.state is CampaignState.SCHEDULED
    assert desk.calls[-1] == (desk.id, NINE + week)
    assert desk.due(NINE + week) == [desk.id]


def test_an_audience_without_anybody_finishes(database: Database, vault: Vault) -> None:
    desk = Desk(database, vault, plan(purpose="alerts"))
    desk.launch(NINE)
    desk.end(NINE)
    assert (desk.state, desk.runs[0].state) == (CampaignState.FINISHED, RunState.FINISHED)


def test_a_start_on_each_contacts_clock_begins_with_the_earliest(
    database: Database, vault: Vault
) -> None:
    ordered = plan(repeat="0 9 * * 1", start=Start(zone=StartZone.CONTACT))
    first = occurrences.first(ordered, channel().timezone, NINE - 24 * HOUR)
    desk = Desk(database, vault, ordered, next_at=first)
    assert desk.due(first) == [desk.id]
    desk.launch(first)
    (run,) = desk.runs
    assert run.ends_at == first + 26 * HOUR + 6 * HOUR
    assert first == NINE + 3 * HOUR - 14 * HOUR


def test_a_freezer_that_was_stopped_is_due_again(database: Database, vault: Vault) -> None:
    desk = Desk(database, vault, plan())
    stopped = schedule.run_due(
        database,
        {"at-ke": channel()},
        desk.id,
        now_ms=lambda: NINE,
        canary_over=1000,
        should_stop=lambda: True,
        call_at=lambda *_: None,
    )
    assert not stopped
    assert desk.runs[0].state is RunState.FREEZING
    assert desk.due(NINE) == [desk.id]
    assert desk.launch(NINE + 1)
    assert desk.runs[0].state is RunState.RUNNING
    assert desk.due(NINE) == []


def test_a_campaign_whose_channel_is_gone_says_so(database: Database, vault: Vault) -> None:
    desk = Desk(database, vault, plan())
    with pytest.raises(ConfigError, match="wants the channel at-ke, which is not in channels"):
        schedule.run_due(
            database,
            {},
            desk.id,
            now_ms=lambda: NINE,
            canary_over=launch.CANARY_OVER,
            should_stop=lambda: False,
            call_at=lambda *_: None,
        )
    assert desk.runs == []
