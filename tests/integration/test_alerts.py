"""Alerts, told to a real SMTP server and a real HTTP server on loopback."""

from __future__ import annotations

import hashlib
import hmac
import json
import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from smsbot.config import Settings
from smsbot.errors import ConfigError
from smsbot.storage import alerts as rows
from smsbot.storage.alerts import Kind, end_alert, raise_alert
from smsbot.storage.tables import alerts as table
from smsbot.upkeep.alerts import Told, deliver, webhook_key
from smsbot.upkeep.mail import MailServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.storage.database import Database

T0 = 1_780_000_000_000


class Sink(socketserver.StreamRequestHandler):
    """Enough of SMTP (RFC 5321) to take a mail; `server.refuse` answers 451 after DATA."""

    def handle(self) -> None:
        server: Any = self.server
        self._say("220 sink")
        while line := self.rfile.readline():
            word = line.split()[0].upper()
            if word == b"EHLO":
                self._say("250-sink\r\n250 AUTH PLAIN")
            elif word == b"AUTH":
                server.logins.append(line.split()[2])
                self._say("235 welcome")
            elif word == b"DATA":
                self._say("354 go on")
                body = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    body += part
                if server.refuse:
                    self._say("451 later")
                else:
                    server.mails.append(body.decode())
                    self._say("250 kept")
            elif word == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 fine")

    def _say(self, words: str) -> None:
        self.wfile.write(words.encode() + b"\r\n")


class Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.posts.append((body, self.headers["X-Smsbot-Signature"]))
        self.send_response(server.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words: object) -> None:
        pass


@contextmanager
def serving(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def smtp() -> Iterator[Any]:
    server: Any = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Sink)
    server.mails, server.logins, server.refuse = [], [], False
    with serving(server):
        yield server


@pytest.fixture
def hook() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.posts, server.status = [], 204
    with serving(server):
        yield server


def settings(smtp: Any = None, hook: Any = None, user: str = "") -> Settings:
    given = {"SMSBOT_SECRET_KEY": "s" * 40, "SMSBOT_PUBLIC_URL": "https://sms.example.org"}
    if smtp:
        given["SMSBOT_SMTP_URL"] = f"smtp://{user}127.0.0.1:{smtp.server_address[1]}"
        given["SMSBOT_ALERT_TO"] = "ops@example.org, duty@example.org"
    if hook:
        given["SMSBOT_ALERT_WEBHOOK"] = f"http://127.0.0.1:{hook.server_address[1]}/alerts"
    return Settings(_env_file=None, **given)  # type: ignore[call-arg]


def pause(database: Database, at: int = T0) -> bool:
    with database.write() as connection:
        return raise_alert(
            connection, Kind.CHANNEL_PAUSED, "at-ke", "The account at-ke has no balance.", at
        )


def test_a_trouble_is_told_once_while_it_lasts_and_again_when_it_comes_back(
    database: Database, smtp: Any, hook: Any
) -> None:
    ways = settings(smtp, hook)
    assert pause(database)
    assert not pause(database, T0 + 1)
    assert deliver(ways, database, T0 + 2) == Told(sent=1)
    assert deliver(ways, database, T0 + 3) == Told()
    with database.write() as connection:
        assert [alert.subject for alert in rows.ongoing(connection)] == ["at-ke"]
        assert end_alert(connection, Kind.CHANNEL_PAUSED, "at-ke", T0 + 4)
        assert not end_alert(connection, Kind.CHANNEL_PAUSED, "at-ke", T0 + 5)
        assert rows.ongoing(connection) == []
    assert pause(database, T0 + 6)
    assert deliver(ways, database, T0 + 7) == Told(sent=1)
    assert (len(smtp.mails), len(hook.posts)) == (2, 2)
    assert "The account at-ke has no balance." in smtp.mails[0]
    assert "Subject: [smsbot] channel_paused: at-ke" in smtp.mails[0]
    assert "To: ops@example.org, duty@example.org" in smtp.mails[0]


