"""The supervisor with real processes: order, restarts, and nothing left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from smsbot.up import redis_server
from smsbot.up.plan import ChildSpec, Plan
from smsbot.up.supervisor import PLAN_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Writes "name began PID" and, on SIGTERM, "name ended" to the diary.
_POLITE = """
import os, signal, sys, time
name, diary = sys.argv[1:3]
def note(words):
    with open(diary, "a") as file:
        file.write(f"{name} {words}\\n")
def stop(*_):
    note("ended"); sys.exit(0)
signal.signal(signal.SIGTERM, stop)
note(f"began {os.getpid()}")
while True: time.sleep(60)
"""
_DEAF = _POLITE.replace(
    "signal.signal(signal.SIGTERM, stop)", "signal.signal(signal.SIGTERM, lambda *_: 0)"
)
# Has one child in its own group and one in another, as an RQ worker has its job; both are deaf.
_FAMILY = (
    """
import os, subprocess, sys
deaf = "import signal, time; signal.signal(15, lambda *_: 0); print(flush=True); time.sleep(99)"
near = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
far = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE, process_group=0)
near.stdout.readline(); far.stdout.readline()
with open(sys.argv[2], "a") as file:
    file.write(f"near began {near.pid}\\nfar began {far.pid}\\n")
"""
    + _DEAF
)


class Run:
    """A supervisor process and the diary that its children write."""

    def __init__(self, folder: Path) -> None:
        self.diary = folder / "diary"
        self.diary.touch()
        self._folder = folder
        self._processes: list[subprocess.Popen[str]] = []

    def child(self, name: str, program: str = _POLITE, **more: Any) -> ChildSpec:
        return ChildSpec(name, (sys.executable, "-c", program, name, str(self.diary)), **more)

    def start(self, *children: ChildSpec, **more: Any) -> subprocess.Popen[str]:
        read_end, write_end = os.pipe()
        os.write(write_end, Plan(children, **more).to_json().encode())
        os.close(write_end)
        with (self._folder / "stderr").open("a") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "smsbot.up.supervisor", "test"],
                env=os.environ | {PLAN_VARIABLE: str(read_end)},
                pass_fds=(read_end,),
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        os.close(read_end)
        self._processes.append(process)
        return process

    def lines(self) -> list[str]:
        return self.diary.read_text().splitlines()

    def pids(self, name: str) -> list[int]:
        return [int(line.split()[2]) for line in self.lines() if line.startswith(f"{name} began")]

    def logged(self) -> list[dict[str, Any]]:
        text = (self._folder / "stderr").read_text()
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def clear(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
        for line in self.lines():
            if " began " in line:
                with contextlib.suppress(OSError):
                    os.kill(int(line.split()[2]), signal.SIGKILL)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path)
    yield run
    run.clear()


def until(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def is_alive(pid: int) -> bool:
    try:
        return _stat(pid)[0] != "Z"
    except OSError:
        return False


def test_a_plan_survives_the_way_through_json() -> None:
    plan = Plan(
        (ChildSpec("web", ("a", "b c"), {"X": "é"}, grace_s=3.0, lock_file="/x"),),
        greeting=("http://127.0.0.1:8000/",),
        running={"port": 8000},
        held=(4,),
    )

    assert Plan.from_json(plan.to_json()) == plan


def test_children_stop_in_reverse_and_the_greeting_comes_before_ready(run: Run) -> None:
    process = run.start(
        run.child("redis"), run.child("worker"), run.child("web"), greeting=("hello",)
    )
    until(lambda: len(run.lines()) == 3)
    process.send_signal(signal.SIGTERM)

    assert process.wait(10) == 0
    assert process.stdout is not None
    assert process.stdout.read().splitlines() == ["hello", "ready"]
    assert run.lines()[3:] == ["web ended", "worker ended", "redis ended"]


def test_a_crashed_child_comes_back_each_time_a_little_later(run: Run) -> None:
    crash = _POLITE.replace("while True: time.sleep(60)", "sys.exit(7)")
    run.start(run.child("web", crash), run.child("worker"))

    until(lambda: len(run.pids("web")) == 3)

    ends = [line for line in run.logged() if line["event"] == "child ended"]
    assert [(line["child"], line["status"], line["restart_in_s"]) for line in ends[:2]] == [
        ("web", 7, 0.5),
        ("web", 7, 1.0),
    ]
    assert len(run.pids("worker")) == 1


def test_a_killed_child_is_replaced_and_its_group_is_cleared(run: Run) -> None:
    process = run.start(run.child("web", _FAMILY))
    until(lambda: run.pids("web"))
    first, near, far = run.pids("web")[0], run.pids("near")[0], run.pids("far")[0]
    os.kill(first, signal.SIGKILL)

    until(lambda: len(run.pids("web")) == 2)
    assert not is_alive(near), "a web worker of the dead process would hold the port"
    assert is_alive(far), "a running job may finish"

    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    time.sleep(1.2)
    process.send_signal(signal.SIGINT)  # impatience, or the deaf take ten seconds
    assert process.wait(20) == 0
    everyone = [*run.pids("web"), *run.pids("near"), *run.pids("far")]
    assert not [pid for pid in everyone if is_alive(pid)]


def test_a_child_that_does_not_stop_is_killed_after_its_grace(run: Run) -> None:
    process = run.start(run.child("redis"), run.child("web", _DEAF, grace_s=0.5))
    until(lambda: len(run.lines()) == 2)
    process.send_signal(signal.SIGINT)

    assert process.wait(10) == 0
    assert run.lines()[2:] == ["redis ended"]
    assert not is_alive(run.pids("web")[0])


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux only")
def test_children_do_not_outlive_a_killed_supervisor(run: Run) -> None:
    process = run.start(run.child("redis"), run.child("web"))
    until(lambda: len(run.lines()) == 2)
    process.kill()

    until(lambda: sorted(run.lines()[2:]) == ["redis ended", "web ended"])


def test_a_new_run_waits_until_the_old_redis_has_let_go_of_its_files(
    run: Run, tmp_path: Path
) -> None:
    slow = _POLITE.replace('note("ended")', 'time.sleep(1); note("ended")')
    redis = run.child("redis", slow, lock_file=str(tmp_path / "redis.lock"))
    killed = run.start(redis)
    until(lambda: run.pids("redis"))
    killed.kill()

    run.start(redis)

    until(lambda: len(run.lines()) == 3)
    assert [line.split()[1] for line in run.lines()] == ["began", "ended", "began"]


def test_an_interrupt_stops_it_even_where_a_script_had_it_ignored(run: Run) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = run.start(run.child("web"))
    finally:
        signal.signal(signal.SIGINT, before)
    until(lambda: run.pids("web"))
    process.send_signal(signal.SIGINT)

    assert process.wait(10) == 0


def test_a_program_that_cannot_start_is_one_sentence(run: Run, tmp_path: Path) -> None:
    process = run.start(ChildSpec("web", ("/does/not/exist",)))

    assert process.wait(10) == 1
    assert (tmp_path / "stderr").read_text() == (
        "smsbot: web: cannot start /does/not/exist: No such file or directory\n"
    )


def test_a_supervisor_sleeps_while_nothing_happens(run: Run) -> None:
    process = run.start(run.child("web"))
    until(lambda: any(line["event"] == "ready" for line in run.logged()))

    def cpu_ticks() -> int:
        fields = _stat(process.pid)
        return int(fields[11]) + int(fields[12])

    before = cpu_ticks()
    time.sleep(1)
    assert cpu_ticks() - before <= 1


def test_redis_starts_in_a_folder_whose_name_is_too_long_for_a_socket(tmp_path: Path) -> None:
    data = tmp_path / ("données ya simu " * 8).strip()
    data.mkdir()
    assert len(os.fsencode(data)) > 110
    process = subprocess.Popen(redis_server.command(data), stdout=subprocess.DEVNULL)
    try:
        redis_server.wait_until_ready(redis_server.url(data), process)
        from smsbot.sessions.client import connect

        client = connect(redis_server.url(data))
        assert client.set("smsbot:test", "1")
        assert client.config_get("dir") == {"dir": str(data)}
        client.close()
    finally:
        process.terminate()
        process.wait(10)
        socket_folder = redis_server.socket_path(data).parent
        for left in socket_folder.iterdir():
            left.unlink()
        socket_folder.rmdir()
    assert (data / "appendonlydir").is_dir()
