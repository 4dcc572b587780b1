"""A known number and a known secret go through every route; afterwards they stand nowhere in clear."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests

from smsbot.fakegateway import FakeGateway, UssdFault
from tests.e2e.callers import REPORT, Texter, dialler
from tests.e2e.running import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.e2e.conftest import House
    from tests.e2e.running import Starter, Up

NUMBER = "+254718273645"
ACCUSED = "+254729384756"
PIN = "80417263"
SECRET = "siri yangu ni zebra-mlima"
_LOOK_FOR = (
    *(NUMBER[1:], "0" + NUMBER[4:], NUMBER[4:], "0718 273 645", "254 718 273 645"),
    *(ACCUSED[1:], "0" + ACCUSED[4:], ACCUSED[4:]),
    *(PIN, SECRET, quote(SECRET), "zebra-mlima"),
)


def _found_in(raw: bytes, where: str) -> list[str]:
    """Name what of the canary stands in these bytes, in the ways in which texts are written down."""
    return [
        f"{secret!r} in {where}"
        for secret in _LOOK_FOR
        for encoding in ("utf-8", "utf-16-le")
        if secret.encode(encoding) in raw
    ]


def _hostile_posts(up: Up) -> Iterator[tuple[str, dict[str, str] | bytes]]:
    """Posts with the number and the secret in fields where they don't belong, or broken."""
    everywhere = (NUMBER, f"{SECRET} {PIN}", NUMBER[1:])
    for channel in ("at-ke", "sim"):
        for route in ("ussd", "ussd-end", "sms", "delivery", "optout"):
            url = up.url(channel, route)
            names = (
                *("sessionId", "id", "status", "phoneNumber", "from", "serviceCode", "to", "text"),
                *("failureReason", "networkCode", "errorMessage", "lastAppResponse", "updateType"),
            )
            for value in everywhere:
                yield url, dict.fromkeys(names, value)
                yield url, {value: value, "phoneNumber": value, "serviceCode": "*384*123#"}
            yield url, f"text={NUMBER}&text={PIN}&{SECRET}=%zz".encode()
            yield url, NUMBER.encode() + b"\xff" + SECRET.encode()
            yield url.replace("/hooks/", f"/hooks/{quote(SECRET)}/"), {"text": PIN}
            yield re.sub("/hooks/[^/]+/[^/]+/", f"/hooks/{channel}/{quote(NUMBER)}/", url), {}
    yield up.url("tw", "sms"), {"From": NUMBER, "Body": f"{SECRET} {PIN}", "MessageSid": NUMBER}
    yield up.url("tw", "status"), {"To": NUMBER, "MessageSid": PIN, "MessageStatus": SECRET}


def _dial_with_secrets(up: Up) -> None:
    with dialler(up, number=NUMBER) as phone:
        phone.dial()
        for key in (
            *REPORT[:2],
            "2",
            PIN,
            f"{SECRET} {PIN} {ACCUSED}",
        ):  # an amount, and free words
            if not phone.page.ends:
                phone.answer(key)
    with dialler(up, number=NUMBER) as phone:
        phone.dial()
        for key in ("1", PIN, "2", f"{SECRET} {PIN}"):
            phone.answer(key)
        phone.resend()
        phone.end(up.url("at-ke", "ussd-end"), errorMessage=SECRET)
    with dialler(up, number=NUMBER) as phone:
        phone.dial(f"3*{PIN}*{SECRET}")
        with pytest.raises(UssdFault):
            phone.go_back_to("1*" + SECRET * 400)


