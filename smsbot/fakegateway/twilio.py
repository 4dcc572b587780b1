"""A pretend Twilio: its Messages API, signed webhooks and callbacks, retries of its own."""

from __future__ import annotations

import hmac
import re
import time
import uuid
from base64 import b64encode
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import orjson

from smsbot.errors import Malformed
from smsbot.fakegateway.behaviour import Fault
from smsbot.fakegateway.http import Answer, Reply, Request
from smsbot.gateways.form import parse_form
from smsbot.text.segments import segment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smsbot.fakegateway.behaviour import InboundText
    from smsbot.fakegateway.world import Report, World

LONGEST_BODY = 1600

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_KNOWN_FIELDS = frozenset(
    {
        *("To", "From", "MessagingServiceSid", "Body", "StatusCallback", "ValidityPeriod"),
        *("SmartEncoded", "MediaUrl", "ContentSid", "ScheduleType", "SendAt"),
    }
)
_CODES_OF_FAULTS = {
    Fault.OPTED_OUT: 21610,
    Fault.QUEUE_FULL: 21611,
    Fault.BALANCE: 20003,
    Fault.PARTIAL: 21211,
    Fault.PROBLEM: 21211,
}
_STATUSES_OF_CODES = {20003: 401, 20404: 404, 20429: 429}
_FINAL_FAILURES = {"21610": "failed", "30007": "undelivered", "": "undelivered"}


