"""Test sends: a campaign's text on a few real phones, before anybody else gets it.

They go through the same outbox and gateway, marked as tests, to phones whose owners the manager has
asked. Whoever has said STOP is not texted even so (R05).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smsbot.errors import Refused
from smsbot.storage import audit, contacts, messages, suppressions, test_sends
from smsbot.storage import texts as sealed_texts
from smsbot.storage.messages import PRIORITY_REPLY, NewMessage
from smsbot.storage.suppressions import SERVICE
from smsbot.text.phones import parse_phone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from smsbot.campaigns.texts import Worded
    from smsbot.storage.contacts import Contact
    from smsbot.values import Channel, Msisdn
    from smsbot.vault import Vault

MARK: Final = "TEST: "
MOST_NUMBERS: Final = 10
PER_HOUR: Final = 5
LIFETIME_MS: Final = 3_600_000
"""A test that could not leave for an hour is of no use: whoever waits for it has tried again."""
_HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one number. `refused` is why it was not texted, empty when it was."""

    msisdn: Msisdn
    language: str
    refused: str = ""


def parse_numbers(raw: Sequence[str], channel: Channel) -> tuple[Msisdn, ...]:
    """Read the numbers of a test, each once; raise Refused if one is none or there are too many."""
    found: dict[Msisdn, None] = {}
    for place, each in enumerate(raw, 1):
        msisdn = parse_phone(each, channel.country)
        if msisdn is None:
            raise Refused(f"number {place} is no phone number: write it like +254711000111")
        found[msisdn] = None
    if not 1 <= len(found) <= MOST_NUMBERS:
        raise Refused(f"a test goes to 1 to {MOST_NUMBERS} numbers, not to {len(found)}")
    return tuple(found)


def send_tests(
    connection: Connection,
    vault: Vault,
    channel: Channel,
    campaign_id: int,
    texts: Mapping[str, Worded],
    numbers: Sequence[Msisdn],
    *,
    language: str = "",
    actor: str,
    now_ms: int,
) -> tuple[Tried, ...]:
    """Queue a test to each number, in the language of its owner or in `language`; audit who got one."""
    if language and language not in texts:
        raise Refused(f"the campaign has no text in {language!r}: {', '.join(texts)}")
    done, reached = [], []
    for msisdn in numbers:
        contact = contacts.ensure(
            connection, vault, msisdn, channel_country=channel.country, network="", now_ms=now_ms
        )
        spoken = language or (contact.language if contact.language in texts else next(iter(texts)))
        refused = _refusal(connection, contact, now_ms)
        if not refused:
            _queue(connection, vault, channel, campaign_id, contact, texts[spoken], spoken, now_ms)
            reached.append(contact.ref)
        done.append(Tried(msisdn, spoken, refused))
    detail = {"sent": reached, "refused": len(done) - len(reached)}
    audit.append(
        connection, actor, "campaign.test", f"campaign:{campaign_id}", detail, now_ms=now_ms
    )
    return tuple(done)


def _refusal(connection: Connection, contact: Contact, now_ms: int) -> str:
    refusal = suppressions.may_send(connection, contact.ref, SERVICE).refusal
    if refusal is not None:
        return refusal.value
    if test_sends.count_since(connection, contact.id, now_ms - _HOUR_MS) >= PER_HOUR:
        return f"had {PER_HOUR} tests within an hour"
    return ""


def _queue(
    connection: Connection,
    vault: Vault,
    channel: Channel,
    campaign_id: int,
    contact: Contact,
    worded: Worded,
    language: str,
    now_ms: int,
) -> None:
    """Queue one test; of a flow, with the conversation that the reply goes on with."""
    text = MARK + worded.text
    if worded.session is None:
        sealed = messages.seal(vault, text)
    else:
        mark = vault.mac(text.encode() + worded.session, person=b"campaigns.text")
        sealed = sealed_texts.keep(
            connection,
            vault,
            key=f"t{campaign_id}:{language}:{mark[:24]}",
            language=language,
            text=text,
            now_ms=now_ms,
            flow=worded.flow,
            version=worded.version,
            session=worded.session,
        )
    new = NewMessage(
        channel=channel.id,
        contact_id=contact.id,
        ref=contact.ref,
        purpose=SERVICE,
        priority=PRIORITY_REPLY,  # somebody waits for it, at night too
        text=sealed,
        dedupe_key=f"{test_sends.KEY}{campaign_id}:{contact.id}:{now_ms}",
        expires_at=now_ms + LIFETIME_MS,
    )
    messages.add(connection, new, now_ms)
