"""`smsbot channels`: what to paste into a gateway's dashboard."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from smsbot.config import load_settings
from smsbot.content.channels_file import load_channels
from smsbot.gateways.protocol import Route
from smsbot.gateways.registry import make_gateways
from smsbot.running import find_running

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


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def channels(as_json: bool) -> None:
    """List the channels and the webhook addresses to give to each gateway.

    They start with SMSBOT_PUBLIC_URL, else with the address of the `smsbot up` that runs here.
    """
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
