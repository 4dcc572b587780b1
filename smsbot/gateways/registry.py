"""From the lines of `channels.yaml` to adapters: the only place that knows every gateway's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.errors import ConfigError
from smsbot.gateways.africastalking import AfricasTalking
from smsbot.gateways.simulator import Simulator
from smsbot.gateways.twilio import Twilio
from smsbot.values import Channel, ChannelKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from smsbot.config import Settings
    from smsbot.gateways.protocol import Gateway


def make_gateways(channels: Iterable[Channel], settings: Settings) -> dict[str, Gateway]:
    """Give the adapter of each channel by the channel's id. Connects to nothing.

    Raises ConfigError, naming the channel, for a gateway that does not exist or can't work so.
    """
    gateways: dict[str, Gateway] = {}
    for channel in channels:
        maker = _MAKERS.get(channel.gateway)
        if maker is None:
            known = ", ".join(sorted(_MAKERS))
            raise ConfigError(
                f"channel {channel.id}: gateway {channel.gateway!r} is not one of {known}"
            )
        gateways[channel.id] = maker(channel, settings)
    return gateways


def _simulator(channel: Channel, _settings: Settings) -> Gateway:
    return Simulator(channel)


def _africastalking(channel: Channel, settings: Settings) -> Gateway:
    return AfricasTalking(
        channel,
        username=_header_safe("AFRICASTALKING_USERNAME", settings.africastalking_username),
        api_key=_header_safe("AFRICASTALKING_API_KEY", settings.africastalking_api_key),
        base_url=settings.africastalking_base_url,
    )


def _twilio(channel: Channel, settings: Settings) -> Gateway:
    if ChannelKind.USSD in channel.kinds:
        raise ConfigError(f"channel {channel.id}: Twilio has no USSD; kinds must be [sms]")
    gateway = Twilio(
        channel,
        account_sid=_header_safe("TWILIO_ACCOUNT_SID", settings.twilio_account_sid),
        tokens=[_header_safe("TWILIO_AUTH_TOKEN", token) for token in settings.twilio_tokens],
        # Without a public address only a pretend Twilio on this machine can call back, and it may.
        public_url=settings.public_url or f"http://127.0.0.1:{settings.port}",
        base_url=settings.twilio_base_url,
    )
    if gateway.has_credentials and not channel.sender:
        raise ConfigError(
            f"channel {channel.id}: Twilio needs a sender: a number or a Messaging Service (MG...)"
        )
    return gateway


def _header_safe(name: str, raw: str) -> str:
    """Refuse at start what would make every request fail: a line break pasted with a key."""
    value = raw.strip()
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise ConfigError(f"{name} holds characters that no key has: paste it again")
    return value


_MAKERS: dict[str, Callable[[Channel, Settings], Gateway]] = {
    "africastalking": _africastalking,
    "simulator": _simulator,
    "twilio": _twilio,
}
