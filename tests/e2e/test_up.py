"""`smsbot up` as a stranger starts it: real processes, real signals, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smsbot.sessions.client import connect
from tests.e2e.running import free_port, until

if TYPE_CHECKING:
    from tests.e2e.running import Starter, Up

SMALL_MB = 400
"""What the whole idle service may hold of the smallest rented server's memory."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")


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


def _resident_mb(up: Up) -> dict[str, int]:
    return {
        f"{pid} {words[-50:]}": sum(
            int(line.split()[1])
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            if line.startswith("Rss:")
        )
        // 1024
        for pid, words in {**up.family(), up.process.pid: "supervisor"}.items()
    }


def test_the_whole_idle_service_fits_the_smallest_machine(starter: Starter) -> None:
    up = starter.start()
    up.wait_until_ready()
    idle_by = time.monotonic() + 20  # on a busy machine it takes a while until nothing is done
    resident = _resident_mb(up)
    while sum(resident.values()) >= SMALL_MB and time.monotonic() < idle_by:
        time.sleep(1)
        resident = _resident_mb(up)

    assert len(resident) >= 7
    assert sum(resident.values()) < SMALL_MB, resident
    assert up.stop() == 0