def _text_with_secrets(up: Up) -> None:
    writer = Texter(up, NUMBER)
    texts = (
        f"{SECRET} {PIN}",
        f"SCAM Umeshinda KSh 50,000! Piga {ACCUSED} au 0{ACCUSED[4:]}. PIN {PIN} {SECRET}",
        f"Confirmed. You have received Ksh3,500 from {NUMBER}. {SECRET}. Send PIN {PIN} to {ACCUSED}",
        *("SCAM", f"CHECK {ACCUSED}", f"STATUS {PIN}", f"WHY {PIN}", f"REGION {SECRET} {PIN}"),
        *("WRONG", PIN, "Kiswahili", "JOIN", "MYDATA", f"MYDATA {PIN}", "STOP", "START"),
    )
    for words in texts:
        assert writer.send(words) == 200
    code = re.search(r"MYDATA (\d{6})", writer.ask("MYDATA"))
    if code:
        writer.ask(code[0])
    ref = up.ref(NUMBER)
    gone = "SELECT gateway_id FROM messages WHERE ref = :r AND gateway_id IS NOT NULL"
    for (id_,) in up.rows(gone, r=ref):
        for status in ("Sent", "Failed"):
            form = {"id": id_, "status": status, "phoneNumber": NUMBER, "failureReason": SECRET}
            assert requests.post(up.url("at-ke", "delivery"), data=form, timeout=10).ok
    form = {"phoneNumber": NUMBER, "senderId": "22384"}
    assert requests.post(up.url("at-ke", "optout"), data=form, timeout=10).ok


def _delete(up: Up) -> None:
    writer = Texter(up, NUMBER)
    code = re.search(r"\b\d{6}\b", writer.ask("DELETE"))
    assert code
    assert writer.send(f"DELETE {code[0]}") == 200


def _in_redis(up: Up) -> Sequence[str]:
    client, found = up.redis(), []
    try:
        for key in client.scan_iter("*", count=1000):
            value = b"%r" % (_value(client, key),) + (client.dump(key) or b"")
            found += _found_in(key, "a Redis key") + _found_in(value, f"the value of {key!r}")
    finally:
        client.close()
    return found


def _value(client: Any, key: bytes) -> Any:
    match client.type(key):
        case b"string":
            return client.get(key)
        case b"hash":
            return client.hgetall(key)
        case b"list":
            return client.lrange(key, 0, -1)
        case b"set":
            return client.smembers(key)
        case b"zset":
            return client.zrange(key, 0, -1, withscores=True)
        case b"stream":
            return client.xrange(key)
        case _:
            return b""


def _in_files(folder: Path) -> Sequence[str]:
    found = []
    for path in sorted(folder.rglob("*")):
        found += _found_in(str(path.relative_to(folder)).encode(), "a file's name")
        if path.is_file():
            found += _found_in(path.read_bytes(), path.name)
    return found


def _everywhere(up: Up) -> Sequence[str]:
    return [
        *_found_in(up.errors.read_bytes(), "the log"),
        *_found_in(up.output.read_bytes(), "what was printed"),
        *_found_in(up.get("/metrics")[1].encode(), "/metrics"),
        *_found_in(up.get("/readyz")[1].encode(), "/readyz"),
        *_in_redis(up),
        *_in_files(up.data),  # SQLite with its WAL, the append-only file, metrics, secrets
    ]


def test_a_number_and_a_secret_stand_nowhere_in_clear(house: House) -> None:
    _push_it_through(house.up)


@pytest.mark.drill
def test_nor_do_they_with_the_content_that_is_shipped(starter: Starter) -> None:
    with FakeGateway() as gateway:
        up = starter.start(**gateway.environment)
        up.wait_until_ready()
        _push_it_through(up)
        assert up.stop() == 0
        assert [*_found_in(up.errors.read_bytes(), "the log"), *_in_files(up.data)] == []


def _push_it_through(up: Up) -> None:
    assert _found_in(f"x{NUMBER}y".encode(), "the sieve")
    _dial_with_secrets(up)
    _text_with_secrets(up)
    for url, form in _hostile_posts(up):
        assert requests.post(url, data=form, timeout=10).status_code in (200, 400, 403, 404, 409)
    requests.get(f"http://127.0.0.1:{up.port}/simulator/messages", {"to": SECRET}, timeout=10)
    requests.get(f"http://127.0.0.1:{up.port}/{quote(SECRET)}/{NUMBER}", timeout=10)
    assert _everywhere(up) == []  # also while turns still wait in the journal
    until(up.drained, 30)
    assert up.value("SELECT count(*) FROM inbound WHERE ref = :r", r=up.ref(NUMBER)) > 10
    assert up.value("SELECT count(*) FROM turns WHERE ref = :r", r=up.ref(NUMBER)) > 10
    assert up.value("SELECT count(*) FROM reports WHERE ref = :r", r=up.ref(NUMBER)) >= 2
    assert _everywhere(up) == []
    _delete(up)
    until(up.drained, 30)
    assert _everywhere(up) == []
