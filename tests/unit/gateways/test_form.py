"""Webhook forms: what gateways send is read, what they never send is refused by name."""

from __future__ import annotations

from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsbot.errors import Malformed
from smsbot.gateways.form import MAX_FIELDS, form_pairs, parse_form, phone_text

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"a=1&b=2", {"a": "1", "b": "2"}),
        (b"", {}),
        (b"&&a=1&", {"a": "1"}),
        (b"text=", {"text": ""}),
        (b"text", {"text": ""}),
        (b" ", {" ": ""}),
        (b"a=1=2", {"a": "1=2"}),
        (b"text=1%2a2%2A3", {"text": "1*2*3"}),
        (b"text=one+two", {"text": "one two"}),
        (b"text=one%2Btwo", {"text": "one+two"}),
        (b"text=%E1%88%B0%E1%88%8B%E1%88%9D", {"text": "ሰላም"}),
        (b"text=%C6%99asa+na+gode", {"text": "ƙasa na gode"}),
        ("text=réponse ḿ".encode(), {"text": "réponse ḿ"}),
        (b"text=%F0%9F%98%80%E2%82%AC%7B", {"text": "😀€{"}),
        (b"t%65xt=1", {"text": "1"}),
        (b"text=%26%3D%25", {"text": "&=%"}),
    ],
)
def test_a_form_is_read_as_the_gateway_wrote_it(body: bytes, fields: dict[str, str]) -> None:
    assert parse_form(body, FORM) == fields


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"text=1&text=2", "text is there twice"),
        (b"text=1&t%65xt=1", "text is there twice"),
        (b"text&text", "text is there twice"),
        (b"text=%", "text has a broken percent escape"),
        (b"text=%4", "text has a broken percent escape"),
        (b"text=%zz", "text has a broken percent escape"),
        (b"text=%+1", "text has a broken percent escape"),
        (b"text=%\xc3\xa9", "text has a broken percent escape"),
        (b"text=%C3%28", "text is not UTF-8"),
        (b"text=%ED%A0%80", "text is not UTF-8"),  # half of a surrogate pair
        (b"text=\xff", "the body is not UTF-8"),
        (b"%FF=1", "a field is not UTF-8"),
        (b"&" * MAX_FIELDS, "more than 64 form fields"),
        (b"&".join(b"a%d=1" % n for n in range(MAX_FIELDS + 1)), "more than 64 form fields"),
    ],
)
def test_what_no_gateway_sends_is_refused_with_the_name_of_the_field(
    body: bytes, words: str
) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_form(body, FORM)
    assert str(refusal.value) == words


@pytest.mark.parametrize("body", [b"254711000111=1&254711000111=2", b"254711000111=%FF"])
def test_a_refusal_never_repeats_what_a_stranger_wrote(body: bytes) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_form(body, FORM)
    assert "2547" not in str(refusal.value)


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8"])
def test_a_json_body_is_not_a_form(kind: str) -> None:
    with pytest.raises(Malformed, match="must be application/x-www-form-urlencoded"):
        parse_form(b'{"text": "1"}', {"content-type": kind})


def test_a_multipart_body_is_not_a_form() -> None:
    with pytest.raises(Malformed, match="must be application/x-www-form-urlencoded"):
        parse_form(b"--x", {"content-type": "multipart/form-data; boundary=x"})


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded; charset=x"])
def test_a_form_is_read_whatever_a_relay_calls_it(kind: str) -> None:
    assert parse_form(b"text=1", {"content-type": kind} if kind else {}) == {"text": "1"}


def test_all_the_fields_that_are_allowed_are_read() -> None:
    body = b"&".join(b"a%d=1" % n for n in range(MAX_FIELDS))
    assert len(parse_form(body, FORM)) == MAX_FIELDS


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=20))
def test_what_the_standard_library_writes_is_read_back(fields: dict[str, str]) -> None:
    fields = {k: v for k, v in fields.items() if _is_utf8(k + v)}
    assert parse_form(urlencode(fields).encode(), FORM) == fields
    assert form_pairs(urlencode(fields).encode(), FORM) == list(fields.items())


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        fields = parse_form(body, FORM)
    except Malformed:
        return
    assert all(isinstance(value, str) for value in fields.values())


def test_pairs_keep_doubles_for_the_signature_covers_them() -> None:
    assert form_pairs(b"a=2&b=%20&a=1", FORM) == [("a", "2"), ("b", " "), ("a", "1")]


@pytest.mark.parametrize(
    ("raw", "phone"),
    [
        (" 254711000111", "+254711000111"),
        ("+254711000111", "+254711000111"),
        ("254711000111", "254711000111"),
        (" MTN", " MTN"),
        ("", ""),
        (" ", " "),
    ],
)
def test_a_plus_that_became_a_space_is_repaired(raw: str, phone: str) -> None:
    assert phone_text(raw) == phone
    if phone.startswith("+"):
        sent = f"phoneNumber={quote_plus(phone).replace('%2B', '+')}".encode()
        assert phone_text(parse_form(sent, FORM)["phoneNumber"]) == phone


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
