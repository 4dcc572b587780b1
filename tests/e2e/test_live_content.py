"""An author edits the flows of a running service: live in seconds, refused when broken, mended."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.callers import LESSON, dialler, walk
from tests.e2e.running import WEB, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.conftest import House
    from tests.e2e.running import Up

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
LIVE_S = 6.0
"""Three seconds on a machine of one's own; the suite shares its cores."""
OLD, NEW = (
    "Stay safe on your phone. Free lessons, free help.",
    "Be safe. Lessons and help for free.",
)
RULE, NEW_RULE = "The rule: the network", "The new rule: the network"
_OFTEN = 8


@pytest.fixture
def menu(house: House) -> Iterator[Path]:
    path = house.flows / "menu.yaml"
    before = path.read_text()
    lesson = house.flows / "lesson.yaml"
    lesson_before = lesson.read_text()
    yield path
    path.write_text(before)
    lesson.write_text(lesson_before)
    until(lambda: _broken(house.up) == {""} and _doors(house.up) == {OLD}, 30)


def _content(up: Up) -> dict[str, Any]:
    status, body = up.get("/readyz")
    assert status == 200  # whatever an author does, what is served stays served
    parts: dict[str, Any] = json.loads(body)["parts"]["content"]
    return parts


def _broken(up: Up) -> set[str]:
    """Give what the web processes say is broken: asked often enough to meet all of them."""
    return {" ".join(_content(up)["broken"]) for _ in range(_OFTEN)}


def _doors(up: Up) -> set[str]:
    """Give the first line of the menu, as the web processes show it."""
    shown = set()
    for _ in range(_OFTEN):
        with dialler(up) as phone:
            shown.add(phone.dial().text.split("\n")[0])
    return shown


def _edit(path: Path, old: str, new: str) -> None:
    words = path.read_text()
    assert old in words
    path.write_text(words.replace(old, new))


def test_an_edit_is_live_and_a_session_under_way_keeps_its_words(house: House, menu: Path) -> None:
    up = house.up
    with dialler(up) as control, dialler(up) as under_way, dialler(up) as restarted:
        walk(control, LESSON[:4])
        old = control.answer(LESSON[4]).text
        assert RULE in old
        for phone in (under_way, restarted):
            walk(phone, LESSON[:4])
        _edit(house.flows / "lesson.yaml", RULE, NEW_RULE)
        _edit(menu, OLD, NEW)
        until(lambda: _doors(up) == {NEW}, LIVE_S)

        assert under_way.answer(LESSON[4]).text == old
        up.kill(WEB)  # what the processes remembered is gone; the files are new
        until(lambda: up.status("/readyz") == 200, 60)
        assert restarted.answer(LESSON[4]).text == old
        with dialler(up) as stranger:
            walk(stranger, LESSON[:4])
            assert NEW_RULE in stranger.answer(LESSON[4]).text


def test_a_broken_edit_is_refused_and_told_until_it_is_mended(house: House, menu: Path) -> None:
    up = house.up
    whole = menu.read_text()
    line = whole[: whole.index("goto: learn")].count("\n") + 1
    _edit(menu, "goto: learn", "goto: nowhere")
    until(lambda: "" not in _broken(up), LIVE_S)
    assert _content(up)["broken_since"]
    assert all(f"menu.yaml:{line}: error" in told for told in _broken(up))
    assert _doors(up) == {OLD}
    alert = "SELECT count(*) FROM alerts WHERE kind = 'content_broken' AND ended_at IS NULL"
    until(lambda: up.value(alert) == 1, 10)

    menu.write_text("states: [")  # and worse
    until(lambda: "nowhere" not in "".join(_broken(up)), LIVE_S)
    assert _doors(up) == {OLD}

    menu.write_text(whole)
    until(lambda: _broken(up) == {""}, LIVE_S)
    until(lambda: up.value(alert) == 0, 10)
    assert _doors(up) == {OLD}
