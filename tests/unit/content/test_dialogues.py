"""Authors' dialogue tests: their form, and what a failing line says."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from smsbot.content.dialogue_file import country_of, inputs_of, parse_span, read_dialogues
from smsbot.content.dialogues import play
from smsbot.content.loader import load_content

if TYPE_CHECKING:
    from pathlib import Path

    from smsbot.engine.model import Content

FLOW = """\
id: lost
title: Lost money
language: en
keywords: [LOST]
start: front
states:
  front:
    say: What happened?
    menu:
      - say: I sent money
        goto: amount
      - say: Nothing
        goto: bye
  amount:
    say: How much?
    ask: {type: amount, into: lost, min: 1}
    goto: thanks
  thanks:
    say: "You lost {lost}. Call\\nyour operator."
    do:
      - tag: lost-money
      - report: {type: T01, keep: [lost]}
      - send-sms: "We wrote down {lost}."
    end: true
  bye:
    say: Good.
    end: true
"""


@pytest.fixture
def content(tmp_path: Path) -> Content:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/lost.yaml").write_text(FLOW, encoding="utf-8")
    loaded = load_content(tmp_path / "flows", tmp_path / "messages", production=False)
    assert loaded.content is not None, loaded.faults
    return loaded.content


def failures(content: Content, steps: str, head: str = "channel: ussd\n") -> list[str]:
    """Play the steps; give each failure as `line: expected / got`."""
    dialogues, faults = read_dialogues(f"{head}steps:\n{steps}".encode(), "flows/tests/lost.yaml")
    assert not faults, faults
    return [
        f"{failure.line}: {failure.expected} / {failure.got}"
        for dialogue in dialogues
        for failure in play(dialogue, content)
    ]


GOOD = {
    "a call walks through the flow": """
  - dial
  - expect: [What happened, 1 I sent money]
  - press: 1
  - expect: How much
  - press: 5k
  - expect: You lost 5000. Call your operator.
  - expect_end: call your operator
""".replace("expect_end: call", "expect_end: Call"),
    "effects are told by their main word or by arguments": """
  - dial: "1*500"
  - expect_effect: {tag: lost-money}
  - expect_effect: [{report: T01}, {report: {type: T01, lost: "500"}}, {send-sms: wrote down 500}]
""",
    "several words may stand in one step": """
  - {dial: null, expect: What happened, expect_not: How much}
  - {press: 1, expect: How much}
""",
    "a code with inputs walks right in": """
  - dial: "*384*123*1*700#"
  - expect: You lost 700
""",
    "a dropped session is offered for half an hour": """
  - dial
  - press: 1
  - drop
  - wait: 29m
  - dial
  - expect: [Lost money, 1 Continue, 2 Start again]
  - press: 1
  - expect: How much
""",
    "the offer can be declined": """
  - dial
  - press: 1
  - drop
  - dial
  - press: 2
  - expect: What happened
""",
    "after half an hour the call starts anew": """
  - dial
  - press: 1
  - wait: 31m
  - dial
  - expect: What happened
""",
    "nothing is offered where nothing was begun": """
  - dial
  - drop
  - dial
  - expect: What happened
""",
    "a repeated turn gives the same page and no effect": """
  - dial
  - press: 1
  - replay
  - expect: How much
  - press: 500
  - replay
  - expect: You lost 500
  - expect_not: How much
""",
    "an SMS keyword starts the flow on any phone": """
  - text: lost
  - expect: What happened
""",
    "a wrong answer is asked again": """
  - dial
  - press: 9
  - expect: [choose a number, What happened]
