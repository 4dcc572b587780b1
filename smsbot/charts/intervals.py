"""Estimates with their intervals: dots on a scale of shares or of differences, before beside after."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING

from smsbot.charts.svg import (
    CHARACTER,
    COLOURS,
    GRID,
    INK,
    PALE,
    line,
    mark,
    picture,
    shortened,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_LABEL_CHARS = 34
_LABEL = _LABEL_CHARS * CHARACTER + 10
_WIDTH = 680.0
_ROW = 26.0
_TOP = 30.0
_STEPS = 5


@dataclass(frozen=True, slots=True)
class Dot:
    """One estimate, as a share. `is_open` draws a ring: what was before, or the hold-out."""

    label: str
    value: float
    low: float
    high: float
    is_open: bool = False


def intervals(
    title: str,
    dots: Sequence[Dot],
    *,
    legend: tuple[str, str] | None = None,
    is_change: bool = False,
) -> str:
    """Give dots with whiskers, a row each. A scale of shares is 0 to 100 %, of changes as they need."""
    low, high = _scale(dots) if is_change else (0.0, 1.0)
    space = _WIDTH - _LABEL - 24

    def x_of(value: float) -> float:
        return _LABEL + space * (value - low) / (high - low)

    bottom = _TOP + len(dots) * _ROW
    parts = _legend(legend) if legend else []
    for step in range(_STEPS + 1):
        value = low + (high - low) * step / _STEPS
        at = x_of(value)
        parts.append(line(at, _TOP - 4, at, bottom, GRID))
        told = f"{100 * value:+.0f}" if is_change and round(100 * value) else f"{100 * value:.0f} %"
        parts.append(words(at, bottom + 16, told, anchor="middle", colour=PALE))
    if is_change and low < 0 < high:
        parts.append(line(x_of(0), _TOP - 4, x_of(0), bottom, INK))
    for row, dot in enumerate(dots):
        y = _TOP + row * _ROW + _ROW / 2
        text = shortened(dot.label, _LABEL_CHARS)
        parts.append(words(_LABEL - 8, y + 4, text, anchor="end"))
        colour = COLOURS[3] if dot.is_open else COLOURS[0]
        parts.append(line(x_of(dot.low), y, x_of(dot.high), y, colour, thick=2))
        parts += [
            line(x_of(end), y - 4, x_of(end), y + 4, colour, thick=2) for end in (dot.low, dot.high)
        ]
        parts.append(mark(x_of(dot.value), y, colour, is_open=dot.is_open))
    return picture(_WIDTH, bottom + 26, title, parts)


def _scale(dots: Sequence[Dot]) -> tuple[float, float]:
    """Give ends in whole tens of per cent that hold every whisker and 0."""
    low = min([0.0, *(dot.low for dot in dots)])
    high = max([0.0, *(dot.high for dot in dots)])
    low, high = floor(low * 10 - 1e-9) / 10, ceil(high * 10 + 1e-9) / 10
    return low, max(high, low + 0.1)


def _legend(names: tuple[str, str]) -> list[str]:
    parts, x = [], _LABEL
    for name, colour, is_open in zip(names, (COLOURS[3], COLOURS[0]), (True, False), strict=True):
        parts += [mark(x + 6, 12, colour, is_open=is_open), words(x + 16, 16, name)]
        x += 16 + len(name) * CHARACTER + 18
    return parts
