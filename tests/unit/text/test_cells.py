"""Cells that a spreadsheet will open."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsbot.text.cells import guarded, unguarded


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=HYPERLINK(A1)", "'=HYPERLINK(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("'=1", "''=1"),
        ("+254711000123", "+254711000123"),
        ("-5", "-5"),
        ("Kisumu", "Kisumu"),
        ("'Akim", "'Akim"),
        ("Mbeya = Kusini", "Mbeya = Kusini"),
        ("", ""),
    ],
)
def test_what_would_run_is_made_a_text(cell: str, safe: str) -> None:
    assert guarded(cell) == safe
    assert unguarded(safe) == cell


@given(st.text(alphabet="'=+-@\t\r1a é\uff1d", max_size=8))
def test_a_guarded_cell_comes_back_and_never_begins_a_formula(cell: str) -> None:
    safe = guarded(cell)

    assert unguarded(safe) == cell
    assert not safe.startswith(("=", "@", "\t", "\r")) or safe == ""
    out = io.StringIO()
    csv.writer(out).writerow([safe, "x"])
    assert next(csv.reader(io.StringIO(out.getvalue(), newline=""))) == [safe, "x"]
