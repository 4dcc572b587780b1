"""The one place that sees every layer: settings in, an App with all its parts out."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from smsbot import jobs, memory
from smsbot.clock import Clock, parse_offset
from smsbot.content.channels_file import load_channels
from smsbot.content.checks.run import run_checks
from smsbot.content.library import Library
from smsbot.conversation.desk import Desk
from smsbot.conversation.duties import duties
from smsbot.conversation.effects import EffectRunner
from smsbot.conversation.front import Front
from smsbot.conversation.publishing import publish
from smsbot.conversation.sms import SmsConversation
from smsbot.conversation.understand import Understands
from smsbot.conversation.ussd import UssdConversation
from smsbot.errors import Malformed, RedisAway, SmsbotError, Unavailable
from smsbot.gateways.registry import make_gateways
from smsbot.log import get_logger
from smsbot.sessions.bucket import PrefixCounter
from smsbot.sessions.client import answering, connect
from smsbot.sessions.link import Link
from smsbot.sessions.store import SessionStore
from smsbot.storage import alerts
from smsbot.storage import messages as outbox
from smsbot.storage.alerts import Kind
from smsbot.storage.content_versions import ContentVersions
from smsbot.storage.database import Database
from smsbot.storage.health import probe
from smsbot.text.phones import parse_phone
from smsbot.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Mapping

    import redis

    from smsbot.config import Settings
    from smsbot.content.library import Refresh
    from smsbot.gateways.protocol import Gateway
    from smsbot.values import Channel, Msisdn

CONTENT_EVERY_S = 1.0
"""How often the content files are looked at for changes."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What everything else is made of: outside systems and the keys."""

    settings: Settings
    clock: Clock
    vault: Vault
    database: Database
    redis: redis.Redis
    channels: Mapping[str, Channel]
    gateways: Mapping[str, Gateway]
    library: Library


