"""The statements of retention: each takes one bounded batch, oldest first, so that no lock is long.

Plans: every rule walks an index on its time column from `since`, which moves on with each batch; a
run looks again at the last days before the former run's end only, where late rows may have come in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, exists, func, or_, select, tuple_, update

from smsbot.storage.tables import (
    campaign_texts,
    campaigns,
    codes,
    consents,
    contacts,
    content_versions,
    courses,
    inbound,
    messages,
    openings,
    receipts,
    reports,
    texts,
    turns,
    ussd_sessions,
)
from smsbot.values import CampaignState, MessageState

if TYPE_CHECKING:
    from sqlalchemy import Column, ColumnElement, Connection, Table

BATCH = 1000
_OVER = (
    CampaignState.FINISHED.value,
    CampaignState.EXPIRED.value,
    CampaignState.CANCELLED.value,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """What becomes of rows older than a limit: `empties` are set to null, or the rows are deleted."""

    name: str
    table: Table
    at: Column[int]
    empties: tuple[Column[bytes], ...] = ()

    def stale(self, since: int, before: int) -> ColumnElement[bool]:
        """Give the condition for the rows that this rule still has work with."""
        aged = and_(self.at >= since, self.at < before)
        if not self.empties:
            return aged
        return aged & or_(*(column.is_not(None) for column in self.empties))


OPENINGS = Rule("turns.opening", turns, turns.c.at, (turns.c.opening_enc,))
PLACES = Rule("inbound.session", inbound, inbound.c.received_at, (inbound.c.session_enc,))
TEXTS_IN = Rule("inbound.body", inbound, inbound.c.received_at, (inbound.c.body_enc,))
TEXTS_OUT = Rule("messages.body", messages, messages.c.created_at, (messages.c.body_enc,))
RAW_REPORTS = Rule("reports.raw", reports, reports.c.received_at, (reports.c.raw_enc,))
REPORTS = Rule("reports", reports, reports.c.received_at)
RECEIPTS = Rule("receipts", receipts, receipts.c.at)
TURNS = Rule("turns", turns, turns.c.at)
USSD_SESSIONS = Rule("ussd_sessions", ussd_sessions, ussd_sessions.c.last_at)
CODES = Rule("codes", codes, codes.c.expires_at)


@dataclass(frozen=True, slots=True)
class Step:
    """One batch: how many rows it changed, and from when the next one goes on. None: it was the last."""

    rows: int
    since: int | None


def count(connection: Connection, rule: Rule, since: int, before: int) -> int:
    """Count the rows that the rule has work with."""
    found = select(func.count()).select_from(rule.table).where(rule.stale(since, before))
    return connection.execute(found).scalar_one()


def step(connection: Connection, rule: Rule, since: int, before: int) -> Step:
    """Take one batch."""
    key = tuple(rule.table.primary_key)
    these: ColumnElement[bool]
    found = connection.execute(
        select(*key, rule.at.label("stale_at"))
        .where(rule.stale(since, before))
        .order_by(rule.at)
        .limit(BATCH),
    ).all()
    if not found:
        return Step(0, None)
    if len(key) == 1:
        these = key[0].in_([row[0] for row in found])
    else:
        these = tuple_(*key).in_([tuple(row[:-1]) for row in found])
    if rule is TEXTS_OUT:
        connection.execute(
            update(messages)
            .where(these, messages.c.state == MessageState.QUEUED.value)
            .values(state=MessageState.CANCELLED.value, reason="too_old", final_at=before),
        )
    if rule.empties:
        values = {column.name: None for column in rule.empties}
        connection.execute(update(rule.table).where(these).values(**values))
    else:
        connection.execute(delete(rule.table).where(these))
    return Step(len(found), found[-1].stale_at if len(found) == BATCH else None)


def _spent_consents(before: int) -> ColumnElement[bool]:
    """Match rows that a newer one of the purpose replaced before `before`, and those of the erased."""
    newer = consents.alias("newer")
    replaced = exists().where(
        newer.c.contact_id == consents.c.contact_id,
        newer.c.purpose == consents.c.purpose,
        newer.c.id > consents.c.id,
        newer.c.at < before,
    )
    erased = exists().where(contacts.c.id == consents.c.contact_id, contacts.c.erased_at < before)
    return and_(consents.c.at < before, or_(replaced, erased))


def count_consents(connection: Connection, before: int) -> int:
    """Count the consents whose proof nobody may ask for any more."""
    found = select(func.count()).select_from(consents).where(_spent_consents(before))
    return connection.execute(found).scalar_one()


def step_consents(connection: Connection, before: int) -> int:
    """Delete one batch of them; a word that still holds is never one of them."""
    these = select(consents.c.id).where(_spent_consents(before)).limit(BATCH)
    return connection.execute(delete(consents).where(consents.c.id.in_(these))).rowcount


def _unused_contents(before: int) -> ColumnElement[bool]:
    newest = select(func.max(content_versions.c.created_at)).scalar_subquery()
    return and_(
        content_versions.c.used_at < before,
        content_versions.c.created_at < newest,
        ~_begins_in(before),
        content_versions.c.version.not_in(select(courses.c.version)),
        content_versions.c.version.not_in(select(openings.c.version)),
    )


def _begins_in(before: int) -> ColumnElement[bool]:
    """Match versions in which the reply to a text of ours may still go on."""
    of_a_campaign = exists().where(
        campaign_texts.c.text_id == texts.c.id,
        campaigns.c.id == campaign_texts.c.campaign_id,
        or_(campaigns.c.state.not_in(_OVER), campaigns.c.changed_at >= before),
    )
    return exists().where(
        texts.c.version == content_versions.c.version,
        or_(texts.c.created_at >= before, of_a_campaign),
    )


def count_contents(connection: Connection, before: int) -> int:
    """Count the content versions that no session has used since `before`; the newest always stays."""
    found = select(func.count()).select_from(content_versions).where(_unused_contents(before))
    return connection.execute(found).scalar_one()


def drop_contents(connection: Connection, before: int) -> int:
    """Delete them: there are few."""
    return connection.execute(delete(content_versions).where(_unused_contents(before))).rowcount
