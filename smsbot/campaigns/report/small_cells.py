"""Hiding counts of fewer than ten people so that they can't be had by subtraction either (R25).

What is published: every row's total, every column's total, and the cells that are not hidden. `hide`
gives each small cell a cycle of hidden cells around which ten people could be moved without changing
anything that is published: whoever knows all of that, and that no count is negative, still can't tell
the small cell from one that is ten larger. `pooled` sees to it beforehand that no row is itself small.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SMALLEST = 10
"""The least number of people that is told of a part of an audience."""
Cell = tuple[int, int]


def is_small(count: int) -> bool:
    """Say whether a count is of a few people; nobody at all is not a few."""
    return 0 < count < SMALLEST


def pooled(people: Mapping[str, int]) -> frozenset[str]:
    """Give the groups that must be told as one: those that are small, and more until the sum is not.

    Never one group alone: the total less the others would give it. All groups, when nothing less does.
    """
    inside = {name for name, many in people.items() if is_small(many)}
    rest = sorted((many, name) for name, many in people.items() if not is_small(many) and many)
    while inside and rest and (len(inside) == 1 or sum(people[name] for name in inside) < SMALLEST):
        inside.add(rest.pop(0)[1])
    return frozenset(inside)


def hide(rows: Sequence[Sequence[int]]) -> frozenset[Cell] | None:
    """Give the cells to hide, as (row, column), or None when none of the table may be told.

    The totals of rows and columns stay. Small cells are hidden, and with each the cheapest cycle of
    others that protects it.
    """
    small = [
        (row, column)
        for row, cells in enumerate(rows)
        for column, count in enumerate(cells)
        if is_small(count)
    ]
    hidden = set(small)
    for cell in small:
        cycle = _cycle(rows, cell, hidden)
        if cycle is None:
            return None
        hidden |= cycle
    return frozenset(hidden)


def _cycle(rows: Sequence[Sequence[int]], cell: Cell, hidden: set[Cell]) -> set[Cell] | None:
    """Give the cheapest cells that lead from the cell's row to its column, by turns of row and column.

    If the cell had ten more, every other cell on the way would have ten less: it must have them.
    """
    start, goal = cell
    width = len(rows[0])
    queue: list[tuple[int, bool, int, tuple[Cell, ...]]] = [(0, True, start, ())]
    done: set[tuple[bool, int]] = set()
    while queue:
        cost, is_row, place, way = heappop(queue)
        if (is_row, place) in done:
            continue
        done.add((is_row, place))
        if not is_row and place == goal:
            return set(way)
        for other in range(width if is_row else len(rows)):
            following = (place, other) if is_row else (other, place)
            count = rows[following[0]][following[1]]
            if following == cell or (is_row and count < SMALLEST):
                continue
            step = 0 if following in hidden else count + 1
            heappush(queue, (cost + step, not is_row, other, (*way, following)))
    return None


def about(count: int) -> int | None:
    """Give a count in whole tens, rounded down, or None for a few: steps can be subtracted in chains."""
    return None if is_small(count) else count - count % SMALLEST
