"""Sending: one `Sender` per process, one `drain` per wake-up call.

What happens to a message when a worker is killed, line by line. Before the claim is committed: the
row is queued, and the next drain takes it. After: it is `sending`, nobody knows whether the gateway
has it, and the sweep calls it unknown when its lease is over; no machine sends it again. After the
answer is committed: it is what the answer said. So nobody is sent a message twice.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Final

from smsbot.errors import Unavailable
from smsbot.log import get_logger
from smsbot.sending.drain import Drain
from smsbot.sending.flight import Flights
from smsbot.sending.settling import Settler
from smsbot.sending.unsendable import WithoutCredentials
from smsbot.storage import messages

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from smsbot.gateways.protocol import Gateway
    from smsbot.sending.drain import Tools
    from smsbot.sessions.wake import WakeFlags

SIMULATOR: Final = "simulator"
_IDLE_S: Final = 1.0
_HOUSEKEEPING_S: Final = 1.0
_SLICE_S: Final = 2.0
_FINISH_S: Final = 45.0
"""Above a gateway's own time limits (13 s); for the rest, SQL may be away and come back."""
_MOST_THREADS: Final = 64
_FEWEST_THREADS: Final = 4
_THREADS_IN_BULK: Final = 16


class Sender:
    """Drains channels. `simulate` lets a channel without credentials end in accepted, simulated."""

    def __init__(
        self,
        gateways: Mapping[str, Gateway],
        tools: Tools,
        flags: WakeFlags,
        *,
        simulate: bool,
        threads: int | None = None,
    ) -> None:
        self._gateways = gateways
        self._tools = tools
        self._flags = flags
        self._simulate = simulate
        self._threads = threads

    def drain(
        self,
        channel_id: str,
        *,
        max_s: float,
        stop: threading.Event,
        idle_s: float = _IDLE_S,
        give_way: Callable[[], bool] = lambda: False,
    ) -> Mapping[str, int]:
        """Send what is due on a channel; give how many messages came to each state.

        Returns when nothing was due for `idle_s`, when `max_s` has passed, when the channel is
        paused or held, on `stop`, or when `give_way` (asked each second) says that others wait. What
        is up then is finished and written. Several drains may run at once, anywhere.
        """
        gateway = self._gateways.get(channel_id)
        if gateway is None:
            return {}
        simulated = gateway.channel.gateway == SIMULATOR
        if not gateway.has_credentials:
            simulated = self._simulate
            gateway = WithoutCredentials(gateway, simulate=self._simulate)
        by = uuid.uuid4().hex
        flights = Flights(gateway, self._tools.bucket, self._size(gateway))
        drain = Drain(
            gateway,
            self._tools,
            flights,
            Settler(channel_id, by, self._tools.duties),
            by=by,
            simulated=simulated,
        )
        began = time.monotonic()
        try:
            self._run(drain, channel_id, began + max_s, stop, idle_s=idle_s, give_way=give_way)
        finally:
            written = drain.finish(_FINISH_S)
            flights.close()
            self._leave(channel_id, drain.rest_s)
            get_logger().info(
                "drained",
                channel=channel_id,
                ms=int((time.monotonic() - began) * 1000),
                written=written,
                **drain.counts,
            )
        return drain.counts

    def has_due(self, channel_id: str) -> bool:
        """Say whether a channel has a message that may go now."""
        with self._tools.database.read() as connection:
            return messages.has_waiting(connection, channel_id, self._tools.clock.now_ms())

    def _run(
        self,
        drain: Drain,
        channel_id: str,
        until: float,
        stop: threading.Event,
        *,
        idle_s: float,
        give_way: Callable[[], bool],
    ) -> None:
        now = began = time.monotonic()
        idle_since: float | None = None
        kept_at = 0.0
        while not stop.is_set() and now < until:
            drain.round(may_launch=True)
            now = time.monotonic()
            if drain.rest_s:
                return
            if now - kept_at > _HOUSEKEEPING_S:
                kept_at = now
                self._renew(channel_id)
                if now - began > _SLICE_S and give_way():
                    return
            if not drain.is_idle:
                idle_since = None
            elif idle_since is None:
                idle_since = now
            elif now - idle_since >= idle_s and self._is_over(channel_id):
                return

    def _is_over(self, channel_id: str) -> bool:
        """Drop the flag and look once more: who queued before this look needs no other wake-up."""
        try:
            self._flags.lower(channel_id)
            if not self.has_due(channel_id):
                return True
            self._flags.raise_flag(channel_id)
        except Unavailable:
            return True  # the ticker looks again
        return False

    def _renew(self, channel_id: str) -> None:
        try:
            self._flags.renew(channel_id)
        except Unavailable:
            return  # then a second drain may begin beside this one: harmless

    def _leave(self, channel_id: str, rest_s: float) -> None:
        try:
            if rest_s:
                self._flags.rest(channel_id, min(rest_s, 30.0))
            else:
                self._flags.lower(channel_id)
        except Unavailable:
            return

    def _size(self, gateway: Gateway) -> int:
        if self._threads is not None:
            return self._threads
        if gateway.max_batch > 1:
            return _THREADS_IN_BULK
        # One recipient a request: as many at once as the rate needs at half a second each.
        needed = int(gateway.channel.rate / 2) + _FEWEST_THREADS
        return min(_MOST_THREADS, needed)
