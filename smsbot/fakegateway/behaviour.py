"""How a pretend provider behaves: how slow, how often and in which way wrong, and its receipts."""

from __future__ import annotations

import random
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr


class Fault(StrEnum):
    """One way in which an answer goes wrong. `_after`: the messages were taken all the same."""

    HANG = "hang"
    HANG_AFTER = "hang_after"
    DROP = "drop"
    DROP_AFTER = "drop_after"
    ERROR = "error"
    ERROR_AFTER = "error_after"
    THROTTLE = "throttle"
    UNAUTHORIZED = "unauthorized"
    REDIRECT = "redirect"
    HTML_502 = "html_502"
    GARBLED = "garbled"
    """A success that can't be read; the messages were taken."""
    CHARSET = "charset"
    """`application/json; charset=utf-8`, of which the official SDK makes plain text."""
    EMPTY = "empty"
    """`Recipients: []` with the reason in `Message`; nothing was taken."""
    BALANCE = "balance"
    PARTIAL = "partial"
    """Every second recipient is refused as no valid number."""
    LEFT_OUT = "left_out"
    """The last recipient was not taken, and the answer does not name it."""
    SHUFFLED = "shuffled"
    ODD_IDS = "odd_ids"
    """The id of each message is the text `None`."""
    OPTED_OUT = "opted_out"
    QUEUE_FULL = "queue_full"
    PROBLEM = "problem"
    """An error as RFC 9457 words it, which the official SDK raises as another class."""


Rate = Annotated[float, Field(ge=0, le=1)]


class Receipts(BaseModel):
    """Which delivery reports follow a message, when, and how often."""

    model_config = ConfigDict(extra="forbid")

    when: Literal["off", "after", "before"] = "off"
    """`before` is before the send's own answer."""
    url: str = ""
    """Where they go. Empty: to the StatusCallback of the message (Twilio), else nowhere."""
    delay_ms: Annotated[float, Field(ge=0)] = 0
    repeat: Annotated[int, Field(ge=1, le=10)] = 1
    reverse: bool = False
    """The last report first."""
    fail_rate: Rate = 0
    reason: str = ""
    """failureReason (Africa's Talking) or ErrorCode (Twilio) of those that fail."""
    only_last: bool = False
    """Skip the reports on the way: the final one alone."""


class Behaviour(BaseModel):
    """Everything that a control call or a flag may change while the server runs."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    latency_ms: Annotated[float, Field(ge=0)] = 0
    jitter_ms: Annotated[float, Field(ge=0)] = 0
    rates: dict[Fault, Rate] = Field(default_factory=dict)
    """The share of requests that get each fault."""
    script: list[Fault | None] = Field(default_factory=list)
    """Faults of the next requests, one each, before any of `rates`; null is a good answer.

    What has been played is gone from it.
    """
    throttle_s: Annotated[float, Field(ge=0)] = 0
    """Answer 429 for so long, counted from when this was set."""
    retry_after_s: Annotated[int, Field(ge=0)] = 1
    numbers: dict[str, int] = Field(default_factory=dict)
    """The statusCode (Africa's Talking) or error code (Twilio) that a number always gets."""
    balance: Annotated[int, Field(ge=0)] | None = None
    """How many more recipients the account can pay; None: no end."""
    receipts: Receipts = Field(default_factory=Receipts)
    seed: int = 1

    _random: random.Random = PrivateAttr(default_factory=random.Random)
    _throttled_until: float = PrivateAttr(default=0.0)

    def start(self, now: float) -> None:
        """Begin to behave so, at this time (seconds of any clock that `fault` is given too)."""
        self._random.seed(self.seed)
        self._throttled_until = now + self.throttle_s

    def fault(self, now: float) -> Fault | None:
        """Give the fault of the next request, or None for a good answer."""
        if now < self._throttled_until:
            return Fault.THROTTLE
        if self.script:
            return self.script.pop(0)
        if not self.rates:
            return None
        drawn = self._random.random()
        for fault, rate in self.rates.items():
            drawn -= rate
            if drawn < 0:
                return fault
        return None

    def wait_s(self) -> float:
        """Give how long this answer takes."""
        return (self.latency_ms + self.jitter_ms * self._random.random()) / 1000

    def fails(self) -> bool:
        """Say whether the report on this message is a bad one."""
        return self._random.random() < self.receipts.fail_rate


class InboundText(BaseModel):
    """A text from a person, which the provider is to post to us."""

    model_config = ConfigDict(extra="forbid", validate_by_name=True)

    url: str
    from_: str = Field(alias="from")
    to: str
    text: str
    id: str = ""
    public_url: str = ""
    """What Twilio signs; empty: `url`."""
    wait_s: Annotated[float, Field(ge=0)] = 60.0
    """Africa's Talking posts again so long after every answer but 200."""
    most: Annotated[int, Field(ge=1)] = 2
    fields: dict[str, str] = Field(default_factory=dict)
    """More fields, or other values of the usual ones."""
