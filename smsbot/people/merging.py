"""What a row of a list changes about a person: the person's own word stands, the list fills the rest.

Pure: the same row against the same facts gives the same answer, so that a chunk may be tried again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from smsbot.storage.suppressions import Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from smsbot.people.contact_row import Claim, Person
    from smsbot.storage.imports import Known, Said, Stop


class Fate(StrEnum):
    """What becomes of a row."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Merged:
    """A row's fate and what is to be written. `code` says why it is refused."""

    fate: Fate
    code: str = ""
    column: str = ""
    country: str = ""
    network: str = ""
    region: str = ""
    language: str = ""
    fields_change: bool = False
    tags: Sequence[str] = field(default=())
    claims: Sequence[Claim] = field(default=())


def merge(
    person: Person,
    known: Known | None,
    tags: Collection[str],
    said: Sequence[Said],
    stop: Stop | None,
) -> Merged:
    """Say what this row comes to. `said` are the words of the number's present owner, in order."""
    if stop is not None and stop.lifted_at is None and stop.reason == Reason.ERASED:
        return Merged(Fate.REFUSED, "erased", "msisdn")
    heard_before = {(word.purpose, word.at) for word in said if word.granted}
    claims = tuple(
        claim for claim in person.claims if (claim.purpose, claim.at) not in heard_before
    )
    if claims and _has_said_no(claims, said, stop):
        return Merged(Fate.REFUSED, "said_no", "consent_purpose")
    if known is None:
        return Merged(
            Fate.ADDED,
            country=person.country or person.home,
            network=person.network,
            region=person.region,
            language=person.language,
            tags=person.tags,
            claims=claims,
        )
    if any(_is_of_a_former_owner(claim, known) for claim in claims):
        return Merged(Fate.REFUSED, "former_owner", "consent_at")
    fields = _fields(person, known)
    fresh_tags = tuple(tag for tag in person.tags if tag not in tags)
    fields_change = fields != (known.country, known.network, known.region, known.language)
    changes = fields_change or fresh_tags or claims
    return Merged(
        Fate.UPDATED if changes else Fate.UNCHANGED,
        "",
        "",
        *fields,
        fields_change=fields_change,
        tags=fresh_tags,
        claims=claims,
    )


def _has_said_no(claims: Sequence[Claim], said: Sequence[Said], stop: Stop | None) -> bool:
    """Say whether a new consent stands against a STOP, or against the person's last word (R04)."""
    if stop is not None and (
        stop.lifted_at is None or any(claim.at <= stop.at for claim in claims)
    ):
        return True
    last = {word.purpose: word.granted for word in said}
    return any(not last.get(claim.purpose, True) for claim in claims)


def _is_of_a_former_owner(claim: Claim, known: Known) -> bool:
    changed_hands = known.owner_since > known.created_at
    return changed_hands and claim.at < known.owner_since


def _fields(person: Person, known: Known) -> tuple[str, str, str, str]:
    """Give country, network, region and language: what the person or the gateway told stays."""
    was_heard = known.last_seen_at > 0
    named_region = known.region_at is not None
    chose = known.language_at is not None and known.language_at >= known.owner_since
    return (
        person.country or known.country,
        known.network if was_heard and known.network else person.network or known.network,
        known.region if named_region else person.region or known.region,
        known.language if chose else person.language or known.language,
    )
