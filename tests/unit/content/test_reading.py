"""What the reader of flow files refuses, and how it says so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smsbot.content.faults import Fault, Severity, did_you_mean
from smsbot.content.reading import parse_flow
from smsbot.content.source import Audience, Role, parse_source, read_flow

if TYPE_CHECKING:
    from smsbot.content.source import FlowSource

DOCS = Path(__file__).parents[3] / "docs"
HEAD = "id: f\ntitle: Kichwa\nlanguage: sw\nstart: a\nstates:\n"
END = "  z: {say: Kwaheri, end: true}\n"


def faults_of(states: str) -> list[str]:
    """The faults of a flow with these states, as `line: words (hint)`; line 6 is the first state's."""
    source, faults = parse_source((HEAD + states + END).encode(), "f.yaml")
    assert (source is None) == bool(faults)
    return [str(fault).removeprefix("f.yaml:").replace(" error:", "") for fault in faults]


def source_of(states: str) -> FlowSource:
    source, faults = parse_source((HEAD + states + END).encode(), "f.yaml")
    assert source is not None, [str(fault) for fault in faults]
    return source


@pytest.mark.parametrize(
    ("states", "fault"),
    [
        ("  a: {sya: x, goto: z}\n", "6: `sya` has no meaning here (did you mean 'say'?)"),
        ("  a: {say: 12, goto: z}\n", "6: `say` must be a text, or ussd and sms texts (put quotes"),
        ("  a: {say: '', goto: z}\n", "6: `ussd` is empty"),
        ("  a: {say: {smss: x}, goto: z}\n", "6: `smss` has no meaning here (did you mean 'sms'?)"),
        ("  a: {say: x}\n", "6: state 'a' leads nowhere (add goto, or menu, ask"),
        ("  a: {say: x, end: true, goto: z}\n", "6: state 'a' has `end`, so its goto is never"),
        ("  a: {say: x, end: false}\n", "6: `end` must be true"),
        ("  a: {say: x, tries: 2, goto: z}\n", "6: `tries` needs a menu, an ask or a quiz"),
        ("  A: {say: x, goto: z}\n", "6: `A` is 'A': wanted is small letters"),
        ("  a: {call: Other, goto: z}\n", "6: `call` is 'Other': wanted is small letters"),
        ("  a: [x]\n", "6: `a` must be a mapping"),
        ("  a:\n    say: x\n    menu: []\n", "8: `menu` has too few entries"),
        ("  a:\n    menu: [{say: x, goto: z}]\n", "7: state 'a' asks without saying anything"),
        ("  a:\n    say: x\n    menu:\n      - say: x\n", "8: option 1 of 'a' has no goto"),
        (
            "  a:\n    say: x\n    menu:\n      - say: y\n        gotto: z\n    goto: z\n",
            "10: `gotto` has no meaning here (did you mean 'goto'?)",
        ),
        (
            "  a:\n    say: x\n    menu: [{say: {ussd: y}, goto: z}]\n",
            "8: `say` needs words for sms too",
        ),
        (
            "  a:\n    say: x\n    menu: [{say: y, goto: z}]\n    ask: {type: text, into: v}\n",
            "9: state 'a' is both menu and ask (split it",
        ),
        ("  a: {say: x, ask: {type: amont, into: v}, goto: z}\n", "6: `type` must be 'choice', "),
        ("  a: {say: x, ask: {type: text}, goto: z}\n", "6: `into` is missing"),
        ("  a: {say: x, ask: {type: text, into: V}, goto: z}\n", "6: `into` is 'V': wanted is"),
        ("  a: {say: x, ask: {type: text, into: v}}\n", "6: state 'a' needs a goto"),
        (
            "  a: {say: x, ask: {type: number, into: v, min: '1'}, goto: z}\n",
            "6: `min` must be a number",
        ),
        (
            "  a: {say: x, ask: {type: number, into: v, min: 5, max: 1}, goto: z}\n",
            "6: `ask`: `min` is over `max`",
        ),
        (
            "  a: {say: x, ask: {type: phone, into: v, min: 5}, goto: z}\n",
            "6: `ask`: `min` and `max` belong to number, amount and text only",
        ),
        (
            "  a: {say: x, ask: {type: choice, into: v}, goto: z}\n",
            "6: `ask`: `choices` belong to `type: choice`",
        ),
        (
            "  a:\n    say: x\n    retry: y\n    ask: {type: text, into: v, retry: w}\n    goto: z\n",
            "8: `retry` stands in the state and in its ask (keep one)",
        ),
        (
            (
                "  a:\n    say: x\n    goto: z\n    quiz:\n      item: scamm\n      options:\n"
                "        - {say: x, right: true, feedback: y}\n"
                "        - {say: x, right: false, feedback: y}\n"
            ),
            "10: `item` must be 'scam' or 'genuine' (did you mean 'scam'?)",
        ),
        (
            (
                "  a:\n    say: x\n    goto: z\n    item: scam\n    quiz:\n"
                "      - {say: x, right: true, feedback: y}\n"
                "      - {say: x, right: yes, feedback: y}\n"
            ),
            "12: `right` must be true or false (without quotes",
        ),
        (
            (
                "  a:\n    say: x\n    goto: z\n    item: scam\n    quiz:\n"
                "      - {say: x, right: true, feedback: y}\n"
                "      - {say: x, right: true}\n"
            ),
            "12: `feedback` is missing",
        ),
        (
            (
                "  a:\n    say: x\n    goto: z\n    item: scam\n    quiz:\n"
                "      - {say: x, right: true, feedback: y}\n"
                "      - {say: x, right: true, feedback: y}\n"
            ),
            "10: `options` needs a right and a wrong answer",
        ),
        ("  a:\n    when:\n      - {if: 1 == 1}\n", "8: `goto` is missing"),
        ("  a: {say: x, goto: z, do: [{tag: x, untag: y}]}\n", "6: entry 1 of `do` needs exactly"),
        ("  a: {say: x, goto: z, do: [tag]}\n", "6: entry 1 of `do` must be a mapping"),
        (
            ("  a:\n    say: x\n    goto: z\n    do:\n      - {tag: x}\n      - {enroll: x}\n"),
            "11: `enroll` has no meaning here (did you mean 'enrol'?)",
        ),
        (
            "  a: {say: x, goto: z, do: [{consent: {purpose: x, answer: maybe}}]}\n",
            "6: `answer` must be 'yes' or 'no'",
        ),
        ("  a: {say: x, goto: z, do: [{remind: 2 days}]}\n", "6: `remind` is '2 days': wanted is"),
        ("  a: {say: x, goto: z, set: {v: [1]}}\n", "6: `v` must be a value or an expression"),
        ("  a: {say: x, goto: z, add: {v: true}}\n", "6: `v` must be a number"),
        ("  a: {say: x, goto: z, set: {V: 1}}\n", "6: `V` is 'V': wanted is small letters"),
    ],
)
def test_a_wrong_state_is_named_with_its_line_and_a_way_out(states: str, fault: str) -> None:
    found = faults_of(states)
    assert any(line.startswith(fault) for line in found), found


