"""RQ's scheduler as a task of the ticker, without a process of its own.

A worker with `with_scheduler` forks one, which costs 75 MB resident for a look at a sorted set each
second, and which is missed for a minute when it is killed. The ticker is there anyway, restarts in half
a second, and RQ's own lock still makes one scheduler of many.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from rq.scheduler import RQScheduler
from rq.serializers import JSONSerializer

from smsbot import jobs
from smsbot.sessions.client import answering

if TYPE_CHECKING:
    import redis

_EVERY_S: Final = 1


class JobSchedule:
    """Moves jobs whose time has come to their queues. One thread calls it."""

    def __init__(self, connection: redis.Redis) -> None:
        self._scheduler: Any = RQScheduler(  # its methods have no types
            jobs.QUEUES,
            connection=connection,
            interval=_EVERY_S,
            logging_level=logging.WARNING,
            serializer=JSONSerializer,
        )
        self._is_known = False

    def tick(self) -> None:
        """Take the locks that are free, then enqueue what is due. Raises RedisAway."""
        with answering():
            if self._scheduler.acquired_locks != set(jobs.QUEUES):
                self._scheduler.acquire_locks()
                self._scheduler.prepare_registries()
            if not self._is_known:
                self._scheduler.register_birth()
                self._is_known = True
            self._scheduler.enqueue_scheduled_jobs()
            self._scheduler.heartbeat()

    def close(self) -> None:
        """Give the locks back, so that another one need not wait a minute. Raises RedisAway."""
        with answering():
            self._scheduler.release_locks()
            self._scheduler.register_death()
