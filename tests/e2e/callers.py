"""People with phones: they dial, type and text over HTTP, as their gateways would post it."""

from __future__ import annotations

import itertools
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from smsbot.content.corewords import CORE_TEXTS
from smsbot.fakegateway import UssdFault, UssdPhone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smsbot.fakegateway import Page
    from tests.e2e.running import Up

LESSON = ("1", "2", "2", "2", "1", "1")
"""From the menu through the lesson about money sent by mistake."""
REPORT = ("3", "1", "1")
"""From the menu to a report with its reference."""
PATIENCE_S = 3.0
"""What a USSD caller may wait at most, whatever is broken."""
APOLOGY = next(word.english for word in CORE_TEXTS if word.key == "apology")

_numbers = itertools.count(time.time_ns() // 1000 % 90_000 * 100)


def new_number() -> str:
    """Give a Kenyan number that nobody has used in this run."""
    return f"+25471{next(_numbers):07d}"


def dialler(up: Up, channel: str = "at-ke", number: str = "", patience_s: float = 10) -> UssdPhone:
    """Give a phone that dials; by default with the gateway's own patience."""
    url = up.url(channel, "ussd")
    return UssdPhone(url, number=number or new_number(), answer_within_s=patience_s)


def walk(phone: UssdPhone, keys: Sequence[str]) -> list[Page]:
    """Dial and type; give every page."""
    return [phone.dial(), *(phone.answer(key) for key in keys)]


def persistently(phone: UssdPhone, transcript: str, seconds: float = 60) -> Page:
    """Let the gateway post a turn until it is answered, as one that lost its connection does."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return phone.go_back_to(transcript)
        except UssdFault:
            assert time.monotonic() < deadline, "never answered"
            time.sleep(0.1)


@dataclass
class Texter:
    """A phone that texts, and reads what it was sent."""

    up: Up
    number: str
    channel: str = "at-ke"

    def send(self, words: str, id_: str = "") -> int:
        """Text us; give the status of the webhook's answer."""
        return self.post(words, id_ or str(uuid.uuid4())).status_code

    def post(self, words: str, id_: str) -> requests.Response:
        form = {
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "from": self.number,
            "to": "22384",
            "id": id_,
            "linkId": "",
            "text": words,
            "networkCode": "63902",
        }
        return requests.post(self.up.url(self.channel, "sms"), data=form, timeout=30)

    def inbox(self) -> list[dict[str, Any]]:
        """Give what this phone was sent, with states, the oldest first."""
        address = f"http://127.0.0.1:{self.up.port}/simulator/messages"
        found: list[dict[str, Any]] = requests.get(
            address, params={"to": self.number}, timeout=30
        ).json()
        return found

    def states(self) -> list[str]:
        return [row["state"] for row in self.inbox()]

    def receives(self, count: int, seconds: float = 20) -> list[str]:
        """Wait until so many texts were handed to the gateway and none waits; give their words."""
        deadline = time.monotonic() + seconds
        while True:
            rows = self.inbox()
            gone = [row["text"] for row in rows if row["state"] in ("accepted", "delivered")]
            waiting = {row["state"] for row in rows} & {"queued", "sending"}
            if len(gone) >= count and not waiting:
                return gone
            assert time.monotonic() < deadline, (count, [row["state"] for row in rows])
            time.sleep(0.05)

    def ask(self, words: str) -> str:
        """Text us, and give the last words of the answer."""
        before = self.receives(0)
        assert self.send(words) == 200
        return self.receives(len(before) + 1)[-1]


def texter(up: Up, channel: str = "at-ke") -> Texter:
    return Texter(up, new_number(), channel)
