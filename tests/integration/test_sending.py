from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from smsbot.clock import Clock
from smsbot.sessions.client import connect
from smsbot.storage import channel_states
from smsbot.storage.messages import PRIORITY_REPLY
from smsbot.storage.tables import contacts, messages
from tests.integration.loopback_gateway import LoopbackGateway, LoopbackServer
from tests.integration.sending_support import (
    TEXTS,
    Diary,
    channel,
    drain,
    people,
    queue_bulk,
    sender_of,
    states,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

    from smsbot.storage.database import Database
    from smsbot.vault import Vault


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    found = LoopbackServer()
    yield found
    found.close()


def _fill(
    database: Database, vault: Vault, count: int, texts: tuple[str, ...] = TEXTS, **changes: object
) -> None:
    with database.write() as connection:
        persons = people(connection, vault, count)
        for number, text in enumerate(texts):
            queue_bulk(connection, vault, persons[number :: len(texts)], text, **changes)


def test_every_message_goes_out_once_and_equal_texts_together(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    _fill(database, vault, 240)
    gateway = LoopbackGateway(channel(), server.port)
    found = drain(sender_of(database, vault, redis_client, gateway))
    assert found == {"accepted": 240}
    assert states(database) == {"accepted": 240}
    assert set(server.counts.values()) == {1}
    assert len(server.counts) == 240
    assert set(server.texts) == set(TEXTS)
    assert len(server.texts) < 60
    with database.read() as connection:
        for row in connection.execute(messages.select()):
            assert row.gateway_id == f"gw-{row.id}"
            assert (row.claim, row.attempts, row.currency) == (None, 1, "KES")
            assert row.accepted_at is not None
            assert not row.simulated


def test_an_answer_for_some_settles_each_recipient_by_itself(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    outcomes = ("accepted", "refused", "opted_out", "retry", "unknown")
    _fill(database, vault, 5, tuple(f"text {n}" for n in range(5)))
    server.plan = lambda _n, body: {
        "outcome": outcomes[int(body["text"][-1])],
        "code": "407",
        "words": "a word",
    }
    diary = Diary()
    gateway = LoopbackGateway(channel(), server.port)
    drain(sender_of(database, vault, redis_client, gateway, diary=diary))
    with database.read() as connection:
        rows = connection.execute(messages.select().order_by(messages.c.id)).fetchall()
        ref = connection.execute(select(contacts.c.ref).where(contacts.c.id == 3)).scalar_one()
    assert [(row.state, row.reason) for row in rows] == [
        ("accepted", ""),
        ("failed", "a word"),
        ("suppressed", "opted_out"),
        ("queued", ""),
        ("unknown", "a word"),
    ]
    assert [row.final_at is not None for row in rows] == [False, True, True, False, False]
    assert rows[3].due_at > Clock().now_ms() + 1000
    assert rows[3].attempts == 1
    assert diary.left == [ref]
    assert set(server.counts.values()) == {1}


def test_a_refusal_of_its_own_ends_after_ten_attempts(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    _fill(database, vault, 1, ("x",))
    server.plan = lambda _n, _body: {"outcome": "retry", "code": "407"}
    sender = sender_of(database, vault, redis_client, LoopbackGateway(channel(), server.port))
    for _ in range(12):
        drain(sender, idle_s=0.0)
        with database.write() as connection:
            connection.execute(update(messages).values(due_at=0))
    assert list(server.counts.values()) == [10]
    with database.read() as connection:
        row = connection.execute(messages.select()).one()
    assert (row.state, row.reason, row.gateway_code) == ("failed", "gave_up", "407")


def test_an_answer_that_is_lost_is_unknown_and_never_sent_again(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    _fill(database, vault, 20, ("x",))
    server.plan = lambda _n, _body: "drop"
    sender = sender_of(database, vault, redis_client, LoopbackGateway(channel(), server.port))
    drain(sender)
    server.plan = lambda _n, _body: {"outcome": "accepted"}
    drain(sender)
    assert states(database) == {"unknown": 20}
    assert set(server.counts.values()) == {1}


def test_who_said_stop_is_left_out_at_the_moment_of_sending(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    _fill(database, vault, 4, ("x",), purpose="lessons")
    with database.write() as connection:
        queue_bulk(
            connection,
            vault,
            people(connection, vault, 1, first=9),
            "You are out.",
            purpose="service",
        )
        connection.execute(
            update(contacts).where(contacts.c.id.in_([2, 10])).values(opted_out_at=1)
        )
        connection.execute(update(contacts).where(contacts.c.id == 3).values(msisdn_enc=None))
    gateway = LoopbackGateway(channel(), server.port)
    drain(sender_of(database, vault, redis_client, gateway))
    with database.read() as connection:
        rows = connection.execute(
            select(messages.c.contact_id, messages.c.state, messages.c.reason).order_by(
                messages.c.contact_id
            ),
        ).fetchall()
    assert [tuple(row) for row in rows] == [
        (1, "accepted", ""),
        (2, "suppressed", "opted_out"),
        (3, "suppressed", "erased"),
        (4, "accepted", ""),
        (10, "accepted", ""),  # the confirmation of STOP
    ]
    assert sum(server.counts.values()) == 3


def test_an_expired_message_is_not_sent(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    _fill(database, vault, 3, ("x",), expires_at=Clock().now_ms() - 1)
    drain(sender_of(database, vault, redis_client, LoopbackGateway(channel(), server.port)))
    assert not server.counts
    assert states(database) == {"queued": 3}


def test_a_gateway_that_says_429_is_left_alone_and_then_gets_all(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    began = time.monotonic()
    _fill(database, vault, 30)
    server.plan = lambda _n, _body: (
        429 if time.monotonic() - began < 2.0 else {"outcome": "accepted"}
    )
    sender = sender_of(database, vault, redis_client, LoopbackGateway(channel(), server.port))
    asked = 0
    while states(database) != {"accepted": 30} and time.monotonic() - began < 60:
        drain(sender)
        asked = max(asked, sum(at - began < 2.0 for at, _, _ in server.seen))
        redis_client.delete("smsbot:wake:at-ke")
        time.sleep(0.05)
    assert states(database) == {"accepted": 30}
    assert asked <= 16  # one round, and then the channel rested
    with database.read() as connection:
        assert set(connection.execute(select(messages.c.attempts)).scalars()) == {1}


def test_a_gateway_that_cannot_be_reached_gets_all_later(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    _fill(database, vault, 12, ("x",))
    away = LoopbackServer()
    gateway = LoopbackGateway(channel(), away.port)
    away.close()
    sender = sender_of(database, vault, redis_client, gateway)
    drain(sender, max_s=0.5)
    assert states(database) == {"queued": 12}
    gateway.port = server.port
    redis_client.delete("smsbot:rate:at-ke")
    with database.write() as connection:
        connection.execute(update(messages).values(due_at=0))
    drain(sender)
    assert states(database) == {"accepted": 12}
    assert set(server.counts.values()) == {1}


class MovedClock(Clock):
    def __init__(self) -> None:
        super().__init__()
        self.later_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.later_ms


def test_an_account_fault_pauses_the_channel_until_one_message_gets_through(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    _fill(database, vault, 300, ("x",))
    server.plan = lambda _n, _body: {
        "outcome": "account",
        "code": "405",
        "words": "InsufficientBalance",
    }
    diary, clock = Diary(), MovedClock()
    gateway = LoopbackGateway(channel(rate=80.0), server.port)
    sender = sender_of(database, vault, redis_client, gateway, diary=diary, clock=clock)
    drain(sender)
    asked = sum(server.counts.values())
    assert asked <= 60
    assert states(database) == {"queued": 300}
    assert [(kind, subject) for kind, subject, _ in diary.raised] == [("channel_paused", "at-ke")]
    drain(sender)
    assert sum(server.counts.values()) == asked  # it rests
    clock.later_ms = 601_000
    drain(sender)
    assert sum(server.counts.values()) == asked + 1  # one message tried, in vain
    assert len(diary.raised) == 1
    server.plan = lambda _n, _body: {"outcome": "accepted"}
    drain(sender)
    assert sum(server.counts.values()) == asked + 1
    clock.later_ms = 1_202_000
    drain(sender)
    assert states(database) == {"accepted": 300}
    assert diary.ended == [("channel_paused", "at-ke")]
    with database.read() as connection:
        state = channel_states.find(connection, "at-ke")
        assert state.paused_at is None
        assert state.last_accepted_at is not None
        assert set(connection.execute(select(messages.c.attempts)).scalars()) == {1}


def test_a_person_who_left_is_no_probe(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    _fill(database, vault, 50, ("x",), purpose="lessons")
    clock = MovedClock()
    with database.write() as connection:
        channel_states.pause(connection, "at-ke", "405", "no balance", clock.now_ms())
        connection.execute(update(contacts).where(contacts.c.id <= 3).values(opted_out_at=1))
    clock.later_ms = 601_000
    gateway = LoopbackGateway(channel(), server.port)
    drain(sender_of(database, vault, redis_client, gateway, clock=clock))
    assert states(database) == {"accepted": 47, "suppressed": 3}
    assert [len(ids) for _, _, ids in server.seen] == [1, 46]


def test_a_channel_that_a_person_paused_stays_paused(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    _fill(database, vault, 3, ("x",))
    clock = MovedClock()
    gateway = LoopbackGateway(channel(), server.port)
    sender = sender_of(database, vault, redis_client, gateway, clock=clock)
    with database.write() as connection:
        channel_states.pause(connection, "at-ke", "operator", "", clock.now_ms())
    clock.later_ms = 86_400_000
    drain(sender)
    assert not server.counts
    with database.write() as connection:
        assert channel_states.resume(connection, "at-ke")
    drain(sender)
    assert states(database) == {"accepted": 3}


@pytest.mark.parametrize(
    ("gateway_name", "has_credentials", "simulate", "ends"),
    [
        ("double", False, True, ("accepted", True)),
        ("double", False, False, ("queued", False)),  # production: the channel pauses
        ("simulator", True, False, ("accepted", True)),
    ],
)
def test_a_text_that_only_the_simulator_sees_is_marked(
    database: Database,
    vault: Vault,
    redis_client: redis.Redis,
    server: LoopbackServer,
    gateway_name: str,
    has_credentials: bool,
    simulate: bool,
    ends: tuple[str, bool],
) -> None:
    _fill(database, vault, 2, ("x",))
    gateway = LoopbackGateway(
        channel(gateway=gateway_name), server.port, has_credentials=has_credentials
    )
    diary = Diary()
    drain(sender_of(database, vault, redis_client, gateway, simulate=simulate, diary=diary))
    with database.read() as connection:
        rows = connection.execute(select(messages.c.state, messages.c.simulated)).fetchall()
    assert [tuple(row) for row in rows] == [ends] * 2
    assert bool(server.counts) is has_credentials
    assert bool(diary.raised) is (ends[0] == "queued")


def test_a_missing_key_pauses_the_channel_and_loses_nothing(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    from smsbot.vault import Vault as AnyVault

    _fill(database, vault, 3)
    other = AnyVault("a-secret-of-the-test-suite-only-0123456789", ["k" * 32])
    diary = Diary()
    gateway = LoopbackGateway(channel(), server.port)
    drain(sender_of(database, other, redis_client, gateway, diary=diary))
    assert states(database) == {"queued": 3}
    assert len(diary.raised) == 1
    assert not server.counts


def test_replies_overtake_ten_thousand_queued_bulk_rows(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    with database.write() as connection:
        bulk = people(connection, vault, 10_000)
        persons = people(connection, vault, 5, first=20_000)
        queue_bulk(connection, vault, bulk, TEXTS[2])
    gateway = LoopbackGateway(channel(rate=200.0), server.port)
    sender = sender_of(database, vault, redis_client, gateway)
    stop = threading.Event()
    thread = threading.Thread(target=drain, args=(sender,), kwargs={"stop": stop, "max_s": 30.0})
    thread.start()
    try:
        while len(server.seen) < 3:
            time.sleep(0.01)
        with database.write() as connection:
            queue_bulk(connection, vault, persons, TEXTS[0], priority=PRIORITY_REPLY)
        queued_at = time.monotonic()
        while TEXTS[0] not in server.texts and time.monotonic() - queued_at < 10:
            time.sleep(0.01)
    finally:
        stop.set()
        thread.join()
    reply = server.seen[server.texts.index(TEXTS[0])]
    assert reply[0] - queued_at < 1.0
    assert len(reply[2]) == 5


def test_a_drain_that_is_stopped_finishes_what_is_up_and_leaves_the_rest(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    server.latency_s = 0.3
    _fill(database, vault, 2000, ("x",))
    gateway = LoopbackGateway(channel(rate=100.0), server.port)
    sender = sender_of(database, vault, redis_client, gateway)
    stop = threading.Event()
    threading.Timer(1.0, stop.set).start()
    began = time.monotonic()
    drain(sender, stop=stop)
    assert time.monotonic() - began < 2.5
    found = states(database)
    assert set(found) == {"accepted", "queued"}
    assert found["accepted"] == sum(server.counts.values())
    assert not redis_client.exists("smsbot:wake:at-ke")


def test_nothing_is_sent_while_redis_is_away(
    database: Database, vault: Vault, server: LoopbackServer, tmp_path: object
) -> None:
    _fill(database, vault, 5)
    away = connect(f"unix://{tmp_path}/nobody.sock")
    gateway = LoopbackGateway(channel(), server.port)
    drain(sender_of(database, vault, away, gateway), max_s=0.7)
    assert not server.counts
    assert states(database) == {"queued": 5}


def test_answers_are_kept_while_the_database_is_locked(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    server.latency_s = 0.2
    _fill(database, vault, 40)
    gateway = LoopbackGateway(channel(), server.port)
    sender = sender_of(database, vault, redis_client, gateway)
    thread = threading.Thread(target=drain, args=(sender,), kwargs={"idle_s": 0.5})
    thread.start()
    while not server.seen:
        time.sleep(0.005)
    with database.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
        time.sleep(3.0)
    thread.join(30)
    assert states(database) == {"accepted": 40}
    assert set(server.counts.values()) == {1}


def test_a_redis_that_loses_everything_in_the_middle_doubles_nothing(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    _fill(database, vault, 500)
    gateway = LoopbackGateway(channel(rate=250.0), server.port)
    sender = sender_of(database, vault, redis_client, gateway)
    stop = threading.Event()

    def flush() -> None:
        while not stop.wait(0.4):
            redis_client.flushall()

    thread = threading.Thread(target=flush)
    thread.start()
    try:
        drain(sender, idle_s=0.5)
    finally:
        stop.set()
        thread.join()
    assert states(database) == {"accepted": 500}
    assert set(server.counts.values()) == {1}
    most, largest = server.busiest_second()
    assert most <= 250 + largest


def test_the_same_text_twice_to_one_person_goes_in_two_requests(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    with database.write() as connection:
        persons = people(connection, vault, 1)
        for priority in (0, 1, 2):
            queue_bulk(connection, vault, persons, "x", priority=priority)
    gateway = LoopbackGateway(channel(), server.port)
    drain(sender_of(database, vault, redis_client, gateway))
    assert states(database) == {"accepted": 3}
    assert [len(ids) for _, _, ids in server.seen] == [1, 1, 1]


def test_a_channel_that_nobody_knows_sends_nothing(
    database: Database, vault: Vault, redis_client: redis.Redis
) -> None:
    assert drain(sender_of(database, vault, redis_client), "gone") == {}
