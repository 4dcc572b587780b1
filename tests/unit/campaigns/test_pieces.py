"""Pieces are as large as the time allows, and batches are filled one after the other."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from smsbot.campaigns.pieces import BATCH_SIZE, Batches, Pace, first_bulk_batch
from smsbot.storage.freezing import Batch


def test_pieces_shrink_at_once_and_grow_by_steps() -> None:
    pace = Pace()
    pace.learn(read_s=0.001, write_s=0.001)
    assert (pace.people, pace.contacts) == (1000, 10_000)
    pace.learn(read_s=2.0, write_s=0.6)
    assert (pace.people, pace.contacts) == (100, 1000)
    for _ in range(20):
        pace.learn(read_s=0.0, write_s=0.0)
    assert (pace.people, pace.contacts) == (4000, 100_000)


def test_batches_are_filled_and_taken_up_where_another_process_left_them() -> None:
    batches = Batches({}, 1)
    assert [batches.place(is_canary=False) for _ in range(BATCH_SIZE + 1)][-2:] == [1, 2]

    later = Batches({False: Batch(2, BATCH_SIZE - 1, is_canary=False)}, 1)
    assert [later.place(is_canary=False) for _ in range(2)] == [2, 3]


def test_the_canary_has_the_lowest_numbers_and_leaves_no_batch_too_large() -> None:
    first_bulk = first_bulk_batch(150_000, 0.01)
    batches, dice = Batches({}, first_bulk), random.Random(5)
    sizes: Counter[int] = Counter()
    for _ in range(150_000):
        is_canary = dice.random() < 0.01
        number = batches.place(is_canary=is_canary)
        assert (number < first_bulk) == is_canary
        sizes[number] += 1
    assert max(sizes.values()) == BATCH_SIZE
    assert sum(sizes.values()) == 150_000


def test_a_canary_that_chance_makes_too_large_goes_on_in_the_bulk() -> None:
    batches = Batches({True: Batch(1, BATCH_SIZE - 1, is_canary=True)}, 2)
    assert [batches.place(is_canary=True) for _ in range(3)] == [1, 2, 2]


@pytest.mark.parametrize(
    ("contacts", "share", "first"),
    [(1_000_000, 0.0, 1), (100, 0.01, 2), (1_000_000, 0.01, 12), (50_000, 1.0, 53)],
)
def test_there_is_room_for_the_canary(contacts: int, share: float, first: int) -> None:
    assert first_bulk_batch(contacts, share) == first
