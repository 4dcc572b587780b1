"""Where one person stands in a conversation: small, mutable during a turn, stored between turns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smsbot.engine.model import Person, Scalar

MAX_HISTORY = 20
"""How many steps `0` can go back."""
MAX_DEPTH = 8
"""How deep flows may call flows."""


@dataclass(slots=True)
class Session:
    """A conversation between two turns. `as_json` and `from_json` are exact inverses.

    `state` is the attribute that the `transitions` machine moves. `language` is what the person
    chose; `flow_language` is what this flow speaks (fallback is by whole flow). `page` is the page
    of a long text, from 0. `frames` are the callers of subflows, outermost first:
    [flow, state that called, variables, flow_language]. `history` holds what `0` needs:
    [flow, state, page, variables before, depth]. `pending` are texts said before the current page.
    """

    version: str
    channel: str
    flow: str
    state: str
    language: str
    flow_language: str
    person: Person
    variables: dict[str, Scalar] = field(default_factory=dict)
    page: int = 0
    wrong: int = 0
    ended: bool = False
    notice: str = ""
    pending: list[str] = field(default_factory=list)
    frames: list[list[Any]] = field(default_factory=list)
    history: list[list[Any]] = field(default_factory=list)
