"""A saved change is live at once, a broken one never, and who began in older words ends in them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from smsbot.content.faults import Fault, Severity
from smsbot.content.library import OLDER_KEPT, Library, Refresh
from smsbot.errors import ContentError, DatabaseAway, StaleSession

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from smsbot.content.loader import Loaded

MENU = """\
id: menu
title: Front door
language: en
start: hello
states:
  hello: {say: Hello, goto: bye}
  bye: {say: Good bye, end: true}
"""
OTHER = MENU.replace("id: menu", "id: other")


class Memory:
    """A VersionStore in memory, which can be away."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, str]] = {}
        self.order: list[str] = []
        self.away = False
        self.loads = 0

    def _check(self) -> None:
        if self.away:
            raise DatabaseAway("away")

    def save(self, version: str, files: Mapping[str, str]) -> None:
        self._check()
        self.kept.setdefault(version, dict(files))
        self.order.append(version)

    def load(self, version: str) -> dict[str, str] | None:
        self._check()
        self.loads += 1
        return self.kept.get(version)

    def newest(self) -> tuple[str, dict[str, str]] | None:
        self._check()
        return (self.order[-1], self.kept[self.order[-1]]) if self.order else None


class House:
    """Two folders, a store, and libraries that look at them."""

    def __init__(self, root: Path) -> None:
        self.flows, self.messages, self.store = root / "flows", root / "messages", Memory()
        self.flows.mkdir()
        (self.messages / "sw").mkdir(parents=True)
        self.write(MENU)
        self.told: list[Refresh] = []
        self.found: list[Fault] = []

    def write(self, text: str, flow: str = "menu") -> None:
        (self.flows / f"{flow}.yaml").write_text(text, "utf-8")

    def _checks(self, _loaded: Loaded) -> Iterable[Fault]:
        return self.found

    def library(self) -> Library:
        return Library(
            self.flows,
            self.messages,
            production=True,
            versions=self.store,
            checks=self._checks,
            tell=self.told.append,
        )

    def open(self) -> Library:
        library = self.library()
        library.load()
        return library


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def said(library: Library, flow: str = "menu", state: str = "hello") -> str:
    say = library.current().flows[flow].states[state].say
    assert say is not None
    return say["en"].sms.source


def test_nothing_is_served_before_the_first_load(house: House) -> None:
    with pytest.raises(ContentError):
        house.library().current()


def test_a_change_is_served_without_a_restart_and_kept(house: House) -> None:
    library = house.open()
    first = library.current().version
    house.write(MENU.replace("Hello", "Good day"))
    done = library.refresh()
    assert (done.swapped, done.refused, done.version) == (True, False, library.current().version)
    assert said(library) == "Good day"
    assert house.store.order == [first, library.current().version]
    assert house.store.kept[first] == {"flows/menu.yaml": MENU}
    assert [each.swapped for each in house.told] == [True, True]


def test_flows_may_come_and_go_and_so_may_translations(house: House) -> None:
    library = house.open()
    house.write(OTHER, "other")
    (house.messages / "sw" / "other.po").write_bytes(b"")
    assert library.refresh().swapped
    assert set(library.current().flows) == {"menu", "other"}
    (house.flows / "other.yaml").unlink()
    (house.messages / "sw" / "other.po").unlink()
    assert library.refresh().swapped
    assert set(library.current().flows) == {"menu"}


def test_nothing_happens_when_nothing_changed(house: House) -> None:
    library = house.open()
    content = library.current()
    (house.flows / "menu.yaml").touch()
    assert not library.refresh().swapped
    assert not library.refresh().swapped
    assert library.current() is content
    assert len(house.told) == 1


def test_a_broken_change_is_refused_and_told_once_and_the_old_words_go_on(house: House) -> None:
    library = house.open()
    house.write(MENU.replace("goto: bye", "goto: bey"))
    done = library.refresh()
    assert (done.swapped, done.refused) == (False, True)
    assert said(library) == "Hello"
    assert [str(fault)[-47:] for fault in library.broken] == [
        "error: there is no state 'bey' (did you mean 'bye'?)"[-47:],
    ]
    since = library.broken_since
    assert since is not None
    assert library.refresh().refused is False  # nothing new to tell
    house.write(MENU.replace("goto: bye", "goto: bei"))
    assert library.refresh().refused
    assert library.broken_since == since
    assert len(house.told) == 3


