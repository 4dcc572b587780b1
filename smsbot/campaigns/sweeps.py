"""What nobody else would notice: campaigns that do not get on, and alerts whose trouble is over.

Nothing is repaired here: the launcher, the planner and the senders' sweep do that by themselves each
second. If a campaign still stands where it stood, a person must look, and is told where.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from smsbot.campaigns.schedule import name_of, subject_of
from smsbot.storage import agenda, alerts, campaigns, standings
from smsbot.storage.alerts import Kind
from smsbot.values import CampaignState, RunState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection

    from smsbot.storage.alerts import Alert
    from smsbot.storage.database import Database

LAUNCH_MS: Final = 60_000
REST_MS: Final = 10 * 60_000
_FREEZE_S: Final = 60.0
_DAY_MS: Final = 86_400_000
WORDS: Final[Mapping[str, str]] = {
    "launch": "should have begun {minutes} min ago and has not",
    "freezing": "has written down nobody of its audience for {minutes} min",
    "waiting": "has people who might have been sent {minutes} min ago",
    "release": "has let nobody go for {minutes} min, though many wait",
}
REMEDY: Final = "see that a worker and a ticker run, and read their log lines (`smsbot doctor`)"
_MINUTE_MS: Final = 60_000


class Sweeps:
    """One per ticker. `clock_s` is a clock that never jumps."""

    def __init__(
        self, database: Database, *, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._clock_s = clock_s
        self._frozen: dict[int, tuple[int, float]] = {}

    def sweep(self, now_ms: int) -> int:
        """Tell what is stuck, end what is over; give how many campaigns are stuck. May run twice."""
        with self._database.read() as connection:
            stuck = agenda.stuck(connection, now_ms, launch_ms=LAUNCH_MS, rest_ms=REST_MS)
            stuck += self._slow_freezes(connection, now_ms)
            told = {
                alert.subject: alert for alert in alerts.ongoing(connection, Kind.CAMPAIGN_STUCK)
            }
            over = [
                alert
                for kind in (Kind.CAMPAIGN_MISSED, Kind.CAMPAIGN_PAUSED, Kind.OPT_OUTS)
                for alert in alerts.ongoing(connection, kind)
                if _is_over(connection, alert, now_ms)
            ]
        new = {subject_of(one.campaign_id): one for one in stuck}
        over += [alert for subject, alert in told.items() if subject not in new]
        fresh = [one for subject, one in new.items() if subject not in told]
        if fresh or over:
            with self._database.write() as connection:
                for one in fresh:
                    _tell(connection, one, now_ms)
                for alert in over:
                    alerts.end_alert(connection, alert.kind, alert.subject, now_ms)
        return len(new)

    def _slow_freezes(self, connection: Connection, now_ms: int) -> list[agenda.Stuck]:
        found, now_s = [], self._clock_s()
        freezing = standings.runs_in(connection, RunState.FREEZING)
        self._frozen = {
            run.id: known
            if (known := self._frozen.get(run.id)) and known[0] == run.frozen_to
            else (run.frozen_to, now_s)
            for run in freezing
        }
        for run in freezing:
            waits_s = now_s - self._frozen[run.id][1]
            if waits_s >= _FREEZE_S:
                title = campaigns.find(connection, run.campaign_id).title
                since = now_ms - int(waits_s * 1000)
                found.append(agenda.Stuck(run.campaign_id, title, "freezing", since))
        return found


def words_of(stuck: agenda.Stuck, now_ms: int) -> str:
    """Give what an operator is told of a stuck campaign."""
    minutes = max(1, (now_ms - stuck.since_ms) // _MINUTE_MS)
    return f"{name_of(stuck.campaign_id, stuck.title)} {WORDS[stuck.what].format(minutes=minutes)}"


def _tell(connection: Connection, stuck: agenda.Stuck, now_ms: int) -> None:
    alerts.raise_alert(
        connection,
        Kind.CAMPAIGN_STUCK,
        subject_of(stuck.campaign_id),
        f"{words_of(stuck, now_ms)}: {REMEDY}.",
        now_ms,
    )


def _is_over(connection: Connection, alert: Alert, now_ms: int) -> bool:
    if alert.kind == Kind.OPT_OUTS:
        return alert.at < now_ms - _DAY_MS
    campaign_id = int(alert.subject.partition(":")[2])
    state = campaigns.find(connection, campaign_id).state
    if alert.kind == Kind.CAMPAIGN_PAUSED:
        return state is not CampaignState.PAUSED
    return state not in (CampaignState.EXPIRED, CampaignState.SCHEDULED, CampaignState.PAUSED)
