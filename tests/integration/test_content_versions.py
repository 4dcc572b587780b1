"""Versions of content in SQL: kept once, found by any process, forgotten only when nobody needs them."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from smsbot.clock import Clock
from smsbot.content.library import Library
from smsbot.storage import content_versions as versions
from smsbot.storage.content_versions import ContentVersions
from smsbot.storage.tables import consents, contacts, content_versions

if TYPE_CHECKING:
    from pathlib import Path

    from smsbot.storage.database import Database

FILES = {
    "flows/menu.yaml": "id: menu\n# Ñandú, አማርኛ, ƙ, 🙂\r\n\ufeff",
    "messages/sw/menu.po": "\ufeffmsgid",
}
DAY_MS = 86_400_000


class Hands(Clock):
    """A clock that stands still until it is moved."""

    now = 1_700_000_000_000

    def now_ms(self) -> int:
        return self.now


def test_files_come_back_letter_by_letter(database: Database) -> None:
    store = ContentVersions(database)
    store.save("0000000000000001", FILES)
    assert store.load("0000000000000001") == FILES
    assert store.load("0000000000000002") is None


def test_a_version_is_kept_once_and_its_use_is_noted(database: Database) -> None:
    clock = Hands()
    store = ContentVersions(database, clock)
    assert store.newest() is None
    store.save("a", FILES)
    clock.now += 1
    store.save("b", {"flows/menu.yaml": "b"})
    assert store.newest() == ("b", {"flows/menu.yaml": "b"})
    clock.now += 1
    store.save("a", {"flows/menu.yaml": "never written"})
    assert store.newest() == ("a", FILES)
    with database.read() as connection:
        rows = connection.execute(
            select(content_versions.c.created_at, content_versions.c.used_at).order_by("version")
        ).all()
    assert [tuple(row) for row in rows] == [(clock.now - 2, clock.now), (clock.now - 1,) * 2]


def test_processes_that_start_together_keep_one_row(database: Database) -> None:
    store = ContentVersions(database)
    threads = [threading.Thread(target=store.save, args=("a", FILES)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(content_versions)) == 1


def test_only_old_versions_that_no_consent_names_are_forgotten(database: Database) -> None:
    clock = Hands()
    store = ContentVersions(database, clock)
    for number in range(versions.KEPT + 3):
        store.save(f"v{number:02}", {"flows/menu.yaml": str(number)})
        clock.now += 1
    with database.write() as connection:
        contact = connection.execute(
            insert(contacts).values(ref="r", created_at=1, last_seen_at=1, owner_since=1)
        ).inserted_primary_key
        assert contact is not None
        connection.execute(
            insert(consents).values(
                contact_id=contact[0],
                purpose="lessons",
                granted=True,
                at=1,
                channel="sim",
                text_version="v01",
                language="en",
                actor="person",
                source="menu/bye",
            )
        )
    with database.write() as connection:
        assert versions.forget_unused(connection, clock.now - DAY_MS) == 0
        assert versions.forget_unused(connection, clock.now + 1) == 2
    assert store.load("v00") is None
    assert store.load("v01") is not None
    assert store.load("v02") is None
    assert store.load("v03") is not None


def test_a_session_goes_on_in_its_words_in_a_process_that_never_saw_them(
    database: Database, tmp_path: Path
) -> None:
    menu = (
        "id: menu\ntitle: Mlango\nlanguage: en\nstart: a\nstates:\n"
        "  a: {say: Habari ñ, goto: z}\n  z: {say: Bye, end: true}\n"
    )
    flows = tmp_path / "flows"
    flows.mkdir()

    def library(text: str) -> Library:
        (flows / "menu.yaml").write_text(text, "utf-8")
        found = Library(flows, tmp_path / "m", production=True, versions=ContentVersions(database))
        found.load()
        return found

    first = library(menu).current().version
    second = library(menu.replace("Habari", "Karibu"))
    say = second.get(first).flows["menu"].states["a"].say
    assert say is not None
    assert say["en"].sms.source == "Habari ñ"


def test_the_clock_of_the_service_is_used(database: Database) -> None:
    ahead = Clock(timedelta(days=400))
    ContentVersions(database, ahead).save("a", FILES)
    with database.read() as connection:
        used = connection.scalar(select(content_versions.c.used_at))
    assert used is not None
    assert used > Clock().now_ms() + 399 * DAY_MS
