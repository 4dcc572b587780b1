"""Texts with `{name}` placeholders, parsed once when content loads; a static text costs nothing later.

`{{` and `}}` stand for the braces themselves. A value is put in once and never read as a template,
so that what a person typed can hold braces.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smsbot.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsbot.engine.model import Scalar

_PART = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}|[{}]")


class CompiledTemplate:
    """A `model.Template`. `static` is the whole text when it has no placeholder, else None."""

    __slots__ = ("_parts", "names", "source", "static")

    def __init__(self, source: str) -> None:
        self.source = source
        literals, names = _parse(source)
        self.names = tuple(dict.fromkeys(names))
        self.static: str | None = None if names else literals[0]
        self._parts = tuple(zip(literals, [*names, ""], strict=True))

    def render(self, values: Mapping[str, Scalar]) -> str:
        """Give the text with the values in place; an unset name gives an empty string."""
        if self.static is not None:
            return self.static
        pieces: list[str] = []
        for literal, name in self._parts:
            pieces.append(literal)
            if name in values:
                pieces.append(as_text(values[name]))
        return "".join(pieces)

    def __repr__(self) -> str:
        return f"CompiledTemplate({self.source!r})"


def compile_template(source: str) -> CompiledTemplate:
    """Parse a text; raise ContentError for a lone brace or a name that is none."""
    return CompiledTemplate(source)


def as_text(value: object) -> str:
    """Write a value as people read it: plain digits, no exponent, `yes` and `no` for a claim."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        words = f"{value:.6f}".rstrip("0").rstrip(".")
        return "0" if words == "-0" else words
    if isinstance(value, int):
        return str(value)
    return ""


def _parse(source: str) -> tuple[list[str], list[str]]:
    """Split into n + 1 literals around n names."""
    literals, names, start = [""], [], 0
    for found in _PART.finditer(source):
        literals[-1] += source[start : found.start()]
        start = found.end()
        part, name = found[0], found[1]
        if name:
            names.append(name)
            literals.append("")
        elif part in ("{{", "}}"):
            literals[-1] += part[0]
        else:
            where = f"a lone {part} at letter {found.start() + 1}"
            raise ContentError(f"{where}: write {{name}}, or {part * 2} for the brace itself")
    literals[-1] += source[start:]
    return literals, names