@pytest.mark.parametrize("mended", [MENU, MENU.replace("Hello", "Good day")])
def test_a_mended_file_is_served_again(house: House, mended: str) -> None:
    library = house.open()
    house.write("id: [")
    library.refresh()
    assert library.broken
    house.write(mended)
    library.refresh()
    assert (library.broken, library.broken_since) == ((), None)
    assert said(library) in mended
    # Whoever was told of the fault is told that it is over, once.
    assert [told.refused for told in house.told] == [False, True, False]
    library.refresh()
    assert len(house.told) == 3


def test_an_error_of_the_checks_refuses_a_version_and_a_warning_does_not(house: House) -> None:
    house.found = [Fault("flows/menu.yaml", 6, Severity.WARNING, "tone", "shouts")]
    library = house.open()
    assert library.broken == ()
    house.found = [Fault("flows/menu.yaml", 6, Severity.ERROR, "pin", "asks for a PIN")]
    house.write(MENU.replace("Hello", "Tell us your PIN"))
    assert library.refresh().refused
    assert said(library) == "Hello"
    assert library.broken == tuple(house.found)


def test_content_without_a_front_door_is_refused(house: House) -> None:
    library = house.open()
    (house.flows / "menu.yaml").rename(house.flows / "menu.txt")
    assert library.refresh().refused
    assert "front door" in str(library.broken[0])
    assert said(library) == "Hello"


def test_a_start_with_broken_files_goes_on_with_what_was_served_last(house: House) -> None:
    version = house.open().current().version
    house.write("id: [")
    library = house.open()
    assert library.current().version == version
    assert library.broken
    house.write(MENU)
    library.refresh()
    assert library.broken == ()


def test_a_first_start_with_broken_files_is_refused_with_every_fault(house: House) -> None:
    house.write(MENU.replace("goto: bye", "goto: bey").replace("start: hello", "start: helo"))
    with pytest.raises(ContentError, match=r"menu.yaml:4: .* and 1 more") as refused:
        house.open()
    assert len(refused.value.faults) == 2


def test_a_first_start_without_content_or_store_is_refused(house: House) -> None:
    house.store.away = True
    (house.flows / "menu.yaml").unlink()
    with pytest.raises(ContentError, match="front door"):
        house.open()


def test_older_versions_stay_at_hand_for_who_began_in_them(house: House) -> None:
    library = house.open()
    first = library.current()
    house.write(MENU.replace("Hello", "Good day"))
    library.refresh()
    assert library.get(first.version) is first
    assert library.get(library.current().version) is library.current()
    assert house.store.loads == 0


def test_a_version_of_another_process_is_compiled_from_the_store(house: House) -> None:
    first = house.open().current().version
    house.write(MENU.replace("Hello", "Good day"))
    (house.messages / "sw" / "menu.po").write_text('msgid "é 🙂"\nmsgstr "አ"\n', "utf-8")
    second = house.open().current().version
    (house.messages / "sw" / "menu.po").unlink()
    house.write(MENU.replace("Hello", "Welcome"))
    third = house.open()
    say = third.get(first).flows["menu"].states["hello"].say
    assert say is not None
    assert say["en"].ussd.source == "Hello"
    assert third.get(second).version == second
    assert third.get(first) is third.get(first)
    assert house.store.loads == 2
    assert said(third) == "Welcome"
    house.write(MENU)
    third.refresh()
    assert said(third) == "Hello"


def test_a_version_that_nobody_kept_is_a_stale_session(house: House) -> None:
    with pytest.raises(StaleSession):
        house.open().get("0123456789abcdef")


