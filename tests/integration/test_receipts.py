from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING

import pytest

from smsbot.clock import Clock
from smsbot.sending.receipts import apply_receipts, settle_missed, settle_parked
from smsbot.sending.states import after_receipt
from smsbot.storage import claims
from smsbot.storage.claims import Settled
from smsbot.storage.tables import messages, receipts
from smsbot.values import MessageState as S
from smsbot.values import Receipt
from tests.integration.loopback_gateway import LoopbackGateway, LoopbackServer
from tests.integration.sending_support import (
    NOW,
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
    from sqlalchemy import Connection, Row

    from smsbot.storage.database import Database
    from smsbot.vault import Vault


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    found = LoopbackServer()
    yield found
    found.close()


def _claimed(connection: Connection, vault: Vault, count: int = 1) -> list[int]:
    queue_bulk(connection, vault, people(connection, vault, count), "x")
    ids = [row.id for row in connection.execute(messages.select().order_by(messages.c.id))]
    claims.claim(connection, ids, "me", NOW)
    return ids


def _put(connection: Connection, row_id: int, state: S, gateway_id: str | None) -> None:
    connection.execute(
        messages.update()
        .where(messages.c.id == row_id)
        .values(state=state.value, gateway_id=gateway_id)
    )


def _row(connection: Connection, row_id: int) -> Row[tuple[object, ...]]:
    return connection.execute(messages.select().where(messages.c.id == row_id)).one()


def test_a_receipt_moves_a_row_exactly_as_the_lattice_says(
    database: Database, vault: Vault
) -> None:
    said = (S.ACCEPTED, S.DELIVERED, S.FAILED, S.UNDELIVERED, S.EXPIRED)
    duties = Diary().duties()
    with database.write() as connection:
        cases = list(itertools.product(S, said))
        ids = _claimed(connection, vault, len(cases))
        for row_id, (current, _) in zip(ids, cases, strict=True):
            _put(connection, row_id, current, f"g{row_id}")
        found = apply_receipts(
            connection,
            "at-ke",
            [
                Receipt(f"g{row_id}", word, "w")
                for row_id, (_, word) in zip(ids, cases, strict=True)
            ],
            NOW,
            duties,
        )
        for row_id, (current, word) in zip(ids, cases, strict=True):
            expected = after_receipt(current, word) or current
            assert _row(connection, row_id).state == expected.value, (current, word)
    assert found.moved == sum(after_receipt(*case) is not None for case in cases)
    assert found.unchanged == len(cases) - found.moved


@pytest.mark.parametrize("order", list(itertools.permutations(["answer", "sent", "delivered"])))
def test_receipts_before_and_after_the_answer_end_in_delivered(
    database: Database, vault: Vault, order: tuple[str, ...]
) -> None:
    duties = Diary().duties()
    with database.write() as connection:
        (row_id,) = _claimed(connection, vault)
    for step in (*order, *order):  # and everything twice
        with database.write() as connection:
            if step == "answer":
                answer = Settled(row_id, S.ACCEPTED, gateway_id="g1", cost_micros=5)
                claims.settle(connection, [answer], "me", NOW)
                settle_parked(connection, "at-ke", ["g1"], NOW, duties)
            else:
                word = S.ACCEPTED if step == "sent" else S.DELIVERED
                apply_receipts(connection, "at-ke", [Receipt("g1", word, step)], NOW, duties)
    with database.read() as connection:
        row = _row(connection, row_id)
        assert (row.state, row.gateway_id, row.cost_micros) == ("delivered", "g1", 5)
        assert row.final_at == NOW
        assert connection.execute(receipts.select()).all() == []


@pytest.mark.parametrize("final", [S.DELIVERED, S.UNDELIVERED])
def test_a_receipt_with_our_own_id_settles_a_message_whose_sender_died(
    database: Database, vault: Vault, final: S
) -> None:
    with database.write() as connection:
        (row_id,) = _claimed(connection, vault)
        assert claims.sweep(connection, now_ms=NOW + 61_000, lease_s=60) == 1
        report = Receipt("SM9", final, "w", our_id=row_id)
        apply_receipts(connection, "at-ke", [report], NOW, Diary().duties())
        row = _row(connection, row_id)
    assert (row.state, row.gateway_id) == (final.value, "SM9")


def test_our_id_under_another_gateway_id_is_not_believed(database: Database, vault: Vault) -> None:
    with database.write() as connection:
        (row_id,) = _claimed(connection, vault)
        _put(connection, row_id, S.ACCEPTED, "SM1")
        report = Receipt("SM2", S.FAILED, "w", our_id=row_id)
        found = apply_receipts(connection, "at-ke", [report], NOW, Diary().duties())
        assert found.parked == 1
        assert _row(connection, row_id).state == "accepted"


def test_a_receipt_of_another_channel_moves_nothing(database: Database, vault: Vault) -> None:
    with database.write() as connection:
        (row_id,) = _claimed(connection, vault)
        _put(connection, row_id, S.ACCEPTED, "g1")
        report = Receipt("g1", S.FAILED, "w", our_id=row_id)
        apply_receipts(connection, "tw", [report], NOW, Diary().duties())
        assert _row(connection, row_id).state == "accepted"


def test_the_late_answer_of_a_sender_that_was_given_up_still_counts(
    database: Database, vault: Vault
) -> None:
    with database.write() as connection:
        ids = _claimed(connection, vault, 3)
        claims.sweep(connection, now_ms=NOW + 61_000, lease_s=60)
        answers = [
            Settled(ids[0], S.ACCEPTED, gateway_id="g0"),
            Settled(ids[1], S.FAILED, reason="no such number"),
            Settled(ids[2], S.QUEUED, due_at=NOW),
        ]
        claims.settle(connection, answers, "me", NOW)
        found = [_row(connection, row_id).state for row_id in ids]
    assert found == ["accepted", "failed", "unknown"]  # never queued again


def test_a_word_that_nobody_knows_changes_nothing_and_an_opt_out_is_told(
    database: Database, vault: Vault
) -> None:
    diary = Diary()
    with database.write() as connection:
        ids = _claimed(connection, vault, 2)
        for row_id in ids:
            _put(connection, row_id, S.ACCEPTED, f"g{row_id}")
        found = apply_receipts(
            connection,
            "at-ke",
            [
                Receipt(f"g{ids[0]}", None, "Weird"),
                Receipt(f"g{ids[1]}", S.FAILED, "Failed", code="UserInBlackList", opted_out=True),
            ],
            NOW,
            diary.duties(),
        )
        rows = [_row(connection, row_id) for row_id in ids]
    assert (found.moved, found.unknown_words) == (1, 1)
    assert [(row.state, row.reason) for row in rows] == [
        ("accepted", ""),
        ("failed", "UserInBlackList"),
    ]
    assert diary.left == [rows[1].ref]


def test_receipts_at_three_hundred_a_second_do_not_delay_sending(
    database: Database, vault: Vault, redis_client: redis.Redis, server: LoopbackServer
) -> None:
    with database.write() as connection:
        queue_bulk(connection, vault, people(connection, vault, 600), "x")
    diary = Diary()
    gateway = LoopbackGateway(channel(rate=400.0), server.port)
    sender = sender_of(database, vault, redis_client, gateway, diary=diary)
    done = threading.Event()
    told: set[int] = set()

    def tell() -> None:
        while not done.is_set() or set(server.counts) - told:
            fresh = [row_id for row_id in list(server.counts) if row_id not in told][:30]
            told.update(fresh)
            for word in (S.DELIVERED, S.ACCEPTED):  # backwards, and often before the answer
                with database.write() as connection:
                    apply_receipts(
                        connection,
                        "at-ke",
                        [Receipt(f"gw-{row_id}", word, "w") for row_id in fresh],
                        Clock().now_ms(),
                        diary.duties(),
                    )
            done.wait(0.05)

    thread = threading.Thread(target=tell)
    thread.start()
    try:
        drain(sender)
    finally:
        done.set()
        thread.join(20)
    with database.write() as connection:
        settle_missed(connection, Clock().now_ms(), diary.duties())
    assert states(database) == {"delivered": 600}
    times = [at for at, _, _ in server.seen]
    assert 600 / (max(times) - min(times)) > 0.7 * 400


def test_an_unknown_id_is_parked_once(database: Database, vault: Vault) -> None:
    with database.write() as connection:
        for _ in range(3):
            apply_receipts(
                connection,
                "at-ke",
                [Receipt("nobody", S.DELIVERED, "Success")] * 2,
                NOW,
                Diary().duties(),
            )
        assert len(connection.execute(receipts.select()).all()) == 1
