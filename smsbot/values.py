"""The words of the field as values: small, frozen, without I/O. Everything else speaks in these."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, time
    from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Msisdn:
    """A phone number in E.164, `+` first. Its `str` and `repr` are masked, so that no log has it."""

    e164: str

    def __str__(self) -> str:
        return f"{self.e164[:4]}...{self.e164[-2:]}"

    __repr__ = __str__


class ChannelKind(StrEnum):
    """How a person talks to us."""

    USSD = "ussd"
    SMS = "sms"


class Tariff(StrEnum):
    """What a citizen pays. `premium` is refused in production."""

    FREE = "free"
    STANDARD = "standard"
    PREMIUM = "premium"


@dataclass(frozen=True, slots=True)
class PageLimit:
    """How much one USSD page holds: GSM-7 septets, or UTF-16 code units once a letter needs UCS-2."""

    gsm7: int = 160
    ucs2: int = 70


@dataclass(frozen=True, slots=True)
class QuietHours:
    """No proactive message from `start` to `end` (local wall clock; may pass midnight)."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Prices:
    """What one segment costs, in millionths of `currency`; a network's price beats a country's."""

    currency: str
    default_micros: int
    by_country: Mapping[str, int] = field(default_factory=dict)
    by_network: Mapping[str, int] = field(default_factory=dict)

    def segment_micros(self, country: str, network: str) -> int:
        """Give the price of one segment to a phone of this country and network."""
        return self.by_network.get(network, self.by_country.get(country, self.default_micros))


@dataclass(frozen=True, slots=True)
class Channel:
    """One line of `channels.yaml`: a gateway account with a USSD code, an SMS sender, or both.

    `sender` empty means: any number of ours that the gateway names, and the gateway's default when
    sending. `country` is ISO 3166-1 alpha-2, or empty when the channel serves many. `languages[0]`
    is spoken to strangers. `rate` is segments a second.
    """

    id: str
    gateway: str
    kinds: frozenset[ChannelKind]
    languages: tuple[str, ...]
    country: str
    timezone: ZoneInfo
    prices: Prices
    service_code: str = ""
    sender: str = ""
    rate: float = 10.0
    page: PageLimit = PageLimit()
    quiet_hours: QuietHours | None = None
    frequency_cap: tuple[int, int] = (2, 7)
    replies_per_number_hour: int = 30
    replies_per_prefix_day: int = 20_000
    tariff: Tariff = Tariff.STANDARD
    tokens: tuple[str, ...] = field(default=(), repr=False)
    gateway_confirms_stop: bool = False


# --- what a gateway tells us -------------------------------------------------------------------


class UssdTurn(NamedTuple):
    """One turn of a USSD session. `transcript` is all that was typed so far, joined by `*`."""

    session_id: str
    caller: Msisdn
    transcript: str
    network: str = ""


@dataclass(frozen=True, slots=True)
class UssdEnd:
    """The gateway's record of an ended session. Not dependable: it only enriches our own."""

    session_id: str
    caller: Msisdn | None
    status: str
    duration_ms: int | None = None
    hops: int | None = None
    cost_micros: int | None = None
    network: str = ""
    failed_because: str = ""


class OptHint(StrEnum):
    """What the gateway itself took the text for (Twilio's OptOutType)."""

    STOP = "STOP"
    START = "START"
    HELP = "HELP"


@dataclass(frozen=True, slots=True)
class InboundSms:
    """A text from a person. `sender` is None for short codes and names: no reply is possible."""

    gateway_id: str
    sender: Msisdn | None
    raw_sender: str
    text: str
    network: str = ""
    sent_at: datetime | None = None
    opt_hint: OptHint | None = None


class MessageState(StrEnum):
    """The states of an outbound message. They move forward only (`sending/states.py`)."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    SUPPRESSED = "suppressed"


class CampaignState(StrEnum):
    """The life of a campaign (`campaigns/lifecycle.py` holds the moves)."""

    DRAFT = "draft"
    REVIEW = "review"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class RunState(StrEnum):
    """The life of one occurrence. `freezing`: the audience is being written down, nothing goes yet."""

    FREEZING = "freezing"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class BatchState(StrEnum):
    """Where a batch of a run is. Pausing a run makes its released batches frozen again."""

    FROZEN = "frozen"
    CALLED = "called"
    RELEASED = "released"


class Role(StrEnum):
    """What a user of the console and the commands may do."""

    ADMIN = "admin"
    MANAGER = "manager"
    APPROVER = "approver"
    AUTHOR = "author"
    ANALYST = "analyst"
    PARTNER = "partner"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A delivery report. `state` is None for a word that we do not know: counted, never acted on.

    `opted_out` says that the recipient left; `our_id` is our message id where the gateway echoes it.
    """

    gateway_id: str
    state: MessageState | None
    raw_status: str
    code: str = ""
    our_id: int | None = None
    opted_out: bool = False
    network: str = ""


@dataclass(frozen=True, slots=True)
class OptOut:
    """The operator or the gateway says that a person wants no more messages."""

    msisdn: Msisdn


@dataclass(frozen=True, slots=True)
class Ignored:
    """A well-formed post that we can't act on but must answer 200; `why` is a counted word."""

    why: str


Event = UssdTurn | UssdEnd | InboundSms | Receipt | OptOut | Ignored


# --- what we ask of a gateway ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One recipient of a request: our message id and the number."""

    message_id: int
    to: Msisdn


@dataclass(frozen=True, slots=True)
class SendRequest:
    """One HTTP request to a gateway: one text, one or many recipients (`Gateway.max_batch`)."""

    text: str
    recipients: tuple[Outgoing, ...]
    segments: int


class SendOutcome(StrEnum):
    """What a send attempt came to, for one recipient.

    accepted: the gateway has it. refused: final for this recipient. opted_out: refused, and the
    person is suppressed. retry: provably not sent, may go again. account: provably not sent, and
    the fault is ours or the account's, so the channel pauses. unknown: nobody can say.
    """

    ACCEPTED = "accepted"
    REFUSED = "refused"
    OPTED_OUT = "opted_out"
    RETRY = "retry"
    ACCOUNT = "account"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SendResult:
    """The outcome for one recipient. `code` is the gateway's own; `words` explain it, no number."""

    message_id: int
    outcome: SendOutcome
    gateway_id: str = ""
    code: str = ""
    words: str = ""
    cost_micros: int | None = None
    currency: str = ""
    segments: int | None = None
    retry_after_s: float | None = None
