"""Who runs in a data folder: one `smsbot up` at a time, and where the other commands find it.

`up.lock` is held by the supervisor as long as it lives, so the kernel frees it whatever happens.
`running.json` is only worth reading while that lock is held. It may hold passwords: mode 600.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from smsbot.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_LOCK = "up.lock"
_FILE = "running.json"


@dataclass(frozen=True, slots=True)
class Running:
    """A running `up`: its supervisor's process id, its address and its stores."""

    pid: int
    address: str
    port: int
    redis_url: str
    database_url: str


def hold(data: Path) -> int:
    """Take the folder for this process and give the descriptor that holds it; keep it open.

    Raises ConfigError when another `up` has it.
    """
    descriptor = os.open(data / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        other = _read_file(data)
        who = f" (process {other.pid}, {other.address})" if other else ""
        raise ConfigError(
            f"{data} is used by another `smsbot up`{who}: stop that one, or give this one a folder "
            "of its own with --data",
        ) from None
    return descriptor


def find_running(data: Path) -> Running | None:
    """Give the `up` that runs in the folder now, or None. Never waits."""
    try:
        descriptor = os.open(data / _LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _read_file(data)
    finally:
        os.close(descriptor)
    return None


def announce(data: Path, running: Running) -> None:
    """Say where the service runs. Only the holder of the folder does."""
    partial = data / (_FILE + ".new")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(running), file, indent=1)
    partial.replace(data / _FILE)


def withdraw(data: Path) -> None:
    """Forget what was announced; a killed `up` leaves it behind, which does no harm."""
    with contextlib.suppress(OSError):
        (data / _FILE).unlink()


def _read_file(data: Path) -> Running | None:
    try:
        return Running(**json.loads((data / _FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return None
