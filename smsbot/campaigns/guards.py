"""Guards of running campaigns: the canary, the failure rate, the budget, the account, the opt-outs.

The ticker calls `look` each second. A run is counted every two seconds, a large one less often (a count
is at most a twentieth of the time), its counts are kept for whoever asks, and the guards judge by them:
no guard reads a row of its own but those of the canary. Everything that a guard remembers is a window of
five minutes, so another ticker may go on at any time. A pause by a guard is a pause like any other: one
compare-and-set, with its reason, an alert that says what to do, and a line in the audit log.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smsbot.campaigns import halting
from smsbot.campaigns.schedule import name_of, subject_of
from smsbot.campaigns.verdicts import Limits, Window, of_canary, of_opt_outs
from smsbot.log import get_logger
from smsbot.sending.settling import BY_OPERATOR
from smsbot.storage import alerts, campaigns, channel_states, standings, vigils
from smsbot.storage.alerts import Kind
from smsbot.values import MessageState, RunState

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsbot.storage.channel_states import ChannelState
    from smsbot.storage.database import Database
    from smsbot.storage.standings import Count, Run, Tally

CANARY: Final = "canary"
CANARY_LEFT: Final = "canary_opt_outs"
FAILURE_RATE: Final = "failure_rate"
_EVERY_S: Final = 2.0
_QUIET_EVERY_S: Final = 15.0
"""How often a paused run is counted: only receipts change it."""
_ENDED_EVERY_S: Final = 60.0
_SHARE: Final = 20
"""A count may take a twentieth of the time."""
_ENDED_MOST: Final = 50
_LEFT_EVERY_S: Final = 10.0
_AFTER_MS: Final = 86_400_000
"""How long after its end a run's receipts and opt-outs are looked at."""


@dataclass(slots=True)
class _Vigil:
    """What is remembered of one run. A pause and a resume make it new."""

    paused_at: int | None
    window: Window
    count_at_s: float = 0.0
    left_at_s: float = 0.0


