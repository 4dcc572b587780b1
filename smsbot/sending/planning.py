"""Which queued rows go out together: equal texts share a request, within the bounds of the rate.

Pure. Rows come in the order of sending. The text of the first row goes first, with every other row
of that text and priority that was seen, then the text of the next row that is left: few full
requests instead of many small ones, while no row waits longer than for the texts before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from smsbot.storage.messages import Waiting


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one round may take: how many requests, recipients of each, rows and segments in all.

    One message always fits, however long.
    """

    requests: int
    recipients: int
    rows: int
    segments: float


@dataclass(slots=True)
class _Group:
    each: int
    ids: list[int] = field(default_factory=list)
    refs: set[str] = field(default_factory=set)


def plan(
    rows: Iterable[Waiting], bounds: Bounds, apart: Container[int | None] = ()
) -> list[list[int]]:
    """Give the ids of each request. A person stands in a request once: answers come by number.

    Rows of the runs in `apart` share no request with others: they have a rate of their own.
    """
    chosen: list[list[int]] = []
    left_rows, left_segments = bounds.rows, bounds.segments
    for group in _groups(rows, bounds, apart):
        room = min(left_rows, int(left_segments // group.each))
        if not chosen:
            room = max(room, 1)
        if room <= 0:
            break  # not a later, shorter text: a long reply would wait for ever
        ids = group.ids[:room]
        chosen.append(ids)
        left_rows -= len(ids)
        left_segments -= len(ids) * group.each
    return chosen


def _groups(rows: Iterable[Waiting], bounds: Bounds, apart: Container[int | None]) -> list[_Group]:
    groups: list[_Group] = []
    open_groups: dict[tuple[int, str, int | None], _Group] = {}
    for row in rows:
        key = (row.priority, row.body_hash, row.run_id if row.run_id in apart else None)
        group = open_groups.get(key)
        if group is not None and row.ref in group.refs:
            continue  # the same text again to the same person goes in a later round
        if group is None or len(group.ids) == bounds.recipients:
            if len(groups) == bounds.requests:
                continue
            group = open_groups[key] = _Group(row.segments)
            groups.append(group)
        group.ids.append(row.id)
        group.refs.add(row.ref)
    return groups
