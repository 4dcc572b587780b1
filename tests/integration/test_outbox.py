from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import rq
import sqlalchemy

from smsbot.errors import RedisAway
from smsbot.jobs import SEND, Waker, queue
from smsbot.sending.replies import Capped, queue_reply
from smsbot.sessions.bucket import PrefixCounter
from smsbot.sessions.client import connect
from smsbot.sessions.wake import WakeFlags
from smsbot.storage.messages import (
    BODY_CONTEXT,
    PRIORITY_BULK,
    PRIORITY_REPLY,
    counts,
    enqueue,
    has_waiting,
    peek,
)
from smsbot.storage.tables import messages
from smsbot.values import MessageState
from tests.integration.sending_support import NOW, TEXTS, channel, people, queue_bulk

if TYPE_CHECKING:
    import redis
    from sqlalchemy import Connection

    from smsbot.sending.replies import QueuedReply
    from smsbot.storage.database import Database
    from smsbot.values import Channel, Msisdn
    from smsbot.vault import Vault
    from tests.integration.sending_support import Person


class NoPrefixes:
    def count(self, channel: str, msisdn: Msisdn, now_ms: int) -> int:
        return 1


@pytest.mark.parametrize("text", TEXTS)
def test_a_queued_text_is_sealed_counted_and_waits(
    database: Database, vault: Vault, text: str
) -> None:
    with database.write() as connection:
        person = people(connection, vault, 1)[0]
        found = enqueue(
            connection,
            vault,
            channel="at-ke",
            contact_id=person.id,
            ref=person.ref,
            purpose="reply",
            priority=PRIORITY_REPLY,
            text=text,
            now_ms=NOW,
            dedupe_key="turn-1",
        )
    with database.read() as connection:
        row = connection.execute(messages.select()).one()
        assert has_waiting(connection, "at-ke", NOW)
        assert not has_waiting(connection, "tw", NOW)
    assert row.id == found
    assert vault.decrypt(bytes(row.body_enc), BODY_CONTEXT).decode() == text
    assert text.encode() not in bytes(row.body_enc)
    assert row.segments == 1
    assert (row.state, row.due_at, row.created_at, row.simulated) == ("queued", NOW, NOW, False)


def test_the_same_dedupe_key_queues_once(database: Database, vault: Vault) -> None:
    with database.write() as connection:
        person = people(connection, vault, 1)[0]
    results = []
    for text in ("first", "second"):
        with database.write() as connection:
            results.append(
                enqueue(
                    connection,
                    vault,
                    channel="at-ke",
                    contact_id=person.id,
                    ref=person.ref,
                    purpose="reply",
                    priority=PRIORITY_REPLY,
                    text=text,
                    now_ms=NOW,
                    dedupe_key="turn-1",
                ),
            )
    assert results[0] is not None
    assert results[1] is None
    with database.read() as connection:
        assert counts(connection)[MessageState.QUEUED] == 1


def test_rows_wait_in_order_replies_first_and_not_before_they_are_due(
    database: Database, vault: Vault
) -> None:
    with database.write() as connection:
        persons = people(connection, vault, 4)
        queue_bulk(connection, vault, persons[:2], priority=PRIORITY_BULK)
        queue_bulk(connection, vault, persons[2:3], priority=PRIORITY_REPLY, now_ms=NOW + 5)
        queue_bulk(connection, vault, persons[3:], priority=PRIORITY_REPLY, due_at=NOW + 1000)
    with database.read() as connection:
        order = {row.id: row.contact_id for row in connection.execute(messages.select())}
        seen = [order[row.id] for row in peek(connection, "at-ke", limit=10, now_ms=NOW + 5)]
        assert seen == [3, 1, 2]
        seen = [order[row.id] for row in peek(connection, "at-ke", limit=2, now_ms=NOW + 1000)]
        assert seen == [3, 4]


def test_waiting_rows_are_found_by_the_index_of_queued_rows(tmp_path: object) -> None:
    from smsbot.storage import messages as outbox
    from smsbot.storage.tables import metadata

    engine = sqlalchemy.create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.connect() as connection:
        peeked = outbox._PEEK.format(without_0="", without_1="", without_2="")
        for query, values in (
            (peeked, ("a", 1, 1, 5) * 3),
            (outbox._HAS_WAITING, ("a", 1, 1) * 3),
        ):
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values)
            words = "\n".join(row[3] for row in plan)
            by_index = "INDEX ix_messages_queued (channel=? AND priority=? AND due_at<?)"
            assert words.count(by_index) == 3  # one walk a priority, past no held row
            assert "TEMP B-TREE" not in words


def _reply(
    connection: Connection, vault: Vault, person: Person, text: str, key: str, **changes: object
) -> QueuedReply:
    values: dict[str, object] = {"now_ms": NOW, "prefixes": NoPrefixes()} | changes
    ours: Channel = values.pop("channel", channel())  # type: ignore[assignment]
    return queue_reply(
        connection,
        vault,
        ours,
        person,
        text,
        dedupe_key=key,
        msisdn=person.msisdn,
        **values,  # type: ignore[arg-type]
    )


