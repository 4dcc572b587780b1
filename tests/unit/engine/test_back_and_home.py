from __future__ import annotations

import pytest

from smsbot.engine.model import EffectKind
from smsbot.engine.session import MAX_HISTORY, as_json
from tests.flowkit import SMS, Phone, ask, call, content, effect, end, flow, menu, option, say

HOME = flow("menu", menu("door", "Welcome.", ("Learn", "learn"), ("Count", "count")),
            call("learn", "lesson", "door"), call("count", "counting", "door"))  # fmt: skip
LESSON = flow(
    "lesson",
    say("intro", "A lesson.", "one"),
    menu("one", "First?", ("Go", "two")),
    menu("two", "Second?", ("Go", "over")),
    end("over", "Learned."),
)
COUNTING = flow(
    "counting",
    menu("a", "At {score}.", option("More", "a", add={"score": "1"}), ("Name", "name")),
    ask("name", "Who?", "text", "name", "b"),
    menu("b", "{name}: {score}", ("Done", "over")),
    end("over"),
)
ALL = content(HOME, LESSON, COUNTING)


def test_back_at_the_very_first_page_shows_it_again() -> None:
    phone = Phone(ALL, "menu")
    first = phone.dial()
    assert phone.press("0", "0", "0") == first
    phone.press("nonsense")
    assert phone.press("0") == first
    assert not phone.ended


def test_back_undoes_the_answer() -> None:
    phone = Phone(ALL, "counting")
    phone.dial()
    assert phone.press("1", "1").startswith("At 2.")
    assert phone.press("0").startswith("At 1.")
    assert phone.variables == {"score": 1}
    assert phone.press("0").startswith("At 0.")
    assert phone.variables == {}
    phone.press("2", "Amina", "0")
    assert phone.variables == {}
    assert phone.press("Baraka").startswith("Baraka: 0")


def test_back_shows_again_what_was_said_in_front() -> None:
    phone = Phone(ALL, "lesson")
    first = phone.dial()
    assert first.startswith("A lesson.\nFirst?")
    assert phone.press("1", "0") == first


def test_back_leads_out_of_and_into_called_flows() -> None:
    phone = Phone(ALL, "menu")
    pages = [phone.dial(), phone.press("1"), phone.press("1")]
    after = phone.press("1")
    assert after.startswith("Learned.\nWelcome.")
    assert (phone.session.flow, phone.session.frames) == ("menu", [])
    for page in reversed(pages):
        assert phone.press("0") == page
    assert phone.press("1", "1", "1") == after


def test_back_into_a_called_flow_has_its_variables_again() -> None:
    phone = Phone(ALL, "menu")
    phone.dial()
    phone.press("2", "1", "1", "2", "Amina")
    before = phone.session
    phone.press("1")
    assert (phone.session.flow, phone.variables) == ("menu", {})
    assert phone.press("0").startswith("Amina: 2")
    assert phone.session.variables == before.variables
    assert phone.session.frames == before.frames


def test_back_does_not_undo_effects() -> None:
    tagged = flow(
        "f",
        menu("a", "?", option("Tag me", "b", do=[effect("tag", "seen")])),
        menu("b", "!", ("x", "a")),
    )
    phone = Phone(content(tagged), "f")
    phone.dial()
    phone.press("1", "0")
    assert [each.kind for each in phone.effects] == [EffectKind.TAG]
    assert phone.session.person.tags == ("seen",)


@pytest.mark.parametrize("raw", ["00", "００", "٠٠", " 00. ", "home"])
def test_home_is_the_front_door_with_nothing_kept(raw: str) -> None:
    phone = Phone(ALL, "menu")
    first = phone.dial()
    phone.press("2", "1", "1")
    assert phone.press(raw) == first
    session = phone.session
    assert (session.flow, session.variables, session.frames) == ("menu", {}, [])
    assert phone.press("0") == first


def test_home_without_a_front_door_is_where_the_conversation_began() -> None:
    outer = flow("outer", menu("a", "Outer", ("In", "b")), call("b", "lesson", "a"))
    phone = Phone(content(LESSON, outer, home="gone"), "outer")
    first = phone.dial()
    phone.press("1", "1")
    assert phone.press("00") == first


def test_back_and_home_work_by_sms_without_being_shown() -> None:
    phone = Phone(ALL, "menu", SMS)
    first = phone.dial()
    assert "Back" not in first
    phone.press("1", "1")
    assert phone.press("0").startswith("A lesson.\nFirst?")
    assert phone.press("00") == first


def test_the_words_back_and_home_work_in_a_menu_in_its_language() -> None:
    swahili = content(HOME, LESSON, COUNTING, core={"sw": {"back": "Rudi", "home": "Mwanzo"}})
    phone = Phone(swahili, "menu", language="sw")
    first = phone.dial()
    assert first.endswith("0 Rudi 00 Mwanzo")
    phone.press("1")
    assert phone.press("rudi") == first
    phone.press("2", "1")
    assert phone.press("MWANZO") == first


def test_the_word_back_in_a_typed_answer_is_an_answer() -> None:
    phone = Phone(ALL, "counting")
    phone.dial()
    assert phone.press("2", "Home").startswith("Home: 0")


def test_history_is_bounded_and_the_session_stays_small() -> None:
    phone = Phone(ALL, "counting")
    phone.dial()
    phone.press(*["1"] * (MAX_HISTORY + 10))
    assert len(phone.session.history) == MAX_HISTORY
    assert len(as_json(phone.session)) < 800
    assert phone.press(*["0"] * (MAX_HISTORY + 5)).startswith("At 10.")


def test_a_typical_session_is_under_400_bytes() -> None:
    phone = Phone(ALL, "menu")
    phone.dial()
    phone.press("1", "1", "1", "2", "1", "1", "2", "Amina")
    assert len(as_json(phone.session)) < 400


def test_an_ended_session_keeps_no_way_back() -> None:
    phone = Phone(ALL, "lesson")
    phone.dial()
    phone.press("1", "1")
    assert phone.ended
    assert phone.session.history == []


def test_a_replayed_turn_gives_the_same_outcome() -> None:
    phone = Phone(ALL, "counting")
    phone.dial()
    before = phone.session
    first = phone.press("1")
    session = phone.session
    assert phone.outcome is not None
    phone.outcome = type(phone.outcome)(before, phone.outcome.reply, (), phone.outcome.answered)
    assert phone.press("1") == first
    assert phone.session == session
