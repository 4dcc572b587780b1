"""Which channel texts the people of another one: a USSD code has no sender of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.values import ChannelKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsbot.values import Channel


def texting(channels: Mapping[str, Channel], channel: Channel) -> Channel | None:
    """Give the channel that texts the people of this one: itself, else one of its country."""
    if ChannelKind.SMS in channel.kinds:
        return channel
    return texting_country(channels, channel.country)


def texting_country(channels: Mapping[str, Channel], country: str) -> Channel | None:
    """Give the channel that texts people of a country: one of that country, else one for many."""
    found = [
        channel
        for channel in channels.values()
        if ChannelKind.SMS in channel.kinds and channel.country in (country, "")
    ]
    return min(found, key=lambda channel: channel.country == "", default=None)
