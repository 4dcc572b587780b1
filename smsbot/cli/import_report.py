"""What `smsbot contacts import` says: each refused row as it comes, or one JSON object at the end."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from typing import TYPE_CHECKING, Any, Protocol, Self

import click

if TYPE_CHECKING:
    from pathlib import Path

    from smsbot.errors import BadList
    from smsbot.people.contact_row import Refusal
    from smsbot.people.imports import Tally

_IN_MEMORY = 1 << 20
_COUNTS = ("rows", "added", "updated", "unchanged")


class Report(Protocol):
    """Is told of refused rows while a list comes in, and of the counts at the end."""

    def refuse(self, refusal: Refusal) -> None:
        """Take a refused row."""

    def sum_up(self, tally: Tally) -> None:
        """Tell how it ended."""

    def fail(self, fault: BadList) -> None:
        """Tell that the file is no list; the command's own error follows."""


class TextReport:
    """One line on stderr for each refused row, one line on stdout at the end."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def refuse(self, refusal: Refusal) -> None:
        """Write `FILE:line: words (code)`."""
        clear = "\r\x1b[K" if sys.stderr.isatty() else ""
        click.echo(
            f"{clear}{self._file}:{refusal.line}: {refusal.words} ({refusal.code})", err=True
        )

    def sum_up(self, tally: Tally) -> None:
        """Write the counts."""
        click.echo(
            f"{tally.rows:,} rows: {tally.added:,} added, {tally.updated:,} updated, "
            f"{tally.unchanged:,} unchanged, {tally.refused:,} refused"
        )
        if tally.without_consent:
            click.echo(
                f"{tally.without_consent:,} of the kept have no purpose, date and source of a consent: "
                "nothing is sent to them until they agree themselves"
            )

    def fail(self, fault: BadList) -> None:
        """Write nothing more."""


class JsonReport:
    """One object on stdout; refused rows wait in a file until the counts are known."""

    def __init__(self) -> None:
        self._spool = tempfile.SpooledTemporaryFile(_IN_MEMORY, mode="w+", encoding="utf-8")  # noqa: SIM115
        self._is_first = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._spool.close()

    def refuse(self, refusal: Refusal) -> None:
        """Keep a row."""
        self._keep(refusal.line, refusal.column, refusal.code, refusal.words)

    def sum_up(self, tally: Tally) -> None:
        """Write the object."""
        self._write({name: getattr(tally, name) for name in _COUNTS})

    def fail(self, fault: BadList) -> None:
        """Write the object of a file of which nothing was taken."""
        self._keep(fault.line, fault.column, fault.fault, str(fault))
        self._write(dict.fromkeys(_COUNTS, 0))

    def _keep(self, line: int, column: str, code: str, words: str) -> None:
        told: dict[str, Any] = {"line": line, "column": column, "code": code, "words": words}
        self._spool.write("" if self._is_first else ",\n  ")
        self._spool.write(json.dumps(told, ensure_ascii=False))
        self._is_first = False

    def _write(self, counts: dict[str, int]) -> None:
        self._spool.seek(0)
        sys.stdout.write(json.dumps(counts)[:-1] + ', "refused": [')
        shutil.copyfileobj(self._spool, sys.stdout)
        sys.stdout.write("]}\n")
