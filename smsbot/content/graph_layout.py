"""Places the boxes of a graph in layers, without any outside program.

The usual four steps: turn the edges that close a cycle, give each box the layer of its longest path
from the start, order the layers so that few edges cross, and pull boxes over their neighbours. An edge
over several layers goes through bends of its own, so that it never runs behind a box. Pure, and the same
graph always gives the same picture.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

GAP_X = 36.0
GAP_Y = 64.0
MARGIN = 24.0
BEND_WIDTH = 14.0
_ORDER_PASSES = 8
_PULL_PASSES = 90
_ASIDE = 12.0


@dataclass(slots=True)
class Box:
    """A box to place: size in, upper left corner out. A bend takes the height of its row."""

    name: str
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    layer: int = 0

    @property
    def middle(self) -> float:
        """Give the x of the vertical middle line."""
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True)
class Route:
    """An edge drawn: from the source's border through bends to the target's border."""

    source: str
    target: str
    points: tuple[tuple[float, float], ...]
    turned: bool


@dataclass(slots=True)
class Layout:
    """Where everything stands, and how large the picture is."""

    boxes: dict[str, Box]
    routes: list[Route]
    width: float = 0.0
    height: float = 0.0


@dataclass(slots=True)
class _Plan:
    boxes: dict[str, Box]
    rows: list[list[str]] = field(default_factory=list)
    up: dict[str, list[str]] = field(default_factory=dict)
    down: dict[str, list[str]] = field(default_factory=dict)
    bends: set[str] = field(default_factory=set)

    def link(self, upper: str, lower: str) -> None:
        self.down.setdefault(upper, []).append(lower)
        self.up.setdefault(lower, []).append(upper)


def lay_out(boxes: list[Box], edges: list[tuple[str, str]]) -> Layout:
    """Place the boxes; the first is the start. An edge to itself or doubled is the caller's matter."""
    plan = _Plan({box.name: box for box in boxes})
    turned = _turned_edges(boxes, edges)
    forward = [(b, a) if (a, b) in turned else (a, b) for a, b in edges]
    _give_layers(boxes, forward)
    plan.rows = [[] for _ in range(max((box.layer for box in boxes), default=0) + 1)]
    for box in boxes:
        plan.rows[box.layer].append(box.name)
    paths = {edge: _with_bends(plan, edge) for edge in dict.fromkeys(forward)}
    _order(plan)
    _place(plan)
    layout = Layout({box.name: box for box in boxes}, [])
    for (source, target), (upper, lower) in zip(edges, forward, strict=True):
        points = _points([plan.boxes[name] for name in paths[(upper, lower)]])
        is_turned = (source, target) in turned
        if is_turned:
            points.reverse()
            if (target, source) in edges:  # the way there takes the same bends: step aside
                points = [(x + _ASIDE, y) for x, y in points]
        layout.routes.append(Route(source, target, tuple(points), is_turned))
    every = plan.boxes.values()
    layout.width = max((box.x + box.width for box in every), default=0.0) + MARGIN
    layout.height = max((box.y + box.height for box in every), default=0.0) + MARGIN
    return layout


def _turned_edges(boxes: list[Box], edges: list[tuple[str, str]]) -> set[tuple[str, str]]:
    """Give the edges that lead back to a box which is still open in a walk from the start."""
    nexts: dict[str, list[str]] = {box.name: [] for box in boxes}
    for source, target in edges:
        nexts[source].append(target)
    turned: set[tuple[str, str]] = set()
    opened: set[str] = set()
    closed: set[str] = set()
    for root, first in nexts.items():
        if root in opened:
            continue
        opened.add(root)
        walk = [(root, iter(first))]
        while walk:
            name, rest = walk[-1]
            for target in rest:
                if target not in opened:
                    opened.add(target)
                    walk.append((target, iter(nexts[target])))
                    break
                if target not in closed:
                    turned.add((name, target))
            else:
                closed.add(name)
                walk.pop()
    return turned


