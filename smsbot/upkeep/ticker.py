"""The ticker: small tasks every second or so, each by itself, by one process at a time.

RQ finds a killed worker's job after minutes and has no leader for its cron; this carries recovery
instead. Each task has a thread, so one that hangs on a mail server delays no wake-up call. A task
that fails is logged, rests a little longer each time, and tells a person after `_TELL_AFTER` times.
Two tickers take turns by a lease (Redis, or SQL while Redis is away); should both believe that it is
their turn, nothing breaks, because every task may run twice.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from smsbot import metrics
from smsbot.errors import SmsbotError, Unavailable
from smsbot.log import get_logger
from smsbot.storage import alerts, leases
from smsbot.storage.alerts import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from smsbot.clock import Clock
    from smsbot.storage.database import Database

LEASE_TTL_S: Final = 5.0
_RENEW_S: Final = 1.0
_TELL_AFTER: Final = 5
_LONGEST_REST_S: Final = 15.0
_JOIN_S: Final = 8.0


@dataclass(frozen=True, slots=True)
class Task:
    """`call` every `every_s`. It may run twice, must not block for ever, and may raise anything."""

    name: str
    every_s: float
    call: Callable[[], object]
    alert: Kind = Kind.TASK_FAILED


class TakesTurns(Protocol):
    """A lease (`sessions.lease.Lease`). Both raise RedisAway."""

    def take(self, ttl_s: float) -> bool:
        """Take or renew it; say whether it is ours."""

    def give_back(self) -> None:
        """End it if it is ours."""


class Ticker:
    """Runs tasks until it is told to stop."""

    def __init__(
        self,
        tasks: Sequence[Task],
        *,
        lease: TakesTurns,
        owner: str,
        database: Database,
        clock: Clock,
    ) -> None:
        self._tasks = tasks
        self._lease = lease
        self._owner = owner
        self._database = database
        self._clock = clock
        self._leads = threading.Event()

    @property
    def leads(self) -> bool:
        """Say whether it is this process's turn."""
        return self._leads.is_set()

    def run(self, stop: threading.Event) -> None:
        """Tick until `stop`; give the lease back. Blocks."""
        threads = [
            threading.Thread(
                target=self._repeat, args=(task, stop), name=f"tick-{task.name}", daemon=True
            )
            for task in self._tasks
        ]
        self.lead()
        for thread in threads:
            thread.start()
        while not stop.wait(_RENEW_S):
            self.lead()
        for thread in threads:
            thread.join(_JOIN_S)
        self._give_back()

    def lead(self) -> bool:
        """Take or renew the lease; say whether it is this process's turn."""
        try:
            ours = self._lease.take(LEASE_TTL_S)
        except Unavailable:
            ours = self._lead_by_sql()
        if ours != self.leads:
            get_logger().info("ticker", leads=ours)
        if ours:
            self._leads.set()
        else:
            self._leads.clear()
        return ours

    def _lead_by_sql(self) -> bool:
        try:
            with self._database.write() as connection:
                return leases.take(
                    connection,
                    "ticker",
                    self._owner,
                    self._clock.now_ms(),
                    int(LEASE_TTL_S * 1000),
                )
        except Unavailable:
            return False  # without both there is nothing that a task could do

    def _give_back(self) -> None:
        try:
            self._lease.give_back()
        except Unavailable:
            return

    def _repeat(self, task: Task, stop: threading.Event) -> None:
        failures = 0
        rest_s = task.every_s
        while True:
            if self.leads:
                failures = 0 if self._run(task, failures) else failures + 1
                rest_s = min(task.every_s * 2**failures, max(_LONGEST_REST_S, task.every_s))
            if stop.wait(rest_s if self.leads else _RENEW_S):
                return

    def _run(self, task: Task, failures_before: int) -> bool:
        try:
            task.call()
        except Exception as fault:  # noqa: BLE001  # a task's fault must end neither it nor others
            code = fault.code if isinstance(fault, SmsbotError) else "task"
            metrics.fault(code)
            get_logger().error(
                "task_failed", task=task.name, times=failures_before + 1, exc_info=fault
            )
            if failures_before + 1 >= _TELL_AFTER:
                self._tell(task, type(fault).__name__)
            return False
        if failures_before >= _TELL_AFTER:
            self._tell(task, "")
        return True

    def _tell(self, task: Task, error: str) -> None:
        """Raise the alert of a task, or end it when there is no error."""
        now_ms = self._clock.now_ms()
        try:
            with self._database.write() as connection:
                if error:
                    words = f"The task {task.name} failed {_TELL_AFTER} times in a row ({error})."
                    alerts.raise_alert(connection, task.alert, task.name, words, now_ms)
                else:
                    alerts.end_alert(connection, task.alert, task.name, now_ms)
        except Unavailable as fault:
            get_logger().error("alert_not_kept", task=task.name, exc_info=fault)
