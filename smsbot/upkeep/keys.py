"""Keys of personal data: make one, see which are in use, and seal everything anew with the first.

To rotate: put a new key in front in SMSBOT_PII_KEYS, restart every process, run `smsbot keys rotate`;
a day later, when Redis holds no older session, the old key may go (decision 073).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smsbot.storage.sealed import SEALED, count_by_key, reseal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smsbot.storage.database import Database
    from smsbot.vault import Vault


@dataclass(frozen=True, slots=True)
class KeyUse:
    """How many values a key holds. `place` is its place in SMSBOT_PII_KEYS from 1; 0: not in it."""

    id: str
    place: int
    values: int


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did: rows by column, and how many values the first key still does not hold.

    `left` is above zero when a process that does not know the new key is still writing.
    """

    rows: Mapping[str, int]
    left: int


def new_key() -> str:
    """Give a fresh key for SMSBOT_PII_KEYS: 256 random bits, 43 characters without a comma."""
    return secrets.token_urlsafe(32)


def status(database: Database, vault: Vault) -> list[KeyUse]:
    """Give each key with the number of values that it holds, the first key first. Reads all columns."""
    totals: dict[str, int] = {key_id.hex(): 0 for key_id in vault.key_ids}
    places = {key_id: place for place, key_id in enumerate(totals, 1)}
    for sealed in SEALED:
        with database.read() as connection:
            for key_id, values in count_by_key(connection, sealed).items():
                totals[key_id] = totals.get(key_id, 0) + values
    return [KeyUse(key_id, places.get(key_id, 0), values) for key_id, values in totals.items()]


def rotate(
    database: Database, vault: Vault, *, progress: Callable[[str, int], None] | None = None
) -> Rotated:
    """Seal every value anew with the first key, in short transactions.

    Stopped anywhere, it is simply run again. Raises CannotDecrypt when a value fits no key: rows
    before it are done.
    """
    rows: dict[str, int] = {}
    for sealed in SEALED:
        done = 0
        after: object | None = None
        while True:
            with database.write() as connection:
                batch = reseal(connection, vault, sealed, after)
            done += batch.rows
            if progress is not None:
                progress(sealed.name, done)
            after = batch.after
            if after is None:
                break
        rows[sealed.name] = done
    left = sum(use.values for use in status(database, vault) if use.place != 1)
    return Rotated(rows, left)
