"""A plan written back as the campaign file that it came from, for showing and for editing a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml

from smsbot.plans import Plan, StartZone

if TYPE_CHECKING:
    from smsbot.plans import Audience, Start, Window

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPANS: Final = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))
_MICROS: Final = 1_000_000
_WIDTH: Final = 100


def write_order(plan: Plan, *, texts: bool = True) -> str:
    """Give the file; `order.read_order` reads the same plan out of it. `texts` False leaves them out."""
    data: dict[str, Any] = {
        "title": plan.title,
        "purpose": plan.purpose,
        "channel": plan.channel,
        "audience": _audience(plan.audience),
        "message": dict(plan.message) if texts else None,
        "flow": plan.flow,
        "course": plan.course,
        "start": _start(plan.start),
        "window": None if plan.window is None else _window(plan.window),
        "repeat": plan.repeat,
        "expiry": _span(plan.expiry_s),
        "rate": None if plan.rate is None else _number(plan.rate),
        "budget": _budget(plan),
        "hold_out": _number(plan.hold_out) or None,
        "canary": None
        if plan.canary is None
        else {"share": plan.canary.share, "watch": _span(plan.canary.watch_s)},
        "risk_note": plan.risk_note,
    }
    set_ = {key: value for key, value in data.items() if value not in (None, "", {})}
    written: str = yaml.safe_dump(set_, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return written


def _audience(audience: Audience) -> dict[str, Any]:
    given = {name: getattr(audience, name) for name in audience.__dataclass_fields__}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in given.items()
        if value not in (None, ())
    }


def _start(start: Start) -> Any:
    if start.at is None:
        return "now"
    at = {"at": start.at.isoformat(timespec="seconds")}
    return at | ({"timezone": "contact"} if start.zone is StartZone.CONTACT else {})


def _window(window: Window) -> dict[str, Any]:
    hours = {"from": f"{window.start:%H:%M}", "to": f"{window.end:%H:%M}"}
    if len(window.days) == len(_DAYS):
        return hours
    return {**hours, "days": [_DAYS[day] for day in window.days]}


def _budget(plan: Plan) -> dict[str, Any] | None:
    if plan.budget_micros is None:
        return None
    return {"amount": _number(plan.budget_micros / _MICROS), "currency": plan.currency}


def _span(seconds: int) -> str:
    return next(f"{seconds // size}{unit}" for size, unit in _SPANS if seconds % size == 0)


def _number(value: float) -> float:
    return int(value) if value == int(value) else value
