"""The first text of a flow as an SMS to anybody, and the conversation that a reply to it goes on with.

Campaigns and lessons send it. It is rendered once for everybody who speaks a language; the person is
filled in when somebody replies (`place.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from smsbot.engine import opening
from smsbot.engine import step as engine
from smsbot.engine.model import Person
from smsbot.engine.screen import APOLOGY
from smsbot.errors import Refused
from smsbot.sessions.live import Live, to_plain
from smsbot.text.segments import segment
from smsbot.values import ChannelKind

if TYPE_CHECKING:
    from smsbot.engine.model import Content
    from smsbot.values import Channel

ANYBODY = Person()
"""Whom a text is made for that goes to everybody."""
_SEED = b"opening"
"""References are made of it; an opening that makes one is refused."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What is sent, and where a reply goes on: `session` is what `sessions.live.from_plain` reads.

    `session` is None where the flow says its text and ends: then nothing waits for a reply.
    """

    text: str
    session: bytes | None
    flow: str
    language: str
    version: str
    segments: int


def open_flow(
    content: Content,
    channel: Channel,
    flow_id: str,
    language: str,
    *,
    now_ms: int,
    mark_drafts: bool = False,
) -> Opening:
    """Open a flow for anybody who speaks this language; the same arguments give the same opening.

    `mark_drafts` is `Settings.is_dev`: it offers languages that nobody reviewed, with a mark. Raises
    Refused for a flow that is not there, is not offered in the language, hangs on the person or does
    something before the first answer.
    """
    surface = engine.Surface(ChannelKind.SMS, channel.page, channel.country, mark_drafts)
    why_not = opening.unfit(content, flow_id, language, surface)
    if why_not:
        raise Refused(f"the flow {flow_id!r} cannot be opened by a text to everybody: {why_not}")
    outcome = engine.start(
        content,
        flow_id,
        person=ANYBODY,
        language=language,
        surface=surface,
        now=datetime.fromtimestamp(now_ms / 1000, UTC),
        seed=_SEED,
    )
    if outcome.session.notice == APOLOGY:
        raise Refused(f"the flow {flow_id!r} goes round without ever asking anything")
    text = outcome.reply.text
    return Opening(
        text=text,
        session=None if outcome.session.ended else to_plain(Live(session=outcome.session)),
        flow=flow_id,
        language=language,
        version=content.version,
        segments=segment(text).segments,
    )
