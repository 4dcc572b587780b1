"""From a flow file to its document, or to every fault of its shape with file, line and a suggestion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from smsbot.content.faults import Fault, Severity, did_you_mean
from smsbot.content.schema import KINDS, FlowDoc
from smsbot.content.yamlfile import Path_, YamlError, YamlFile, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

_WORDS = {
    "string_type": "must be a text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "string_too_short": "is empty",
    "too_short": "has too few entries",
}
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
        faults += [_fault(file, found) for found in error.errors(include_url=False)]
    faults += _shape_faults(file)
    return file, doc if not faults else None, sorted(set(faults))


def _fault(file: YamlFile, found: ErrorDetails) -> Fault:
    place = _place(file, found["loc"])
    key = place[-1] if place else ""
    name = f"`{key}`" if isinstance(key, str) else f"entry {key + 1} of `{_owner(place)}`"
    kind, value = found["type"], found["input"]
    hint = ""
    if kind == "missing":
        words = f"{name} is missing"
        place = place[:-1]
    elif kind == "extra_forbidden":
        words = f"{name} has no meaning here"
        hint = did_you_mean(str(key), _known_keys(found["loc"][:-1]))
    elif kind == "string_pattern_mismatch":
        words = f"{name} is {str(value)[:40]!r}: wanted is {_PATTERNS[found['ctx']['pattern']]}"
    elif kind == "literal_error":
        wanted = found["ctx"]["expected"]
        words = f"{name} must be {wanted.replace('True', 'true')}"
        hint = did_you_mean(value, wanted.split("'")[1::2]) if isinstance(value, str) else ""
        hint = hint if hint.startswith("did") else ""
    else:
        words = f"{name} {_WORDS.get(kind, found['msg'][:1].lower() + found['msg'][1:])}"
        words = words.replace("input should be", "must be").replace("` `", "`: `")
        if isinstance(value, int | float) and kind in ("string_type", "text_wanted"):
            hint = "put quotes around it"
        elif kind == "bool_type":
            hint = "without quotes; yes and no are texts here"
    return Fault(file.path, file.line(place), Severity.ERROR, "schema", words, hint)


def _place(file: YamlFile, loc: tuple[int | str, ...]) -> Path_:
    """Give the place in the file: pydantic marks keys, and widens short forms."""
    place = tuple(part for part in loc if part != "[key]")
    for index in range(len(place) - 2):
        list_form = (*place[: index + 1], place[index + 2])
        if place[index : index + 2] == ("quiz", "options") and list_form in file.lines:
            return (*place[: index + 1], *place[index + 2 :])
    return place


def _owner(place: Path_) -> str:
    return next((str(part) for part in reversed(place) if isinstance(part, str)), "")


def _known_keys(loc: tuple[int | str, ...]) -> list[str]:
    """Give the keys of the model that stands at `loc` in the schema."""
    found: Any = FlowDoc
    for part in loc:
        model = _model(found)
        if model is not None:
            fields = model.model_fields.items()
            found = next(
                (field.annotation for name, field in fields if part in (name, field.alias)), None
            )
        else:
            found = _inner(found)
    model = _model(found)
    if model is None:
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _model(annotation: Any) -> type[BaseModel] | None:
    """Give the document class inside `X | None` or `Annotated[X, ..]`, but not inside a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (list, dict, tuple):
        return None
    models = (_model(part) for part in get_args(annotation))
    return next((model for model in models if model is not None), None)


def _inner(annotation: Any) -> Any:
    """Give what a list or a mapping holds."""
    if get_origin(annotation) in (list, dict, tuple):
        return get_args(annotation)[-1]
    return next((_inner(part) for part in get_args(annotation) if get_args(part)), None)


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
