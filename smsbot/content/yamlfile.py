"""Strict YAML with line numbers.

YAML 1.1 reads 0712 as an octal number, 1:30 as sixty-something, `no` as False and +254 as an integer.
Here a plain word is true, false, null, a decimal number without leading zeros, or a text. A doubled
key, a tag, an anchor or an alias is a fault, and so is a file over 1 MB.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_DIGITS = 18

_INTEGER = re.compile(r"0|-?[1-9]\d*")
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d*)\.\d+")
_HINTS = {
    "mapping values are not allowed in this context": " (put quotes around a text that holds a colon)"
}
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}

Path_ = tuple[str | int, ...]
"""Where a value stands in the document: keys and list indices, outermost first."""


@dataclass(frozen=True, slots=True)
class YamlFault:
    """What is wrong, and on which line (from 1)."""

    line: int
    words: str


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A document and the line of each of its values. `line` of an unknown path is its parent's."""

    path: str
    data: Any
    lines: dict[Path_, int]

    def line(self, place: Path_) -> int:
        """Give the line of the value at `place`, or of the nearest thing around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


class YamlError(Exception):
    """The file is no strict YAML; `faults` lists why."""

    def __init__(self, path: str, faults: tuple[YamlFault, ...]) -> None:
        super().__init__("; ".join(f"{path}:{fault.line}: {fault.words}" for fault in faults))
        self.path = path
        self.faults = faults


def read_yaml(path: Path) -> YamlFile:
    """Read a file; raise YamlError (also for one that is absent, too large or not UTF-8)."""
    try:
        raw = path.read_bytes()
    except OSError as fault:
        raise YamlError(str(path), (YamlFault(1, f"cannot be read: {fault.strerror}"),)) from None
    return parse_yaml(raw, str(path))


def parse_yaml(raw: bytes, path: str) -> YamlFile:
    """Parse the bytes of a file named `path`; raise YamlError."""
    if len(raw) > MAX_BYTES:
        raise YamlError(path, (YamlFault(1, f"is over {MAX_BYTES} bytes"),))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = raw[: fault.start].count(b"\n") + 1
        raise YamlError(path, (YamlFault(line, "is not UTF-8"),)) from None
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark
        line = mark.line + 1 if mark else 1
        hint = _HINTS.get(str(fault.problem), "")
        raise YamlError(path, (YamlFault(line, f"is not YAML: {fault.problem}{hint}"),)) from None
    except yaml.YAMLError as fault:
        raise YamlError(path, (YamlFault(1, f"is not YAML: {fault}"),)) from None
    lines: dict[Path_, int] = {}
    faults: list[YamlFault] = []
    data = _value(node, (), lines, faults, {}) if node is not None else None
    if faults:
        raise YamlError(path, tuple(faults))
    return YamlFile(path, data, lines)


def _value(
    node: yaml.Node,
    place: Path_,
    lines: dict[Path_, int],
    faults: list[YamlFault],
    seen: dict[int, int],
) -> Any:
    line = node.start_mark.line + 1
    lines[place] = line
    if id(node) in seen:
        faults.append(YamlFault(line, "aliases (*name) are not allowed: write it out"))
        return None
    seen[id(node)] = line
    if not node.tag.startswith("tag:yaml.org,2002:") or "python" in node.tag:
        faults.append(YamlFault(line, "tags (!name) are not allowed"))
        return None
    if len(place) > MAX_DEPTH:
        faults.append(YamlFault(line, f"is nested deeper than {MAX_DEPTH}"))
        return None
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [
            _value(item, (*place, index), lines, faults, seen)
            for index, item in enumerate(node.value)
        ]
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key_line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            faults.append(YamlFault(key_line, "a key must be a plain word"))
            continue
        key = str(key_node.value)
        if key in found:
            faults.append(YamlFault(key_line, f"{key!r} stands twice"))
            continue
        found[key] = _value(value_node, (*place, key), lines, faults, seen)
        lines[(*place, key)] = min(key_line, lines[(*place, key)])
    return found


def _scalar(node: yaml.ScalarNode) -> Any:
    text = str(node.value)
    if node.style:  # quoted, or a block: always a text
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text) and len(text) <= MAX_DIGITS:
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text
