"""Whether a channel may send, and what its gateway last said. One row a channel, made when needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from smsbot.storage.insert import insert_into
from smsbot.storage.tables import channel_states

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MAX_BECAUSE, _MAX_ERROR = 64, 200


@dataclass(frozen=True, slots=True)
class ChannelState:
    """`paused_at` None: it may send. Times are milliseconds, UTC."""

    channel: str
    paused_at: int | None = None
    paused_because: str = ""
    last_error: str = ""
    last_error_at: int | None = None
    last_accepted_at: int | None = None


def find(connection: Connection, channel: str) -> ChannelState:
    """Give the state of a channel; one that never had trouble has no row."""
    query = select(channel_states).where(channel_states.c.channel == channel)
    row = connection.execute(query).one_or_none()
    return ChannelState(channel) if row is None else ChannelState(*row)


def pause(connection: Connection, channel: str, because: str, error: str, now_ms: int) -> bool:
    """Stop sending on a channel; say whether it was not paused before. The first reason stays."""
    note_error(connection, channel, error, now_ms)
    paused = connection.execute(
        update(channel_states)
        .where(channel_states.c.channel == channel, channel_states.c.paused_at.is_(None))
        .values(paused_at=now_ms, paused_because=because[:_MAX_BECAUSE]),
    )
    return paused.rowcount == 1


def take_over(connection: Connection, channel: str, because: str) -> bool:
    """Make a pause that stands for another reason this one's; say whether that changed anything."""
    taken = connection.execute(
        update(channel_states)
        .where(
            channel_states.c.channel == channel,
            channel_states.c.paused_at.is_not(None),
            channel_states.c.paused_because != because,
        )
        .values(paused_because=because[:_MAX_BECAUSE]),
    )
    return taken.rowcount == 1


def resume(connection: Connection, channel: str) -> bool:
    """Let a channel send again; say whether it was paused."""
    resumed = connection.execute(
        update(channel_states)
        .where(channel_states.c.channel == channel, channel_states.c.paused_at.is_not(None))
        .values(paused_at=None, paused_because=""),
    )
    return resumed.rowcount == 1


def note_error(connection: Connection, channel: str, error: str, now_ms: int) -> None:
    """Keep the last trouble with the gateway, for the console and the doctor. No number, no text."""
    _put(connection, channel, last_error=error[:_MAX_ERROR], last_error_at=now_ms)


def note_accepted(connection: Connection, channel: str, now_ms: int) -> None:
    """Keep when the gateway last took a message."""
    _put(connection, channel, last_accepted_at=now_ms)


def _put(connection: Connection, channel: str, **values: object) -> None:
    connection.execute(
        insert_into(connection.dialect.name, channel_states)
        .values(channel=channel, **values)
        .on_conflict_do_update(index_elements=["channel"], set_=values),
    )
