"""`smsbot campaign status|list|runs`: how campaigns stand."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from smsbot import plans
from smsbot.campaigns import status as standing_of
from smsbot.cli.campaign_arguments import RUN_NUMBER, campaign_id
from smsbot.cli.stores import open_stores
from smsbot.content.channels_file import load_channels
from smsbot.storage import campaigns, standings
from smsbot.values import CampaignState, MessageState, RunState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from smsbot.campaigns.status import Status
    from smsbot.config import Settings
    from smsbot.storage.standings import Run, Standing
    from smsbot.values import Channel

_WIDTH: Final = 40
_WAITING: Final = (MessageState.QUEUED, MessageState.SENDING)
_MICROS: Final = 1_000_000
_MOST: Final = 1000
_FRESH_MS: Final = 30_000
"""How old the kept tally may be to tell a speed."""


@click.command()
@campaign_id
@click.option("--run", "number", type=RUN_NUMBER, help="The run of this number.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(campaign_id: int, *, number: int | None, as_json: bool) -> None:
    """Say how a campaign stands: its people by state, and what it cost."""
    with open_stores() as stores:
        with stores.database.read() as connection:
            found = standing_of.find(connection, campaign_id, number)
        channel = _channels(stores.settings).get(found.channel)
        now_ms = stores.clock.now_ms()
    currency = "" if channel is None else channel.prices.currency
    told = standing_of.told(found, number, currency=currency)
    if as_json:
        click.echo(json.dumps(asdict(told), ensure_ascii=False))
        return
    for line in _lines(found, told, channel, now_ms):
        click.echo(line)


@click.command("list")
@click.option("--state", type=click.Choice([state.value for state in CampaignState]))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_campaigns(*, state: str | None, as_json: bool) -> None:
    """List the campaigns, the newest first, with what was last counted of them."""
    with open_stores() as stores, stores.database.read() as connection:
        found = standings.latest(connection, state=state or "", most=_MOST)
    if as_json:
        click.echo(json.dumps([_listed(one) for one in found], ensure_ascii=False, indent=1))
        return
    for one in found:
        done, people = _done(one.run), 0 if one.run is None else one.run.audience
        share = f"{done:,} of {people:,}" if people else ""
        click.echo(f"{one.id:>5}  {one.state:10} {one.channel:12} {share:>23}  {one.title}")


@click.command()
@campaign_id
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def runs(campaign_id: int, *, as_json: bool) -> None:
    """List the runs of a campaign: one for each time that it took place, or should have."""
    with open_stores() as stores, stores.database.read() as connection:
        campaigns.find(connection, campaign_id)
        found = standings.runs_of(connection, campaign_id)
    if as_json:
        click.echo(json.dumps([_run(run) for run in found], indent=1))
        return
    for run in found:
        share = f"{_done(run):,} of {run.audience:,}"
        reason = run.paused_reason if run.state is RunState.PAUSED else ""
        click.echo(f"{run.number:>4}  {_time(run.planned_at)}  {run.state:9} {share:>23}  {reason}")


def _lines(found: Standing, told: Status, channel: Channel | None, now_ms: int) -> Iterator[str]:
    run, paused = found.run, f": {told.paused_reason}" if told.paused_reason else ""
    which = "" if run is None else f", run {run.number}"
    yield f"{told.title}  (campaign {told.id}{which})"
    yield click.style(f"{told.state}{paused}", bold=True)
    if found.next_at is not None and told.state == CampaignState.SCHEDULED:
        yield f"begins at {_time(found.next_at)}"
    if run is None:
        yield "nobody is written down yet"
        return
    waiting = sum(told.counts[state] for state in _WAITING)
    share = (told.audience - waiting) / told.audience if told.audience else 1.0
    filled = int(share * _WIDTH)
    yield (
        f"[{'█' * filled}{'·' * (_WIDTH - filled)}] {share:.0%} of {told.audience:,} people"
        + (" so far: the audience is being written down" if run.frozen_at is None else "")
    )
    for name, people in told.counts.items():
        if people:
            yield f"  {name:14} {people:>11,}"
    for name, people in told.suppressed.items():
        if people:
            yield f"    {name:12} {people:>11,}"
    yield f"{told.segments:,} segments, {told.currency} {told.cost_micros / _MICROS:,.2f}"
    if told.state == CampaignState.RUNNING and waiting and run.frozen_at is not None:
        yield _pace(found, channel, waiting, now_ms)


def _pace(found: Standing, channel: Channel | None, waiting: int, now_ms: int) -> str:
    run, plan = found.run, plans.from_json(found.plan)
    assert run is not None
    ends = f"it ends at {_time(run.ends_at)} at the latest"
    gone = found.now.segments - run.tally.segments
    since_ms = now_ms - (run.tallied_at or 0)
    if 0 < since_ms < _FRESH_MS and gone > 0:
        per_s = gone * 1000 / since_ms
        words = f"{per_s:,.1f} segments/s now"
    else:
        per_s = plan.rate or (channel.rate if channel is not None else 0.0)
        words = f"{per_s:,.1f} segments/s allowed"
    if not per_s:
        return ends
    left_s = waiting * _segments_each(found) / per_s
    return f"{words}, {_span(left_s)} left if nothing makes it wait; {ends}"


def _segments_each(found: Standing) -> float:
    gone = sum(
        found.now.counts.get(state, 0)
        for state in (MessageState.ACCEPTED, MessageState.DELIVERED, MessageState.UNDELIVERED)
    )
    return found.now.segments / gone if gone and found.now.segments else 1.0


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 120:  # noqa: PLR2004  # two hours
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def _listed(found: Standing) -> Mapping[str, Any]:
    run = found.run
    return {
        "id": found.id,
        "title": found.title,
        "channel": found.channel,
        "state": found.state,
        "next_at": None if found.next_at is None else _iso(found.next_at),
        "run": None if run is None else run.number,
        "audience": 0 if run is None else run.audience,
        "done": _done(run),
    }


def _run(run: Run) -> Mapping[str, Any]:
    return {
        "run": run.number,
        "state": run.state.value,
        "paused_reason": run.paused_reason if run.state is RunState.PAUSED else None,
        "planned_at": _iso(run.planned_at),
        "began_at": _iso(run.began_at),
        "ends_at": _iso(run.ends_at),
        "finished_at": None if run.finished_at is None else _iso(run.finished_at),
        "audience": run.audience,
        "done": _done(run),
    }


def _done(run: Run | None) -> int:
    """Give how many people of a run had come to an end, or to a gateway, when it was last counted."""
    if run is None:
        return 0
    return run.tally.people - sum(run.tally.counts.get(state, 0) for state in _WAITING)


def _channels(settings: Settings) -> Mapping[str, Channel]:
    return {channel.id: channel for channel in load_channels(settings.channels, settings)}


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds")
