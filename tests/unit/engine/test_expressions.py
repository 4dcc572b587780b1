from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsbot.engine.expressions import (
    FUNCTIONS,
    MAX_NUMBER,
    MAX_TEXT,
    compile_expression,
    problems,
    settle,
    unset_of,
)
from smsbot.errors import ContentError

VALUES: dict[str, Any] = {
    "lost": 12_000,
    "score": 2,
    "ratio": 0.5,
    "name": "Wanjikũ",
    "sure": True,
    "lang": "sw",
    "tags": ("pin", "wrong-send"),
    "consents": (),
}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("lost >= 10000 && lang == 'sw'", True),
        ('lost >= 10000 && lang == "en"', False),
        ("score + 1", 3),
        ("-score", -2),
        ("lost / 1000 % 5", 2),
        ("ratio * 4.0", 2.0),
        ("name + '!'", "Wanjikũ!"),
        ("'pin' in tags", True),
        ("size(consents) == 0", True),
        ("tags.exists(t, t.startsWith('wrong'))", True),
        ("sure ? 'a' : 'b'", "a"),
        ("!sure", False),
        ("1", 1),
        ("-7", -7),
        ("0.25", 0.25),
        ("true", True),
        ("'plain'", "plain"),
        ('"plain"', "plain"),
        ("''", ""),
        ("lost", 12_000),
    ],
)
def test_an_expression_has_the_value_that_cel_gives(source: str, value: object) -> None:
    found = compile_expression(source).evaluate(VALUES)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "source",
    [
        "lost / 0",
        "lost + ratio",
        "name + 1",
        "unheard_of",
        "unheard_of(1)",
        "1.0 / 0.0",
        "9223372036854775807 + 1",
        "[1, 2]",
        "null",
        "tags",
        "timestamp('2026-01-01T00:00:00Z')",
        "lost && true",
        "name.matches('(')",
    ],
)
def test_a_fault_at_run_time_is_false_and_counted(source: str) -> None:
    expression = compile_expression(source)
    assert expression.evaluate(VALUES) is False
    assert expression.faults == 1
    assert expression.attempt(VALUES) is None
    assert expression.fault_on(VALUES)


@pytest.mark.parametrize("source", ["", "1 +", "a b", "'open", "if x", "x = 1", "(" * 500])
def test_what_is_no_cel_is_refused_in_one_short_line(source: str) -> None:
    with pytest.raises(ContentError, match=r"^no CEL expression: .{1,130}$"):
        compile_expression(source)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("lost >= 1 && lang == 'sw'", {"lost", "lang"}),
        ("tags.exists(t, t == 'x')", {"tags"}),
        ("tags . filter( each , each == other).size()", {"tags", "other"}),
        ("name == 'tags.exists(q, q)'", {"name"}),
        ("'it\\'s .map(z, z)' == name", {"name"}),
        ("1 + 1", set()),
    ],
)
def test_names_are_those_that_a_flow_must_have(source: str, names: set[str]) -> None:
    assert compile_expression(source).names == names


KNOWN = {"lost": 0, "ratio": 0.0, "name": "", "sure": False}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("lost >= 10000 && lang == 'sw'", ()),
        ("100 / lost > 2", ()),
        ("sure && 'a' in tags || country == 'KE'", ()),
        ("lots > 1", ("unknown name 'lots'",)),
        ("size(nme) > max(1, 2)", ("unknown name 'nme'", "unknown function 'max'")),
    ],
)
def test_problems_are_found_before_a_citizen_finds_them(
    source: str, words: tuple[str, ...]
) -> None:
    assert problems(compile_expression(source), KNOWN) == words


@pytest.mark.parametrize(
    "source",
    [
        "lost + ratio",
        "lost + name",
        "sure && lost + name == 'a'",
        "sure || lost + name == 'a'",
        "lost > 0 ? name : name + 1",
        "!lost",
        "tags + 1",
    ],
)
def test_mixed_types_are_found_on_both_sides_of_a_condition(source: str) -> None:
    (problem,) = problems(compile_expression(source), KNOWN)
    assert problem.startswith("types do not fit: ")


@pytest.mark.parametrize("name", sorted(FUNCTIONS - {"has"}))
def test_every_allowed_function_is_one_of_the_library(name: str) -> None:
    calls = {
        "contains": "'a'.contains('a')",
        "startsWith": "'a'.startsWith('a')",
        "endsWith": "'a'.endsWith('a')",
        "matches": "'a'.matches('a')",
    }
    assert compile_expression(calls.get(name, f"{name}('1')")).attempt({}) is not None


SCALARS = st.text() | st.integers() | st.floats(allow_nan=False) | st.booleans()


@given(SCALARS, st.sampled_from(["", 0, 0.0, False]))
def test_a_variable_keeps_its_type_and_its_bounds(value: Any, unset: Any) -> None:
    found = settle(value, unset)
    assert type(found) is type(unset)
    if isinstance(found, str):
        assert len(found) <= MAX_TEXT
    else:
        assert abs(found) <= MAX_NUMBER


@given(SCALARS)
def test_the_unset_value_is_of_the_same_type_and_false(value: Any) -> None:
    assert type(unset_of(value)) is type(value)
    assert not unset_of(value)


@given(st.dictionaries(st.sampled_from(["lost", "ratio", "name", "tags"]), SCALARS))
def test_nothing_is_raised_whatever_the_values_are(values: dict[str, Any]) -> None:
    for source in ("lost + 1", "ratio > 0.5", "name + 'a'", "'a' in tags", "lost / lost == 1"):
        assert isinstance(compile_expression(source).evaluate(values), str | int | float | bool)
