"""One worker at one channel: peek, plan, claim, reserve slots, launch, settle, until nothing is due.

One thread speaks to SQL and Redis; the threads of `Flights` only send. A round is a few
milliseconds of work every `_TICK_S`; between rounds equal texts gather, so the busier the gateway,
the more a request carries. The claim is committed before a request is launched, and rows are
claimed only shortly before their slots, so a killed worker leaves few rows in doubt.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from smsbot import metrics
from smsbot.errors import CannotDecrypt, Unavailable
from smsbot.sending.answers import hold_s
from smsbot.sending.flight import NO_SLOT, Landed, unsent
from smsbot.sending.loading import claim_allowed, open_load
from smsbot.sending.own_rates import OwnRates
from smsbot.sending.planning import Bounds, plan
from smsbot.sending.settling import BY_OPERATOR, Batch, read
from smsbot.storage import channel_states, messages
from smsbot.values import SendOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from smsbot.clock import Clock
    from smsbot.gateways.protocol import Gateway
    from smsbot.sending.duties import Duties
    from smsbot.sending.flight import Flights, Load
    from smsbot.sending.settling import Settler
    from smsbot.sessions.bucket import RateBucket, Slot
    from smsbot.storage.channel_states import ChannelState
    from smsbot.storage.database import Database
    from smsbot.vault import Vault

PROBE_MS: Final = 10 * 60_000
"""How long a channel that its account paused rests before one message tries whether it works."""
_TICK_S: Final = 0.02
_ROUND_S: Final = 0.1
"""How much of the rate one round claims. A killed worker leaves this, and what is on its way, in
doubt. A request is never more than a round: a tenth of the rate, where a quarter is allowed."""
_LOOK_AHEAD_S: Final = 0.15
_ROWS: Final = 500
_PEEK: Final = 1000
_AWAY_S: Final = 0.25
_PAUSED_S: Final = 30.0
_LOW_S: Final = 2.0
"""With fewer rows than go in this time, and fewer than a round looks at, more are asked for."""
_FEW: Final = 100
_FEED_AGAIN_S: Final = 0.3


def may_probe(state: ChannelState, now_ms: int) -> bool:
    """Say whether one message may try whether a paused channel works again."""
    tried_at = max(state.paused_at or 0, state.last_error_at or 0)
    return state.paused_because != BY_OPERATOR and now_ms - tried_at >= PROBE_MS


@dataclass(frozen=True, slots=True)
class Tools:
    """What a drain works with."""

    database: Database
    vault: Vault
    bucket: RateBucket
    clock: Clock
    duties: Duties
    random: Random
    feed: Callable[[str], bool] = lambda _channel: False
    """Lets the next rows of the campaigns of a channel go; says whether any did."""


class Drain:
    """The rounds of one drain. `rest_s` says, at the end, how long the channel wants to be left."""

    def __init__(
        self,
        gateway: Gateway,
        tools: Tools,
        flights: Flights,
        settler: Settler,
        *,
        by: str,
        simulated: bool,
    ) -> None:
        self._gateway = gateway
        self._channel = gateway.channel
        self._tools = tools
        self._flights = flights
        self._settler = settler
        self._by = by
        self._simulated = simulated
        self._unwritten: list[Batch] = []
        self._next_launch = 0.0
        self._next_feed = 0.0
        self._own_rates = OwnRates(gateway.channel, tools.bucket)
        self._refusals_in_a_row = 0
        self._probing = False
        self.counts: Counter[str] = Counter()
        self.rest_s = 0.0
        self.is_idle = False
        """Nothing was due at the last look, and nothing is up."""

    def round(self, *, may_launch: bool) -> None:
        """Collect, settle, and launch what is due."""
        self._read(self._flights.collect(_TICK_S))
        self._write()
        if may_launch and not self._unwritten and time.monotonic() >= self._next_launch:
            self._launch()

    def finish(self, within_s: float) -> bool:
        """Wait for what is up and write it down; say whether all of it is written."""
        until = time.monotonic() + within_s
        self._flights.stop_waiting()
        while (self._flights.up or self._unwritten) and time.monotonic() < until:
            self.round(may_launch=False)
        return not (self._flights.up or self._unwritten)

    # --- what came back

    def _read(self, landed: Sequence[Landed]) -> None:
        if not landed:
            return
        batch = read(
            landed,
            now_ms=self._tools.clock.now_ms(),
            random=self._tools.random,
            simulated=self._simulated,
        )
        self._unwritten.append(batch)
        if batch.hold_s is not None and not batch.answered:
            self._refusals_in_a_row += 1
            self._hold(
                max(batch.hold_s, hold_s(self._refusals_in_a_row, self._tools.random.random()))
            )
        elif batch.answered:
            self._refusals_in_a_row = 0

    def _hold(self, seconds: float) -> None:
        self._next_launch = max(self._next_launch, time.monotonic() + _AWAY_S)
        try:
            self._tools.bucket.hold(self._channel.id, seconds)
        except Unavailable as fault:
            metrics.fault(fault.code)

    def _write(self) -> None:
        """Write what was read. While SQL is away it is kept: answers can't be had again."""
        if not self._unwritten:
            return
        now_ms = self._tools.clock.now_ms()
        try:
            with self._tools.database.write() as connection:
                for batch in self._unwritten:
                    self._settler.write(connection, batch, now_ms, probing=self._probing)
        except Unavailable as fault:
            metrics.fault(fault.code)
            return
        for batch in self._unwritten:
            self.counts.update(batch.states)
            self._settler.count(batch)
        self._probing = False
        self._unwritten = []

    # --- what goes out

    def _launch(self) -> None:
        room = self._flights.room
        self.is_idle = False
        self.rest_s = 0.0
        if not room:
            return
        try:
            ahead_s = self._tools.bucket.ahead_s(self._channel.id)
            if ahead_s > _LOOK_AHEAD_S:
                self._wait(ahead_s)
                return
            groups = self._choose(room, ahead_s)
            if groups:
                self._claim_and_launch(groups)
            else:
                self.is_idle = not self._flights.up
        except Unavailable as fault:  # no rate without Redis, no truth without SQL: nothing goes
            metrics.fault(fault.code)
            self._next_launch = time.monotonic() + _AWAY_S

    def _wait(self, ahead_s: float) -> None:
        self._next_launch = time.monotonic() + min(ahead_s - _LOOK_AHEAD_S / 2, _AWAY_S)
        if ahead_s > 1 and not self._flights.up:
            self.rest_s = ahead_s

    def _choose(self, room: int, ahead_s: float) -> list[list[int]]:
        now_ms = self._tools.clock.now_ms()
        full = self._own_rates.full(ahead_s)
        with self._tools.database.read() as connection:
            state = channel_states.find(connection, self._channel.id)
            if state.paused_at is None:
                self._probing = False
            elif self._flights.up:
                return []  # the probe, or what was on its way before the pause: that proves nothing
            elif not may_probe(state, now_ms):
                self.rest_s = _PAUSED_S
                return []
            else:
                self._probing = True
                room = 1
            limit = 1 if self._probing else min(_PEEK, 4 * room * self._gateway.max_batch)
            rows = messages.peek(
                connection, self._channel.id, limit=limit, now_ms=now_ms, without_runs=full
            )
            chosen = self._own_rates.within(connection, rows)
        rate = self._channel.rate
        if not self._probing and len(rows) < min(limit, max(_FEW, rate * _LOW_S)):
            self._feed()
        bounds = Bounds(room, self._gateway.max_batch, _ROWS, max(1.0, rate * _ROUND_S))
        return plan(chosen, bounds, self._own_rates.slow)

    def _feed(self) -> None:
        """Ask for rows of campaigns; the next round sees them."""
        if time.monotonic() < self._next_feed:
            return
        if not self._tools.feed(self._channel.id):
            self._next_feed = time.monotonic() + _FEED_AGAIN_S

    def _claim_and_launch(self, groups: list[list[int]]) -> None:
        now_ms = self._tools.clock.now_ms()
        with self._tools.database.write() as connection:
            held = claim_allowed(
                connection,
                groups,
                channel=self._channel,
                by=self._by,
                now_ms=now_ms,
                duties=self._tools.duties,
            )
        # The claim is committed: from here on every row gets an answer, or its lease ends unknown.
        asked, taken = sum(map(len, groups)), sum(map(len, held))
        if taken < asked:
            self.counts["passed_over"] += asked - taken
        slow = self._own_rates.slow
        loads = [
            open_load(self._tools.vault, group, slow.get(group[0].run_id or 0)) for group in held
        ]
        # A missing key is not the rows' fault: the channel pauses, as for bad credentials.
        self._read(
            [
                unsent(load, SendOutcome.ACCOUNT, CannotDecrypt.code)
                for load in loads
                if load.is_sealed
            ],
        )
        loads = [load for load in loads if not load.is_sealed]
        if not loads:
            return
        try:
            slots = self._reserve(loads)
        except Unavailable:
            self._read([unsent(load, SendOutcome.RETRY, NO_SLOT) for load in loads])
            raise
        for load, slot in zip(loads, slots, strict=True):
            self._flights.launch(load, slot)

    def _reserve(self, loads: Sequence[Load]) -> Sequence[Slot]:
        """Take a slot for each load, in their order; those at the channel's own rate in one call."""
        slots: list[Slot] = []
        for own, some in groupby(loads, key=lambda load: load.own):
            for piece in ([load] for load in some) if own else (list(some),):
                slots += self._tools.bucket.reserve(
                    self._channel.id, [load.segments for load in piece], self._channel.rate, own
                )
        return slots
