"""A report for a terminal or a mail: plain text of at most 80 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from smsbot.campaigns.report.document import heading, sections

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.campaigns.report.document import Section, Table
    from smsbot.campaigns.report.findings import Report

COLUMNS = 80
_GAP = 2
_LEAST = 8


def as_text(report: Report) -> str:
    """Give the whole report."""
    lines = [*_wrapped(report.head.title), "=" * min(len(report.head.title), COLUMNS)]
    for sentence in heading(report):
        lines += ["", *_wrapped(sentence)]
    for section in sections(report):
        lines += ["", "", section.title, "-" * len(section.title), *_section(section)]
    return "\n".join(lines) + "\n"


def _wrapped(words: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(words, COLUMNS, initial_indent=first, subsequent_indent=rest)


def _section(section: Section) -> Iterator[str]:
    for sentence in section.words:
        yield from _wrapped(sentence)
    for table in section.tables:
        yield ""
        yield from _wrapped(table.caption)
        yield from _table(table)
    for point in section.points:
        yield from _wrapped(point, "- ", "  ")


def _table(table: Table) -> Iterator[str]:
    """Write a table; words that do not fit go on in the next line, numbers are never cut."""
    if not table.columns:
        return
    rows = [table.columns, *table.rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.columns))]
    _narrow(widths, [max(len(part) for part in head.split() or [""]) for head in table.columns])
    for number, row in enumerate(rows):
        cells = [
            textwrap.wrap(cell, width) or [""] for cell, width in zip(row, widths, strict=True)
        ]
        for line in range(max(len(cell) for cell in cells)):
            texts = [cell[line] if line < len(cell) else "" for cell in cells]
            first = texts[0].ljust(widths[0])
            others = (text.rjust(width) for text, width in zip(texts[1:], widths[1:], strict=True))
            yield (" " * _GAP).join([first, *others]).rstrip()
        if number == 0:
            yield (" " * _GAP).join("-" * width for width in widths)


def _narrow(widths: list[int], least: list[int]) -> None:
    """Take from the widest column until the table fits."""
    while sum(widths) + _GAP * (len(widths) - 1) > COLUMNS:
        widest = max(range(len(widths)), key=lambda column: widths[column])
        if widths[widest] <= max(_LEAST, least[widest]):
            return
        widths[widest] -= 1
