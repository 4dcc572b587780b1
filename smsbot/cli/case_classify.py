"""`smsbot case classify`: what triage says of texts, one JSON line in, one out."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import click
import orjson

from smsbot.cli.jsonlines import BadLine, rows_of
from smsbot.cli.places import read_settings
from smsbot.content.triage_file import FOLDER, load_typology
from smsbot.scamdesk.triage import Judgement, classify_text

if TYPE_CHECKING:
    from smsbot.text.typology import Typology

_COUNTRY = re.compile(r"[A-Za-z]{2}")


@click.command()
@click.argument("file", type=click.File("rb"), default="-", metavar="[FILE|-]")
@click.option("--json", "as_json", is_flag=True, help="Write JSON lines instead of words.")
def classify(file: Any, as_json: bool) -> None:
    """Judge each text of FILE, or of standard input.

    A line is {"id", "text", "sender"?, "country"?}; what comes out is {"id", "band", "type", "score",
    "reasons", "indicators", "redacted"}, in the same order. Needs no server and no database. The rules
    are those of flows/triage.
    """
    typology = load_typology(read_settings().flows / FOLDER)
    for number, row in rows_of(file):
        found = classify_text(
            row["text"],
            typology=typology,
            sender=_optional(row, "sender", number),
            country=_country(row, number),
        )
        if as_json:
            sys.stdout.write(orjson.dumps({"id": row["id"], **_as_dict(found)}).decode() + "\n")
        else:
            sys.stdout.write(_in_words(row["id"], found, typology))
        sys.stdout.flush()


def _optional(row: dict[str, Any], name: str, number: int) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadLine(f"line {number} has a {name} that is no string")
    return value


def _country(row: dict[str, Any], number: int) -> str:
    country = _optional(row, "country", number)
    if country and not _COUNTRY.fullmatch(country):
        raise BadLine(f"line {number} has a country that is not two letters, such as KE")
    return country.upper()


def _as_dict(found: Judgement) -> dict[str, Any]:
    return {
        "band": found.band.value,
        "type": found.type,
        "score": found.score,
        "reasons": list(found.reasons),
        "indicators": [
            {"type": each.type.value, "value": each.shown}
            | ({"country": each.country} if each.country else {})
            for each in found.indicators
        ],
        "redacted": found.redacted,
    }


def _in_words(identity: str | int, found: Judgement, typology: Typology) -> str:
    reasons = " ".join(found.reasons)
    name = typology.name(found.type)
    return f"{identity}\t{found.band}\t{found.type} {name}\t{found.score:.2f}\t{reasons}\n"
