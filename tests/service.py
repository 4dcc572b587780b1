"""The conversation service in one process on real Redis and real SQL, and phones that talk to it.

service = Service(database, redis_url, vault, content(...))
phone = service.phone("+254711000111")
assert "1 Learn" in phone.dial()
phone.press("1")
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from smsbot.content.corewords import CORE_TEXTS, WORDS, spellings
from smsbot.conversation.desk import Desk
from smsbot.conversation.drain import Drain
from smsbot.conversation.duties import duties
from smsbot.conversation.effects import EffectRunner
from smsbot.conversation.front import Front, Page
from smsbot.conversation.sms import SmsConversation
from smsbot.conversation.understand import Understands
from smsbot.conversation.ussd import UssdConversation
from smsbot.engine.render import compile_template
from smsbot.errors import StaleSession
from smsbot.sessions.bucket import PrefixCounter
from smsbot.sessions.client import connect
from smsbot.sessions.journal import Journal
from smsbot.sessions.link import Link
from smsbot.sessions.store import SessionStore
from smsbot.storage import messages
from smsbot.storage.tables import messages as messages_table
from smsbot.storage.tables import metadata
from smsbot.text.answers import fold
from smsbot.values import Channel, ChannelKind, InboundSms, Msisdn, Prices, UssdTurn

if TYPE_CHECKING:
    from sqlalchemy import Table

    from smsbot.engine.model import Content
    from smsbot.storage.database import Database
    from smsbot.vault import Vault

NOON_MS = int(datetime(2026, 11, 22, 12, 0, tzinfo=UTC).timestamp() * 1000)


def channel(**changes: object) -> Channel:
    """Give a Kenyan channel with USSD and SMS."""
    given: dict[str, object] = {
        "id": "sim",
        "gateway": "simulator",
        "kinds": frozenset(ChannelKind),
        "languages": ("en", "sw"),
        "country": "KE",
        "timezone": ZoneInfo("Africa/Nairobi"),
        "prices": Prices("KES", 800_000),
        "service_code": "*384*123#",
        "sender": "22384",
    }
    return Channel(**{**given, **changes})  # type: ignore[arg-type]


class FakeClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.ms = NOON_MS

    def now_ms(self) -> int:
        return self.ms

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.ms / 1000, UTC)

    def move(self, *, seconds: float = 0, minutes: float = 0, days: float = 0) -> None:
        self.ms += int((seconds + minutes * 60 + days * 86_400) * 1000)


class OneLibrary:
    """Content that was made in the test; old versions stay known."""

    def __init__(self, now: Content) -> None:
        self._versions = {now.version: now}
        self._now = now

    def current(self) -> Content:
        return self._now

    def get(self, version: str) -> Content:
        try:
            return self._versions[version]
        except KeyError:
            raise StaleSession("unknown version") from None

    def change(self, content: Content) -> None:
        self._versions[content.version] = content
        self._now = content


def english() -> dict[str, object]:
    """Give the service's own words in English, compiled."""
    return {word.key: compile_template(word.english) for word in CORE_TEXTS}


def service_words(**more: dict[str, str]) -> dict[str, dict[str, str]]:
    """Give the words that people send us: the English spellings, and those of other languages."""
    found: dict[str, dict[str, str]] = {}
    for word in WORDS:
        if word.key not in ("YES", "NO", "LANGUAGE"):
            found[word.key] = {fold(one): "en" for one in spellings(word.english)}
    for language, words in more.items():
        for key, said in words.items():
            found[key] |= {fold(one): language for one in spellings(said)}
    found["LANGUAGE"] = {"english": "en", "kiswahili": "sw"}
    return found


