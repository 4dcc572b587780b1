"""What a campaign may be for. A purpose is what people consented to, so its words are few and plain.

Political, betting and commercial broadcasts are refused (R38): a safety service that sells something
once is believed by nobody afterwards.
"""

from __future__ import annotations

from typing import Final

from smsbot.content.faults import did_you_mean

KNOWN: Final = ("lessons", "alerts", "reports-sharing", "research", "network")
"""The purposes of R02. A deployment has others once somebody has agreed to them (an import says so)."""
WITHOUT_CONSENT: Final = frozenset({"reply", "service"})
"""Purposes of our own answers, which ask nobody's consent: a broadcast never borrows them."""
_REFUSED: Final = (
    ("political", "politic elect vote voting party candidate referendum siasa uchaguzi kura"),
    ("betting", "bet betting gambl casino lotter jackpot kamari bahati"),
    ("commercial", "market advert promo sales sale commerc sponsor offer biashara matangazo"),
)


def fault_of(purpose: str, agreed_to: frozenset[str]) -> tuple[str, str]:
    """Give what is wrong with a purpose and a hint; two empty texts when nothing is.

    `agreed_to` are purposes beside the known ones that somebody consented to here.
    """
    folded = purpose.casefold()
    if folded in WITHOUT_CONSENT:
        return f"{purpose!r} is for our own answers, which need no consent", _among(())
    for kind, stems in _REFUSED:
        parts = folded.replace("_", "-").split("-")
        if any(part.startswith(stem) for part in parts for stem in stems.split()):
            return f"{purpose!r} is {kind}: such campaigns are refused (R38)", _among(())
    if purpose in KNOWN or purpose in agreed_to:
        return "", ""
    near = did_you_mean(purpose, KNOWN)
    return f"nobody here has agreed to {purpose!r}", near


def _among(agreed_to: tuple[str, ...]) -> str:
    return "known: " + ", ".join((*KNOWN, *agreed_to))
