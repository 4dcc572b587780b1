"""RQ: queues, wake-up calls and the job that drains a channel. RQ lives here and in the worker only.

A job carries the id of a channel, or of a run and its batch, never a person's data: rows say what is
left to do, so a lost, repeated or reordered job changes nothing. JSON, never pickle: who can write to
Redis must not be able to run code here.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING, Final, Protocol

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

DRAIN_S: Final = 50.0
"""How long one job drains before it gives way to other channels."""
_TIMEOUT_S: Final = 120
_KEEP_FAILED_S: Final = 24 * 3600


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
        try:
            if not self._flags.raise_flag(channel_id):
                return False
        except RedisAway:
            return False
        try:
            with answering():
                self._queue.enqueue(
                    send,
                    channel_id,
                    job_timeout=_TIMEOUT_S,
                    result_ttl=0,
                    failure_ttl=_KEEP_FAILED_S,
                )
        except RedisAway:
            with contextlib.suppress(RedisAway):
                self._flags.lower(channel_id)
            return False
        return True

    def call(self, run_id: int, number: int) -> bool:
        """Queue a job that releases a batch and drains its channel; False when Redis is away."""
        try:
            with answering():
                self._queue.enqueue(
                    batch,
                    run_id,
                    number,
                    job_timeout=_TIMEOUT_S,
                    result_ttl=0,
                    failure_ttl=_KEEP_FAILED_S,
                )
        except RedisAway:
            return False
        return True


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
    ) -> None:
        self.sender = sender
        self.release = release
        self.waker = Waker(client)
        self.waiting_jobs = queue(SEND, client)
        self.after_fork = after_fork


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
    def others_wait() -> bool:
        try:
            with answering():
                return crew.waiting_jobs.count > 0
        except RedisAway:
            return False

    with _stopped_by_sigterm() as stop:
        counts = crew.sender.drain(channel_id, max_s=DRAIN_S, stop=stop, give_way=others_wait)
        with contextlib.suppress(Unavailable):  # the ticker looks every second
            if crew.sender.has_due(channel_id):
                crew.waker.wake(channel_id)
    return dict(counts)


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
