"""flows/contacts.yaml: the official numbers and codes that a text may name, each with its source.

Invented help lines send victims to strangers, and a number that was right last year may be anybody's
now. So an entry says who published it and when somebody looked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from smsbot.content.checks.codes import is_call_control
from smsbot.content.checks.rules import found
from smsbot.content.yamlfile import YamlError, YamlFile, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from smsbot.content.faults import Fault

STALE_AFTER = timedelta(days=90)
"""After this long without somebody looking, a number is no longer shown (domain notes 2.2)."""


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_date(value: Any) -> Any:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value


@dataclass(frozen=True, slots=True)
class OfficialNumber:
    """A number or a code that an operator or an authority published."""

    country: str
    type: str
    value: str
    source: str
    verified_on: date
    line: int = 0


class _Entry(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    type: Annotated[str, Field(min_length=1)]
    value: Annotated[str, BeforeValidator(_as_text), Field(pattern=r"^[+*#\d][\d*# -]*$")]
    source: Annotated[str, Field(min_length=3)]
    verified_on: Annotated[date, BeforeValidator(_as_date)]


def read_numbers(path: Path) -> tuple[tuple[OfficialNumber, ...], list[Fault]]:
    """Read the directory: its good entries and every fault. A file that is absent is empty."""
    if not path.exists():
        return (), []
    try:
        file = read_yaml(path)
    except YamlError as broken:
        return (), [
            found("contacts-file", str(path), each.line, each.words) for each in broken.faults
        ]
    return _entries(file)


def _entries(file: YamlFile) -> tuple[tuple[OfficialNumber, ...], list[Fault]]:
    data = file.data
    place: tuple[str | int, ...] = ()
    if isinstance(data, dict) and set(data) == {"contacts"}:
        data, place = data["contacts"], ("contacts",)
    if not isinstance(data, list):
        return (), [found("contacts-file", file.path, 1, "must be a list of numbers")]
    numbers: list[OfficialNumber] = []
    faults: list[Fault] = []
    for index, raw in enumerate(data):
        line = file.line((*place, index))
        try:
            entry = _Entry.model_validate(raw)
        except ValidationError as wrong:
            for each in wrong.errors(include_url=False):
                spot = file.line((*place, index, *each["loc"]))
                name = ".".join(map(str, each["loc"])) or "the entry"
                words = f"`{name}`: {each['msg'][:1].lower()}{each['msg'][1:]}"
                faults.append(found("contacts-file", file.path, spot, words))
            continue
        if is_call_control(entry.value):
            words = f"{entry.value} commands the network itself and is no one's number"
            faults.append(found("contacts-file", file.path, line, words, "delete the entry"))
            continue
        numbers.append(
            OfficialNumber(
                entry.country, entry.type, entry.value, entry.source, entry.verified_on, line
            )
        )
    return tuple(numbers), faults


def stale_numbers(numbers: tuple[OfficialNumber, ...], path: str, today: date) -> Iterator[Fault]:
    """Find the numbers that nobody has looked at for too long."""
    for number in numbers:
        if today - number.verified_on > STALE_AFTER:
            words = f"{number.type} of {number.country} was last verified on {number.verified_on}"
            yield found("contact-stale", path, number.line, words)
