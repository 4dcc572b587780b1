"""The service's own processes with a pretend gateway, for measurements; all ended by their ids."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Self
from urllib.request import Request, urlopen

from bench.turns import free_port, wait_for
from smsbot.storage.database import Database
from smsbot.up import redis_server
from smsbot.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TOKEN = "bench-token-0123456789abcdef"
SECRET = "a-secret-of-the-benchmark-only-0123456789"
PII_KEY = "a-key-of-the-benchmark-012345678901"
_SERVES_S = 3.0


def channels(**changes: object) -> str:
    """Give a channels.yaml with one channel, `at-ke`."""
    lines = {
        "gateway": "africastalking",
        "kinds": "[sms]",
        "sender": '"22384"',
        "country": "KE",
        "timezone": "Africa/Nairobi",
        "languages": "[en]",
        "rate": 2000,
        "price": "{currency: KES, default: 0.8}",
        "tariff": "free",
        "tokens": f"[{TOKEN}]",
        "quiet_hours": "none",
    } | changes
    return "\n".join(
        ["channels:", "  - id: at-ke", *(f"    {k}: {v}" for k, v in lines.items() if v), ""]
    )


class Rig:
    """Redis, a pretend gateway, and our web, workers and ticker. `database` empty: SQLite."""

    def __init__(
        self,
        folder: Path,
        *,
        database: str = "",
        listed: str = "",
        workers: int = 1,
        gateway: Sequence[str] = ("--latency", "100"),
    ) -> None:
        self.folder = folder
        self._children: list[subprocess.Popen[str]] = []
        (folder / "channels.yaml").write_text(listed or channels())
        self._environ = dict(os.environ)
        redis = self._start(redis_server.command(folder))
        redis_server.wait_until_ready(redis_server.url(folder), redis)
        self.database_url = database or f"sqlite:///{folder / 'smsbot.sqlite3'}"
        self._environ |= {
            "SMSBOT_REDIS_URL": redis_server.url(folder),
            "SMSBOT_DATABASE_URL": self.database_url,
            "SMSBOT_DATA": str(folder),
            "SMSBOT_CHANNELS": str(folder / "channels.yaml"),
            "SMSBOT_SECRET_KEY": SECRET,
            "SMSBOT_PII_KEYS": PII_KEY,
            "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
        }
        smsbot = (sys.executable, "-m", "smsbot")
        self.fake = self._start([*smsbot, "fake-gateway", *gateway], reads=True)
        assert self.fake.stdout is not None
        self.gateway = self.fake.stdout.readline().split()[1]
        self.fake.stdout.readline()  # the control address
        self._environ |= dict(
            self.fake.stdout.readline().strip().split("=", 1) for _ in ("name", "key", "address")
        )
        subprocess.run([*smsbot, "db", "upgrade"], env=self._environ, check=True)
        self.port = free_port()
        self.web = self._start([sys.executable, "-m", "smsbot.up.web", "--port", str(self.port)])
        self.workers = [
            self._start([sys.executable, "-m", "smsbot.up.worker"]) for _ in range(workers)
        ]
        self.worker = self.workers[0]
        self.ticker = self._start([*smsbot, "ticker"])
        wait_for(self.port)
        time.sleep(_SERVES_S)

    def _start(self, command: list[str], *, reads: bool = False) -> subprocess.Popen[str]:
        with (self.folder / "bench.log").open("ab") as log:
            child = subprocess.Popen(
                command,
                env=self._environ,
                stdout=subprocess.PIPE if reads else log,
                stderr=log,
                text=True,
            )
        self._children.append(child)
        return child

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for child in reversed(self._children):
            child.terminate()
            child.wait(60)

    def open_database(self) -> Database:
        """Give its database; close it."""
        return Database(self.database_url, patience_s=20)

    def vault(self) -> Vault:
        """Give its keys."""
        return Vault(SECRET, [PII_KEY])

    def stats(self) -> dict[str, Any]:
        """Give what the gateway counted."""
        with urlopen(f"{self.gateway}/control/stats") as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def behave(self, **changes: object) -> None:
        """Let the gateway behave otherwise."""
        asked = Request(f"{self.gateway}/control/behaviour", json.dumps(changes).encode())
        with urlopen(asked):
            pass

    def taken(self) -> dict[str, list[float]]:
        """Give when the gateway took texts, by number, in order."""
        found = defaultdict(list)
        with urlopen(f"{self.gateway}/control/accepted") as answer:
            for line in answer:
                one = json.loads(line)
                found[one["number"]].append(one["at"])
        return found
