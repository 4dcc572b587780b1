"""One row of a list of contacts, read by the rules of docs/contacts.md: a person, or a refusal.

A refusal names the line, the column and a stable code; its words never repeat what stands in the cell.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from smsbot.people.languages import UNKNOWN, canonical_language
from smsbot.storage.contacts import ALPHA2, MAX_NETWORK_CHARS, MAX_REGION_CHARS
from smsbot.storage.suppressions import REPLY, SERVICE
from smsbot.text.cells import unguarded
from smsbot.text.phones import country_of, find_phones, parse_phone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smsbot.people.contact_file import Row
    from smsbot.values import Msisdn
    from smsbot.vault import Vault

MAX_TAGS = 50
MAX_TAG_CHARS = 64
MAX_SOURCE_CHARS = 128
_EARLIEST_MS = 946_684_800_000
"""2000-01-01: a consent from before it is a spreadsheet's empty date."""
_PURPOSE = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_INTERNAL = frozenset({REPLY, SERVICE, "all"})
"""Purposes that are not for a person to agree to."""
_MANY_DIGITS = re.compile(r"(?:\d[^\w\n]{0,3}){7}")
_ISO_DATE = re.compile(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)")
_NATIONAL = range(7, 12)
"""How many digits a number may have that is written as at home."""
_CACHED = 4096

WORDS = {
    "bad_consent_lists": "with several dates there must be as many purposes, and one source or as many",
    "bad_country": "is no country of two letters, such as KE",
    "bad_date": "is no time such as 2026-01-31T14:00:00+03:00",
    "bad_language": "is no language code, such as sw",
    "bad_number": "is no phone number: write it like +254711000123 (a spreadsheet keeps it whole only "
    "in a column formatted as text)",
    "bad_purpose": "is no purpose: a word such as lessons, of small letters, digits and hyphens",
    "control_character": "the line holds a character that is no text",
    "date_in_future": "lies in the future",
    "doubled": "the number stands in an earlier line already",
    "erased": "this person asked to be deleted: nothing of the row was kept, take it out of the list",
    "former_owner": "the number has changed hands since then: only a newer consent counts",
    "missing": "is empty",
    "no_country": "is a national number: begin it with + and the country's code, or fill `country`",
    "no_offset": "has no offset from UTC, such as +03:00 or Z at its end",
    "not_utf8": "the line is not in UTF-8: save the list as CSV UTF-8",
    "number_inside": "holds a phone number: such cells are stored in clear",
    "said_no": "this person said no or STOP: only their own yes counts now, nothing of the row was kept",
    "too_long": "is too long",
    "too_many": f"holds more than {MAX_TAGS} words",
    "wrong_quoting": 'a quote is never closed, or stands alone within a cell: write two ("")',
    "wrong_width": "the line has more or fewer cells than the header",
}
"""What each refusal says, after the column's name where it has one."""


class Refusal(NamedTuple):
    """Why a row was refused: its first line in the file, the column or an empty text, and a code."""

    line: int
    column: str
    code: str

    @property
    def words(self) -> str:
        """Give a sentence for the list's owner, without what stands in the cell."""
        words = WORDS[self.code]
        return f"{self.column} {words}" if self.column and self.code not in _WHOLE_ROW else words


_WHOLE_ROW = frozenset({"said_no", "erased", "doubled"})
"""Codes whose words are a whole sentence, though they belong to a column."""


class Claim(NamedTuple):
    """A consent as the list has it. `at` is milliseconds, UTC."""

    purpose: str
    at: int
    source: str


class Person(NamedTuple):
    """A row that can be read. `country` is as written, `home` that of the number; empty: unknown."""

    line: int
    ref: str
    msisdn: Msisdn
    language: str
    tags: tuple[str, ...]
    claims: tuple[Claim, ...]
    country: str
    home: str
    region: str
    network: str


class _Wrong(Exception):  # travels within this module only
    def __init__(self, column: str, code: str) -> None:
        super().__init__(column, code)
        self.column = column
        self.code = code


class RowReader:
    """Reads rows of one file: `columns` says where each column is."""

    def __init__(self, columns: Mapping[str, int], vault: Vault) -> None:
        self._vault = vault
        self._msisdn = columns["msisdn"]
        self._language = columns["language"]
        self._tags = columns.get("tags")
        self._purpose = columns.get("consent_purpose")
        self._at = columns.get("consent_at")
        self._source = columns.get("consent_source")
        self._country = columns.get("country")
        self._region = columns.get("region")
        self._network = columns.get("network")

    def read(self, row: Row, now_ms: int) -> Person | Refusal:
        """Give the person, or the first thing that is wrong with the row."""
        if row.fault:
            return Refusal(row.line, "", row.fault)
        try:
            return self._person(row, now_ms)
        except _Wrong as wrong:
            return Refusal(row.line, wrong.column, wrong.code)

    def _person(self, row: Row, now_ms: int) -> Person:
        cells = row.cells
        country = _country(_cell(cells, self._country))
        msisdn = _number(cells[self._msisdn], country)
        home = _home(msisdn)
        near = country or home
        return Person(
            row.line,
            self._vault.ref(msisdn),
            msisdn,
            _language(cells[self._language]),
            _tags(_cell(cells, self._tags), near),
            _claims(
                _cell(cells, self._purpose),
                _cell(cells, self._at),
                _cell(cells, self._source),
                near,
                now_ms,
            ),
            country,
            home,
            _words(_cell(cells, self._region), "region", MAX_REGION_CHARS, near),
            _words(_cell(cells, self._network), "network", MAX_NETWORK_CHARS, near),
        )


