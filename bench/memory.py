"""What the whole service weighs: `smsbot up`, each of its processes, idle and after some traffic.

RSS counts a page that processes share in each of them, so the sum of RSS is more than the machine
needs; PSS shares it out. The figure to hold (DESIGN.md 13) is 400 MB idle, and we hold it in RSS.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from bench.load import tree
from bench.turns import WALK, free_port

CALLERS = 40
TEXTS = 20
SETTLE_S = 4.0


@dataclass(frozen=True)
class Weight:
    """One process, in MB."""

    name: str
    rss: float
    pss: float


def weigh(pid: int) -> list[Weight]:
    """Give every process of the tree, `pid` first."""
    found = []
    for each in tree(pid):
        place = Path(f"/proc/{each}")
        try:
            rollup = (place / "smaps_rollup").read_text().splitlines()[1:]
            name = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has ended meanwhile
        kilobytes = {line.split()[0]: int(line.split()[1]) for line in rollup}
        found.append(Weight(_short(name), kilobytes["Rss:"] / 1024, kilobytes["Pss:"] / 1024))
    return found


def _short(command_line: str) -> str:
    for sign in ("supervisor", "smsbot.up.web", "worker", "ticker", "valkey", "redis"):
        if sign in command_line:
            return sign.rpartition(".")[2]
    return command_line.strip()[-20:] or "redis"  # it wipes its command line when it sets its title


def start(folder: Path) -> tuple[subprocess.Popen[str], list[str], float]:
    """Start a service in the folder; give it, the webhooks that it printed, and the seconds it took."""
    began = time.monotonic()
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SMSBOT_", "WEB_"))
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "smsbot", "up", "--port", str(free_port()), "--data", str(folder)],
        env=clean, stdout=subprocess.PIPE, stderr=(folder / "log").open("wb"), text=True,
    )  # fmt: skip
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line.strip())
        if line == "ready\n":
            return process, said, time.monotonic() - began
    raise SystemExit((folder / "log").read_text()[-2000:])


def traffic(webhooks: list[str]) -> None:
    """Walk through some USSD sessions and send some texts, as the simulator's gateway would."""
    ussd = next(url for url in webhooks if "/hooks/sim/" in url and url.endswith("/ussd"))
    for caller in range(CALLERS):
        for transcript in WALK:
            post(
                ussd,
                sessionId=f"s{caller}",
                serviceCode="*384*123#",
                phoneNumber=f"+2547110001{caller:02d}",
                networkCode="63902",
                text=transcript,
            )
    for number in range(TEXTS):
        post(
            ussd.replace("/ussd", "/sms"),
            id=f"m{number}", linkId=f"l{number}", to="22384", text="HELP",
            date="2026-11-22 12:00:00", networkCode="63902",
            **{"from": f"+2547110001{number:02d}"},
        )  # fmt: skip


def post(url: str, **fields: str) -> None:
    with urlopen(Request(url, urlencode(fields).encode()), timeout=10) as answer:
        assert answer.status == 200


def show(words: str, weights: list[Weight]) -> None:
    print(f"{words:24}{'RSS MB':>8}{'PSS MB':>8}")
    for one in weights:
        print(f"  {one.name:22}{one.rss:8.1f}{one.pss:8.1f}")
    rss, pss = sum(one.rss for one in weights), sum(one.pss for one in weights)
    print(f"  {'sum':22}{rss:8.1f}{pss:8.1f}{'   limit 400':>12}")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="smsbot-bench-") as name:
        process, webhooks, seconds = start(Path(name))
        try:
            print(f"ready after {seconds:.1f} s")
            time.sleep(SETTLE_S)
            show("idle", weigh(process.pid))
            traffic(webhooks)
            time.sleep(SETTLE_S)
            show(f"after {CALLERS * len(WALK)} turns, {TEXTS} texts", weigh(process.pid))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


if __name__ == "__main__":
    main()
