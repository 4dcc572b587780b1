"""Sending by Twilio's official SDK, with the time limits and the answers that it leaves out.

The SDK (9.13) waits for ever by default, hides the headers of an error (Retry-After stands there)
and shares its sockets with forked children. So: limits, sockets for each process, headers kept.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from smsbot.gateways.fields import MAX_ID, MESSAGING_SERVICE, count_of
from smsbot.gateways.pool import LOOPBACK, Sessions
from smsbot.gateways.protocol import Route
from smsbot.gateways.twilio_codes import verdict_of_error
from smsbot.gateways.verdict import TIMEOUT_S, verdict_of_fault
from smsbot.values import SendOutcome, SendResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import requests
    from twilio.http.response import Response

    from smsbot.values import Outgoing, SendRequest

# The SDK imports these at the first send: 0.9 s during which every thread misses its slot, and then
# all go at once. So they are imported with this module, which a worker does before it forks.
for _module in ("twilio.rest.api", "twilio.rest.api.v2010.account.message"):
    import_module(_module)

CONNECT_RETRIES = 2

_UNAUTHORIZED = 401


class Api:
    """One account and sender. Threads and forked workers share it: each has its own sockets."""

    def __init__(
        self,
        *,
        account_sid: str,
        tokens: Sequence[str],
        sender: str,
        channel_id: str,
        public_url: str = "",
        base_url: str = "",
    ) -> None:
        service = MESSAGING_SERVICE.fullmatch(sender)
        self._sender = {"messaging_service_sid" if service else "from_": sender}
        self._callback = _callback(public_url, channel_id, base_url)
        self._clients = [
            Client(account_sid, token, http_client=_Http(base_url)) for token in tokens
        ]
        for client in self._clients:
            _ = client.messages  # made now: threads that send must not race for it
        logging.getLogger("twilio.http_client").setLevel(logging.WARNING)  # it logs every request

    def send(self, request: SendRequest) -> list[SendResult]:
        """Send one text, one POST for each recipient; results in their order."""
        return [self._send_one(request.text, recipient) for recipient in request.recipients]

    def _send_one(self, text: str, recipient: Outgoing) -> SendResult:
        asked: dict[str, str] = {"to": recipient.to.e164, "body": text, **self._sender}
        if self._callback:
            asked["status_callback"] = f"{self._callback}?m={recipient.message_id}"
        try:
            return self._create(asked, recipient.message_id)
        except Exception as fault:  # noqa: BLE001 - whatever breaks, the recipient gets an outcome
            return verdict_of_fault(fault).on(recipient.message_id)

    def _create(self, asked: Mapping[str, str], message_id: int) -> SendResult:
        """Create the message with the first token that is let in (two are known while rotating)."""
        last = self._clients[-1]
        for client in self._clients:
            try:
                return _accepted(client.messages.create(**asked), message_id)
            except (TwilioRestException, TwilioServiceException) as refusal:
                status, headers = client.http_client.last_answer()
                if status != _UNAUTHORIZED or client is last:
                    verdict = verdict_of_error(status, refusal.code, headers)
                    return verdict.on(message_id)
        raise AssertionError("there is always a last client")  # pragma: no cover


class _Http(TwilioHttpClient):  # type: ignore[misc]  # the SDK's types are incomplete
    """The SDK's transport, with limits, another base where tests want it, and headers kept."""

    def __init__(self, base_url: str) -> None:
        self._sessions = Sessions(base_url, CONNECT_RETRIES)
        super().__init__(pool_connections=False)
        self.timeout = TIMEOUT_S  # the constructor takes no pair, the transport does
        self._base = urlsplit(base_url)
        self._kept = threading.local()

    @property
    def session(self) -> requests.Session:
        """Give this thread's own session, where the SDK would share one with forked children."""
        return self._sessions.get()

    @session.setter
    def session(self, _made: object) -> None:
        """Take no other: the SDK's constructor sets one."""

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        """Send, and keep status and headers of the answer for this thread."""
        if self._base.netloc:
            asked = urlsplit(url)
            url = urlunsplit((self._base.scheme, self._base.netloc, asked.path, asked.query, ""))
        self._kept.answer = (0, {})
        response = super().request(method, url, *args, **kwargs)
        self._kept.answer = (int(response.status_code), response.headers or {})
        return response

    def last_answer(self) -> tuple[int, Mapping[str, str]]:
        """Give status and headers of the last answer that this thread got."""
        answer: tuple[int, Mapping[str, str]] = self._kept.answer
        return answer


def _accepted(message: Any, message_id: int) -> SendResult:
    sid = str(message.sid or "")
    segments = count_of(str(message.num_segments or ""))  # a text; "0" before a sender is chosen
    return SendResult(
        message_id,
        SendOutcome.ACCEPTED,
        gateway_id=sid if sid.isprintable() and len(sid) <= MAX_ID else "",
        words=str(message.status or "")[:40],
        segments=segments or None,
    )


def _callback(public_url: str, channel_id: str, base_url: str) -> str:
    """Give the address for statuses, or an empty text where Twilio could not reach or take it.

    It refuses names with underscores (error 21609), and a message with them. A fake on loopback
    may call back on loopback.
    """
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    is_public = parts.scheme == "https" and _is_public_name(host)
    both_local = host in LOOPBACK and urlsplit(base_url).hostname in LOOPBACK
    if not (is_public or both_local):
        return ""
    return f"{public_url.rstrip('/')}/hooks/{channel_id}/{Route.STATUS}"


def _is_public_name(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and "_" not in host and not host.endswith((".local", ".internal"))
