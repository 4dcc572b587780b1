"""Channels, gateways and raw requests for the tests of this folder. Every number is made up."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from twilio.request_validator import RequestValidator

from smsbot.gateways.africastalking import AfricasTalking
from smsbot.gateways.protocol import RawRequest
from smsbot.gateways.simulator import Simulator
from smsbot.gateways.twilio import Twilio
from smsbot.values import Channel, ChannelKind, Prices

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN = "nL0oX2kqV5sR8tYwB1cD4e"
OLD_TOKEN = "aB3dE6gH9jK2mN5pQ8rS1t"
SID = "AC" + "0" * 32
AUTH = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
BASE = "https://bot.example.org"
ME = "+254711000111"
SMS_ID = "SM" + "9" * 32


def channel(gateway: str = "africastalking", **more: object) -> Channel:
    """Make a channel: Kenya, USSD `*384*123#` and SMS 22384, or Twilio's number."""
    is_twilio = gateway == "twilio"
    given: dict[str, object] = {
        "id": {"africastalking": "at-ke", "simulator": "sim", "twilio": "tw"}.get(gateway, "x"),
        "gateway": gateway,
        "kinds": frozenset({ChannelKind.SMS} if is_twilio else ChannelKind),
        "languages": ("sw", "en"),
        "country": "KE",
        "timezone": ZoneInfo("Africa/Nairobi"),
        "prices": Prices("KES", 800_000),
        "service_code": "" if is_twilio else "*384*123#",
        "sender": "+254711000999" if is_twilio else "22384",
        "tokens": () if is_twilio else (TOKEN, OLD_TOKEN),
    }
    return Channel(**(given | more))  # type: ignore[arg-type]


def africastalking(base_url: str = "", **more: object) -> AfricasTalking:
    """Make an adapter of Africa's Talking."""
    return AfricasTalking(
        channel(**more),  # type: ignore[arg-type]
        username="smsbot",
        api_key="fake-key",
        base_url=base_url,
    )


def simulator() -> Simulator:
    """Make the simulator."""
    return Simulator(channel("simulator"))


def twilio(
    base_url: str = "", tokens: tuple[str, ...] = (AUTH,), public_url: str = BASE, **more: object
) -> Twilio:
    """Make an adapter of Twilio."""
    return Twilio(
        channel("twilio", **more),
        account_sid=SID,
        tokens=tokens,
        public_url=public_url,
        base_url=base_url,
    )


def post(
    fields: Mapping[str, str] | bytes, route: str, *, token: str = TOKEN, **headers: str
) -> RawRequest:
    """Make a post to `at-ke` as Africa's Talking sends it."""
    body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
    url = f"{BASE}/hooks/at-ke/{token}/{route}"
    kind = {"content-type": "application/x-www-form-urlencoded"}
    return RawRequest("POST", url, token, body, kind | headers)


def signed(
    fields: Mapping[str, str],
    route: str,
    *,
    query: str = "",
    auth: str = AUTH,
    algorithm: str = "",
    body: bytes | None = None,
) -> RawRequest:
    """Make a post to `tw` as Twilio signs it, by the official SDK's own signing."""
    url = f"{BASE}/hooks/tw/{route}{query}"
    headers = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
    if algorithm:
        headers["x-twilio-webhooks-signature-settings"] = f"key=K1,algorithm={algorithm}"
    headers["x-twilio-signature"] = RequestValidator(auth).compute_signature(
        url, dict(fields), algorithm or None
    )
    raw = urlencode(fields).encode() if body is None else body
    return RawRequest("POST", url, "", raw, headers)


def ussd(**more: str) -> dict[str, str]:
    """Give the form of a USSD turn."""
    return {
        "sessionId": "ATUid_6f1b2c",
        "serviceCode": "*384*123#",
        "phoneNumber": ME,
        "networkCode": "63902",
        "text": "",
    } | more


def sms(**more: str) -> dict[str, str]:
    """Give the form of a text from a person at Africa's Talking."""
    return {
        "linkId": "d3adb33f",
        "text": "SCAM wametuma ujumbe",
        "to": "22384",
        "id": "7a1c0a52-3f0e-4f4e-9a43-0a8b4b1f0001",
        "date": "2026-11-22T08:34:18.445Z",
        "from": ME,
        "networkCode": "63902",
        "cost": "KES 1.00",
    } | more


def twilio_sms(**more: str) -> dict[str, str]:
    """Give the form of a text from a person at Twilio."""
    return {
        "ToCountry": "KE",
        "SmsMessageSid": SMS_ID,
        "NumMedia": "0",
        "SmsSid": SMS_ID,
        "SmsStatus": "received",
        "Body": "Habari, 'naomba' msaada",
        "To": "+254711000999",
        "NumSegments": "1",
        "MessageSid": SMS_ID,
        "AccountSid": SID,
        "From": ME,
        "ApiVersion": "2010-04-01",
    } | more