def test_a_version_that_the_service_cannot_read_any_more_is_a_stale_session(house: House) -> None:
    house.store.kept["00"] = {"flows/menu.yaml": "id: ["}
    with pytest.raises(StaleSession):
        house.open().get("00")


def test_only_so_many_older_versions_are_held_in_memory(house: House) -> None:
    library = house.open()
    versions = [library.current().version]
    for number in range(OLDER_KEPT + 1):
        house.write(MENU.replace("Hello", f"Hello {number}"))
        library.refresh()
        versions.append(library.current().version)
    for version in versions[1:]:
        library.get(version)
    assert house.store.loads == 0
    assert library.get(versions[0]).version == versions[0]
    assert house.store.loads == 1


def test_a_change_is_served_while_the_store_is_away_and_kept_later(house: House) -> None:
    library = house.open()
    house.store.away = True
    house.write(MENU.replace("Hello", "Good day"))
    assert library.refresh().swapped
    with pytest.raises(DatabaseAway):
        library.get("0123456789abcdef")
    house.store.away = False
    library.refresh()
    assert library.current().version in house.store.kept


def test_news_that_could_not_be_told_is_told_at_a_later_look(house: House) -> None:
    library = house.library()
    away = [DatabaseAway("away"), DatabaseAway("away")]

    def tell(news: Refresh) -> None:
        if away:
            raise away.pop()
        house.told.append(news)

    library._tell = tell
    library.load()
    assert said(library) == "Hello"
    library.refresh()
    assert house.told == []
    library.refresh()
    library.refresh()
    assert [each.version for each in house.told] == [library.current().version]


def test_an_unreadable_file_is_an_error_of_ours_with_its_path(house: House) -> None:
    (house.flows / "odd.yaml").mkdir()  # no file: ignored
    house.open()
    (house.flows / "bad.yaml").symlink_to(house.flows / "bad.yaml")
    with pytest.raises(ContentError, match=r"bad.yaml cannot be read"):
        house.open()


def watched(library: Library, until: str) -> bool:
    """Watch in a thread until the first page says so; True if it did within five seconds."""
    stop = threading.Event()
    thread = threading.Thread(target=library.watch, args=(stop, 0.01))
    thread.start()
    deadline = time.monotonic() + 5
    while said(library) != until and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    return said(library) == until


def test_the_watching_thread_takes_a_settled_change_and_ends_when_told(house: House) -> None:
    library = house.open()
    house.write(MENU.replace("Hello", "Good day"))
    assert watched(library, "Good day")


def test_the_watching_thread_outlives_any_error(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = house.open()
    failures = iter([ValueError("odd"), OSError("odd")])
    checks = library._checks

    def failing(loaded: Loaded) -> Iterable[Fault]:
        for failure in failures:
            raise failure
        assert checks is not None
        return checks(loaded)

    monkeypatch.setattr(library, "_checks", failing)
    house.write(MENU.replace("Hello", "Good day"))
    stop = threading.Event()
    thread = threading.Thread(target=library.watch, args=(stop, 0.01))
    with capture_logs() as logs:
        thread.start()
        deadline = time.monotonic() + 5
        while said(library) != "Good day" and time.monotonic() < deadline:
            time.sleep(0.01)
        stop.set()
        thread.join(5)
    assert said(library) == "Good day"
    assert [each["event"] for each in logs].count("content_watch_failed") == 2
    assert next(failures, None) is None


def test_readers_never_see_half_a_version(house: House) -> None:
    house.write(OTHER, "other")
    library = house.open()
    stop = threading.Event()
    torn: list[str] = []

    def read() -> None:
        while not stop.is_set():
            content = library.current()
            texts = {
                flow.states["hello"].say["en"].sms.source  # type: ignore[index]
                for flow in content.flows.values()
            }
            if len(texts) != 1:
                torn.append(content.version)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(20):
        house.write(MENU.replace("Hello", f"Hello {number}"))
        house.write(OTHER.replace("Hello", f"Hello {number}"), "other")
        library.refresh()
    stop.set()
    for reader in readers:
        reader.join(5)
    assert torn == []