def _cell(cells: Sequence[str], place: int | None) -> str:
    return "" if place is None else cells[place]


def _number(raw: str, country: str) -> Msisdn:
    text = unguarded(raw.strip())
    if not text:
        raise _Wrong("msisdn", "missing")
    found = parse_phone(text, country)
    if found is None:
        national = not country and _looks_national(text)
        raise _Wrong("msisdn", "no_country" if national else "bad_number")
    return found


def _looks_national(text: str) -> bool:
    digits = text.replace(" ", "")
    return digits.isdecimal() and len(digits) in _NATIONAL


def _home(msisdn: Msisdn) -> str:
    found = country_of(msisdn)
    return found if len(found) == ALPHA2 else ""


@lru_cache(_CACHED)
def _language(raw: str) -> str:
    if not raw.strip():
        raise _Wrong("language", "missing")
    found = canonical_language(raw)
    if found is None:
        raise _Wrong("language", "bad_language")
    return "" if found == UNKNOWN else found


@lru_cache(_CACHED)
def _country(raw: str) -> str:
    found = raw.strip().upper()
    if found and found not in _countries():
        raise _Wrong("country", "bad_country")
    return found


@cache
def _countries() -> frozenset[str]:
    import phonenumbers

    return frozenset(phonenumbers.SUPPORTED_REGIONS)


@lru_cache(_CACHED)
def _tags(raw: str, near: str) -> tuple[str, ...]:
    found = dict.fromkeys(
        filter(None, (_words(part, "tags", MAX_TAG_CHARS, near) for part in raw.split(";")))
    )
    if len(found) > MAX_TAGS:
        raise _Wrong("tags", "too_many")
    return tuple(found)


def _claims(
    raw_purposes: str, raw_at: str, raw_source: str, near: str, now_ms: int
) -> tuple[Claim, ...]:
    """Give the consents of a row: none unless purpose, date and source are all there.

    One date and source go for all purposes; several dates go with as many purposes, one each.
    """
    if not raw_purposes and not raw_at and not raw_source:
        return ()
    purposes = _purposes(raw_purposes)
    moments = [_moment(part, now_ms) for part in raw_at.split(";")] if raw_at.strip() else []
    source = _source(raw_source, near)
    if not (purposes and moments and source):
        return ()
    if len(moments) == 1:
        return tuple(Claim(purpose, moments[0], source) for purpose in purposes)
    sources = [_source(part, near) for part in raw_source.split(";")]
    if len(sources) == 1:
        sources *= len(moments)
    if not len(purposes) == len(moments) == len(sources) or not all(sources):
        raise _Wrong("consent_at", "bad_consent_lists")
    return tuple(map(Claim, purposes, moments, sources))


@lru_cache(_CACHED)
def _purposes(raw: str) -> tuple[str, ...]:
    found = dict.fromkeys(filter(None, (part.strip().casefold() for part in raw.split(";"))))
    if any(not _PURPOSE.fullmatch(purpose) or purpose in _INTERNAL for purpose in found):
        raise _Wrong("consent_purpose", "bad_purpose")
    return tuple(found)


def _moment(raw: str, now_ms: int) -> int:
    try:
        at = datetime.fromisoformat(raw.strip())
    except ValueError:
        raise _Wrong("consent_at", "bad_date") from None
    if at.tzinfo is None:
        raise _Wrong("consent_at", "no_offset")
    at_ms = round(at.timestamp() * 1000)
    if at_ms > now_ms:
        raise _Wrong("consent_at", "date_in_future")
    if at_ms < _EARLIEST_MS:
        raise _Wrong("consent_at", "bad_date")
    return at_ms


def _source(raw: str, near: str) -> str:
    return _words(raw, "consent_source", MAX_SOURCE_CHARS, near)


@lru_cache(_CACHED)
def _words(raw: str, column: str, longest: int, near: str) -> str:
    """Give a cell of free words, tidied: it is stored in clear, so it may not hold a phone number.

    `near` is the country whose national numbers are seen.
    """
    words = " ".join(unicodedata.normalize("NFC", unguarded(raw.strip())).split())
    if len(words) > longest:
        raise _Wrong(column, "too_long")
    if _MANY_DIGITS.search(words) and find_phones(_ISO_DATE.sub("|", words), near):
        raise _Wrong(column, "number_inside")
    return words
