"""Leases in SQL, for when Redis is away: a row of `chores` whose report is the owner."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import or_, update

from smsbot.storage.insert import insert_if_new
from smsbot.storage.tables import chores

if TYPE_CHECKING:
    from sqlalchemy import Connection


def take(connection: Connection, name: str, owner: str, now_ms: int, ttl_ms: int) -> bool:
    """Take the lease, or renew it; say whether it is ours for `ttl_ms`. The row stays for ever.

    A clock that was set back does not lock others out: a start in the future is no lease.
    """
    mine = json.dumps({"owner": owner})
    if insert_if_new(connection, chores, {"name": name, "started_at": now_ms, "report": mine}):
        return True
    free = or_(
        chores.c.report == mine,
        chores.c.started_at <= now_ms - ttl_ms,
        chores.c.started_at > now_ms + ttl_ms,
    )
    taken = connection.execute(
        update(chores)
        .where(chores.c.name == name, free)
        .values(started_at=now_ms, done_at=None, report=mine),
    )
    return taken.rowcount == 1
