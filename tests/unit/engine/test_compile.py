from __future__ import annotations

from typing import Any

import pytest

from smsbot.engine.compile import Arrow, graph_of
from smsbot.engine.model import State, StateKind
from smsbot.errors import ContentError
from tests.flowkit import ask, call, effect, end, flow, menu, option, say, when


def _one_of_each() -> tuple[State, ...]:
    return (
        menu("pick", "What?", ("Learn", "learn"), ("Report", "much")),
        call("learn", "lesson", "words"),
        ask("much", "How much?", "amount", "lost", "branch"),
        when("branch", ("lost > 100", "words"), (None, "over")),
        say("words", "Some words.", "over"),
        end("over", "Bye."),
    )


def test_the_graph_is_the_machines_own_with_words_on_its_arrows() -> None:
    graph = graph_of(flow("f", *_one_of_each()))
    assert (graph.flow, graph.start) == ("f", "pick")
    assert graph.states[1] == ("learn", StateKind.CALL)
    assert graph.arrows == (
        Arrow("pick", "learn", "1 Learn"),
        Arrow("pick", "much", "2 Report"),
        Arrow("learn", "", "lesson"),
        Arrow("learn", "words", ""),
        Arrow("much", "branch", "lost"),
        Arrow("branch", "words", "lost > 100"),
        Arrow("branch", "over", "else"),
        Arrow("words", "over", ""),
    )


def test_the_machine_is_shared_and_has_no_session_of_its_own() -> None:
    triggers = flow("f", *_one_of_each()).triggers
    machine = triggers["option1"].machine
    assert all(event.machine is machine for event in triggers.values())
    assert (machine.models, machine.has_queue, machine.auto_transitions) == ([], False, False)
    assert machine.initial == "pick"


@pytest.mark.parametrize(
    "state",
    [
        menu("a", "?", ("x", "nowhere")),
        ask("a", "?", "text", "x", "nowhere"),
        say("a", "?", "nowhere"),
        when("a", (None, "nowhere")),
        call("a", "other", "nowhere"),
    ],
)
def test_a_goto_to_nowhere_is_refused(state: State) -> None:
    with pytest.raises(ContentError, match=r"f: a goes to 'nowhere'"):
        flow("f", state)


def test_a_start_that_is_nowhere_is_refused() -> None:
    with pytest.raises(ContentError, match=r"start goes to 'nowhere'"):
        flow("f", end("a"), start="nowhere")


@pytest.mark.parametrize(
    ("state", "defaults"),
    [
        (ask("a", "?", "number", "x", "z"), {"x": 0}),
        (ask("a", "?", "amount", "x", "z", decimals=True), {"x": 0.0}),
        (ask("a", "?", "yesno", "x", "z"), {"x": False}),
        (ask("a", "?", "text", "x", "z"), {"x": ""}),
        (ask("a", "?", "phone", "x", "z"), {"x": ""}),
        (ask("a", "?", "date", "x", "z"), {"x": ""}),
        (ask("a", "?", "transaction", "x", "z"), {"x": ""}),
        (ask("a", "?", "choice", "x", "z", choices={"v": "V", "w": "W"}), {"x": ""}),
        (say("a", "?", "z", add={"x": "1"}), {"x": 0}),
        (say("a", "?", "z", add={"x": "0.5"}), {"x": 0.0}),
        (say("a", "?", "z", set={"x": "'sw'"}), {"x": ""}),
        (say("a", "?", "z", set={"x": "5 > 3"}), {"x": False}),
        (say("a", "?", "z", set={"x": "y + 1.0", "y": "2.5"}), {"x": 0.0, "y": 0.0}),
        (say("a", "?", "z", set={"x": "x + 1"}), {"x": 0}),
        (say("a", "?", "z", set={"x": "x + 'a'"}), {"x": ""}),
        (say("a", "?", "z", set={"x": "100 / y", "y": "0"}), {"x": 0, "y": 0}),
        (say("a", "?", "z", set={"x": "unheard_of"}), {"x": ""}),
        (say("a", "?", "z", set={"x": "size(tags)"}), {"x": 0}),
        (menu("a", "?", option("1", "z", set={"x": "lang"})), {"x": ""}),
        (say("a", "?", "z", do=[effect("report", type="T01")]), {"reference": ""}),
        (say("a", "Yours is {reference}", "z"), {"reference": ""}),
        (say("a", "?", "z"), {}),
    ],
)
def test_each_variable_has_the_unset_value_of_its_type(
    state: State, defaults: dict[str, Any]
) -> None:
    found = flow("f", state, end("z")).defaults
    assert found == defaults
    assert [type(value) for value in found.values()] == [type(value) for value in defaults.values()]


def test_what_a_question_asks_decides_the_type_before_a_set_does() -> None:
    states = (
        say("a", "?", "b", set={"x": "1"}),
        ask("b", "?", "amount", "x", "z", decimals=True),
        end("z"),
    )
    assert flow("f", *states).defaults == {"x": 0.0}


def test_words_of_a_person_stay_sensitive_in_every_copy() -> None:
    states = (
        ask("a", "?", "text", "story", "b"),
        ask("b", "?", "amount", "lost", "c"),
        say("c", "?", "z", set={"third": "second", "second": "story + '!'", "double": "lost * 2"}),
        end("z"),
    )
    assert flow("f", *states).sensitive == {"story", "second", "third"}
