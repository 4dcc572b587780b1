"""Tell people of troubles by mail and webhook: at least once each, with patience, no person's data.

A trouble is raised where it is seen, in SQL, and told by a periodic `deliver`; so an alert survives a
crash, and a mail server that is away delays it only. The webhook's body is signed:
`X-Smsbot-Signature: t=<seconds>,v1=<hex>`, HMAC-SHA256 over `<seconds>.<body>` by `webhook_key`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from smsbot.log import get_logger
from smsbot.storage import alerts

if TYPE_CHECKING:
    from smsbot.config import Settings
    from smsbot.storage.alerts import Alert
    from smsbot.storage.database import Database

_log = get_logger()
_WEBHOOK_TIMEOUT_S = 5.0
_FIRST_WAIT_MS = 30_000
_LONGEST_WAIT_MS = 3_600_000
_OK = range(200, 300)


@dataclass(frozen=True, slots=True)
class Told:
    """What one delivery run did."""

    sent: int = 0
    failed: int = 0


def webhook_key(settings: Settings) -> str:
    """Give the key that the webhook's receiver checks signatures with; it opens nothing else."""
    return hmac.new(
        settings.secret_key.encode(), b"smsbot alert webhook", hashlib.sha256
    ).hexdigest()


def sign(key: str, body: bytes, now_s: int) -> str:
    """Give the signature header's value."""
    signed = hmac.new(key.encode(), b"%d." % now_s + body, hashlib.sha256).hexdigest()
    return f"t={now_s},v1={signed}"


def deliver(settings: Settings, database: Database, now_ms: int) -> Told:
    """Tell what is due by every way that is set up; call it every half minute or so.

    Blocks for up to 15 s an alert. A way that has an alert is not tried again for it; a crash between
    telling and marking tells it twice.
    """
    if not _ways(settings):
        return Told()
    with database.read() as connection:
        due = alerts.undelivered(connection, now_ms)
    sent = 0
    tried = 0
    for alert in due:
        with database.write() as connection:
            wait_ms = min(_FIRST_WAIT_MS * 2**alert.attempts, _LONGEST_WAIT_MS)
            if not alerts.claim(connection, alert, next_at=now_ms + wait_ms):
                continue
        tried += 1
        sent += _tell(settings, database, alert, now_ms)
    return Told(sent, tried - sent)


def _ways(settings: Settings) -> tuple[bool, bool] | None:
    mail = bool(settings.smtp_url and settings.alert_to)
    post = bool(settings.alert_webhook)
    return (mail, post) if mail or post else None


def _tell(settings: Settings, database: Database, alert: Alert, now_ms: int) -> bool:
    by_mail, by_post = _ways(settings) or (False, False)
    mailed_at, posted_at = alert.mailed_at, alert.posted_at
    if by_mail and mailed_at is None and _mail(settings, alert):
        mailed_at = now_ms
    if by_post and posted_at is None and _post(settings, alert, now_ms):
        posted_at = now_ms
    whole = (mailed_at is not None or not by_mail) and (posted_at is not None or not by_post)
    with database.write() as connection:
        alerts.mark(
            connection,
            alert.id,
            mailed_at=mailed_at,
            posted_at=posted_at,
            sent_at=now_ms if whole else None,
        )
    return whole


def _mail(settings: Settings, alert: Alert) -> bool:
    from smsbot.upkeep.mail import MailServer  # email: 1 MB that waits for the first alert

    to = [address.strip() for address in settings.alert_to.split(",") if address.strip()]
    server = MailServer.parse(settings.smtp_url)
    sender = server.user if "@" in server.user else to[0]
    since = datetime.fromtimestamp(alert.at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    body = f"{alert.words}\n\nKind: {alert.kind}\nSubject: {alert.subject}\nSince: {since}\n"
    if settings.public_url:
        body += f"Service: {settings.public_url}\n"
    try:
        server.send(
            sender=sender, to=to, subject=f"[smsbot] {alert.kind}: {alert.subject}", body=body
        )
    except OSError as fault:  # smtplib's own errors are OSErrors too
        _log.warning("alert_not_mailed", alert=alert.id, fault=type(fault).__name__)
        return False
    return True


def _post(settings: Settings, alert: Alert, now_ms: int) -> bool:
    import requests  # 5 MB that the ticker needs only where a webhook is set

    body = json.dumps(
        {
            "id": alert.id,
            "kind": alert.kind,
            "subject": alert.subject,
            "words": alert.words,
            "at": datetime.fromtimestamp(alert.at / 1000, UTC).isoformat(),
        },
    ).encode()
    headers = {
        "Content-Type": "application/json",
        "X-Smsbot-Signature": sign(webhook_key(settings), body, now_ms // 1000),
    }
    try:
        answer = requests.post(
            settings.alert_webhook,
            data=body,
            headers=headers,
            timeout=_WEBHOOK_TIMEOUT_S,
            allow_redirects=False,
        )
    except requests.RequestException as fault:
        _log.warning("alert_not_posted", alert=alert.id, fault=type(fault).__name__)
        return False
    if answer.status_code not in _OK:
        _log.warning("alert_not_posted", alert=alert.id, status=answer.status_code)
        return False
    return True
