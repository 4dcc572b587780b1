"""What campaigns really cost, as the gateway's answers tell it: a run's money follows at once.

When rows are let go their expected price is set aside (`releases.py`). What an answer says beyond that
is added in the transaction that writes the answer, once, since the same answer again finds the cost on
the row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from smsbot.storage.claims import rows_of, rows_to_json
from smsbot.storage.releases import commit_money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from smsbot.storage.claims import Settled


class Surprise(NamedTuple):
    """A run that can't go on as ordered, and the word for it: `budget` or `currency`."""

    run_id: int
    reason: str


_FIELDS = (("id", "bigint"), ("cost_micros", "bigint"), ("currency", "text"))


def _beyond(dialect: str) -> str:
    return f"""
SELECT m.campaign_run_id,
  SUM(CASE WHEN v.currency IN ('', r.currency)
    THEN v.cost_micros - COALESCE(m.cost_micros, m.price_micros, 0) ELSE 0 END),
  MAX(CASE WHEN v.currency IN ('', r.currency) THEN 0 ELSE 1 END)
FROM {rows_of(dialect, _FIELDS)}
JOIN messages m ON m.id = v.id
JOIN campaign_runs r ON r.id = m.campaign_run_id
WHERE m.claim = :by AND v.cost_micros IS NOT NULL
GROUP BY m.campaign_run_id ORDER BY m.campaign_run_id
"""  # noqa: S608  # our own words only


_IS_OVER = text("SELECT 1 FROM campaign_runs WHERE id = :run AND committed_micros > budget_micros")


def count_costs(connection: Connection, rows: Sequence[Settled], by: str) -> Sequence[Surprise]:
    """Add what these answers cost beyond what was expected; give the runs that must stop.

    Call it before `claims.settle`, in its transaction.
    """
    found = connection.execute(
        text(_beyond(connection.dialect.name)), {"rows": rows_to_json(rows), "by": by}
    ).all()
    surprises = []
    for run_id, micros, is_foreign in found:
        commit_money(connection, run_id, int(micros))
        if is_foreign:
            surprises.append(Surprise(run_id, "currency"))
        elif micros > 0 and connection.execute(_IS_OVER, {"run": run_id}).first() is not None:
            surprises.append(Surprise(run_id, "budget"))
    return surprises
