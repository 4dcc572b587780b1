"""The webhook paths: who gets in, what hostile posts come to, and what happens while parts are away."""

from __future__ import annotations

import io
import random
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson
import pytest
from sqlalchemy import func, select

from smsbot.config import Settings
from smsbot.gateways.registry import make_gateways
from smsbot.storage.tables import inbound, messages, metadata
from smsbot.web.hooks import MAX_BODY, Hooks
from tests.integration.test_sms_turns import everything
from tests.service import Service, channel

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

    from smsbot.storage.database import Database
    from smsbot.vault import Vault

TOKEN = "token-of-the-tests-0123456789"
USSD = f"/hooks/sim/{TOKEN}/ussd"
SMS = f"/hooks/sim/{TOKEN}/sms"
TURN = {
    "sessionId": "ATUid_1",
    "serviceCode": "*384*123#",
    "phoneNumber": "+254711000111",
    "networkCode": "63902",
    "text": "",
}
TEXT = {
    "id": "msg-1",
    "from": "+254711000111",
    "to": "22384",
    "text": "pin",
    "date": "2026-11-22 12:00:00",
}


class Stalled(io.RawIOBase):
    """A body that never comes."""

    def read(self, _size: int = -1) -> bytes:
        raise AssertionError("somebody waited for the body")


class Web:
    """Posts to the WSGI application as a server would."""

    def __init__(self, service: Service) -> None:
        self.service = service
        settings = Settings(SMSBOT_ENV="dev", TWILIO_AUTH_TOKEN="12345")
        self.gateways = make_gateways([service.channel], settings)
        self.application = Hooks(
            self.gateways, service.desk, _nothing, public_url="", perf_counter=time.perf_counter
        )

    def post(
        self, path: str, form: dict[str, str] | bytes, method: str = "POST", **environ: Any
    ) -> tuple[int, str]:
        body = form if isinstance(form, bytes) else urlencode(form).encode()
        answered: list[str] = []
        given = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
            "HTTP_HOST": "localhost",
            **environ,
        }
        parts = self.application(given, lambda status, _headers, *_: answered.append(status))  # type: ignore[arg-type,return-value]
        return int(answered[0][:3]), b"".join(parts).decode()


def _nothing(_environ: Any, start: Any) -> list[bytes]:
    start("404 Not Found", [])
    return [b""]


@pytest.fixture
def web(
    database: Database, redis_client: redis.Redis, redis_url: str, vault: Vault
) -> Iterator[Web]:
    service = Service(database, redis_url, vault, everything(), channel(tokens=(TOKEN, "b" * 30)))
    yield Web(service)
    service.close()


@pytest.mark.parametrize("path", ["/hooks/sim/a-guess/ussd", "/hooks/sim/ussd", "/hooks/none/sms"])
def test_nobody_waits_for_the_body_of_a_stranger(web: Web, path: str) -> None:
    status, _ = web.post(path, b"text=1", **{"wsgi.input": Stalled()})
    assert status in (403, 404)


def test_a_turn_is_answered_in_the_gateways_form(web: Web) -> None:
    assert web.post(USSD, TURN) == (200, "CON Welcome\n1 Learn\n2 Bye\n0 Back 00 Home")
    status, page = web.post(USSD, {**TURN, "text": "2"})
    assert (status, page) == (200, "END Bye")


@pytest.mark.parametrize(
    ("path", "form", "status", "code"),
    [
        ("/hooks/sim/wrong-token/ussd", TURN, 403, "forbidden"),
        ("/hooks/sim/ussd", TURN, 403, "forbidden"),
        ("/hooks/nobody/x/ussd", TURN, 404, "unknown_channel"),
        (f"/hooks/sim/{TOKEN}/nowhere", TURN, 404, "unknown_channel"),
        (f"/hooks/sim/{TOKEN}/status", TURN, 404, "unknown_channel"),
        ("/hooks/", TURN, 404, "unknown_channel"),
        ("/hooks/sim/a/b/c/ussd", TURN, 404, "unknown_channel"),
        (USSD, {**TURN, "serviceCode": "*999#"}, 400, "wrong_address"),
        (SMS, {**TEXT, "to": "999"}, 400, "wrong_address"),
        (USSD, {k: v for k, v in TURN.items() if k != "phoneNumber"}, 400, "malformed"),
        (USSD, {**TURN, "phoneNumber": "abc"}, 400, "malformed"),
        (USSD, b"sessionId=a&sessionId=b", 400, "malformed"),
        (USSD, b"sessionId=%ff%fe&text=%", 400, "malformed"),
        (USSD, b"\xff\xfe\x00", 400, "malformed"),
        (USSD, b"", 400, "malformed"),
        (USSD, b"x" * (MAX_BODY + 1), 413, "body_too_large"),
    ],
)
def test_what_is_refused_says_why(web: Web, path: str, form: Any, status: int, code: str) -> None:
    answered, body = web.post(path, form)
    assert (answered, orjson.loads(body)["code"]) == (status, code)


