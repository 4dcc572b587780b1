"""Read single fields of a webhook: ids, networks, times, money, addresses.

What is required and can't be read is Malformed. What only enriches (a network, a time, a price) is
left empty instead, for a person's message must not be lost to a gateway's odd date.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from smsbot.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

MESSAGING_SERVICE = re.compile(r"MG[0-9a-f]{32}")
"""A sender like this is a Messaging Service: any of its numbers may be written to."""
MAX_ID = 128
"""How long a gateway's id may be: as wide as the columns that hold it."""

_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,16}")
_WORD = re.compile(r"[A-Za-z0-9_.:-]{1,32}")
_COUNT = re.compile(r"\d{1,15}", re.ASCII)
_LONG_DIGITS = re.compile(r"\d{7,}")
_MONEY = re.compile(r"(?:([A-Z]{3})\s*)?(\d{1,12}(?:\.\d{1,12})?)", re.ASCII)
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def required(fields: Mapping[str, str], name: str) -> str:
    """Give a field that must be there and not blank, as it came."""
    value = fields.get(name, "")
    if not value or value.isspace():
        raise Malformed(f"{name} is missing")
    return value


def required_id(fields: Mapping[str, str], *names: str) -> str:
    """Give the first id there is of these names: printable, at most 128 characters."""
    found = next((fields[name] for name in names if fields.get(name, "").strip()), "").strip()
    if not found:
        raise Malformed(f"{names[0]} is missing")
    if len(found) > MAX_ID or not found.isprintable():
        raise Malformed(f"{names[0]} is not an id")
    return found


def network_of(raw: str) -> str:
    """Give a network code that fits its column, or an empty text."""
    return raw if _CODE.fullmatch(raw) else ""


def code_of(raw: str) -> str:
    """Give a status or error code that fits its column, or an empty text."""
    code = raw.strip()
    return code if _WORD.fullmatch(code) else ""


def words_of(raw: str, limit: int = 120) -> str:
    """Give a provider's words fit for a log: one line, cut, long runs of digits masked."""
    line = " ".join("".join(char if char.isprintable() else " " for char in raw).split())
    return _LONG_DIGITS.sub("#", line)[:limit]


def time_of(raw: str) -> datetime | None:
    """Give an ISO 8601 time as aware UTC (a naive one is UTC), or None if it can't be one."""
    try:
        found = datetime.fromisoformat(raw.strip())
        aware = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return aware if _EARLIEST < aware < _LATEST else None


def money_of(raw: str) -> tuple[int | None, str]:
    """Give the millionths and the currency of `KES 0.8000`; (None, "") if it is not money."""
    match = _MONEY.fullmatch(raw.strip())
    if match is None:
        return None, ""
    return int(Decimal(match[2]) * 1_000_000), match[1] or ""


def count_of(raw: str) -> int | None:
    """Give a number of things or of milliseconds, or None."""
    return int(raw) if _COUNT.fullmatch(raw.strip()) else None


def plain_address(raw: str) -> str:
    """Give a sender, short code or USSD code in the one form in which two of them are compared.

    `*384*123#`, `384*123` and `*384*123` are one code; `+254711000111` and `254711000111` one number.
    """
    return raw.strip(" *#+").replace(" ", "").casefold()
