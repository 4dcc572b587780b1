"""Read the answer to a send: who was accepted, who was not, and what nobody can say.

A 2xx may hold no success at all: a code for each recipient, an empty list with the reason in
`Message`, fewer recipients than were asked for, in another order. So recipients are found by their
number. Codes: developers.africastalking.com, SMS, "Sending".
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from smsbot.gateways.africastalking_forms import NO_ID
from smsbot.gateways.fields import MAX_ID, money_of, words_of
from smsbot.gateways.verdict import Verdict, verdict_of_status
from smsbot.values import SendOutcome, SendResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smsbot.values import Outgoing

OUTCOMES = {
    100: SendOutcome.ACCEPTED,
    101: SendOutcome.ACCEPTED,
    102: SendOutcome.ACCEPTED,
    401: SendOutcome.ACCOUNT,
    402: SendOutcome.ACCOUNT,
    403: SendOutcome.REFUSED,
    404: SendOutcome.REFUSED,
    405: SendOutcome.ACCOUNT,
    406: SendOutcome.OPTED_OUT,
    407: SendOutcome.RETRY,
    409: SendOutcome.RETRY,
    502: SendOutcome.RETRY,
}
"""statusCode of a recipient. 409 (Nigeria's do-not-disturb) waits until 08:00 in Africa/Lagos;
502 was handed to the operator's gateway and rejected by it, so nothing went out."""

_FAILED_WITHIN = frozenset({500, 501})
"""They failed while they had it: not sent for certain only if they gave it no id."""

_CODES_BY_WORD = {
    "processed": 100,
    "sent": 101,
    "success": 101,
    "queued": 102,
    "riskhold": 401,
    "invalidsenderid": 402,
    "invalidphonenumber": 403,
    "unsupportednumbertype": 404,
    "insufficientbalance": 405,
    "userinblacklist": 406,
    "couldnotroute": 407,
    "donotdisturbrejection": 409,
    "internalservererror": 500,
    "gatewayerror": 501,
    "rejectedbygateway": 502,
}
_SENT_OF = re.compile(r"sent to (\d{1,6})/(\d{1,6})", re.IGNORECASE)
_DO_NOT_DISTURB = 409  # comes as the HTTP status too
_OK = range(200, 300)


def read_answer(
    status: int, headers: Mapping[str, str], text: str, asked: Sequence[Outgoing]
) -> list[SendResult]:
    """Give the result of every recipient that was asked for, in that order."""
    data = _message_data(text)
    listed = None if data is None else data.get("Recipients")
    if isinstance(listed, list) and listed:
        return _by_recipient(data or {}, listed, asked)
    if status == _DO_NOT_DISTURB:
        verdict = Verdict(SendOutcome.RETRY, "409", "do not disturb until 08:00 in Africa/Lagos")
    elif status not in _OK:
        verdict = verdict_of_status(status, headers)
    elif data is not None and listed == []:
        verdict = _nobody(words_of(str(data.get("Message", ""))), len(asked))
    else:
        verdict = Verdict(SendOutcome.UNKNOWN, f"http_{status}", "the answer can't be read")
    return [verdict.on(recipient.message_id) for recipient in asked]


def _message_data(text: str) -> dict[str, Any] | None:
    # Read here and not by the SDK: it gives plain text back for `application/json; charset=utf-8`.
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return None
    data = answer.get("SMSMessageData") if isinstance(answer, dict) else None
    return data if isinstance(data, dict) else None


def _by_recipient(
    data: Mapping[str, Any], listed: list[Any], asked: Sequence[Outgoing]
) -> list[SendResult]:
    entries = [entry for entry in listed if isinstance(entry, dict)]
    by_number = {_digits(entry.get("number")): entry for entry in entries}
    if len(asked) == 1 and len(entries) == 1:
        by_number = {_digits(asked[0].to.e164): entries[0]}  # some answers name no number
    absent = _absent(data, entries)
    return [
        _result(recipient.message_id, entry)
        if (entry := by_number.get(_digits(recipient.to.e164))) is not None
        else absent.on(recipient.message_id)
        for recipient in asked
    ]


def _absent(data: Mapping[str, Any], entries: list[dict[str, Any]]) -> Verdict:
    """Judge those whom the answer leaves out, by the count of the sent that it gives."""
    count = _SENT_OF.search(str(data.get("Message", "")))
    accepted = sum(OUTCOMES.get(_code(entry) or 0) is SendOutcome.ACCEPTED for entry in entries)
    if count is not None and int(count[1]) == accepted:
        return Verdict(SendOutcome.REFUSED, "left_out", "the gateway left this number out")
    return Verdict(SendOutcome.UNKNOWN, "left_out", "the answer does not name this number")


def _result(message_id: int, entry: Mapping[str, Any]) -> SendResult:
    code = _code(entry)
    gateway_id = _gateway_id(entry.get("messageId"))
    outcome = OUTCOMES.get(code or 0, SendOutcome.UNKNOWN)
    if code in _FAILED_WITHIN and not gateway_id:
        outcome = SendOutcome.RETRY
    if code is None and str(entry.get("status", "")).strip().lower() == "failed":
        outcome = SendOutcome.REFUSED
    taken = outcome in (SendOutcome.ACCEPTED, SendOutcome.UNKNOWN)
    cost_micros, currency = money_of(str(entry.get("cost", ""))) if taken else (None, "")
    return SendResult(
        message_id,
        outcome,
        gateway_id=gateway_id if taken else "",
        code="" if code is None else str(code),
        words=words_of(str(entry.get("status", "")), 40),
        cost_micros=cost_micros,
        currency=currency,
    )


def _nobody(message: str, asked: int) -> Verdict:
    """Judge `Recipients: []`: nobody was taken, and the reason is words in `Message`."""
    plain = message.lower().replace(" ", "")
    count = _SENT_OF.search(message)
    if count is not None and int(count[1]) > 0:
        return Verdict(SendOutcome.UNKNOWN, "no_recipients", message)
    if "balance" in plain or "credit" in plain:
        return Verdict(SendOutcome.ACCOUNT, "405", message)
    if "sender" in plain:
        return Verdict(SendOutcome.ACCOUNT, "402", message)
    if "blacklist" in plain and asked == 1:
        return Verdict(SendOutcome.OPTED_OUT, "406", message)
    if count is not None or "number" in plain or "recipient" in plain or "blacklist" in plain:
        return Verdict(SendOutcome.REFUSED, "403", message)
    return Verdict(SendOutcome.ACCOUNT, "no_recipients", message)


def _code(entry: Mapping[str, Any]) -> int | None:
    try:
        return int(entry["statusCode"])
    except (KeyError, TypeError, ValueError):
        pass  # some answers have the word alone
    return _CODES_BY_WORD.get(str(entry.get("status", "")).strip().lower())


def _gateway_id(raw: object) -> str:
    found = "" if raw is None else str(raw).strip()
    usable = found.lower() != NO_ID and found.isprintable() and len(found) <= MAX_ID
    return found if usable else ""


def _digits(raw: object) -> str:
    return str(raw or "").strip().lstrip("+")
