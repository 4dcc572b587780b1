"""The running service: `smsbot up` as processes of its own, found, looked into, harmed and ended by pid.

up = starter.start(data="data", SMSBOT_CLOCK_OFFSET="+2h")
up.wait_until_ready()
up.url("at-ke", "ussd")
os.kill(up.child(WORKER), signal.SIGKILL)
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import text

from smsbot.config import read_made_secrets
from smsbot.sessions.client import connect
from smsbot.storage.database import Database
from smsbot.up import redis_server
from smsbot.values import Msisdn
from smsbot.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import redis

ROOT = Path(__file__).parents[2]
FLOWS = Path(__file__).parent / "flows"
"""Content of these tests' own, so that what is shipped may be reworded."""
READY_S = 90
REDIS, WEB, WORKER, TICKER = "redis.sock", "smsbot.up.web", "smsbot.up.worker", "smsbot ticker"
"""What the command lines of the children hold."""
_OURS = ("SMSBOT_", "AFRICASTALKING_", "TWILIO_", "PORT", "WEB_CONCURRENCY")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as trial:
        port: int = trial.getsockname()[1]
        return port


def until(
    condition: Callable[[], object], seconds: float = 30, why: str = "waited in vain"
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, why
        time.sleep(0.05)


@dataclass
class Up:
    """One `smsbot up` and what it printed."""

    data: Path
    port: int
    process: subprocess.Popen[bytes]
    output: Path
    errors: Path
    seen: set[int] = field(default_factory=set)
    _database: Database | None = None

    # --- what it says ---

    def printed(self) -> list[str]:
        return self.output.read_text().splitlines()

    def logged(self) -> list[dict[str, Any]]:
        lines = self.errors.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def alarms_since(self, mark: int) -> list[str]:
        """Give the lines of a traceback, or of a fault that nobody foresaw, in any process's log."""
        said = self.errors.read_bytes()[mark:].decode(errors="replace")
        bad = ("Traceback", '"hook_failed"', '"uncaught"', '"request_failed"', '"critical"')
        return [line for line in said.splitlines() if any(sign in line for sign in bad)]

    def mark(self) -> int:
        """Give how much was logged until now."""
        return self.errors.stat().st_size

    def wait_until_ready(self) -> None:
        def is_ready() -> bool:
            assert self.process.poll() is None, self.errors.read_text()[-3000:]
            return "ready" in self.printed()

        until(is_ready, READY_S)
        self.family()

    def url(self, channel: str, route: str) -> str:
        """Give a webhook's address, as it was printed."""
        for line in self.printed():
            parts = urlsplit(line).path.split("/")
            if parts[:3] == ["", "hooks", channel] and parts[-1] == route:
                return line
        raise LookupError(f"{channel} has no {route}")

    # --- its processes ---

    def family(self) -> dict[int, str]:
        """Give every process of this service with its command line, and remember them."""
        found: dict[int, str] = {}
        waiting = [self.process.pid]
        while waiting:
            for pid in children_of(waiting.pop()):
                with contextlib.suppress(OSError):
                    words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
                    found[pid] = words.decode()
                    waiting.append(pid)
        self.seen |= set(found)
        return found

    def child(self, sign: str) -> int:
        """Give the child, not grandchild, whose command line holds `sign`; 0 if there is none."""
        family = self.family()
        for pid in children_of(self.process.pid):
            if sign in family.get(pid, ""):
                return pid
        return 0

    def below(self, sign: str) -> list[int]:
        """Give the processes below a child: web workers, the job at work."""
        top = self.child(sign)
        return list(children_of(top)) if top else []

    def kill(self, sign: str) -> None:
        """Kill a child with all below it, as a crash of its machine would; wait for the next."""
        before = self.child(sign)
        assert before, sign
        for pid in [before, *self.below(sign)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until(lambda: self.child(sign) not in (0, before), why=f"{sign} did not come back")

    def survivors(self) -> list[int]:
        return [pid for pid in self.seen if _is_alive(pid)]

    def stop(self) -> int:
        self.close()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(70)

    # --- its stores ---

    def status(self, path: str) -> int:
        return self.get(path)[0]

    def get(self, path: str) -> tuple[int, str]:
        """Give status and body; status 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return int(answer.status), answer.read().decode()
        except urllib.error.HTTPError as fault:
            with fault:
                return fault.code, fault.read().decode()
        except OSError:
            return 0, ""

    def running(self) -> Mapping[str, Any]:
        found: dict[str, Any] = json.loads((self.data / "running.json").read_text())
        return found

    def redis(self) -> redis.Redis:
        """Give a client of its own; close it."""
        return connect(self.running()["redis_url"])

    def rows(self, query: str, **values: Any) -> list[Any]:
        """Give rows of its database."""
        with self.database().read() as connection:
            return list(connection.execute(text(query), values))

    def database(self) -> Database:
        """Give its database; `close` closes it."""
        if self._database is None:
            self._database = Database(self.running()["database_url"], patience_s=10)
        return self._database

    def value(self, query: str, **values: Any) -> Any:
        return self.rows(query, **values)[0][0]

    def counts(self, query: str, **values: Any) -> dict[str, int]:
        """Give rows of a name and a number."""
        return {str(name): int(number) for name, number in self.rows(query, **values)}

    def vault(self) -> Vault:
        """Give its keys, as dev made them."""
        made = read_made_secrets(self.data)
        return Vault(made["secret_key"], [key for key in made["pii_keys"].split(",") if key])

    def ref(self, number: str) -> str:
        """Give the keyed hash of a number."""
        return self.vault().ref(Msisdn(number))

    @contextlib.contextmanager
    def sql_locked(self) -> Iterator[None]:
        """Hold the only write lock of its SQLite file, as a stuck program on the machine could."""
        connection = sqlite3.connect(self.data / "smsbot.sqlite3", isolation_level=None, timeout=10)
        try:
            connection.execute("BEGIN EXCLUSIVE")
            yield
            connection.execute("ROLLBACK")
        finally:
            connection.close()

    def drained(self) -> bool:
        """Say whether every turn is in SQL."""
        client = self.redis()
        try:
            return client.xlen("smsbot:journal") == 0
        finally:
            client.close()

    def close(self) -> None:
        """Close what this test process holds of it."""
        if self._database is not None:
            self._database.close()
            self._database = None


def children_of(parent: int) -> list[int]:
    """Give the living children of a process."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent and fields[0] != "Z":
                found.append(int(stat.parent.name))
    return found


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Starter:
    """Starts services and, at the end, ends what a failed test left."""

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        self._environ_of_all = environ
        self._started: list[Up] = []

    def command(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "smsbot", *arguments],
            cwd=ROOT,
            env=self._environ() | environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def _environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        return kept | self._environ_of_all

    def start(self, data: str = "data", port: int | None = None, **environ: str) -> Up:
        number = len(self._started)
        folder = self.folder / data
        port = port or free_port()
        output, errors = self.folder / f"out{number}", self.folder / f"err{number}"
        with output.open("wb") as out, errors.open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "smsbot", "up", "--port", str(port), "--data", str(folder)],
                cwd=ROOT, env=self._environ() | environ,
                stdout=out, stderr=err, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        up = Up(folder, port, process, output, errors)
        self._started.append(up)
        return up

    def clear(self) -> None:
        for up in self._started:
            up.close()
            if up.process.poll() is None:
                up.family()
                up.process.kill()
            up.process.wait()
            for pid in up.survivors():
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            folder = redis_server.socket_path(up.data / "redis").parent
            if not folder.is_relative_to(up.data):  # a long path has its socket elsewhere
                shutil.rmtree(folder, ignore_errors=True)
