"""What a service word's act gives back: keys of core.po with their values, for the reply."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Answer:
    """One text to send back: a key of the service's own words (core.po), and what fills it."""

    key: str
    values: Mapping[str, str | int] = field(default_factory=dict)


Answers = tuple[Answer, ...]
"""Texts in the order in which they are sent; empty when nothing is to be said."""
