"""Raw requests and answers known from another gateway's tests, where their file is at hand.

What is parsed must be the same. Statuses and words may differ on purpose: see
docs/decisions/051-what-a-webhook-refuses.md. The file is no part of this repository.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from smsbot.errors import Forbidden, Malformed
from smsbot.gateways.africastalking_answer import read_answer
from smsbot.gateways.protocol import RawRequest, Route
from smsbot.gateways.twilio import Twilio, body_text
from smsbot.gateways.twilio_codes import verdict_of_error
from smsbot.gateways.twilio_signature import SHA1, Secret, is_signed
from smsbot.values import (
    Ignored,
    InboundSms,
    MessageState,
    Msisdn,
    Outgoing,
    Receipt,
    SendOutcome,
)
from tests.unit.gateways.gateway_samples import africastalking, twilio

_FOLDER = os.environ.get("SMSBOT_SHARED_DATA", str(Path(__file__).parents[4] / "shared" / "data"))
_FILE = Path(_FOLDER) / "gateway-cases.json"
if not _FILE.exists():
    pytest.skip("the shared cases are not at hand", allow_module_level=True)

KNOWN: dict[str, Any] = json.loads(_FILE.read_text())
CASES: list[dict[str, Any]] = [
    case
    for case in KNOWN["cases"]
    if case["channel"].get("scheme", "tel") == "tel" and "whatsapp" not in str(case["expect"])
]
DELIVERED = {"delivered": MessageState.DELIVERED, "failed": MessageState.FAILED}
# We tell what expired and what was not delivered from what failed.
MAPPED = {
    "africastalking": {"Expired": MessageState.EXPIRED},
    "twilio": {"undelivered": MessageState.UNDELIVERED},
}
OUTCOMES = {
    "wired": {SendOutcome.ACCEPTED},
    "errored_retry": {SendOutcome.RETRY},
    "failed_final": {SendOutcome.REFUSED, SendOutcome.OPTED_OUT, SendOutcome.ACCOUNT},
}


def _of(*kinds: str) -> list[Any]:
    return [pytest.param(case, id=case["id"]) for case in CASES if case["kind"] in kinds]


def _request(case: dict[str, Any]) -> RawRequest:
    raw = case["request"]
    headers = {"content-type": raw["content_type"]}
    headers |= {name.lower(): value for name, value in raw.get("headers", {}).items()}
    url = raw.get("signed_url") or "https://localhost" + raw["path"]
    return RawRequest(raw["method"], url, "", raw["body"].encode(), headers)


def _parse(case: dict[str, Any]) -> object:
    route = Route.SMS if case["kind"] == "message" else None
    if case["provider"] == "africastalking":
        gateway = africastalking(sender="", country=case["channel"]["country_for_parsing"])
        return gateway.parse(_request(case), route or Route.DELIVERY)
    return _twilio(case).parse(_request(case), route or Route.STATUS)


def _twilio(case: dict[str, Any]) -> Twilio:
    token = case["channel"]["config"].get("auth_token", "")
    return twilio(tokens=(token,), sender="", country=case["channel"]["country_for_parsing"])


@pytest.mark.parametrize("case", _of("message"))
def test_a_text_is_parsed_alike(case: dict[str, Any]) -> None:
    expected = case["expect"]
    if "required" in expected.get("response_contains", ""):
        with pytest.raises(Malformed):
            _parse(case)
        return
    event = _parse(case)
    if "urn" not in expected and expected["http_status"] == 400:
        signature = case["request"].get("signature")
        if signature is None:  # a name as sender: refused there, stored and counted here
            assert isinstance(event, InboundSms)
            assert event.sender is None
        return
    if not expected.get("text"):
        assert event == Ignored("blank")  # pictures alone: not fetched here
        return
    assert isinstance(event, InboundSms)
    assert event.sender == Msisdn(expected["urn"].removeprefix("tel:"))
    assert (event.text, event.gateway_id) == (expected["text"], expected["external_id"])
    if "received_on" in expected:
        assert event.sent_at is not None
        assert event.sent_at.isoformat().replace("+00:00", "Z") == expected["received_on"]


@pytest.mark.parametrize("case", _of("status"))
def test_a_status_is_parsed_alike(case: dict[str, Any]) -> None:
    event = _parse(case)
    updates = case["expect"].get("status_updates")
    if updates:
        assert isinstance(event, Receipt)
        assert event.state is DELIVERED[updates[0]["status"]]
        if "external_id" in updates[0]:
            assert event.gateway_id == updates[0]["external_id"]
        left = any(found["type"] == "stop_contact" for found in case["expect"].get("events", []))
        assert event.opted_out is left
    elif case["expect"]["http_status"] == 400:
        assert isinstance(event, Receipt)  # an unknown word: refused there, counted here
        assert event.state is None
    else:
        assert event == Ignored("no_status")


SIGNED = [
    param
    for param in _of("message", "status")
    if param.values[0]["provider"] == "twilio"
    and "no_signature" not in param.values[0]["channel"]["type"]
]


@pytest.mark.parametrize("case", SIGNED)
def test_a_signature_is_judged_alike(case: dict[str, Any]) -> None:
    route = Route.SMS if case["kind"] == "message" else Route.STATUS
    if case["request"]["signature"] in ("none", "invalid"):
        with pytest.raises(Forbidden):
            _twilio(case).authenticate(_request(case), route)
    else:
        _twilio(case).authenticate(_request(case), route)


def test_the_published_signature_holds() -> None:
    known = KNOWN["signature_check"]
    secret = Secret.parse(known["auth_token"])
    assert is_signed(known["url"], known["params"].items(), known["expected"], [secret], SHA1)


@pytest.mark.parametrize("known", KNOWN["twilio_base64_body"], ids=lambda one: one["in"][:12])
def test_base64_bodies_are_unpacked_alike(known: dict[str, str]) -> None:
    assert body_text(known["in"]) == known["out"]


@pytest.mark.parametrize("provider", ["africastalking", "twilio"])
def test_status_words_mean_the_same(provider: str) -> None:
    from smsbot.gateways import africastalking_forms
    from smsbot.gateways import twilio as twilio_module

    states = {"sent": MessageState.ACCEPTED, "read": MessageState.DELIVERED, **DELIVERED}
    ours = africastalking_forms.STATES if provider == "africastalking" else twilio_module.STATES
    for word, meaning in KNOWN["status_maps"][provider].items():
        if not word.startswith("<"):
            wanted = MAPPED[provider].get(word, states[meaning])
            assert ours[word.lower()] is wanted, word


@pytest.mark.parametrize("case", _of("send"))
def test_an_answer_to_a_send_is_classed_alike(case: dict[str, Any]) -> None:
    reply = case["provider_replies"][0]
    if case["provider"] == "africastalking":
        asked = [Outgoing(1, Msisdn(case["message"]["urn"].removeprefix("tel:")))]
        (result,) = read_answer(reply["status"], {}, reply["body"], asked)
        assert result.outcome in OUTCOMES[case["expect"]["outcome"]]
        if case["expect"]["external_ids"]:
            assert result.gateway_id == case["expect"]["external_ids"][0]
        return
    body = json.loads(reply["body"])
    if reply["status"] in range(200, 300):
        assert case["expect"]["outcome"] == "wired"
        return
    verdict = verdict_of_error(reply["status"], body.get("code"), {})
    assert verdict.outcome in OUTCOMES[case["expect"]["outcome"]]
    stopped = case["expect"].get("error") == "contact_stopped"
    assert (verdict.outcome is SendOutcome.OPTED_OUT) is stopped
