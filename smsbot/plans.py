"""A campaign as it was ordered: who, what, when, for how much. Values alone, as JSON in SQL.

`campaigns/order.py` reads them from YAML or a form, with every rule; here is only their shape.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  # pydantic reads the annotations at run time
from dataclasses import dataclass, field
from datetime import datetime, time  # noqa: TC003
from enum import StrEnum
from functools import cache

import orjson
from pydantic import TypeAdapter


class StartZone(StrEnum):
    """Whose clock a start is on."""

    CHANNEL = "channel"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True)
class Audience:
    """Who: every condition that is set must hold; a tuple means any of its words.

    `tags_all` needs all of its tags, `tags_none` none. Countries are ISO 3166-1 alpha-2, networks are
    MCC and MNC as the gateway writes them. `consent` names purposes that the person agreed to, beside
    the campaign's own. `sample` is the number of people drawn at random from all of these.
    """

    tags_all: tuple[str, ...] = ()
    tags_any: tuple[str, ...] = ()
    tags_none: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    network: tuple[str, ...] = ()
    active_within_days: int | None = None
    finished: tuple[str, ...] = ()
    not_finished: tuple[str, ...] = ()
    enrolled: tuple[str, ...] = ()
    not_enrolled: tuple[str, ...] = ()
    consent: tuple[str, ...] = ()
    sample: int | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """When: `at` is a wall clock time without a zone; None is now."""

    at: datetime | None = None
    zone: StartZone = StartZone.CHANNEL


@dataclass(frozen=True, slots=True)
class Window:
    """When in a contact's day messages may go: from `start` to `end` (may pass midnight), on `days`.

    Days are 0 (Monday) to 6, and belong to the day on which the window opened. The channel's quiet
    hours hold beside it.
    """

    start: time
    end: time
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True)
class Canary:
    """The share that goes first, and how long it is watched before the rest goes."""

    share: float = 0.01
    watch_s: int = 60


@dataclass(frozen=True, slots=True)
class Plan:
    """One campaign. Either `message` (text by language) or `flow` is set. Money is in millionths.

    `repeat` is a cron expression in the channel's zone, empty for once. `rate` is segments a second,
    at most the channel's. `hold_out` is a share, 0 to 0.9. `course` enrols whoever was reached.
    """

    title: str
    purpose: str
    channel: str
    audience: Audience = Audience()
    message: Mapping[str, str] = field(default_factory=dict)
    flow: str = ""
    course: str = ""
    start: Start = Start()
    window: Window | None = None
    repeat: str = ""
    expiry_s: int = 6 * 3600
    rate: float | None = None
    budget_micros: int | None = None
    currency: str = ""
    hold_out: float = 0.0
    canary: Canary | None = None
    risk_note: str = ""


@cache
def _adapter() -> TypeAdapter[Plan]:
    return TypeAdapter(Plan)


def as_json(plan: Plan) -> str:
    """Give the plan as it is kept in SQL."""
    return orjson.dumps(plan, option=orjson.OPT_SORT_KEYS).decode()


def from_json(kept: str) -> Plan:
    """Give the plan that `as_json` wrote."""
    return _adapter().validate_json(kept)
