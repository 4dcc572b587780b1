"""A day as people type it, day first: `12/3/2026`, `12-3`, `12032026`, `jana`, `3 mars`, `lundi`.

The questions are about what has happened, so a day without a year, or a weekday, is the last such
day up to today.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from smsbot.text.folding import bare, plain, words
from smsbot.text.numerals import small_number

_LONGEST = 300
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_DAY_FIRST = re.compile(
    r"(?<![\d./-])(\d{1,2})\s?[./-]\s?(\d{1,2})(?:\s?[./-]\s?(\d{4}|\d{2}))?(?!\d|[./-]\d)"
)
_KEYPAD = re.compile(r"(\d{2})(\d{2})(\d{4}|\d{2})?")
_FOUR_DIGITS = 4
_CENTURY = 100
_SOON = 1
"""Years ahead that a two-digit year may lie: `27` in 2026 is 2027, `28` is 1928."""


def _spelled(lines: str) -> dict[str, int]:
    """Number the words of a table: what stands in one place of each line has one number."""
    return {
        bare(spelling): place
        for line in lines.split(";")
        for place, spellings in enumerate(line.split())
        for spelling in spellings.split("/")
    }


_AGO = _spelled(
    "today/now yesterday;leo jana juzi;aujourd'hui/aujourdhui hier avant-hier/avanthier;"
    "yau jiya shekaranjiya;ዛሬ ትናንት;hoje ontem anteontem;lero jjo"
)
_MONTHS = {
    word: place + 1
    for word, place in _spelled(
        "january february march april may june july august september october november december;"
        "jan feb mar apr may jun jul aug sep/sept oct nov dec;"
        "januari februari machi aprili mei juni julai agosti septemba oktoba novemba desemba;"
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre;"
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"
    ).items()
}
_WEEKDAYS = _spelled(
    "monday tuesday wednesday thursday friday saturday sunday;"
    "mon tue/tues wed thu/thurs fri sat sun;"
    "jumatatu jumanne jumatano alhamisi ijumaa jumamosi jumapili;"
    "lundi mardi mercredi jeudi vendredi samedi dimanche"
)
_BACK_PHRASES = re.compile(
    r"(\w+) (day|days|week|weeks) ago|siku (\w+) zilizopita|il y a (\w+) (jours?|semaines?)"
)
_MOST_BACK = 3660


def parse_date(raw: str, today: date, language: str = "") -> date | None:
    """Give the day that an answer names, or None when it names none or two.

    Day before month, always: `03/04` is the third of April. A day that the calendar does not have
    is None. Ethiopian calendar dates are not converted.
    """
    text = raw.strip()
    if len(text) > _LONGEST:
        return None
    text = plain(text)
    found = _numeric(text, today)
    if not found:
        found = _in_words(words(text), today) or _counted_back(
            " ".join(words(text)), today, language
        )
    days = set(found)
    return days.pop() if len(days) == 1 else None


def _numeric(text: str, today: date) -> list[date | None]:
    iso = _ISO.findall(text)
    if iso:
        return [_day(int(day), int(month), int(year)) for year, month, day in iso]
    typed = _KEYPAD.fullmatch(text)  # keypads have no slash
    groups = [typed.groups("")] if typed else _DAY_FIRST.findall(text)
    return [_past(int(day), int(month), year, today) for day, month, year in groups]


def _past(day: int, month: int, year: str, today: date) -> date | None:
    """Give the day of a year that may be cut to two digits or be left out."""
    if len(year) == _FOUR_DIGITS:
        return _day(day, month, int(year))
    if year:
        full = today.year - today.year % _CENTURY + int(year)
        return _day(day, month, full if full <= today.year + _SOON else full - _CENTURY)
    # The eight years reach over a century without a leap day (1896 to 1904).
    recent = (_day(day, month, today.year - back) for back in range(9))
    return next((found for found in recent if found and found <= today), None)


def _day(day: int, month: int, year: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _in_words(answer: list[str], today: date) -> list[date | None]:
    """Read `jana`, `12 machi 2026`, `march 12`, `lundi`."""
    keys = [bare(word) for word in answer]
    if "avant" in keys and "hier" in keys:
        return [today - timedelta(2)]
    for at, key in enumerate(keys):
        if key in _MONTHS:
            return [_with_month(keys, at, today)]
    relative: list[date | None] = [today - timedelta(_AGO[key]) for key in keys if key in _AGO]
    weekdays = [_WEEKDAYS[key] for key in keys if key in _WEEKDAYS]
    return relative or [today - timedelta((today.weekday() - day) % 7) for day in weekdays]


def _with_month(keys: list[str], at: int, today: date) -> date | None:
    around = keys[max(0, at - 2) : at] + keys[at + 1 : at + 3]
    numbers = [re.sub(r"(?<=\d)(st|nd|rd|th|er)$", "", key) for key in around]
    years = [number for number in numbers if re.fullmatch(r"\d{4}", number)]
    days = [number for number in numbers if re.fullmatch(r"\d{1,2}", number)]
    if not days or len(years) > 1:
        return None
    year = years[0] if years else (days[1] if len(days) > 1 else "")
    return _past(int(days[0]), _MONTHS[keys[at]], year.zfill(2) if year else "", today)


def _counted_back(text: str, today: date, language: str) -> list[date | None]:
    """Read `3 days ago`, `siku tatu zilizopita`, `il y a une semaine`."""
    found: list[date | None] = []
    for english, unit, swahili, french, unite in _BACK_PHRASES.findall(text):
        word = english or swahili or french
        count = int(word) if word.isdecimal() and len(word) <= _FOUR_DIGITS else None
        if word in ("a", "an"):
            count = 1
        if count is None:
            count = small_number(word, language)
        days = (count or 0) * (7 if (unit + unite).startswith(("week", "semaine")) else 1)
        found.append(today - timedelta(days) if 0 < days <= _MOST_BACK else None)
    return found
