"""Conditions and values of a flow in CEL, compiled once. Nothing here raises while a citizen waits.

CEL does not mix integers and decimals, so a flow's numbers are integers unless an `ask` says
`decimals: true`. A fault at run time (a division by zero, mixed types) gives False and is counted.
"""

from __future__ import annotations

import math
import re
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from smsbot.errors import ContentError

# The package imports its interactive shell, and with it prompt_toolkit: 8 MB and 0.3 s a process.
sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))
import cel  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsbot.engine.model import Scalar

BUILT_IN: Mapping[str, str | tuple[str, ...]] = {
    "lang": "",
    "channel": "",
    "country": "",
    "network": "",
    "region": "",
    "consents": (),
    "asked": (),
    "tags": (),
}
"""Names that every expression may use, with their unset values."""

FUNCTIONS = frozenset(
    {"size", "contains", "startsWith", "endsWith", "matches", "int", "double", "string", "has"}
)
"""The functions that a flow may call; the macros all, exists, exists_one, filter, map besides."""

MAX_TEXT = 2_000
"""Letters that a variable holds at most: a forwarded SMS of ten segments fits."""
MAX_NUMBER = 10**15
"""The largest number that a variable holds: exact as a decimal too, and safe in JSON."""

_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,14})")
_DECIMAL = re.compile(r"-?\d{1,12}\.\d{1,9}")
_PLAIN_TEXT = re.compile(r"""'([^'\\\n]*)'|"([^"\\\n]*)\"""")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_LOCAL = re.compile(r"\.\s*(?:all|exists|exists_one|filter|map)\s*\(\s*([A-Za-z_]\w*)\s*,")


class CelExpression:
    """A `model.Expression`. `functions` are the named functions that it calls.

    `faults` counts what went wrong at run time, roughly (threads may lose a count).
    """

    __slots__ = ("_constant", "_program", "_wanted", "faults", "functions", "names", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self.faults = 0
        self._constant = _constant(source)
        try:
            self._program = cel.compile(source)
        except ValueError as fault:
            raise ContentError(f"no CEL expression: {_reason(str(fault))}") from None
        self._wanted = tuple(self._program.variables())
        # The library lists the names that a macro binds (`t` in `tags.exists(t, ...)`) as variables.
        bound = set(_LOCAL.findall(_QUOTED.sub("''", source)))
        self.names = frozenset(self._wanted) - bound
        self.functions = frozenset(
            name for name in self._program.functions() if _NAME.fullmatch(name)
        )

    def evaluate(self, values: Mapping[str, Any]) -> Scalar:
        """Give the value; a fault at run time, or a value that is no Scalar, gives False."""
        if self._constant is not None:
            return self._constant
        value = self.attempt(values)
        if value is None:
            self.faults += 1
            return False
        return value

    def attempt(self, values: Mapping[str, Any]) -> Scalar | None:
        """Give the value, or None for a fault; nothing is counted."""
        found, _ = self._run(values)
        return found

    def fault_on(self, values: Mapping[str, Any]) -> str:
        """Give the reason why these values make a fault, or an empty string."""
        return self._run(values)[1]

    def _run(self, values: Mapping[str, Any]) -> tuple[Scalar | None, str]:
        given = {name: values[name] for name in self._wanted if name in values}
        try:
            found = self._program.execute(given)
        except Exception as fault:  # noqa: BLE001 - total by contract: whatever the library raises
            return None, _reason(str(fault))
        if isinstance(found, float) and not math.isfinite(found):
            return None, "the value is not a finite number"
        if not isinstance(found, str | int | float | bool):
            return None, "the value is neither a number, a text nor true or false"
        return found, ""


def compile_expression(source: str) -> CelExpression:
    """Compile; raise ContentError with the reason for what is no CEL."""
    return CelExpression(source)


def problems(expression: CelExpression, known: Mapping[str, Scalar]) -> tuple[str, ...]:
    """Say what a citizen would otherwise find out: unknown names and functions, mixed types.

    `known` are the flow's variables with their unset values (their types count). Types are tried
    with unset and with set values, so that both sides of an `&&` are seen.
    """
    found = [
        f"unknown name {name!r}"
        for name in sorted(expression.names - known.keys() - BUILT_IN.keys())
    ]
    found += [f"unknown function {name!r}" for name in sorted(expression.functions - FUNCTIONS)]
    if found:
        return tuple(found)
    unset = {**BUILT_IN, **known}
    some = all_set(unset)
    mixed = [{**unset, name: some[name]} for name in sorted(expression.names)]
    for values in (some, *mixed, unset):
        reason = expression.fault_on(values)
        if reason and "zero" not in reason:  # dividing by what is unset yet is no mistake of types
            return (f"types do not fit: {reason}",)
    return ()


def all_set(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the same names with other values of the same types: what is unset is set."""
    return {name: _other(value) for name, value in values.items()}


def settle(value: Scalar, unset: Scalar) -> Scalar:
    """Give the value as the type of the variable's unset value, within bounds; else the unset one.

    So a variable keeps its type for good, whatever an expression came to.
    """
    if isinstance(unset, str):
        return value[:MAX_TEXT] if isinstance(value, str) else unset
    if isinstance(value, str):
        return unset
    if isinstance(unset, bool):
        return bool(value)
    bounded = max(-MAX_NUMBER, min(MAX_NUMBER, value))
    return float(bounded) if isinstance(unset, float) else int(bounded)


def unset_of(value: Scalar) -> Scalar:
    """Give the unset value of this value's type: 0, 0.0, False or the empty string."""
    return type(value)()


def _constant(source: str) -> Scalar | None:
    """Give the value of a plain literal, which needs no CEL at run time."""
    words = source.strip()
    if words in ("true", "false"):
        return words == "true"
    if _INTEGER.fullmatch(words):
        return int(words)
    if _DECIMAL.fullmatch(words):
        return float(words)
    quoted = _PLAIN_TEXT.fullmatch(words)
    return (quoted[1] or quoted[2] or "") if quoted else None


def _other(value: Any) -> Any:
    """Give a set value of the same type."""
    if isinstance(value, tuple):
        return ("a",)
    return {bool: True, int: 1, float: 1.5, str: "a"}[type(value)]


def _reason(words: str) -> str:
    """Give the first sentence of the library's words, on one line."""
    line = " ".join(words.split())
    _, _, syntax = line.partition("Syntax error: ")
    return (syntax or line).split(". ")[0][:120]