def test_the_same_text_goes_to_one_number_five_times_an_hour(
    database: Database, vault: Vault
) -> None:
    with database.write() as connection:
        one, other = people(connection, vault, 2)
        seen = [
            _reply(connection, vault, one, TEXTS[2], f"t{n}", now_ms=NOW + n).capped
            for n in range(7)
        ]
        assert seen == [None] * 5 + [Capped.SAME_TEXT] * 2
        assert _reply(connection, vault, one, TEXTS[0], "else").capped is None
        assert _reply(connection, vault, other, TEXTS[2], "other").capped is None
        later = _reply(connection, vault, one, TEXTS[2], "later", now_ms=NOW + 3_600_001)
        assert later.capped is None
        rows = connection.execute(
            messages.select().where(messages.c.state == "suppressed")
        ).fetchall()
    assert [(row.reason, row.body_enc, row.final_at) for row in rows] == [
        ("loop", None, NOW + 5),
        ("loop", None, NOW + 6),
    ]


def test_a_number_gets_so_many_replies_an_hour(database: Database, vault: Vault) -> None:
    ours = channel(replies_per_number_hour=3)
    with database.write() as connection:
        person = people(connection, vault, 1)[0]
        seen = [
            _reply(connection, vault, person, f"answer {n}", f"t{n}", channel=ours).capped
            for n in range(5)
        ]
    assert seen == [None, None, None, Capped.NUMBER, Capped.NUMBER]


def test_a_repeated_reply_is_not_counted_twice(database: Database, vault: Vault) -> None:
    with database.write() as connection:
        person = people(connection, vault, 1)[0]
        first = _reply(connection, vault, person, TEXTS[1], "t1")
        again = _reply(connection, vault, person, TEXTS[1], "t1")
        assert first.message_id is not None
        assert again.message_id is None
        assert counts(connection)[MessageState.QUEUED] == 1


def test_a_block_of_numbers_gets_so_many_replies_a_day(
    database: Database, vault: Vault, redis_client: redis.Redis
) -> None:
    ours = channel(replies_per_prefix_day=2)
    prefixes = PrefixCounter(redis_client, vault)
    with database.write() as connection:
        persons = people(connection, vault, 3)
        far = people(connection, vault, 1, first=5_000_000)[0]
        seen = [
            _reply(connection, vault, p, "x", f"t{p.id}", channel=ours, prefixes=prefixes).capped
            for p in (*persons, far)
        ]
        assert seen == [None, None, Capped.PREFIX, None]
        tomorrow = _reply(
            connection,
            vault,
            persons[0],
            "x",
            "tomorrow",
            channel=ours,
            prefixes=prefixes,
            now_ms=NOW + 86_400_000,
        )
        assert tomorrow.capped is None
    keys = redis_client.keys("*")
    assert keys
    assert all(redis_client.ttl(key) > 0 for key in keys)
    assert not any(b"2547" in key for key in keys)


def test_a_reply_is_queued_while_redis_is_away(database: Database, vault: Vault) -> None:
    class Away:
        def count(self, channel: str, msisdn: Msisdn, now_ms: int) -> int:
            raise RedisAway("away")

    with database.write() as connection:
        person = people(connection, vault, 1)[0]
        assert _reply(connection, vault, person, "x", "t", prefixes=Away()).capped is None


def test_a_hundred_texts_wake_one_job(redis_client: redis.Redis) -> None:
    waker = Waker(redis_client)
    assert [waker.wake("at-ke") for _ in range(100)].count(True) == 1
    assert waker.wake("tw")
    jobs = queue(SEND, redis_client).jobs
    assert [(job.func_name, job.args) for job in jobs] == [
        ("smsbot.jobs.send", ["at-ke"]),
        ("smsbot.jobs.send", ["tw"]),
    ]
    flags = WakeFlags(redis_client)
    flags.lower("at-ke")
    assert waker.wake("at-ke")
    assert 0 < redis_client.ttl("smsbot:wake:at-ke") <= 30


def test_waking_a_channel_that_is_awake_costs_one_call(redis_client: redis.Redis) -> None:
    waker = Waker(redis_client)
    waker.wake("at-ke")
    calls = redis_client.info("commandstats")["cmdstat_set"]["calls"]
    best = 1.0
    for _ in range(200):
        began = time.perf_counter()
        waker.wake("at-ke")
        best = min(best, time.perf_counter() - began)
    assert redis_client.info("commandstats")["cmdstat_set"]["calls"] - calls == 200
    assert best < 0.001  # measured: about 60 us on a quiet machine


def test_waking_never_raises_when_redis_is_away(tmp_path: object) -> None:
    waker = Waker(connect(f"unix://{tmp_path}/nobody.sock"))
    assert waker.wake("at-ke") is False


def test_a_failed_enqueue_takes_its_flag_back(
    redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    import redis.exceptions

    def away(*_: object, **__: object) -> None:
        raise redis.exceptions.ConnectionError

    waker = Waker(redis_client)
    with monkeypatch.context() as patched:
        patched.setattr(rq.Queue, "enqueue", away)
        assert not waker.wake("at-ke")
    assert waker.wake("at-ke")
