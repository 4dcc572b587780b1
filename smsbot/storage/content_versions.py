"""Every version of content that was served, so that a session can go on in the words it began with.

Table `content_versions`: `files` is zlib of a JSON object, file name to text. A row is inserted once, by
whoever serves the version first; later only its `used_at` moves.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from smsbot.clock import Clock
from smsbot.storage.insert import insert_if_new
from smsbot.storage.tables import consents, content_versions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from smsbot.storage.database import Database

KEPT = 10
"""How many of the versions that were used last are never forgotten."""


class ContentVersions:
    """A `content.library.VersionStore` in SQL. Its methods raise DatabaseAway."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or Clock()

    def save(self, version: str, files: Mapping[str, str]) -> None:
        """Keep the files of a version, or note that the version is in use again."""
        now_ms = self._clock.now_ms()
        with self._database.write() as connection:
            used = update(content_versions).where(content_versions.c.version == version)
            if connection.execute(used.values(used_at=now_ms)).rowcount:
                return
        packed = zlib.compress(json.dumps(dict(files), ensure_ascii=False).encode())
        row = {"version": version, "files": packed, "created_at": now_ms, "used_at": now_ms}
        with self._database.write() as connection:
            insert_if_new(connection, content_versions, row)

    def load(self, version: str) -> dict[str, str] | None:
        """Give the files of a version, or None for one that is not kept."""
        asked = select(content_versions.c.files).where(content_versions.c.version == version)
        with self._database.read() as connection:
            packed = connection.scalar(asked)
        return None if packed is None else _unpacked(packed)

    def newest(self) -> tuple[str, dict[str, str]] | None:
        """Give the version that was served last, and its files; None when there never was one."""
        asked = (
            select(content_versions.c.version, content_versions.c.files)
            .order_by(content_versions.c.used_at.desc(), content_versions.c.version)
            .limit(1)
        )
        with self._database.read() as connection:
            row = connection.execute(asked).one_or_none()
        return None if row is None else (row.version, _unpacked(row.files))


def forget_unused(connection: Connection, before_ms: int) -> int:
    """Delete versions that were last served before that moment; say how many.

    The words that somebody agreed to stay as long as the consent, and the newest versions always stay.
    """
    newest = select(content_versions.c.version).order_by(content_versions.c.used_at.desc())
    kept = list(connection.scalars(newest.limit(KEPT)))
    gone = delete(content_versions).where(
        content_versions.c.used_at < before_ms,
        content_versions.c.version.not_in(kept),
        content_versions.c.version.not_in(select(consents.c.text_version)),
    )
    return connection.execute(gone).rowcount


def _unpacked(packed: bytes) -> dict[str, str]:
    found = json.loads(zlib.decompress(packed))
    return {str(name): str(text) for name, text in found.items()}
