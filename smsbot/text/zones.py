"""The time zone that a person lives by: their own, else their country's, else the channel's.

Countries come from the tables of the tz database (`tzdata`), which this reads once. Where a country
has several zones, it is the one where most people live: the table lists that one first, with the
exceptions named here. Somebody in Lubumbashi is thus taken for an hour behind, until their contact
has a zone of its own.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_PEOPLE: Final = {
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "UZ": "Asia/Tashkent",
    "XK": "Europe/Belgrade",  # no ISO code yet, so no line in the table
}
_ZONES: Final = 2048


def zone_of(timezone: str, country: str, fallback: ZoneInfo) -> ZoneInfo:
    """Give the zone of a contact with this `timezone` (may be empty) and ISO 3166-1 country.

    Never raises: an unknown name counts for nothing. Costs a look into a dictionary.
    """
    return _zone(timezone, country) or fallback


def zones_of_countries() -> Mapping[str, str]:
    """Give the name of every country's zone, by its two letters."""
    return _by_country()


@lru_cache(_ZONES)
def _zone(timezone: str, country: str) -> ZoneInfo | None:
    return _named(timezone) or _named(_by_country().get(country.upper(), ""))


def _named(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, KeyError):  # not known, or no name at all (`../x`, a folder)
        return None


@cache
def _by_country() -> Mapping[str, str]:
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    found: dict[str, str] = {}
    for line in table.splitlines():
        if line and not line.startswith("#"):
            country, _place, name, *_comment = line.split("\t")
            found.setdefault(country, name)
    return found | _MOST_PEOPLE
