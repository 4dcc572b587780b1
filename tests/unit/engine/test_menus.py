from __future__ import annotations

import pytest

from smsbot.engine.model import Answered
from tests.flowkit import (
    SMS,
    Phone,
    both,
    call,
    content,
    end,
    flow,
    menu,
    option,
    quiz,
    say,
    when,
)

STORY = flow(
    "wrong-send",
    menu(
        "story",
        "A stranger begs you to send it back.",
        ("Send it back", "lost"),
        option("Check my balance first", "praise", add={"score": "1"}),
    ),
    end("lost", "The money is gone."),
    say("praise", "Right, {score} of 1.", "rule"),
    end("rule", "Only the operator takes money back."),
)


def test_a_menu_shows_its_options_numbered_and_the_ways_out() -> None:
    assert Phone(content(STORY), "wrong-send").dial() == (
        "A stranger begs you to send it back.\n"
        "1 Send it back\n"
        "2 Check my balance first\n"
        "0 Back 00 Home"
    )


def test_sms_shows_the_same_without_the_ways_out() -> None:
    phone = Phone(content(STORY), "wrong-send", SMS)
    assert phone.dial().endswith("1 Send it back\n2 Check my balance first")
    assert phone.press("1") == "The money is gone."
    assert phone.ended


def test_texts_on_the_way_stand_together_and_the_last_page_has_no_footer() -> None:
    phone = Phone(content(STORY), "wrong-send")
    phone.dial()
    assert phone.press("2") == "Right, 1 of 1.\nOnly the operator takes money back."
    assert phone.ended
    assert phone.outcome is not None
    assert phone.outcome.answered == Answered("wrong-send", "story", "option", 2)


@pytest.mark.parametrize(
    "raw", ["1", " 1 ", "1.", "１", "١", "send it back", "SEND IT BACK!", "one", "A"]
)
def test_an_option_is_meant_in_many_ways(raw: str) -> None:
    phone = Phone(content(STORY), "wrong-send")
    phone.dial()
    assert phone.press(raw) == "The money is gone."


def test_an_ended_conversation_says_its_last_words_again_and_does_nothing() -> None:
    phone = Phone(content(STORY), "wrong-send")
    phone.dial()
    last = phone.press("2")
    for raw in ("1", "0", "00", "98", ""):
        assert phone.press(raw) == last
        assert phone.ended
    assert phone.again().text == last


def test_a_session_that_was_given_is_never_changed() -> None:
    phone = Phone(content(STORY), "wrong-send")
    phone.dial()
    assert phone.outcome is not None
    session = phone.outcome.session
    before = session.copy()
    phone.press("2")
    assert session == before


QUIZ = flow(
    "quiz",
    quiz(
        "item",
        "PRACTICE: Your account is blocked, call 07XX. Real?",
        option("Genuine", "done", right=False, feedback="No. Score {score}."),
        option("A trick", "done", right=True, feedback="Yes! Score {score}.", add={"score": "1"}),
    ),
    end("done", "Thank you."),
)


@pytest.mark.parametrize(
    ("raw", "shown", "right"),
    [
        ("1", "No. Score 0.\nThank you.", False),
        ("2", "Yes! Score 1.\nThank you.", True),
    ],
)
def test_a_quiz_gives_the_feedback_of_the_chosen_option_first(
    raw: str, shown: str, right: bool
) -> None:
    phone = Phone(content(QUIZ), "quiz")
    phone.dial()
    assert phone.press(raw) == shown
    assert phone.outcome is not None
    answered = phone.outcome.answered
    assert (answered.item, answered.right, answered.option) == ("scam", right, int(raw))


def test_texts_may_differ_by_channel_and_one_channel_may_be_told_nothing() -> None:
    story = flow(
        "tips",
        menu("pick", both(ussd="Short?", sms="A longer question?"), ("Go", "more")),
        say("more", both(ussd="", sms="Only by SMS."), "over"),
        end("over", both(ussd="Bye.", sms="Goodbye to you.")),
    )
    phone = Phone(content(story), "tips")
    assert phone.dial().startswith("Short?")
    assert phone.press("1") == "Bye."
    phone = Phone(content(story), "tips", SMS)
    assert phone.dial().startswith("A longer question?")
    assert phone.press("1") == "Only by SMS.\nGoodbye to you."


@pytest.mark.parametrize(("lost", "shown"), [("50000", "Urgent"), ("500", "Tips"), ("0", "Tips")])
def test_the_first_condition_that_holds_wins(lost: str, shown: str) -> None:
    branching = flow(
        "f",
        when(
            "a",
            ("lost >= 10000", "urgent"),
            ("lost >= 20000", "never"),
            (None, "tips"),
            set={"lost": lost},
        ),
        end("urgent", "Urgent"),
        end("never", "Never"),
        end("tips", "Tips"),
    )
    assert Phone(content(branching), "f").dial() == shown


def test_an_end_without_words_says_goodbye() -> None:
    phone = Phone(content(flow("f", end("over"))), "f")
    assert phone.dial() == "Thank you. Goodbye."
    assert phone.ended


@pytest.mark.parametrize(
    "circle",
    [
        (say("a", "Round", "b"), say("b", "and round", "a")),
        (when("a", ("false", "b")), end("b")),
        (call("a", "f", "b"), end("b")),
        (call("a", "nowhere", "b"), end("b")),
    ],
    ids=[
        "says that go round",
        "a when without an else",
        "a flow that calls itself",
        "no such flow",
    ],
)
def test_a_flow_that_cannot_go_on_ends_with_an_apology(circle: tuple[object, ...]) -> None:
    phone = Phone(content(flow("f", *circle)), "f")  # type: ignore[arg-type]
    assert phone.dial() == "Sorry, this does not work now. Please try again later."
    assert phone.ended
