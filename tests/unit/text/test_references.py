from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsbot.text.references import _check_digit, is_reference, reference_from

GOOD = reference_from(b"a turn")


@pytest.mark.parametrize(("body", "digit"), [("0794", "5"), ("8609574271", "9")])
def test_the_check_digit_is_iso_7064_mod_11_10(body: str, digit: str) -> None:
    # 0794 -> 5 stands in the standard; 86095742719 is the published example of a German tax id.
    assert _check_digit(body) == digit


def test_a_reference_is_stable_and_differs_by_attempt() -> None:
    assert reference_from(b"a turn") == GOOD
    assert len({reference_from(b"a turn", attempt) for attempt in range(50)}) == 50


@given(st.binary(max_size=40), st.integers(0, 300))
def test_every_reference_is_eight_digits_and_checks(seed: bytes, attempt: int) -> None:
    made = reference_from(seed, attempt)
    assert len(made) == 8
    assert made[0] != "0"
    assert is_reference(made) == made


@given(st.binary(max_size=8), st.integers(0, 7), st.integers(1, 9))
def test_every_single_wrong_digit_is_found(seed: bytes, place: int, by: int) -> None:
    made = reference_from(seed)
    wrong = str((int(made[place]) + by) % 10)
    assert is_reference(made[:place] + wrong + made[place + 1 :]) is None


def test_a_reference_may_be_spaced_and_in_any_digits() -> None:
    spaced = f" {GOOD[:4]} {GOOD[4:6]}-{GOOD[6:]}. "
    assert is_reference(spaced) == GOOD
    assert is_reference("".join(chr(0x0660 + int(digit)) for digit in GOOD)) == GOOD
    assert is_reference("".join(chr(0xFF10 + int(digit)) for digit in GOOD)) == GOOD


@pytest.mark.parametrize("raw", ["", "1", GOOD + "0", GOOD[:-1], "0712345678", "ref", "9" * 10_000])
def test_anything_else_is_no_reference(raw: str) -> None:
    assert is_reference(raw) is None
