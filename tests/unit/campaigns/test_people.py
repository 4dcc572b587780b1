"""What one person's turns say: which items, before or after, and how far through which flow."""

from __future__ import annotations

import pytest

from smsbot.campaigns.report.people import Span, deeds, in_order
from smsbot.campaigns.report.statistics import Answers
from smsbot.campaigns.report.tallies import Item
from smsbot.storage.learning import Turned

AT = 1_000_000
SPAN = Span(AT, 500)


def turned(words: str, at: int = AT, number: int = 0) -> Turned:
    """A turn as `flow/state > flow/state how [scam+ | genuine- ...] [end]`."""
    came, went, how, *rest = words.replace(" > ", " ").split()
    item = next((word for word in rest if word[-1] in "+-"), "")
    right = item.endswith("+") if item else None
    flow, state = came.split("/")
    to_flow, to_state = went.split("/")
    ends = "end" in rest
    return Turned("r", at, number, flow, state, to_flow, to_state, how, item[:-1], right, ends)


def lived(*turns: str) -> list[Turned]:
    return [turned(words, AT + number, number) for number, words in enumerate(turns)]


@pytest.mark.parametrize(
    ("turns", "walks"),
    [
        # (states in order, where the person stood last, finished)
        (["pin/a > pin/b option"], {"pin": (["a", "b"], "b", False)}),
        (
            ["pin/a > pin/b option", "pin/b > pin/c answer end"],
            {"pin": (["a", "b", "c"], "c", True)},
        ),
        # Leaving into another flow by an answer is the end of this one; by `00` it is not.
        (
            ["pin/a > ask/q option"],
            {"pin": (["a"], "a", True), "ask": (["q"], "q", False)},
        ),
        (["pin/a > menu/home home"], {}),
        (
            ["pin/a > pin/b option", "pin/b > menu/home home"],
            {"pin": (["a", "b"], "b", False)},
        ),
        # Too many wrong answers end the conversation, not the flow.
        (["pin/a > pin/a wrong", "pin/a > pin/a wrong end"], {"pin": (["a"], "a", False)}),
        # Back and forth: a state counts once, and the person stands where she came to last.
        (
            ["pin/a > pin/b option", "pin/b > pin/a back", "pin/a > pin/b option"],
            {"pin": (["a", "b"], "b", False)},
        ),
        # A dial that only offers to go on begins nothing; nor does a page after the end.
        (["pin/b > pin/b offer"], {}),
        (["pin/c > pin/c end end"], {}),
        # The front door's last page of an ending read to its end.
        (["pin/z > pin/z more end"], {"pin": (["z"], "z", True)}),
        (
            ["menu/home > pin/a option", "pin/a > pin/b option"],
            {"menu": (["home"], "home", True), "pin": (["a", "b"], "b", False)},
        ),
    ],
)
def test_a_way_through_flows_is_read_from_turns(
    turns: list[str], walks: dict[str, tuple[list[str], str, bool]]
) -> None:
    done = deeds(lived(*turns), SPAN, 0)
    found = {
        flow: (list(walk.states), walk.at, walk.is_finished) for flow, walk in done.walks.items()
    }
    assert found == walks


def test_ways_before_the_message_do_not_count_but_answers_do() -> None:
    done = deeds([turned("pin/a > pin/b option scam+", AT - 1)], SPAN, 0)
    assert done.walks == {}
    assert done.answers == {Item.SCAM: Answers(1, 1, 0, 0)}


@pytest.mark.parametrize(
    ("at", "answers"),
    [
        (AT - 501, None),
        (AT - 500, Answers(1, 1, 0, 0)),
        (AT - 1, Answers(1, 1, 0, 0)),
        (AT, Answers(0, 0, 1, 1)),
        (AT + 499, Answers(0, 0, 1, 1)),
        (AT + 500, None),
    ],
)
def test_the_span_is_as_long_before_as_after(at: int, answers: Answers | None) -> None:
    done = deeds([turned("pin/a > pin/b option genuine+", at)], SPAN, 0)
    assert done.answers.get(Item.GENUINE) == answers


def test_the_first_answer_to_an_item_counts_in_each_period() -> None:
    turns = [
        turned("pin/a > pin/b option scam-", AT - 9),
        turned("pin/a > pin/b option scam+", AT - 8),
        turned("pin/a > pin/b option scam+", AT + 1),
        turned("pin/a > pin/b option scam-", AT + 2),
        turned("wrong/a > wrong/b option scam-", AT + 3),
        turned("pin/c > pin/d option genuine+", AT + 4),
    ]
    done = deeds(in_order(reversed(turns)), SPAN, 0)
    assert done.answers == {Item.SCAM: Answers(0, 1, 1, 2), Item.GENUINE: Answers(0, 0, 1, 1)}
    assert done.all_answers == Answers(0, 1, 2, 3)
    assert (done.known_items, done.new_items) == (1, 2)