class TwilioApi:
    """`POST /2010-04-01/Accounts/{sid}/Messages.json`."""

    account_sid = "AC" + "f" * 32
    auth_token = "fake-auth-token-of-the-pretend-gateway"  # noqa: S105 - it opens nothing
    address_setting = "TWILIO_BASE_URL"

    def __init__(self, world: World) -> None:
        self._world = world
        self._ids = count(1)
        self.algorithm = "HMAC_SHA1"

    @property
    def environment(self) -> dict[str, str]:
        """Give the settings that make smsbot's adapter send here, but for the address."""
        return {"TWILIO_ACCOUNT_SID": self.account_sid, "TWILIO_AUTH_TOKEN": self.auth_token}

    async def answer(self, request: Request) -> Answer | None:
        """Answer, or give None for a path that the API does not have."""
        path = f"/2010-04-01/Accounts/{self.account_sid}/Messages.json"
        if request.path != path or request.method != "POST":
            return None
        at = time.time()
        world = self._world
        world.ledger.requests += 1
        form = self._checked(request)
        if isinstance(form, Reply):
            world.ledger.answers[f"refused_{form.status}"] += 1
            return form
        fault = await world.meet()
        undone = world.answer_without_taking(fault)
        if undone is not None:
            return undone
        code = _CODES_OF_FAULTS.get(fault) if fault else None
        code = code or world.behaviour.numbers.get(form["To"])
        if code is None and not world.pays_for(1):
            code = 20003
        if code is not None:
            return _problem(code) if fault is Fault.PROBLEM else _error(code)
        segments = segment(form["Body"]).segments
        world.ledger.take(at, [form["To"]], form["Body"], segments)
        sid = f"SM{next(self._ids):032x}"
        await self._report(sid, form)
        named = sid if fault is not Fault.ODD_IDS else None
        return world.answer_after_taking(fault, self._created(named, form, segments))

    def _checked(self, request: Request) -> dict[str, str] | Reply:
        ours = b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {ours}":
            return _error(20003)
        if request.headers.get("content-type") != "application/x-www-form-urlencoded":
            return Reply(415, b'{"code": 20001, "message": "Unsupported Media Type"}')
        try:
            form = parse_form(request.body, request.headers)
        except Malformed:
            return _error(20001)
        if set(form) - _KNOWN_FIELDS:
            return _error(20001)
        code = _code_of(form)
        return _error(code) if code else form

    def _created(self, sid: str | None, form: dict[str, str], segments: int) -> Reply:
        by_service = "MessagingServiceSid" in form
        message = {
            "sid": sid,
            "account_sid": self.account_sid,
            "to": form["To"],
            "from": form.get("From"),
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "body": form["Body"],
            "status": "accepted" if by_service else "queued",
            "num_segments": "0" if by_service else str(segments),
            "num_media": "0",
            "price": None,
            "price_unit": "USD",
            "error_code": None,
            "error_message": None,
            "direction": "outbound-api",
            "api_version": "2010-04-01",
        }
        return Reply(201, orjson.dumps(message))

    async def _report(self, sid: str, form: dict[str, str]) -> None:
        plan = self._world.behaviour.receipts
        url = plan.url or form.get("StatusCallback", "")
        if plan.when == "off" or not url:
            return
        reports = [list(self._reports(sid, form, url))]
        if plan.when == "before":
            await self._world.report(reports)
        else:
            self._world.later(self._world.report(reports))

    def _reports(self, sid: str, form: dict[str, str], url: str) -> Iterable[Report]:
        reason = self._world.behaviour.receipts.reason
        fails = self._world.behaviour.fails()
        final = _FINAL_FAILURES.get(reason, "failed") if fails else "delivered"
        for status in ("sent", final):
            fields = {
                "SmsSid": sid,
                "MessageSid": sid,
                "SmsStatus": status,
                "MessageStatus": status,
                "To": form["To"],
                "From": form.get("From", ""),
                "AccountSid": self.account_sid,
                "ApiVersion": "2010-04-01",
            }
            if fails and status == final and reason:
                fields["ErrorCode"] = reason
            yield url, urlencode(fields).encode(), self.signed(url, fields)

    def signed(self, url: str, fields: dict[str, str]) -> dict[str, str]:
        """Give the headers with which this post would come; the address is the public one."""
        digest = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}[self.algorithm]
        signing = url + "".join(name + value for name, value in sorted(fields.items()))
        mac = hmac.new(self.auth_token.encode(), signing.encode(), digest).digest()
        headers = {"X-Twilio-Signature": b64encode(mac).decode(), "User-Agent": "TwilioProxy/1.1"}
        if self.algorithm != "HMAC_SHA1":
            settings = f"key=webhooks_sharedkey_1,algorithm={self.algorithm}"
            headers["X-Twilio-Webhooks-Signature-Settings"] = settings
        return headers

    async def post_sms(self, inbound: InboundText) -> int:
        """Post a text from a person; again under the same idempotency token if that fails.

        Gives how many posts it took, or 0 if none got a 2xx.
        """
        sid = inbound.id or f"SM{next(self._ids):032x}"
        form = {
            "SmsMessageSid": sid,
            "SmsSid": sid,
            "MessageSid": sid,
            "SmsStatus": "received",
            "NumMedia": "0",
            "NumSegments": "1",
            "Body": inbound.text,
            "From": inbound.from_,
            "To": inbound.to,
            "AccountSid": self.account_sid,
            "ApiVersion": "2010-04-01",
        } | inbound.fields
        token = {"I-Twilio-Idempotency-Token": str(uuid.uuid4())}
        headers = self.signed(inbound.public_url or inbound.url, form) | token
        for tried in range(1, inbound.most + 1):
            status = await self._world.post(inbound.url, urlencode(form).encode(), headers)
            if 200 <= status < 300:  # noqa: PLR2004 - HTTP's successes
                return tried
        return 0


def _code_of(form: dict[str, str]) -> int | None:
    """Give the error code of a form that the API would refuse."""
    if not form.get("To"):
        return 21604
    if not _E164.fullmatch(form["To"]):
        return 21211
    if not (form.get("From") or form.get("MessagingServiceSid")):
        return 21603
    if not form.get("Body"):
        return 21602
    if len(form["Body"]) > LONGEST_BODY:
        return 21617
    callback = form.get("StatusCallback", "")
    host = urlsplit(callback).hostname if callback else "none"
    return 21609 if not host or "_" in host else None


def _error(code: int) -> Reply:
    status = _STATUSES_OF_CODES.get(code, 400)
    more = f"https://www.twilio.com/docs/errors/{code}"
    words = f"Error {code}"
    body = {"code": code, "message": words, "more_info": more, "status": status}
    return Reply(status, orjson.dumps(body))


def _problem(code: int) -> Reply:
    body = {
        "type": f"https://www.twilio.com/docs/errors/{code}",
        "title": "Invalid parameter",
        "status": 400,
        "code": code,
        "detail": "A parameter is invalid",
    }
    return Reply(400, orjson.dumps(body), "application/problem+json")
