"""Reads JSON lines from people's files: each line as an object, or a fault that names the line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from smsbot.errors import SmsbotError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class BadLine(SmsbotError):
    """A line of the input is not what it should be; the message names the line and the fault."""

    code = "bad_line"


def rows_of(source: Iterable[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give (line number, object) of each line that is not blank; memory holds one line.

    Every object has an `id` (a string or a number) and a `text` (a string). Raises BadLine.
    """
    for number, raw in enumerate(source, 1):
        line = decoded(raw, f"line {number}").strip()
        if number == 1:
            line = line.removeprefix("\ufeff")
        if line:
            yield number, _parsed(line, number)


def decoded(raw: bytes, where: str) -> str:
    """Give the bytes as text; raise BadLine that says `where` they are not UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise BadLine(f"{where} is not UTF-8 (byte {fault.start + 1})") from fault


def _parsed(line: str, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as fault:
        raise BadLine(f"line {number} is not JSON") from fault
    if not isinstance(row, dict):
        raise BadLine(f"line {number} is not an object with id and text")
    if not isinstance(row.get("text"), str):
        raise BadLine(f"line {number} has no text that is a string")
    identity = row.get("id")
    if not isinstance(identity, str | int) or isinstance(identity, bool):
        raise BadLine(f"line {number} has no id that is a string or a number")
    return row