class Guards:
    """One per ticker, used by one thread. `clock_s` is a clock that never jumps."""

    def __init__(
        self,
        database: Database,
        limits: Limits,
        *,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._limits = limits
        self._clock_s = clock_s
        self._vigils: dict[int, _Vigil] = {}

    def look(self, now_ms: int) -> None:
        """Look at every run once; pause what must not go on. May run twice, or at once."""
        with self._database.read() as connection:
            runs = standings.runs_in(
                connection, RunState.FREEZING, RunState.RUNNING, RunState.PAUSED
            )
            ended = standings.runs_ended_since(connection, now_ms - _AFTER_MS, most=_ENDED_MOST)
        self._vigils = {run.id: self._vigil(run, now_ms) for run in (*runs, *ended)}
        for run in runs:
            if run.state is RunState.RUNNING and (
                self._look_at_account(run, now_ms) or self._look_at_canary(run, now_ms)
            ):
                continue
            self._look_at_counts(run, now_ms)
        for run in ended:
            self._look_at_counts(run, now_ms)

    def _vigil(self, run: Run, now_ms: int) -> _Vigil:
        known = self._vigils.get(run.id)
        if known is not None and known.paused_at == run.paused_at:
            return known
        window = Window(self._limits)
        age_s = 0.0 if run.tallied_at is None else max(0, now_ms - run.tallied_at) / 1000
        window.add(self._clock_s() - age_s, run.tally)  # nothing, or an earlier ticker's last look
        return _Vigil(run.paused_at, window)

    # --- what every run is asked

    def _look_at_counts(self, run: Run, now_ms: int) -> None:
        vigil, now_s = self._vigils[run.id], self._clock_s()
        if now_s < vigil.count_at_s:
            return
        with self._database.read() as connection:
            counted = standings.count(connection, run.id, run.currency)
        took_s = self._clock_s() - now_s
        vigil.count_at_s = now_s + max(_pause_of(run), took_s * _SHARE)
        if counted.tally != run.tally or counted.tally.bound_micros != counted.committed_micros:
            with self._database.write() as connection:
                standings.keep(connection, run.id, counted, now_ms)
        self._look_at_sums(run, counted, now_ms)
        vigil.window.add(now_s, counted.tally)
        if run.state is RunState.RUNNING:
            self._look_at_failures(run, vigil, now_ms)
            self._look_at_budget(run, counted, now_ms)
        if now_s >= vigil.left_at_s:
            vigil.left_at_s = now_s + _LEFT_EVERY_S
            self._look_at_opt_outs(run, counted.tally, now_ms)

    def _look_at_failures(self, run: Run, vigil: _Vigil, now_ms: int) -> None:
        verdict = vigil.window.verdict()
        if verdict:
            self._pause(
                run,
                FAILURE_RATE,
                f"{verdict}. Look at the gateway and at `smsbot campaign status {run.campaign_id}`",
                now_ms,
            )

    def _look_at_budget(self, run: Run, counted: Count, now_ms: int) -> None:
        spent, waits = counted.tally.cost_micros, counted.tally.counts.get(MessageState.QUEUED, 0)
        if run.budget_micros is None or spent <= run.budget_micros or not waits:
            return
        words = (
            f"it has cost {_money(spent, run)} of a budget of {_money(run.budget_micros, run)}, and "
            f"{waits:,} people still wait: the gateway's prices are higher than ours. Correct the "
            "prices in channels.yaml"
        )
        self._pause(run, halting.BUDGET, words, now_ms)

    def _look_at_sums(self, run: Run, counted: Count, now_ms: int) -> None:
        subject = subject_of(run.campaign_id)
        amiss = counted.audience - counted.tally.people
        with self._database.read() as connection:
            is_told = alerts.is_ongoing(connection, Kind.CAMPAIGN_COUNTS, subject)
        if bool(amiss) == is_told:
            return
        with self._database.write() as connection:
            if not amiss:
                alerts.end_alert(connection, Kind.CAMPAIGN_COUNTS, subject, now_ms)
                return
            words = (
                f"Campaign {run.campaign_id}, run {run.number}: {counted.audience:,} people are in its "
                f"audience, and {counted.tally.people:,} are counted. Rows were changed by hand, or a "
                "restore was not complete; pause it and run `smsbot doctor`."
            )
            alerts.raise_alert(connection, Kind.CAMPAIGN_COUNTS, subject, words, now_ms)
        get_logger().error("campaign_counts", run=run.id, amiss=amiss)

    def _look_at_opt_outs(self, run: Run, tally: Tally, now_ms: int) -> None:
        with self._database.read() as connection:
            left = vigils.left_since(connection, run.id, run.began_at)
        words = of_opt_outs(left, tally.counts)
        if not words:
            return
        with self._database.write() as connection:
            title = campaigns.find(connection, run.campaign_id).title
            alerts.raise_alert(
                connection,
                Kind.OPT_OUTS,
                f"{subject_of(run.campaign_id)}/{run.number}",
                f"{name_of(run.campaign_id, title)}: {words}. Read its text again before more get it; "
                f"`smsbot campaign pause {run.campaign_id}` stops it.",
                now_ms,
            )

    # --- what a running one is asked

    def _look_at_account(self, run: Run, now_ms: int) -> bool:
        with self._database.read() as connection:
            campaign = campaigns.find(connection, run.campaign_id)
            state = channel_states.find(connection, campaign.channel)
        if state.paused_at is None or state.paused_because == BY_OPERATOR:
            return False
        words = (
            f"the gateway refuses the account of {campaign.channel} ({_why(state)}). Mend it there"
        )
        return self._pause(run, halting.ACCOUNT, words, now_ms)

    def _look_at_canary(self, run: Run, now_ms: int) -> bool:
        if run.frozen_at is None or run.canary_until is not None:
            return False
        with self._database.read() as connection:
            if not vigils.has_canary(connection, run.id):
                return False
            seen = vigils.look_at_canary(connection, run.id, now_ms)
            left = vigils.left_since(connection, run.id, run.began_at, canary=True)
            plan = campaigns.find(connection, run.campaign_id).plan
        is_out = not seen.waiting
        verdict = of_canary(seen.answered, left, self._limits, is_out=is_out)
        if verdict is not None:
            reason = CANARY_LEFT if verdict.by_opt_outs else CANARY
            words = f"{verdict.words}. Read its text, and look at the gateway"
            paused = self._pause(run, reason, words, now_ms)
            if paused:
                self._let_rest_go(run, now_ms)  # once a person, who has looked, resumes it
            return paused
        watch_s = self._limits.canary_watch_s if plan.canary is None else plan.canary.watch_s
        if seen.last_at is None:
            is_good = is_out and not seen.later  # there is nobody to be looked at
        else:
            is_good = is_out and now_ms >= seen.last_at + watch_s * 1000
        if is_good:
            self._let_rest_go(run, now_ms)
            get_logger().info("canary_good", run=run.id, left=left, **seen.answered)
        return False

    def _let_rest_go(self, run: Run, now_ms: int) -> None:
        with self._database.write() as connection:
            vigils.end_canary(connection, run.id, now_ms)

    def _pause(self, run: Run, reason: str, words: str, now_ms: int) -> bool:
        with self._database.read() as connection:
            title = campaigns.find(connection, run.campaign_id).title
        alert = (
            f"{name_of(run.campaign_id, title)} has paused itself: {words}; then "
            f"`smsbot campaign resume {run.campaign_id}` or `smsbot campaign cancel {run.campaign_id}`."
        )
        paused = halting.try_to_pause(
            self._database, run.campaign_id, reason=reason, now_ms=now_ms, alert=alert
        )
        if paused:
            self._vigils.pop(run.id, None)
            with self._database.read() as connection:
                counted = standings.count(connection, run.id, run.currency)
            with self._database.write() as connection:  # whoever resumes begins from here
                standings.keep(connection, run.id, counted, now_ms)
            get_logger().warning("campaign_paused", run=run.id, reason=reason)
        return paused


def _pause_of(run: Run) -> float:
    if run.state in (RunState.FREEZING, RunState.RUNNING):
        return _EVERY_S
    return _QUIET_EVERY_S if run.state is RunState.PAUSED else _ENDED_EVERY_S


def _why(state: ChannelState) -> str:
    return (
        f"{state.paused_because}: {state.last_error}" if state.last_error else state.paused_because
    )


def _money(micros: int, run: Run) -> str:
    return f"{run.currency} {micros / 1_000_000:,.2f}"
