"""USSD turns over HTTP beside a bare Flask app: same server, same Redis, one run, rounds in turn.

Ours is the whole thing: token, strict form, session, engine, journal and replay protection, with the
ticker draining the journal to SQL beside it. The bare app does one GET and one SET and knows nothing.
"""

from __future__ import annotations

import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.load import Result, run, tree
from smsbot.up import redis_server

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 5
SECONDS = 4.0
PHONES = 16
WALK = ["", "1", "1*1", "1*1*3", "1*1*3*2"]
EXPECT = {
    "smsbot": [b"Learn", b"practise", b"Who may ask", b"PRACTICE", b"Go on"],
    "bare Flask": [b"CON"] * len(WALK),
}
TOKEN = "bench-token-0123456789abcdef"
CHANNELS = f"""
channels:
  - id: sim
    gateway: simulator
    kinds: [ussd, sms]
    service_code: "*384*123#"
    sender: "22384"
    country: KE
    timezone: Africa/Nairobi
    languages: [en]
    rate: 50
    price: {{currency: KES, default: 0.8}}
    tariff: free
    tokens: [{TOKEN}]
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"nothing answers on port {port}")


class Rig:
    """Redis, our web and ticker, and the bare app; all ended by their process ids."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "channels.yaml").write_text(CHANNELS)
        self.redis = self._start(redis_server.command(folder))
        redis_url = redis_server.url(folder)
        redis_server.wait_until_ready(redis_url, self.redis)
        self.environ = {
            **os.environ,
            "SMSBOT_REDIS_URL": redis_url,
            "SMSBOT_DATA": str(folder),
            "SMSBOT_CHANNELS": str(folder / "channels.yaml"),
            "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
        }
        subprocess.run(
            [sys.executable, "-m", "smsbot", "db", "upgrade"],
            env=self.environ,
            check=True,
            capture_output=True,
        )
        self.ports = {"smsbot": free_port(), "bare Flask": free_port()}
        self.servers = {
            "smsbot": self._start(
                [sys.executable, "-m", "smsbot.up.web", "--port", str(self.ports["smsbot"])]
            ),
            "bare Flask": self._start(
                [
                    *(sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "2"),
                    *("--blocking-threads", "4", "--no-ws", "--respawn-failed-workers"),
                    *("--host", "127.0.0.1", "--port", str(self.ports["bare Flask"])),
                    *("--log-level", "error", "bench.bare_flask:application"),
                ]
            ),
        }
        self.ticker = self._start([sys.executable, "-m", "smsbot", "ticker"])
        for port in self.ports.values():
            wait_for(port)
        time.sleep(2.0)

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        log = (self.folder / "bench.log").open("ab")
        return subprocess.Popen(command, env=getattr(self, "environ", None), stdout=log, stderr=log)

    def url(self, name: str) -> str:
        path = "/ussd" if name == "bare Flask" else f"/hooks/sim/{TOKEN}/ussd"
        return f"http://127.0.0.1:{self.ports[name]}{path}"

    def stop(self) -> None:
        for process in (self.ticker, *self.servers.values(), self.redis):
            process.terminate()
        for process in (self.ticker, *self.servers.values(), self.redis):
            process.wait(20)


def rounds(rig: Rig, count: int, seconds: float) -> Iterator[tuple[str, Result]]:
    first = 0
    for number in range(count):
        names = list(rig.servers)
        for name in names if number % 2 else reversed(names):
            yield (
                name,
                run(
                    rig.url(name),
                    WALK,
                    EXPECT[name],
                    phones=PHONES,
                    seconds=seconds,
                    first=first,
                    pids=tree(rig.servers[name].pid),
                ),
            )
            first += 1_000_000


def main(count: int = ROUNDS, seconds: float = SECONDS) -> None:
    with tempfile.TemporaryDirectory(prefix="smsbot-bench-") as folder:
        rig = Rig(Path(folder))
        try:
            for name in rig.servers:  # warm, not counted
                run(
                    rig.url(name),
                    WALK,
                    EXPECT[name],
                    phones=PHONES,
                    seconds=1,
                    first=10**8,
                    pids=[],
                )
            found: dict[str, list[Result]] = {name: [] for name in rig.servers}
            for name, result in rounds(rig, count, seconds):
                found[name].append(result)
        finally:
            rig.stop()
    print(f"USSD turns over HTTP, {PHONES} phones, {count} rounds of {seconds:.0f} s each, medians")
    print(f"{'':12} {'turns/s':>8} {'p50 ms':>8} {'p99 ms':>8} {'CPU us':>8} {'wrong':>6}")
    median = {}
    for name, results in found.items():
        median[name] = [
            statistics.median(figure)
            for figure in zip(
                *((r.per_s, r.percentile(0.5), r.percentile(0.99), r.cpu_us) for r in results),
                strict=True,
            )
        ]
        wrong = sum(result.wrong for result in results)
        per_s, p50, p99, cpu = median[name]
        print(f"{name:12} {per_s:8.0f} {p50:8.2f} {p99:8.2f} {cpu:8.0f} {wrong:6}")
    ratios = [
        ours.per_s / bare.per_s
        for ours, bare in zip(found["smsbot"], found["bare Flask"], strict=True)
    ]
    print(
        f"ratio of turns/s, pair by pair: {statistics.median(ratios):.2f} "
        f"(min {min(ratios):.2f}, max {max(ratios):.2f}); "
        f"p99 {median['smsbot'][2] / median['bare Flask'][2]:.2f}"
    )


if __name__ == "__main__":
    main(*(int(one) if re.fullmatch(r"\d+", one) else float(one) for one in sys.argv[1:]))
