"""A compiled flow: immutable, shared by all threads, built once when content loads (`compile.py`).

Texts are held per language (`dict` from language code to `Words`); a language is in `Flow.languages`
only when every text of the flow exists in it, so no conversation is ever mixed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transitions.core import Event as Trigger

    from smsbot.engine.session import Session
    from smsbot.timetable import Timetable
    from smsbot.values import ChannelKind, PageLimit

Scalar = str | int | float | bool
"""What a flow's variable may hold."""


class Template(Protocol):
    """A text with `{name}` placeholders, parsed once (`render.py`)."""

    source: str
    names: tuple[str, ...]

    def render(self, values: Mapping[str, Scalar]) -> str:
        """Give the text with the values in place; an unset name gives an empty string."""


class Expression(Protocol):
    """A CEL expression, compiled once (`expressions.py`). Nothing here raises."""

    source: str
    names: frozenset[str]

    def evaluate(self, values: Mapping[str, Any]) -> Scalar:
        """Give the value; a fault at run time gives False and is counted, never raised."""

    def attempt(self, values: Mapping[str, Any]) -> Scalar | None:
        """Give the value, or None for a fault; nothing is counted."""


@dataclass(frozen=True, slots=True)
class Words:
    """One text of a flow in one language, for each channel kind (often the same template)."""

    ussd: Template
    sms: Template


Texts = dict[str, Words]
"""A text in every language of the flow."""


@dataclass(frozen=True, slots=True)
class Assign:
    """`set: {name: <CEL>}`, or `add: {name: 1}` when `adds`."""

    name: str
    value: Expression
    adds: bool = False


class EffectKind(StrEnum):
    """What a state may `do`. The words of the flow file."""

    TAG = "tag"
    UNTAG = "untag"
    LANGUAGE = "language"
    CONSENT = "consent"
    ENROL = "enrol"
    SEND_SMS = "send-sms"
    REPORT = "report"
    REMIND = "remind"
    ESCALATE = "escalate"


COMMITTED = frozenset(
    {
        EffectKind.CONSENT,
        EffectKind.LANGUAGE,
        EffectKind.REPORT,
        EffectKind.ESCALATE,
        EffectKind.SEND_SMS,
    },
)
"""Effects that people rely on: in SQL before the citizen is told. The others go by the journal."""


@dataclass(frozen=True, slots=True)
class EffectSpec:
    """An effect as written in a flow. `texts` is for send-sms; `args` are templates by name.

    tag, untag {value}; language {value}; consent {purpose, answer: yes|no}; enrol {value}; send-sms
    (texts); report {type, ...variables to keep, each as the template `{its name}`};
    remind {after: 2d}; escalate {value}.
    """

    kind: EffectKind
    args: Mapping[str, Template]
    texts: Texts | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """One line of a menu or a quiz. `right` is None in a menu."""

    say: Texts
    goto: str
    assigns: tuple[Assign, ...] = ()
    effects: tuple[EffectSpec, ...] = ()
    right: bool | None = None
    feedback: Texts | None = None


class AskType(StrEnum):
    """The types of a typed answer."""

    CHOICE = "choice"
    YESNO = "yesno"
    NUMBER = "number"
    AMOUNT = "amount"
    PHONE = "phone"
    DATE = "date"
    TEXT = "text"
    TRANSACTION = "transaction"


@dataclass(frozen=True, slots=True)
class Ask:
    """What an `ask` accepts. `low` and `high` bound numbers, amounts and the length of a text."""

    type: AskType
    into: str
    low: float | None = None
    high: float | None = None
    decimals: bool = False
    choices: tuple[tuple[str, Texts], ...] = ()
    retry: Texts | None = None
    skip: bool = False

    @property
    def accepts_zero(self) -> bool:
        """Say whether `0` is an answer here, so that only `00` is offered as a way out."""
        counts = self.type in (AskType.NUMBER, AskType.AMOUNT)
        return counts and (self.low is None or self.low <= 0)


@dataclass(frozen=True, slots=True)
class Branch:
    """One line of a `when`. `condition` None is the last, that always holds."""

    condition: Expression | None
    goto: str


class StateKind(StrEnum):
    """What a state does with the turn."""

    MENU = "menu"
    ASK = "ask"
    QUIZ = "quiz"
    WHEN = "when"
    CALL = "call"
    SAY = "say"
    END = "end"


