from __future__ import annotations

from smsbot.engine.session import MAX_DEPTH
from tests.flowkit import Phone, ask, call, content, end, flow, menu, say, when


def test_a_called_flow_runs_and_the_caller_goes_on() -> None:
    outer = flow(
        "outer", call("a", "inner", "b", "Before."), say("b", "After.", "c"), end("c", "End.")
    )
    inner = flow("inner", say("x", "Inside.", "y"), end("y", "Done inside."))
    phone = Phone(content(outer, inner), "outer")
    assert phone.dial() == "Before.\nInside.\nDone inside.\nAfter.\nEnd."
    assert phone.ended


def test_a_called_flow_has_variables_of_its_own() -> None:
    outer = flow(
        "outer",
        say("a", "Outer {score}.", "b", set={"score": "5", "mine": "'kept'"}),
        call("b", "inner", "c"),
        end("c", "Outer {score}, {mine}, {secret}."),
    )
    inner = flow(
        "inner",
        say("x", "Inner {score}.", "y", add={"score": "1"}, set={"secret": "'inner only'"}),
        end("y"),
    )
    phone = Phone(content(outer, inner), "outer")
    assert phone.dial() == "Outer 5.\nInner 1.\nOuter 1, kept, ."
    assert phone.variables == {"score": 1, "mine": "kept"}


def test_a_variable_that_the_called_flow_never_set_stays() -> None:
    outer = flow(
        "outer",
        say("a", "", "b", set={"score": "5"}),
        call("b", "inner", "c"),
        end("c", "Outer {score}."),
    )
    inner = flow(
        "inner",
        when("x", ("false", "w"), (None, "y")),
        say("w", "", "y", add={"score": "1"}),
        end("y"),
    )
    assert Phone(content(outer, inner), "outer").dial() == "Outer 5."


def test_an_answer_given_in_a_called_flow_comes_back() -> None:
    outer = flow(
        "outer",
        call("a", "inner", "b"),
        menu("b", "You lost {lost}.", ("ok", "c")),
        say("c", "", "d", set={"lost": "lost"}),
        end("d"),
    )
    inner = flow("inner", ask("x", "How much?", "amount", "lost", "y"), end("y"))
    phone = Phone(content(outer, inner), "outer")
    phone.dial()
    assert phone.press("700").startswith("You lost 700.")


def test_a_call_without_a_way_on_ends_its_flow_too() -> None:
    outer = flow("outer", call("a", "middle", "b"), end("b", "Outer end."))
    middle = flow("middle", call("m", "inner"))
    inner = flow("inner", end("x", "Inner end."))
    assert Phone(content(outer, middle, inner), "outer").dial() == "Inner end.\nOuter end."


def test_flows_may_call_flows_to_a_bounded_depth() -> None:
    deep = [flow(f"f{n}", call("a", f"f{n + 1}", "b"), end("b", f"{n}")) for n in range(MAX_DEPTH)]
    last = flow(f"f{MAX_DEPTH}", menu("a", "Deep?", ("Yes", "b")), end("b", "Bottom."))
    phone = Phone(content(*deep, last), "f0")
    assert phone.dial().startswith("Deep?")
    assert phone.press("1").splitlines() == [
        "Bottom.",
        *(f"{n}" for n in reversed(range(MAX_DEPTH))),
    ]
