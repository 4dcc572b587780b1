"""Which queued rows go out together: equal texts share a request, within the bounds of the rate.

Pure. Rows come in the order of sending, and a request stands where its first row stood, so a reply
never waits behind bulk; bulk with a reply's own text may ride along with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smsbot.storage.messages import Waiting


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one round may take: how many requests, recipients of each, rows and segments in all.

    `segments` bounds a request as well as the round; but one message always fits, however long.
    """

    requests: int
    recipients: int
    rows: int
    segments: float


@dataclass(slots=True)
class _Group:
    ids: list[int] = field(default_factory=list)
    refs: set[str] = field(default_factory=set)


def plan(rows: Iterable[Waiting], bounds: Bounds) -> list[list[int]]:
    """Give the ids of each request. A person stands in a request once: answers come by number."""
    groups: list[_Group] = []
    open_groups: dict[str, _Group] = {}
    taken = 0
    segments = 0
    for row in rows:
        if taken == bounds.rows or (taken and segments + row.segments > bounds.segments):
            break  # not a later, shorter one: a long reply would wait for ever
        group = open_groups.get(row.body_hash)
        if group is not None and row.ref in group.refs:
            continue  # the same text again to the same person goes in a later round
        if group is None or len(group.ids) == bounds.recipients:
            if len(groups) == bounds.requests:
                continue
            group = _Group()
            groups.append(group)
            open_groups[row.body_hash] = group
        group.ids.append(row.id)
        group.refs.add(row.ref)
        taken += 1
        segments += row.segments
    return [group.ids for group in groups]
