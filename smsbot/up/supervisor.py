"""The supervisor: starts the children, restarts what crashes, stops all in order.

It is a program of its own that `smsbot up` becomes by `exec`, because it lives as long as the service
and needs none of what preparing it took: 15 MB instead of 70. Imports here are the standard library
and modules that import no more than that. It sleeps unless a child ends, a signal comes or a restart
is due. Its log lines have the shape of the service's own (`smsbot/log.py`).
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from smsbot.errors import ConfigError, SmsbotError
from smsbot.running import Running, announce, withdraw
from smsbot.up import redis_server
from smsbot.up.child import Child, adopt_orphans, descendants
from smsbot.up.plan import Plan

PLAN_VARIABLE: Final = "SMSBOT_UP_PLAN_FD"
_POLL_S: Final = 0.2
_READY_TIMEOUT_S: Final = 1.0
_SLOW_START_S: Final = 30.0
_ORPHAN_GRACE_S: Final = 2.0
_DOUBLE_SIGNAL_S: Final = 1.0
_OK: Final = 200
_MOST_OF_AN_ANSWER: Final = 8192


def say(event: str, level: str = "info", **fields: str | float | None) -> None:
    """Write a log line."""
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    line = {"event": event, **fields, "service": "up", "level": level, "at": at}
    with contextlib.suppress(OSError):  # whoever read it is gone; the service is not
        sys.stderr.write(json.dumps(line) + "\n")
        sys.stderr.flush()


class Supervisor:
    """Runs a plan in this process, which must have one thread. `run` is called once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._children = [Child(spec) for spec in plan.children]
        self._is_stopping = False
        self._is_hurried = False
        self._asked_at = 0.0
        self._is_ready = False
        self._started_at = time.monotonic()
        self._was_slow = False

    def run(self) -> int:
        """Run until SIGINT or SIGTERM; give the exit status."""
        adopt_orphans()
        self._wakeup = self._listen_to_signals()
        try:
            self._start_all()
            for line in self._plan.greeting:
                print(line, flush=True)  # noqa: T201 - what `smsbot up` tells its user
            self._announce()
            while not self._is_stopping:
                self._turn()
        except SmsbotError as fault:
            sys.stderr.write(f"smsbot: {fault}\n")
            return 1
        finally:
            self._stop_all()
            if self._plan.data:
                withdraw(Path(self._plan.data))
        return 0

    def _listen_to_signals(self) -> socket.socket:
        ours, handlers = socket.socketpair()
        ours.setblocking(False)
        handlers.setblocking(False)
        signal.set_wakeup_fd(handlers.fileno(), warn_on_full_buffer=False)
        self._handlers_end = handlers  # kept open as long as we live
        for number in (
            signal.SIGINT,
            signal.SIGTERM,
        ):  # also when a script's `&` had SIGINT ignored
            signal.signal(number, self._on_stop)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
            signal.signal(signal.SIGHUP, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        return ours

    def _on_stop(self, _number: int, _frame: object) -> None:
        now = time.monotonic()
        # A terminal and whatever started us may both pass on one Ctrl-C.
        self._is_hurried = self._is_stopping and now - self._asked_at > _DOUBLE_SIGNAL_S
        self._is_stopping = True
        self._asked_at = now

    def _sleep(self, seconds: float | None) -> None:
        if select.select([self._wakeup], [], [], seconds)[0]:
            self._wakeup.recv(4096)

    def _start_all(self) -> None:
        for child in self._children:
            if self._is_stopping:
                return
            child.start()
            assert child.process is not None
            if child.spec.redis_at:
                redis_server.wait_until_ready(child.spec.redis_at, child.process)

    def _announce(self) -> None:
        if self._plan.running is not None:
            found = Running(**{**self._plan.running, "pid": os.getpid()})  # type: ignore[arg-type]
            announce(Path(self._plan.data), found)

    def _turn(self) -> None:
        for child in self._children:
            status = child.reap()
            if status is not None:
                wait_s = child.schedule_restart()
                say(
                    "child ended",
                    "error",
                    child=child.spec.name,
                    status=status,
                    restart_in_s=wait_s,
                )
        self._reap_orphans()
        now = time.monotonic()
        for child in self._children:
            if child.restart_at is not None and child.restart_at <= now:
                self._restart(child)
        if not self._is_ready:
            self._check_ready()
        if not self._is_stopping:
            self._sleep(self._pause_s())

    def _restart(self, child: Child) -> None:
        try:
            child.start()
        except ConfigError as fault:
            say("child cannot start", "error", child=child.spec.name, words=str(fault))
            child.schedule_restart()
        else:
            say("child restarted", "warning", child=child.spec.name)

    def _pause_s(self) -> float | None:
        waits = [
            child.restart_at - time.monotonic() for child in self._children if child.restart_at
        ]
        if not self._is_ready:
            waits.append(_POLL_S)
        return max(0.0, min(waits)) if waits else None

    def _check_ready(self) -> None:
        status, detail = _ask(self._plan.ready_url) if self._plan.ready_url else (_OK, "")
        if status == _OK:
            self._is_ready = True
            print("ready", flush=True)  # noqa: T201
            say("ready", after_s=round(time.monotonic() - self._started_at, 1))
        elif not self._was_slow and time.monotonic() - self._started_at > _SLOW_START_S:
            self._was_slow = True
            say("not ready yet", "warning", url=self._plan.ready_url, status=status, detail=detail)

    def _stop_all(self) -> None:
        for child in reversed(self._children):
            child.terminate()
            self._wait_for(child)
        self._end_orphans()

    def _wait_for(self, child: Child) -> None:
        deadline = time.monotonic() + child.spec.grace_s
        was_killed = False
        while child.is_running and child.reap() is None:
            # A second Ctrl-C is impatience; Redis still gets its time to write its file.
            is_hurried = self._is_hurried and not child.spec.redis_at
            if not was_killed and (is_hurried or time.monotonic() > deadline):
                was_killed = True
                say("child killed", "warning", child=child.spec.name)
                child.kill()
            self._sleep(0.1)

    def _reap_orphans(self) -> None:
        known = {child.process.pid for child in self._children if child.process is not None}
        for pid in set(_own_children()) - known:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)

    def _end_orphans(self) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            deadline = time.monotonic() + _ORPHAN_GRACE_S
            left = descendants(os.getpid())
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, number)
            while left and time.monotonic() < deadline:
                self._reap_orphans()
                left = descendants(os.getpid())
                if left:
                    self._sleep(0.05)