@dataclass(frozen=True, slots=True)
class State:
    """One state of a flow. `waits` (menu, ask, quiz) need input; the others are passed through.

    On entry, in this order: `assigns`, `effects`, `say`, then the kind's own work. `item` is
    `scam` or `genuine` in a quiz. `calls` is a flow id; `tries` wrong answers end the conversation.
    """

    name: str
    kind: StateKind
    line: int = 0
    say: Texts | None = None
    options: tuple[Option, ...] = ()
    ask: Ask | None = None
    branches: tuple[Branch, ...] = ()
    calls: str = ""
    goto: str = ""
    item: str = ""
    tries: int = 3
    assigns: tuple[Assign, ...] = ()
    effects: tuple[EffectSpec, ...] = ()
    retry: Texts | None = None

    @property
    def waits(self) -> bool:
        """Say whether the conversation stops here for an answer."""
        return self.kind in (StateKind.MENU, StateKind.ASK, StateKind.QUIZ)


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow. `triggers` is the `transitions` machine's event table, shared, queued=False.

    Trigger names: `option1`.. in a menu or quiz, `answered` in an ask, `next` in a say, `branch` in
    a when (conditions are the machine's), `called` and then `returned` in a call.
    """

    id: str
    title: str
    language: str
    languages: tuple[str, ...]
    drafts: frozenset[str]
    keywords: tuple[str, ...]
    topics: tuple[str, ...]
    start: str
    states: Mapping[str, State]
    defaults: Mapping[str, Scalar]
    """Every variable of the flow with its unset value: 0, 0.0, False or the empty string."""
    triggers: Mapping[str, Trigger]
    path: str = ""
    sensitive: frozenset[str] = frozenset()
    """Variables that hold free text, a phone or a transaction: never in the journal."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """The title in each of the languages."""


@dataclass(frozen=True, slots=True)
class Course:
    """One course with its words, in every language in which all of it can be taught.

    `says` holds the texts that lessons and reminders send, by lesson (`timetable.reminder_of` for a
    reminder) and language; a lesson that is a flow has none. Nothing here is compiled: no text of a
    course has a placeholder.
    """

    timetable: Timetable
    languages: tuple[str, ...]
    drafts: frozenset[str]
    titles: Mapping[str, str]
    says: Mapping[str, Mapping[str, str]]
    keywords: tuple[str, ...] = ()
    path: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """All flows and the service's own words, one version. `version` is 16 hex digits of its hash.

    `core[language][key]` is a Template of core.po; `service_words[word]` gives every spelling of
    STOP, HELP ... in all languages, folded (`text.answers.fold`); `keywords[folded]` gives a flow id.
    """

    version: str
    flows: Mapping[str, Flow]
    core: Mapping[str, Mapping[str, Template]]
    languages: tuple[str, ...]
    drafts: frozenset[str]
    """Languages whose core.po is not reviewed: in production not offered, in dev marked."""
    language_names: Mapping[str, str]
    """Language code to the name that its speakers use, for menus."""
    service_words: Mapping[str, Mapping[str, str]]
    """Service word to {folded spelling: language}; LANGUAGE maps each name to its language."""
    keywords: Mapping[str, str]
    home: str = "menu"
    yes_words: Mapping[str, frozenset[str]] = field(default_factory=dict)
    no_words: Mapping[str, frozenset[str]] = field(default_factory=dict)
    courses: Mapping[str, Course] = field(default_factory=dict)
    course_keywords: Mapping[str, str] = field(default_factory=dict)
    """Folded keyword to the course that it enrols in."""
    screens: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    """Pages without a person's data, kept by `screen.py` once made. Threads may fill it at once."""


# --- what a step needs and gives ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Surface:
    """Where the person reads us. `country` (ISO 3166-1 alpha-2) reads phone numbers in national form.

    `mark_drafts` offers languages that nobody has reviewed, with a mark on each page: dev only.
    """

    kind: ChannelKind
    page: PageLimit
    country: str
    mark_drafts: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """What a flow may know of the person: never the number or the name.

    In CEL: `country`, `network`, `region`, `consents` and `asked` (lists of purposes granted, and
    ever answered), `tags`; beside them `lang` and `channel` (`ussd` or `sms`).
    """

    country: str = ""
    network: str = ""
    region: str = ""
    consents: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class Effect(NamedTuple):
    """An effect to run: data, rendered. `args` are strings; `text` is what send-sms sends.

    For a report, `args` holds `reference` (what the person was told) and the flow's own variables
    that its spec names. A send-sms with `why: too-many-tries` is the engine's own.
    """

    kind: EffectKind
    args: Mapping[str, str]
    text: str = ""


class Reply(NamedTuple):
    """What the person is shown. On USSD `text` is one page within the limit, footer included."""

    text: str
    ends: bool


class Answered(NamedTuple):
    """What happened in this turn, for the journal: names and numbers only, nothing that was typed.

    `how`: start, option, answer, wrong, back, home, more, end, resume. `option` is 1-based, 0 when
    none; `item` and `right` are set when a quiz was answered.
    """

    flow: str
    state: str
    how: str
    option: int = 0
    item: str = ""
    right: bool | None = None


class Outcome(NamedTuple):
    """One turn's result. `session.ended` says that nothing more is awaited."""

    session: Session
    reply: Reply
    effects: Sequence[Effect]
    answered: Answered
