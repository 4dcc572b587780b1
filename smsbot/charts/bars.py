"""Bars: how many, side by side or in parts of a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smsbot.charts.svg import CHARACTER, COLOURS, PALE, box, picture, shortened, words

if TYPE_CHECKING:
    from collections.abc import Sequence

_LABEL_CHARS = 24
_LABEL = _LABEL_CHARS * CHARACTER + 10
_WIDTH = 680.0
_ROW = 26.0
_BAR = 16.0
_TOP = 12.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. `parts` are laid end to end; `told` is written behind it."""

    label: str
    parts: tuple[float, ...]
    told: str


def bars(title: str, given: Sequence[Bar], *, legend: Sequence[str] = ()) -> str:
    """Give horizontal bars on one scale, the longest filling the width."""
    longest = max((sum(bar.parts) for bar in given), default=0) or 1
    told = max((len(bar.told) for bar in given), default=0) * CHARACTER + 12
    space = max(_WIDTH - _LABEL - told, 120.0)
    parts = _legend(legend)
    top = _TOP + (_ROW if legend else 0)
    for row, bar in enumerate(given):
        y = top + row * _ROW
        text = shortened(bar.label, _LABEL_CHARS)
        parts.append(words(_LABEL - 8, y + 12.5, text, anchor="end"))
        x = _LABEL
        for colour, value in zip(COLOURS, bar.parts, strict=False):
            width = space * value / longest
            if value:
                parts.append(box(x, y, width, _BAR, colour))
            x += width
        parts.append(words(x + 6, y + 12.5, bar.told, colour=PALE))
    return picture(_WIDTH, top + len(given) * _ROW + 4, title, parts)


def _legend(names: Sequence[str]) -> list[str]:
    parts, x = [], _LABEL
    for colour, name in zip(COLOURS, names, strict=False):
        parts += [box(x, _TOP, 11, 11, colour), words(x + 16, _TOP + 10, name)]
        x += 16 + len(name) * CHARACTER + 18
    return parts
