"""Flows and phones for tests, in a few words and without files.

    story = flow(
        "wrong-send",
        menu("story", "A stranger begs you to send it back.", ("Send it", "lost"),
             option("Check first", "safe", add={"score": "1"})),
        end("lost", "The money is gone."),
        end("safe", "Well done, {score} of 1."),
    )
    phone = Phone(content(story), "wrong-send")
    assert phone.dial().startswith("A stranger")
    assert phone.press("2") == "Well done, 1 of 1."

A text is a str (the same in every language), a dict by language, or `both(ussd=.., sms=..)`; a dict
may hold `both`. The first state is the flow's start. `Phone` writes its session as JSON and reads
it back between all turns, as the service does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from smsbot.engine.compile import build_flow
from smsbot.engine.expressions import compile_expression
from smsbot.engine.model import (
    Ask,
    AskType,
    Assign,
    Branch,
    Content,
    EffectKind,
    EffectSpec,
    Flow,
    Option,
    Person,
    State,
    StateKind,
    Texts,
    Words,
)
from smsbot.engine.render import compile_template
from smsbot.engine.session import as_json, from_json
from smsbot.engine.step import Surface, show, start, step
from smsbot.engine.words import CORE_WORDS
from smsbot.values import ChannelKind, PageLimit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from smsbot.engine.model import Outcome, Reply
    from smsbot.engine.session import Session

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SEED = b"a seed of the tests"
USSD = Surface(ChannelKind.USSD, PageLimit(160, 70), "KE")
SMS = Surface(ChannelKind.SMS, PageLimit(160, 70), "KE")
DEV = Surface(ChannelKind.USSD, PageLimit(160, 70), "KE", mark_drafts=True)
LANGUAGES = ("en", "sw", "fr", "am", "ha")


class _Both(NamedTuple):
    ussd: str
    sms: str


class _Everywhere(dict[str, Words]):
    """Texts that read the same in every language."""

    def __missing__(self, language: str) -> Words:
        return self["en"]


Said = str | _Both | dict[str, Any]


def both(*, ussd: str, sms: str) -> _Both:
    """Give a text that differs by channel."""
    return _Both(ussd, sms)


def texts(said: Said) -> Texts:
    """Give a text in every language that is asked for."""
    if isinstance(said, dict):
        return {language: _words(each) for language, each in said.items()}
    return _Everywhere(en=_words(said))


def _words(said: str | _Both) -> Words:
    if isinstance(said, _Both):
        return Words(compile_template(said.ussd), compile_template(said.sms))
    template = compile_template(said)
    return Words(template, template)


def _maybe(said: Said | None) -> Texts | None:
    return None if said is None else texts(said)


def assigns(
    set: Mapping[str, str] | None = None,  # noqa: A002 - the word of the flow file
    add: Mapping[str, str] | None = None,
) -> tuple[Assign, ...]:
    """Give `set` and `add` of CEL by variable."""
    return (
        *(Assign(name, compile_expression(cel)) for name, cel in (set or {}).items()),
        *(Assign(name, compile_expression(cel), adds=True) for name, cel in (add or {}).items()),
    )


def effect(kind: str, value: str = "", *, say: Said | None = None, **args: str) -> EffectSpec:
    """Give an effect: `effect("tag", "learned")`, `effect("report", type="T01", amount="{amount}")`."""
    given = {"value": value, **args} if value else args
    return EffectSpec(
        EffectKind(kind),
        {name: compile_template(arg) for name, arg in given.items()},
        _maybe(say),
    )


# --- states ------------------------------------------------------------------------------------


def option(
    say: Said,
    goto: str,
    *,
    set: Mapping[str, str] | None = None,  # noqa: A002
    add: Mapping[str, str] | None = None,
    do: Iterable[EffectSpec] = (),
    right: bool | None = None,
    feedback: Said | None = None,
) -> Option:
    """Give a line of a menu or a quiz."""
    return Option(texts(say), goto, assigns(set, add), tuple(do), right, _maybe(feedback))


def _state(
    name: str,
    kind: StateKind,
    say: Said | None = None,
    *,
    set: Mapping[str, str] | None = None,  # noqa: A002
    add: Mapping[str, str] | None = None,
    do: Iterable[EffectSpec] = (),
    retry: Said | None = None,
    **more: Any,
) -> State:
    return State(
        name,
        kind,
        say=_maybe(say),
        assigns=assigns(set, add),
        effects=tuple(do),
        retry=_maybe(retry),
        **more,
    )


def menu(name: str, say: Said, *options: tuple[Said, str] | Option, **more: Any) -> State:
    """Give numbered options; each is (text, goto) or an `option`."""
    lines = tuple(each if isinstance(each, Option) else option(*each) for each in options)
    return _state(name, StateKind.MENU, say, options=lines, **more)


def quiz(name: str, say: Said, *options: Option, item: str = "scam", **more: Any) -> State:
    """Give a menu of options with `right` and `feedback`."""
    return _state(name, StateKind.QUIZ, say, options=options, item=item, **more)


def ask(
    name: str,
    say: Said,
    type: str,  # noqa: A002 - the word of the flow file
    into: str,
    goto: str,
    *,
    choices: Mapping[str, Said] | None = None,
    low: float | None = None,
    high: float | None = None,
    decimals: bool = False,
    skip: bool = False,
    retry: Said | None = None,
    **more: Any,
) -> State:
    """Give a typed question."""
    asked = Ask(
        AskType(type),
        into,
        low,
        high,
        decimals,
        tuple((value, texts(each)) for value, each in (choices or {}).items()),
        _maybe(retry),
        skip,
    )
    return _state(name, StateKind.ASK, say, ask=asked, goto=goto, **more)


def when(name: str, *branches: tuple[str | None, str], **more: Any) -> State:
    """Give a branch; each line is (CEL or None, goto)."""
    lines = tuple(
        Branch(None if cel is None else compile_expression(cel), goto) for cel, goto in branches
    )
    return _state(name, StateKind.WHEN, branches=lines, **more)


def call(name: str, flow_id: str, goto: str = "", say: Said | None = None, **more: Any) -> State:
    """Give a call of another flow; without goto this flow ends with it."""
    return _state(name, StateKind.CALL, say, calls=flow_id, goto=goto, **more)


def say(name: str, text: Said, goto: str, **more: Any) -> State:
    """Give a text that leads on."""
    return _state(name, StateKind.SAY, text, goto=goto, **more)


def end(name: str, text: Said | None = None, **more: Any) -> State:
    """Give an end."""
    return _state(name, StateKind.END, text, **more)


# --- flows and content -------------------------------------------------------------------------


def flow(id: str, *states: State, **more: Any) -> Flow:  # noqa: A002 - as `build_flow`
    """Give a compiled flow, in English and Swahili; `more` goes to `build_flow`."""
    given: dict[str, Any] = {
        "title": id,
        "language": "en",
        "languages": ("en", "sw"),
        "drafts": frozenset(),
        "keywords": (),
        "topics": (),
        "start": states[0].name,
        "states": {state.name: state for state in states},
    }
    return build_flow(id=id, **{**given, **more})


def content(
    *flows: Flow,
    core: Mapping[str, Mapping[str, str]] | None = None,
    core_en: Mapping[str, Any] | None = None,
    **more: Any,
) -> Content:
    """Give content in five languages. The front door is the flow `menu`, or the first one given.

    `core` replaces core words: {"sw": {"back": "Rudi"}}; `core_en` adds compiled ones to all languages.
    """
    words = {word.key: compile_template(word.english) for word in CORE_WORDS}
    changed = {
        language: {key: compile_template(said) for key, said in each.items()}
        for language, each in (core or {}).items()
    }
    ids = [each.id for each in flows]
    given: dict[str, Any] = {
        "version": "0123456789abcdef",
        "languages": LANGUAGES,
        "drafts": frozenset(),
        "language_names": {},
        "service_words": {},
        "keywords": {},
        "home": "menu" if "menu" in ids else ids[0],
        "yes_words": {"en": frozenset({"yes", "y"}), "sw": frozenset({"ndiyo", "ndio"})},
        "no_words": {"en": frozenset({"no", "n"}), "sw": frozenset({"hapana"})},
    }
    return Content(
        flows={each.id: each for each in flows},
        core={
            language: {**words, **(core_en or {}), **changed.get(language, {})}
            for language in LANGUAGES
        },
        **{**given, **more},
    )


@dataclass
class Phone:
    """A person with a conversation. `outcome` is the last turn's; `effects` are all so far."""

    content: Content
    flow: str
    surface: Surface = USSD
    language: str = "en"
    person: Person = field(default_factory=Person)
    outcome: Outcome | None = None
    effects: list[Any] = field(default_factory=list)

    def dial(self, **more: Any) -> str:
        """Start the flow, and give what is shown."""
        given = {"person": self.person, "language": self.language, "now": NOON, "seed": SEED}
        return self._took(start(self.content, self.flow, surface=self.surface, **{**given, **more}))

    def press(self, *inputs: str, **more: Any) -> str:
        """Type one input after the other, and give what the last one shows."""
        text = ""
        for raw in inputs:
            given = {"surface": self.surface, "now": NOON, "seed": SEED, **more}
            text = self._took(step(self.content, self.session, raw, **given))
        return text

    def again(self) -> Reply:
        """Give the page where the session stands, without a turn."""
        return show(self.content, self.session, self.surface)

    @property
    def session(self) -> Session:
        """Give the session as the service would read it back."""
        assert self.outcome is not None
        return from_json(as_json(self.outcome.session))

    @property
    def ended(self) -> bool:
        """Say whether the last reply ended the conversation."""
        assert self.outcome is not None
        return self.outcome.reply.ends

    @property
    def variables(self) -> dict[str, Any]:
        """Give what was set so far."""
        return dict(self.session.variables)

    def _took(self, outcome: Outcome) -> str:
        self.outcome = outcome
        self.effects += outcome.effects
        return outcome.reply.text
