"""A CSV file of any size as rows with their line numbers; what cannot be read is a fault of its line.

One bad line never takes another with it: a quote that is never closed costs its own line, not the rest
of the file. At most `MAX_LINE` bytes are held at a time, whatever the file is.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from smsbot.errors import BadList

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MAX_LINE = 16_384
"""Bytes of one row, with all the lines that its quoted cells hold."""
MAX_ROW_LINES = 20
REQUIRED = ("msisdn", "language")
OPTIONAL = (
    "tags",
    "consent_purpose",
    "consent_at",
    "consent_source",
    "country",
    "region",
    "network",
)
COLUMNS = REQUIRED + OPTIONAL
"""Every column there may be, in the order in which an export writes them."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\ufffe\uffff]")
_NAME = re.compile(r"[A-Za-z][A-Za-z _-]{0,39}")
_NOT_CSV = {
    b"PK\x03\x04": "is a spreadsheet or a zip file",
    b"\xd0\xcf\x11\xe0": "is an old spreadsheet file",
    b"\xff\xfe": "is in UTF-16",
    b"\xfe\xff": "is in UTF-16",
    b"%PDF": "is a PDF file",
}
_AS_CSV = "save the list as CSV UTF-8"


class Row(NamedTuple):
    """One row: the line on which it begins, and its cells, or the fault that hides them."""

    line: int
    cells: Sequence[str]
    fault: str = ""


class ContactFile:
    """The header at once, the rows as they are asked for. Raises BadList for what is no such list."""

    def __init__(self, file: BinaryIO) -> None:
        self._lines = _Lines(file)
        self.columns = self._header()
        self._width = len(self.columns)

    def __iter__(self) -> Iterator[Row]:
        """Give every row that is not blank."""
        width = self._width
        for row in self._lines.rows():
            if row.fault:
                yield row
            elif len(row.cells) == width:
                if any(row.cells):
                    yield row
            elif any(cell.strip() for cell in row.cells):
                yield Row(row.line, (), "wrong_width")

    @property
    def bytes_read(self) -> int:
        """Give how far the file has been read."""
        return self._lines.bytes_read

    def _header(self) -> Mapping[str, int]:
        first = next(self._lines.rows(), None)
        if first is None:
            raise _bad("empty", "the file is empty: its first line must name the columns")
        if first.fault:
            raise _bad(first.fault, f"the first line cannot be read: {_AS_CSV}", first.line)
        names = [name.strip().casefold() for name in first.cells]
        if len(names) == 1 and re.search("[;\t|]", names[0]):
            raise _bad(
                "wrong_separator", f"the columns are not separated by commas: {_AS_CSV}", first.line
            )
        for number, name in enumerate(names, 1):
            shown = f"`{name}`" if _NAME.fullmatch(name) else f"number {number}"
            if name not in COLUMNS:
                raise _bad(
                    "unknown_column",
                    f"the column {shown} is unknown: there are {', '.join(COLUMNS)}",
                    first.line,
                    name if _NAME.fullmatch(name) else str(number),
                )
            if names.index(name) < number - 1:
                raise _bad("doubled_column", f"the column {shown} is there twice", first.line, name)
        for name in REQUIRED:
            if name not in names:
                raise _bad("missing_column", f"the column `{name}` is missing", first.line, name)
        return {name: place for place, name in enumerate(names)}


class _Lines:
    """Rows out of lines: by splitting where no quote is, by the csv module where one is."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._again: deque[bytes] = deque()  # lines after a quote that was never closed
        self._number = 0
        self.bytes_read = 0

    def rows(self) -> Iterator[Row]:
        while True:
            raw = self._next()
            if not raw:
                return
            line = self._number
            if len(raw) > MAX_LINE:
                self._skip(raw)
                yield Row(line, (), "too_long")
                continue
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                yield Row(line, (), "not_utf8")
                continue
            if line == 1:
                text = text.removeprefix("\ufeff")
            if '"' in text:
                yield self._quoted(line, raw, text)
                continue
            text = text.removesuffix("\n").removesuffix("\r")
            if not text:
                continue
            if "\r" in text or _CONTROL.search(text):
                yield Row(line, (), "control_character")
            else:
                yield Row(line, text.split(","))

    def _next(self) -> bytes:
        if self._again:
            raw = self._again.popleft()
        else:
            raw = self._file.readline(MAX_LINE + 1)
            self.bytes_read += len(raw)
            if self._number == 0:
                _refuse_what_is_no_text(raw)
        self._number += bool(raw)
        return raw

    def _skip(self, raw: bytes) -> None:
        while raw and not raw.endswith(b"\n"):
            raw = self._file.readline(MAX_LINE)
            self.bytes_read += len(raw)

    def _quoted(self, line: int, raw: bytes, text: str) -> Row:
        """Give the row that begins here, which may go on over some lines."""
        taken = [raw]
        pieces = [text]
        while True:
            cells = _cells(pieces)
            if cells is not None:
                found = "".join(cells)
                bad = _CONTROL.search(found)
                return Row(line, (), "control_character") if bad else Row(line, cells)
            following = self._following(pieces, taken)
            if following is None:
                self._again.extendleft(reversed(taken[1:]))
                self._number = line
                return Row(line, (), "wrong_quoting")
            pieces.append(following)

    def _following(self, pieces: Sequence[str], taken: list[bytes]) -> str | None:
        """Take one more line of the row; None when it cannot be one."""
        if not _is_open(pieces) or len(taken) >= MAX_ROW_LINES:
            return None
        raw = self._next()
        if not raw:
            return None
        taken.append(raw)
        if sum(map(len, taken)) > MAX_LINE:
            return None
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return None


def _cells(pieces: Sequence[str]) -> Sequence[str] | None:
    """Read one row by the rules of CSV, strictly; None if it breaks them, or goes on."""
    try:
        rows = list(csv.reader(pieces, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _is_open(pieces: Sequence[str]) -> bool:
    """Say whether a quoted cell has not ended: an odd number of quotes."""
    return sum(piece.count('"') for piece in pieces) % 2 == 1


def _refuse_what_is_no_text(raw: bytes) -> None:
    for sign, words in _NOT_CSV.items():
        if raw.startswith(sign):
            raise _bad("no_csv", f"the file {words}: {_AS_CSV}")


def _bad(fault: str, words: str, line: int = 1, column: str = "") -> BadList:
    return BadList(f"{words} (line {line})", line=line, column=column, fault=fault)
