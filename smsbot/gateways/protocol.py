"""What a gateway adapter must do, and the raw request that it reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smsbot.values import Channel, Event, SendRequest, SendResult


class Route(StrEnum):
    """The last path segment of a webhook."""

    USSD = "ussd"
    USSD_END = "ussd-end"
    SMS = "sms"
    DELIVERY = "delivery"
    OPTOUT = "optout"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A webhook as it came. `url` is the public address with the raw path and query, as signed.

    It is empty where the path has a token, since nothing is signed there. `token` is the path's, empty
    where the route has none. Header names are lower case.
    """

    method: str
    url: str
    token: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Ack(NamedTuple):
    """What the gateway is answered."""

    status: int
    content_type: str
    body: bytes


class Gateway(Protocol):
    """An adapter for one channel of one provider. Made once per process; threads share it.

    It never touches SQL or Redis, logs no number and no text, and does I/O only in `send`.
    """

    channel: Channel
    routes: frozenset[Route]
    max_batch: int
    """How many recipients one request may have."""
    signs: bool
    """Its posts are proven by a signature over address and body; else by the token in the path."""
    has_credentials: bool
    """False: nothing can be sent; in dev the outgoing texts go to the simulator."""

    def authenticate(self, request: RawRequest, route: Route) -> None:
        """Return if the request is the provider's; raise Forbidden otherwise. Constant time.

        Unless the gateway `signs`, the body is not read yet: it is empty here.
        """

    def parse(self, request: RawRequest, route: Route) -> Event:
        """Give the event in the body; raise Malformed or WrongAddress. No clock, no I/O."""

    def ack(self, route: Route) -> Ack:
        """Give the answer that stops the provider from posting this event again."""

    def render_ussd(self, text: str, *, ends: bool) -> Ack:
        """Give the answer to a USSD turn: one page, and whether it is the last."""

    def send(self, request: SendRequest) -> Sequence[SendResult]:
        """Send one text; give one result per recipient, in their order. Never raises.

        Blocks up to its own timeouts (connect 3 s, read 10 s). What cannot be known is `unknown`.
        """
