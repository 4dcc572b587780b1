"""Claimed rows of campaigns that do not send now: held again, or ended with their campaign.

A pause takes its rows back by itself; this catches the one that a gateway refused meanwhile, or that
was claimed in the same moment.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from smsbot.storage import claims, releases
from smsbot.storage.claims import Waits
from smsbot.values import MessageState, RunState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from smsbot.storage.claims import Claimed
    from smsbot.storage.run_rules import RunRules

_GO_ON = frozenset({RunState.FREEZING, RunState.PAUSED})
_ENDS = {
    RunState.CANCELLED: (MessageState.CANCELLED, ""),
    RunState.FINISHED: (MessageState.EXPIRED, "too_late"),
    RunState.EXPIRED: (MessageState.EXPIRED, "too_late"),
}


def set_aside(
    connection: Connection,
    rows: Sequence[Claimed],
    rules: Mapping[int, RunRules],
    *,
    by: str,
    now_ms: int,
) -> set[int]:
    """Take out the rows whose run is not running, in the transaction of their claim; give their ids."""
    paused: dict[tuple[int, int], list[int]] = defaultdict(list)
    over: dict[tuple[MessageState, str], list[int]] = defaultdict(list)
    for row in rows:
        if row.run_id is None:
            continue
        rule = rules.get(row.run_id)
        if rule is not None and rule.is_running:
            continue
        if rule is not None and rule.state in _GO_ON:
            paused[row.run_id, row.batch or 0].append(row.id)
        else:
            over[_ENDS[rule.state if rule else RunState.CANCELLED]].append(row.id)
    for (state, reason), ids in over.items():
        claims.end(connection, ids, state, reason, now_ms)
    for (run_id, batch), ids in sorted(paused.items()):
        claims.put_back(connection, [Waits(row, now_ms) for row in ids], by)
        releases.lock_run(connection, run_id)
        releases.take_back(connection, run_id, batch)
    return {row for ids in (*paused.values(), *over.values()) for row in ids}
