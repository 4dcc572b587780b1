"""`smsbot up` as a stranger starts it: real processes, real signals, nothing left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smsbot.sessions.client import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
READY_S = 60
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as trial:
        port: int = trial.getsockname()[1]
        return port


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
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

    def printed(self) -> list[str]:
        return self.output.read_text().splitlines()

    def logged(self) -> list[dict[str, object]]:
        lines = self.errors.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def wait_until_ready(self) -> None:
        def is_ready() -> bool:
            assert self.process.poll() is None, self.errors.read_text()[-3000:]
            return "ready" in self.printed()

        until(is_ready, READY_S)
        self.family()

    def family(self) -> dict[int, str]:
        """Give every process of this service with its command line, and remember them."""
        found: dict[int, str] = {}
        waiting = [self.process.pid]
        while waiting:
            parent = waiting.pop()
            for stat in Path("/proc").glob("[0-9]*/stat"):
                with contextlib.suppress(OSError, ValueError, IndexError):
                    fields = stat.read_text().rpartition(")")[2].split()
                    if int(fields[1]) == parent and fields[0] != "Z":
                        pid = int(stat.parent.name)
                        words = (stat.parent / "cmdline").read_bytes().replace(b"\0", b" ")
                        found[pid] = words.decode()
                        waiting.append(pid)
        self.seen |= set(found)
        return found

    def child(self, sign: str) -> int:
        """Give the child, not grandchild, whose command line holds `sign`; 0 if there is none."""
        for pid, words in self.family().items():
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                if sign in words and int(fields[1]) == self.process.pid:
                    return pid
        return 0

    def status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as fault:
            fault.close()
            return fault.code
        except OSError:
            return 0

    def survivors(self) -> list[int]:
        alive = []
        for pid in self.seen:
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                    alive.append(pid)
        return alive

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(70)


class Starter:
    """Starts services and, at the end, ends what a failed test left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
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
        ours = ("SMSBOT_", "AFRICASTALKING_", "TWILIO_", "PORT", "WEB_CONCURRENCY", "PYTHONDONT")
        return {name: value for name, value in os.environ.items() if not name.startswith(ours)}

    def start(self, data: str = "data", port: int | None = None) -> Up:
        number = len(self._started)
        folder = self._folder / data
        port = port or free_port()
        output, errors = self._folder / f"out{number}", self._folder / f"err{number}"
        with output.open("wb") as out, errors.open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "smsbot", "up", "--port", str(port), "--data", str(folder)],
                cwd=ROOT, env=self._environ(), stdout=out, stderr=err, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        up = Up(folder, port, process, output, errors)
        self._started.append(up)
        return up

    def clear(self) -> None:
        for up in self._started:
            if up.process.poll() is None:
                up.family()
                up.process.kill()
            up.process.wait()
            for pid in up.survivors():
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)


@pytest.fixture
def starter(tmp_path: Path) -> Iterator[Starter]:
    starter = Starter(tmp_path)
    yield starter
    starter.clear()


def test_a_stranger_starts_it_finds_it_and_stops_it(starter: Starter) -> None:
    up = starter.start()
    up.wait_until_ready()

    address = f"http://127.0.0.1:{up.port}"
    printed = up.printed()
    assert printed[0] == address
    assert printed[-1] == "ready"
    webhooks = [line for line in printed if line.startswith(f"{address}/hooks/")]
    assert webhooks == printed[1:-1]
    assert any(line.endswith("/ussd") for line in webhooks)
    assert up.status("/healthz") == 200
    assert up.status("/metrics") == 200

    listed = starter.command("channels", "--json", SMSBOT_DATA=str(up.data))
    urls = [url for channel in json.loads(listed.stdout) for url in channel["urls"].values()]
    assert urls == webhooks
    doctor = starter.command("doctor", SMSBOT_DATA=str(up.data))
    assert doctor.returncode == 0, doctor.stdout
    assert "database: reachable" in doctor.stdout
    assert not doctor.stderr

    # A second one in the same folder, and one on the same port, are told so in one sentence.
    same_folder = starter.command("up", "--port", str(free_port()), "--data", str(up.data))
    assert (same_folder.returncode, same_folder.stderr.count("\n")) == (1, 1)
    assert "is used by another `smsbot up`" in same_folder.stderr
    same_port = starter.command(
        "up", "--port", str(up.port), "--data", str(up.data.parent / "other")
    )
    assert (same_port.returncode, same_port.stderr.count("\n")) == (1, 1)
    assert f"port {up.port} of 127.0.0.1 cannot be had" in same_port.stderr
    assert up.status("/readyz") == 200

    family = up.family()
    assert up.stop() == 0
    assert len(family) >= 5
    assert up.survivors() == []
    assert not (up.data / "running.json").exists()
    assert [line for line in up.logged() if line["level"] in ("error", "critical")] == []


