"""Are the campaigns sound: do they get on, do their counts add up, does a person have to act?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smsbot.campaigns import sweeps
from smsbot.storage import agenda, campaigns, standings
from smsbot.upkeep.findings import Finding, fail, ok, warn
from smsbot.values import CampaignState, RunState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from smsbot.storage.standings import Run

_ENDED_MS: Final = 86_400_000
_ENDED_MOST: Final = 20
_SETTLED_MS: Final = 60_000
"""The ticker sets the money right every few seconds; what is amiss for longer stays so."""
_MINUTE_MS: Final = 60_000


def examine_campaigns(connection: Connection, now_ms: int) -> Iterator[Finding]:
    """Look at what is due, paused or stuck, and count every run that is or was at work today.

    A run of a million people takes up to a second. `now_ms` is the service's own time.
    """
    under_way = standings.runs_in(connection, RunState.FREEZING, RunState.RUNNING, RunState.PAUSED)
    ended = standings.runs_ended_since(connection, now_ms - _ENDED_MS, most=_ENDED_MOST)
    found = [
        *_stuck(connection, now_ms),
        *_paused(connection),
        *_waits_for_a_person(connection),
        *_without_run(connection),
        *_overdue(connection, now_ms),
    ]
    for run in (*under_way, *ended):
        found += _sums(connection, run, now_ms)
    if found:
        yield from found
        return
    waits = len(campaigns.listed(connection, states=[CampaignState.SCHEDULED]))
    words = f"{len(under_way)} under way, {waits} wait for their time, all counts add up"
    yield ok("campaigns", words)


def _stuck(connection: Connection, now_ms: int) -> Iterator[Finding]:
    bounds = {"launch_ms": sweeps.LAUNCH_MS, "rest_ms": sweeps.REST_MS}
    for stuck in agenda.stuck(connection, now_ms, **bounds):
        yield fail(_name(stuck.campaign_id), sweeps.words_of(stuck, now_ms), sweeps.REMEDY)


def _paused(connection: Connection) -> Iterator[Finding]:
    for found in standings.latest(connection, state=CampaignState.PAUSED, most=_ENDED_MOST):
        why = found.run.paused_reason if found.run is not None else ""
        yield warn(
            _name(found.id),
            f"paused: {why or 'its run is over'}",
            f"smsbot campaign resume {found.id}, or smsbot campaign cancel {found.id}",
        )


def _waits_for_a_person(connection: Connection) -> Iterator[Finding]:
    for found in standings.latest(connection, state=CampaignState.EXPIRED, most=_ENDED_MOST):
        if found.run is None:
            yield warn(
                _name(found.id),
                "it missed its start, and nobody was sent",
                f"smsbot campaign schedule {found.id}, or smsbot campaign cancel {found.id}",
            )


def _without_run(connection: Connection) -> Iterator[Finding]:
    for campaign_id in agenda.without_run(connection):
        words = "it is running, but none of its runs is under way"
        yield warn(_name(campaign_id), words, "the ticker settles that: see that one runs")


def _overdue(connection: Connection, now_ms: int) -> Iterator[Finding]:
    late = agenda.overdue(connection, now_ms - _MINUTE_MS)
    if late:
        yield warn(
            "campaigns",
            f"{late} messages wait although their time is over",
            "the ticker ends them: see that one runs",
        )


def _sums(connection: Connection, run: Run, now_ms: int) -> Iterator[Finding]:
    name = f"{_name(run.campaign_id)} run {run.number}"
    counted = standings.count(connection, run.id, run.currency)
    if counted.tally.people != counted.audience:
        yield fail(
            name,
            f"{counted.audience:,} people are in its audience, {counted.tally.people:,} are counted",
            "rows were changed by hand or a restore was not complete: pause it, restore a backup",
        )
    if run.frozen_at is None:
        return
    batch = agenda.missized(connection, run.id)
    if batch is not None:
        yield fail(
            name,
            f"batch {batch} has more or fewer people than were written down",
            "rows were changed by hand or a restore was not complete: pause it, restore a backup",
        )
    amiss = counted.tally.bound_micros - counted.committed_micros
    if amiss and run.finished_at is None and (run.tallied_at or 0) < now_ms - _SETTLED_MS:
        yield warn(
            name,
            f"{abs(amiss) / 1_000_000:,.2f} {run.currency} differ between its rows and its budget",
            "the ticker sets that right: see that one runs",
        )


def _name(campaign_id: int) -> str:
    return f"campaign {campaign_id}"