def _give_layers(boxes: list[Box], forward: list[tuple[str, str]]) -> None:
    by_name = {box.name: box for box in boxes}
    waiting = dict.fromkeys(by_name, 0)
    nexts: dict[str, list[str]] = {name: [] for name in by_name}
    for upper, lower in forward:
        nexts[upper].append(lower)
        waiting[lower] += 1
    ready = [name for name, count in waiting.items() if count == 0]
    while ready:
        name = ready.pop()
        for lower in nexts[name]:
            by_name[lower].layer = max(by_name[lower].layer, by_name[name].layer + 1)
            waiting[lower] -= 1
            if waiting[lower] == 0:
                ready.append(lower)


def _with_bends(plan: _Plan, edge: tuple[str, str]) -> list[str]:
    upper, lower = edge
    path = [upper]
    for layer in range(plan.boxes[upper].layer + 1, plan.boxes[lower].layer):
        name = f"{upper}\x00{lower}\x00{layer}"
        plan.boxes[name] = Box(name, BEND_WIDTH, 0.0, layer=layer)
        plan.bends.add(name)
        plan.rows[layer].append(name)
        path.append(name)
    path.append(lower)
    for above, below in pairwise(path):
        plan.link(above, below)
    return path


def _order(plan: _Plan) -> None:
    """Sort each row by the mean place of its neighbours, downwards and upwards in turn."""
    for turn in range(_ORDER_PASSES):
        downwards = turn % 2 == 0
        neighbours = plan.up if downwards else plan.down
        rows = plan.rows if downwards else plan.rows[::-1]
        for other, row in pairwise(rows):
            place = {name: index for index, name in enumerate(other)}
            weight: dict[str, float] = {}
            for index, name in enumerate(row):
                seen = [place[each] for each in neighbours.get(name, []) if each in place]
                weight[name] = sum(seen) / len(seen) if seen else float(index)
            row.sort(key=weight.__getitem__)


def _place(plan: _Plan) -> None:
    y = MARGIN
    for row in plan.rows:
        tallest = max((plan.boxes[name].height for name in row), default=0.0)
        x = MARGIN
        for name in row:
            box = plan.boxes[name]
            box.x, x = x, x + box.width + GAP_X
            if name in plan.bends:
                box.height = tallest
            box.y = y + (tallest - box.height) / 2
        y += tallest + GAP_Y
    for turn in range(_PULL_PASSES):
        for row in plan.rows if turn % 2 == 0 else plan.rows[::-1]:
            _pull(plan, row)
    left = min((box.x for box in plan.boxes.values()), default=MARGIN)
    for box in plan.boxes.values():
        box.x += MARGIN - left


def _pull(plan: _Plan, row: list[str]) -> None:
    """Move the boxes of a row towards their neighbours' middles; order and gaps are kept."""
    wanted = []
    for name in row:
        box = plan.boxes[name]
        near = [plan.boxes[each].middle for each in plan.up.get(name, []) + plan.down.get(name, [])]
        wanted.append((sum(near) / len(near) if near else box.middle) - box.width / 2)
    widths = [plan.boxes[name].width for name in row]
    rightmost = list(wanted)
    for index in range(1, len(row)):
        rightmost[index] = max(wanted[index], rightmost[index - 1] + widths[index - 1] + GAP_X)
    leftmost = list(wanted)
    for index in range(len(row) - 2, -1, -1):
        leftmost[index] = min(wanted[index], leftmost[index + 1] - widths[index] - GAP_X)
    for name, right, left in zip(row, rightmost, leftmost, strict=True):
        plan.boxes[name].x = (right + left) / 2


def _points(path: list[Box]) -> list[tuple[float, float]]:
    first, last = path[0], path[-1]
    points = [(first.middle, first.y + first.height)]
    for bend in path[1:-1]:
        points += [(bend.middle, bend.y), (bend.middle, bend.y + bend.height)]
    points.append((last.middle, last.y))
    return points
