"""`smsbot case train`: makes the model file from labelled texts that its user supplies."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from smsbot.errors import SmsbotError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.scamdesk.training import Labelled

COLUMNS = ("id", "label", "lang", "group", "text")
_LONGEST_TEXT = 10_000


class BadRow(SmsbotError):
    """A row of the training files is not what it should be; the message names file and line."""

    code = "bad_row"


@click.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE.csv..",
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The model.",
)
def train(files: tuple[Path, ...], output: Path) -> None:
    """Train the small model; the same rows give the same bytes.

    Each FILE has the columns id, label, lang, group, text. `label` is scam or smishing, spam or
    marketing, ham or genuine. `lang` is the market whose texts are alike (one expert each). `group`
    joins near-copies, so that none helps to judge another. docs/triage.md says how to use the file.
    """
    from smsbot.scamdesk.model import pack
    from smsbot.scamdesk.training import train as learn

    rows = [row for path in files for row in rows_of_file(path)]
    if len({row.is_unwanted for row in rows}) < 2:  # noqa: PLR2004  # yes and no
        raise BadRow("the files need texts that are scams or spam, and texts that are neither")
    about = {
        "rows": len(rows),
        "files": [hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in files],
    }
    packed = pack(learn(rows, about))
    output.write_bytes(packed)
    click.echo(f"{output}: {len(packed):,} bytes from {len(rows):,} texts")


def rows_of_file(path: Path) -> Iterator[Labelled]:
    """Give the labelled texts of a file; raise BadRow."""
    from smsbot.scamdesk.training import LABELS, Labelled

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise BadRow(f"{path}:1: the column {missing[0]} is missing")
            for row in reader:
                where = f"{path}:{reader.line_num}"
                if any(row[name] is None for name in COLUMNS):
                    raise BadRow(f"{where}: the row has too few columns")
                if row["label"] not in LABELS:
                    raise BadRow(f"{where}: the label is none of {', '.join(sorted(LABELS))}")
                if not row["lang"].strip() or not row["group"].strip():
                    raise BadRow(f"{where}: lang and group must not be empty")
                market = row["lang"].strip()
                yield Labelled(
                    row["text"][:_LONGEST_TEXT], row["label"], market, f"{market}:{row['group']}"
                )
    except (UnicodeDecodeError, csv.Error) as fault:
        raise BadRow(f"{path} is no CSV in UTF-8 ({fault})") from None
