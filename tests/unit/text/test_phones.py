from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsbot.text.phones import country_of, find_phones, parse_phone, prefix_of
from smsbot.values import Msisdn

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("raw", "country", "e164"),
    [
        ("+254712345678", "KE", "+254712345678"),
        ("+254712345678", "", "+254712345678"),
        ("+254712345678\n", "KE", "+254712345678"),
        (" +254 712-345.678 ", "KE", "+254712345678"),
        ("+254 (0)712 345 678", "KE", "+254712345678"),
        ("0712345678", "KE", "+254712345678"),
        ("0712 345 678", "ke", "+254712345678"),
        ("712345678", "KE", "+254712345678"),
        ("254712345678", "KE", "+254712345678"),
        ("0254712345678", "KE", "+254712345678"),
        ("00254712345678", "KE", "+254712345678"),
        ("000254712345678", "KE", "+254712345678"),
        ("+00254712345678", "KE", "+254712345678"),
        ("0+254712345678", "KE", "+254712345678"),
        ("٠٧١٢٣٤٥٦٧٨", "KE", "+254712345678"),
        ("+٢٥٤٧١٢٣٤٥٦٧٨", "KE", "+254712345678"),
        ("\u200b0712\u00a0345\u2011678\ufeff", "KE", "+254712345678"),
        ("0772123456", "UG", "+256772123456"),
        ("256772123456", "KE", "+256772123456"),
        ("0788 123 123", "RW", "+250788123123"),
        ("0701020304", "CI", "+2250701020304"),
        ("+242061234567", "", "+242061234567"),
        ("0803 123 4567", "NG", "+2348031234567"),
        ("(202) 456-1111", "US", "+12024561111"),
        ("+12028831111", "KE", "+12028831111"),
        ("+254131345678", "KE", "+254131345678"),  # a prefix newer than the metadata
    ],
)
def test_a_number_is_made_e164_by_the_country_of_the_channel(
    raw: str, country: str, e164: str
) -> None:
    assert parse_phone(raw, country) == Msisdn(e164)


@pytest.mark.parametrize(
    ("raw", "country"),
    [
        ("", "KE"),
        ("+", "KE"),
        ("333", "KE"),
        ("22384", "KE"),
        ("*100#", "KE"),
        ("MTN", "UG"),
        ("0712345678", ""),
        ("07123456", "KE"),
        ("07123456789", "KE"),
        ("0131345678", "KE"),
        ("+2547123456", "KE"),
        ("+25471234567890", "KE"),
        ("+999123456789", "KE"),
        ("+0712345678", "XX"),
        ("0712x345678", "KE"),
        ("0712345678 0722345678", "KE"),
        ("call 0712345678", "KE"),
        ("+" * 50, "KE"),
        ("+254712345678" * 1000, "KE"),
        ("0" * 40, "KE"),
        ("+²⁵⁴", "KE"),
    ],
)
def test_what_is_no_phone_number_is_none(raw: str, country: str) -> None:
    assert parse_phone(raw, country) is None


@given(
    st.text(st.characters(codec=None)) | st.text("0123456789+-() .\n٣", max_size=70),
    st.sampled_from(["KE", "US", "", "XX", "é"]),
)
def test_any_text_gives_a_number_or_none(raw: str, country: str) -> None:
    found = parse_phone(raw, country)
    assert found is None or parse_phone(found.e164, country) == found
    assert all(parse_phone(number.e164, "") == number for number in find_phones(raw, country))


@pytest.mark.parametrize(
    ("text", "country", "found"),
    [
        ("Piga 0712345678 sasa", "KE", ["+254712345678"]),
        ("tel=0712345678.", "KE", ["+254712345678"]),
        ("(0712) 345-678, au +256772123456!", "KE", ["+254712345678", "+256772123456"]),
        ("0712345678 0722345678 0733345678", "KE", ["+254712345678", "+254722345678"]),
        ("0712345678/0722 345 678", "KE", ["+254712345678", "+254722345678"]),
        ("0712345678 na tena 0712345678", "KE", ["+254712345678"]),
        ("256772123456 ናቸው", "KE", ["+256772123456"]),
        ("Appelez le 0701020304", "CI", ["+2250701020304"]),
        ("٠٧١٢٣٤٥٦٧٨", "KE", ["+254712345678"]),
        ("SGH0712345678 Ksh 12,500.00 12/03/2026 10:45 id 12345678901", "KE", []),
        ("Tarehe 01/03/2026 10:45, 01.03.2026 10", "KE", []),
        ("Call 07.01.02.03.04 le 01-03-2026 10", "CI", ["+2250701020304"]),
        ("712345678", "KE", ["+254712345678"]),
        ("(202) 456-1111 or 202.456.1112", "US", ["+12024561111"]),
        ("user@0712345678", "KE", []),
        ("Dial *384*123#", "KE", []),
        ("", "KE", []),
    ],
)
def test_numbers_are_found_in_a_text(text: str, country: str, found: list[str]) -> None:
    numbers = [number.e164 for number in find_phones(text, country)]
    assert numbers[: len(found)] == found
    assert bool(numbers) is bool(found)


@pytest.mark.parametrize("piece", ["0712345678 ", "1", "1 ", "07 ", "+", "1234567/", "(0"])
def test_a_hostile_text_takes_no_time(piece: str) -> None:
    began = time.perf_counter()
    find_phones((piece * 10_000)[:10_000], "KE")
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("e164", "country", "prefix"),
    [
        ("+254712345678", "KE", "+254712"),
        ("+256772123456", "UG", "+256772"),
        ("+2250701020304", "CI", "+225070"),
        ("+12024561111", "US", "+1202"),
        ("+14165550123", "CA", "+1416"),
        ("+447723456789", "GB", "+44772"),
        ("+447797123456", "JE", "+44779"),
        ("+999123", "", "+999"),  # no calling code at all
    ],
)
def test_a_number_names_its_country_and_its_block(e164: str, country: str, prefix: str) -> None:
    assert country_of(Msisdn(e164)) == country
    assert prefix_of(Msisdn(e164)) == prefix


def test_the_reference_numbers_agree(reference: Callable[[str], Any]) -> None:
    data = reference("answer-matching.json")
    for case in data["phone_numbers"]:
        country = case["country"] or ""
        if case["fn"] == "parse_whole":
            found = parse_phone(case["text"], country)
            assert (found.e164 if found else "") == case["expect"], case
        else:
            assert [n.e164 for n in find_phones(case["text"], country)] == case["expect"], case
    for case in data["has_phone"]:
        # Bare American digits in an African channel: docs/decisions/011.
        if case["country_arg"] == "BW":
            continue
        numbers = find_phones(case["text"], case["country_arg"] or case["default_country"])
        assert (numbers[0].e164 if numbers else None) == case["expect"].get("value"), case


def test_the_reference_forms_agree(reference: Callable[[str], Any]) -> None:
    phone = reference("text-and-numbers.json")["phone"]
    fictional = {"07700900010", "447700900020"}  # Ofcom's numbers for drama: not in the metadata
    for case in [*phone["valid_uk_mobile"], *phone["normalised"], *phone["valid_international"]]:
        found = parse_phone(case["in"], "GB")
        expected = case.get("e164", case.get("e164_computed"))
        assert (found.e164 if found else "") == ("" if case["in"] in fictional else expected), case
    # Trailing dots are forgiven; special-rate numbers are numbers.
    ours = {"07723 456789...", "0845 46 46", "0900 123 4567"}
    for case in phone["rejected"]:
        assert (parse_phone(case["in"], "GB") is not None) is (case["in"] in ours), case
