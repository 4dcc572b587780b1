"""Keywords: what they look like, and that each means one thing to us and nothing to a gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.content.checks.rules import found
from smsbot.text.folding import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from smsbot.content.course_source import CourseSource
    from smsbot.content.faults import Fault
    from smsbot.content.source import FlowSource

MAX_LETTERS = 16
GATEWAY_WORDS = frozenset(
    (
        *("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"),
        *("START", "YES", "UNSTOP", "HELP", "INFO"),
    )
)
"""Words that Twilio and operators act on before, or instead of, handing them to us."""


def check_keywords(
    flows: Sequence[FlowSource | CourseSource], service_words: Mapping[str, Mapping[str, str]]
) -> Iterator[Fault]:
    """Find keywords of a wrong shape, and those that collide, of flows and of courses."""
    gateway = {fold(word): word for word in GATEWAY_WORDS}
    ours = {
        spelling: service for service, spellings in service_words.items() for spelling in spellings
    }
    taken: dict[str, str] = {}
    for flow in flows:
        for index, keyword in enumerate(flow.doc.keywords):
            line = flow.line("keywords", index)
            folded = fold(keyword)
            if len(keyword) > MAX_LETTERS or not keyword.isalnum():
                words = f"{keyword!r} is no single word of at most {MAX_LETTERS} letters and digits"
                yield found("keyword-shape", flow.path, line, words)
            elif keyword.isdigit():
                words = f"{keyword!r} is a number, which is an answer to a menu"
                yield found("keyword-shape", flow.path, line, words)
            if folded in gateway:
                words = f"{keyword!r} is a gateway's own word: the text may never reach us"
                yield found("keyword-gateway", flow.path, line, words)
            elif folded in ours:
                words = f"{keyword!r} is a word of the service itself ({ours[folded]})"
                yield found("keyword-service", flow.path, line, words)
            if folded in taken:
                words = f"{keyword!r} is a keyword of {taken[folded]} too"
                yield found("keyword-collision", flow.path, line, words)
            taken.setdefault(folded, flow.id)
