"""The webhook paths, as a small WSGI application in front of Flask.

A USSD turn is most of this service's work, and Flask alone costs more than all the rest of a turn
(docs/decisions/). So these paths are served here, with the same guards for every gateway: method, path,
size, token or signature, then the event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from smsbot import log, metrics
from smsbot.errors import (
    BodyTooLarge,
    Malformed,
    RequestError,
    Unavailable,
    UnknownChannel,
)
from smsbot.gateways.protocol import Ack, RawRequest, Route
from smsbot.values import Ignored, InboundSms, OptOut, Receipt, UssdEnd, UssdTurn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication

    from smsbot.conversation.desk import Desk
    from smsbot.gateways.protocol import Gateway
    from smsbot.values import Channel, Event

    Environ = dict[str, Any]

PREFIX = "/hooks/"
MAX_BODY = 8192
MAX_DRAINED = 2_000_000
"""A longer body than a webhook's is read to its end up to here, and thrown away."""
_READ = "smsbot.body_is_read"
_REASONS = {
    200: "200 OK",
    204: "204 No Content",
    400: "400 Bad Request",
    403: "403 Forbidden",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    409: "409 Conflict",
    413: "413 Content Too Large",
    503: "503 Service Unavailable",
}
_log = log.get_logger()
_ROUTES = {route.value: route for route in Route}


class Hooks:
    """Serves `/hooks/...`; gives everything else to `rest`. Never raises, never answers 500."""

    def __init__(
        self,
        gateways: Mapping[str, Gateway],
        desk: Desk,
        rest: WSGIApplication,
        *,
        public_url: str,
        perf_counter: Callable[[], float],
    ) -> None:
        self._gateways = gateways
        self._desk = desk
        self._rest = rest
        self._public_url = public_url.rstrip("/")
        self._perf_counter = perf_counter

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = environ["PATH_INFO"]
        if not path.startswith(PREFIX):
            return self._rest(environ, start_response)
        began = self._perf_counter()
        ack, where, code = self._answer(path, environ)
        took = self._perf_counter() - began
        if where[1] == Route.USSD:
            metrics.turn(where[0], Route.USSD, code, took)
        else:
            metrics.webhook(where[0], where[1], ack.status)
        log.write_line(
            "hook", channel=where[0], route=where[1], code=code, ms=round(took * 1000, 2)
        )
        headers = [("Content-Type", ack.content_type), ("Content-Length", str(len(ack.body)))]
        if _is_unread(environ):  # the server hangs up after it: say so, or the next post is lost
            headers.append(("Connection", "close"))
        start_response(_REASONS[ack.status], headers)
        return (ack.body,)

    def _answer(self, path: str, environ: Environ) -> tuple[Ack, tuple[str, str], str]:
        where = ("unknown", "unknown")
        gateway: Gateway | None = None
        try:
            gateway, token, route = self._find(path)
            where = (gateway.channel.id, route.value)
            if environ["REQUEST_METHOD"] != "POST":
                return _refusal(405, "method", "a webhook is a POST"), where, "method"
            headers = _Headers(environ)
            if gateway.signs:
                address = self._public_address(environ)
                request = RawRequest("POST", address, token, _body(environ), headers)
                gateway.authenticate(request, route)
            else:
                # Before the body: who lacks the token can't make a thread wait for one.
                gateway.authenticate(RawRequest("POST", "", token, b"", headers), route)
                request = RawRequest("POST", "", token, _body(environ), headers)
            event = gateway.parse(request, route)
            return self._serve(gateway, route, event), where, "ok"
        except RequestError as fault:
            return _refusal(fault.status, fault.code, str(fault)), where, fault.code
        except Unavailable as fault:
            return self._apologise(gateway, where[1], fault.code), where, fault.code
        except Exception as fault:  # noqa: BLE001  # a citizen never sees an error; we see it all
            _log.error("hook_failed", channel=where[0], route=where[1], exc_info=fault)
            return self._apologise(gateway, where[1], "internal"), where, "internal"

    def _find(self, path: str) -> tuple[Gateway, str, Route]:
        """Tell channel, token and route from `/hooks/<channel>[/<token>]/<route>`."""
        parts = path[len(PREFIX) :].split("/")
        *middle, last = parts[1:] or [""]
        if len(middle) > 1:
            raise UnknownChannel("no webhook has this address")
        gateway = self._gateways.get(parts[0])
        route = _ROUTES.get(last)
        if gateway is None or route is None or route not in gateway.routes:
            raise UnknownChannel("no channel of this name has this webhook")
        return gateway, middle[0] if middle else "", route

    def _serve(self, gateway: Gateway, route: Route, event: Event) -> Ack:
        channel: Channel = gateway.channel
        match event:
            case UssdTurn():
                page = self._desk.ussd.answer(channel, event)
                return gateway.render_ussd(page.text, ends=page.ends)
            case InboundSms():
                self._desk.sms.receive(channel, event)
            case Receipt():
                self._desk.receipt(channel, event)
            case UssdEnd():
                self._desk.ussd_end(channel, event)
            case OptOut():
                self._desk.opt_out(channel, event)
            case Ignored():
                metrics.ignored(channel.id, event.why)
        return gateway.ack(route)

    def _apologise(self, gateway: Gateway | None, route: str, code: str) -> Ack:
        """USSD ends kindly with 200; all else is asked to come again."""
        if gateway is not None and route == Route.USSD:
            page = self._desk.apology(gateway.channel)
            return gateway.render_ussd(page.text, ends=True)
        return _refusal(503, code, "the service cannot keep this now: post it again")

    def _public_address(self, environ: Environ) -> str:
        """Give the address that the gateway posted to, with its path and query as they came."""
        raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
        if not raw:
            raw = quote(environ["PATH_INFO"], safe="/:@!$&'()*+,;=~-._")
            if environ.get("QUERY_STRING"):
                raw += "?" + environ["QUERY_STRING"]
        if self._public_url:
            return self._public_url + raw
        return f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}{raw}"


def _body(environ: Environ) -> bytes:
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise Malformed("Content-Length is not a number") from None
    stream = environ["wsgi.input"]
    environ[_READ] = length <= MAX_DRAINED
    if length > MAX_BODY:
        if environ[_READ]:  # or the answer would be lost: who still sends does not listen
            while stream.read(MAX_BODY):
                pass
        raise BodyTooLarge(f"a webhook has {MAX_BODY} bytes at most")
    body: bytes = stream.read(length) if length > 0 else stream.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise BodyTooLarge(f"a webhook has {MAX_BODY} bytes at most")
    return body


def _is_unread(environ: Environ) -> bool:
    return not environ.get(_READ) and environ.get("CONTENT_LENGTH") not in (None, "", "0")


class _Headers(Mapping[str, str]):
    """The headers of a request by lower-case name, read where they stand: most are never asked for."""

    __slots__ = ("_environ",)

    def __init__(self, environ: Environ) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        key = name.upper().replace("-", "_")
        value: str = self._environ["CONTENT_TYPE" if key == "CONTENT_TYPE" else "HTTP_" + key]
        return value

    def __iter__(self) -> Iterator[str]:
        names = (key for key in self._environ if key.startswith("HTTP_"))
        return (name[5:].replace("_", "-").lower() for name in names)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _refusal(status: int, code: str, message: str) -> Ack:
    return Ack(status, "application/json", orjson.dumps({"code": code, "message": message}))
