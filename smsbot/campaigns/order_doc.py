"""The campaign file as typed documents: what may stand where. docs/campaigns.md explains it.

pydantic lists every fault at once with its place; `order.py` gives the place its line, and looks at
what only this deployment knows (channels, flows, languages).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from smsbot.campaigns import occurrences
from smsbot.content.channel_schema import Hour, Number, whole
from smsbot.content.schema import FlowId, Label, Language, Strict, Text

MIN_EXPIRY_S: Final = 5 * 60
MAX_EXPIRY_S: Final = 30 * 86_400
MAX_WATCH_S: Final = 24 * 3600
MAX_TITLE: Final = 120
MAX_PURPOSE: Final = 32
MAX_NOTE: Final = 2000
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"([1-9]\d{0,5})([smhd])")
_AT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?")
_DAYS: Final = (
    *("monday", "tuesday", "wednesday", "thursday"),
    *("friday", "saturday", "sunday"),
)

PATTERNS: Final = {
    "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$": "a language code such as en, sw or fr",
    "^[A-Z]{2}$": "a country of two capital letters, such as KE",
    "^[A-Z]{3}$": "a currency of three capital letters, such as KES",
    "^[0-9]{3,8}$": "a network as the gateway writes it, such as 63902",
    "^[a-z0-9][a-z0-9-]{0,47}$": "small letters, digits and hyphens",
    "^[a-z][a-z0-9_-]{0,31}$": "a small word such as lessons or alerts",
}


def _words(value: Any) -> Any:
    """Take one word or a list of them; a number among them is a word too (63902)."""
    found = value if isinstance(value, list) else [value]
    if not found:
        raise PydanticCustomError("no_word", "is empty: leave the line out")
    return [str(each) if type(each) is int else each for each in found]


def _unique(values: list[str]) -> list[str]:
    if len(set(values)) < len(values):
        raise PydanticCustomError("twice", "names the same one twice")
    return values


def _upper(values: Any) -> Any:
    return [each.upper() if isinstance(each, str) else each for each in values]


def _shown(value: str) -> str:
    """Refuse characters that nobody sees; PostgreSQL does not even keep the first of them."""
    if any(unicodedata.category(each) == "Cc" for each in value.replace("\n", "")):
        raise PydanticCustomError("control", "holds a control character: take it out")
    return value


def _one_line(value: str) -> str:
    if "\n" in value:
        raise PydanticCustomError("lines", "holds a line break: write one line")
    return _shown(value)


def _seconds(value: Any) -> Any:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("duration", "must be a time span such as 30m, 6h or 2d")
    return int(found[1]) * _SECONDS[found[2]]


def _expiry(value: Any) -> Any:
    found = _seconds(value)
    if not MIN_EXPIRY_S <= found <= MAX_EXPIRY_S:
        raise PydanticCustomError("expiry", "must be from 5m to 30d")
    return found


def _moment(value: Any) -> Any:
    try:
        if isinstance(value, str) and _AT.fullmatch(value):
            return datetime.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("moment", "must be a time such as 2026-12-01T09:00")


def _start(value: Any) -> Any:
    return None if value == "now" else value


def _days(values: list[str]) -> list[int]:
    """Give the days by number; `mon-fri` is a run of days, which may pass Sunday."""
    found: list[int] = []
    for value in values:
        if not isinstance(value, str):
            raise PydanticCustomError("days", "must be days such as mon, tue or mon-fri")
        first, dash, last = value.partition("-")
        begin = _day(first)
        end = _day(last) if dash else begin
        found += [(begin + step) % 7 for step in range((end - begin) % 7 + 1)]
    if len(set(found)) < len(found):
        raise PydanticCustomError("twice", "names the same day twice")
    return found


def _day(word: str) -> int:
    short = word.strip().lower()
    full = next((day for day in _DAYS if short == day[:3] or short == day), "")
    if not full:
        raise PydanticCustomError("days", "must be days such as mon, tue or mon-fri")
    return _DAYS.index(full)


def _cron(value: Any) -> Any:
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "must be a text")
    fault = occurrences.fault_of(value)
    if fault:
        raise PydanticCustomError("cron", "is wrong: {fault}", {"fault": fault})
    return " ".join(value.split())


Tags = Annotated[list[Label], BeforeValidator(_words), AfterValidator(_unique)]
Ids = Annotated[list[FlowId], BeforeValidator(_words), AfterValidator(_unique)]
Languages = Annotated[list[Language], BeforeValidator(_words), AfterValidator(_unique)]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]
Countries = Annotated[
    list[Country], BeforeValidator(_upper), BeforeValidator(_words), AfterValidator(_unique)
]
Networks = Annotated[
    list[Annotated[str, Field(pattern="^[0-9]{3,8}$")]],
    BeforeValidator(_words),
    AfterValidator(_unique),
]
Purpose = Annotated[str, Field(pattern="^[a-z][a-z0-9_-]{0,31}$")]
Purposes = Annotated[list[Purpose], BeforeValidator(_words), AfterValidator(_unique)]
Count = Annotated[int, BeforeValidator(whole), Field(ge=1)]
Span = Annotated[int, BeforeValidator(_seconds)]


class AudienceDoc(Strict):
    """Who: every line must hold; a list means any of its words, but `tags_all` all of them."""

    tags_all: Tags | None = None
    tags_any: Tags | None = None
    tags_none: Tags | None = None
    language: Languages | None = None
    country: Countries | None = None
    region: Tags | None = None
    network: Networks | None = None
    active_within_days: Annotated[Count, Field(le=3650)] | None = None
    finished: Ids | None = None
    not_finished: Ids | None = None
    enrolled: Ids | None = None
    not_enrolled: Ids | None = None
    consent: Purposes | None = None
    sample: Annotated[Count, Field(le=100_000_000)] | None = None

    @model_validator(mode="after")
    def _can_hold(self) -> AudienceDoc:
        for yes, no in (
            ("tags_all", "tags_none"),
            ("tags_any", "tags_none"),
            ("finished", "not_finished"),
            ("enrolled", "not_enrolled"),
        ):
            both = set(getattr(self, yes) or ()) & set(getattr(self, no) or ())
            if both:
                raise PydanticCustomError(
                    "both",
                    "wants {word} in `{yes}` and not in `{no}`: nobody is both",
                    {"word": repr(min(both)), "yes": yes, "no": no},
                )
        return self


class StartDoc(Strict):
    """When: a wall clock time, on the channel's clock or on each contact's own."""

    at: Annotated[datetime, BeforeValidator(_moment)]
    timezone: Literal["channel", "contact"] = "channel"

    @model_validator(mode="after")
    def _one_clock(self) -> StartDoc:
        if self.timezone == "contact" and self.at.tzinfo is not None:
            raise PydanticCustomError(
                "clock", "has a zone in `at`, but every contact has their own: leave it out"
            )
        return self


class WindowDoc(Strict):
    """When in a contact's day messages may go."""

    start: Hour = Field(alias="from")
    end: Hour = Field(alias="to")
    days: Annotated[list[int], BeforeValidator(_days), BeforeValidator(_words)] | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> WindowDoc:
        if self.start == self.end:
            raise PydanticCustomError(
                "window",
                "is empty: `from` and `to` are the same. Leave the window out for any hour",
            )
        return self


