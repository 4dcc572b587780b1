"""Breakdowns as they are told, against one who subtracts them from each other and from the totals."""

from __future__ import annotations

import random
from collections import Counter

from smsbot.campaigns.report.making import PROGRESS_COLUMNS, breakdown
from smsbot.campaigns.report.small_cells import SMALLEST, is_small
from smsbot.campaigns.report.tallies import Dimension, Group
from tests.subtraction import could_be


def made(
    rows: dict[str, tuple[int, ...]],
) -> tuple[Counter[Group], Counter[tuple[Group, int]]]:
    people: Counter[Group] = Counter()
    cells: Counter[tuple[Group, int]] = Counter()
    for name, counts in rows.items():
        group = (Dimension.LANGUAGE, name)
        people[group] = sum(counts)
        for column, count in enumerate(counts):
            cells[group, column] = count
    return people, cells


def test_no_group_and_no_cell_of_a_few_people_can_be_had_from_what_is_told() -> None:
    chance = random.Random(11)
    attacked = pooled_tables = 0
    for _ in range(120):
        rows = {
            f"g{number}": tuple(chance.choice((0, 2, 7, 15, 80, 400)) for _ in range(3))
            for number in range(chance.randint(1, 8))
        }
        told = breakdown(Dimension.LANGUAGE, PROGRESS_COLUMNS, *made(rows))
        assert [part for part in told.parts if is_small(part.people)] == []
        if not told.parts:
            continue
        shown = {part.name for part in told.parts}
        pooled = [counts for name, counts in rows.items() if name not in shown and any(counts)]
        truth = [list(rows[part.name]) for part in told.parts if part.name in rows]
        if pooled:
            assert len(pooled) >= 2
            assert sum(map(sum, pooled)) >= SMALLEST
            truth.append([sum(column) for column in zip(*pooled, strict=True)])
            pooled_tables += 1
        hidden = frozenset(
            (row, column)
            for row, part in enumerate(told.parts)
            for column, cell in enumerate(part.cells)
            if cell is None
        )
        for row, counts in enumerate(truth):
            for column, count in enumerate(counts):
                if not is_small(count):
                    continue
                assert (row, column) in hidden
                if not told.hides:
                    assert count + SMALLEST in could_be(truth, hidden, (row, column))
                    attacked += 1
    assert attacked > 40
    assert pooled_tables > 20


def test_what_is_shown_is_right_and_adds_up() -> None:
    rows = {"sw": (500, 100, 80), "en": (200, 40, 30), "fr": (60, 12, 11), "": (0, 0, 0)}
    told = breakdown(Dimension.LANGUAGE, PROGRESS_COLUMNS, *made(rows))
    assert [(part.name, part.people, part.cells) for part in told.parts] == [
        ("sw", 680, (500, 100, 80)),
        ("en", 270, (200, 40, 30)),
        ("fr", 83, (60, 12, 11)),
    ]
    assert (told.pooled, told.hides, told.hidden) == (0, False, 0)


def test_a_table_of_small_groups_alone_is_not_told() -> None:
    told = breakdown(Dimension.REGION, PROGRESS_COLUMNS, *made({"a": (4, 0, 0), "b": (0, 3, 0)}))
    assert told.parts == ()
    told = breakdown(Dimension.LANGUAGE, PROGRESS_COLUMNS, *made({"a": (4, 0, 0), "b": (3, 0, 0)}))
    assert told.parts == ()
    assert told.hides


def test_very_many_groups_end_in_one_of_the_rest() -> None:
    rows = {f"r{number:03}": (100 + number, 20, 20) for number in range(90)}
    told = breakdown(Dimension.LANGUAGE, PROGRESS_COLUMNS, *made(rows))
    assert len(told.parts) == 41
    assert told.parts[-1].name == "50 other groups"
    assert sum(part.people for part in told.parts) == sum(map(sum, rows.values()))
