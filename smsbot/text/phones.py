"""Phone numbers as people and gateways write them, made E.164 by the country of the channel.

Numbering plans are Google's metadata (`phonenumbers`), which trails the operators by months: a
number that comes as E.164 is therefore taken by its length, so that nobody on a new prefix is
turned away; a number that was typed in any other form must be valid, to catch slips.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from smsbot.text.folding import plain
from smsbot.values import Msisdn

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 60
_LONGEST_TEXT = 5000
_TYPED = re.compile(r"[0-9+()./ \n\t-]*[0-9][()./ \n\t-]*")
_IN_TEXT = re.compile(r"(?<![\w@])(?<![0-9][.,])\+?\(?[0-9](?:[ ().-]{0,3}[0-9]){6,19}(?!\w)")
_DATE = re.compile(r"(?<![\d./-])\d{1,2}([./-])\d{1,2}\1\d{2,4}(?![./-]?\d)")
_FEWEST_DIGITS, _MOST_DIGITS = 7, 15
_BARE_FOREIGN = 10
"""Digits from which a number without + or 0 may begin with another country's code."""
_MOST_PIECES = 5


class _Plan(NamedTuple):
    region: str
    only: bool
    mobile_lengths: frozenset[int]
    may_start_with_zero: bool


def parse_phone(raw: str, country: str) -> Msisdn | None:
    """Give the number that the whole text is, or None. Never raises; costs about 1 µs for E.164.

    `country` (ISO 3166-1 alpha-2, or empty) reads national forms: `0712 345678`, `712345678`.
    International ones are `+254..`, `00254..`, `254..`. Digits of any script, and what people put
    between them; a letter makes it no number. Short codes are no numbers.
    """
    if raw[:1] == "+" and _is_e164(raw):
        return Msisdn(raw)
    text = raw.strip()
    text = plain(text) if len(text) <= _LONGEST else ""
    digits = "".join(filter(str.isdecimal, text))
    if (
        not _TYPED.fullmatch(text)
        or not _FEWEST_DIGITS <= len(digits.lstrip("0")) <= _MOST_DIGITS + 1
    ):
        return None
    if "+" in text:
        text = text[text.rindex("+") :]
        compact = "+" + "".join(filter(str.isdecimal, text))
        if _is_e164(compact):
            return Msisdn(compact)
    readings = (_valid(candidate, country) for candidate in _candidates(text, digits))
    return next(filter(None, readings), None)


def find_phones(text: str, country: str) -> tuple[Msisdn, ...]:
    """Give every number in a text, once each, in order. The first 5,000 letters are read.

    Digits without `+` or `0` before them count when they begin with this country's code or another
    African one (eleven digits that begin with 1 are more often a payment's id than an American), or
    have one kind of gap. Dates and sums are no numbers.
    """
    found: dict[Msisdn, None] = {}
    for match in _IN_TEXT.finditer(_DATE.sub("|", plain(text[:_LONGEST_TEXT]))):
        for number in _numbers_in(match[0], country):
            found[number] = None
    return tuple(found)


def country_of(msisdn: Msisdn) -> str:
    """Give the ISO 3166-1 alpha-2 code of a number's country, or an empty string."""
    plan = _plan(_calling_code(msisdn.e164))
    if plan is None:
        return ""
    if plan.only:
        return plan.region
    import phonenumbers

    number = phonenumbers.parse(msisdn.e164, None)
    return phonenumbers.region_code_for_number(number) or plan.region


def prefix_of(msisdn: Msisdn) -> str:
    """Give the calling code and three digits: the block of numbers that a cap counts together."""
    return msisdn.e164[: 1 + len(_calling_code(msisdn.e164)) + 3]


def _is_e164(text: str) -> bool:
    """Say whether a text is `+` and digits of a length that phones of that country have."""
    digits = text[1:]
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
        return False
    code = _calling_code(text)
    plan = _plan(code)
    if plan is None:
        return False
    national = digits[len(code) :]
    if len(national) in plan.mobile_lengths and (plan.may_start_with_zero or national[0] != "0"):
        return True
    return _valid(text, "") == Msisdn(text)


def _calling_code(e164: str) -> str:
    for length in (2, 3, 4):  # no code is the beginning of another
        if _plan(e164[1:length]):
            return e164[1:length]
    return ""


@cache
def _plan(code: str) -> _Plan | None:
    """Give what E.164 numbers of a calling code look like; read once for each of the ~1,000 codes."""
    import phonenumbers

    if not (code.isascii() and code.isdigit()) or code.startswith("0"):
        return None
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    if not regions:
        return None
    metadata = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(int(code), regions[0])
    mobile = metadata.mobile if metadata else None
    if metadata is None or mobile is None or not mobile.national_number_pattern:
        return _Plan(regions[0], len(regions) == 1, frozenset(), may_start_with_zero=False)
    # An empty list of lengths means: those of the country as a whole.
    lengths = mobile.possible_length or (metadata.general_desc or mobile).possible_length
    return _Plan(
        "" if regions[0] == "001" else regions[0],
        len(regions) == 1,
        frozenset(length for length in lengths if length > 0),
        (mobile.example_number or "").startswith("0"),
    )


def _candidates(text: str, digits: str) -> Iterator[str]:
    """Give the ways to read a typed number, the likeliest first."""
    core = digits.lstrip("0")
    zeros = len(digits) - len(core)
    if text.startswith("+"):
        yield text
        yield f"+{core}"
        if zeros:
            yield f"0{core}"
    elif zeros > 1:
        yield f"+{core}"
        yield f"0{core}"
    else:
        yield text
        if zeros or len(digits) >= _BARE_FOREIGN:
            yield f"+{core}"


def _valid(text: str, country: str) -> Msisdn | None:
    import phonenumbers

    try:
        number = phonenumbers.parse(text, country.upper() or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return Msisdn(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _numbers_in(run: str, country: str) -> Iterator[Msisdn]:
    """Give the numbers in a run of digits and signs, longest first: two may stand side by side."""
    whole = _plausible(run, country)
    if whole:
        yield whole
        return
    pieces = run.split()
    at = 0
    while at < len(pieces):
        for end in range(min(len(pieces), at + _MOST_PIECES), at, -1):
            number = _plausible(" ".join(pieces[at:end]), country)
            if number:
                yield number
                at = end - 1
                break
        at += 1


def _plausible(text: str, country: str) -> Msisdn | None:
    number = parse_phone(text, country)
    if number is None or text.lstrip("( ")[:1] in "+0":
        return number
    digits = "".join(filter(str.isdecimal, text))
    if number.e164 == f"+{digits}":
        home = country_of(number) == country.upper()
        return number if home or digits.startswith("2") else None
    signs = set(text) - set(digits)  # `202.456.1111` is a number, `500.00 12 03` is none
    return number if len(signs) <= 1 or text.startswith("(") else None
