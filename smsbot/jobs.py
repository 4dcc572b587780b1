"""RQ: queues, wake-up calls, and the jobs that they name. RQ lives here and in the worker only.

A job carries the id of a channel, a campaign, or a run and its batch, never a person's data: rows say
what is left to do, so a lost, repeated or reordered job changes nothing. JSON, never pickle: who can
write to Redis must not be able to run code here.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from rq import Queue, Worker
from rq.serializers import JSONSerializer

from smsbot.errors import RedisAway, SmsbotError, Unavailable
from smsbot.sessions.client import answering, connect
from smsbot.sessions.wake import WakeFlags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import redis

    from smsbot.config import Settings

SEND: Final = "send"
DEFAULT: Final = "default"
QUEUES: Final = (SEND, DEFAULT)
"""Every queue, in the order in which a worker looks at them."""

MOST_WAITING: Final = 50
"""How many jobs may wait before no batch is called any more: workers take them at once."""

DRAIN_S: Final = 50.0
"""How long one job drains, or freezes, before it gives way to others."""
_SLICE_S: Final = 2.0
"""How long a job goes on at least while others wait."""
_KEPT: Final[Mapping[str, Any]] = {
    "job_timeout": 120,
    "result_ttl": 0,
    "failure_ttl": 24 * 3600,
}


def connection(settings: Settings) -> redis.Redis:
    """Give a client for an RQ worker alone: it stretches the timeouts of the pool that it gets."""
    return connect(settings.redis_url)


def queue(name: str, client: redis.Redis) -> Queue:
    """Give a queue whose jobs are JSON."""
    return Queue(name, connection=client, serializer=JSONSerializer)


class Waker:
    """Calls a worker to a channel. Made once per process; threads share it."""

    def __init__(self, client: redis.Redis) -> None:
        self._flags = WakeFlags(client)
        self._queue = queue(SEND, client)

    def wake(self, channel_id: str) -> bool:
        """Queue a send job unless one is pending or at work; say whether this call did.

        Costs one SET while a job is about. Never raises for Redis: the row is in SQL, and the
        ticker calls again. Call it after the commit.
        """
        return self._call(channel_id, send, channel_id)

    def launch(self, campaign_id: int) -> bool:
        """Queue a launch of a campaign unless one is pending or at work; say whether this call did.

        It stands in the queue of the senders, so that they take turns. Never raises for Redis.
        """
        return self._call(_launching(campaign_id), launch, campaign_id)

    def launch_at(self, campaign_id: int, at_ms: int, *, now_ms: int) -> bool:
        """Let RQ's scheduler queue a launch at a moment of our clock; say whether Redis took it.

        Twice is once. Never raises for Redis: the moment is in SQL, where the ticker looks each second.
        RQ keeps whole seconds: the call comes up to one later, never before.
        """
        at_s = math.ceil(time.time() + (at_ms - now_ms) / 1000)
        try:
            with answering():
                self._queue.enqueue_at(
                    datetime.fromtimestamp(at_s, UTC),
                    launch,
                    campaign_id,
                    job_id=f"launch-{campaign_id}-{at_ms}",
                    **_KEPT,
                )
        except RedisAway:
            return False
        return True

    def _call(self, flag: str, job: Callable[..., object], of: str | int) -> bool:
        try:
            if not self._flags.raise_flag(flag):
                return False
        except RedisAway:
            return False
        try:
            with answering():
                self._queue.enqueue(job, of, **_KEPT)
        except RedisAway:
            with contextlib.suppress(RedisAway):
                self._flags.lower(flag)
            return False
        return True

    def at_work(self, campaign_id: int) -> None:
        """Say that the launch of a campaign is at work, so that nobody calls for it."""
        with contextlib.suppress(RedisAway):
            self._flags.renew(_launching(campaign_id))

    def rest(self, campaign_id: int) -> None:
        """Say that nobody works at the launch of a campaign any more."""
        with contextlib.suppress(RedisAway):
            self._flags.lower(_launching(campaign_id))

    def call(self, run_id: int, number: int) -> bool:
        """Queue a job that releases a batch and drains its channel.

        False when Redis is away, or when so many jobs wait that no worker can be there: then another
        would only fill Redis.
        """
        try:
            with answering():
                if self._queue.count >= MOST_WAITING:
                    return False
                self._queue.enqueue(batch, run_id, number, **_KEPT)
        except RedisAway:
            return False
        return True


def _launching(campaign_id: int) -> str:
    return f"launch:{campaign_id}"


class Drains(Protocol):
    """What the send job needs (`sending.sender.Sender`)."""

    def drain(
        self,
        channel_id: str,
        *,
        max_s: float,
        stop: threading.Event,
        give_way: Callable[[], bool],
    ) -> Mapping[str, int]:
        """Send what is due until nothing is left, `max_s` has passed, `stop`, or others wait."""

    def has_due(self, channel_id: str) -> bool:
        """Say whether something may go now."""


class Launches(Protocol):
    """What the launch job needs (`backstage.Backstage.launch`)."""

    def __call__(self, campaign_id: int, should_stop: Callable[[], bool]) -> bool:
        """Open what is due and write its audience down; say whether nothing is left to do."""


class Crew:
    """What jobs work with, made by the worker before it forks, so that a job starts warm.

    `after_fork` forgets connections that the parent may share (`Database.dispose`). `release` lets the
    rows of a batch go and gives the channel that they go by, or None when the run does not send.
    """

    def __init__(
        self,
        sender: Drains,
        client: redis.Redis,
        after_fork: Callable[[], None],
        release: Callable[[int, int], str | None] = lambda _run_id, _number: None,
        launches: Launches = lambda _campaign_id, _should_stop: True,
    ) -> None:
        self.sender = sender
        self.release = release
        self.launches = launches
        self.waker = Waker(client)
        self.waiting_jobs = queue(SEND, client)
        self.after_fork = after_fork

    def others_wait(self) -> bool:
        """Say whether another job waits for a worker."""
        try:
            with answering():
                return self.waiting_jobs.count > 0
        except RedisAway:
            return False


_crew: Crew | None = None


def prepare(crew: Crew) -> None:
    """Give the jobs of this process, and of its forks, what they work with."""
    global _crew  # noqa: PLW0603  # RQ calls a job by its name: there is nowhere else to hand it over
    _crew = crew


def send(channel_id: str) -> dict[str, int]:
    """Drain one channel; give how many messages came to each state, for the worker's log."""
    crew = _ready()
    return _drain(crew, channel_id)


