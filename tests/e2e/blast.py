"""Campaigns on a running service, ordered by the real commands and counted at the gateway.

blast = Blast(starter, gateway, tmp_path, rate=200)
crowd = blast.people(1000)
campaign = blast.go(crowd)
blast.wait(campaign)
blast.proves(campaign, crowd)
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from smsbot.cli.main import group
from smsbot.errors import SmsbotError
from smsbot.fakegateway.ledger import hash_of
from tests.e2e.running import FLOWS, ROOT, WORKER, children_of, until

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from pathlib import Path

    from smsbot.fakegateway import FakeGateway
    from tests.e2e.running import Starter, Up

TOKEN = "0123456789abcdefghijkl"
CHANNELS = """
- {{id: at-ke, gateway: africastalking, kinds: [ussd, sms], service_code: "*384*123#", sender: "22384",
   country: KE, timezone: Africa/Nairobi, languages: [en], rate: {rate}, tariff: free,
   price: {{currency: KES, default: 0.8}}, quiet_hours: {quiet},
   frequency_cap: {{messages: {cap}, days: 7}}, tokens: [{token}]}}
"""
ORDER = """\
title: {title}
purpose: lessons
channel: at-ke
audience: {{tags_all: [{tag}]}}
message:
  en: "{text}"
risk_note: Nobody is deceived.
"""
TEXT = "Got money by mistake? Check your own balance first. Lesson {title}. STOP to end."
_names = itertools.count(1)
_numbers = itertools.count(time.time_ns() // 1_000_000 % 5_000_000)


@dataclass(frozen=True, slots=True)
class Crowd:
    """People who agreed, found by a tag of their own."""

    tag: str
    numbers: Sequence[str]


class Blast:
    """A service with a pretend gateway, its people and its campaigns."""

    def __init__(
        self,
        starter: Starter,
        gateway: FakeGateway,
        folder: Path,
        *,
        rate: float = 200,
        quiet: str = "none",
        cap: int = 50,
        **environ: str,
    ) -> None:
        self.starter = starter
        self.gateway = gateway
        self.folder = folder
        (folder / "channels.yaml").write_text(
            CHANNELS.format(rate=rate, quiet=quiet, cap=cap, token=TOKEN)
        )
        self.environ = {
            "SMSBOT_FLOWS": str(FLOWS),
            "SMSBOT_CHANNELS": str(folder / "channels.yaml"),
            "SMSBOT_APPROVAL_OVER": "10000000",
            "SMSBOT_CANARY_OVER": "10000000",
            "SMSBOT_FAILURE_PAUSE": "100",  # harm is the point here; what pauses is tested elsewhere
            **gateway.environment,
            **environ,
        }
        self._texts: dict[int, str] = {}
        self._workers: list[subprocess.Popen[bytes]] = []
        self.up = self.start()

    def start(self, **environ: str) -> Up:
        """Start the service (again)."""
        self.environ |= environ
        self.up = self.starter.start(**self.environ)
        self.up.wait_until_ready()
        return self.up

    def say(self, *words: object) -> str:
        """Run a command that must succeed; give what it printed."""
        runner = CliRunner(env={**self.environ, "SMSBOT_DATA": str(self.up.data)})
        done = runner.invoke(group, [str(word) for word in words], prog_name="smsbot")
        assert done.exit_code == 0, (words, done.output, done.exception)
        return done.stdout

    def refused(self, *words: object) -> str:
        """Run a command that must be refused; give the sentence."""
        runner = CliRunner(env={**self.environ, "SMSBOT_DATA": str(self.up.data)})
        done = runner.invoke(group, [str(word) for word in words], prog_name="smsbot")
        assert isinstance(done.exception, SmsbotError), (words, done.output, done.exception)
        return str(done.exception)

    def people(self, count: int) -> Crowd:
        """Bring in people who agreed."""
        tag = f"crowd{next(_names)}"
        numbers = [f"+25472{next(_numbers) % 10_000_000:07d}" for _ in range(count)]
        path = self.folder / f"{tag}.csv"
        rows = (f"{number},en,{tag},lessons,2026-01-05T10:00:00+03:00,form\n" for number in numbers)
        path.write_text(
            "msisdn,language,tags,consent_purpose,consent_at,consent_source\n" + "".join(rows)
        )
        told = json.loads(self.say("contacts", "import", path, "--proof", path, "--json"))
        assert (told["added"], told["refused"]) == (count, [])
        return Crowd(tag, numbers)

    def order(self, crowd: Crowd, *lines: str) -> int:
        """Order a campaign to these people and have it approved; `lines` are more of its file."""
        path = self.folder / f"order{next(_names)}.yaml"
        title = path.stem
        text = TEXT.format(title=title)
        order = ORDER.format(title=title, tag=crowd.tag, text=text)
        path.write_text(order + "".join(f"{line}\n" for line in lines))
        campaign = int(self.say("campaign", "create", path))
        self._texts[campaign] = hash_of(text)
        self.say("campaign", "submit", campaign)
        self.say("campaign", "approve", campaign)
        return campaign

    def go(self, crowd: Crowd, *lines: str) -> int:
        """Order it and let it go now."""
        campaign = self.order(crowd, *lines)
        self.say("campaign", "schedule", campaign, "--now")
        return campaign

    def status(self, campaign: int) -> dict[str, Any]:
        """Give how it stands, which adds up whenever it is asked."""
        found: dict[str, Any] = json.loads(self.say("campaign", "status", campaign, "--json"))
        assert sum(found["counts"].values()) == found["audience"], found
        assert sum(found["suppressed"].values()) == found["counts"]["suppressed"], found
        return found

    def counts(self, campaign: int) -> dict[str, int]:
        """Give its people by state, those states that somebody is in."""
        found: dict[str, int] = self.status(campaign)["counts"]
        return {state: number for state, number in found.items() if number}

    def taken(self) -> int:
        """Give how many messages the gateway has taken."""
        return sum(len(one.numbers) for one in list(self.gateway._world.ledger.taken))

    def wait_taken(self, count: int, seconds: float = 60) -> None:
        until(lambda: self.taken() >= count, seconds, f"the gateway took {self.taken()} of {count}")

    def wait(self, campaign: int, seconds: float = 90, *, but: Sequence[str] = ()) -> None:
        """Wait until nobody is queued or on the way (or in one of the states `but`)."""
        waiting = {"queued", "sending"} - set(but)

        def is_over() -> bool:
            found = self.status(campaign)
            return found["audience"] > 0 and not any(found["counts"][one] for one in waiting)

        try:
            until(is_over, seconds)
        except AssertionError:
            raise AssertionError(f"{campaign} does not end: {self.status(campaign)}") from None

    def reached(self, campaign: int) -> Counter[str]:
        """Give how often the gateway took this campaign's text for each number."""
        ours = self._texts[campaign]
        return Counter(
            number
            for one in list(self.gateway._world.ledger.taken)
            for number in one.numbers
            if one.text_hash == ours
        )

    def proves(self, campaign: int, crowd: Crowd) -> dict[str, int]:
        """Prove at the gateway that nobody got two, and that who is said to have got one did.

        Only whom nobody can speak for (unknown, or still `sending` under a dead worker's lease) may or
        may not have got it. Gives the people by state.
        """
        counts, reached = self.counts(campaign), self.reached(campaign)
        assert set(reached.values()) <= {1}, reached.most_common(3)
        assert reached.keys() <= set(crowd.numbers)
        surely = counts.get("accepted", 0) + counts.get("delivered", 0)
        in_doubt = counts.get("unknown", 0) + counts.get("sending", 0)
        assert surely <= len(reached) <= surely + in_doubt, (counts, len(reached))
        return counts

    def more_workers(self, count: int) -> list[subprocess.Popen[bytes]]:
        """Start workers beside the one that `smsbot up` has, as a second machine would."""
        running = self.up.running()
        environ = {**self.starter._environ(), **self.environ} | {
            "SMSBOT_DATA": str(self.up.data),
            "SMSBOT_REDIS_URL": running["redis_url"],
            "SMSBOT_DATABASE_URL": running["database_url"],
        }
        started = []
        with (self.folder / "workers.log").open("ab") as log:
            for _ in range(count):
                command = [sys.executable, "-m", "smsbot.up.worker"]
                started.append(subprocess.Popen(command, cwd=ROOT, env=environ, stderr=log))
        self._workers += started
        return started

    def kill_one_at_work(self, rolls: random.Random) -> None:
        """Kill a worker in the middle of its job; one of `more_workers` is started anew at once."""

        def at_work() -> list[int]:
            ours = self.up.child(WORKER)
            workers = [*(worker.pid for worker in self._workers), *([ours] if ours else [])]
            return [pid for pid in workers if children_of(pid)]

        until(at_work, 60, "no worker is at work")
        victim = rolls.choice(at_work())
        for pid in (victim, *children_of(victim)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for worker in [worker for worker in self._workers if worker.pid == victim]:
            worker.wait(10)
            self._workers.remove(worker)
            self.more_workers(1)

    def end_workers(self, sign: signal.Signals = signal.SIGTERM) -> None:
        """End those workers; by SIGKILL with the jobs at work."""
        for worker in self._workers:
            below = list(children_of(worker.pid)) if sign is signal.SIGKILL else []
            for pid in (worker.pid, *below):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, sign)
        for worker in self._workers:
            worker.wait(60)
        self._workers = []

    def forget_the_call(self) -> None:
        """Drop a killed worker's wake-up flag, which would last ten seconds, to be done sooner."""
        client = self.up.redis()
        client.delete("smsbot:wake:at-ke")
        client.close()

    def alerts(self) -> list[tuple[str, str]]:
        """Give the troubles that are told of now."""
        rows = self.up.rows("SELECT kind, words FROM alerts WHERE ended_at IS NULL")
        return [(str(kind), str(words)) for kind, words in rows]
