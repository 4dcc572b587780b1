"""Read the form of a webhook: strict, bounded, and fast, for a USSD turn waits on it.

Gateways post `application/x-www-form-urlencoded` in UTF-8. What a browser's form reader would let
pass is refused here: a doubled key (which of the two would the signature, the log and the engine
mean?), a broken percent escape, bytes that are not UTF-8, more than 64 fields. A refusal names the
field and never its value, for the value is a person's number or words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smsbot.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_FIELDS = 64

_HEX = "0123456789abcdefABCDEF"
_BYTE = {high + low: bytes((int(high + low, 16),)) for high in _HEX for low in _HEX}
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z_]{0,39}\d{0,2}")
_NOT_A_FORM = ("application/json", "multipart/")


def parse_form(body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
    """Give the fields by name, decoded. Raise Malformed for what no gateway sends.

    The content type is not proof of anything (some relays drop or rename it), but JSON and
    multipart bodies are told so. A `+` is a space, as in every form: `phone_text` repairs numbers.
    """
    fields: dict[str, str] = {}
    for pair in _text(body, headers).split("&"):
        name, _, value = pair.partition("=")
        if "%" in name or "+" in name:
            name = _decode(name, "a field name")
        if name in fields:
            raise Malformed(f"{_named(name)} is there twice")
        if "%" in value or "+" in value:
            value = _decode(value, name)
        if pair:
            fields[name] = value
    return fields


def form_pairs(body: bytes, headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Give every field in its order, doubled ones too: a signature covers them all."""
    parts = (pair.partition("=") for pair in _text(body, headers).split("&") if pair)
    return [(_decode(name, "a field name"), _decode(value, name)) for name, _, value in parts]


def phone_text(raw: str) -> str:
    """Undo the commonest fault of a sender: an unescaped `+`, which a form reads as a space."""
    return "+" + raw[1:] if raw[:1] == " " and raw[1:2].isdigit() else raw


def _text(body: bytes, headers: Mapping[str, str]) -> str:
    kind = headers.get("content-type", "")
    if kind and kind.lstrip().lower().startswith(_NOT_A_FORM):
        raise Malformed("the body must be application/x-www-form-urlencoded")
    try:
        text = body.decode()  # raw UTF-8 is taken as if escaped: curl and some relays send it
    except UnicodeDecodeError:
        raise Malformed("the body is not UTF-8") from None
    if text.count("&") >= MAX_FIELDS:
        raise Malformed(f"more than {MAX_FIELDS} form fields")
    return text


def _decode(raw: str, name: str) -> str:
    text = raw.replace("+", " ")
    if "%" not in text:
        return text
    first, *rest = text.split("%")
    try:
        octets = b"".join([_BYTE[part[:2]] + part[2:].encode() for part in rest])
        return (first.encode() + octets).decode()
    except KeyError:
        raise Malformed(f"{_named(name)} has a broken percent escape") from None
    except UnicodeDecodeError:
        raise Malformed(f"{_named(name)} is not UTF-8") from None


def _named(name: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else "a field"
