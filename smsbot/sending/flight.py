"""Requests on their way: each waits for its slot, goes out once, and comes back with its results.

A thread per request, since both SDKs block. A request that missed its slot by more than a moment
takes a new one: requests that were late together would reach the gateway together.
"""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smsbot import metrics
from smsbot.errors import RedisAway
from smsbot.values import SendOutcome, SendResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smsbot.gateways.protocol import Gateway
    from smsbot.sessions.bucket import OwnRate, RateBucket, Slot
    from smsbot.values import SendRequest

LATE_S: Final = 0.015
_LONGEST_WAIT_S: Final = 5.0
NO_SLOT: Final = "no_slot"


@dataclass(frozen=True, slots=True)
class Load:
    """One request, and how often each of its rows was tried (by message id), this try included.

    `own` is the rate of a campaign that is slower than its channel; `is_bulk` that some of the rows are
    of campaigns.
    """

    request: SendRequest
    attempts: Mapping[int, int]
    refs: Mapping[int, str]
    own: OwnRate | None = None
    is_bulk: bool = False

    @property
    def is_sealed(self) -> bool:
        """Say that a key lacks to open it: it can't be sent."""
        return not self.request.recipients

    @property
    def segments(self) -> int:
        """What the request costs of the rate."""
        return self.request.segments * len(self.request.recipients)


@dataclass(frozen=True, slots=True)
class Landed:
    """A load that came back."""

    load: Load
    results: Sequence[SendResult]


class Flights:
    """At most `size` requests at once. One thread launches and collects; the pool's threads send."""

    def __init__(self, gateway: Gateway, bucket: RateBucket, size: int) -> None:
        self.size = size
        self._gateway = gateway
        self._bucket = bucket
        self._channel = gateway.channel
        self._pool = ThreadPoolExecutor(size, thread_name_prefix=f"send-{gateway.channel.id}")
        self._landed: queue.SimpleQueue[Landed] = queue.SimpleQueue()
        self._up = 0
        self._stop = threading.Event()

    @property
    def up(self) -> int:
        """How many requests were launched and not yet collected."""
        return self._up

    @property
    def room(self) -> int:
        """How many more may be launched now."""
        return self.size - self._up

    def launch(self, load: Load, slot: Slot) -> None:
        """Send the load at its slot. Its rows must be claimed, and the claim committed."""
        self._up += 1
        self._pool.submit(self._fly, load, slot)

    def collect(self, timeout_s: float) -> Sequence[Landed]:
        """Give what has landed within the time; all of it at once when it passes."""
        found: list[Landed] = []
        until = time.monotonic() + timeout_s
        while self._up > len(found):
            left = until - time.monotonic()
            try:
                found.append(
                    self._landed.get(timeout=left) if left > 0 else self._landed.get_nowait()
                )
            except queue.Empty:
                break
        if not self._up and timeout_s > 0:
            time.sleep(max(0.0, until - time.monotonic()))
        self._up -= len(found)
        return found

    def stop_waiting(self) -> None:
        """Let requests that still wait for their slot come back unsent."""
        self._stop.set()

    def close(self) -> None:
        """End the threads. Call it when nothing is up."""
        self._pool.shutdown(wait=True)

    def _fly(self, load: Load, slot: Slot) -> None:
        request = load.request
        began = 0.0
        try:
            if self._has_come(load, slot):
                began = time.monotonic()
                results = self._gateway.send(request)
            else:
                results = _all(request, SendOutcome.RETRY, NO_SLOT)
        except Exception as fault:  # noqa: BLE001 - an adapter that breaks its word: nobody can say
            metrics.fault("gateway")
            results = _all(request, SendOutcome.UNKNOWN, type(fault).__name__)
        if began:
            outcome = results[0].outcome.value if results else SendOutcome.UNKNOWN.value
            seconds = time.monotonic() - began
            metrics.sent(self._channel.id, outcome, seconds, load.segments)
        self._landed.put(Landed(load, results))

    def _has_come(self, load: Load, slot: Slot) -> bool:
        """Wait for the slot, or another one if it was missed; False: unsent, let it go."""
        while True:
            wait_s = slot.latest - time.monotonic()
            if wait_s > _LONGEST_WAIT_S or self._stop.wait(max(0.0, wait_s)):
                return False
            if time.monotonic() - slot.earliest <= LATE_S:
                return True
            try:
                (slot,) = self._bucket.reserve(
                    self._channel.id, (load.segments,), self._channel.rate, load.own
                )
            except RedisAway:
                return False


def unsent(load: Load, outcome: SendOutcome, code: str) -> Landed:
    """Give a load back that was never launched."""
    results = [SendResult(message_id, outcome, code=code) for message_id in load.attempts]
    return Landed(load, results)


def _all(request: SendRequest, outcome: SendOutcome, code: str) -> Sequence[SendResult]:
    return [
        SendResult(recipient.message_id, outcome, code=code) for recipient in request.recipients
    ]
