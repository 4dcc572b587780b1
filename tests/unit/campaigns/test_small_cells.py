"""Small cells against an attacker who knows all that is told, and that nobody is fewer than none."""

from __future__ import annotations

import random
from itertools import product

import pytest

from smsbot.campaigns.report.small_cells import SMALLEST, about, hide, is_small, pooled
from tests.subtraction import Rows, could_be


def tables() -> list[Rows]:
    chance = random.Random(25)
    sizes = [(2, 2), (2, 3), (3, 3), (4, 5), (6, 4), (8, 5)]
    found = []
    for height, width in sizes * 12:
        kinds = [0, chance.randint(1, 9), chance.randint(10, 60), chance.randint(60, 900)]
        found.append([[chance.choice(kinds) for _ in range(width)] for _ in range(height)])
    return found


def test_a_small_cell_can_not_be_had_by_subtracting() -> None:
    told = hidden_tables = 0
    for rows in tables():
        hidden = hide(rows)
        if hidden is None:
            hidden_tables += 1
            continue
        for row, column in product(range(len(rows)), range(len(rows[0]))):
            count = rows[row][column]
            if is_small(count):
                assert (row, column) in hidden
                values = could_be(rows, hidden, (row, column))
                assert count + SMALLEST in values
                assert len(values) > SMALLEST
                told += 1
    assert told > 50  # the attack was really tried
    assert hidden_tables < 40


def test_hiding_the_small_cells_alone_would_not_do() -> None:
    rows = [[3, 97, 40], [200, 300, 50], [80, 60, 70]]
    alone = frozenset({(0, 0)})
    assert could_be(rows, alone, (0, 0)) == {3}  # the attack works where there is no protection
    hidden = hide(rows)
    assert hidden is not None
    assert len(hidden) == 4
    assert len(could_be(rows, hidden, (0, 0))) > SMALLEST


def test_nothing_is_hidden_where_nothing_is_small() -> None:
    assert hide([[10, 0], [25, 300]]) == frozenset()


def test_a_table_that_can_not_be_protected_is_not_told_at_all() -> None:
    assert hide([[3, 97], [0, 50]]) is None
    assert hide([[3, 97]]) is None


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ({"en": 500, "sw": 700}, set()),
        (
            {"en": 500, "sw": 700, "am": 3},
            {"am", "en"},
        ),  # alone it would be the total less the rest
        ({"en": 500, "sw": 700, "am": 3, "fr": 8}, {"am", "fr"}),
        ({"en": 500, "sw": 700, "am": 3, "fr": 4}, {"am", "fr", "en"}),
        ({"en": 4, "sw": 3}, {"en", "sw"}),
        ({"en": 4}, {"en"}),
        ({"en": 40, "none": 0}, set()),
    ],
)
def test_small_groups_are_told_as_one_of_at_least_two(
    people: dict[str, int], expected: set[str]
) -> None:
    assert pooled(people) == expected


@pytest.mark.parametrize(("count", "told"), [(0, 0), (1, None), (9, None), (10, 10), (1239, 1230)])
def test_steps_are_told_in_tens(count: int, told: int | None) -> None:
    assert about(count) == told
