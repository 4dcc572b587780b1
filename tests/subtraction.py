"""An attacker who subtracts: knows every total and every cell shown, and that none is negative."""

from __future__ import annotations

Rows = list[list[int]]


def could_be(rows: Rows, hidden: frozenset[tuple[int, int]], cell: tuple[int, int]) -> set[int]:
    """Give every value that the cell may have for one who subtracts: the feasible tables, searched.

    A table that fits is found for each value by max-flow from rows to columns over the hidden cells.
    """
    return {
        value for value in range(rows[cell[0]][cell[1]] + 40) if fits(rows, hidden, cell, value)
    }


def fits(rows: Rows, hidden: frozenset[tuple[int, int]], cell: tuple[int, int], value: int) -> bool:
    row, column = cell
    supply = [sum(rows[r][c] for r2, c in hidden if r2 == r) for r in range(len(rows))]
    demand = [sum(rows[r][c] for r, c2 in hidden if c2 == c) for c in range(len(rows[0]))]
    supply[row] -= value
    demand[column] -= value
    if supply[row] < 0 or demand[column] < 0:
        return False
    flow = dict.fromkeys(hidden - {cell}, 0)
    for source in range(len(rows)):
        while supply[source]:
            way = augment(source, flow, demand)
            if way is None:
                return False
            pushed = min(
                supply[source], *(flow[step] for step, forward in way if not forward), 10**9
            )
            last = way[-1][0][1]
            pushed = min(pushed, demand[last])
            for step, forward in way:
                flow[step] += pushed if forward else -pushed
            supply[source] -= pushed
            demand[last] -= pushed
    return True


def augment(
    source: int, flow: dict[tuple[int, int], int], demand: list[int]
) -> list[tuple[tuple[int, int], bool]] | None:
    todo: list[tuple[bool, int, list[tuple[tuple[int, int], bool]]]] = [(True, source, [])]
    seen = {(True, source)}
    while todo:
        is_row, place, way = todo.pop(0)
        if not is_row and demand[place]:
            return way
        for (r, c), much in flow.items():
            step = (False, c) if is_row and r == place else (True, r)
            usable = (is_row and r == place) or (not is_row and c == place and much)
            if usable and step not in seen:
                seen.add(step)
                todo.append((*step, [*way, ((r, c), is_row)]))
    return None
