"""Where one person stands in a conversation: small, mutable during a turn, stored between turns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from smsbot.engine.model import Person, Scalar
from smsbot.errors import StaleSession

MAX_HISTORY = 20
"""How many steps `0` can go back."""
MAX_DEPTH = 8
"""How deep flows may call flows."""


@dataclass(slots=True)
class Session:
    """A conversation between two turns. `as_json` and `from_json` are exact inverses.

    `state` is the attribute that the `transitions` machine moves. `language` is what the person
    chose; `flow_language` is what this flow speaks (fallback is by whole flow). `channel` is a
    ChannelKind. `variables` holds what was set; the rest is unset (`Flow.defaults`).

    `page` is the page shown, from 0. `hints` are the pages that begin with a hint after a wrong
    answer, in order, and `notice` says which hint: `retry` for the author's own, else a key of the
    core words. `notice` is also `too-many-tries` or `apology` when the conversation ended so.
    `wrong` counts wrong answers in a row.

    `pending` names the texts said in front of the current page: [state, n] for the `say` (n is -1)
    or the feedback of option n; then the values that its placeholders had; then flow and language
    where they are not the session's. `frames` are the callers of subflows, outermost first:
    [flow, state that called, variables, flow_language]. `history` holds what `0` needs, the last
    step last: [state, variables to put back (null: unset), page, pending] without an empty end, or
    after a step into another flow [state, all variables, page, pending, flow, flow_language, frames].
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
    hints: list[int] = field(default_factory=list)
    pending: list[list[Any]] = field(default_factory=list)
    frames: list[list[Any]] = field(default_factory=list)
    history: list[list[Any]] = field(default_factory=list)

    def copy(self) -> Session:
        """Give a session to work on. What is inside frames, history and pending is never changed."""
        return Session(
            self.version,
            self.channel,
            self.flow,
            self.state,
            self.language,
            self.flow_language,
            self.person,
            self.variables.copy(),
            self.page,
            self.wrong,
            self.ended,
            self.notice,
            self.hints,
            self.pending,
            self.frames.copy(),
            self.history.copy(),
        )


# One letter a field: the session is stored at every turn. A field at its default is left out.
_TEXTS = {
    "v": "version",
    "c": "channel",
    "f": "flow",
    "s": "state",
    "l": "language",
    "L": "flow_language",
}
_REST: dict[str, tuple[str, type]] = {
    "x": ("variables", dict),
    "p": ("page", int),
    "w": ("wrong", int),
    "e": ("ended", bool),
    "n": ("notice", str),
    "i": ("hints", list),
    "q": ("pending", list),
    "r": ("frames", list),
    "h": ("history", list),
}


def as_json(session: Session) -> bytes:
    """Write a session as compact JSON; a typical one is under 400 bytes."""
    person = session.person
    data: dict[str, Any] = {
        "v": session.version,
        "c": session.channel,
        "f": session.flow,
        "s": session.state,
        "l": session.language,
    }
    if session.flow_language != session.language:
        data["L"] = session.flow_language
    if person != _NOBODY:
        data["o"] = (
            person.country,
            person.network,
            person.region,
            person.consents,
            person.asked,
            person.tags,
        )
    for key, name in _WRITTEN:
        value = getattr(session, name)
        if value:
            data[key] = value
    return orjson.dumps(data)


def from_json(raw: bytes) -> Session:
    """Read a session; raise StaleSession for one that this version of the service can't have written."""
    try:
        data = orjson.loads(raw)
        person = _person(data.pop("o", None))
        given = {_NAMES[key]: value for key, value in data.items()}
        given.setdefault("flow_language", given["language"])
        session = Session(person=person, **given)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise StaleSession("a stored session is of another version of the service") from None
    for name, type_ in _TYPES:
        if type(getattr(session, name)) is not type_:
            raise StaleSession(f"a stored session has a {name} of another type")
    return session


def _person(values: list[Any] | None) -> Person:
    if values is None:
        return _NOBODY
    country, network, region, consents, asked, tags = values
    if not all(isinstance(value, str) for value in (country, network, region)):
        raise TypeError
    return Person(country, network, region, *map(_names, (consents, asked, tags)))


def _names(values: list[Any]) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError
    return tuple(values)


_NOBODY = Person()
_WRITTEN = tuple((key, name) for key, (name, _) in _REST.items())
_NAMES = _TEXTS | {key: name for key, (name, _) in _REST.items()}
_TYPES = (*((name, str) for name in _TEXTS.values()), *_REST.values())