class App:
    """The service in one process. Made once; threads share it. After a fork call `after_fork`."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.settings = parts.settings
        self.gateways = parts.gateways
        self.database = parts.database
        self.library = parts.library
        self.clock = parts.clock
        self.waker = jobs.Waker(parts.redis)
        prefixes = PrefixCounter(parts.redis, parts.vault)
        front = Front(
            parts.database,
            mark_drafts=parts.settings.is_dev,
            silence_days=parts.settings.reassigned_after_days,
        )
        effects = EffectRunner(
            database=parts.database,
            vault=parts.vault,
            channels=parts.channels,
            prefixes=prefixes,
            wake=self.waker.wake,
        )
        link = Link(parts.settings.redis_url)
        self.sessions = SessionStore(link, parts.vault)
        ussd = UssdConversation(
            library=parts.library,
            store=self.sessions,
            database=parts.database,
            vault=parts.vault,
            clock=parts.clock,
            front=front,
            effects=effects,
        )
        sms = SmsConversation(
            database=parts.database,
            vault=parts.vault,
            clock=parts.clock,
            understands=Understands(
                library=parts.library,
                front=front,
                vault=parts.vault,
                clock=parts.clock,
                randbelow=secrets.randbelow,
            ),
            effects=effects,
            prefixes=prefixes,
            wake=self.waker.wake,
            forget_session=self._forget_sessions,
            silence_days=parts.settings.reassigned_after_days,
        )
        self.desk = Desk(
            ussd=ussd,
            sms=sms,
            front=front,
            library=parts.library,
            database=parts.database,
            vault=parts.vault,
            clock=parts.clock,
            duties=duties(),
        )

    @classmethod
    def open(cls, settings: Settings) -> App:
        """Make every part; raise SmsbotError for what cannot be right. Connects on first use."""
        vault = Vault(settings.secret_key, settings.pii_key_list)
        database = Database(settings.effective_database_url)
        channels = load_channels(settings.channels, settings)
        clock = Clock(parse_offset(settings.clock_offset))
        by_id = {channel.id: channel for channel in channels}
        publisher = Publisher(database, vault, by_id, clock, mark_drafts=settings.is_dev)
        library = Library(
            settings.flows,
            settings.messages,
            production=not settings.is_dev,
            versions=ContentVersions(database, clock),
            checks=partial(run_checks, flows_dir=settings.flows, channels=channels),
            tell=partial(_tell, ContentAlert(database, clock), publisher),
            clock=clock,
        )
        publisher.library = library
        library.load()
        return cls(
            Parts(
                settings=settings,
                clock=clock,
                vault=vault,
                database=database,
                redis=connect(settings.redis_url),
                channels=by_id,
                gateways=make_gateways(channels, settings),
                library=library,
            ),
        )

    def watch_content(self) -> threading.Event:
        """Look for changed content in a thread of its own; set the event to end it."""
        stop = threading.Event()
        threading.Thread(
            target=self.library.watch,
            args=(stop, CONTENT_EVERY_S),
            name="content",
            daemon=True,
        ).start()
        return stop

    def after_fork(self) -> None:
        """Forget connections that belong to the parent process."""
        self.database.dispose()
        self.parts.redis.connection_pool.reset()

    def close(self) -> None:
        """Close what this process opened."""
        self.database.close()
        self.parts.redis.close()

    def _forget_sessions(self, ref: str) -> None:
        for channel in self.parts.channels:
            try:
                self.sessions.forget(channel, ref)
            except RedisAway:
                return  # it expires by itself within two hours, and holds no number

    # --- questions of the web layer --------------------------------------------------------------

    def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Say whether the service can serve, and how each part is. Names no person and no secret."""
        parts: dict[str, Any] = {
            "sql": _state(lambda: probe(self.database, self.clock.now_ms())),
            "redis": _state(self._ping),
            "content": {
                "ok": True,
                "version": self.library.current().version,
                "broken": [str(fault) for fault in self.library.broken],
                "broken_since": self.library.broken_since,
            },
        }
        return all(part["ok"] for part in parts.values()), parts

    def _ping(self) -> None:
        with answering():
            self.parts.redis.ping()

    def simulated_messages(self, raw_number: str) -> list[dict[str, Any]]:
        """List what a phone was sent, the oldest first; for the simulator in dev."""
        msisdn = self._phone(raw_number)
        with self.database.read() as connection:
            rows = outbox.sent_to(connection, self.parts.vault, self.parts.vault.ref(msisdn))
        return [{**row, "to": msisdn.e164} for row in rows]

    def _phone(self, raw_number: str) -> Msisdn:
        repaired = "+" + raw_number.strip() if raw_number.startswith(" ") else raw_number
        for country in dict.fromkeys(channel.country for channel in self.parts.channels.values()):
            msisdn = parse_phone(repaired, country)
            if msisdn is not None:
                return msisdn
        raise Malformed("this is not a phone number: write it like +254711000111")


class ContentAlert:
    """Raises an alert when an edit of the content is refused, and ends it when the next is good."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def __call__(self, refresh: Refresh) -> None:
        """Tell of a look at the files that swapped, refused or mended a version."""
        now_ms = self._clock.now_ms()
        try:
            with self._database.write() as connection:
                if refresh.refused:
                    words = f"An edit of the content is refused: {refresh.faults[0]}"
                    alerts.raise_alert(connection, Kind.CONTENT_BROKEN, "content", words, now_ms)
                else:
                    alerts.end_alert(connection, Kind.CONTENT_BROKEN, "content", now_ms)
        except Unavailable as fault:
            get_logger().error("alert_not_kept", exc_info=fault)


class Publisher:
    """Writes what new content teaches to SQL, where the ticker finds it."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        channels: Mapping[str, Channel],
        clock: Clock,
        *,
        mark_drafts: bool,
    ) -> None:
        self._database = database
        self._vault = vault
        self._channels = channels
        self._clock = clock
        self._mark_drafts = mark_drafts
        self.library: Library | None = None

    def __call__(self, refresh: Refresh) -> None:
        """Publish the version that is served now; raise Unavailable, and be told again."""
        if self.library is None or not refresh.swapped:
            return
        publish(
            self._database,
            self._vault,
            self.library.current(),
            self._channels,
            now_ms=self._clock.now_ms(),
            mark_drafts=self._mark_drafts,
        )


def _tell(alert: ContentAlert, publisher: Publisher, refresh: Refresh) -> None:
    alert(refresh)
    publisher(refresh)
    memory.give_back()


def _state(ask: Any) -> dict[str, Any]:
    try:
        ask()
    except SmsbotError as fault:
        return {"ok": False, "code": fault.code, "words": str(fault)}
    return {"ok": True}
