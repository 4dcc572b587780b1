"""Sending by the official SDKs to a pretend provider over real HTTP."""

from __future__ import annotations

import logging
import os
import socket
import threading
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from smsbot.fakegateway import FakeGateway, Fault
from smsbot.gateways import africastalking_api, twilio_api, verdict
from smsbot.gateways.africastalking import AfricasTalking
from smsbot.gateways.simulator import Simulator
from smsbot.gateways.twilio import Twilio
from smsbot.values import (
    Channel,
    ChannelKind,
    Msisdn,
    Outgoing,
    Prices,
    SendOutcome,
    SendRequest,
    SendResult,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.gateways.protocol import Gateway

TEXT = "Ukipokea pesa \u201ckwa makosa\u201d, usizirudishe. Piga 100 \U0001f600"
BASE = "https://bot.example.org"
SHORT_WAIT_S = (1.0, 0.4)


@pytest.fixture(scope="module")
def at_fake() -> Iterator[FakeGateway]:
    with FakeGateway("africastalking") as fake:
        yield fake


@pytest.fixture(scope="module")
def twilio_fake() -> Iterator[FakeGateway]:
    with FakeGateway("twilio") as fake:
        yield fake


@pytest.fixture(autouse=True)
def _clean(at_fake: FakeGateway, twilio_fake: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    for fake in (at_fake, twilio_fake):
        fake.behave(rates={}, numbers={}, balance=None, retry_after_s=7)
        fake.reset()
    for module in (africastalking_api, twilio_api, verdict):
        monkeypatch.setattr(module, "TIMEOUT_S", SHORT_WAIT_S)


def _channel(gateway: str, sender: str) -> Channel:
    return Channel(
        id="tw" if gateway == "twilio" else "at-ke",
        gateway=gateway,
        kinds=frozenset({ChannelKind.SMS}),
        languages=("sw",),
        country="KE",
        timezone=ZoneInfo("Africa/Nairobi"),
        prices=Prices("KES", 800_000),
        sender=sender,
    )


def _africastalking(fake: FakeGateway, url: str = "", key: str = "") -> AfricasTalking:
    given = fake.api.environment
    return AfricasTalking(
        _channel("africastalking", "22384"),
        username=given["AFRICASTALKING_USERNAME"],
        api_key=key or given["AFRICASTALKING_API_KEY"],
        base_url=url or fake.url,
    )


def _twilio(fake: FakeGateway, url: str = "", **more: object) -> Twilio:
    given = fake.api.environment
    sender = more.pop("sender", "+254711000999")
    arguments = {
        "account_sid": given["TWILIO_ACCOUNT_SID"],
        "tokens": (given["TWILIO_AUTH_TOKEN"],),
        "public_url": BASE,
        "base_url": url or fake.url,
    } | more
    return Twilio(_channel("twilio", str(sender)), **arguments)  # type: ignore[arg-type]


def _request(count: int = 1, text: str = TEXT) -> SendRequest:
    people = tuple(Outgoing(n, Msisdn(f"+2547110{n:05}")) for n in range(1, count + 1))
    return SendRequest(text, people, segments=2)


def _kinds(results: object) -> list[str]:
    assert isinstance(results, list)
    return [result.outcome.value for result in results]


# --- Africa's Talking ---------------------------------------------------------------------------


def test_one_request_takes_a_hundred_people(at_fake: FakeGateway) -> None:
    results = _africastalking(at_fake).send(_request(100))
    assert _kinds(results) == ["accepted"] * 100
    assert [result.message_id for result in results] == list(range(1, 101))
    assert len({result.gateway_id for result in results}) == 100
    assert (results[0].cost_micros, results[0].currency, results[0].code) == (800_000, "KES", "101")
    stats = at_fake.stats()
    assert (stats["requests"], stats["accepted"], stats["twice"]) == (1, 100, 0)


@pytest.mark.parametrize(
    ("fault", "outcomes", "taken"),
    [
        (Fault.CHARSET, ["accepted"] * 4, 4),
        (Fault.SHUFFLED, ["accepted"] * 4, 4),
        (Fault.ODD_IDS, ["accepted"] * 4, 4),
        (Fault.PARTIAL, ["accepted", "refused"] * 2, 2),
        (Fault.LEFT_OUT, ["accepted"] * 3 + ["refused"], 3),
        (Fault.OPTED_OUT, ["opted_out"] * 4, 0),
        (Fault.BALANCE, ["account"] * 4, 0),
        (Fault.EMPTY, ["account"] * 4, 0),
        (Fault.UNAUTHORIZED, ["account"] * 4, 0),
        (Fault.THROTTLE, ["retry"] * 4, 0),
        (Fault.REDIRECT, ["unknown"] * 4, 0),
        (Fault.ERROR, ["unknown"] * 4, 0),
        (Fault.ERROR_AFTER, ["unknown"] * 4, 4),
        (Fault.HTML_502, ["unknown"] * 4, 0),
        (Fault.GARBLED, ["unknown"] * 4, 4),
        (Fault.HANG, ["unknown"] * 4, 0),
        (Fault.HANG_AFTER, ["unknown"] * 4, 4),
        (Fault.DROP, ["unknown"] * 4, 0),
        (Fault.DROP_AFTER, ["unknown"] * 4, 4),
    ],
)
def test_every_fault_has_its_outcome_and_none_is_sent_twice(
    at_fake: FakeGateway, fault: Fault, outcomes: list[str], taken: int
) -> None:
    at_fake.next(fault)
    results = _africastalking(at_fake).send(_request(4))
    assert _kinds(results) == outcomes
    stats = at_fake.stats()
    assert (stats["requests"], stats["accepted"], stats["twice"]) == (1, taken, 0)
    assert stats["answers"] == {fault.value: 1}


def test_what_was_taken_without_an_id_has_none(at_fake: FakeGateway) -> None:
    at_fake.next(Fault.ODD_IDS)
    (result,) = _africastalking(at_fake).send(_request())
    assert (result.outcome, result.gateway_id) == (SendOutcome.ACCEPTED, "")


def test_the_pause_that_a_gateway_asks_for_is_passed_on(at_fake: FakeGateway) -> None:
    at_fake.next(Fault.THROTTLE)
    (result,) = _africastalking(at_fake).send(_request())
    assert (result.outcome, result.retry_after_s, result.code) == (
        SendOutcome.RETRY,
        7.0,
        "http_429",
    )


def test_money_that_ends_within_a_request_splits_it(at_fake: FakeGateway) -> None:
    at_fake.behave(balance=2)
    assert _kinds(_africastalking(at_fake).send(_request(4))) == ["accepted"] * 2 + ["account"] * 2


def test_each_number_may_have_a_code_of_its_own(at_fake: FakeGateway) -> None:
    codes = [101, 403, 406, 407, 409, 500, 502]
    at_fake.behave(numbers={f"+2547110{n:05}": code for n, code in enumerate(codes, 1)})
    results = _africastalking(at_fake).send(_request(len(codes)))
    assert [result.code for result in results] == [str(code) for code in codes]
    assert _kinds(results) == [
        "accepted",
        "refused",
        "opted_out",
        "retry",
        "retry",
        "retry",  # 500 without a message id: it never made one
        "retry",
    ]


def test_a_wrong_key_is_the_accounts_fault(at_fake: FakeGateway) -> None:
    (result,) = _africastalking(at_fake, key="another").send(_request())
    assert (result.outcome, result.code) == (SendOutcome.ACCOUNT, "http_401")


@pytest.mark.parametrize("number", ["+254711000001\n", "+٢٥٤٧١١٠٠٠٠٠١", "0711000001", "+2", ""])
def test_what_is_no_number_is_refused_here_and_the_rest_is_sent(
    at_fake: FakeGateway, number: str
) -> None:
    people = (Outgoing(1, Msisdn(number)), Outgoing(2, Msisdn("+254711000002")))
    results = _africastalking(at_fake).send(SendRequest(TEXT, people, 2))
    assert _kinds(results) == ["refused", "accepted"]
    assert _kinds(_africastalking(at_fake).send(SendRequest(TEXT, people[:1], 2))) == ["refused"]
    assert at_fake.stats()["requests"] == 1


def test_one_number_twice_in_a_request_is_sent_once(at_fake: FakeGateway) -> None:
    twice = tuple(Outgoing(n, Msisdn("+254711000001")) for n in (1, 2))
    results = _africastalking(at_fake).send(SendRequest(TEXT, twice, 2))
    assert _kinds(results) == ["accepted", "retry"]
    assert at_fake.stats()["twice"] == 0


def test_a_connection_is_kept_and_made_anew_after_a_fork(at_fake: FakeGateway) -> None:
    gateway = _africastalking(at_fake)
    gateway.send(_request())
    service = gateway._connected()._service
    before = service._sessions.get()
    assert service._sessions.get() is before
    child = os.fork()
    if child == 0:  # pragma: no cover - the child leaves at once
        os._exit(0 if service._sessions.get() is not before else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_connection_that_rested_is_not_trusted(
    at_fake: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = _africastalking(at_fake)
    gateway.send(_request())
    sessions = gateway._connected()._service._sessions
    before = sessions.get()
    monkeypatch.setattr("smsbot.gateways.pool.IDLE_S", -1)
    assert sessions.get() is not before


def test_threads_have_connections_of_their_own(at_fake: FakeGateway) -> None:
    gateway = _africastalking(at_fake)
    found: list[SendResult] = []
    threads = [
        threading.Thread(target=lambda: found.extend(gateway.send(_request(5)))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _kinds(found) == ["accepted"] * 20


# --- Twilio -------------------------------------------------------------------------------------


def test_a_message_is_created_with_our_id_in_its_callback(twilio_fake: FakeGateway) -> None:
    results = _twilio(twilio_fake).send(_request(2))
    assert _kinds(results) == ["accepted", "accepted"]
    first = results[0]
    assert first.gateway_id.startswith("SM")
    assert (first.segments, first.cost_micros, first.words) == (1, None, "queued")
    assert twilio_fake.stats()["accepted"] == 2


def test_a_messaging_service_sends_without_knowing_its_segments(twilio_fake: FakeGateway) -> None:
    (result,) = _twilio(twilio_fake, sender="MG" + "7" * 32).send(_request())
    assert (result.outcome, result.segments, result.words) == (
        SendOutcome.ACCEPTED,
        None,
        "accepted",
    )


@pytest.mark.parametrize(
    ("fault", "outcome", "code", "taken"),
    [
        (Fault.CHARSET, "accepted", "", 1),
        (Fault.ODD_IDS, "accepted", "", 1),
        (Fault.OPTED_OUT, "opted_out", "21610", 0),
        (Fault.QUEUE_FULL, "retry", "21611", 0),
        (Fault.PROBLEM, "refused", "21211", 0),
        (Fault.PARTIAL, "refused", "21211", 0),
        (Fault.BALANCE, "account", "20003", 0),
        (Fault.UNAUTHORIZED, "account", "http_401", 0),
        (Fault.THROTTLE, "retry", "20429", 0),
        (Fault.REDIRECT, "unknown", "http_302", 0),
        (Fault.ERROR, "unknown", "http_500", 0),
        (Fault.ERROR_AFTER, "unknown", "http_500", 1),
        (Fault.HTML_502, "unknown", "http_502", 0),
        (Fault.GARBLED, "unknown", "unreadable", 1),
        (Fault.HANG, "unknown", "no_answer", 0),
        (Fault.HANG_AFTER, "unknown", "no_answer", 1),
        (Fault.DROP, "unknown", "lost", 0),
        (Fault.DROP_AFTER, "unknown", "lost", 1),
    ],
)
def test_every_fault_of_twilio_has_its_outcome(
    twilio_fake: FakeGateway, fault: Fault, outcome: str, code: str, taken: int
) -> None:
    twilio_fake.next(fault)
    (result,) = _twilio(twilio_fake).send(_request())
    assert (result.outcome.value, result.code) == (outcome, code)
    stats = twilio_fake.stats()
    assert (stats["requests"], stats["accepted"], stats["twice"]) == (1, taken, 0)


def test_twilios_pause_is_read_though_the_sdk_hides_it(twilio_fake: FakeGateway) -> None:
    twilio_fake.next(Fault.THROTTLE)
    (result,) = _twilio(twilio_fake).send(_request())
    assert result.retry_after_s == 7.0


def test_the_next_token_is_tried_when_the_first_is_no_longer_good(
    twilio_fake: FakeGateway,
) -> None:
    good = twilio_fake.api.environment["TWILIO_AUTH_TOKEN"]
    (result,) = _twilio(twilio_fake, tokens=("retired", good)).send(_request())
    assert result.outcome is SendOutcome.ACCEPTED
    (result,) = _twilio(twilio_fake, tokens=("retired", "older")).send(_request())
    assert (result.outcome, result.code) == (SendOutcome.ACCOUNT, "20003")


def test_another_account_is_the_accounts_fault(twilio_fake: FakeGateway) -> None:
    (result,) = _twilio(twilio_fake, account_sid="AC" + "0" * 32).send(_request())
    assert (result.outcome, result.code) == (SendOutcome.ACCOUNT, "20404")


def test_a_text_too_long_is_refused_by_its_code(twilio_fake: FakeGateway) -> None:
    (result,) = _twilio(twilio_fake).send(_request(text="x" * 1601))
    assert (result.outcome, result.code) == (SendOutcome.REFUSED, "21617")


@pytest.mark.parametrize(
    ("public_url", "base_url", "callback"),
    [
        ("https://bot.example.org", "", "https://bot.example.org/hooks/tw/status"),
        ("https://bot.example.org/", "", "https://bot.example.org/hooks/tw/status"),
        (
            "https://bot.example.org",
            "http://127.0.0.1:1",
            "https://bot.example.org/hooks/tw/status",
        ),
        ("http://127.0.0.1:8000", "http://127.0.0.1:1", "http://127.0.0.1:8000/hooks/tw/status"),
        ("http://127.0.0.1:8000", "", ""),
        ("https://127.0.0.1:8000", "", ""),
        ("https://10.0.0.7", "", ""),
        ("https://8.8.8.8", "", "https://8.8.8.8/hooks/tw/status"),
        ("https://my_bot.example.org", "", ""),
        ("https://bot", "", ""),
        ("https://bot.local", "", ""),
        ("http://bot.example.org", "", ""),
        ("", "", ""),
    ],
)
def test_twilio_is_given_a_callback_only_where_it_can_reach_one(
    public_url: str, base_url: str, callback: str
) -> None:
    assert twilio_api._callback(public_url, "tw", base_url) == callback


def test_nothing_of_a_message_is_logged(
    at_fake: FakeGateway, twilio_fake: FakeGateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    at_fake.next(Fault.ERROR)
    twilio_fake.next(Fault.OPTED_OUT)
    results = [
        *_africastalking(at_fake).send(_request()),
        *_twilio(twilio_fake).send(_request()),
        *_twilio(twilio_fake).send(_request()),
    ]
    shown = caplog.text + repr(results)
    assert "71100001" not in shown
    assert "Ukipokea" not in shown


# --- both ---------------------------------------------------------------------------------------


def _closed_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}"


def test_a_refused_connection_proves_that_nothing_was_sent(
    at_fake: FakeGateway, twilio_fake: FakeGateway
) -> None:
    closed = _closed_port()
    for results in (
        _africastalking(at_fake, closed).send(_request(3)),
        _twilio(twilio_fake, closed).send(_request()),
    ):
        assert {(r.outcome, r.code) for r in results} == {(SendOutcome.RETRY, "no_connection")}


def test_a_name_that_does_not_exist_proves_that_nothing_was_sent(at_fake: FakeGateway) -> None:
    results = _africastalking(at_fake, "http://nowhere.invalid").send(_request())
    assert [(r.outcome, r.code) for r in results] == [(SendOutcome.RETRY, "no_connection")]


def _gateways(at_fake: FakeGateway, twilio_fake: FakeGateway) -> list[Gateway]:
    simulator = Simulator(_channel("simulator", "22384"))
    return [_africastalking(at_fake), _twilio(twilio_fake), simulator]


def test_every_gateway_gives_one_result_for_each_recipient_in_their_order(
    at_fake: FakeGateway, twilio_fake: FakeGateway
) -> None:
    people = tuple(reversed(_request(3).recipients))
    for gateway in _gateways(at_fake, twilio_fake):
        results = gateway.send(SendRequest(TEXT, people, segments=2))
        assert [result.message_id for result in results] == [3, 2, 1]
        assert {result.outcome for result in results} == {SendOutcome.ACCEPTED}
        assert len({result.gateway_id for result in results}) == 3


def test_sending_to_nobody_asks_nothing(at_fake: FakeGateway, twilio_fake: FakeGateway) -> None:
    for gateway in _gateways(at_fake, twilio_fake):
        assert list(gateway.send(SendRequest(TEXT, (), segments=2))) == []
    assert at_fake.stats()["requests"] == twilio_fake.stats()["requests"] == 0