class BudgetDoc(Strict):
    """What a run may cost at most."""

    amount: Annotated[Number, Field(gt=0, le=1_000_000_000)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]


class CanaryDoc(Strict):
    """The share that goes first, and how long it is watched."""

    share: Annotated[Number, Field(gt=0, le=0.5)] = Decimal("0.01")
    watch: Annotated[Span, Field(ge=1, le=MAX_WATCH_S)] = 60


class OrderDoc(Strict):
    """A whole campaign file."""

    title: Annotated[Text, Field(max_length=MAX_TITLE), AfterValidator(_one_line)]
    purpose: Purpose
    channel: Annotated[str, Field(min_length=1, max_length=64)]
    audience: AudienceDoc = AudienceDoc()
    message: (
        Annotated[dict[Language, Annotated[Text, AfterValidator(_shown)]], Field(min_length=1)]
        | None
    ) = None
    flow: FlowId | None = None
    course: FlowId | None = None
    start: Annotated[StartDoc | None, BeforeValidator(_start)] = None
    window: WindowDoc | None = None
    repeat: Annotated[str, BeforeValidator(_cron)] | None = None
    expiry: Annotated[int, BeforeValidator(_expiry)] = 6 * 3600
    rate: Annotated[Number, Field(gt=0)] | None = None
    budget: BudgetDoc | None = None
    hold_out: Annotated[Number, Field(ge=0, le=0.9)] = Decimal(0)
    canary: CanaryDoc | None = None
    risk_note: Annotated[str, Field(max_length=MAX_NOTE), AfterValidator(_shown)] = ""

    @model_validator(mode="after")
    def _one_content(self) -> OrderDoc:
        if (self.message is None) == (self.flow is None):
            raise PydanticCustomError(
                "content",
                "needs either `message` (a text by language) or `flow` (a flow to start), one of them",
            )
        if self.repeat and self.start is not None and self.start.timezone == "contact":
            raise PydanticCustomError(
                "repeat",
                "has a `repeat`, which is on the channel's clock: `start` can't be on each contact's",
            )
        return self
