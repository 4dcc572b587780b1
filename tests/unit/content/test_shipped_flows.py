"""The flows that we ship: sound, talked through, and every screen of every language on one page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smsbot.content.checks.run import check_content
from smsbot.content.dialogue_file import read_dialogues
from smsbot.content.dialogues import play
from smsbot.content.loader import load_content
from smsbot.engine import step as engine
from smsbot.engine.model import AskType, Person, Surface
from smsbot.engine.screen import pages_of
from smsbot.text.gsm import Encoding, measure
from smsbot.values import ChannelKind, PageLimit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.engine.model import Content, State
    from smsbot.engine.session import Session

ROOT = Path(__file__).parents[3]
FLOWS, MESSAGES = ROOT / "flows", ROOT / "messages"
TODAY = datetime(2026, 11, 22, 12, tzinfo=UTC)
USSD = Surface(ChannelKind.USSD, PageLimit(160, 70), "KE", mark_drafts=True)
TESTS = sorted((FLOWS / "tests").glob("*.yaml"))
PEOPLE = (
    Person(country="KE"),
    Person(country="KE", asked=("lessons",)),
    Person(country="KE", asked=("lessons",), consents=("lessons",)),
)


@pytest.fixture(scope="module")
def content() -> Content:
    loaded = load_content(FLOWS, MESSAGES, production=False)
    assert loaded.content is not None, loaded.faults
    return loaded.content


def test_the_check_finds_nothing_but_numbers_that_somebody_must_look_at() -> None:
    faults = check_content(FLOWS, MESSAGES, today=TODAY.date())
    assert [str(fault) for fault in faults if fault.code != "contact-stale"] == []


def test_every_flow_speaks_every_language(content: Content) -> None:
    assert {flow.id: set(flow.languages) for flow in content.flows.values()} == {
        flow: {"en", "sw", "fr"} for flow in content.flows
    }


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_the_dialogues_of_a_flow_come_true(path: Path, content: Content) -> None:
    dialogues, faults = read_dialogues(path.read_bytes(), path.name)
    assert faults == []
    assert [str(failure) for dialogue in dialogues for failure in play(dialogue, content)] == []
    assert {dialogue.language for dialogue in dialogues} == {"en", "sw", "fr"}


def test_every_flow_has_dialogues(content: Content) -> None:
    assert {path.stem for path in TESTS} == content.flows.keys()


@pytest.mark.parametrize("language", ["en", "sw", "fr"])
def test_no_screen_needs_a_second_page(language: str, content: Content) -> None:
    """Also with the mark of a draft in front, which citizens never see."""
    too_long = set()
    for flow in content.flows:
        for session in screens(content, flow, language):
            pages = pages_of(content, content.flows[session.flow], session, USSD)
            if len(pages) > 1 or measure(pages[0])[0] is not Encoding.GSM7:
                too_long.add(f"{session.flow}/{session.state}: {pages[0]}")
    assert too_long == set()


def screens(content: Content, flow: str, language: str) -> Iterator[Session]:
    """Give the session at every screen that answers can lead to, in the flow and those it calls."""
    for person in PEOPLE:
        opened = engine.start(
            content, flow, person=person, language=language, surface=USSD, now=TODAY, seed=b"a"
        )
        waiting = [opened.session]
        seen: set[tuple[str, str, str]] = set()
        while waiting:
            session = waiting.pop()
            told = (session.pending, session.variables, session.frames, session.flow_language)
            place = (session.flow, session.state, str(told))
            if place in seen:
                continue
            seen.add(place)
            yield session
            state = content.flows[session.flow].states[session.state]
            if session.ended or not state.waits or (flow == "menu" and len(session.frames) > 1):
                continue
            for typed in answers(state):
                outcome = engine.step(content, session, typed, surface=USSD, now=TODAY, seed=b"b")
                outcome.session.history.clear()
                waiting.append(outcome.session)


def answers(state: State) -> list[str]:
    """Give an answer for every way out of a state, and the longest amount."""
    if state.ask is None:
        return [str(number) for number in range(1, len(state.options) + 1)]
    if state.ask.type is AskType.AMOUNT:
        return ["#", "999999999"]
    return ["1", "2"]
