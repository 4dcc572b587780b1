from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsbot.text.gsm import ALPHABET, Encoding, units
from smsbot.text.segments import JOINED, SINGLE, parts, segment

if TYPE_CHECKING:
    from collections.abc import Callable

FAMILY = "👨\u200d👩\u200d👧"  # 8 units


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("", [0]),
        ("a" * 160, [160]),
        ("a" * 161, [153, 8]),
        ("a" * 306, [153, 153]),
        ("a" * 307, [153, 153, 1]),
        ("é" * 161, [153, 8]),
        ("€" * 80, [160]),
        ("€" * 81, [152, 10]),
        ("a" * 152 + "{" + "a" * 152, [152, 153, 1]),
        ("a" * 152 + "{" + "a" * 151, [152, 153]),
        ("a" * 304 + "[", [153, 153]),
        ("a" * 152 + "\r\n" + "a" * 8, [153, 9]),
        ("ƙ" * 70, [70]),
        ("ƙ" * 71, [67, 4]),
        ("ሰላም" * 45, [67, 67, 1]),
        ("🚀" * 35, [70]),
        ("🚀" * 36, [66, 6]),
        ("ọ" * 66 + "🚀" + "ọ" * 66, [66, 67, 1]),
        ("ọ" * 66 + "ẹ\u0301" + "ọ" * 5, [66, 7]),
        ("ẹ\u0301" * 67, [67, 67]),  # whole letters would cost a third segment
        ("ọ" * 60 + FAMILY + "ọ" * 9, [60, 17]),
        ("ọ" * 60 + "a" + "\u0301" * 80, [67, 67, 7]),
        ("a’" + "a" * 158, [67, 67, 26]),
    ],
)
def test_a_text_is_cut_as_3gpp_says(text: str, sizes: list[int]) -> None:
    found = segment(text)
    assert list(found.seg_units) == sizes
    assert found.segments == len(sizes)
    assert found.units == sum(sizes)
    assert [units(part, found.encoding) for part in parts(text)] == sizes


def test_letters_that_force_ucs2_are_named() -> None:
    assert segment("Don’t share ƙ").forces == (("’", 3), ("ƙ", 12))
    assert segment("Don't share").forces == ()


@given(st.text(max_size=60) | st.text(["a", "€", "ẹ", "\u0301", "🚀", "\r", "\n"], max_size=400))
def test_no_text_is_lost_and_no_segment_overflows(text: str) -> None:
    found = segment(text)
    pieces = parts(text)
    assert "".join(pieces) == text
    room = SINGLE if len(pieces) == 1 else JOINED
    assert all(units(piece, found.encoding) <= room[found.encoding] for piece in pieces)
    assert found.seg_units == tuple(units(piece, found.encoding) for piece in pieces)
    assert found.segments == len(pieces)


@given(st.text(["a", "b", "€", "{"], min_size=140, max_size=700))
def test_no_later_letter_would_have_fitted_an_earlier_segment(text: str) -> None:
    pieces = parts(text)
    for piece, following in pairwise(pieces):
        assert units(piece + following[0], Encoding.GSM7) > JOINED[Encoding.GSM7]


@given(st.text(sorted(ALPHABET), max_size=500))
def test_gsm_text_forces_nothing(text: str) -> None:
    found = segment(text)
    assert (found.encoding, found.forces) == (Encoding.GSM7, ())


def test_every_reference_case_agrees(reference: Callable[[str], Any]) -> None:
    for case in reference("segments.json")["cases"]:
        found = segment(case["text"])
        codepoints = case.get("codeunit", {})
        assert found.encoding == case["encoding"], case["id"]
        assert found.units == case["units"], case["id"]
        assert found.segments == codepoints.get("segments", case["segments"]), case["id"]
        sizes = list(found.seg_units)
        assert sizes in (case["seg_units"], codepoints.get("seg_units")), case["id"]


def test_every_reference_text_made_of_runs_agrees(reference: Callable[[str], Any]) -> None:
    for case in reference("text-and-numbers.json")["derived_segmentation"]["cases"]:
        text = case.get("text", "".join(piece * times for piece, times in case.get("runs", [])))
        assert list(segment(text).seg_units) == case["units_per_part"], case
