"""A pretend phone at Africa's Talking's USSD gateway, as unforgiving as the real one.

It sends the whole transcript with each turn, sends turns twice or at once as the network does, and
ends the session with a fault where the real gateway would show the citizen its own error text.
"""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests

from smsbot.text.gsm import Encoding, measure

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

ANSWER_WITHIN_S = 10.0
ROOM = {Encoding.GSM7: 160, Encoding.UCS2: 70}
_OK = 200


class UssdFault(AssertionError):
    """The answer is one at which the gateway ends the session with its own error text."""


@dataclass(frozen=True, slots=True)
class Page:
    """What the phone shows, whether the session is over, and how long the answer took."""

    text: str
    ends: bool
    took_s: float


class UssdPhone:
    """One caller. `dial` begins a session; every later call is of that session."""

    def __init__(
        self,
        url: str,
        *,
        number: str,
        service_code: str = "*384*123#",
        network: str = "63902",
        answer_within_s: float = ANSWER_WITHIN_S,
        room: dict[Encoding, int] | None = None,
    ) -> None:
        self._url = url
        self.number = number
        self._fixed = {
            "serviceCode": service_code,
            "phoneNumber": number,
            "networkCode": network,
        }
        self._answer_within_s = answer_within_s
        self._room = room or ROOM
        self._http = requests.Session()
        self._http.trust_env = False
        self.session_id = ""
        self.transcript = ""
        self.page = Page("", ends=True, took_s=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def dial(self, path: str = "", session_id: str = "") -> Page:
        """Begin a session; `path` is what was dialled behind the service code (`1*2`)."""
        self.session_id = session_id or f"ATUid_{uuid.uuid4().hex}"
        self.transcript = path
        return self._turn()

    def answer(self, text: str) -> Page:
        """Type and send."""
        self._type(text)
        return self._turn()

    def resend(self) -> Page:
        """Let the gateway send the last turn again; the page must be the same."""
        before = self.page
        again = self._turn()
        if (again.text, again.ends) != (before.text, before.ends):
            raise UssdFault("the same turn sent twice was answered in two ways")
        return again

    def overlap(self, text: str, times: int = 2) -> Page:
        """Type, and let the gateway send that turn several times at once; all pages must agree."""
        self._type(text)
        with ThreadPoolExecutor(times) as posts:
            pages = list(posts.map(lambda _: self._post(self.transcript), range(times)))
        if len({(page.text, page.ends) for page in pages}) != 1:
            raise UssdFault("the same turn sent at once was answered in two ways")
        self.page = pages[0]
        return self.page

    def go_back_to(self, transcript: str) -> Page:
        """Let the gateway send a transcript that is shorter or another (out of order)."""
        self.transcript = transcript
        return self._turn()

    def reset(self) -> Page:
        """Begin again under the same session id, as some networks do."""
        return self.go_back_to("")

    def end(self, end_url: str, status: str = "", **more: str) -> int:
        """Post the end event and give the status of the answer; the real one often posts none."""
        form = self._fixed | {
            "date": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()),
            "sessionId": self.session_id,
            "status": status or ("Success" if self.page.ends else "Incomplete"),
            "cost": "KES 0.5",
            "durationInMillis": "12000",
            "hopsCount": str(self.transcript.count("*") + 1),
            "input": self.transcript,
            "lastAppResponse": self.page.text,
        }
        return self._http.post(end_url, data=form | more, timeout=self._answer_within_s).status_code

    def _type(self, text: str) -> None:
        if self.page.ends:
            raise UssdFault("the session is over: nothing can be typed")
        self.transcript = f"{self.transcript}*{text}" if self.transcript else text

    def _turn(self) -> Page:
        self.page = self._post(self.transcript)
        return self.page

    def _post(self, transcript: str) -> Page:
        form = self._fixed | {"sessionId": self.session_id, "text": transcript}
        began = time.monotonic()
        try:
            answer = self._http.post(
                self._url, data=form, timeout=self._answer_within_s, allow_redirects=False
            )
        except requests.RequestException as fault:
            raise UssdFault(f"no answer: {type(fault).__name__}") from None
        took_s = time.monotonic() - began
        if took_s > self._answer_within_s:
            raise UssdFault(f"the answer took {took_s:.1f} s")
        return self._read(answer, took_s)

    def _read(self, answer: requests.Response, took_s: float) -> Page:
        if answer.status_code != _OK:
            raise UssdFault(f"the answer's status is {answer.status_code}")
        if not answer.headers.get("Content-Type", "").startswith("text/plain"):
            raise UssdFault("the answer is not text/plain")
        try:
            body = answer.content.decode()
        except UnicodeDecodeError:
            raise UssdFault("the answer is not UTF-8") from None
        word, text = body[:4], body[4:]
        if word not in ("CON ", "END "):
            raise UssdFault("the answer begins neither with CON nor with END and a space")
        if not text.strip() or text[0].isspace():
            raise UssdFault("the page is empty, or begins with a blank")
        if "\r" in text or "\ufeff" in text:
            raise UssdFault("the page has a carriage return or a byte order mark")
        encoding, units = measure(text)
        if units > self._room[encoding]:
            raise UssdFault(f"the page has {units} units of {encoding}; {self._room[encoding]} fit")
        return Page(text, ends=word == "END ", took_s=took_s)