""",
}


@pytest.mark.parametrize("steps", GOOD.values(), ids=GOOD)
def test_a_dialogue_goes_as_expected(content: Content, steps: str) -> None:
    assert failures(content, steps) == []


def test_an_sms_dialogue_types_by_text(content: Content) -> None:
    steps = "  - text: LOST\n  - text: '1'\n  - text: '500'\n  - expect: You lost 500\n"
    assert failures(content, steps, "channel: sms\n") == []
    assert failures(content, steps.replace("text: '1'", "press: 1"), "channel: sms\n") == []


def test_a_flow_can_be_opened_by_sms_without_a_keyword(content: Content) -> None:
    steps = "  - dial\n  - expect: What happened\n  - expect_not: 0 Back\n"
    steps += "  - text: '2'\n  - expect_end: Good\n"
    assert failures(content, steps, "channel: sms\n") == []


def test_an_sms_conversation_ends_after_a_day_of_silence(content: Content) -> None:
    steps = "  - text: LOST\n  - wait: 25h\n  - text: '1'\n  - expect: did not understand\n"
    assert failures(content, steps, "channel: sms\n") == []


def test_a_keyword_beats_a_conversation_that_cannot_read_it(content: Content) -> None:
    steps = "  - text: LOST\n  - text: '1'\n  - text: LOST\n  - expect: What happened\n"
    assert failures(content, steps, "channel: sms\n") == []


@pytest.mark.parametrize(
    ("steps", "failing"),
    [
        (
            "  - dial\n  - expect: Welcome\n",
            "4: Welcome / What happened?\n1 I sent money\n2 Nothing",
        ),
        ("  - dial\n  - expect_not: happened\n", "4: not 'happened' / What happened?"),
        ("  - dial\n  - expect_end: true\n", "4: the end of the conversation / What happened?"),
        ("  - dial: '2'\n  - expect_end: Bad\n", "4: Bad\n(and the end) / Good."),
        ("  - dial: '2'\n  - expect_effect: {tag: x}\n", "4: tag: x / no effect"),
        (
            "  - dial: '1*5'\n  - expect_effect: {report: T02}\n",
            "4: report: T02 / tag: value=lost-money\nreport: type=T01",
        ),
        ("  - press: 1\n  - expect: x\n", "3: to do `press` / no USSD session is open"),
        ("  - replay\n  - expect: x\n", "3: to do `replay` / nothing was sent yet"),
        (
            "  - dial\n  - wait: 70\n  - press: 1\n  - expect: How\n",
            "5: to do `press` / no USSD session is open",
        ),
    ],
)
def test_a_failing_line_tells_both_texts(content: Content, steps: str, failing: str) -> None:
    told = failures(content, steps)
    assert len(told) == 1
    assert told[0].startswith(failing)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("channel: fax\nsteps:\n  - dial\n  - expect: a\n", 1, "`channel` is 'fax'"),
        ("steps:\n  - dail\n  - expect: a\n", 2, "`dail` has no meaning here"),
        ("steps:\n  - dial\n", 1, "expects nothing"),
        ("steps:\n  - dial\n  - expect:\n", 3, "`expect` needs a text"),
        ("steps:\n  - wait: soon\n  - expect: a\n", 2, "`wait` needs seconds"),
        ("steps:\n  - press:\n  - expect: a\n", 2, "`press` needs what is typed"),
        ("steps:\n  - drop: 5\n  - expect: a\n", 2, "`drop` has no value"),
        ("steps:\n  - dial: [1]\n  - expect: a\n", 2, "`dial` needs nothing"),
        ("steps:\n  - expect_end: false\n", 2, "`expect_end` needs true"),
        ("steps:\n  - expect_effect: tag\n", 2, "`expect_effect` needs one effect"),
        ("steps:\n  - expect_effect: {tagg: a}\n", 2, "there is no effect 'tagg'"),
        ("steps:\n  - [dial]\n  - expect: a\n", 2, "a step is a word"),
        ("phone: 0722\nsteps:\n  - expect: a\n", 1, "`phone` must be international"),
        ("steps: dial\n", 1, "`steps` must be a list"),
        ("step:\n  - dial\n", 1, "needs `steps`, or `dialogues`"),
        ("dialogues: dial\n", 1, "`dialogues` must be a list"),
        ("dialogues:\n  - dial\n", 2, "a dialogue must be a mapping"),
        ("- dial\n", 1, "must be a mapping"),
        ("steps: [dial\n", 2, "is not YAML"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(text: str, line: int, words: str) -> None:
    dialogues, faults = read_dialogues(text.encode(), "flows/tests/lost.yaml")
    assert dialogues == []
    assert any(fault.line == line and words in fault.words for fault in faults), faults


def test_one_file_may_hold_several_dialogues() -> None:
    text = b"""\
lang: sw
dialogues:
  - title: by call
    steps: [dial, {expect: a}]
  - title: by text
    channel: sms
    lang: fr
    phone: "+221700000001"
    flow: other
    steps: [{text: X}, {expect: b}]
"""
    first, second = read_dialogues(text, "flows/tests/lost.yaml")[0]
    assert (first.title, first.channel, first.language, first.flow) == (
        "by call",
        "ussd",
        "sw",
        "lost",
    )
    assert (second.title, second.channel, second.language, second.flow) == (
        *("by text", "sms", "fr", "other"),
    )
    assert (first.country, second.country) == ("KE", "SN")


@pytest.mark.parametrize(
    ("raw", "codes", "inputs"),
    [
        ("", (), ()),
        ("1*2", (), ("1", "2")),
        ("1", (), ("1",)),
        ("*384*123#", (), ()),
        ("*384*123*2*1#", (), ("2", "1")),
        ("*100#", (), ()),
        ("*100*2*1#", ("*100#",), ("2", "1")),
        ("*384*123*7#", ("*384*123#", "*384#"), ("7",)),
    ],
)
def test_a_dialled_code_gives_its_inputs(
    raw: str, codes: tuple[str, ...], inputs: tuple[str, ...]
) -> None:
    assert inputs_of(raw, codes) == inputs


@pytest.mark.parametrize(
    ("value", "span"),
    [
        (70, timedelta(seconds=70)),
        ("2d", timedelta(days=2)),
        ("90 s", timedelta(seconds=90)),
        ("5m", timedelta(minutes=5)),
        (1.5, timedelta(seconds=1.5)),
        ("soon", None),
        (True, None),
        ("-5", None),
    ],
)
def test_a_wait_is_seconds_or_a_number_with_a_unit(value: object, span: timedelta | None) -> None:
    assert parse_span(value) == span


@pytest.mark.parametrize(
    ("phone", "country"), [("+254700000001", "KE"), ("+2348000000000", "NG"), ("+999", "")]
)
def test_a_phone_tells_its_country(phone: str, country: str) -> None:
    assert country_of(phone) == country
