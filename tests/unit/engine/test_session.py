from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsbot.engine.model import Person
from smsbot.engine.session import Session, as_json, from_json
from smsbot.errors import StaleSession

WORDS = st.text(max_size=20)
NAMES = st.lists(WORDS, max_size=3).map(tuple)
SCALARS = (
    WORDS
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
)
VARIABLES = st.dictionaries(WORDS, SCALARS, max_size=4)
PENDING = st.lists(st.tuples(WORDS, st.integers(-1, 9), VARIABLES).map(list), max_size=3)
SESSIONS = st.builds(
    Session,
    version=WORDS,
    channel=st.sampled_from(["ussd", "sms"]),
    flow=WORDS,
    state=WORDS,
    language=WORDS,
    flow_language=WORDS,
    person=st.builds(Person, WORDS, WORDS, WORDS, NAMES, NAMES, NAMES),
    variables=VARIABLES,
    page=st.integers(0, 50),
    wrong=st.integers(0, 9),
    ended=st.booleans(),
    notice=WORDS,
    hints=st.lists(st.integers(0, 50), max_size=3),
    pending=PENDING,
    frames=st.lists(st.tuples(WORDS, WORDS, VARIABLES, WORDS).map(list), max_size=3),
    history=st.lists(st.tuples(WORDS, st.integers(0, 9), PENDING, VARIABLES).map(list), max_size=3),
)


@given(SESSIONS)
def test_reading_gives_what_was_written(session: Session) -> None:
    assert from_json(as_json(session)) == session
    assert as_json(from_json(as_json(session))) == as_json(session)


def _plain() -> Session:
    return Session("0123456789abcdef", "ussd", "menu", "start", "sw", "en", Person("KE"))


def test_a_fresh_session_is_small() -> None:
    assert len(as_json(_plain())) < 120


def _changed(**changes: Any) -> bytes:
    data = orjson.loads(as_json(_plain()))
    for key, value in changes.items():
        if value is None:
            del data[key]
        else:
            data[key] = value
    return orjson.dumps(data)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff",
        b"null",
        b"[]",
        b"{}",
        b"1",
        b'"text"',
        _changed(z=1),
        _changed(v=None),
        _changed(s=None),
        _changed(l=None),
        _changed(s=7),
        _changed(p="1"),
        _changed(p=True),
        _changed(e=1),
        _changed(x=[]),
        _changed(h={}),
        _changed(o=["KE"]),
        _changed(o=["KE", "", 3, [], [], []]),
        _changed(o=["KE", "", "", "", [], []]),
        _changed(o=["KE", "", "", [1], [], []]),
        _changed(person={}),
    ],
)
def test_a_session_of_another_kind_is_stale(raw: bytes) -> None:
    with pytest.raises(StaleSession):
        from_json(raw)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_session_or_stale(raw: bytes) -> None:
    with pytest.raises(StaleSession):
        from_json(raw)


def test_a_copy_is_worked_on_without_a_trace_in_the_first() -> None:
    session = _plain()
    before = as_json(session)
    copy = session.copy()
    copy.variables["x"] = 1
    copy.frames.append(["f", "s", {}, "en"])
    copy.history.append(["s", 0, [], {}])
    assert as_json(session) == before
    assert copy != session
