"""Africa's Talking: USSD, SMS in and out, delivery reports, opt-outs.

No callback is signed. What stands between a stranger and this adapter is the token in the path, so
it is compared in constant time, may be rotated, and the service code or the number is checked too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.errors import UnknownChannel
from smsbot.gateways.africastalking_forms import Forms
from smsbot.gateways.form import parse_form
from smsbot.gateways.protocol import Ack, RawRequest, Route
from smsbot.gateways.tokens import require_token
from smsbot.text.typography import fold_typography
from smsbot.values import Channel, ChannelKind, Event, SendRequest, SendResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from smsbot.gateways.africastalking_api import Api

ROUTES = {
    ChannelKind.USSD: frozenset({Route.USSD, Route.USSD_END}),
    ChannelKind.SMS: frozenset({Route.SMS, Route.DELIVERY, Route.OPTOUT}),
}
_ACK = Ack(200, "text/plain; charset=utf-8", b"")
_PLAIN = "text/plain; charset=utf-8"


class AfricasTalkingWebhooks:
    """The half that reads and answers posts: the simulator is reached in the same words."""

    signs = False

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.routes = frozenset().union(*(ROUTES[kind] for kind in channel.kinds))
        self._tokens = tuple(token.encode() for token in channel.tokens if token)
        forms = Forms(channel)
        self._readers: dict[Route, Callable[[Mapping[str, str]], Event]] = {
            Route.USSD: forms.ussd_turn,
            Route.USSD_END: forms.ussd_end,
            Route.SMS: forms.inbound_sms,
            Route.DELIVERY: forms.receipt,
            Route.OPTOUT: forms.opt_out,
        }

    def authenticate(self, request: RawRequest, route: Route) -> None:  # noqa: ARG002 - one for all
        """Compare the path's token with every one that is valid now."""
        require_token(request.token, self._tokens)

    def parse(self, request: RawRequest, route: Route) -> Event:
        """Read the form that this route takes."""
        if route not in self.routes:
            raise UnknownChannel(f"channel {self.channel.id} has no route {route}")
        return self._readers[route](parse_form(request.body, request.headers))

    def ack(self, route: Route) -> Ack:  # noqa: ARG002 - the same for all
        """Answer 200 with an empty body: it is not read, any other status is posted again."""
        return _ACK

    def render_ussd(self, text: str, *, ends: bool) -> Ack:
        """Give `CON ` or `END ` and the page, with nothing before it.

        A byte order mark, a carriage return or a curly quote would cost the person the session or
        half the page, so they go.
        """
        page = fold_typography(text.replace("\r\n", "\n").replace("\r", "\n")).lstrip()
        return Ack(200, _PLAIN, (("END " if ends else "CON ") + page).encode())


class AfricasTalking(AfricasTalkingWebhooks):
    """One channel of an Africa's Talking account. Nothing is connected before the first `send`."""

    max_batch = 100
    """Their documents name no limit of recipients; users report 100 and 1,000."""

    def __init__(
        self, channel: Channel, *, username: str, api_key: str, base_url: str = ""
    ) -> None:
        super().__init__(channel)
        self._username, self._api_key, self._base_url = username, api_key, base_url
        self.has_credentials = bool(username and api_key)
        self._api: Api | None = None

    def send(self, request: SendRequest) -> Sequence[SendResult]:
        """Send one text to at most 100 numbers by one POST."""
        if not self.has_credentials:
            from smsbot.gateways.verdict import NO_CREDENTIALS

            return [NO_CREDENTIALS.on(recipient.message_id) for recipient in request.recipients]
        return self._connected().send(request, sender=self.channel.sender)

    def _connected(self) -> Api:
        if self._api is None:
            # 270 ms and 30 MB of SDK, which no web process should pay for.
            from smsbot.gateways.africastalking_api import Api

            self._api = Api(self._username, self._api_key, self._base_url)
        return self._api
