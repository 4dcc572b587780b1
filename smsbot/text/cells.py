"""Cells of a CSV file that a spreadsheet will open: no text in them may become a formula (R33).

A spreadsheet runs what begins with `=`, `+`, `-`, `@`, a tab or a line's end. An apostrophe before it
makes it a text, and is taken away again when the file comes back.
"""

from __future__ import annotations

import re

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What begins a formula; the last four are the wide forms that East Asian spreadsheets read too."""
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}")


def guarded(cell: str) -> str:
    """Give the cell so that it stays a text; a plain number, as a phone's `+254..`, does no harm."""
    marks = cell.lstrip("'")
    if marks.startswith(_STARTS) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def unguarded(cell: str) -> str:
    """Give the cell as it was before `guarded`, or before a spreadsheet's user did the same."""
    if cell.startswith("'") and cell.lstrip("'").startswith(_STARTS):
        return cell[1:]
    return cell
