"""What a dialling code would do to the phone that dials it.

A scam can hide in a code: `*35*0000*16#` bars the victim's own incoming texts, so that no real receipt
arrives. The network's own codes are those of 3GPP TS 22.030 (annex B and section 6.5); all others are
operators' menus, which do nothing by themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class CodeEffect(StrEnum):
    """What dialling does."""

    DIVERT = "divert"
    BAR = "bar"
    UNLOCK = "unlock"
    CANCEL = "cancel"
    HIDE = "hide"
    WAIT = "wait"
    SHOW = "show"
    MENU = "menu"


@dataclass(frozen=True, slots=True)
class DialCode:
    """A code as it stands in a text, and where. `effect` MENU is an operator's or a bank's service."""

    code: str
    effect: CodeEffect
    start: int
    end: int

    @property
    def is_dangerous(self) -> bool:
        """Say whether it would divert or bar calls and texts, or change a lock."""
        return self.effect in (CodeEffect.DIVERT, CodeEffect.BAR, CodeEffect.UNLOCK)


_FOUND: Final = re.compile(
    r"(?<![\w*#])([*#]{1,2}) ?(\d{1,4})((?: ?\* ?[\d+]{0,20}(?: \d{2,4}){0,3}){0,6}) ?(#?)(?![\w*])"
)
_WIDE: Final = str.maketrans("＊＃＋０１２３４５６７８９", "*#+0123456789")
_EFFECTS: Final[Mapping[CodeEffect, frozenset[str]]] = {
    CodeEffect.DIVERT: frozenset({"21", "61", "62", "67", "002", "004"}),
    CodeEffect.BAR: frozenset({"33", "331", "332", "35", "351", "330", "333", "353"}),
    CodeEffect.UNLOCK: frozenset({"03", "04", "042", "05", "052"}),
    CodeEffect.HIDE: frozenset({"30", "31", "76", "77", "300"}),
    CodeEffect.WAIT: frozenset({"43"}),
    CodeEffect.SHOW: frozenset({"06"}),
}
_PIECES: Final = re.compile(r"[*#]|[^*#\s]+")
_SERVICE_CODES: Final = {code: effect for effect, codes in _EFFECTS.items() for code in codes}


def find_codes(text: str) -> tuple[DialCode, ...]:
    """Give the dialling codes of a text in order: closed by `#`, or begun as a network's own code is.

    Only the first number tells what a code is: `*33#` bars calls, `*100*33#` is a menu.
    """
    found: list[DialCode] = []
    for match in _FOUND.finditer(text.translate(_WIDE)):
        prefix, head, rest, closed = match.groups()
        effect = _SERVICE_CODES.get(head, CodeEffect.MENU)
        if prefix == "*#" and effect is not CodeEffect.MENU:
            effect = CodeEffect.SHOW  # asks how it stands, and changes nothing
        elif effect is CodeEffect.SHOW:
            effect = CodeEffect.MENU
        elif prefix[0] == "#" and effect in (CodeEffect.DIVERT, CodeEffect.BAR):
            effect = CodeEffect.CANCEL  # `##002#` ends every divert: the remedy, not the trap
        if not closed and (effect is CodeEffect.MENU or not rest):
            continue
        code = match[0].replace(" ", "")
        end = match.start() + len(match[0].rstrip())
        found.append(DialCode(code, effect, match.start(), end))
    return tuple(found)


def undialable(code: str) -> str:
    """Give a code in a form that no phone offers to dial: `* 35 * 0000 * 16 #`."""
    return " ".join(_PIECES.findall(code))
