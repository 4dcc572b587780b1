"""What Redis holds of one person on one channel between two turns, and how it is written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from smsbot.engine.session import Session, as_json, from_json
from smsbot.errors import CannotDecrypt, StaleSession

if TYPE_CHECKING:
    from smsbot.vault import Vault

KEPT_TURNS = 2
"""How many answers are kept for a gateway that asks again; the opening's is kept besides."""
KEPT_SESSIONS = 3
"""How many earlier gateway sessions are remembered, to know a straggler from a direct dial."""


class Given(NamedTuple):
    """An answer that was given: for which transcript (or message), and what it was."""

    key: str
    length: int
    text: str
    ends: bool


@dataclass(slots=True)
class Live:
    """One person's place. `version` counts writes; 0 means that nothing is stored yet.

    `length` and `transcript` are the size and the keyed hash of all that was typed in this gateway
    session: never its text, because people type PINs. `number` counts the turns of it. `offer` says
    that the page shown asks "continue or start again". `plain` says that this gateway session opened
    at the front door, so that it can be rebuilt from its transcript alone.
    """

    session: Session
    version: int = 0
    gateway_session: str = ""
    number: int = 0
    length: int = 0
    transcript: str = ""
    offer: bool = False
    plain: bool = True
    at: int = 0
    owner_since: int = 0
    opening: Given | None = None
    given: list[Given] = field(default_factory=list)
    past: list[str] = field(default_factory=list)

    def answer_to(self, key: str) -> Given | None:
        """Give the stored answer to this transcript or message, if it is still held."""
        for given in reversed(self.given):
            if given.key == key:
                return given
        if self.opening is not None and self.opening.key == key:
            return self.opening
        return None

    def remember(self, given: Given) -> None:
        """Keep an answer; the oldest falls out."""
        if self.number == 0:
            self.opening = given
            self.given = []
        else:
            self.given = [*self.given[-(KEPT_TURNS - 1) :], given]


def seal(live: Live, vault: Vault, context: bytes) -> bytes:
    """Give the ciphertext of everything but the version."""
    return vault.encrypt(to_plain(live), context)


def to_plain(live: Live) -> bytes:
    """Give the bytes that `from_plain` reads."""
    row: list[Any] = [
        live.gateway_session,
        live.number,
        live.length,
        live.transcript,
        live.offer,
        live.plain,
        live.at,
        live.owner_since,
        _given_row(live.opening),
        [_given_row(given) for given in live.given],
        live.past,
    ]
    return as_json(live.session) + b"\n" + orjson.dumps(row)  # JSON of orjson has no newline


def unseal(sealed: bytes, version: int, vault: Vault, context: bytes) -> Live | None:
    """Give the Live, or None when it cannot be read any more (keys or shape changed)."""
    try:
        return from_plain(vault.decrypt(sealed, context), version)
    except (CannotDecrypt, StaleSession):
        return None


def from_plain(plain: bytes, version: int) -> Live:
    """Give the Live; raise StaleSession for a shape of another release."""
    try:
        session, _, facts = plain.partition(b"\n")
        (
            gateway_session,
            number,
            length,
            transcript,
            offer,
            is_plain,
            at,
            owner,
            opening,
            given,
            past,
        ) = orjson.loads(facts)
        return Live(
            session=from_json(session),
            version=version,
            gateway_session=gateway_session,
            number=number,
            length=length,
            transcript=transcript,
            offer=offer,
            plain=is_plain,
            at=at,
            owner_since=owner,
            opening=Given(*opening) if opening else None,
            given=[Given(*one) for one in given],
            past=past,
        )
    except (ValueError, TypeError):
        raise StaleSession("a stored session has the shape of another release") from None


def _given_row(given: Given | None) -> list[Any] | None:
    return None if given is None else [given.key, given.length, given.text, given.ends]