def test_every_fault_of_a_file_is_listed_at_once_in_the_order_of_lines() -> None:
    found = faults_of("  a: {sya: x}\n  b: {say: 1, goto: z}\n  c: {say: x, ask: {type: text}}\n")
    assert [line.split(":")[0] for line in found] == ["6", "6", "7", "8", "8"]


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ("", "f.yaml:1: error: is empty"),
        ("- a\n", "f.yaml:1: error: must be a mapping"),
        ("id: f\nid: g\n", "f.yaml:2: error: 'id' stands twice"),
        ("id: [\n", "f.yaml:2: error: is not YAML"),
        ("id: f\ntitle: [1]\n", "f.yaml:2: error: `title` must be a text"),
        (
            "langage: en\n",
            "f.yaml:1: error: `langage` has no meaning here (did you mean 'language'?)",
        ),
        (
            "language: Swahili\n",
            "f.yaml:1: error: `language` is 'Swahili': wanted is a language code",
        ),
        ("keywords: [419, a b]\n", "f.yaml:1: error: entry 1 of `keywords` must be a text"),
        ("keywords: [x, a b]\n", "f.yaml:1: error: entry 2 of `keywords` is 'a b': wanted is one"),
        ("states: {}\n", "f.yaml:1: error: `states` has too few entries"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(raw: str, fault: str) -> None:
    _, faults = parse_source(raw.encode(), "f.yaml")
    assert any(str(found).startswith(fault) for found in faults), [str(f) for f in faults]


def test_a_file_that_cannot_be_read_is_a_fault_and_no_exception(tmp_path: Path) -> None:
    source, faults = read_flow(tmp_path / "none.yaml")
    assert source is None
    assert "cannot be read" in str(faults[0])


def test_plain_values_of_set_become_expressions() -> None:
    source = source_of("  a: {say: x, goto: z, set: {n: 5, d: 1.5, t: true, w: n + 1}}\n")
    assert source.doc.states["a"].set == {"n": "5", "d": "1.5", "t": "true", "w": "n + 1"}


def test_every_text_has_its_place_line_role_and_channel() -> None:
    source = source_of(
        "  a:\n"
        "    say: {ussd: Fupi, sms: Ndefu zaidi}\n"
        "    item: genuine\n"
        "    quiz:\n"
        "      - say: Kweli\n"
        "        right: true\n"
        "        feedback: Sawa\n"
        "        do: [{tag: t}, {send-sms: Asante}]\n"
        "      - {say: Uongo, right: false, feedback: Hapana}\n"
        "    retry: Jibu 1 au 2\n"
        "    goto: b\n"
        "  b:\n"
        "    say: Nani?\n"
        "    ask:\n"
        "      type: choice\n"
        "      into: v\n"
        "      retry: {ussd: Tena, sms: Jaribu tena}\n"
        "      choices:\n"
        "        - {value: x, say: Rafiki}\n"
        "        - {value: y, say: Mgeni}\n"
        "    goto: c\n"
        "  c: {say: {sms: Kwa SMS tu}, do: [{send-sms: Barua}], goto: z}\n",
    )
    table = [(t.context, t.text, t.line, t.role, t.item, t.channel) for t in source.texts]
    both, ussd, sms = Audience.BOTH, Audience.USSD, Audience.SMS
    assert table == [
        ("title", "Kichwa", 2, Role.TITLE, "", both),
        ("a/say/ussd", "Fupi", 7, Role.SAY, "genuine", ussd),
        ("a/say/sms", "Ndefu zaidi", 7, Role.SAY, "genuine", sms),
        ("a/quiz/1", "Kweli", 10, Role.OPTION, "genuine", both),
        ("a/quiz/1/feedback", "Sawa", 12, Role.FEEDBACK, "genuine", both),
        ("a/quiz/1/do/2", "Asante", 13, Role.EFFECT, "genuine", sms),
        ("a/quiz/2", "Uongo", 14, Role.OPTION, "genuine", both),
        ("a/quiz/2/feedback", "Hapana", 14, Role.FEEDBACK, "genuine", both),
        ("a/retry", "Jibu 1 au 2", 15, Role.RETRY, "genuine", both),
        ("b/say", "Nani?", 18, Role.SAY, "", both),
        ("b/choices/1", "Rafiki", 24, Role.OPTION, "", both),
        ("b/choices/2", "Mgeni", 25, Role.OPTION, "", both),
        ("b/retry/ussd", "Tena", 22, Role.RETRY, "", ussd),
        ("b/retry/sms", "Jaribu tena", 22, Role.RETRY, "", sms),
        ("c/say/sms", "Kwa SMS tu", 27, Role.SAY, "", sms),
        ("c/do/1", "Barua", 27, Role.EFFECT, "", sms),
        ("z/say", "Kwaheri", 28, Role.SAY, "", both),
    ]
    assert source.texts[1].msgctxt == "f/a/say/ussd"
    assert [text.state for text in source.texts[:2]] == ["", "a"]
    assert len({text.context for text in source.texts}) == len(source.texts)


def test_a_call_may_be_the_last_state() -> None:
    assert source_of("  a: {call: other}\n").doc.states["a"].goto is None


def test_both_shapes_of_a_quiz_read_alike() -> None:
    options = "[{say: x, right: true, feedback: y}, {say: w, right: false, feedback: v}]"
    short = source_of(f"  a: {{say: q, item: scam, quiz: {options}, goto: z}}\n")
    full = source_of(f"  a: {{say: q, quiz: {{item: scam, options: {options}}}, goto: z}}\n")
    assert short.doc == full.doc
    assert short.texts == full.texts


def documented_flows() -> list[str]:
    found = re.findall(r"```yaml\n(.*?)```", (DOCS / "flows.md").read_text("utf-8"), re.DOTALL)
    return [block for block in found if block.startswith("id:")]


@pytest.mark.parametrize("raw", documented_flows())
def test_every_flow_in_the_guide_is_read_without_a_fault(raw: str) -> None:
    source, faults = parse_source(raw.encode(), "docs/flows.md")
    assert faults == []
    assert source is not None


def test_the_guide_shows_every_kind_of_state() -> None:
    kinds = set()
    for raw in documented_flows():
        _, doc, _ = parse_flow(raw.encode(), "docs/flows.md")
        assert doc is not None
        kinds |= {state.kind for state in doc.states.values()}
    assert kinds == {"menu", "ask", "quiz", "when", "call", "say", "end"}


def test_faults_sort_by_file_and_line_and_print_as_compilers_do() -> None:
    later = Fault("b.yaml", 1, Severity.WARNING, "x", "is odd")
    first = Fault("a.yaml", 9, Severity.ERROR, "x", "is wrong", "mend it")
    assert sorted([later, first]) == [first, later]
    assert str(first) == "a.yaml:9: error: is wrong (mend it)"
    assert str(later) == "b.yaml:1: warning: is odd"


@pytest.mark.parametrize(
    ("wrong", "known", "hint"),
    [
        ("stroy", ["story", "end"], "did you mean 'story'?"),
        ("zzz", ["b", "a"], "known here: a, b"),
        ("zzz", [], ""),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(wrong: str, known: list[str], hint: str) -> None:
    assert did_you_mean(wrong, known) == hint
