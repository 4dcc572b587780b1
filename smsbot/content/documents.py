"""What pydantic says of a document, in words an author understands, at the line that is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel

from smsbot.content.faults import Fault, Severity, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from smsbot.content.yamlfile import Path_, YamlFile

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


def document_faults(
    file: YamlFile,
    error: ValidationError,
    root: Any,
    patterns: Mapping[str, str],
    *,
    place_of: Callable[[YamlFile, Path_], Path_] | None = None,
    below: Path_ = (),
) -> list[Fault]:
    """Give each error of a validation of `root` as a fault.

    `patterns` says in words what a regular expression wants. `below` is where the document stands in
    the file; `place_of` turns a place in the document as validated to the one as written.
    """
    faults = []
    for found in error.errors(include_url=False):
        place: Path_ = (*below, *(part for part in found["loc"] if part != "[key]"))
        if place_of is not None:
            place = place_of(file, place)
        faults.append(_fault(file, found, place, root, patterns))
    return faults


def _fault(
    file: YamlFile, found: ErrorDetails, place: Path_, root: Any, patterns: Mapping[str, str]
) -> Fault:
    key = place[-1] if place else ""
    name = f"`{key}`" if isinstance(key, str) else _entry(place, key)
    name = name if place else "the file"
    kind, value = found["type"], found["input"]
    hint = ""
    if kind == "missing":
        words = f"{name} is missing"
        place = place[:-1]
    elif kind == "extra_forbidden":
        words = f"{name} has no meaning here"
        hint = did_you_mean(str(key), _known_keys(root, found["loc"][:-1]))
    elif kind == "string_pattern_mismatch":
        words = f"{name} is {str(value)[:40]!r}: wanted is {patterns[found['ctx']['pattern']]}"
    elif kind == "literal_error":
        wanted = found["ctx"]["expected"]
        words = f"{name} must be {wanted.replace('True', 'true')}"
        hint = did_you_mean(value, wanted.split("'")[1::2]) if isinstance(value, str) else ""
        hint = hint if hint.startswith("did") else ""
    else:
        words = f"{name} {_WORDS.get(kind, found['msg'])}"
        words = words.replace("Input should be", "must be").replace("` `", "`: `")
        if isinstance(value, int | float) and kind in ("string_type", "text_wanted"):
            hint = "put quotes around it"
        elif kind == "bool_type":
            hint = "without quotes; yes and no are texts here"
    return Fault(file.path, file.line(place), Severity.ERROR, "schema", words, hint)


def _entry(place: Path_, index: int) -> str:
    owner = next((part for part in reversed(place) if isinstance(part, str)), "")
    return f"entry {index + 1} of `{owner}`" if owner else f"entry {index + 1}"


def _known_keys(root: Any, loc: tuple[int | str, ...]) -> list[str]:
    """Give the keys of the model that stands at `loc` below `root`."""
    found: Any = root
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
