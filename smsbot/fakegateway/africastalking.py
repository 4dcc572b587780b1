"""A pretend Africa's Talking: its sending API, and its posts to us. Strict about what it is asked."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

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

MOST_RECIPIENTS = 100
PRICE = "0.8000"

_PLAIN = "text/plain; charset=utf-8"
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_KNOWN_FIELDS = frozenset(
    {"username", "to", "message", "from", "bulkSMSMode", "enqueue", "keyword", "linkId"}
)
_STATUS_WORDS = {
    100: "Processed",
    101: "Success",
    102: "Queued",
    401: "RiskHold",
    402: "InvalidSenderId",
    403: "InvalidPhoneNumber",
    404: "UnsupportedNumberType",
    405: "InsufficientBalance",
    406: "UserInBlacklist",
    407: "CouldNotRoute",
    409: "DoNotDisturbRejection",
    500: "InternalServerError",
    501: "GatewayError",
    502: "RejectedByGateway",
}
_TAKEN = frozenset({100, 101, 102})


class AfricasTalkingApi:
    """`POST /version1/messaging` and `GET /version1/user`."""

    username = "smsbot-fake"
    api_key = "fake-key-of-the-pretend-gateway"

    def __init__(self, world: World) -> None:
        self._world = world
        self._ids = count(1)

    @property
    def environment(self) -> dict[str, str]:
        """Give the settings that make smsbot's adapter send here, but for the address."""
        return {
            "AFRICASTALKING_USERNAME": self.username,
            "AFRICASTALKING_API_KEY": self.api_key,
        }

    address_setting = "AFRICASTALKING_BASE_URL"

    async def answer(self, request: Request) -> Answer | None:
        """Answer, or give None for a path that the API does not have."""
        if request.path == "/version1/messaging" and request.method == "POST":
            return await self._messaging(request)
        if request.path == "/version1/user" and request.method == "GET":
            return self._user(request)
        return None

    async def _messaging(self, request: Request) -> Answer:
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
        if fault is Fault.EMPTY:
            return _reply("InvalidSenderId", [])
        entries = self._entries(form["to"].split(","), fault)
        taken = [entry for entry in entries if entry["statusCode"] in _TAKEN]
        segments = segment(form["message"]).segments
        world.ledger.take(at, [entry["number"] for entry in taken], form["message"], segments)
        await self._report(taken)
        asked = len(entries)
        if fault is Fault.LEFT_OUT:
            entries.pop()
        if fault is Fault.SHUFFLED:
            entries.reverse()
        total = f"Total Cost: KES {float(PRICE) * len(taken):.4f}"
        good = _reply(f"Sent to {len(taken)}/{asked} {total}", entries)
        return world.answer_after_taking(fault, good)

    def _checked(self, request: Request) -> dict[str, str] | Reply:
        try:
            form = parse_form(request.body, request.headers)
        except Malformed as fault:
            return _bad(str(fault))
        by_us = (request.headers.get("apikey"), form.get("username"))
        if by_us != (self.api_key, self.username):
            return Reply(401, b"The supplied authentication is invalid", _PLAIN)
        numbers = form.get("to", "").split(",")
        demands = {
            "Accept must be application/json": request.headers.get("accept") == _JSON,
            "Content-Type must be that of a form": request.headers.get("content-type") == _FORM,
            "there is an unknown field": set(form) <= _KNOWN_FIELDS,
            "message is missing": bool(form.get("message")),
            "bulkSMSMode must be 1": form.get("bulkSMSMode", "1") == "1",
            "to must name numbers": all(numbers),
            f"to may name {MOST_RECIPIENTS} numbers": len(numbers) <= MOST_RECIPIENTS,
        }
        broken = [words for words, is_met in demands.items() if not is_met]
        return _bad(broken[0]) if broken else form

    def _entries(self, numbers: list[str], fault: Fault | None) -> list[dict[str, Any]]:
        codes = [self._code(number, place, fault) for place, number in enumerate(numbers)]
        if fault is Fault.LEFT_OUT:
            codes[-1] = 403
        paid = self._world.pays_for(sum(code in _TAKEN for code in codes))
        entries = []
        for number, wanted in zip(numbers, codes, strict=True):
            code = wanted
            if wanted in _TAKEN:
                paid -= 1
                code = wanted if paid >= 0 else 405
            is_taken = code in _TAKEN
            makes_id = is_taken and fault is not Fault.ODD_IDS
            entries.append(
                {
                    "statusCode": code,
                    "number": number,
                    "status": _STATUS_WORDS.get(code, "Odd"),
                    "cost": f"KES {PRICE}" if is_taken else "0",
                    "messageId": f"ATXid_{next(self._ids):032x}" if makes_id else "None",
                }
            )
        return entries

    def _code(self, number: str, place: int, fault: Fault | None) -> int:
        if not _E164.fullmatch(number) or (fault is Fault.PARTIAL and place % 2):
            return 403
        if fault is Fault.BALANCE:
            return 405
        if fault is Fault.OPTED_OUT:
            return 406
        return self._world.behaviour.numbers.get(number, 101)

    async def _report(self, taken: list[dict[str, Any]]) -> None:
        plan = self._world.behaviour.receipts
        if plan.when == "off" or not plan.url:
            return
        reports = [list(self._reports(entry)) for entry in taken if entry["messageId"] != "None"]
        if plan.when == "before":
            await self._world.report(reports)
        else:
            self._world.later(self._world.report(reports))

    def _reports(self, entry: dict[str, Any]) -> Iterable[Report]:
        plan, fails = self._world.behaviour.receipts, self._world.behaviour.fails()
        for status in ("Sent", "Failed" if fails else "Success"):
            form = {
                "id": entry["messageId"],
                "status": status,
                "phoneNumber": entry["number"],
                "networkCode": "63902",
                "retryCount": "0",
            }
            if status == "Failed":
                form["failureReason"] = plan.reason or "DeliveryFailure"
            yield plan.url, urlencode(form).encode(), {}

    async def post_sms(self, inbound: InboundText) -> int:
        """Post a text from a person until it is answered 200, as the real one does each minute.

        Gives how many posts it took, or 0 if `most` were not enough.
        """
        form = {
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "from": inbound.from_,
            "id": inbound.id or str(uuid.uuid4()),
            "linkId": "",
            "text": inbound.text,
            "to": inbound.to,
            "cost": "KES 0.0000",
            "networkCode": "63902",
        }
        body = urlencode(form | inbound.fields).encode()
        for tried in range(1, inbound.most + 1):
            if await self._world.post(inbound.url, body, {}) == 200:  # noqa: PLR2004 - HTTP's OK
                return tried
            await asyncio.sleep(inbound.wait_s)
        return 0

    def _user(self, request: Request) -> Reply:
        if request.headers.get("apikey") != self.api_key:
            return Reply(401, b"The supplied authentication is invalid", _PLAIN)
        if parse_qs(request.query).get("username") != [self.username]:
            return _bad("username is missing")
        return Reply(200, b'{"UserData": {"balance": "KES 1785.50"}}')


def _reply(message: str, entries: list[dict[str, Any]]) -> Reply:
    data = {"SMSMessageData": {"Message": message, "Recipients": entries}}
    return Reply(201, orjson.dumps(data))


def _bad(words: str) -> Reply:
    return Reply(400, words.encode(), _PLAIN)
