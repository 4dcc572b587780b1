"""One plain mail over SMTP; the password never goes over an open line."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from smsbot.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

_SCHEMES = ("smtp", "smtps", "smtp+starttls")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes out: `smtp://user:password@host:port`, `smtps://` or `smtp+starttls://`.

    Plain `smtp` uses STARTTLS when the server offers it; a password needs TLS but on loopback.
    """

    scheme: str
    host: str
    port: int
    user: str
    password: str

    @classmethod
    def parse(cls, url: str) -> MailServer:
        """Read SMSBOT_SMTP_URL, or raise ConfigError."""
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES or not parts.hostname or parts.path.strip("/"):
            raise ConfigError(
                "SMSBOT_SMTP_URL: write smtp://user:password@host:port, smtps:// or smtp+starttls://"
            )
        return cls(
            parts.scheme,
            parts.hostname,
            parts.port or (465 if parts.scheme == "smtps" else 587),
            unquote(parts.username or ""),
            unquote(parts.password or ""),
        )

    def send(self, *, sender: str, to: Sequence[str], subject: str, body: str) -> None:
        """Send; raises OSError or smtplib.SMTPException when the server does not take it."""
        mail = EmailMessage()
        mail["From"] = sender
        mail["To"] = ", ".join(to)
        mail["Subject"] = subject
        mail.set_content(body)
        with self._connect() as server:
            server.send_message(mail)

    def _connect(self) -> smtplib.SMTP:
        tls = ssl.create_default_context()
        if self.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=_TIMEOUT_S, context=tls
            )
            encrypted = True
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT_S)
            server.ehlo()
            encrypted = self.scheme == "smtp+starttls" or server.has_extn("starttls")
            if encrypted:
                server.starttls(context=tls)
        if self.user:
            if not encrypted and self.host not in _LOOPBACK:
                server.close()
                raise smtplib.SMTPNotSupportedError("no TLS, so the password is not sent")
            server.login(self.user, self.password)
        return server