def batch(run_id: int, number: int) -> dict[str, int]:
    """Release a batch of a campaign's run, then drain its channel as `send` does."""
    crew = _ready()
    channel_id = crew.release(run_id, number)
    return {} if channel_id is None else _drain(crew, channel_id)


def _ready() -> Crew:
    if _crew is None:
        raise SmsbotError("jobs.prepare was not called in this worker")
    _crew.after_fork()
    return _crew


def _drain(crew: Crew, channel_id: str) -> dict[str, int]:
    with _stopped_by_sigterm() as stop:
        counts = crew.sender.drain(channel_id, max_s=DRAIN_S, stop=stop, give_way=crew.others_wait)
        with contextlib.suppress(Unavailable):  # the ticker looks every second
            if crew.sender.has_due(channel_id):
                crew.waker.wake(channel_id)
    return dict(counts)


def launch(campaign_id: int) -> bool:
    """Launch a campaign that is due: open its run and write its audience down, in turn with senders.

    Says whether it is done; else another job goes on. A freezer that is killed is called again by the
    ticker, once the flag that it renews is gone (`sessions/wake.py`).
    """
    crew = _ready()
    began = renewed = time.monotonic()
    crew.waker.at_work(campaign_id)

    with _stopped_by_sigterm() as stop:

        def should_stop() -> bool:
            nonlocal renewed
            now = time.monotonic()
            if now - renewed > 1:
                renewed = now
                crew.waker.at_work(campaign_id)
                if now - began > _SLICE_S and crew.others_wait():
                    return True
            return stop.is_set() or now - began > DRAIN_S

        is_done = crew.launches(campaign_id, should_stop)
    crew.waker.rest(campaign_id)
    if not is_done:
        crew.waker.launch(campaign_id)
    return is_done


@contextlib.contextmanager
def _stopped_by_sigterm() -> Iterator[threading.Event]:
    """Turn SIGTERM into an event for as long as the job runs: requests in flight are finished."""
    stop = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda _signal, _frame: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)


class SendingWorker(Worker):
    """RQ's forking worker; asked to stop, it also asks the job, which RQ would let run to its end."""

    def handle_warm_shutdown_request(self) -> None:
        """Pass SIGTERM on to the process that runs the job, if there is one."""
        if self.horse_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)
