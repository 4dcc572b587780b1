"""A CSV file as rows: each bad line is a fault of its own, whatever the file is."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsbot.errors import BadList
from smsbot.people.contact_file import MAX_LINE, ContactFile, Row

HEADER = b"msisdn,language,region\n"
EN, FR = ["+2", "en", ""], ["+3", "fr", ""]


def rows(body: bytes, header: bytes = HEADER) -> list[Row]:
    return list(ContactFile(io.BytesIO(header + body)))


def told(body: bytes) -> list[tuple[int, object]]:
    return [(row.line, row.fault or list(row.cells)) for row in rows(body)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"+1,sw,Kisumu\n", [(2, ["+1", "sw", "Kisumu"])]),
        (b"+1,sw,Kisumu\r\n+2,en,\r\n", [(2, ["+1", "sw", "Kisumu"]), (3, EN)]),
        (b"+1,sw,no newline at the end", [(2, ["+1", "sw", "no newline at the end"])]),
        ("+1,am,ባሕር ዳር\n".encode(), [(2, ["+1", "am", "ባሕር ዳር"])]),
        (b'+1,sw,"Port, ""old"" town"\n', [(2, ["+1", "sw", 'Port, "old" town'])]),
        (b'"+1","sw","two\nlines"\n+2,en,\n', [(2, ["+1", "sw", "two\nlines"]), (4, EN)]),
        (b"\n\n+1,sw,\n,,\n\n\n+2,en,\n", [(4, ["+1", "sw", ""]), (8, EN)]),
        (b"+1,sw\n+2,en,,\n+3,fr,\n", [(2, "wrong_width"), (3, "wrong_width"), (4, FR)]),
        (b"+1,\xff,\n+2,en,\n", [(2, "not_utf8"), (3, EN)]),
        (b"+1,sw,a\0b\n+2,en,\n", [(2, "control_character"), (3, EN)]),
        (b'+1,sw,"a\0b"\n', [(2, "control_character")]),
        (b"+1,sw,\r+2,en,\n", [(2, "control_character")]),
        (b'+1,sw,"open\n+2,en,\n+3,fr,\n', [(2, "wrong_quoting"), (3, EN), (4, FR)]),
        (b'+1,sw,"a"b\n+2,en,\n', [(2, "wrong_quoting"), (3, EN)]),
        (b'+1,sw,"open\n+2,en,"x"\n+3,fr,\n', [(2, "wrong_quoting"), (3, ["+2", "en", "x"]), (4, FR)]),
        (b'+1,sw,"ends', [(2, "wrong_quoting")]),
        (b"+1,sw," + b"x" * MAX_LINE + b"\n+2,en,\n", [(2, "too_long"), (3, EN)]),
        (b"x" * (3 * MAX_LINE) + b"\n+2,en,\n", [(2, "too_long"), (3, EN)]),
        (b'+1,sw,"' + b"x\n" * MAX_LINE + b'"\n', None),
    ],
)  # fmt: skip
def test_one_bad_line_costs_no_other(body: bytes, expected: list[object] | None) -> None:
    found = told(body)
    if expected is not None:
        assert found == expected
    else:  # a cell without an end: every line is looked at again, none is taken for a row
        assert {fault for _, fault in found} == {"wrong_quoting", "wrong_width"}
        assert len(found) == MAX_LINE + 1


@pytest.mark.parametrize(
    ("content", "fault", "column"),
    [
        (b"", "empty", ""),
        (b"\n\n", "empty", ""),
        (b"msisdn,phone\n", "unknown_column", "phone"),
        (b"+254711000123,sw\n", "unknown_column", "1"),
        (b"msisdn,language,msisdn\n", "doubled_column", "msisdn"),
        (b"msisdn,tags\n", "missing_column", "language"),
        (b"language\n", "missing_column", "msisdn"),
        (b"msisdn;language\n", "wrong_separator", ""),
        (b"msisdn\tlanguage\n", "wrong_separator", ""),
        ("msisdn,language\n".encode("utf-16"), "no_csv", ""),
        (b"PK\x03\x04whatever", "no_csv", ""),
        (b"%PDF-1.7", "no_csv", ""),
        (b"\x00" * 100, "control_character", ""),
        (b"\xc3\x28,language\n", "not_utf8", ""),
        (b'"msisdn,language\n', "wrong_quoting", ""),
        (b"x" * (2 * MAX_LINE), "too_long", ""),
    ],
)
def test_what_is_no_list_is_refused_whole_in_one_sentence(
    content: bytes, fault: str, column: str
) -> None:
    with pytest.raises(BadList) as refused:
        ContactFile(io.BytesIO(content))

    assert (refused.value.fault, refused.value.column) == (fault, column)
    assert "711000123" not in str(refused.value)


@pytest.mark.parametrize(
    "header", [b"\xef\xbb\xbfmsisdn,language\r\n", b'"Msisdn", LANGUAGE\n', b"language,msisdn\n"]
)  # fmt: skip
def test_a_header_may_have_a_mark_capitals_quotes_and_any_order(header: bytes) -> None:
    found = ContactFile(io.BytesIO(header + b"a,b\n"))

    assert set(found.columns) == {"msisdn", "language"}
    assert [list(row.cells) for row in found] == [["a", "b"]]


@settings(max_examples=50)
@given(st.binary(max_size=300))
def test_any_bytes_give_rows_in_order_and_an_end(body: bytes) -> None:
    found = rows(body)

    lines = [row.line for row in found]
    assert lines == sorted(set(lines))
    assert all(len(row.cells) == 3 for row in found if not row.fault)


@settings(max_examples=50)
@given(
    st.lists(
        st.lists(st.text(alphabet='ab",\n\r é', max_size=6), min_size=3, max_size=3), max_size=6
    )
)
def test_what_the_csv_module_writes_is_read_as_it_reads_it(cells: list[list[str]]) -> None:
    import csv

    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(cells)

    found = rows(out.getvalue().encode())
    expected = [row for row in cells if any(row)]
    assert [list(row.cells) for row in found] == expected
