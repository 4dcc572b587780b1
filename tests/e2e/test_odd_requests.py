"""What no gateway sends: refused by its own status, over real HTTP, with nothing kept."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

import pytest
import requests

from tests.e2e.callers import PATIENCE_S, dialler, new_number

if TYPE_CHECKING:
    from tests.e2e.conftest import House

_ROUTES = ("ussd", "ussd-end", "sms", "delivery", "optout")


def _refused(answer: requests.Response) -> int:
    """Give the status of an answer that refuses in our words."""
    assert set(answer.json()) == {"code", "message"}
    return answer.status_code


@pytest.mark.parametrize("route", _ROUTES)
def test_every_webhook_refuses_what_it_cannot_mean(house: House, route: str) -> None:
    url = house.up.url("at-ke", route)
    token = url.split("/")[-2]
    with requests.Session() as gateway:

        def post(data: bytes, to: str = url) -> int:
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            return _refused(gateway.post(to, data=data, headers=form, timeout=10))

        assert post(b"text=" + b"a" * 1_000_000) == 413
        assert post(b"text=" + b"a" * 8192) == 413
        assert post(b"text=\xff\xfe") == 400
        assert post(b"text=%ff%fe") == 400
        assert post(b"text=%zz") == 400
        assert post(b"text=a&text=b") == 400
        assert post(b"") == 400
        assert post(b"&".join(b"a%d=1" % n for n in range(65))) == 400
        assert post(b"", url.replace(token, "another-token")) == 403
        assert post(b"", url.replace(f"/{token}", "")) == 403
        assert post(b"", url.replace("/at-ke/", "/nobody/")) == 404
        assert post(b"", url + "/more") == 404
        for method in ("GET", "PUT", "DELETE"):
            assert _refused(gateway.request(method, url, timeout=10)) == 405


def test_a_turn_for_another_code_and_a_text_to_another_number_are_refused(house: House) -> None:
    turn = {"sessionId": "x", "phoneNumber": new_number(), "text": "", "serviceCode": "*999#"}
    text = {"id": "x", "from": new_number(), "to": "99999", "text": "HELP"}
    for route, form in (("ussd", turn), ("sms", text)):
        answer = requests.post(house.up.url("at-ke", route), data=form, timeout=10)
        assert _refused(answer) == 400


def test_twilio_without_its_signature_is_refused(house: House) -> None:
    for route in ("sms", "status"):
        answer = requests.post(house.up.url("tw", route), data={"MessageSid": "SM1"}, timeout=10)
        assert _refused(answer) == 403


def test_half_sent_posts_without_the_token_keep_nobody_waiting(house: House) -> None:
    held = []
    try:
        for path in (b"at-ke/guessed/ussd", b"at-ke/sms", b"sim/a/b/sms", b"nobody/sms") * 10:
            held.append(socket.create_connection(("127.0.0.1", house.up.port), 5))
            head = b"POST /hooks/%s HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nse" % path
            held[-1].sendall(head)
        with dialler(house.up) as phone:
            assert phone.dial().took_s < PATIENCE_S
    finally:
        for connection in held:
            connection.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n",
        b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n",
        b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nsessionId=1",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 4000,
    ],
    ids=["promised much", "negative", "endless chunk", "cut short", "tls", "zeros"],
)
def test_a_broken_or_cut_off_request_harms_nobody(house: House, raw: bytes) -> None:
    path = re.sub(r"^http://[^/]+", "", house.up.url("at-ke", "ussd")).encode()
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", house.up.port), 5) as connection:
            connection.sendall(raw % path if b"%s" in raw else raw)
    assert house.up.status("/readyz") == 200
