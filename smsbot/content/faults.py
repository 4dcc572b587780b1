"""What is wrong with flows and messages: one value per fault, so that an author sees all at once."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Severity(StrEnum):
    """An error keeps content from being served; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault at one place. `code` is stable (docs and JSON name it); `hint` says how to mend it.

    Sorts by file, then line.
    """

    path: str
    line: int
    severity: Severity
    code: str
    words: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.path}:{self.line}: {self.severity}: {self.words}{hint}"

    @property
    def is_error(self) -> bool:
        """Say whether content with this fault is refused."""
        return self.severity is Severity.ERROR


def has_errors(faults: Iterable[Fault]) -> bool:
    """Say whether any fault is an error."""
    return any(fault.is_error for fault in faults)


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Give a hint with the known name nearest to `wrong`, or with all of them, or an empty text."""
    names = sorted(known)
    near = get_close_matches(wrong.lower(), names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    if not names:
        return ""
    shown = ", ".join(names[:12])
    return f"known here: {shown}" + (", ..." if len(names) > 12 else "")  # noqa: PLR2004
