"""Single fields: what enriches is dropped when odd, what identifies is refused when odd."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from smsbot.errors import Malformed
from smsbot.gateways.fields import (
    code_of,
    count_of,
    money_of,
    network_of,
    plain_address,
    required,
    required_id,
    time_of,
    words_of,
)


@pytest.mark.parametrize(
    ("raw", "at"),
    [
        ("2026-05-03T06:04:45Z", datetime(2026, 5, 3, 6, 4, 45, tzinfo=UTC)),
        ("2026-03-19T08:34:18.445Z", datetime(2026, 3, 19, 8, 34, 18, 445000, tzinfo=UTC)),
        ("2026-05-03 06:04:45", datetime(2026, 5, 3, 6, 4, 45, tzinfo=UTC)),
        ("2026-05-03T09:04:45+03:00", datetime(2026, 5, 3, 6, 4, 45, tzinfo=UTC)),
        ("0001-01-01T00:00:00+23:59", None),
        ("9999-12-31T23:59:59-23:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_every_shape_of_time_is_read_as_utc(raw: str, at: datetime | None) -> None:
    assert time_of(raw) == at


@pytest.mark.parametrize(
    ("raw", "money"),
    [
        ("KES 0.8000", (800_000, "KES")),
        ("KES 1.00", (1_000_000, "KES")),
        ("NGN2.2", (2_200_000, "NGN")),
        ("0", (0, "")),
        ("0.8000", (800_000, "")),
        ("None", (None, "")),
        ("-1", (None, "")),
        ("KES ٥", (None, "")),
        ("1e9", (None, "")),
        ("", (None, "")),
    ],
)
def test_money_becomes_millionths(raw: str, money: tuple[int | None, str]) -> None:
    assert money_of(raw) == money


@pytest.mark.parametrize(
    ("raw", "count"),
    [("4200", 4200), (" 0 ", 0), ("-1", None), ("1.5", None), ("٣", None), ("9" * 16, None)],
)
def test_a_count_is_plain_digits(raw: str, count: int | None) -> None:
    assert count_of(raw) == count


@pytest.mark.parametrize("raw", ["*384*123#", "384*123", "*384*123", " *384*123# "])
def test_a_service_code_is_one_however_it_is_written(raw: str) -> None:
    assert plain_address(raw) == "384*123"


@pytest.mark.parametrize(("a", "b"), [("*384*12#", "*384*123#"), ("*384*1*23#", "*384*123#")])
def test_another_service_code_is_another(a: str, b: str) -> None:
    assert plain_address(a) != plain_address(b)


def test_an_id_is_taken_under_its_first_name() -> None:
    assert required_id({"MessageSid": "", "SmsSid": " SM1 "}, "MessageSid", "SmsSid") == "SM1"


@pytest.mark.parametrize("raw", ["", "  ", "a" * 129, "a\0b", "a\nb"])
def test_an_id_that_no_column_could_hold_is_refused(raw: str) -> None:
    with pytest.raises(Malformed, match=r"^id is"):
        required_id({"id": raw}, "id")


@pytest.mark.parametrize("raw", ["", " ", "\t"])
def test_a_blank_field_is_missing(raw: str) -> None:
    with pytest.raises(Malformed, match=r"^from is missing$"):
        required({"from": raw}, "from")


def test_networks_and_codes_that_fit_no_column_are_dropped() -> None:
    assert network_of("63902") == "63902"
    assert network_of("6" * 17) == network_of("63902'; --") == ""
    assert code_of(" 21610 ") == "21610"
    assert code_of("x" * 33) == code_of("UserInBlack List") == ""


def test_a_providers_words_lose_numbers_and_line_breaks() -> None:
    assert words_of("No route\r\nto +254711000111\x1b[31m") == "No route to +# [31m"
    assert words_of("code 530 <none>") == "code 530 <none>"
    assert len(words_of("x" * 500)) == 120