@dataclass
class Service:
    """Everything between a parsed event and the outbox."""

    database: Database
    redis_url: str
    vault: Vault
    content: Content
    channel: Channel = field(default_factory=channel)
    woken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.library = OneLibrary(self.content)
        self.redis = connect(self.redis_url)
        self.link = Link(self.redis_url, restart_patience_s=0.2)
        self.store = SessionStore(self.link, self.vault)
        front = Front(self.database, mark_drafts=True)
        prefixes = PrefixCounter(self.redis, self.vault)
        effects = EffectRunner(
            database=self.database,
            vault=self.vault,
            channels={self.channel.id: self.channel},
            prefixes=prefixes,
            wake=self.woken.append,
        )
        self.drain = Drain(Journal(self.link, self.vault), self.database, self.vault, effects)
        self.ussd = UssdConversation(
            library=self.library,  # type: ignore[arg-type]
            store=self.store,
            database=self.database,
            vault=self.vault,
            clock=self.clock,  # type: ignore[arg-type]
            front=front,
            effects=effects,
        )
        self.sms = SmsConversation(
            database=self.database,
            vault=self.vault,
            clock=self.clock,  # type: ignore[arg-type]
            understands=Understands(
                library=self.library,  # type: ignore[arg-type]
                front=front,
                vault=self.vault,
                clock=self.clock,  # type: ignore[arg-type]
                randbelow=lambda most: 123_456 % most,
            ),
            effects=effects,
            prefixes=prefixes,
            wake=self.woken.append,
            forget_session=lambda ref: self.store.forget(self.channel.id, ref),
        )
        self.desk = Desk(
            ussd=self.ussd,
            sms=self.sms,
            front=front,
            library=self.library,  # type: ignore[arg-type]
            database=self.database,
            vault=self.vault,
            clock=self.clock,  # type: ignore[arg-type]
            duties=duties(),
        )

    def phone(self, number: str = "+254711000111") -> Phone:
        """Give a phone with this number."""
        return Phone(self, Msisdn(number))

    def ref(self, number: str = "+254711000111") -> str:
        """Give the keyed hash of a number."""
        return self.vault.ref(Msisdn(number))

    def lose_redis(self) -> None:
        """Lose all that Redis holds, and what this process remembers of it."""
        self.redis.flushall()
        self.store._recent.clear()

    def newest(self) -> int:
        """Give the newest row of the outbox."""
        with self.database.read() as connection:
            found = connection.execute(select(func.max(messages_table.c.id))).scalar_one()
        return found or 0

    def tables(self) -> list[Table]:
        """Give every table."""
        return list(metadata.sorted_tables)

    def close(self) -> None:
        self.redis.close()


@dataclass
class Phone:
    """A person's phone. A dial opens a gateway session; presses make its transcript longer."""

    service: Service
    number: Msisdn
    transcript: str = ""
    session: int = 0
    texts: int = 0
    page: Page | None = None

    def dial(self, inputs: str = "") -> str:
        """Open a new gateway session, perhaps with inputs dialled along."""
        self.session += 1
        self.transcript = inputs
        return self.post()

    def press(self, *keys: str) -> str:
        """Type one answer after the other, and give the last page."""
        shown = ""
        for key in keys:
            self.transcript = f"{self.transcript}*{key}" if self.transcript else key
            shown = self.post()
        return shown

    def post(self, transcript: str | None = None, session: str | None = None) -> str:
        """Post a transcript as the gateway does: this one again, or any other."""
        event = UssdTurn(
            session_id=session or f"{self.number.e164}-{self.session}",
            caller=self.number,
            transcript=self.transcript if transcript is None else transcript,
            network="63902",
        )
        self.page = self.service.ussd.answer(self.service.channel, event)
        return self.page.text

    def text(self, words: str, *, gateway_id: str | None = None) -> list[str]:
        """Send a text, and give the texts that it was answered with."""
        before = self.service.newest()
        self.texts += 1
        event = InboundSms(
            gateway_id=gateway_id or f"{self.service.ref(self.number.e164)}-{self.texts}",
            sender=self.number,
            raw_sender=self.number.e164,
            text=words,
            network="63902",
        )
        self.service.sms.receive(self.service.channel, event)
        return self.inbox(after=before)

    def inbox(self, after: int = 0) -> list[str]:
        """Give all texts that were queued for this phone, the oldest first."""
        service = self.service
        with service.database.read() as connection:
            rows = messages.sent_to(connection, service.vault, service.vault.ref(self.number))
        return [row["text"] for row in rows if row["state"] != "suppressed" and row["id"] > after]
