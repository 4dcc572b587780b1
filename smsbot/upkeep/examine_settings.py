"""Are the secrets strong, the gateways' accounts set, and is there room on the disk?"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from smsbot.config import read_made_secrets
from smsbot.upkeep.findings import Finding, fail, ok, warn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from smsbot.config import Settings
    from smsbot.gateways.protocol import Gateway

_FEWEST_DIFFERENT: Final = 12
"""Characters of a secret that differ from each other; 32 random ones have 18 and more."""
_TELLTALE: Final = (
    "changeme",
    "change-me",
    "secret",
    "password",
    "example",
    "default",
    "0123456789",
)
_MB: Final = 1024 * 1024
_ROOM_WARN_MB: Final = 1024
_ROOM_FAIL_MB: Final = 200
_MAKE: Final = 'make one: python3 -c "import secrets; print(secrets.token_urlsafe(32))"'


def examine_secrets(settings: Settings) -> Iterator[Finding]:
    """Look for secrets that a stranger could guess, that serve two ends, or that only dev has."""
    secrets = {"SMSBOT_SECRET_KEY": settings.secret_key}
    for number, key in enumerate(settings.pii_key_list, 1):
        secrets[f"SMSBOT_PII_KEYS (key {number})"] = key
    weak = [name for name, value in secrets.items() if is_guessable(value)]
    judge = warn if settings.is_dev else fail
    for name in weak:
        yield judge("secrets", f"{name} can be guessed", _MAKE)
    if len(set(secrets.values())) < len(secrets):
        weak.append("twice")
        yield judge("secrets", "one secret is used twice", _MAKE)
    if settings.is_dev and read_made_secrets(settings.data):
        yield ok("secrets", f"made for dev, kept in {settings.data}: back them up with the data")
    elif not weak:
        yield ok("secrets", "set, and not to be guessed")


def is_guessable(secret: str) -> bool:
    """Say whether a secret is short of variety or holds a word that examples hold."""
    lowered = secret.lower()
    return len(set(secret)) < _FEWEST_DIFFERENT or any(word in lowered for word in _TELLTALE)


def examine_gateways(gateways: Mapping[str, Gateway], settings: Settings) -> Iterator[Finding]:
    """Say which channels can send, and which hand their texts to the simulator."""
    for name, gateway in gateways.items():
        if gateway.channel.gateway == "simulator":
            yield ok(f"gateway {name}", "the simulator: nothing leaves this machine")
        elif gateway.has_credentials:
            yield ok(f"gateway {name}", f"{gateway.channel.gateway}, with an account")
        else:
            yield (warn if settings.is_dev else fail)(
                f"gateway {name}",
                f"{gateway.channel.gateway} has no account: its texts are only simulated",
                "set the account's variables (docs/settings.md), or take the channel out",
            )


def examine_alerting(settings: Settings) -> Finding:
    """Say whether anybody hears of trouble."""
    if (settings.smtp_url and settings.alert_to) or settings.alert_webhook:
        return ok("alerting", "somebody is told of trouble")
    words = "nobody is told when a channel pauses or the journal stops draining"
    return warn(
        "alerting", words, "set SMSBOT_SMTP_URL and SMSBOT_ALERT_TO, or SMSBOT_ALERT_WEBHOOK"
    )


def examine_disk(folders: Iterable[Path]) -> Iterator[Finding]:
    """Look at the room where the data lies."""
    for folder in folders:
        there = next(
            place for place in (folder.absolute(), *folder.absolute().parents) if place.exists()
        )
        room_mb = shutil.disk_usage(there).free // _MB
        words = f"{room_mb:,} MB are free under {folder}"
        remedy = "make room: a full disk stops every webhook that must keep something"
        if room_mb < _ROOM_FAIL_MB:
            yield fail("disk", words, remedy)
        elif room_mb < _ROOM_WARN_MB:
            yield warn("disk", words, remedy)
        else:
            yield ok("disk", words)
