"""`smsbot ticker`: the one-second ticker as a process. Any number may run; one works at a time."""

from __future__ import annotations

import os
import signal
import threading
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from smsbot import log, memory
from smsbot.backstage import Backstage
from smsbot.campaigns import endings, halting
from smsbot.campaigns.guards import Guards
from smsbot.campaigns.sweeps import Sweeps
from smsbot.campaigns.verdicts import Limits
from smsbot.config import load_settings
from smsbot.conversation.duties import duties
from smsbot.courses import rounds
from smsbot.errors import RedisAway
from smsbot.sending import watch
from smsbot.sessions.lease import Lease
from smsbot.storage.alerts import Kind
from smsbot.up.schedule import JobSchedule
from smsbot.upkeep import alerts, retention
from smsbot.upkeep.ticker import Task, Ticker

if TYPE_CHECKING:
    from collections.abc import Sequence


NICENESS = 5
"""What can wait a second gives way to citizens who wait for an answer."""


@click.command()
def ticker() -> None:
    """Recover what was lost, drain the journal, tell alerts, do the daily chores; until SIGTERM."""
    settings = load_settings()
    log.configure("ticker")
    os.nice(NICENESS)
    backstage = Backstage(settings)
    schedule = JobSchedule(backstage.redis)
    stop = threading.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda _signal, _frame: stop.set())
    owner = uuid.uuid4().hex
    memory.give_back()
    try:
        Ticker(
            (*tasks_of(backstage), Task("schedule", 1.0, schedule.tick)),
            lease=Lease(backstage.redis, "ticker", owner),
            owner=owner,
            database=backstage.database,
            clock=backstage.clock,
        ).run(stop)
    finally:
        with suppress(RedisAway):
            schedule.close()
        backstage.close()


def tasks_of(backstage: Backstage) -> Sequence[Task]:
    """Give what is done every second, or less often."""
    database, now_ms, ours = backstage.database, backstage.clock.now_ms, duties()
    settings = backstage.settings
    kept = retention.Retention.parse(settings.retention)
    guards = Guards(database, Limits(settings.failure_pause / 100, settings.canary_watch))
    sweeps = Sweeps(database)
    return (
        Task(
            "wake",
            1.0,
            lambda: watch.wake_waiting(
                database, backstage.channels, backstage.waker.wake, now_ms()
            ),
        ),
        Task("launch", 1.0, backstage.launch_due),
        Task("batches", 1.0, lambda: backstage.planner.tick(now_ms())),
        Task("halting", 1.0, lambda: halting.sweep(database, now_ms())),
        Task("guards", 1.0, lambda: guards.look(now_ms())),
        Task("endings", 1.0, lambda: endings.end_runs(database, now_ms(), backstage.launch_at)),
        Task("stuck", 10.0, lambda: sweeps.sweep(now_ms())),
        Task("sweep", 5.0, lambda: watch.sweep(database, ours, now_ms())),
        Task("journal", 1.0, backstage.drain.run, Kind.DRAIN_FAILED),
        Task("silence", 10.0, backstage.close_silent_sessions),
        Task("journal-length", 10.0, backstage.watch_journal),
        Task("courses", 2.0, lambda: rounds.go_round(database, backstage.channels, now_ms)),
        Task("measure", 10.0, lambda: watch.measure(database)),
        Task("alerts", 15.0, lambda: alerts.deliver(settings, database, now_ms())),
        Task("erased", 60.0, lambda: retention.forget_erased(database, now_ms(), kept)),
        Task(
            "retention",
            60.0,
            lambda: retention.run_daily(database, now_ms(), kept),
        ),
    )
