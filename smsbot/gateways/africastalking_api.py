"""Sending by Africa's Talking's official SDK, with what it leaves out put in.

The SDK (2.0.3) opens a connection for each call, follows redirects with the API key in a header,
throws the HTTP status away and keeps its services in module globals. So: an instance of our own, a
kept connection per thread, no redirects, the status kept, the answer read by us.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from africastalking.SMS import SMSService

from smsbot.gateways.africastalking_answer import read_answer
from smsbot.gateways.pool import Sessions
from smsbot.gateways.verdict import TIMEOUT_S, Verdict, verdict_of_fault
from smsbot.values import SendOutcome, SendResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from smsbot.values import Outgoing, SendRequest

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")  # the SDK's own check takes a line break and ٢٥٤
_NOT_A_NUMBER = Verdict(SendOutcome.REFUSED, "403", "not a number in E.164")
_SAME_NUMBER = Verdict(SendOutcome.RETRY, "same_number", "the same number is in this request")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, before anybody judges it."""

    status: int
    headers: Mapping[str, str]
    text: str


class Api:
    """One account. Threads and forked workers share it; each has connections of its own."""

    def __init__(self, username: str, api_key: str, base_url: str = "") -> None:
        self._service = _Service(username, api_key, base_url)

    def send(self, request: SendRequest, *, sender: str) -> list[SendResult]:
        """Send one text to all recipients by one POST; results in the recipients' order."""
        settled: dict[int, SendResult] = {}
        asked: dict[str, Outgoing] = {}
        for recipient in request.recipients:
            number = recipient.to.e164
            if not _E164.fullmatch(number):
                settled[recipient.message_id] = _NOT_A_NUMBER.on(recipient.message_id)
            elif number in asked:
                settled[recipient.message_id] = _SAME_NUMBER.on(recipient.message_id)
            else:
                asked[number] = recipient
        for result in self._send_to(asked, request.text, sender):
            settled[result.message_id] = result
        return [settled[recipient.message_id] for recipient in request.recipients]

    def _send_to(self, asked: dict[str, Outgoing], text: str, sender: str) -> list[SendResult]:
        if not asked:
            return []
        people = list(asked.values())
        try:
            answer = self._service.send(text, list(asked), sender or None, timeout=TIMEOUT_S)
            return read_answer(answer.status, answer.headers, answer.text, people)
        except Exception as fault:  # noqa: BLE001 - whatever breaks, each recipient gets an outcome
            verdict = verdict_of_fault(fault)
            return [verdict.on(recipient.message_id) for recipient in people]


class _Service(SMSService):  # type: ignore[misc]  # the SDK has no types
    def __init__(self, username: str, api_key: str, base_url: str) -> None:
        self._base_override = base_url.rstrip("/")
        self._sessions = Sessions(base_url)
        super().__init__(username, api_key)

    def _init_service(self) -> None:
        super()._init_service()
        if self._base_override:
            self._baseUrl = self._contentUrl = self._base_override + "/version1"

    def _make_request(
        self,
        url: str,
        method: str,
        headers: Mapping[str, str],
        data: Mapping[str, Any] | None,
        params: Mapping[str, Any] | None,
        callback: object = None,  # noqa: ARG002 - the SDK's threads lose exceptions: never used
        timeout: tuple[float, float] = TIMEOUT_S,
    ) -> Answer:
        response = self._sessions.get().request(
            method,
            url,
            headers=headers,
            data=data,
            params=params,
            timeout=timeout,
            allow_redirects=False,
            auth=_as_it_is,
        )
        text = response.content.decode("utf-8", "replace")
        return Answer(response.status_code, response.headers, text)


def _as_it_is(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    """Stand where credentials would: else `requests` looks for some in the user's .netrc."""
    return prepared
