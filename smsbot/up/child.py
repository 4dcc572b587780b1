"""One child process: started in a group of its own, stopped by SIGTERM and, if need be, SIGKILL.

On Linux a child gets SIGTERM from the kernel when its supervisor dies by kill -9, and what a dead
child leaves behind (web workers, a job) becomes the supervisor's own, which ends it at the latest
when it stops.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from smsbot.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsbot.up.plan import ChildSpec

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36
_FIRST_BACKOFF_S: Final = 0.5
_LONGEST_BACKOFF_S: Final = 30.0
_HEALTHY_S: Final = 60.0
_LOCK_PATIENCE_S: Final = 15.0

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def adopt_orphans() -> None:
    """Make this process the parent of what its children leave behind (Linux)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _end_with_parent(parent: int) -> None:
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)


class Child:
    """A program of the plan and, while it runs, its process."""

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.process: subprocess.Popen[bytes] | None = None
        self.restart_at: float | None = None
        self._started_at = 0.0
        self._backoff_s = _FIRST_BACKOFF_S

    @property
    def is_running(self) -> bool:
        """Say whether it was started and its end was not yet seen."""
        return self.process is not None

    def start(self) -> None:
        """Start the program; its output goes to our stderr. Raises ConfigError if it can't."""
        lock = self._take_lock()
        me = os.getpid()
        try:
            self.process = subprocess.Popen(
                self.spec.argv,
                env=os.environ | self.spec.environ,
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr.fileno(),
                process_group=0,
                pass_fds=lock,
                preexec_fn=lambda: _end_with_parent(me),  # noqa: PLW1509 - we have one thread
            )
        except OSError as fault:
            raise ConfigError(
                f"{self.spec.name}: cannot start {self.spec.argv[0]}: {fault.strerror}"
            ) from None
        finally:
            for descriptor in lock:
                os.close(descriptor)
        self._started_at = time.monotonic()
        self.restart_at = None

    def _take_lock(self) -> tuple[int, ...]:
        if not self.spec.lock_file:
            return ()
        descriptor = os.open(self.spec.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + _LOCK_PATIENCE_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    raise ConfigError(
                        f"the {self.spec.name} of an earlier run still holds {self.spec.lock_file}: "
                        "end that process"
                    ) from None
                time.sleep(0.05)
            else:
                return (descriptor,)

    def reap(self) -> int | None:
        """Give the exit status if the process has ended since the last call, and clear its group."""
        if self.process is None:
            return None
        status = self.process.poll()
        if status is None:
            return None
        pid = self.process.pid
        self.process = None
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)  # web workers of a killed web process hold its port
        return status

    def schedule_restart(self) -> float:
        """Set when to start again and give the wait in seconds: it doubles up to half a minute."""
        now = time.monotonic()
        if now - self._started_at >= _HEALTHY_S:
            self._backoff_s = _FIRST_BACKOFF_S
        wait_s = self._backoff_s
        self._backoff_s = min(wait_s * 2, _LONGEST_BACKOFF_S)
        self.restart_at = now + wait_s
        return wait_s

    def terminate(self) -> None:
        """Ask the process to stop."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()

    def kill(self) -> None:
        """End the process, its group and its descendants at once."""
        if self.process is None:
            return
        for pid in [self.process.pid, *descendants(self.process.pid)]:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """Give the processes below `pid` (Linux; elsewhere none)."""
    found = []
    for child in _children_of(pid):
        found.append(child)
        found.extend(descendants(child))
    return found


def _children_of(pid: int) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # "12 (a name) S 1 ...": the name may hold anything, also a bracket.
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                yield int(path.parent.name)
