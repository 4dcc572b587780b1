"""The outbox: one row per outbound message, for replies, courses and campaigns alike.

Statement plans: `peek` and `has_waiting` walk `ix_messages_queued` (channel, priority, due_at, id),
which holds queued rows only, once a priority; the state stands in the SQL as a literal, since neither
database uses a partial index for a bound one. `spoken_since` reads one contact's newest rows by
`ix_messages_contact_id` (contact_id, created_at).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from smsbot.storage.insert import insert_into, say
from smsbot.storage.tables import messages, texts
from smsbot.text.segments import segment
from smsbot.values import MessageState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.dialects import postgresql, sqlite

    from smsbot.vault import Vault

BODY_CONTEXT = b"messages.body"
"""What the ciphertext of a text is bound to."""
PRIORITY_REPLY, PRIORITY_COURSE, PRIORITY_BULK = 0, 1, 2
HELD_AT = 9_999_999_999_999
"""`due_at` of a campaign's row that is frozen but not released yet: in the year 2286.

One that was looked at and may not go yet has the moment until which it must wait added to it."""

_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class SealedText:
    """A text as a row holds it: made once by `seal`, shared by all rows that carry the text.

    With a `text_id` the ciphertext stands in `texts`, once, and `body_enc` is None.
    """

    body_enc: bytes | None
    body_hash: str
    encoding: str
    segments: int
    text_id: int | None = None


@dataclass(frozen=True, slots=True)
class NewMessage:
    """One row to be queued. `suppressed` is why it must not go: it is kept so that numbers add up."""

    channel: str
    contact_id: int | None
    ref: str
    purpose: str
    priority: int
    text: SealedText
    dedupe_key: str
    due_at: int | None = None
    expires_at: int | None = None
    suppressed: str = ""
    campaign_run_id: int | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queued row as `peek` sees it: enough to plan requests, nothing to decrypt."""

    id: int
    priority: int
    ref: str
    body_hash: str
    segments: int
    run_id: int | None = None


def seal(vault: Vault, text: str) -> SealedText:
    """Encrypt a text, hash it (equal texts go out in one request) and count its segments."""
    plain = text.encode()
    measured = segment(text)
    return SealedText(
        vault.encrypt(plain, BODY_CONTEXT),
        vault.mac(plain, person=b"messages.body"),
        measured.encoding.value,
        measured.segments,
    )


@cache
def _insert(dialect: str) -> postgresql.Insert | sqlite.Insert:
    return insert_into(dialect, messages).on_conflict_do_nothing(index_elements=["dedupe_key"])


def _values(new: NewMessage, now_ms: int) -> dict[str, object]:
    return {
        "channel": new.channel,
        "contact_id": new.contact_id,
        "ref": new.ref,
        "purpose": new.purpose,
        "priority": new.priority,
        "body_enc": None if new.suppressed else new.text.body_enc,
        "text_id": new.text.text_id,
        "body_hash": new.text.body_hash,
        "encoding": new.text.encoding,
        "segments": new.text.segments,
        "state": (MessageState.SUPPRESSED if new.suppressed else MessageState.QUEUED).value,
        "reason": new.suppressed,
        "due_at": now_ms if new.due_at is None else new.due_at,
        "expires_at": new.expires_at,
        "created_at": now_ms,
        "final_at": now_ms if new.suppressed else None,
        "dedupe_key": new.dedupe_key,
        "campaign_run_id": new.campaign_run_id,
    }


_NAMES = (
    *("channel", "contact_id", "ref", "purpose", "priority", "body_enc", "body_hash", "encoding"),
    *("segments", "state", "reason", "due_at", "expires_at", "created_at", "final_at"),
    *("dedupe_key", "campaign_run_id", "text_id"),
)
_ADD = (
    f"INSERT INTO messages ({', '.join(_NAMES)}) VALUES ({', '.join('?' * len(_NAMES))}) "  # noqa: S608
    "ON CONFLICT (dedupe_key) DO NOTHING RETURNING id"
)


def add(connection: Connection, new: NewMessage, now_ms: int) -> int | None:
    """Insert the row; give its id, or None when the dedupe key exists (that row stays as it is)."""
    values = _values(new, now_ms)
    row = say(connection, _ADD, *(values[name] for name in _NAMES)).first()
    return None if row is None else int(row[0])


def add_many(connection: Connection, rows: Iterable[NewMessage], now_ms: int) -> None:
    """Insert rows in bulk; those whose dedupe key exists are passed over. Flat memory."""
    statement = _insert(connection.dialect.name)
    chunk: list[dict[str, object]] = []
    for row in rows:
        chunk.append(_values(row, now_ms))
        if len(chunk) == _CHUNK:
            connection.execute(statement, chunk)
            chunk = []
    if chunk:
        connection.execute(statement, chunk)


def enqueue(
    connection: Connection,
    vault: Vault,
    *,
    channel: str,
    contact_id: int | None,
    ref: str,
    purpose: str,
    priority: int,
    text: str,
    now_ms: int,
    dedupe_key: str,
    due_at: int | None = None,
    expires_at: int | None = None,
) -> int | None:
    """Queue one text; give its id, or None when the dedupe key exists. It goes from `due_at` on.

    The same call again, after a crash or from a repeated webhook, adds nothing.
    """
    new = NewMessage(
        channel=channel,
        contact_id=contact_id,
        ref=ref,
        purpose=purpose,
        priority=priority,
        text=seal(vault, text),
        dedupe_key=dedupe_key,
        due_at=due_at,
        expires_at=expires_at,
    )
    return add(connection, new, now_ms)


