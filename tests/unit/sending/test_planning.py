from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsbot.sending.planning import Bounds, plan
from smsbot.storage.messages import Waiting


def _rows(spec: str) -> list[Waiting]:
    """`a1 b1*2 a0`: text, priority, segments; each to another person unless `@` names one."""
    rows = []
    for number, word in enumerate(spec.split(), 1):
        body, _, ref = word.partition("@")
        body, _, segments = body.partition("*")
        rows.append(Waiting(number, int(body[1]), ref or f"r{number}", body[0], int(segments or 1)))
    return rows


ROOMY = Bounds(requests=16, recipients=100, rows=500, segments=1000.0)


@pytest.mark.parametrize(
    ("spec", "bounds", "expected"),
    [
        ("", ROOMY, []),
        ("a0 b0 a0 a0", ROOMY, [[1, 3, 4], [2]]),
        ("a0 a0 a0", Bounds(16, 2, 500, 1000.0), [[1, 2], [3]]),  # recipients
        ("a0 b0 c0 a0", Bounds(2, 100, 500, 1000.0), [[1, 4], [2]]),  # requests
        ("a0 a0 b0", Bounds(16, 100, 2, 1000.0), [[1, 2]]),  # rows
        ("a0 b0 a0 a0", Bounds(16, 100, 500, 2.0), [[1, 3]]),  # segments
        ("a0*3 b0", Bounds(16, 100, 500, 1.0), [[1]]),  # one always fits
        ("a0 b0*3 c0", Bounds(16, 100, 500, 2.0), [[1]]),  # a shorter one does not pass by
        ("a0 a2 a0", ROOMY, [[1, 3], [2]]),  # bulk does not ride before replies
        ("a0@p a0@q a0@p", ROOMY, [[1, 2]]),  # a person once a request
        ("a0", Bounds(0, 100, 500, 10.0), []),
    ],
)
def test_equal_texts_share_a_request_within_the_bounds(
    spec: str, bounds: Bounds, expected: list[list[int]]
) -> None:
    assert plan(_rows(spec), bounds) == expected


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(0, 5)),
        max_size=60,
    ),
    st.integers(1, 5),
    st.integers(1, 7),
    st.integers(1, 30),
    st.floats(0.1, 40),
)
def test_any_plan_keeps_its_bounds_and_sends_the_first_row(
    raw: list[tuple[int, int, int]], requests: int, recipients: int, rows: int, segments: float
) -> None:
    queued = [
        Waiting(number, priority, f"r{ref}", f"t{body}", body + 1)
        for number, (priority, ref, body) in enumerate(sorted(raw, key=lambda row: row[0]), 1)
    ]
    by_id = {row.id: row for row in queued}
    chosen = plan(queued, Bounds(requests, recipients, rows, segments))
    flat = [row_id for ids in chosen for row_id in ids]
    assert len(flat) == len(set(flat)) <= rows
    assert len(chosen) <= requests
    assert all(0 < len(ids) <= recipients for ids in chosen)
    for ids in chosen:
        found = [by_id[row_id] for row_id in ids]
        assert len({(row.priority, row.body_hash) for row in found}) == 1
        assert len({row.ref for row in found}) == len(found)
    if queued:
        assert chosen[0][0] == 1
    if len(flat) > 1:
        assert sum(by_id[row_id].segments for row_id in flat) <= segments
