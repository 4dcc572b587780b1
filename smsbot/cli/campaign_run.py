"""`smsbot campaign test-send|schedule|pause|resume|cancel`: what makes a campaign go and stop."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from smsbot.campaigns import halting
from smsbot.cli.campaign_arguments import campaign_id
from smsbot.cli.campaign_parts import as_user, moment, open_table
from smsbot.sending.hours import next_allowed
from smsbot.storage import campaigns

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsbot.cli.campaign_parts import Table

_MINUTE_MS = 60_000


@click.command("test-send")
@campaign_id
@click.argument("numbers", metavar="NUMBER..", nargs=-1, required=True)
@click.option("--language", default="", help="Send this text, not that of each owner's language.")
@as_user
def test_send(campaign_id: int, numbers: tuple[str, ...], language: str, user: str) -> None:
    """Send the text to at most ten phones, now, marked as a test. Ask their owners first.

    A phone gets at most five tests an hour; who has said STOP gets none. Exit status 1 if a number
    was left out.
    """
    with open_table(user) as table:
        done = table.desk.test_send(campaign_id, numbers, language=language, now_ms=table.now_ms)
    for place, one in enumerate(done, 1):
        click.echo(f"{place} {one.msisdn} {one.language}: {one.refused or 'queued'}")
    if any(one.refused for one in done):
        sys.exit(1)


@click.command()
@campaign_id
@click.option("--now", "at_once", is_flag=True, help="At once, whatever its start says.")
@as_user
def schedule(campaign_id: int, user: str, *, at_once: bool) -> None:
    """Let an approved campaign go at its start."""
    with open_table(user) as table:
        first = table.desk.schedule(
            campaign_id, table.now_ms, at_once=at_once, call_at=_caller(table)
        )
        with table.stores.database.read() as connection:
            found = campaigns.find(connection, campaign_id)
        channel = table.channels[found.channel]
        zone = channel.timezone
        click.echo(f"campaign {campaign_id} is scheduled: it begins {moment(first, zone)}")
        allowed = next_allowed(first, zone, channel.quiet_hours, found.plan.window)
        if allowed is not None and allowed >= first + _MINUTE_MS:
            click.echo(f"by the channel's clock nothing may be sent before {moment(allowed, zone)}")


def _caller(table: Table) -> Callable[[int, int], object] | None:
    """Give what asks RQ to call at the moment; None where no Redis is known: the ticker looks in SQL."""
    from smsbot.jobs import Waker
    from smsbot.running import find_running
    from smsbot.sessions.client import connect

    settings = table.stores.settings
    running = find_running(settings.data)
    url = settings.redis_url if running is None else running.redis_url
    if not url:
        return None
    waker = Waker(connect(url))
    return lambda campaign, at_ms: waker.launch_at(campaign, at_ms, now_ms=table.now_ms)


@click.command()
@campaign_id
@as_user
def pause(campaign_id: int, user: str) -> None:
    """Stop a running campaign until it is resumed; acts within seconds."""
    with open_table(user) as table:
        table.desk.demand_stop()
        halting.pause(
            table.stores.database,
            campaign_id,
            reason=halting.BY_OPERATOR,
            actor=table.desk.actor.name,
            now_ms=table.now_ms,
        )
        click.echo(f"campaign {campaign_id} is paused")


@click.command()
@campaign_id
@as_user
def resume(campaign_id: int, user: str) -> None:
    """Let a paused campaign go on."""
    with open_table(user) as table:
        table.desk.demand_run()
        database, actor = table.stores.database, table.desk.actor.name
        halting.resume(database, campaign_id, actor=actor, now_ms=table.now_ms)
        click.echo(f"campaign {campaign_id} goes on")


@click.command()
@campaign_id
@as_user
def cancel(campaign_id: int, user: str) -> None:
    """End a campaign for good: who was not sent yet never will be."""
    with open_table(user) as table:
        table.desk.demand_stop()
        database, actor = table.stores.database, table.desk.actor.name
        halting.cancel(database, campaign_id, actor=actor, now_ms=table.now_ms)
        click.echo(f"campaign {campaign_id} is cancelled")
