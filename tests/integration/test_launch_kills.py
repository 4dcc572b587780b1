"""Freezers are really killed, and really work side by side: everybody has one row all the same."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from smsbot.campaigns import launch
from smsbot.campaigns.draws import below, draw
from smsbot.plans import Canary
from smsbot.storage import runs
from smsbot.storage.tables import campaign_batches, contacts, messages
from smsbot.values import RunState
from tests.integration.audience_support import (
    NOW,
    audience_of,
    batches_of,
    begun,
    channel,
    many,
    plan,
    scheduled,
    tally,
)

if TYPE_CHECKING:
    from smsbot.storage.database import Database
    from smsbot.vault import Vault

ROOT = Path(__file__).parents[2]
PEOPLE = 4000


def _ordered(database: Database, vault: Vault) -> int:
    with database.write() as connection:
        many(connection, vault, PEOPLE)
        made = scheduled(connection, vault, plan(hold_out=0.1, canary=Canary(share=0.05)))
    return begun(database, made)


def _freezer(database: Database, run_id: int, **wanted: object) -> subprocess.Popen[str]:
    url = database.url.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.integration.freeze_process"),
            json.dumps({"database": url, "run": run_id} | wanted),
        ],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _go(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


def _is_whole(database: Database, run_id: int) -> None:
    """Everybody once; batches, audience and rows say the same."""
    with database.read() as connection:
        run = runs.find(connection, run_id)
        assert (run.state, run.audience) == (RunState.RUNNING, PEOPLE)
        assert run.frozen_at is not None
        people = select(func.count(), func.count(messages.c.contact_id.distinct())).where(
            messages.c.campaign_run_id == run_id
        )
        assert tuple(connection.execute(people).one()) == (PEOPLE, PEOPLE)
        counted = tally(connection, run_id)
        assert counted.keys() == {"queued", "hold_out"}
        rows = connection.execute(
            select(messages.c.batch, func.count())
            .where(messages.c.campaign_run_id == run_id, messages.c.batch.is_not(None))
            .group_by(messages.c.batch)
            .order_by(messages.c.batch)
        )
        batches = batches_of(connection, run_id)
        assert [(number, size) for number, size, _ in batches] == [tuple(row) for row in rows]
        assert sum(size for _, size, _ in batches) == counted["queued"]
        assert max(size for _, size, _ in batches) <= 1000


def test_a_freezer_killed_within_a_transaction_is_taken_up_by_the_next(
    database: Database, vault: Vault
) -> None:
    run_id = _ordered(database, vault)
    for dies_at in (1, 2):
        process = _freezer(database, run_id, dies_at=dies_at)
        _go(process)
        process.communicate(timeout=60)  # closes the pipes too
        assert process.returncode == -signal.SIGKILL
        with database.read() as connection:  # what was not committed is not there
            assert sum(tally(connection, run_id).values()) == audience_of(connection, run_id)
            assert runs.find(connection, run_id).frozen_at is None

    assert launch.freeze(database, run_id, channel=channel(), now_ms=NOW)
    _is_whole(database, run_id)


def test_freezers_side_by_side_write_everybody_once_and_one_may_be_killed(
    database: Database, vault: Vault
) -> None:
    run_id = _ordered(database, vault)
    one, other, third = (_freezer(database, run_id) for _ in range(3))
    stop, sums = threading.Event(), []

    def watch() -> None:
        while not stop.wait(0.01):
            with database.read() as connection:
                one_moment = text(
                    "SELECT r.audience, (SELECT count(*) FROM messages "
                    "WHERE campaign_run_id = r.id) FROM campaign_runs r WHERE r.id = :run"
                )
                sums.append(tuple(connection.execute(one_moment, {"run": run_id}).one()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    _go(one, other, third)
    time.sleep(random.Random().uniform(0.05, 0.4))
    one.kill()
    for process in (other, third):
        output, _ = process.communicate(timeout=60)
        assert output == "True\n"
    one.communicate(timeout=10)
    stop.set()
    watcher.join()

    _is_whole(database, run_id)
    assert [pair for pair in sums if pair[0] != pair[1]] == []
    assert (
        len({audience for audience, _ in sums}) > 1
    )  # it was looked at while it was being written


def test_the_same_people_are_drawn_whoever_writes_them(database: Database, vault: Vault) -> None:
    run_id = _ordered(database, vault)
    assert launch.freeze(database, run_id, channel=channel(), now_ms=NOW)
    with database.read() as connection:
        held_out = set(
            connection.execute(
                select(contacts.c.ref)
                .join(messages, messages.c.contact_id == contacts.c.id)
                .where(messages.c.campaign_run_id == run_id, messages.c.reason == "hold_out")
            ).scalars()
        )
        canary = connection.execute(
            select(func.sum(campaign_batches.c.size)).where(
                campaign_batches.c.run_id == run_id, campaign_batches.c.is_canary
            )
        ).scalar_one()
        run = runs.find(connection, run_id)
        everybody = list(connection.execute(select(contacts.c.ref)).scalars())
    assert held_out == {ref for ref in everybody if draw(run.seed, "hold_out", ref) < below(0.1)}
    spread = (PEOPLE * 0.1 * 0.9) ** 0.5
    assert abs(len(held_out) - PEOPLE * 0.1) < 5 * spread
    expected = (PEOPLE - len(held_out)) * 0.05
    assert abs(canary - expected) < 5 * expected**0.5
