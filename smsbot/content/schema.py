"""The flow file as typed documents: what may stand where. docs/flows.md explains it to authors.

pydantic lists every fault at once, each with its place in the document; `reading.py` gives the place
its line and words an author understands. Whether a goto exists is a question for the loader.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

FlowId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]
StateName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,47}$")]
Variable = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$")]
Label = Annotated[str, Field(min_length=1, max_length=64)]
Duration = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,3}[mhd]$")]
Keyword = Annotated[str, Field(pattern=r"^\S{2,20}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
AskName = Literal["choice", "yesno", "number", "amount", "phone", "date", "text", "transaction"]

BOUNDED = frozenset({"number", "amount", "text"})
KINDS = ("menu", "ask", "quiz", "when", "call", "end")
"""The keys that decide what a state is; a state with none of them says its text and goes on."""


class Strict(BaseModel):
    """Refuses unknown keys and silent conversions: `min: "1"` is a fault, not a 1."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)


class Said(Strict):
    """A text for both channels, or words of its own per channel (an absent one says nothing)."""

    ussd: Text | None = None
    sms: Text | None = None

    @property
    def is_one(self) -> bool:
        """Say whether both channels say the same words."""
        return self.ussd == self.sms


def _as_said(value: Any) -> Any:
    if isinstance(value, str):
        return {"ussd": value, "sms": value}
    if not isinstance(value, dict) or not value:
        raise PydanticCustomError("text_wanted", "must be a text, or ussd and sms texts")
    return value


def _on_both(said: Said) -> Said:
    if said.ussd is None or said.sms is None:
        missing = "ussd" if said.ussd is None else "sms"
        raise PydanticCustomError("half_text", "needs words for {kind} too", {"kind": missing})
    return said


def _as_cel(value: Any) -> str:
    """Give the expression that a plain value stands for."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if not isinstance(value, str) or not value.strip():
        raise PydanticCustomError("expression_wanted", "must be a value or an expression")
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("float_type", "must be a number")
    return value


Cel = Annotated[str, BeforeValidator(_as_cel)]
Step = Annotated[Any, AfterValidator(_number)]
SaidAny = Annotated[Said, BeforeValidator(_as_said)]
SaidBoth = Annotated[Said, BeforeValidator(_as_said), AfterValidator(_on_both)]


# --- what a state may do -----------------------------------------------------------------------


class ConsentDoc(Strict):
    """`consent: lessons`, or with `answer: no` for a person who declines."""

    purpose: Label
    answer: Literal["yes", "no"] = "yes"


class ReportDoc(Strict):
    """`report: {type: T01, keep: [amount]}`: the variables that the report takes along."""

    type: Label
    keep: tuple[Variable, ...] = ()

    @field_validator("keep", mode="before")
    @classmethod
    def _from_list(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value


def _named(key: str) -> BeforeValidator:
    """Let a plain word stand for the mapping with that one key."""

    def widen(value: Any) -> Any:
        return {key: value} if isinstance(value, str) else value

    return BeforeValidator(widen)


class EffectDoc(Strict):
    """One line of a `do`: exactly one effect."""

    tag: Label | None = None
    untag: Label | None = None
    language: Label | None = None
    consent: Annotated[ConsentDoc, _named("purpose")] | None = None
    enrol: Label | None = None
    send_sms: Text | None = Field(None, alias="send-sms")
    report: Annotated[ReportDoc, _named("type")] | None = None
    remind: Duration | None = None
    escalate: Label | None = None

    @model_validator(mode="after")
    def _one(self) -> EffectDoc:
        if len(self.model_fields_set) != 1 or None in self._values():
            raise PydanticCustomError(
                "one_effect",
                "needs exactly one effect a line: start each with its own dash",
            )
        return self

    def _values(self) -> list[Any]:
        return [getattr(self, name) for name in self.model_fields_set]


class Acts(Strict):
    """What a state, or the choice of an option, changes: variables first, then effects.

    The values of `set` are CEL; those of `add` are numbers.
    """

    set: dict[Variable, Cel] = {}
    add: dict[Variable, Step] = {}
    do: list[EffectDoc] = []


# --- the parts of a state ----------------------------------------------------------------------


class OptionDoc(Acts):
    """A line of a menu. Without a goto of its own it takes the state's."""

    say: SaidBoth
    goto: StateName | None = None


