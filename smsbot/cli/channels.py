"""`smsbot channels`: what to paste into a gateway's dashboard; `pause` and `resume` of its sending."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from smsbot.cli.stores import open_stores
from smsbot.config import load_settings
from smsbot.content.channels_file import load_channels
from smsbot.errors import NotFound, Refused
from smsbot.gateways.protocol import Route
from smsbot.gateways.registry import make_gateways
from smsbot.running import find_running
from smsbot.sending.settling import BY_OPERATOR
from smsbot.storage import alerts, audit, channel_states
from smsbot.storage.alerts import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsbot.config import Settings
    from smsbot.gateways.protocol import Gateway


@dataclass(frozen=True, slots=True)
class Listed:
    """A channel as `smsbot channels --json` shows it."""

    id: str
    gateway: str
    kinds: tuple[str, ...]
    urls: Mapping[str, str]


def list_channels(settings: Settings, base: str) -> list[Listed]:
    """Give the channels with their webhooks under `base`; SMSBOT_PUBLIC_URL beats it."""
    base = (settings.public_url or base).rstrip("/")
    channels = load_channels(settings.channels, settings)
    gateways = make_gateways(channels, settings)
    return [
        Listed(
            channel.id,
            channel.gateway,
            tuple(sorted(kind.value for kind in channel.kinds)),
            webhooks(gateways[channel.id], base),
        )
        for channel in channels
    ]


def webhooks(gateway: Gateway, base: str) -> dict[str, str]:
    """Give each webhook by its route's name, in the order of a dashboard."""
    channel = gateway.channel
    parts = [base, "hooks", quote(channel.id, safe="")]
    if channel.tokens:
        parts.append(quote(channel.tokens[0], safe=""))
    return {
        route.value: "/".join([*parts, route.value]) for route in Route if route in gateway.routes
    }


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def channels(context: click.Context, *, as_json: bool) -> None:
    """List the channels and the webhook addresses to give to each gateway.

    They start with SMSBOT_PUBLIC_URL, else with the address of the `smsbot up` that runs here.
    `pause` and `resume` stop and start sending on one of them.
    """
    if context.invoked_subcommand is None:
        _show(as_json=as_json)


@channels.command()
@click.argument("channel")
@click.option("--reason", required=True, help="Why, in words, for the audit log and the doctor.")
def pause(channel: str, reason: str) -> None:
    """Stop all sending on a channel, replies too, until `resume`. What waits is kept.

    Texts are still taken in, and USSD goes on. No probe lifts this pause, as it would one for a fault.
    """
    with open_stores() as stores:
        _known(stores.settings, channel)
        now_ms = stores.clock.now_ms()
        with stores.database.write() as connection:
            paused = channel_states.pause(connection, channel, BY_OPERATOR, reason, now_ms)
            taken = not paused and channel_states.take_over(connection, channel, BY_OPERATOR)
            if paused or taken:
                detail = {"reason": reason}
                audit.append(
                    connection,
                    stores.actor,
                    "channel.paused",
                    f"channel:{channel}",
                    detail,
                    now_ms=now_ms,
                )
    if not (paused or taken):
        raise Refused(f"{channel} is paused already: `smsbot channels resume {channel}` lifts it")
    click.echo(f"{channel} is paused; `smsbot channels resume {channel}` lets it send again")


@channels.command()
@click.argument("channel")
def resume(channel: str) -> None:
    """Let a channel send again, whoever paused it: a person, or a fault of its account."""
    with open_stores() as stores:
        _known(stores.settings, channel)
        now_ms = stores.clock.now_ms()
        with stores.database.write() as connection:
            resumed = channel_states.resume(connection, channel)
            if resumed:
                alerts.end_alert(connection, Kind.CHANNEL_PAUSED, channel, now_ms)
                audit.append(
                    connection,
                    stores.actor,
                    "channel.resumed",
                    f"channel:{channel}",
                    {},
                    now_ms=now_ms,
                )
    if not resumed:
        raise Refused(f"{channel} is not paused")
    click.echo(f"{channel} sends again")


def _known(settings: Settings, wanted: str) -> None:
    ids = [channel.id for channel in load_channels(settings.channels, settings)]
    if wanted not in ids:
        raise NotFound(f"there is no channel {wanted!r}: {settings.channels} has {', '.join(ids)}")


def _show(*, as_json: bool) -> None:
    settings = load_settings()
    running = find_running(settings.data)
    base = running.address if running else f"http://127.0.0.1:{settings.port}"
    listed = list_channels(settings, base)
    if as_json:
        click.echo(json.dumps([asdict(channel) for channel in listed], indent=1))
        return
    for channel in listed:
        click.echo(f"{channel.id} ({channel.gateway}: {', '.join(channel.kinds)})")
        for route, url in channel.urls.items():
            click.echo(f"  {route:9} {url}")
