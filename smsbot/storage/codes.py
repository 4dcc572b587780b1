"""The codes of MYDATA and DELETE: kept as a keyed hash, good for one use and three tries.

Three wrong tries lock the act until the code would have expired, and a new code does not open the
lock: whoever can forge a sender, but not read the phone's texts, gets three guesses in a quarter hour.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from smsbot.storage.insert import insert_if_new
from smsbot.storage.tables import codes

if TYPE_CHECKING:
    from sqlalchemy import Connection

MAX_TRIES = 3
LIFE_MS = 15 * 60_000


class Act(StrEnum):
    """What a code lets a person do."""

    MYDATA = "mydata"
    DELETE = "delete"


class Verdict(StrEnum):
    """What a code that was sent in came to."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The verdict; `tries_left` after a wrong one, `opens_at` (ms) while locked."""

    verdict: Verdict
    tries_left: int = 0
    opens_at: int = 0


def issue(
    connection: Connection, contact_id: int, act: Act, code_hash: str, now_ms: int
) -> int | None:
    """Keep a new code in place of an older one. Give None, or when the lock opens if there is one."""
    ours = (codes.c.contact_id == contact_id, codes.c.act == act.value)
    known = connection.execute(select(codes).where(*ours).with_for_update()).one_or_none()
    tries = 0
    if known is not None and known.expires_at > now_ms:
        if known.tries >= MAX_TRIES:
            opens_at: int = known.expires_at
            return opens_at
        tries = known.tries
    values = {"code_hash": code_hash, "expires_at": now_ms + LIFE_MS, "tries": tries}
    row = {"contact_id": contact_id, "act": act.value, **values}
    if not insert_if_new(connection, codes, row):
        connection.execute(update(codes).where(*ours).values(**values))
    return None


def redeem(
    connection: Connection, contact_id: int, act: Act, code_hash: str, now_ms: int
) -> Redeemed:
    """Use the code up if it is right, count the try if it is not."""
    ours = (codes.c.contact_id == contact_id, codes.c.act == act.value)
    known = connection.execute(select(codes).where(*ours).with_for_update()).one_or_none()
    if known is None or known.expires_at <= now_ms:
        return Redeemed(Verdict.NONE)
    if known.tries >= MAX_TRIES:
        return Redeemed(Verdict.LOCKED, opens_at=known.expires_at)
    if hmac.compare_digest(known.code_hash, code_hash):
        connection.execute(delete(codes).where(*ours))
        return Redeemed(Verdict.RIGHT)
    connection.execute(update(codes).where(*ours).values(tries=known.tries + 1))
    left = MAX_TRIES - known.tries - 1
    if left == 0:
        return Redeemed(Verdict.LOCKED, opens_at=known.expires_at)
    return Redeemed(Verdict.WRONG, tries_left=left)
