"""`smsbot segments`: what a text costs as SMS, and which letters make it cost more."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from smsbot.cli.jsonlines import decoded, rows_of
from smsbot.text.segments import segment
from smsbot.text.typography import fold_typography

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.text.segments import Segmentation


@click.command()
@click.argument("text", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--jsonl", is_flag=True, help="Read {id, text} lines from standard input, write one for each."
)
def segments(text: str | None, as_json: bool, jsonl: bool) -> None:
    """Count the SMS segments of TEXT, or of standard input when TEXT is `-`.

    Shows the encoding, the units of each segment (septets of GSM-7 or UTF-16 units of UCS-2), and
    the letters that force UCS-2.
    """
    if jsonl:
        if as_json or text not in (None, "-"):
            raise click.UsageError("--jsonl reads standard input: give neither TEXT nor --json")
        _count_lines(sys.stdin.buffer)
        return
    if text is None:
        raise click.UsageError("give a TEXT, or - to read it from standard input")
    if text == "-":
        text = decoded(sys.stdin.buffer.read(), "standard input").removesuffix("\n")
    found = segment(text)
    click.echo(json.dumps(_as_dict(found)) if as_json else "\n".join(_in_words(text, found)))


def _count_lines(source: BinaryIO) -> None:
    """Answer each line as soon as it is read; memory holds one line. Blank lines are passed over."""
    for _, row in rows_of(source):
        counted = {"id": row["id"], **_as_dict(segment(row["text"]))}
        sys.stdout.write(json.dumps(counted) + "\n")
        sys.stdout.flush()


def _as_dict(found: Segmentation) -> dict[str, Any]:
    return {
        "encoding": found.encoding,
        "segments": found.segments,
        "units": found.units,
        "seg_units": found.seg_units,
        "forces": [{"char": char, "index": index} for char, index in found.forces],
    }


_NAMED = 12
"""Letters that are named in words: a text in Amharic would name all of them."""


def _in_words(text: str, found: Segmentation) -> Iterator[str]:
    sizes = " + ".join(map(str, found.seg_units))
    yield f"{found.encoding}, {_count(found.segments)}, {found.units} units: {sizes}"
    places: dict[str, list[int]] = {}
    for char, index in found.forces:
        places.setdefault(char, []).append(index)
    for char, indexes in list(places.items())[:_NAMED]:
        shown = char if char.isprintable() else "?"
        where = ", ".join(map(str, indexes[:_NAMED])) + (", .." if len(indexes) > _NAMED else "")
        yield f"  {shown} U+{ord(char):04X} forces {found.encoding} at {where}"
    if len(places) > _NAMED:
        yield f"  and {len(places) - _NAMED} more letters"
    folded = segment(fold_typography(text))
    if folded.segments < found.segments:
        yield f"With plain punctuation: {folded.encoding}, {_count(folded.segments)}"


def _count(number: int) -> str:
    return "1 segment" if number == 1 else f"{number} segments"
