"""From a flow file to its document, or to every fault of its shape with file, line and a suggestion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from smsbot.content.documents import document_faults
from smsbot.content.faults import Fault, Severity
from smsbot.content.schema import KINDS, FlowDoc
from smsbot.content.yamlfile import Path_, YamlError, YamlFile, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATTERNS = {
    "^[a-z0-9][a-z0-9-]{0,47}$": "small letters, digits and hyphens, 48 at most",
    "^[a-z][a-z0-9_-]{0,47}$": "small letters, digits, _ and -, first a letter, 48 at most",
    "^[a-z][a-z0-9_]{0,31}$": "small letters, digits and _, first a letter, 32 at most",
    "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$": "a language code such as en, sw or fr",
    "^[1-9][0-9]{0,3}[mhd]$": "a number and m, h or d, such as 2d",
    r"^\S{2,20}$": "one word of 2 to 20 letters",
}


def parse_flow(raw: bytes, path: str) -> tuple[YamlFile | None, FlowDoc | None, list[Fault]]:
    """Give the YAML with its lines and the document, or None and the faults."""
    try:
        file = parse_yaml(raw, path)
    except YamlError as error:
        return (
            None,
            None,
            [
                Fault(path, fault.line, Severity.ERROR, "yaml", fault.words)
                for fault in error.faults
            ],
        )
    if not isinstance(file.data, dict):
        words = "is empty" if file.data is None else "must be a mapping with id, title, states .."
        return file, None, [Fault(path, 1, Severity.ERROR, "schema", words)]
    doc: FlowDoc | None = None
    faults: list[Fault] = []
    try:
        doc = FlowDoc.model_validate(file.data)
    except ValidationError as error:
        faults += document_faults(file, error, FlowDoc, _PATTERNS, place_of=_place)
    faults += _shape_faults(file)
    return file, doc if not faults else None, sorted(set(faults))


def _place(file: YamlFile, place: Path_) -> Path_:
    """Give the place in the file: a quiz may be written as the list of its options."""
    for index in range(len(place) - 2):
        list_form = (*place[: index + 1], place[index + 2])
        if place[index : index + 2] == ("quiz", "options") and list_form in file.lines:
            return (*place[: index + 1], *place[index + 2 :])
    return place


# --- rules over several keys of a state ----------------------------------------------------------


def _shape_faults(file: YamlFile) -> Iterator[Fault]:
    """Find keys of a state that don't go together; works on what was read, valid or not."""
    states = file.data.get("states")
    if not isinstance(states, dict):
        return
    for name, state in states.items():
        if not isinstance(state, dict):
            continue
        keys = {key for key, value in state.items() if value is not None}
        for key, code, words, hint in _state_faults(name, state, keys):
            place: Path_ = ("states", name, key) if key else ("states", name)
            yield Fault(file.path, file.line(place), Severity.ERROR, code, words, hint)


def _state_faults(
    name: str, state: dict[str, Any], keys: set[str]
) -> Iterator[tuple[str, str, str, str]]:
    kinds = [kind for kind in KINDS if kind in keys]
    if len(kinds) > 1:
        words = f"state {name!r} is both {' and '.join(kinds)}"
        yield kinds[1], "state-kind", words, "split it in two states joined by goto"
        return
    kind = kinds[0] if kinds else "say"
    asks = kind in ("ask", "quiz", "menu")
    if kind == "say" and "goto" not in keys:
        hint = "add goto, or menu, ask, quiz, when, call or end: true"
        yield "", "state-kind", f"state {name!r} leads nowhere", hint
    if kind == "ask" and "goto" not in keys:
        yield kind, "goto-missing", f"state {name!r} needs a goto for what comes after", ""
    if kind in ("end", "when") and "goto" in keys:
        yield "goto", "goto-idle", f"state {name!r} has `{kind}`, so its goto is never taken", ""
    if asks and "say" not in keys:
        yield kind, "say-missing", f"state {name!r} asks without saying anything: add `say`", ""
    if "goto" not in keys:
        yield from _options_without_goto(name, state)
    yield from _retry_faults(state, keys, asks=asks)


def _retry_faults(
    state: dict[str, Any], keys: set[str], *, asks: bool
) -> Iterator[tuple[str, str, str, str]]:
    idle = () if asks else sorted(keys & {"tries", "retry"})
    for key in idle:
        yield key, "retry-idle", f"`{key}` needs a menu, an ask or a quiz", ""
    ask = state.get("ask")
    if isinstance(ask, dict) and ask.get("retry") is not None and "retry" in keys:
        yield "retry", "retry-twice", "`retry` stands in the state and in its ask", "keep one"


def _options_without_goto(name: str, state: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    quiz = state.get("quiz")
    for key, options in (
        ("menu", state.get("menu")),
        ("quiz", quiz.get("options") if isinstance(quiz, dict) else quiz),
    ):
        if not isinstance(options, list):
            continue
        for number, option in enumerate(options, 1):
            if isinstance(option, dict) and option.get("goto") is None:
                words = f"option {number} of {name!r} has no goto, and neither has the state"
                yield key, "goto-missing", words, ""
