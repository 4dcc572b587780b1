from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from smsbot.clock import Clock
from smsbot.errors import RedisAway
from smsbot.jobs import SEND, Waker, queue
from smsbot.sending import watch
from smsbot.sessions.client import connect
from smsbot.sessions.lease import Lease
from smsbot.storage import alerts, leases
from smsbot.storage.receipts import Parked, park
from smsbot.storage.tables import messages
from smsbot.upkeep.ticker import Task, Ticker
from tests.integration.sending_support import NOW, Diary, people, queue_bulk, states

if TYPE_CHECKING:
    from collections.abc import Callable

    import redis

    from smsbot.storage.database import Database
    from smsbot.vault import Vault


class Always:
    def take(self, ttl_s: float) -> bool:
        return True

    def give_back(self) -> None:
        pass


class Away:
    def take(self, ttl_s: float) -> bool:
        raise RedisAway("away")

    def give_back(self) -> None:
        raise RedisAway("away")


def _run(ticker: Ticker, until: Callable[[], object]) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=ticker.run, args=(stop,))
    thread.start()
    deadline = time.monotonic() + 20
    while not until() and time.monotonic() < deadline:
        time.sleep(0.02)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def _ongoing(database: Database) -> list[alerts.Alert]:
    with database.read() as connection:
        return alerts.ongoing(connection)


def test_a_row_whose_wake_up_call_was_lost_gets_another(
    database: Database, vault: Vault, redis_client: redis.Redis
) -> None:
    with database.write() as connection:
        persons = people(connection, vault, 2)
        queue_bulk(connection, vault, persons[:1], "x")
        queue_bulk(connection, vault, persons[1:], "x", channel="tw", due_at=NOW + 5000)
    waker = Waker(redis_client)
    channels = ["at-ke", "tw", "sim"]
    assert watch.wake_waiting(database, channels, waker.wake, NOW) == 1
    assert watch.wake_waiting(database, channels, waker.wake, NOW) == 0
    assert watch.wake_waiting(database, channels, waker.wake, NOW + 5000) == 1
    assert [job.args for job in queue(SEND, redis_client).jobs] == [["at-ke"], ["tw"]]
    redis_client.flushall()  # jobs and flags are gone; the rows are not
    assert watch.wake_waiting(database, channels, waker.wake, NOW + 5000) == 2


def test_the_sweep_settles_what_nobody_else_will(database: Database, vault: Vault) -> None:
    with database.write() as connection:
        persons = people(connection, vault, 4)
        queue_bulk(connection, vault, persons[:1], "x")
        queue_bulk(connection, vault, persons[1:2], "late", expires_at=NOW + 1000)
        queue_bulk(connection, vault, persons[2:], "y")
        rows = connection.execute(messages.select().order_by(messages.c.id)).fetchall()
        states_then = {
            0: {"state": "sending", "claim": "dead", "claimed_at": NOW},
            2: {"state": "sending", "claim": "alive", "claimed_at": NOW + 30_000},
            3: {"state": "accepted", "gateway_id": "g1"},
        }
        for index, values in states_then.items():
            connection.execute(
                messages.update().where(messages.c.id == rows[index].id).values(values)
            )
        park(connection, "at-ke", [Parked("g1", "delivered", "", False)], NOW)
    found = watch.sweep(database, Diary().duties(), NOW + 61_000)
    assert found == watch.Swept(unknown=1, expired=1, receipts=1)
    assert states(database) == {"unknown": 1, "expired": 1, "sending": 1, "delivered": 1}
    assert watch.sweep(database, Diary().duties(), NOW + 61_000) == watch.Swept(0, 0, 0)
    watch.measure(database)


def test_a_task_that_fails_or_hangs_stops_no_other(database: Database) -> None:
    ran: list[float] = []
    free = threading.Event()

    def fail() -> None:
        raise ValueError("with a text that no log should have")

    tasks = (
        Task("fails", 0.01, fail),
        Task("hangs", 0.01, lambda: free.wait(5)),
        Task("runs", 0.02, lambda: ran.append(time.monotonic())),
    )
    ticker = Ticker(tasks, lease=Always(), owner="a", database=database, clock=Clock())
    try:
        _run(ticker, lambda: len(ran) > 10 and _ongoing(database) and free.set() is None)
    finally:
        free.set()
    assert len(ran) > 10
    told = _ongoing(database)
    assert [(alert.kind, alert.subject) for alert in told] == [("task_failed", "fails")]
    assert "text" not in told[0].words


def test_an_alert_ends_when_its_task_runs_again(database: Database) -> None:
    outcomes = [ValueError()] * 6 + [None] * 1000

    def sometimes() -> None:
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome

    ticker = Ticker(
        (Task("t", 0.005, sometimes),), lease=Always(), owner="a", database=database, clock=Clock()
    )
    _run(ticker, lambda: len(outcomes) < 990)
    with database.read() as connection:
        assert alerts.ongoing(connection) == []
        assert len(alerts.undelivered(connection, Clock().now_ms())) == 1


def test_two_tickers_take_turns(database: Database, redis_client: redis.Redis) -> None:
    def make(owner: str) -> Ticker:
        lease = Lease(redis_client, "ticker", owner)
        return Ticker((), lease=lease, owner=owner, database=database, clock=Clock())

    one, two = make("one"), make("two")
    assert one.lead()
    assert not two.lead()
    assert one.lead()
    assert redis_client.pttl("smsbot:lease:ticker") > 0
    stop = threading.Event()
    stop.set()
    one.run(stop)  # it ends, and gives the lease back
    assert two.lead()


def test_without_redis_tickers_take_turns_in_sql(database: Database) -> None:
    def make(owner: str) -> Ticker:
        return Ticker((), lease=Away(), owner=owner, database=database, clock=Clock())

    one, two = make("one"), make("two")
    assert one.lead()
    assert not two.lead()
    assert one.lead()


@pytest.mark.parametrize(("later_ms", "ours"), [(4_999, False), (5_000, True), (-5_001, True)])
def test_a_lease_in_sql_ends_and_outlives_no_clock(
    database: Database, later_ms: int, ours: bool
) -> None:
    with database.write() as connection:
        assert leases.take(connection, "ticker", "one", NOW, 5000)
        assert leases.take(connection, "ticker", "two", NOW + later_ms, 5000) is ours


def test_a_lease_says_when_redis_is_away(tmp_path: object) -> None:
    lease = Lease(connect(f"unix://{tmp_path}/nobody.sock"), "ticker", "one")
    with pytest.raises(RedisAway):
        lease.take(5)