class AnswerDoc(OptionDoc):
    """A line of a quiz: right or wrong, with the feedback that the person then reads."""

    right: bool
    feedback: SaidBoth


class QuizDoc(Strict):
    """A message to judge. `item` says what it truly is."""

    item: Literal["scam", "genuine"]
    options: Annotated[list[AnswerDoc], Field(min_length=2, max_length=20)]

    @field_validator("options")
    @classmethod
    def _mixed(cls, options: list[AnswerDoc]) -> list[AnswerDoc]:
        if len({option.right for option in options}) == 1:
            raise PydanticCustomError("one_sided", "needs a right and a wrong answer")
        return options


class ChoiceDoc(Strict):
    """A word that an `ask` of type choice accepts, and the value that it stands for."""

    value: Label
    say: SaidBoth


class AskDoc(Strict):
    """A typed answer. `min` and `max` bound a number, an amount, or the length of a text."""

    type: AskName
    into: Variable
    min: float | None = None
    max: float | None = None
    decimals: bool = False
    skip: bool = False
    choices: Annotated[list[ChoiceDoc], Field(min_length=2, max_length=20)] | None = None
    retry: SaidBoth | None = None

    @model_validator(mode="after")
    def _fits(self) -> AskDoc:
        if (self.choices is not None) != (self.type == "choice"):
            raise PydanticCustomError(
                "choices", "`choices` belong to `type: choice`, and only there"
            )
        if self.type not in BOUNDED and (self.min is not None or self.max is not None):
            raise PydanticCustomError(
                "bounds", "`min` and `max` belong to number, amount and text only"
            )
        if self.min is not None and self.max is not None and self.min > self.max:
            raise PydanticCustomError("bounds", "`min` is over `max`")
        if self.decimals and self.type not in ("number", "amount"):
            raise PydanticCustomError("decimals", "`decimals` belongs to number and amount only")
        if self.choices and len({choice.value for choice in self.choices}) < len(self.choices):
            raise PydanticCustomError("choices", "two choices have the same value")
        return self


class BranchDoc(Strict):
    """A line of a `when`: goes where `if` holds; the last has no `if`."""

    condition: Annotated[str, Field(min_length=1)] | None = Field(None, alias="if")
    goto: StateName


class StateDoc(Acts):
    """One state. At most one of menu, ask, quiz, when, call and end says what it is."""

    say: SaidAny | None = None
    menu: Annotated[list[OptionDoc], Field(min_length=1, max_length=40)] | None = None
    ask: AskDoc | None = None
    quiz: QuizDoc | None = None
    when: Annotated[list[BranchDoc], Field(min_length=1)] | None = None
    call: FlowId | None = None
    goto: StateName | None = None
    end: Literal[True] | None = None
    tries: Annotated[int, Field(ge=1, le=10)] = 3
    retry: SaidBoth | None = None

    @model_validator(mode="before")
    @classmethod
    def _quiz_as_list(cls, value: Any) -> Any:
        """Take `quiz: [..]` with `item:` beside it for `quiz: {item, options}`."""
        if not isinstance(value, dict) or not isinstance(value.get("quiz"), list):
            return value
        rest = {key: part for key, part in value.items() if key != "item"}
        item = {"item": value["item"]} if "item" in value else {}
        return rest | {"quiz": {"options": value["quiz"]} | item}

    @property
    def kind(self) -> str:
        """Give the key that decides what this state is, or `say`."""
        return next((kind for kind in KINDS if getattr(self, kind) is not None), "say")


class FlowDoc(Strict):
    """A whole flow file."""

    id: FlowId
    title: Text
    language: Language
    keywords: list[Keyword] = []
    topics: list[Label] = []
    start: StateName
    states: Annotated[dict[StateName, StateDoc], Field(min_length=1)]
