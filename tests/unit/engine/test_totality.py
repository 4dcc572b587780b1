"""Any flow that loads, any input: a reply within the page or an end, and never an exception."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smsbot.engine.session import as_json, from_json
from smsbot.engine.step import show, start, step
from smsbot.errors import StaleSession
from smsbot.text.paging import fits
from smsbot.values import PageLimit
from tests.flowkit import (
    DEV,
    NOON,
    SEED,
    SMS,
    USSD,
    Phone,
    ask,
    call,
    content,
    effect,
    end,
    flow,
    menu,
    option,
    quiz,
    say,
    when,
)

if TYPE_CHECKING:
    from smsbot.engine.model import Content, State

TEXTS = st.sampled_from(
    [
        "",
        "Short.",
        "A text says you received KSh 3,500. Then a stranger calls. " * 4,
        "የሞባይል ገንዘብ ማጭበርበር እንዴት እንደሚከሰት ይማሩ። " * 5,
        "Ƙada ka ba kowa lambar sirrinka, ɗan'uwa. " * 4,
        "🙂👩🏾\u200d🌾" * 20,
        "[€] {{x}} ^ ~ | " * 12,
        "nospaceatall" * 30,
        "Hello {name}, you lost {lost} and have {score}. {nobody}{reference}",
        "{story}",
        "first\n\n\nlast",
        " \n ",
    ],
)
CONDITIONS = st.sampled_from(
    [
        "lost > 100",
        "score >= 1 && lang == 'en'",
        "'seen' in tags",
        "size(story) > 3",
        "100 / lost > 1",
        "ratio + lost > 1",
        "agreed",
        "false",
    ],
)
ACTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "set": st.sampled_from(
            [{"lost": "lost * lost"}, {"story": "story + story"}, {"agreed": "!agreed"}]
        ),
        "add": st.sampled_from([{"score": "1"}, {"ratio": "0.5"}, {"lost": "1000000"}]),
        "do": st.lists(
            st.sampled_from(
                [
                    effect("tag", "seen"),
                    effect("untag", "seen"),
                    effect("language", "sw"),
                    effect("language", "am"),
                    effect("consent", purpose="lessons", answer="yes"),
                    effect("report", type="T01", story="{story}"),
                    effect("send-sms", say="Hello {name}"),
                ]
            ),
            max_size=2,
        ),
    },
)
QUESTIONS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"type": "number", "into": "lost"},
        {"type": "number", "into": "lost", "low": 1, "high": 9},
        {"type": "amount", "into": "lost"},
        {"type": "number", "into": "ratio", "decimals": True},
        {"type": "text", "into": "story"},
        {"type": "text", "into": "name", "low": 2, "high": 9},
        {"type": "phone", "into": "phone"},
        {"type": "date", "into": "day"},
        {"type": "transaction", "into": "code"},
        {"type": "yesno", "into": "agreed"},
        {"type": "choice", "into": "bank", "choices": {"a": "M-Pesa", "b": "ባንክ"}},
    ],
)


@st.composite
def states(draw: st.DrawFn, name: str, names: list[str], flows: list[str]) -> State:
    goto = st.sampled_from(names)
    kind = draw(st.sampled_from(["menu", "menu", "quiz", "ask", "when", "call", "say", "end"]))
    acts = draw(ACTS)
    if kind == "menu":
        count = draw(st.sampled_from([1, 2, 3, 9, 30]))
        lines = [option(draw(TEXTS), draw(goto), **draw(ACTS)) for _ in range(count)]
        return menu(name, draw(TEXTS), *lines, tries=draw(st.integers(1, 4)), **acts)
    if kind == "quiz":
        lines = [
            option(draw(TEXTS), draw(goto), right=right, feedback=draw(TEXTS), **draw(ACTS))
            for right in (True, False)
        ]
        return quiz(name, draw(TEXTS), *lines, **acts)
    if kind == "ask":
        more = {"skip": draw(st.booleans()), "retry": draw(st.none() | TEXTS), **acts}
        return ask(name, draw(TEXTS), goto=draw(goto), **draw(QUESTIONS), **more)
    if kind == "when":
        lines = [(draw(CONDITIONS), draw(goto)) for _ in range(draw(st.integers(0, 2)))]
        return when(name, *lines, (None, draw(goto)), **acts)
    if kind == "call":
        return call(
            name, draw(st.sampled_from([*flows, "nowhere"])), draw(goto), draw(TEXTS), **acts
        )
    if kind == "say":
        return say(name, draw(TEXTS), draw(goto), **acts)
    return end(name, draw(st.none() | TEXTS), **acts)


@st.composite
def contents(draw: st.DrawFn) -> Content:
    ids = ["menu", "lesson", "report"][: draw(st.integers(1, 3))]
    flows = []
    for flow_id in ids:
        names = [f"s{n}" for n in range(draw(st.integers(1, 5)))]
        drafts = frozenset(draw(st.lists(st.sampled_from(["sw", "am"]))))
        made = [draw(states(name, names, ids)) for name in names]
        flows.append(flow(flow_id, *made, languages=("en", "sw", "am"), drafts=drafts))
    return content(*flows, core={"am": {"back": "ተመለስ", "home": "መነሻ", "more": "ተጨማሪ"}})


INPUTS = st.lists(
    st.sampled_from(["1", "1", "2", "3", "12", "0", "00", "98", "", "500", "2.5", "yes", "#", "x"])
    | st.sampled_from(["0712345678", "QGH7XK2M4P", "1/2/2026", "０", "٩٨", "{name}", "a" * 10_000])
    | st.text(),
    max_size=12,
)
SURFACES = st.sampled_from(
    [
        USSD,
        USSD,
        SMS,
        DEV,
        replace(USSD, page=PageLimit(182, 91)),
        replace(USSD, page=PageLimit(60, 30)),
    ]
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(contents(), INPUTS, SURFACES, st.sampled_from(["en", "sw", "am", "ha", ""]))
def test_any_flow_answers_any_input_within_the_page(
    made: Content, inputs: list[str], surface: Any, language: str
) -> None:
    phone = Phone(made, "menu", surface, language=language)
    shown = phone.dial()
    for raw in (*inputs, "98", "98"):
        assert shown
        if surface.kind == "ussd":
            assert fits(shown, surface.page), shown
        session = phone.session
        assert phone.again().text == shown
        assert phone.again().ends == phone.ended == session.ended
        shown = phone.press(raw)
        assert from_json(as_json(session)) == session


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(contents(), INPUTS, st.sampled_from([USSD, SMS, DEV]))
def test_back_after_forward_shows_the_same_page(
    made: Content, inputs: list[str], surface: Any
) -> None:
    phone = Phone(made, "menu", surface)
    shown = phone.dial()
    for raw in inputs:
        before = phone.session
        page = shown
        shown = phone.press(raw)
        assert phone.outcome is not None
        how = phone.outcome.answered.how
        spoken = (phone.session.language, before.language)
        if how not in ("option", "answer", "more") or phone.ended or before.hints:
            continue
        waiting = made.flows[phone.session.flow].states[phone.session.state]
        if waiting.ask is not None and waiting.ask.accepts_zero and phone.session.notice == "":
            continue
        ahead = phone.outcome
        back = phone.press("0")
        if spoken[0] == spoken[1]:
            assert back == page
        assert phone.session.variables == before.variables
        assert phone.session.frames == before.frames
        phone.outcome = ahead


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.sampled_from([USSD, SMS]))
def test_one_flow_of_every_kind_of_question_takes_any_text(raw: str, surface: Any) -> None:
    kinds = [
        {"type": kind, "into": kind}
        for kind in ("number", "amount", "text", "phone", "date", "transaction", "yesno")
    ]
    asked = [ask(f"q{n}", "?", goto=f"q{n}", **each) for n, each in enumerate(kinds)]
    made = content(*(flow(each.name, each) for each in asked))
    for each in asked:
        phone = Phone(made, each.name, surface)
        phone.dial()
        phone.press(raw)
        assert phone.again().text


@pytest.mark.parametrize(
    "raw", ["\ud800", "\x00", "\x1b[0m", "1\x00", "a" * 1_000_000, "\u200f1", "1\ufe0f\u20e3"]
)
def test_odd_texts_are_taken_too(raw: str) -> None:
    made = content(flow("f", ask("q", "?", "text", "x", "r"), end("r", "{x}")))
    phone = Phone(made, "f", SMS)
    phone.dial()
    assert phone.press(raw)
    assert as_json(phone.session).decode()


STORY = content(flow("f", menu("a", "?", ("x", "b")), menu("b", "!", ("y", "a"))))


def test_a_session_of_other_content_is_stale() -> None:
    phone = Phone(STORY, "f")
    phone.dial()
    session = phone.session
    newer = replace(STORY, version="fedcba9876543210")
    wrong = session.copy(), session.copy()
    wrong[0].flow, wrong[1].state = "gone", "gone"
    for made, each in ((newer, session), (STORY, wrong[0]), (STORY, wrong[1])):
        with pytest.raises(StaleSession):
            step(made, each, "1", surface=USSD, now=NOON, seed=SEED)
        with pytest.raises(StaleSession):
            show(made, each, USSD)
    with pytest.raises(StaleSession):
        start(
            STORY, "gone", person=session.person, language="en", surface=USSD, now=NOON, seed=SEED
        )


@dataclass
class _Worker:
    """One of several threads that use the same content at once."""

    content: Content
    name: str
    faults: list[str]

    def run(self) -> None:
        for turn in range(150):
            phone = Phone(self.content, "f")
            phone.dial()
            said = f"{self.name}{turn}"
            shown = phone.press(said, "1", "1", "1", "98", "0")
            if said not in shown or phone.variables != {"who": said, "n": 3}:
                self.faults.append(shown)


def test_threads_share_a_flow_and_nobody_gets_anothers_page() -> None:
    shared = flow(
        "f",
        ask("who", "Who?", "text", "who", "count"),
        menu("count", "{who} has {n}. " + "word " * 40, option("More", "odd", add={"n": "1"})),
        when("odd", ("n % 2 == 1", "note"), (None, "count")),
        say("note", "Odd, {who}.", "count"),
    )
    made = content(shared)
    faults: list[str] = []
    workers = [_Worker(made, f"phone-{n}-", faults) for n in range(8)]
    threads = [Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