def _own_children() -> list[int]:
    path = Path(f"/proc/self/task/{os.getpid()}/children")
    try:
        return [int(pid) for pid in path.read_text().split()]
    except OSError:
        return []


def _ask(url: str) -> tuple[int, str]:
    """Give status and body. By a bare socket: http.client brings ssl and email, 5 MB for life."""
    parts = urlsplit(url)
    place = (parts.hostname or "", parts.port or 80)
    try:
        with socket.create_connection(place, _READY_TIMEOUT_S) as connection:
            connection.settimeout(_READY_TIMEOUT_S)
            connection.sendall(
                f"GET {parts.path} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode()
            )
            answer = b""
            while len(answer) < _MOST_OF_AN_ANSWER and (more := connection.recv(4096)):
                answer += more
        head, _, body = answer.decode(errors="replace").partition("\r\n\r\n")
        return int(head.split()[1]), body
    except (OSError, ValueError, IndexError) as fault:
        return 0, type(fault).__name__


def become(plan: Plan, words: str, executable: str = sys.executable) -> None:
    """Turn this process into the supervisor of `plan`; does not return. `words` show in `ps`."""
    read_end, write_end = os.pipe()
    # A pipe holds 64 kB without a reader; a plan is some 3 kB.
    os.write(write_end, plan.to_json().encode())
    os.close(write_end)
    for descriptor in (read_end, *plan.held):
        os.set_inheritable(descriptor, True)
    os.environ[PLAN_VARIABLE] = str(read_end)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(executable, [executable, "-m", "smsbot.up.supervisor", words])  # noqa: S606


def main() -> None:
    """Read the plan that `become` left and run it."""
    with os.fdopen(int(os.environ.pop(PLAN_VARIABLE)), "rb") as handed_over:
        plan = Plan.from_json(handed_over.read().decode())
    for descriptor in plan.held:
        os.set_inheritable(descriptor, False)
    sys.exit(Supervisor(plan).run())


if __name__ == "__main__":
    main()
