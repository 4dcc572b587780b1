"""What holds for every gateway: the promises of `protocol.py`, kept by each adapter alike."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote_plus

import pytest

from smsbot.errors import Forbidden, Malformed, RequestError
from smsbot.gateways.africastalking import AfricasTalking
from smsbot.gateways.protocol import Ack, Gateway, RawRequest, Route
from smsbot.gateways.twilio import Twilio
from smsbot.values import (
    Event,
    InboundSms,
    Msisdn,
    Outgoing,
    SendOutcome,
    SendRequest,
)
from tests.unit.gateways.gateway_samples import (
    AUTH,
    ME,
    OLD_TOKEN,
    TOKEN,
    africastalking,
    channel,
    post,
    signed,
    simulator,
    sms,
    twilio,
    twilio_sms,
    ussd,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Subject:
    """A gateway with what its provider would post to it."""

    name: str
    gateway: Gateway
    text_form: Mapping[str, str]
    text_field: str
    request: Callable[[bytes, Route], RawRequest]
    stranger: Callable[[bytes, Route], RawRequest]


def _at_post(token: str) -> Callable[[bytes, Route], RawRequest]:
    return lambda body, route: post(body, route.value, token=token)


def _twilio_post(auth: str) -> Callable[[bytes, Route], RawRequest]:
    def make(body: bytes, route: Route) -> RawRequest:
        fields = dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True))
        return signed(fields, route.value, auth=auth, body=body)

    return make


SUBJECTS = [
    Subject(
        "africastalking",
        africastalking(),
        sms(),
        "text",
        _at_post(TOKEN),
        _at_post(TOKEN + "x"),
    ),
    Subject(
        "simulator",
        simulator(),
        sms(),
        "text",
        _at_post(OLD_TOKEN),
        _at_post(""),
    ),
    Subject(
        "twilio",
        twilio(),
        twilio_sms(),
        "Body",
        _twilio_post(AUTH),
        _twilio_post("somebody-else"),
    ),
]
each = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)

TEXTS = [
    "SCAM Nimetumiwa pesa kwa makosa",
    "J'ai reçu un message bizarre, ça va ? é è à ù œ",
    "ሰላም፣ ገንዘብ ተላከልኝ",
    "Na gode ƙwarai ɗan'uwa ʼyar",
    "{euro} €5 [x] ~ ^ | \\",
    "😀👍🏽 &=+%#;",
    " 1 ",
    "line\nbreak",
]


def _encoded(form: Mapping[str, str]) -> bytes:
    return "&".join(f"{quote_plus(k)}={quote_plus(v)}" for k, v in form.items()).encode()


@each
def test_it_is_what_the_protocol_asks(subject: Subject) -> None:
    gateway: Gateway = subject.gateway
    assert gateway.routes
    assert gateway.routes <= set(Route)
    assert gateway.max_batch >= 1
    assert gateway.has_credentials
    assert gateway.channel.gateway == subject.name


@each
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_arrives_letter_by_letter(subject: Subject, text: str) -> None:
    request = subject.request(_encoded({**subject.text_form, subject.text_field: text}), Route.SMS)
    event = subject.gateway.parse(request, Route.SMS)
    assert isinstance(event, InboundSms)
    assert event.text == text
    assert event.sender == Msisdn(ME)


@each
def test_the_same_post_gives_the_same_event(subject: Subject) -> None:
    request = subject.request(_encoded(subject.text_form), Route.SMS)
    parse = subject.gateway.parse
    assert parse(request, Route.SMS) == parse(request, Route.SMS)


@each
def test_its_provider_is_let_in_and_a_stranger_is_not(subject: Subject) -> None:
    body = _encoded(subject.text_form)
    subject.gateway.authenticate(subject.request(body, Route.SMS), Route.SMS)
    with pytest.raises(Forbidden):
        subject.gateway.authenticate(subject.stranger(body, Route.SMS), Route.SMS)


@each
def test_an_empty_post_is_malformed_or_counted_but_never_a_crash(subject: Subject) -> None:
    for route in subject.gateway.routes:
        try:
            subject.gateway.parse(subject.request(b"", route), route)
        except RequestError as refusal:
            assert refusal.status == 400  # noqa: PT017 - either is right, a crash is not


@each
def test_random_posts_are_read_or_refused(subject: Subject) -> None:
    drawn = random.Random(384)
    names = [*subject.text_form, *ussd(), "status", "MessageStatus", "phoneNumber", "updateType"]
    values = [
        ME,
        "",
        "None",
        "0",
        "\0",
        "é" * 200,
        "9" * 200,
        "%",
    ]
    for _ in range(600):
        pairs = [
            f"{drawn.choice(names)}={_random_value(drawn, values)}"
            for _ in range(drawn.randrange(8))
        ]
        body = "&".join(pairs).encode()
        for route in subject.gateway.routes:
            try:
                event: object = subject.gateway.parse(post(body, route.value), route)
            except RequestError as refusal:
                assert refusal.status in {400, 404}  # noqa: PT017 - as above
                assert "711000111" not in str(refusal)  # noqa: PT017 - as above
            else:
                assert isinstance(event, Event)


def _random_value(drawn: random.Random, values: list[str]) -> str:
    if drawn.random() < 0.5:
        return quote_plus(drawn.choice(values))
    return "".join(drawn.choices(string.printable, k=drawn.randrange(12))).replace("&", "")


@each
def test_a_json_post_is_malformed(subject: Subject) -> None:
    request = post(b"{}", "sms", **{"content-type": "application/json"})
    with pytest.raises(Malformed):
        subject.gateway.parse(request, Route.SMS)


@each
def test_the_answer_to_an_event_is_a_plain_200(subject: Subject) -> None:
    for route in subject.gateway.routes:
        ack = subject.gateway.ack(route)
        assert isinstance(ack, Ack)
        assert ack.status == 200


def test_without_credentials_nothing_is_asked_and_the_account_is_named() -> None:
    people = tuple(Outgoing(n, Msisdn(ME)) for n in (2, 1))
    at = AfricasTalking(channel(), username="", api_key="")
    for gateway in (at, Twilio(channel("twilio"), account_sid="", tokens=(AUTH,))):
        results = gateway.send(SendRequest("Habari", people, segments=1))
        assert [(r.message_id, r.outcome, r.code) for r in results] == [
            (2, SendOutcome.ACCOUNT, "no_credentials"),
            (1, SendOutcome.ACCOUNT, "no_credentials"),
        ]


def test_the_simulator_gives_the_same_id_for_the_same_message() -> None:
    request = SendRequest("Habari", (Outgoing(7, Msisdn(ME)),), segments=2)
    (first,), (second,) = simulator().send(request), simulator().send(request)
    assert first == second
    assert (first.gateway_id, first.segments, first.cost_micros) == ("sim-7", 2, 0)
