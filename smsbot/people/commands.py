"""STOP, START, JOIN, HELP and corrections by SMS: each act in the caller's transaction.

The caller renders the answers in the person's language and puts them in the outbox in the same
transaction, so that nobody is told of an act that was not kept (R05, R06, R19).
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from smsbot.people.answers import Answer, Answers
from smsbot.storage import consents, contacts, suppressions
from smsbot.storage.suppressions import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from smsbot.storage.consents import Evidence
    from smsbot.storage.contacts import Contact

LESSONS = "lessons"
"""The purpose that JOIN agrees to."""
MAX_REGION_WORDS = 5
_IN_NAMES = frozenset(" -'.\u2019")


def stop(connection: Connection, contact: Contact, evidence: Evidence) -> Answers:
    """End every proactive message at once. One confirmation: a second STOP is not answered."""
    changed = suppressions.opt_out(connection, contact.ref, reason=Reason.STOP, evidence=evidence)
    return (Answer("stop-done"),) if changed else ()


def start(connection: Connection, contact: Contact, evidence: Evidence) -> Answers:
    """Lift a STOP. It brings back no consent: what was agreed to before ended with the STOP."""
    suppressions.lift(connection, contact.ref, evidence.at)
    return (Answer("start-done"),)


def join(connection: Connection, contact: Contact, evidence: Evidence) -> Answers:
    """Lift a STOP and agree to lessons."""
    suppressions.lift(connection, contact.ref, evidence.at)
    consents.grant(connection, contact.id, LESSONS, evidence)
    return (Answer("join-done"),)


def help_answer(connection: Connection, ref: str) -> Answers:
    """Say who we are, what it costs and how to stop; and to one who left, that we send nothing.

    Needs no contact and no session; writes nothing.
    """
    decision = suppressions.may_send(connection, ref, suppressions.SERVICE)
    if decision.allowed:
        return (Answer("help"),)
    return (Answer("help"), Answer("already-stopped"))


def set_language(
    connection: Connection,
    contact: Contact,
    language: str,
    names: Mapping[str, str],
    now_ms: int,
) -> Answers:
    """Keep the language; `names` are those that the service offers, by code."""
    if language not in names:
        return (Answer("language-unknown", {"languages": ", ".join(names.values())}),)
    contacts.set_language(connection, contact.id, language, now_ms)
    return (Answer("language-set", {"language": names[language]}),)


def set_region(connection: Connection, contact: Contact, raw_region: str, now_ms: int) -> Answers:
    """Keep the place that the person named (`REGION Kisumu`: pass what follows the word).

    Only a place name's letters are kept: the column is in clear, and people type PINs and numbers.
    """
    region = read_region(raw_region)
    if region is None:
        return (Answer("region-ask"),)
    contacts.set_region(connection, contact.id, region, now_ms)
    return (Answer("region-set", {"region": region}),)


def read_region(raw_region: str) -> str | None:
    """Give the place name in a text, tidied; None when it cannot be one."""
    words = unicodedata.normalize("NFC", raw_region).split()
    name = " ".join(words).strip(".'-\u2019 ")
    fits = 1 < len(name) <= contacts.MAX_REGION_CHARS and len(words) <= MAX_REGION_WORDS
    if not fits or not all(_may_stand_in_a_name(letter) for letter in name):
        return None
    return name


def _may_stand_in_a_name(letter: str) -> bool:
    return letter in _IN_NAMES or unicodedata.category(letter)[0] in "LM"
