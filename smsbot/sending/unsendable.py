"""A channel without credentials: in dev its texts go to the simulator, else its account is at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.values import SendOutcome, SendResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smsbot.gateways.protocol import Ack, Gateway, RawRequest, Route
    from smsbot.values import Event, SendRequest


class WithoutCredentials:
    """The gateway in everything but sending."""

    has_credentials = False

    def __init__(self, gateway: Gateway, *, simulate: bool) -> None:
        self._gateway = gateway
        self._simulate = simulate
        self.channel = gateway.channel
        self.routes = gateway.routes
        self.max_batch = gateway.max_batch
        self.signs = gateway.signs

    def send(self, request: SendRequest) -> Sequence[SendResult]:
        """Accept all as simulated, or say that the account is at fault. No I/O."""
        if self._simulate:
            return [
                SendResult(recipient.message_id, SendOutcome.ACCEPTED)
                for recipient in request.recipients
            ]
        return [
            SendResult(
                recipient.message_id,
                SendOutcome.ACCOUNT,
                code="no_credentials",
                words="no credentials are set",
            )
            for recipient in request.recipients
        ]

    def authenticate(self, request: RawRequest, route: Route) -> None:
        """As the gateway does."""
        self._gateway.authenticate(request, route)

    def parse(self, request: RawRequest, route: Route) -> Event:
        """As the gateway does."""
        return self._gateway.parse(request, route)

    def ack(self, route: Route) -> Ack:
        """As the gateway does."""
        return self._gateway.ack(route)

    def render_ussd(self, text: str, *, ends: bool) -> Ack:
        """As the gateway does."""
        return self._gateway.render_ussd(text, ends=ends)