def test_both_tokens_work_while_they_rotate(web: Web) -> None:
    assert web.post(f"/hooks/sim/{'b' * 30}/ussd", TURN)[0] == 200


def test_a_get_is_refused(web: Web) -> None:
    assert web.post(USSD, b"", method="GET")[0] == 405


def test_a_body_that_lies_about_its_length_is_cut(web: Web) -> None:
    assert web.post(USSD, b"x" * 1_000_000, CONTENT_LENGTH="")[0] == 413
    assert web.post(USSD, b"x", CONTENT_LENGTH="soon")[0] == 400
    assert web.post(USSD, b"x", CONTENT_LENGTH="-5")[0] == 400


def test_a_plus_that_became_a_space_is_repaired(web: Web) -> None:
    assert web.post(USSD, {**TURN, "phoneNumber": " 254711000111"})[0] == 200


def test_a_session_of_another_caller_is_a_conflict(web: Web) -> None:
    web.post(USSD, TURN)
    other = {**TURN, "phoneNumber": "+254711000222", "text": "1"}
    status, body = web.post(USSD, other)
    assert (status, orjson.loads(body)["code"]) == (409, "session_conflict")


def test_a_text_is_kept_answered_and_acknowledged_again(web: Web) -> None:
    assert [web.post(SMS, TEXT)[0] for _ in range(3)] == [200, 200, 200]
    with web.service.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(inbound)).scalar_one() == 1
        assert connection.execute(select(func.count()).select_from(messages)).scalar_one() == 1


@pytest.mark.parametrize("text", ["", "   "])
def test_a_blank_text_is_acknowledged_and_not_answered(web: Web, text: str) -> None:
    assert web.post(SMS, {**TEXT, "text": text})[0] == 200


def test_ussd_ends_kindly_while_redis_is_away(web: Web) -> None:
    web.service.link._pool.connection_kwargs["path"] = "/nowhere"
    began = time.monotonic()
    status, page = web.post(USSD, TURN)
    assert time.monotonic() - began < 3
    assert status == 200
    assert page.startswith("END Sorry")


def test_a_text_is_not_acknowledged_while_sql_is_away(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata.drop_all(web.service.database.engine)
    try:
        status, body = web.post(SMS, TEXT)
        assert status == 503
        assert "711000111" not in body
    finally:
        metadata.create_all(web.service.database.engine)


def test_random_forms_never_break_anything(web: Web) -> None:
    dice = random.Random(20261122)
    alphabet = [
        *"abc123*#+%&= \n\x00",
        "é",
        "ƙ",
        "😀",
        "اردو",
        "%ff",
        "sessionId",
        "text",
        "\ud7ff",
    ]

    def noise(most: int) -> str:
        return "".join(dice.choices(alphabet, k=dice.randint(0, most)))

    routes = ["ussd", "sms", "delivery", "optout", "ussd-end"]
    for n in range(600):
        form: dict[str, str] | bytes
        kind = n % 4
        if kind == 0:
            form = noise(60).encode("utf-8", "surrogatepass")
        elif kind == 1:
            form = dice.randbytes(dice.randint(0, 200))
        else:
            form = {**(TURN if n % 2 else TEXT), dice.choice([*TURN, *TEXT]): noise(200)}
        status, body = web.post(f"/hooks/sim/{TOKEN}/{dice.choice(routes)}", form)
        assert status in (200, 400, 409, 413), (status, body)
        assert "Traceback" not in body


def test_a_body_that_is_not_read_ends_the_connection_and_says_so(web: Web) -> None:
    """A server hangs up on an unread body; a gateway that is not told loses its next post."""

    def connection(path: str, body: bytes, **environ: Any) -> str | None:
        told: list[tuple[str, str]] = []
        given = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            **environ,
        }
        web.application(given, lambda _status, headers, *_: told.extend(headers))  # type: ignore[arg-type,return-value]
        return dict(told).get("Connection")

    assert connection("/hooks/sim/wrong-token/ussd", b"a=b") == "close"
    assert connection("/hooks/nobody/x/ussd", b"a=b") == "close"
    assert connection("/hooks/nobody/x/ussd", b"") is None
    assert connection(USSD, b"a=b") is None
    assert connection(USSD, b"x" * 1_000_000) is None  # read to its end, for the answer to arrive
    assert connection(USSD, b"x", CONTENT_LENGTH="9000000") == "close"
