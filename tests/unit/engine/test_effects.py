from __future__ import annotations

from smsbot.engine.model import Effect, EffectKind, Person
from smsbot.text.references import reference_from
from tests.flowkit import (
    SEED,
    Phone,
    ask,
    call,
    content,
    effect,
    end,
    flow,
    menu,
    option,
    say,
    when,
)

CONSENT = flow(
    "consent",
    when("known", ("'lessons' in asked", "over"), (None, "ask")),
    menu(
        "ask",
        "May we text you lessons?",
        option("Yes", "known", do=[effect("consent", purpose="lessons", answer="yes")]),
        option("No", "known", do=[effect("consent", purpose="lessons", answer="no")]),
    ),
    when("over", ("'lessons' in consents", "thanks"), (None, "fine")),
    end("thanks", "We will text you."),
    end("fine", "We will not."),
)


def test_a_consent_is_seen_by_what_follows() -> None:
    phone = Phone(content(CONSENT), "consent")
    phone.dial()
    assert phone.press("1") == "We will text you."
    args = {"purpose": "lessons", "answer": "yes"}
    assert phone.effects == [Effect(EffectKind.CONSENT, args)]
    assert phone.session.person == Person(consents=("lessons",), asked=("lessons",))


def test_a_refusal_takes_a_consent_away_and_is_not_asked_again() -> None:
    phone = Phone(content(CONSENT), "consent", person=Person(consents=("lessons", "alerts")))
    phone.dial()
    assert phone.press("2") == "We will not."
    assert phone.session.person == Person(consents=("alerts",), asked=("lessons",))
    phone = Phone(content(CONSENT), "consent", person=Person(asked=("lessons",)))
    assert phone.dial() == "We will not."


def test_tags_change_at_once() -> None:
    tagging = flow(
        "f",
        say(
            "a",
            "",
            "b",
            do=[effect("tag", "level-{level}"), effect("untag", "new")],
            add={"level": "2"},
        ),
        when("b", ("'level-2' in tags && !('new' in tags)", "yes"), (None, "no")),
        end("yes", "Tagged."),
        end("no", "Not tagged."),
    )
    phone = Phone(content(tagging), "f", person=Person(tags=("new", "old")))
    assert phone.dial() == "Tagged."
    assert phone.session.person.tags == ("old", "level-2")
    assert [dict(each.args) for each in phone.effects] == [{"value": "level-2"}, {"value": "new"}]


def test_effects_come_in_order_option_then_state_and_hold_what_is_true_then() -> None:
    ordered = flow(
        "f",
        menu("a", "?", option("Go", "b", add={"n": "1"}, do=[effect("enrol", "course-{n}")])),
        say(
            "b",
            "",
            "c",
            add={"n": "1"},
            do=[effect("remind", after="{n}d"), effect("escalate", "x")],
        ),
        end("c", do=[effect("send-sms", say={"en": "English {n}", "sw": "Kiswahili {n}"})]),
    )
    phone = Phone(content(ordered), "f", language="sw")
    phone.dial()
    phone.press("1")
    assert phone.effects == [
        Effect(EffectKind.ENROL, {"value": "course-1"}),
        Effect(EffectKind.REMIND, {"after": "2d"}),
        Effect(EffectKind.ESCALATE, {"value": "x"}),
        Effect(EffectKind.SEND_SMS, {}, "Kiswahili 2"),
    ]


REPORT = flow(
    "report",
    ask("words", "What did they say?", "text", "story", "much", skip=True),
    ask("much", "How much did you lose?", "amount", "lost", "keep", skip=True),
    say("keep", "", "thanks", do=[effect("report", type="T01", story="{story}", lost="{lost}")]),
    end("thanks", "Thank you. Your number is {reference}."),
)


def test_a_report_takes_the_variables_that_it_names_and_says_its_reference() -> None:
    phone = Phone(content(REPORT), "report")
    phone.dial()
    reference = reference_from(SEED, 0)
    assert phone.press("Send me {story}", "500") == f"Thank you. Your number is {reference}."
    (report,) = phone.effects
    assert report.args == {
        "type": "T01",
        "story": "Send me {story}",
        "lost": "500",
        "reference": reference,
    }


def test_a_partial_report_has_empty_answers() -> None:
    phone = Phone(content(REPORT), "report")
    phone.dial()
    phone.press("#", "#")
    assert (phone.effects[0].args["story"], phone.effects[0].args["lost"]) == ("", "0")


def test_the_step_run_again_says_the_reference_that_sql_gave() -> None:
    phone = Phone(content(REPORT), "report")
    phone.dial()
    assert phone.press("#", "#", references=("12345678",)).endswith("12345678.")
    assert phone.effects[-1].args["reference"] == "12345678"


def test_two_reports_in_a_turn_have_two_references() -> None:
    twice = flow(
        "f",
        say("a", "First {reference}.", "b", do=[effect("report", type="T01")]),
        end("b", "Second {reference}.", do=[effect("report", type="T02")]),
    )
    phone = Phone(content(twice), "f")
    phone.dial()
    first, second = (each.args["reference"] for each in phone.effects)
    assert first != second
    assert phone.again().text == f"First {first}.\nSecond {second}."
    phone.dial(references=("11111111", "22222222"))
    assert phone.again().text == "First 11111111.\nSecond 22222222."


def test_a_caller_may_say_the_reference_of_the_flow_it_called() -> None:
    outer = flow("outer", call("a", "report", "b"), end("b", "Keep {reference}."))
    phone = Phone(content(outer, REPORT), "outer")
    phone.dial()
    assert phone.press("#", "#").endswith(f"Keep {reference_from(SEED, 0)}.")