@dataclass(frozen=True, slots=True)
class Spoken:
    """How many texts a person was answered in a span, and how many of them were this very one."""

    texts: int
    same: int


_SPOKEN = f"""
SELECT count(*), COALESCE(SUM(CASE WHEN body_hash = ? THEN 1 ELSE 0 END), 0) FROM messages
WHERE contact_id = ? AND created_at > ? AND priority = {PRIORITY_REPLY} AND channel = ?
  AND state <> '{MessageState.SUPPRESSED.value}'
"""  # noqa: S608  # our own words only


def spoken_since(
    connection: Connection, *, channel: str, contact_id: int, body_hash: str, after_ms: int
) -> Spoken:
    """Count the replies to a contact since `after_ms`, without those that were suppressed."""
    texts, same = say(connection, _SPOKEN, body_hash, contact_id, after_ms, channel).one()
    return Spoken(texts, same)


# One walk a priority: without it, a million held rows of campaigns stand in the way of the index.
_DUE = """
FROM messages WHERE channel = ? AND priority = {priority} AND state = 'queued' AND due_at <= ?
  AND (expires_at IS NULL OR expires_at > ?)"""
_PRIORITIES = (PRIORITY_REPLY, PRIORITY_COURSE, PRIORITY_BULK)
_PEEK = " UNION ALL ".join(
    f"SELECT * FROM (SELECT id, priority, ref, body_hash, segments, campaign_run_id, due_at "  # noqa: S608
    f"{_DUE.format(priority=priority)}{{without_{priority}}} ORDER BY due_at, id LIMIT ?) AS p{priority}"
    for priority in _PRIORITIES
)
# In order: a bare EXISTS is planned as if a third of all rows were due, and reads them all.
_HAS_WAITING = " UNION ALL ".join(
    f"SELECT * FROM (SELECT 1 {_DUE.format(priority=priority)} ORDER BY due_at, id LIMIT 1) "  # noqa: S608
    f"AS p{priority}"
    for priority in _PRIORITIES
)


def peek(
    connection: Connection,
    channel: str,
    *,
    limit: int,
    now_ms: int,
    without_runs: Sequence[int] = (),
) -> Sequence[Waiting]:
    """Give the first due rows of a channel in the order of sending: replies, courses, bulk.

    Rows of the campaigns' runs `without_runs` are left out: they are at their own rate's limit.
    """
    marks = ", ".join("?" * len(without_runs))
    without = f" AND COALESCE(campaign_run_id, 0) NOT IN ({marks})" if without_runs else ""
    sql = _PEEK.format(without_0="", without_1="", without_2=without)
    due = (channel, now_ms, now_ms)
    values = (*due, limit, *due, limit, *due, *without_runs, limit)
    rows = sorted(say(connection, sql, *values), key=lambda row: (row[1], row[6], row[0]))
    return [Waiting(*row[:6]) for row in rows[:limit]]


def has_waiting(connection: Connection, channel: str, now_ms: int) -> bool:
    """Say whether a channel has a row that may go now."""
    found = say(connection, _HAS_WAITING, *(channel, now_ms, now_ms) * len(_PRIORITIES))
    return found.first() is not None


_COUNT_WAITING = """
SELECT count(*) FROM (
  SELECT 1 FROM messages WHERE channel = ? AND state = 'queued' AND priority = ? AND due_at <= ?
  ORDER BY due_at, id LIMIT ?
) AS few
"""


def count_waiting(
    connection: Connection, channel: str, priority: int, now_ms: int, most: int
) -> int:
    """Count the due rows of a channel and a priority, as far as `most`."""
    found = say(connection, _COUNT_WAITING, channel, priority, now_ms, most)
    return int(found.scalar_one())


def counts(connection: Connection, channel: str | None = None) -> Mapping[MessageState, int]:
    """Count the messages of each state (of one channel, or of all). Reads every row."""
    query = select(messages.c.state, func.count()).group_by(messages.c.state)
    if channel is not None:
        query = query.where(messages.c.channel == channel)
    found = dict.fromkeys(MessageState, 0)
    found.update((MessageState(state), number) for state, number in connection.execute(query))
    return found


_HAS_BODY = or_(messages.c.body_enc.is_not(None), messages.c.text_id.is_not(None))


def sent_to(connection: Connection, vault: Vault, ref: str) -> list[dict[str, Any]]:
    """Give what one phone was sent, the oldest first, in clear: for the simulator and for tests."""
    rows = connection.execute(
        select(
            messages.c.id,
            func.coalesce(messages.c.body_enc, texts.c.body_enc).label("body_enc"),
            messages.c.segments,
            messages.c.state,
            messages.c.simulated,
            messages.c.created_at,
        )
        .select_from(messages.outerjoin(texts, texts.c.id == messages.c.text_id))
        .where(messages.c.ref == ref, _HAS_BODY)
        .order_by(messages.c.id),
    )
    return [
        {
            "id": row.id,
            "text": vault.decrypt(row.body_enc, BODY_CONTEXT).decode(),
            "segments": row.segments,
            "state": row.state,
            "simulated": row.simulated,
            "at": datetime.fromtimestamp(row.created_at / 1000, UTC).isoformat(),
        }
        for row in rows
    ]
