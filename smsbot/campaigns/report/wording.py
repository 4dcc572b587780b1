"""Numbers and times as a ministry reads them, in English."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from smsbot.campaigns.report.small_cells import SMALLEST

if TYPE_CHECKING:
    from smsbot.campaigns.report.statistics import Interval, Share

FEW = f"under {SMALLEST}"
"""What stands for a number of one to nine people in a list."""
HIDDEN = "hidden"
"""What stands for a cell that may not be told, small or not."""
NONE = "-"


def number(count: int | None, none: str = HIDDEN) -> str:
    """Give a count: 1,234."""
    return none if count is None else f"{count:,}"


def tens(count: int | None) -> str:
    """Give a count that is told in whole tens."""
    return FEW if count is None else f"{count:,}"


def percent(value: float) -> str:
    """Give a share: 61.2 %; what is nearly nothing or nearly all is not rounded to it."""
    shown = f"{100 * value:.1f} %"
    if shown == "0.0 %" and value > 0:
        return "under 0.1 %"
    return "over 99.9 %" if shown == "100.0 %" and value < 1 else shown


def between(found: Interval | None) -> str:
    """Give a share with its interval: 61.2 % (58.0-64.3), the dash an en dash."""
    if found is None:
        return NONE
    return f"{percent(found.value)} ({100 * found.low:.1f}\u2013{100 * found.high:.1f})"


def points(found: Interval | None) -> str:
    """Give a difference of shares in percentage points, with its sign: +4.2 (1.1 to 7.3)."""
    if found is None:
        return NONE
    value, low, high = (round(100 * one, 1) + 0.0 for one in (found.value, found.low, found.high))
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"


def plain(found: Interval | None) -> str:
    """Give a number with its interval: 1.62 (1.40 to 1.84)."""
    if found is None:
        return NONE
    value, low, high = (round(one, 2) + 0.0 for one in (found.value, found.low, found.high))
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def people(found: Share | None) -> str:
    """Give how many answers of how many people, in tens."""
    if found is None:
        return NONE
    return f"{in_tens(found.answers):,} / {in_tens(found.people):,}"


def in_tens(count: int) -> int:
    """Give a count rounded down to tens, so that neighbours can't be subtracted."""
    return count - count % SMALLEST


def money(micros: int | None, currency: str) -> str:
    """Give an amount: KES 1,234.50; small ones with the digits that they need."""
    if micros is None:
        return NONE
    amount = micros / 1_000_000
    return f"{currency} {amount:,.2f}" if amount >= 1 or not micros else f"{currency} {amount:.4f}"


def seconds(many: int) -> str:
    """Give a duration: 45 s, 12 min, 3 h."""
    if many < 120:  # noqa: PLR2004
        return f"{many} s"
    return f"{many // 60} min" if many < 7200 else f"{many // 3600} h"  # noqa: PLR2004


def day(at_ms: int) -> str:
    """Give a moment: 22 November 2026, 12:00 UTC."""
    when = datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{when.day} {when:%B %Y, %H:%M} UTC"
