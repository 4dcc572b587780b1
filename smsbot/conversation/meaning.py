"""What understanding a text looks at, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from smsbot.storage.suppressions import REPLY
from smsbot.text.answers import first_word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from smsbot.conversation.front import Front
    from smsbot.engine.model import Content, Outcome
    from smsbot.sessions.live import Live
    from smsbot.storage.contacts import Contact
    from smsbot.values import Channel, Msisdn, OptHint

WITH_ARGUMENT = ("MYDATA", "DELETE", "REGION", "STATUS", "WHY", "CHECK", "SCAM", "JOIN")
"""Service words that something may follow."""


@dataclass(frozen=True, slots=True)
class TextTurn:
    """One text as a turn. `id` is made of the gateway's message id: a repeat has the same."""

    channel: Channel
    caller: Msisdn
    network: str
    ref: str
    session_ref: str
    now_ms: int
    id: str
    gateway_id: str
    text: str
    hint: OptHint | None


@dataclass(frozen=True, slots=True)
class Said:
    """One text to send. `once` is a key that keeps a second one like it from being queued."""

    text: str
    purpose: str = REPLY
    once: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a conversation: where it leads and what it does."""

    live: Live
    outcome: Outcome


@dataclass(slots=True)
class Understanding:
    """What is to be said and kept.

    `leaves` ends the conversation that was going on; `forgets` ends the person's USSD session too;
    `woken` are channels that have a text to send besides this one's.
    """

    texts: list[Said] = field(default_factory=list)
    step: Step | None = None
    leaves: bool = False
    forgets: bool = False
    woken: set[str] = field(default_factory=set)


class Scene:
    """All that understanding one text looks at."""

    def __init__(
        self,
        connection: Connection,
        turn: TextTurn,
        contact: Contact,
        content: Content,
        language: str,
        inbound_id: int,
    ) -> None:
        self.connection = connection
        self.turn = turn
        self.contact = contact
        self.content = content
        self.language = language
        self.inbound_id = inbound_id

    def speak(self, language: str) -> None:
        """Answer in this language from here on."""
        if language in self.content.core:
            self.language = language

    def word(self, front: Front, key: str, values: Mapping[str, str] | None = None) -> str:
        """Give one of the service's own texts."""
        return front.word(self.content, self.turn.channel, self.language, key, values)

    def purpose(self, front: Front, purpose: str) -> str:
        """Give the name of a purpose, or the purpose itself where it has none."""
        key = f"purpose-{purpose}"
        return self.word(front, key) if key in self.content.core["en"] else purpose

    def service_word(self) -> tuple[str, str]:
        """Give the service word that the text begins with, and what follows it."""
        spelling = first_word(self.turn.text)
        for word in WITH_ARGUMENT:
            if spelling and spelling in self.content.service_words.get(word, {}):
                _, _, rest = self.turn.text.strip().partition(" ")
                return word, rest.strip()
        return "", ""
