"""What a log line holds, and what it never holds."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import structlog

from smsbot import log
from smsbot.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log.configure("web", stream=stream)
    yield lambda: [orjson.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("from +254711000111 today", "from [number] today"),
        ("To=%2B254711000111&x=1", "To=[number]&x=1"),
        ("namba +254 711 000-111.", "namba [number]."),
        ("whatsapp:+251911223344", "whatsapp:[number]"),
        ("0711000111", "[number]"),
        ("254711000111,", "[number],"),
        ("22384 and 500 and 3,500", "22384 and 500 and 3,500"),
        ("a1b2c3d4e5f60123456789abcdef0123", "a1b2c3d4e5f60123456789abcdef0123"),
        ("2026-11-22T08:00:00Z", "2026-11-22T08:00:00Z"),
        ("ATXid_1234567890123", "ATXid_1234567890123"),
        ("ሰላም +251911223344 ሰላም", "ሰላም [number] ሰላም"),
    ],
)
def test_what_looks_like_a_phone_number_is_struck_out(text: str, masked: str) -> None:
    assert log.mask(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("POST /hooks/at-ke/s3cr3t-token/ussd 200", "POST /hooks/at-ke/[token]/ussd 200"),
        ("/hooks/sim/s3cr3t", "/hooks/sim/[token]"),
        ("/hooks/tw/sms?x=1", "/hooks/tw/sms?x=1"),
        ("/hooks/tw/status", "/hooks/tw/status"),
        ("/hooks/at-ke/sms/sms", "/hooks/at-ke/[token]/sms"),
        ("POST /cap/s3cr3t", "POST /cap/[token]"),
    ],
)
def test_a_token_in_a_path_is_struck_out(text: str, masked: str) -> None:
    assert log.mask(text) == masked


def test_a_line_is_json_with_service_level_time_and_ids(lines: Any) -> None:
    log.get_logger(channel="at-ke").info("turn", number=3, ms=1.5)

    (line,) = lines()
    assert line["at"].endswith("Z")
    del line["at"]
    assert line == {
        "event": "turn",
        "service": "web",
        "level": "info",
        "channel": "at-ke",
        "number": 3,
        "ms": 1.5,
    }


def test_a_number_is_struck_out_however_deep_it_hides(lines: Any) -> None:
    log.get_logger().warning(
        "odd", form={"from": ["+254711000111"]}, error_of=ValueError("+254711000111")
    )

    (line,) = lines()
    assert line["form"] == {"from": ["[number]"]}
    assert line["error_of"] == "[number]"


def test_an_error_of_a_library_is_logged_without_its_message(lines: Any) -> None:
    try:
        int("my PIN is 4321")
    except ValueError:
        log.get_logger().exception("turn failed")

    (line,) = lines()
    assert line["error"] == "ValueError"
    assert line["frames"][-1].startswith("test_log.py:")
    assert "4321" not in str(line)


def test_an_error_of_ours_keeps_its_code_and_words(lines: Any) -> None:
    log.get_logger().error("refused", exc_info=ConfigError("channels.yaml:3: unknown gateway"))

    (line,) = lines()
    assert (line["code"], line["words"]) == ("config", "channels.yaml:3: unknown gateway")


def test_libraries_write_through_the_same_chain(lines: Any) -> None:
    logging.getLogger("redis.connection").warning("lost %s", "+254711000111")
    logging.getLogger("twilio.http_client").info("POST https://x To=+254711000111")
    logging.getLogger("urllib3.connectionpool").debug("POST /hooks/at-ke/t0ken/sms")
    logging.getLogger("_granian").info("Listening at 127.0.0.1")
    try:
        int("PIN 4321")
    except ValueError:
        logging.getLogger("waitress").exception("failed on PIN")

    found = lines()
    assert [(line["logger"], line["event"]) for line in found] == [
        ("redis.connection", "lost [number]"),
        ("_granian", "Listening at 127.0.0.1"),
        ("waitress", "failed on PIN"),
    ]
    assert found[2]["error"] == "ValueError"
    assert "4321" not in str(found)


@pytest.mark.parametrize(
    "place", ["raise_it()", "t = threading.Thread(target=raise_it); t.start(); t.join()"]
)
def test_what_nobody_catches_is_a_line_without_its_message(place: str) -> None:
    program = f"""
import threading
from smsbot import log
log.configure("worker")
def raise_it():
    raise ValueError("+254711000111 said my PIN is 4321")
{place}
"""
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    ).stderr

    line = orjson.loads(said)
    assert (line["event"], line["error"], line["service"]) == ("uncaught", "ValueError", "worker")
    assert "4321" not in said
