"""Alerts as rows: one per trouble while it lasts, however many processes see it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import or_, select, update

from smsbot.storage.insert import insert_if_new
from smsbot.storage.tables import alerts

if TYPE_CHECKING:
    from sqlalchemy import Connection

_STALE_MS = 86_400_000
"""A trouble that ended before anybody could be told is not told after a day."""


MAX_SUBJECT_CHARS = 128


class Kind(StrEnum):
    """The troubles that somebody is told of."""

    CHANNEL_PAUSED = "channel_paused"
    DRAIN_FAILED = "drain_failed"
    CONTENT_BROKEN = "content_broken"
    JOURNAL_GROWING = "journal_growing"
    RETENTION_FAILED = "retention_failed"
    TASK_FAILED = "task_failed"
    ESCALATION = "escalation"
    CAMPAIGN_MISSED = "campaign_missed"
    CAMPAIGN_PAUSED = "campaign_paused"
    CAMPAIGN_STUCK = "campaign_stuck"
    CAMPAIGN_COUNTS = "campaign_counts"
    OPT_OUTS = "opt_outs"


@dataclass(frozen=True, slots=True)
class Alert:
    """A trouble that somebody must hear of. `words` and `subject` hold no person's data."""

    id: int
    kind: str
    subject: str
    words: str
    at: int
    mailed_at: int | None
    posted_at: int | None
    attempts: int


def raise_alert(connection: Connection, kind: str, subject: str, words: str, now_ms: int) -> bool:
    """Note a trouble in the caller's transaction, once while it lasts; say whether it is new.

    `subject` is a channel, a flow or a machine; `words` are one or two sentences for an operator.
    """
    values = {
        "kind": str(kind),
        "subject": subject[:MAX_SUBJECT_CHARS],
        "words": words,
        "at": now_ms,
    }
    return insert_if_new(connection, alerts, values)


def end_alert(connection: Connection, kind: str, subject: str, now_ms: int) -> bool:
    """Note that the trouble is over, so that the next one is told again; False when there was none."""
    ended = connection.execute(
        update(alerts)
        .where(
            alerts.c.kind == str(kind),
            alerts.c.subject == subject[:MAX_SUBJECT_CHARS],
            alerts.c.ended_at.is_(None),
        )
        .values(ended_at=now_ms),
    )
    return ended.rowcount > 0


def is_ongoing(connection: Connection, kind: str, subject: str) -> bool:
    """Say whether a trouble lasts that somebody was told of."""
    found = connection.execute(
        select(alerts.c.id).where(
            alerts.c.kind == str(kind),
            alerts.c.subject == subject[:MAX_SUBJECT_CHARS],
            alerts.c.ended_at.is_(None),
        ),
    )
    return found.first() is not None


def ongoing(connection: Connection, kind: str = "") -> list[Alert]:
    """Give the troubles that are not over (of one kind, or all), oldest first."""
    of_kind = (alerts.c.kind == str(kind),) if kind else ()
    return _read(connection, alerts.c.ended_at.is_(None), *of_kind)


def undelivered(connection: Connection, now_ms: int) -> list[Alert]:
    """Give the alerts to be told now, oldest first: those that failed lately wait their turn."""
    return _read(
        connection,
        alerts.c.sent_at.is_(None),
        alerts.c.next_at <= now_ms,
        or_(alerts.c.ended_at.is_(None), alerts.c.at > now_ms - _STALE_MS),
    )


def claim(connection: Connection, alert: Alert, *, next_at: int) -> bool:
    """Take the alert for one attempt; of two deliverers one gets True."""
    taken = connection.execute(
        update(alerts)
        .where(alerts.c.id == alert.id, alerts.c.attempts == alert.attempts)
        .values(attempts=alert.attempts + 1, next_at=next_at),
    )
    return taken.rowcount == 1


def mark(
    connection: Connection,
    alert_id: int,
    *,
    mailed_at: int | None,
    posted_at: int | None,
    sent_at: int | None,
) -> None:
    """Keep which ways have the alert."""
    connection.execute(
        update(alerts)
        .where(alerts.c.id == alert_id)
        .values(mailed_at=mailed_at, posted_at=posted_at, sent_at=sent_at),
    )


def _read(connection: Connection, *conditions: object) -> list[Alert]:
    columns = [alerts.c[name] for name in Alert.__slots__]
    statement = select(*columns).where(*conditions).order_by(alerts.c.id)  # type: ignore[arg-type]
    return [Alert(*row) for row in connection.execute(statement)]
