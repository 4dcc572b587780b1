"""Take a report in: one row per effect, however often the turn is repeated, and a reference to follow.

What may stand in clear is decided here: choices and bands. A number becomes its band; a sentence, a
phone or a transaction id is left out, and exists only in the raw ciphertext, for 30 days (R14). A
single word cannot be told from a choice, so the caller leaves out a flow's `sensitive` variables.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from smsbot.errors import ReferenceTaken
from smsbot.storage import reports
from smsbot.storage.reports import RAW_CONTEXT, NewReport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection

    from smsbot.storage.contacts import Contact
    from smsbot.vault import Vault

_CHOICE = re.compile(r"(?!.*\d{4})[a-z][a-z0-9_-]{0,31}|[A-Z]\d{1,2}")
_AMOUNT = re.compile(r"-?\d{1,12}(\.\d{1,4})?")
_BANDS = (0, 1, 500, 1_000, 5_000, 10_000, 50_000, 100_000, 1_000_000)
_MAX_FACTS = 20
_REFERENCE_TRIES = 50


def take_report(
    connection: Connection,
    vault: Vault,
    *,
    effect_key: str,
    contact: Contact,
    channel: str,
    kind: str,
    facts: Mapping[str, str],
    raw_text: str | None,
    now_ms: int,
    reference: str,
) -> str:
    """Keep the report in the caller's transaction; give its reference, to be told after the commit.

    For an effect that was kept before, gives the reference that it got then. Raises ReferenceTaken
    when another report has `reference`; nothing is kept then.
    """
    report = NewReport(
        reference=reference,
        effect_key=effect_key,
        contact_id=contact.id,
        ref=contact.ref,
        owner_since=contact.owner_since,
        channel=channel,
        country=contact.country,
        network=contact.network,
        language=contact.language,
        kind=kind if _CHOICE.fullmatch(kind) else "other",
        facts=json.dumps(plain_facts(facts), sort_keys=True),
        raw_enc=vault.encrypt(raw_text.encode(), RAW_CONTEXT) if raw_text else None,
        received_at=now_ms,
    )
    if reports.insert(connection, report):
        return reference
    given = reports.reference_of(connection, effect_key)
    if given is None:
        raise ReferenceTaken("another report has this reference")
    return given


def add_to_report(
    connection: Connection, *, contact: Contact, earlier: str, facts: Mapping[str, str]
) -> bool:
    """Add facts to the report that a person made before; False where `earlier` is none of theirs.

    A flow files with the first answer, so that a dropped session leaves a report, and adds the later
    ones. Doing it again changes nothing.
    """
    known = reports.facts_of(connection, earlier, contact.ref, contact.owner_since)
    if known is None:
        return False
    merged = json.loads(known) | plain_facts(facts)
    reports.set_facts(connection, earlier, json.dumps(merged, sort_keys=True))
    return True


def free_reference(connection: Connection, candidate: Callable[[int], str]) -> str:
    """Give the first free one of `candidate(0)`, `candidate(1)` ...: the same turn, the same reference.

    A racing report may still take it first: then `take_report` says so.
    """
    for attempt in range(_REFERENCE_TRIES):
        reference = candidate(attempt)
        if not reports.is_taken(connection, reference):
            return reference
    raise ReferenceTaken(f"{_REFERENCE_TRIES} references in a row are taken")


def plain_facts(facts: Mapping[str, str]) -> dict[str, str]:
    """Give the facts that may stand in clear: choices as they are, numbers as a band, nothing else."""
    plain: dict[str, str] = {}
    for name, value in list(facts.items())[:_MAX_FACTS]:
        if not _CHOICE.fullmatch(name):
            continue
        if _CHOICE.fullmatch(value):
            plain[name] = value
        elif _AMOUNT.fullmatch(value):
            plain[name] = band_of(float(value))
    return plain


def band_of(amount: float) -> str:
    """Give the band of an amount or a count: `0`, `1-499` ... `1000000+`; below zero is `0`."""
    if amount <= 0:
        return "0"
    for low, high in pairwise(_BANDS[1:]):
        if amount < high:
            return f"{low}-{high - 1}"
    return f"{_BANDS[-1]}+"
