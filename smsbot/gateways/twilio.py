"""Twilio: SMS in, status callbacks, sending. Every post is signed; no token stands in the path."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64
from codecs import getincrementaldecoder
from typing import TYPE_CHECKING

from smsbot.errors import Forbidden, Malformed, UnknownChannel, WrongAddress
from smsbot.gateways.fields import (
    MESSAGING_SERVICE,
    code_of,
    plain_address,
    required,
    required_id,
    words_of,
)
from smsbot.gateways.form import form_pairs, parse_form, phone_text
from smsbot.gateways.protocol import Ack, RawRequest, Route
from smsbot.gateways.twilio_signature import Secret, algorithm_of, auth_tokens, is_signed
from smsbot.text.phones import parse_phone
from smsbot.values import (
    Channel,
    Event,
    Ignored,
    InboundSms,
    MessageState,
    OptHint,
    Receipt,
    SendRequest,
    SendResult,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smsbot.gateways.twilio_api import Api

STATES = {
    "accepted": MessageState.ACCEPTED,
    "scheduled": MessageState.ACCEPTED,
    "queued": MessageState.ACCEPTED,
    "sending": MessageState.ACCEPTED,
    "sent": MessageState.ACCEPTED,
    "delivered": MessageState.DELIVERED,
    "read": MessageState.DELIVERED,
    "undelivered": MessageState.UNDELIVERED,
    "failed": MessageState.FAILED,
    "canceled": MessageState.FAILED,
}
"""MessageStatus words (OpenAPI enum). They come in any order; the last five are final."""

OPTED_OUT = "21610"
"""The code of a message to somebody who told Twilio STOP; in the answer or in a callback."""

_ACK = Ack(
    200, "text/xml; charset=utf-8", b'<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
)
_OUR_ID = re.compile(r"[?&]m=(\d{1,18})(?:&|$)", re.ASCII)
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4}){6,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_SIGNATURE, _SETTINGS = "x-twilio-signature", "x-twilio-webhooks-signature-settings"


class Twilio:
    """One channel of a Twilio account. Nothing is connected before the first `send`."""

    routes = frozenset({Route.SMS, Route.STATUS})
    max_batch = 1
    signs = True

    def __init__(
        self,
        channel: Channel,
        *,
        account_sid: str,
        tokens: Sequence[str],
        public_url: str = "",
        base_url: str = "",
    ) -> None:
        self.channel = channel
        self._secrets = tuple(Secret.parse(token) for token in tokens)
        self._account_sid, self._tokens = account_sid, auth_tokens(tokens)
        self._public_url, self._base_url = public_url, base_url
        self.has_credentials = bool(account_sid and self._tokens)
        self._service = channel.sender if MESSAGING_SERVICE.fullmatch(channel.sender) else ""
        self._number = "" if self._service else plain_address(channel.sender)
        self._api: Api | None = None

    def authenticate(self, request: RawRequest, route: Route) -> None:  # noqa: ARG002 - one for all
        """Check the signature over the public address and every field, unknown ones too."""
        headers = request.headers
        try:
            signed = is_signed(
                request.url,
                form_pairs(request.body, headers),
                headers.get(_SIGNATURE, ""),
                self._secrets,
                algorithm_of(headers.get(_SETTINGS, "")),
            )
        except (Malformed, ValueError):  # a body or an address that Twilio could not have signed
            signed = False
        if not signed:
            raise Forbidden("the signature is missing or wrong")

    def parse(self, request: RawRequest, route: Route) -> Event:
        """Read a text from a person, or the status of one of ours."""
        if route not in self.routes:
            raise UnknownChannel(f"channel {self.channel.id} has no route {route}")
        fields = parse_form(request.body, request.headers)
        return self._inbound(fields) if route is Route.SMS else _receipt(fields, request.url)

    def ack(self, route: Route) -> Ack:  # noqa: ARG002 - the same for all
        """Answer with empty TwiML: replies go out by the API, where they are kept and retried."""
        return _ACK

    def render_ussd(self, text: str, *, ends: bool) -> Ack:  # noqa: ARG002 - there is no page
        """Refuse: Twilio sells no USSD, so no channel of it has such a route."""
        raise UnknownChannel(f"channel {self.channel.id} has no USSD")

    def send(self, request: SendRequest) -> Sequence[SendResult]:
        """Send one text, one POST for each recipient."""
        if not self.has_credentials:
            from smsbot.gateways.verdict import NO_CREDENTIALS

            return [NO_CREDENTIALS.on(recipient.message_id) for recipient in request.recipients]
        return self._connected().send(request)

    def _inbound(self, fields: Mapping[str, str]) -> Event:
        gateway_id = required_id(fields, "MessageSid", "SmsSid", "SmsMessageSid")
        raw_sender = phone_text(required(fields, "From"))
        self._require_ours(fields)
        text = body_text(fields.get("Body", "").replace("\0", ""))
        if not text or text.isspace():
            return Ignored("blank")  # a picture alone: NumMedia and its addresses are not fetched
        sender = parse_phone(raw_sender, self.channel.country)
        hint = fields.get("OptOutType", "").strip().upper()
        return InboundSms(
            gateway_id=gateway_id,
            sender=sender,
            raw_sender=words_of(raw_sender, 32) if sender is None else "",
            text=text,
            opt_hint=OptHint(hint) if hint in OptHint.__members__ else None,
        )

    def _require_ours(self, fields: Mapping[str, str]) -> None:
        service, to = fields.get("MessagingServiceSid", ""), phone_text(fields.get("To", ""))
        if self._service and service and service != self._service:
            raise WrongAddress("MessagingServiceSid is not this channel's")
        if self._number and to and plain_address(to) != self._number:
            raise WrongAddress("To is not this channel's")

    def _connected(self) -> Api:
        if self._api is None:
            # 250 ms and 50 MB of SDK, which no web process should pay for.
            from smsbot.gateways.twilio_api import Api

            self._api = Api(
                account_sid=self._account_sid,
                tokens=self._tokens,
                sender=self.channel.sender,
                channel_id=self.channel.id,
                public_url=self._public_url,
                base_url=self._base_url,
            )
        return self._api


def _receipt(fields: Mapping[str, str], url: str) -> Event:
    raw_status = fields.get("MessageStatus", "") or fields.get("SmsStatus", "")
    if not raw_status.strip():
        return Ignored("no_status")
    code = code_of(fields.get("ErrorCode", ""))
    our_id = _OUR_ID.search(url)
    return Receipt(
        gateway_id=required_id(fields, "MessageSid", "SmsSid"),
        state=STATES.get(raw_status.strip().lower()),
        raw_status=words_of(raw_status, 32),
        code=code,
        our_id=int(our_id[1]) if our_id else None,
        opted_out=code == OPTED_OUT,
    )


def body_text(raw: str) -> str:
    """Give the words of a Body. Joined long texts sometimes come as base64, cut mid-letter.

    Taken for base64 only when it could hardly be anything else: one long word of that alphabet that
    decodes to printable UTF-8 with a space in it. A letter that is cut at the end is dropped.
    """
    packed = raw.strip()
    if not _BASE64.fullmatch(packed):
        return raw
    try:
        text = getincrementaldecoder("utf-8")().decode(b64decode(packed, validate=True))
    except (NotBase64, UnicodeDecodeError):
        return raw
    readable = all(char.isprintable() or char in "\r\n\t" for char in text)
    return text if readable and " " in text else raw
