"""The lines of `channels.yaml` as typed documents. docs/channels.md explains them to operators."""

from __future__ import annotations

import re
from datetime import time
from decimal import Decimal
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from smsbot.content.schema import Language, Strict
from smsbot.values import ChannelKind, PageLimit, Tariff

GATEWAYS = ("africastalking", "twilio", "simulator")
"""What `gateway` may be; a test holds it against the adapters there are."""
WITH_TOKEN = frozenset({"africastalking", "simulator"})
"""Gateways whose posts are proven by a secret in the address; Twilio signs its posts."""
MAX_RATE = 10_000
MICROS = 1_000_000

_HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,9})?")

PATTERNS = {
    "^[a-z0-9][a-z0-9-]{0,31}$": "small letters, digits and hyphens, 32 at most",
    "^([A-Z]{2})?$": "a country of two capital letters, such as KE",
    "^[A-Z]{3}$": "a currency of three capital letters, such as KES",
    r"^\*[0-9][0-9*]*#$": "a code such as *384*123#",
    "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$": "a language code such as en, sw or fr",
}


def _number(value: Any) -> Any:
    """Take a number, or a text that is one: an environment variable is always a text."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return Decimal(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise PydanticCustomError("float_type", "must be a number")
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def whole(value: Any) -> Any:
    """Take a whole number, or a text that is one."""
    number = _number(value)
    if number != number.to_integral_value():
        raise PydanticCustomError("int_type", "must be a whole number")
    return int(number)


def _sender(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _zone(value: Any) -> Any:
    try:
        return ZoneInfo(value)
    except (ValueError, TypeError, OSError, KeyError):
        words = "is no timezone such as Africa/Nairobi"
        raise PydanticCustomError("timezone", words) from None


def _hour(value: Any) -> Any:
    if not isinstance(value, str) or not _HOUR.fullmatch(value):
        raise PydanticCustomError("hour", "must be a time such as 19:00")
    return time.fromisoformat(value)


def _unique(values: list[str]) -> list[str]:
    if len(set(values)) < len(values):
        raise PydanticCustomError("twice", "names the same one twice")
    return values


def _none_or(value: Any) -> Any:
    return None if value == "none" else value


Number = Annotated[Decimal, BeforeValidator(_number)]
Count = Annotated[int, BeforeValidator(whole), Field(ge=1, le=1_000_000)]
Money = Annotated[Decimal, BeforeValidator(_number), Field(ge=0, le=1_000)]
Hour = Annotated[time, BeforeValidator(_hour)]


class PriceDoc(Strict):
    """What a segment costs, in units of the currency: 0.8 is 80 cents."""

    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    default: Money
    by_country: dict[Annotated[str, Field(pattern="^([A-Z]{2})?$")], Money] = Field(
        default_factory=dict
    )
    by_network: dict[str, Money] = Field(default_factory=dict)


class PageDoc(Strict):
    """How much one USSD page holds."""

    gsm7: Annotated[int, BeforeValidator(whole), Field(ge=40, le=255)] = PageLimit().gsm7
    ucs2: Annotated[int, BeforeValidator(whole), Field(ge=20, le=255)] = PageLimit().ucs2


class QuietDoc(Strict):
    """When no proactive message goes out, in the recipient's own time."""

    start: Hour = Field(alias="from")
    end: Hour = Field(alias="to")

    @model_validator(mode="after")
    def _not_empty(self) -> QuietDoc:
        if self.start == self.end:
            raise PydanticCustomError("quiet", "`from` and `to` are the same: write none instead")
        return self


class FrequencyDoc(Strict):
    """At most so many proactive messages to one person in so many days."""

    messages: Count
    days: Annotated[int, BeforeValidator(whole), Field(ge=1, le=365)]


class RepliesDoc(Strict):
    """Caps on replies, against loops and pumping."""

    number_per_hour: Count = 30
    prefix_per_day: Count = 20_000


class ChannelDoc(Strict):
    """One channel. `tokens` are checked by `channels_file.py`, which never prints them."""

    id: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,31}$")]
    gateway: Literal["africastalking", "twilio", "simulator"]
    kinds: Annotated[list[Literal["ussd", "sms"]], Field(min_length=1), AfterValidator(_unique)]
    service_code: Annotated[str, Field(pattern=r"^\*[0-9][0-9*]*#$")] | None = None
    sender: Annotated[str, BeforeValidator(_sender), Field(max_length=64)] = ""
    country: Annotated[str, Field(pattern="^([A-Z]{2})?$")] = ""
    timezone: Annotated[ZoneInfo, BeforeValidator(_zone)] = ZoneInfo("UTC")
    languages: Annotated[list[Language], Field(min_length=1), AfterValidator(_unique)]
    rate: Annotated[Decimal, BeforeValidator(_number), Field(gt=0, le=MAX_RATE)] = Decimal(10)
    price: PriceDoc
    ussd_page: PageDoc = PageDoc()
    quiet_hours: Annotated[QuietDoc | None, BeforeValidator(_none_or)] = QuietDoc.model_validate(
        {"from": "19:00", "to": "08:00"}
    )
    frequency_cap: FrequencyDoc = FrequencyDoc(messages=2, days=7)
    reply_caps: RepliesDoc = RepliesDoc()
    tariff: Literal["free", "standard", "premium"] = Tariff.STANDARD.value
    tokens: list[Any] = Field(default_factory=list)
    gateway_confirms_stop: bool = False

    @model_validator(mode="after")
    def _fits(self) -> ChannelDoc:
        if ChannelKind.USSD in self.kinds and self.gateway == "twilio":
            raise PydanticCustomError("kinds", "has no USSD at Twilio: `kinds` must be [sms]")
        if ChannelKind.USSD in self.kinds and self.service_code is None:
            raise PydanticCustomError(
                "service_code", "has ussd in `kinds`, so it needs a `service_code`"
            )
        if self.tokens and self.gateway not in WITH_TOKEN:
            raise PydanticCustomError("tokens", "needs no `tokens`: Twilio signs its posts")
        return self
