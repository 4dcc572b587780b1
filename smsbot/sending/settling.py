"""What came back is written down: states, opt-outs, receipts that were early, a channel's trouble."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from smsbot import metrics
from smsbot.sending.answers import complete, is_refused_whole, settled
from smsbot.sending.duties import CHANNEL_PAUSED
from smsbot.sending.flight import NO_SLOT
from smsbot.sending.receipts import settle_parked
from smsbot.storage import channel_states, claims, spending
from smsbot.values import SendOutcome, SendResult

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from sqlalchemy import Connection

    from smsbot.sending.duties import Duties
    from smsbot.sending.flight import Landed
    from smsbot.storage.claims import Settled

BY_OPERATOR: Final = "operator"
"""Why a channel is paused when a person did it: then no machine resumes it."""
_NOTE_EVERY_MS = 5_000


@dataclass(slots=True)
class Batch:
    """What a batch of answers says, before it is written. Built once, so that writing may repeat."""

    rows: list[Settled] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    account_fault: SendResult | None = None
    hold_s: float | None = None
    trouble: str = ""
    answered: bool = False
    is_bulk: bool = False

    @property
    def states(self) -> Counter[str]:
        """How many rows go to each state."""
        return Counter(row.state.value for row in self.rows)


def read(landed: Sequence[Landed], *, now_ms: int, random: Random, simulated: bool) -> Batch:
    """Give what these answers mean. `left` are the people who opted out at the gateway."""
    batch = Batch()
    for load, results in ((flight.load, flight.results) for flight in landed):
        whole = is_refused_whole(results)
        batch.is_bulk |= load.is_bulk
        for result in complete(load.attempts, results):
            batch.rows.append(
                settled(
                    result,
                    attempts=load.attempts[result.message_id],
                    whole=whole,
                    now_ms=now_ms,
                    jitter=random.random(),
                    simulated=simulated,
                ),
            )
            if result.outcome is SendOutcome.OPTED_OUT:
                batch.left.append(load.refs[result.message_id])
            elif result.outcome is SendOutcome.ACCOUNT:
                batch.account_fault = result
            elif result.outcome in (SendOutcome.ACCEPTED, SendOutcome.REFUSED):
                batch.answered = True
        if whole and results[0].code != NO_SLOT:
            asked = [result.retry_after_s or 0.0 for result in results]
            batch.hold_s = max(batch.hold_s or 0.0, *asked)
            batch.trouble = results[0].words or results[0].code
    batch.answered |= bool(batch.left)
    return batch


class Settler:
    """Writes batches of one channel. `by` is the claim that its rows carry."""

    def __init__(self, channel: str, by: str, duties: Duties) -> None:
        self._channel = channel
        self._by = by
        self._duties = duties
        self._noted_at = 0

    def write(self, connection: Connection, batch: Batch, now_ms: int, *, probing: bool) -> None:
        """Write the batch; the same batch again changes nothing.

        While `probing` a paused channel, an answer about a recipient shows that the account works.
        """
        surprises = spending.count_costs(connection, batch.rows, self._by) if batch.is_bulk else ()
        claims.settle(connection, batch.rows, self._by, now_ms)
        for run_id, reason in surprises:
            self._duties.stop_run(connection, run_id, reason, now_ms)
        for ref in batch.left:
            self._duties.opt_out(connection, ref, self._channel, now_ms)
        gateway_ids = [row.gateway_id for row in batch.rows if row.gateway_id]
        settle_parked(connection, self._channel, gateway_ids, now_ms, self._duties)
        if batch.account_fault is not None:
            self._pause(connection, batch.account_fault, now_ms)
            return
        if batch.trouble or (probing and not batch.answered):
            channel_states.note_error(connection, self._channel, batch.trouble, now_ms)
        if batch.answered:
            if probing and channel_states.resume(connection, self._channel):
                self._duties.end_alert(connection, CHANNEL_PAUSED, self._channel, now_ms)
            if now_ms - self._noted_at >= _NOTE_EVERY_MS:
                channel_states.note_accepted(connection, self._channel, now_ms)
                self._noted_at = now_ms

    def count(self, batch: Batch) -> None:
        """Count a batch once it is committed."""
        for state, number in batch.states.items():
            metrics.messages(self._channel, state, number)

    def _pause(self, connection: Connection, fault: SendResult, now_ms: int) -> None:
        because = fault.code or "account"
        words = fault.words or because
        if channel_states.pause(connection, self._channel, because, words, now_ms):
            self._duties.raise_alert(
                connection,
                CHANNEL_PAUSED,
                self._channel,
                f"sending on {self._channel} is paused: {words} ({because})",
                now_ms,
            )
