"""How a text is cut into SMS segments, as the operator cuts it and bills it.

One segment holds 160 septets or 70 UTF-16 units; of a longer text each segment loses six octets to
the header that joins them (3GPP TS 23.040 9.2.3.24.1), so it holds 153 or 67. The cut is greedy,
and never falls inside an ESC pair or a surrogate pair. A letter with its marks stays whole where
that costs no further segment: the count is what 3GPP arithmetic gives, never more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smsbot.text.graphemes import clusters
from smsbot.text.gsm import EXTENSION, Encoding, measure, outside, units

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SINGLE = {Encoding.GSM7: 160, Encoding.UCS2: 70}
"""Units of a text that fits one segment."""
JOINED = {Encoding.GSM7: 153, Encoding.UCS2: 67}
"""Units of each segment of a longer text."""

_EXTENSION = frozenset(EXTENSION)
_LAST_OF_BMP = "\uffff"


@dataclass(frozen=True, slots=True)
class Segmentation:
    """What a text costs. `forces` names every letter that makes it UCS-2 and its index.

    `index` counts code points from 0. `seg_units` are septets or UTF-16 units, without the header.
    """

    encoding: Encoding
    segments: int
    units: int
    seg_units: tuple[int, ...]
    forces: tuple[tuple[str, int], ...]


def segment(text: str) -> Segmentation:
    """Give encoding, segments and sizes of a text. Empty text is one segment of 0 units."""
    encoding, total = measure(text)
    sizes = (total,) if total <= SINGLE[encoding] else _joined_sizes(text, encoding, total)
    forces = () if encoding is Encoding.GSM7 else outside(text)
    return Segmentation(encoding, len(sizes), total, sizes, forces)


def parts(text: str) -> tuple[str, ...]:
    """Give the text of each segment; joined they are the text again."""
    encoding, total = measure(text)
    if total <= SINGLE[encoding]:
        return (text,)
    return tuple(_pieces(text, encoding))


def _joined_sizes(text: str, encoding: Encoding, total: int) -> tuple[int, ...]:
    if total == len(text) and encoding is Encoding.GSM7:
        # Nothing that may not be cut: plain arithmetic, since campaigns price millions of texts.
        full, rest = divmod(total, JOINED[encoding])
        return (JOINED[encoding],) * full + ((rest,) if rest else ())
    return tuple(units(piece, encoding) for piece in _pieces(text, encoding))


def _pieces(text: str, encoding: Encoding) -> list[str]:
    room = JOINED[encoding]
    if encoding is Encoding.GSM7:
        return _pack(text, _septets_of, room)
    plain = _pack(text, _units_of, room)
    letters = clusters(text)
    if max(map(len, letters)) > room // 2:
        return plain  # a letter under a heap of marks, that no segment may hold
    whole = _pack(letters, lambda letter: sum(map(_units_of, letter)), room)
    return whole if len(whole) == len(plain) else plain


def _pack(items: Iterable[str], size: Callable[[str], int], room: int) -> list[str]:
    """Fill segments one after the other, each to the last item that fits."""
    pieces: list[str] = []
    current: list[str] = []
    used = 0
    for item in items:
        needs = size(item)
        if used + needs > room:
            pieces.append("".join(current))
            current, used = [], 0
        current.append(item)
        used += needs
    pieces.append("".join(current))
    return pieces


def _septets_of(char: str) -> int:
    return 2 if char in _EXTENSION else 1


def _units_of(char: str) -> int:
    return 2 if char > _LAST_OF_BMP else 1
