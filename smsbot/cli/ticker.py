"""`smsbot ticker`: the one-second ticker as a process. Any number may run; one works at a time."""

from __future__ import annotations

import signal
import threading
import uuid
from typing import TYPE_CHECKING

import click

from smsbot import log
from smsbot.bootstrap import App
from smsbot.config import load_settings
from smsbot.conversation.duties import duties
from smsbot.sending import watch
from smsbot.sessions.lease import Lease
from smsbot.storage.alerts import Kind
from smsbot.upkeep import alerts, retention
from smsbot.upkeep.ticker import Task, Ticker

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command()
def ticker() -> None:
    """Recover what was lost, drain the journal, tell alerts, do the daily chores; until SIGTERM."""
    settings = load_settings()
    log.configure("ticker")
    app = App.open(settings)
    stop = threading.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda _signal, _frame: stop.set())
    owner = uuid.uuid4().hex
    try:
        Ticker(
            tasks_of(app),
            lease=Lease(app.parts.redis, "ticker", owner),
            owner=owner,
            database=app.database,
            clock=app.clock,
        ).run(stop)
    finally:
        app.close()


def tasks_of(app: App) -> Sequence[Task]:
    """Give what is done every second, or less often."""
    database, now_ms, ours = app.database, app.clock.now_ms, duties()
    kept = retention.Retention.parse(app.settings.retention)
    return (
        Task(
            "wake",
            1.0,
            lambda: watch.wake_waiting(database, app.parts.channels, app.waker.wake, now_ms()),
        ),
        Task("sweep", 5.0, lambda: watch.sweep(database, ours, now_ms())),
        Task("journal", 1.0, app.drain.run, Kind.DRAIN_FAILED),
        Task("silence", 10.0, app.close_silent_sessions),
        Task("measure", 10.0, lambda: watch.measure(database)),
        Task("alerts", 15.0, lambda: alerts.deliver(app.settings, database, now_ms())),
        Task("erased", 60.0, lambda: retention.forget_erased(database, now_ms(), kept)),
        Task(
            "retention",
            60.0,
            lambda: retention.run_daily(database, now_ms(), kept),
        ),
    )
