"""The first text of a flow for everybody: what it is, and which flows cannot be opened so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from smsbot.conversation.openings import open_flow
from smsbot.engine import step as engine
from smsbot.errors import Refused
from smsbot.sessions.live import from_plain
from smsbot.values import Channel, ChannelKind, PageLimit, Prices
from tests.flowkit import (
    both,
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

if TYPE_CHECKING:
    from smsbot.engine.model import Flow, State

NOW = 1_780_000_000_000
CHANNEL = Channel(
    id="sim",
    gateway="simulator",
    kinds=frozenset({ChannelKind.SMS, ChannelKind.USSD}),
    languages=("en", "sw"),
    country="KE",
    timezone=ZoneInfo("Africa/Nairobi"),
    prices=Prices("KES", 800_000),
)
ASKS = menu("asks", "Who may ask your PIN?", ("The bank", "bye"), ("Nobody", "bye"))
BYE = end("bye", "Nobody may.")


def opened(*states: State, language: str = "en", others: tuple[Flow, ...] = ()) -> str:
    return open_flow(
        content(flow("pin", *states), *others), CHANNEL, "pin", language, now_ms=NOW
    ).text


def test_the_text_is_the_first_page_by_sms_and_the_session_goes_on_from_it() -> None:
    found = content(
        flow(
            "pin",
            menu(
                "asks",
                {"en": both(ussd="Short", sms="Who may ask?"), "sw": "Nani anaweza kuuliza?"},
                option({"en": "The bank", "sw": "Benki"}, "bye"),
                option({"en": "Nobody", "sw": "Hakuna"}, "bye", add={"score": "1"}),
            ),
            end("bye", {"en": "You got {score}.", "sw": "Umepata {score}."}),
        )
    )
    opening = open_flow(found, CHANNEL, "pin", "sw", now_ms=NOW)
    assert opening.text == "Nani anaweza kuuliza?\n1 Benki\n2 Hakuna"
    assert (opening.flow, opening.language, opening.version) == ("pin", "sw", found.version)
    assert opening.segments == 1
    assert opening.session is not None
    live = from_plain(opening.session, 0)
    outcome = engine.step(
        found,
        live.session,
        "2",
        surface=engine.Surface(ChannelKind.SMS, PageLimit(), "KE"),
        now=datetime(2026, 1, 1, tzinfo=UTC),
        seed=b"x",
    )
    assert outcome.reply.text == "Umepata 1."
    assert "Who may ask?" in open_flow(found, CHANNEL, "pin", "en", now_ms=NOW).text


def test_what_is_said_on_the_way_stands_in_front() -> None:
    text = opened(say("hello", "Hello.", "asks"), ASKS, BYE)
    assert text == "Hello.\nWho may ask your PIN?\n1 The bank\n2 Nobody"


def test_a_flow_that_only_says_something_waits_for_no_reply() -> None:
    opening = open_flow(content(flow("pin", BYE)), CHANNEL, "pin", "en", now_ms=NOW)
    assert (opening.text, opening.session) == ("Nobody may.", None)


def test_a_branch_on_what_is_the_same_for_everybody_is_fine() -> None:
    branch = when("by", ("channel == 'sms'", "asks"), (None, "bye"))
    assert opened(branch, ASKS, BYE).startswith("Who may ask")


def test_a_called_flow_may_ask_first_and_its_effects_later_do_no_harm() -> None:
    lesson = flow("lesson", ASKS, end("bye", "Bye", do=[effect("tag", "done")]))
    text = opened(call("go", "lesson", "after"), BYE, end("after", "After"), others=(lesson,))
    assert text.startswith("Who may ask")


REFUSED = [
    ("consents", [when("by", ("'lessons' in consents", "asks"), (None, "bye")), ASKS, BYE]),
    ("region", [menu("asks", "Hello {region}", ("Go", "bye")), BYE]),
    ("country", [menu("asks", "Hello", ("In {country}", "bye")), BYE]),
    ("tags", [say("x", "Hi", "asks", set={"n": "size(tags)"}), ASKS, BYE]),
    ("tag", [say("x", "Hi", "asks", do=[effect("tag", "seen")]), ASKS, BYE]),
    ("report", [menu("asks", "Hi", ("Go", "bye"), do=[effect("report", type="T01")]), BYE]),
    # not on the way that a nobody takes, but on another's
    ("enrol", [when("by", ("lang == 'fr'", "x"), (None, "bye")), ASKS, BYE,
               say("x", "Hi", "asks", do=[effect("enrol", "boosters")])]),
]  # fmt: skip


@pytest.mark.parametrize(("why", "states"), REFUSED, ids=[why for why, _ in REFUSED])
def test_a_flow_that_hangs_on_the_person_or_acts_before_the_answer_is_refused(
    why: str, states: list[State]
) -> None:
    with pytest.raises(Refused, match=why):
        opened(*states)


def test_effects_and_branches_inside_a_called_flow_count_too() -> None:
    asks = flow("asks-consent", when("a", ("'x' in asked", "b"), (None, "b")), end("b", "B"))
    with pytest.raises(Refused, match="'asks-consent' hangs on the person"):
        opened(call("go", "asks-consent", "bye"), BYE, others=(asks,))
    ends = flow("ends", end("b", "B"))
    with pytest.raises(Refused, match="tag"):  # entered once the called flow has returned
        opened(
            call("go", "ends", "bye"), end("bye", "Bye", do=[effect("tag", "x")]), others=(ends,)
        )


def test_a_flow_that_is_not_there_or_not_spoken_is_refused() -> None:
    with pytest.raises(Refused, match="there is no flow 'nowhere'"):
        open_flow(content(flow("pin", BYE)), CHANNEL, "nowhere", "en", now_ms=NOW)
    with pytest.raises(Refused, match="not offered in 'fr'"):
        opened(BYE, language="fr")


def test_a_draft_is_offered_in_dev_only_and_with_a_mark() -> None:
    found = content(flow("pin", BYE, drafts=frozenset({"sw"})))
    with pytest.raises(Refused, match="not offered in 'sw'"):
        open_flow(found, CHANNEL, "pin", "sw", now_ms=NOW)
    text = open_flow(found, CHANNEL, "pin", "sw", now_ms=NOW, mark_drafts=True).text
    assert text != "Nobody may."
    assert text.endswith("Nobody may.")


def test_a_flow_that_goes_round_is_refused() -> None:
    with pytest.raises(Refused, match="goes round"):
        opened(say("a", "A", "b"), say("b", "B", "a"))