def test_the_webhook_is_signed_so_that_its_receiver_can_tell(database: Database, hook: Any) -> None:
    ways = settings(hook=hook)
    pause(database)
    deliver(ways, database, T0 + 2000)
    body, signature = hook.posts[0]
    stamp, signed = (part.split("=")[1] for part in signature.split(","))
    expected = hmac.new(
        webhook_key(ways).encode(), stamp.encode() + b"." + body, hashlib.sha256
    ).hexdigest()
    assert signed == expected
    assert int(stamp) == T0 // 1000 + 2
    told = json.loads(body)
    assert (told["kind"], told["subject"], told["at"]) == (
        "channel_paused",
        "at-ke",
        "2026-05-28T20:26:40+00:00",
    )
    assert "s" * 40 not in webhook_key(ways)


def test_a_way_that_failed_is_tried_again_later_and_the_other_is_not(
    database: Database, smtp: Any, hook: Any
) -> None:
    ways = settings(smtp, hook)
    smtp.refuse = True
    pause(database)
    assert deliver(ways, database, T0) == Told(failed=1)
    assert deliver(ways, database, T0 + 29_000) == Told()
    assert deliver(ways, database, T0 + 30_000) == Told(failed=1)
    assert deliver(ways, database, T0 + 89_000) == Told()
    smtp.refuse = False
    assert deliver(ways, database, T0 + 90_000) == Told(sent=1)
    assert (len(smtp.mails), len(hook.posts)) == (1, 1)


@pytest.mark.parametrize("status", [302, 400, 500])
def test_a_webhook_that_does_not_accept_is_tried_again(
    database: Database, hook: Any, status: int
) -> None:
    hook.status = status
    pause(database)
    assert deliver(settings(hook=hook), database, T0) == Told(failed=1)
    hook.status = 200
    assert deliver(settings(hook=hook), database, T0 + 60_000) == Told(sent=1)
    assert len(hook.posts) == 2


def test_servers_that_are_away_delay_an_alert_and_waits_grow_to_an_hour(
    database: Database, smtp: Any, hook: Any
) -> None:
    away = settings(smtp, hook)
    for server in (smtp, hook):
        server.shutdown()
        server.server_close()
    pause(database)
    now, waits = T0, []
    for _ in range(9):
        assert deliver(away, database, now) == Told(failed=1)
        with database.read() as connection:
            then = connection.execute(select(table.c.next_at)).scalar_one()
        waits.append((then - now) // 1000)
        now = then
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_without_a_way_nothing_is_lost_and_old_troubles_are_not_told_late(
    database: Database, hook: Any
) -> None:
    pause(database)
    assert deliver(settings(), database, T0) == Told()
    assert deliver(settings(hook=hook), database, T0 + 9) == Told(sent=1)
    with database.write() as connection:
        raise_alert(connection, Kind.DRAIN_FAILED, "journal", "It failed.", T0)
        end_alert(connection, Kind.DRAIN_FAILED, "journal", T0 + 1)
    assert deliver(settings(hook=hook), database, T0 + 2 * 86_400_000) == Told()


def test_a_password_goes_to_loopback_or_over_tls_only(database: Database, smtp: Any) -> None:
    pause(database)
    assert deliver(settings(smtp, user="bot:p%40ss@"), database, T0) == Told(sent=1)
    assert smtp.logins == [b"AGJvdABwQHNz"]  # PLAIN, RFC 4616: NUL bot NUL p@ss


@pytest.mark.parametrize(
    ("url", "scheme", "port"),
    [
        ("smtp://mail.example.org", "smtp", 587),
        ("smtps://u:p@mail.example.org", "smtps", 465),
        ("smtp+starttls://mail.example.org:2525", "smtp+starttls", 2525),
    ],
)
def test_a_mail_address_is_read(url: str, scheme: str, port: int) -> None:
    server = MailServer.parse(url)
    assert (server.scheme, server.host, server.port) == (scheme, "mail.example.org", port)


@pytest.mark.parametrize("url", ["mail.example.org", "http://x", "smtp://", "smtp://h/path"])
def test_a_wrong_mail_address_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError):
        MailServer.parse(url)
