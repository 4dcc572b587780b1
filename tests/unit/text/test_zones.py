from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from smsbot.text.zones import zone_of, zones_of_countries

NAIROBI = ZoneInfo("Africa/Nairobi")
JANUARY = datetime(2026, 1, 15, 12, tzinfo=UTC)
AFRICA = {  # hours ahead of UTC in January, of every country of the African Union and Western Sahara
    0: "BF CI GH GM GN GW LR ML MR SH SL SN ST TG",
    1: "AO BJ CD CF CG CM DZ EH GA GQ MA NE NG TD TN",
    2: "BI BW EG LS LY MW MZ NA RW SD SS SZ ZA ZM ZW",
    3: "DJ ER ET KE KM MG SO TZ UG YT",
    4: "MU RE SC",
    -1: "CV",
}


@pytest.mark.parametrize(
    ("country", "hours"),
    [(country, hours) for hours, found in AFRICA.items() for country in found.split()],
)
def test_every_country_of_africa_has_its_hour(country: str, hours: int) -> None:
    offset = JANUARY.astimezone(zone_of("", country, ZoneInfo("Asia/Tokyo"))).utcoffset()
    assert offset is not None
    assert offset.total_seconds() == hours * 3600


@pytest.mark.parametrize(
    ("country", "name"),
    [
        ("US", "America/New_York"),
        ("BR", "America/Sao_Paulo"),
        ("RU", "Europe/Moscow"),
        ("CA", "America/Toronto"),
        ("AU", "Australia/Sydney"),
        ("UA", "Europe/Kyiv"),
        ("ID", "Asia/Jakarta"),
        ("CD", "Africa/Kinshasa"),
        ("ES", "Europe/Madrid"),
        ("ke", "Africa/Nairobi"),
    ],
)
def test_a_country_with_many_zones_gives_that_of_most_people(country: str, name: str) -> None:
    assert zone_of("", country, NAIROBI).key == name


def test_a_zone_of_ones_own_comes_before_the_country() -> None:
    assert zone_of("Africa/Lubumbashi", "CD", NAIROBI).key == "Africa/Lubumbashi"


@pytest.mark.parametrize(
    "timezone", ["", "Mars/Olympus", "../../etc/passwd", "Africa", "\0", "x" * 300]
)
@pytest.mark.parametrize(
    ("country", "expected"),
    [("GH", "Africa/Accra"), ("", "Africa/Nairobi"), ("ZZ", "Africa/Nairobi")],
)
def test_what_is_unknown_counts_for_nothing(timezone: str, country: str, expected: str) -> None:
    assert zone_of(timezone, country, NAIROBI).key == expected


def test_every_country_has_a_zone_that_exists() -> None:
    found = zones_of_countries()
    assert len(found) > 240
    assert all(zone_of("", country, NAIROBI).key == name for country, name in found.items())
