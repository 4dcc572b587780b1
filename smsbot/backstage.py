"""The half of the service that no citizen waits for: sending, draining the journal, chores.

The worker and the ticker are made of this. It knows no flow and no expression, so each of them is
25 MB smaller than with the whole App (`smsbot/bootstrap.py`), which the web processes need.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from smsbot import jobs, metrics
from smsbot.campaigns import schedule
from smsbot.campaigns.feeding import Feeder
from smsbot.campaigns.planner import Planner
from smsbot.clock import Clock, parse_offset
from smsbot.content.channels_file import load_channels
from smsbot.conversation.drain import Drain
from smsbot.conversation.duties import duties
from smsbot.conversation.effects import EffectRunner
from smsbot.gateways.registry import make_gateways
from smsbot.sending.drain import Tools
from smsbot.sending.sender import Sender
from smsbot.sessions.bucket import PrefixCounter, RateBucket
from smsbot.sessions.client import connect
from smsbot.sessions.journal import Journal
from smsbot.sessions.link import Link
from smsbot.sessions.wake import WakeFlags
from smsbot.storage import agenda, alerts, turns
from smsbot.storage.alerts import Kind
from smsbot.storage.database import Database
from smsbot.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsbot.config import Settings

SILENT_MS = 5 * 60 * 1000
"""Operators end a USSD session after three minutes; what is silent for longer was left."""


JOURNAL_MANY = 50_000
JOURNAL_FEW = 5_000
"""How many turns may wait before somebody is told, and when the trouble is over."""


class Backstage:
    """Made once per process; threads share it. After a fork call `after_fork`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock(parse_offset(settings.clock_offset))
        self.vault = Vault(settings.secret_key, settings.pii_key_list)
        self.database = Database(settings.effective_database_url)
        self.redis = connect(settings.redis_url)
        listed = load_channels(settings.channels, settings)
        self.channels = {channel.id: channel for channel in listed}
        self.gateways = make_gateways(listed, settings)
        self.waker = jobs.Waker(self.redis)
        self.feeder = Feeder(self.database, self.channels, self.clock)
        self.planner = Planner(self.database, self.channels, self.waker.call)
        effects = EffectRunner(
            database=self.database,
            vault=self.vault,
            channels=self.channels,
            prefixes=PrefixCounter(self.redis, self.vault),
            wake=self.waker.wake,
        )
        self._journal = Journal(Link(settings.redis_url), self.vault)
        self._journal_grows: bool | None = None
        self.drain = Drain(self._journal, self.database, self.vault, effects)

    def crew(self) -> jobs.Crew:
        """Give what jobs work with; made by the worker before it forks."""
        return jobs.Crew(
            self.sender(), self.redis, self.after_fork, self.feeder.release, self.launch
        )

    def launch(self, campaign_id: int, should_stop: Callable[[], bool]) -> bool:
        """Open a campaign's run that is due and write its audience down; say whether that is done."""
        return schedule.run_due(
            self.database,
            self.channels,
            campaign_id,
            now_ms=self.clock.now_ms,
            canary_over=self.settings.canary_over,
            should_stop=should_stop,
            call_at=self.launch_at,
        )

    def launch_at(self, campaign_id: int, at_ms: int) -> None:
        """Have a campaign launched at a moment; it is in SQL already, so this may be lost."""
        self.waker.launch_at(campaign_id, at_ms, now_ms=self.clock.now_ms())

    def launch_due(self) -> int:
        """Call for the launch of every campaign that is due; give how many calls were made."""
        with self.database.read() as connection:
            due = agenda.due(connection, self.clock.now_ms())
        return sum(self.waker.launch(campaign_id) for campaign_id in due)

    def sender(self) -> Sender:
        """Give a sender of every channel."""
        tools = Tools(
            database=self.database,
            vault=self.vault,
            bucket=RateBucket(self.redis),
            clock=self.clock,
            duties=duties(),
            random=secrets.SystemRandom(),
            feed=self.feeder.feed,
        )
        return Sender(self.gateways, tools, WakeFlags(self.redis), simulate=self.settings.is_dev)

    def close_silent_sessions(self) -> int:
        """Note the USSD sessions that ended without a last page; give how many."""
        with self.database.write() as connection:
            return turns.close_silent(connection, self.clock.now_ms() - SILENT_MS)

    def watch_journal(self) -> int:
        """Count the turns that wait for SQL; tell somebody while they pile up. Raises Unavailable."""
        length = self._journal.length()
        metrics.level("journal", length)
        grows = length > (JOURNAL_FEW if self._journal_grows else JOURNAL_MANY)
        if grows != self._journal_grows:
            now_ms = self.clock.now_ms()
            with self.database.write() as connection:
                if grows:
                    words = (
                        f"{length} turns wait in Redis to be kept in SQL: is the ticker running?"
                    )
                    alerts.raise_alert(connection, Kind.JOURNAL_GROWING, "journal", words, now_ms)
                else:
                    alerts.end_alert(connection, Kind.JOURNAL_GROWING, "journal", now_ms)
            self._journal_grows = grows
        return length

    def after_fork(self) -> None:
        """Forget connections that belong to the parent process."""
        self.database.dispose()
        self.redis.connection_pool.reset()

    def close(self) -> None:
        """Close what this process opened."""
        self.database.close()
        self.redis.close()
