"""A row of a list: what is understood, and what each mistake is called."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from smsbot.people.contact_file import COLUMNS, Row
from smsbot.people.contact_row import WORDS, Claim, Person, Refusal, RowReader
from smsbot.people.languages import canonical_language

if TYPE_CHECKING:
    from smsbot.vault import Vault

NOW = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp() * 1000)
FORM = {
    "consent_purpose": "lessons",
    "consent_at": "2026-03-01T10:00:00+03:00",
    "consent_source": "form 12",
}
FORM_AT = int(datetime(2026, 3, 1, 7, tzinfo=UTC).timestamp() * 1000)
CLAIM = Claim("lessons", FORM_AT, "form 12")
TWICE = "2026-03-01T07:00Z;2026-03-01T07:00Z"


@pytest.fixture
def reader(vault: Vault) -> RowReader:
    return RowReader({name: place for place, name in enumerate(COLUMNS)}, vault)


def read(reader: RowReader, **cells: str) -> Person | Refusal:
    given = {"msisdn": "+254711000123", "language": "sw"} | cells
    return reader.read(Row(7, [given.get(name, "") for name in COLUMNS]), NOW)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({}, {"language": "sw", "home": "KE", "country": "", "tags": (), "claims": ()}),
        ({"msisdn": "0711 000 123", "country": "ke"}, {"country": "KE"}),
        ({"msisdn": "00254711000123"}, {}),
        ({"msisdn": "254711000123"}, {}),
        ({"msisdn": "'+254711000123"}, {}),
        ({"msisdn": " +254 711-000-123 "}, {}),
        ({"language": "SWA"}, {"language": "sw"}),
        ({"language": "und"}, {"language": ""}),
        ({"tags": " women ;farmers;; women"}, {"tags": ("women", "farmers")}),
        ({"tags": "'=1+1"}, {"tags": ("=1+1",)}),
        ({"region": "  Taita\n Taveta "}, {"region": "Taita Taveta"}),
        ({"region": "e\u0301"}, {"region": "\u00e9"}),
        ({"network": "63902"}, {"network": "63902"}),
        (FORM, {"claims": (CLAIM,)}),
        (
            FORM | {"consent_purpose": "Lessons; alerts"},
            {"claims": tuple(Claim(one, FORM_AT, "form 12") for one in ("lessons", "alerts"))},
        ),
        (FORM | {"consent_at": "2026-03-01T07:00Z"}, {"claims": (CLAIM,)}),
        (
            {
                "consent_purpose": "lessons;alerts",
                "consent_at": "2026-03-01T07:00Z;2026-03-01T07:00:00.5Z",
                "consent_source": "a;b",
            },
            {"claims": (Claim("lessons", FORM_AT, "a"), Claim("alerts", FORM_AT + 500, "b"))},
        ),
        (FORM | {"consent_source": ""}, {"claims": ()}),
        (FORM | {"consent_at": ""}, {"claims": ()}),
        (FORM | {"consent_purpose": " "}, {"claims": ()}),
        (FORM | {"consent_source": "form of 2026-03-01, page 2"}, {}),
    ],
)  # fmt: skip
def test_a_good_row_is_understood(
    reader: RowReader, vault: Vault, cells: dict[str, str], expected: dict[str, object]
) -> None:
    found = read(reader, **cells)

    assert isinstance(found, Person)
    assert (found.line, found.msisdn.e164) == (7, "+254711000123")
    assert found.ref == vault.ref(found.msisdn)
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"msisdn": " "}, "msisdn", "missing"),
        ({"msisdn": "2.54711E+11"}, "msisdn", "bad_number"),
        ({"msisdn": "+254711"}, "msisdn", "bad_number"),
        ({"msisdn": "22384", "country": "KE"}, "msisdn", "bad_number"),
        ({"msisdn": "0711000123"}, "msisdn", "no_country"),
        ({"msisdn": "0711000123", "country": "US"}, "msisdn", "bad_number"),
        ({"language": ""}, "language", "missing"),
        ({"language": "Swahili"}, "language", "bad_language"),
        ({"language": "xx"}, "language", "bad_language"),
        ({"country": "Kenya"}, "country", "bad_country"),
        ({"country": "UK"}, "country", "bad_country"),
        ({"tags": "x" * 65}, "tags", "too_long"),
        ({"tags": ";".join(map(str, range(51)))}, "tags", "too_many"),
        ({"tags": "call 0711000123"}, "tags", "number_inside"),
        ({"region": "x" * 65}, "region", "too_long"),
        ({"network": "x" * 17}, "network", "too_long"),
        ({"region": "+254 711 000 123"}, "region", "number_inside"),
        (FORM | {"consent_source": "x" * 129}, "consent_source", "too_long"),
        (FORM | {"consent_source": "asked by 0722 123 456"}, "consent_source", "number_inside"),
        (FORM | {"consent_purpose": "reply"}, "consent_purpose", "bad_purpose"),
        (FORM | {"consent_purpose": "all"}, "consent_purpose", "bad_purpose"),
        (FORM | {"consent_purpose": "what ever"}, "consent_purpose", "bad_purpose"),
        (FORM | {"consent_at": "2026-03-01T10:00:00"}, "consent_at", "no_offset"),
        (FORM | {"consent_at": "2026-03-01"}, "consent_at", "no_offset"),
        (FORM | {"consent_at": "1.3.2026"}, "consent_at", "bad_date"),
        (FORM | {"consent_at": "0001-01-01T00:00+14:00"}, "consent_at", "bad_date"),
        (FORM | {"consent_at": "2026-11-22T12:00:01Z"}, "consent_at", "date_in_future"),
        (FORM | {"consent_at": TWICE}, "consent_at", "bad_consent_lists"),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_by_line_column_and_code_and_its_cell_is_not_repeated(
    reader: RowReader, cells: dict[str, str], column: str, code: str
) -> None:
    found = read(reader, **cells)

    assert isinstance(found, Refusal)
    assert (found.line, found.column, found.code) == (7, column, code)
    assert found.words.startswith(f"{column} ")
    assert "711000123" not in found.words.replace(WORDS["bad_number"], "")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("sw", "sw"), ("en_gb", "en-GB"), ("PT-br", "pt-BR"), ("ha-latn-ng", "ha-Latn-NG"),
        ("amh", "am"), ("swh", "sw"), ("luo", "luo"), ("tuv", "tuv"), ("", None), ("s", None),
        ("mul", None), ("zz", None), ("sw ke", None), ("kiswahili", None), ("sw-x", None),
    ],
)  # fmt: skip
def test_languages_become_the_codes_of_our_texts(raw: str, expected: str | None) -> None:
    assert canonical_language(raw) == expected
