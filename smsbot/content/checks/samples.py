"""Tries an expression on typed values until both sides of each `&&`, `||` and `?:` were seen.

CEL finds a type fault only where it evaluates, and `lost > 5000 && lang > 3` never looks at `lang`
while `lost` is small. So every name takes small and large values, and those beside the numbers and
texts that the expression itself compares with.
"""

from __future__ import annotations

import re
from math import prod
from typing import TYPE_CHECKING, Any

from smsbot.engine.expressions import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from smsbot.engine.expressions import CelExpression
    from smsbot.engine.model import Scalar

MOST_TRIES = 200

_QUOTED = re.compile(r"""'([^'\\]*)'|"([^"\\]*)\"""")
_NUMBER = re.compile(r"(?<![\w.])\d{1,15}(?:\.\d{1,9})?")


def type_faults(expression: CelExpression, defaults: Mapping[str, Scalar]) -> tuple[str, ...]:
    """Give the reasons why some values of the right types make the expression fail.

    A division by zero is no type fault: it gives False at run time, which an author may want.
    """
    known = {**BUILT_IN, **defaults}
    names = sorted(expression.names & known.keys())
    found: dict[str, None] = {}
    for values in _samples(expression.source, names, known):
        reason = expression.fault_on({**known, **values})
        if reason and "zero" not in reason:
            found[reason] = None
    return tuple(found)


def _samples(source: str, names: list[str], known: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give combinations of values: all of a small product, else evenly spread ones."""
    texts = list(dict.fromkeys(single or double for single, double in _QUOTED.findall(source)))
    numbers = [float(each) for each in _NUMBER.findall(_QUOTED.sub("''", source))]
    choices = [_values(known[name], texts, numbers) for name in names]
    longest = max(map(len, choices), default=1)
    for index in range(longest):  # all names together through their values
        yield {name: own[index % len(own)] for name, own in zip(names, choices, strict=True)}
    total = prod(map(len, choices))
    for number in range(0, total, max(1, total // MOST_TRIES) | 1):
        values, rest = {}, number
        for name, own in zip(names, choices, strict=True):
            rest, index = divmod(rest, len(own))
            values[name] = own[index]
        yield values


def _values(default: Any, texts: list[str], numbers: list[float]) -> list[Any]:
    """Give values of the default's type."""
    if isinstance(default, bool):
        return [True, False]
    if isinstance(default, str):
        return ["a", *texts, ""]
    if isinstance(default, tuple):
        return [(), ("a",), tuple(texts)]
    kind = type(default)
    beside = [kind(each + step) for each in numbers for step in (1, 0, -1)]
    return list(dict.fromkeys([kind(1_000_000), *beside, kind(1), kind(0)]))