def test_what_is_killed_comes_back_and_redis_remembers(starter: Starter) -> None:
    up = starter.start()
    up.wait_until_ready()
    running = json.loads((up.data / "running.json").read_text())
    client = connect(running["redis_url"])
    client.set("smsbot:kept", "yes")
    time.sleep(1.1)  # the append-only file is synced each second

    for sign in ("smsbot.up.web", "smsbot.up.worker", "smsbot ticker", "redis.sock"):
        before = up.child(sign)
        assert before, sign
        os.kill(before, signal.SIGKILL)
        until(lambda sign=sign, before=before: up.child(sign) not in (0, before))  # type: ignore[misc]

    until(lambda: up.status("/readyz") == 200)
    until(client.ping)
    assert client.get("smsbot:kept") == b"yes"
    client.close()
    assert up.stop() == 0
    assert up.survivors() == []


def test_after_a_kill_of_all_the_next_start_is_as_good(starter: Starter) -> None:
    killed = starter.start()
    killed.wait_until_ready()
    killed.process.kill()
    killed.process.wait()

    again = starter.start(port=killed.port)
    again.wait_until_ready()

    until(lambda: killed.survivors() == [], 60)
    assert again.status("/readyz") == 200
    assert again.stop() == 0


def test_two_live_side_by_side_even_in_a_folder_with_a_long_name(starter: Starter) -> None:
    first = starter.start("kituo cha kwanza")
    second = starter.start("ምሳሌ " * 12 + "huduma")
    first.wait_until_ready()
    second.wait_until_ready()

    assert first.stop() == 0
    assert second.status("/readyz") == 200
    assert second.stop() == 0
    assert first.survivors() + second.survivors() == []


def test_the_whole_idle_service_fits_the_smallest_machine(starter: Starter) -> None:
    up = starter.start()
    up.wait_until_ready()
    time.sleep(3)

    def memory_kb(pid: int) -> int:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        # Pages that processes share are counted once in all: what the machine must have.
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))

    family = {up.process.pid: "supervisor", **up.family()}
    mb = {f"{words.strip()[-40:]} {pid}": memory_kb(pid) // 1024 for pid, words in family.items()}

    assert sum(mb.values()) < 400, mb
    assert up.stop() == 0


@pytest.mark.drill
def test_round_after_round_of_kills_it_is_ready_again(starter: Starter) -> None:
    up = starter.start()
    up.wait_until_ready()
    for turn in range(12):
        sign = ("smsbot.up.web", "redis.sock", "smsbot.up.worker", "smsbot ticker")[turn % 4]
        before = up.child(sign)
        if before:  # it may still wait for its restart
            os.kill(before, signal.SIGKILL)
            until(lambda sign=sign, before=before: up.child(sign) not in (0, before), 60)  # type: ignore[misc]
        until(lambda: up.status("/readyz") == 200, 60)

    doctor = starter.command("doctor", SMSBOT_DATA=str(up.data))
    assert doctor.returncode == 0, doctor.stdout
    assert up.stop() == 0
    assert up.survivors() == []
