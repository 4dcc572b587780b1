"""Makes the model from texts that somebody labelled: pure, and the same weights from the same rows.

Each head is a linear support vector machine with squared hinge loss, solved in the dual by coordinate
descent (Hsieh et al., ICML 2008): a thousand texts take a second. Thresholds come from rows that the
machine did not learn from, split by group, since near-copies on both sides would flatter it.
"""

from __future__ import annotations

import math
import random
from array import array
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smsbot.scamdesk.features import BUCKETS, features
from smsbot.scamdesk.model import Head, Model

if TYPE_CHECKING:
    from collections.abc import Sequence

SCAM_LABELS: Final = frozenset({"scam", "smishing"})
MARKETING_LABELS: Final = frozenset({"spam", "marketing"})
GENUINE_LABELS: Final = frozenset({"ham", "genuine", "ordinary"})
LABELS: Final = SCAM_LABELS | MARKETING_LABELS | GENUINE_LABELS
_RECIPES: Final = ((2, 5, 5.0), (4, 6, 1.0))
"""Sizes of the pieces of words, and the cost of a mistake: a head takes what judges best."""
_SLOPE: Final = 4.0
_EPOCHS: Final = 15
_FOLDS: Final = 5
_SETTLED: Final = 1e-3
_BYTE: Final = 127


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with its label (`scam`, `spam`, `ham`), its market, and the group of its near-copies."""

    text: str
    label: str
    market: str
    group: str

    @property
    def is_scam(self) -> bool:
        """Say whether it was labelled as a scam."""
        return self.label in SCAM_LABELS

    @property
    def is_unwanted(self) -> bool:
        """Say whether it was labelled as a scam or as marketing."""
        return self.is_scam or self.label in MARKETING_LABELS


@dataclass(frozen=True, slots=True)
class _Plain:
    """A machine before its weights become bytes."""

    weights: list[float]
    bias: float

    def margin(self, row: Sequence[int]) -> float:
        weights = self.weights
        return sum([weights[bucket] for bucket in row]) / math.sqrt(max(len(row), 1)) + self.bias


def train(rows: Sequence[Labelled], about: dict[str, object], *, seed: int = 0) -> Model:
    """Give a model with an expert for every market that has both sides; the same rows, the same bytes.

    A market with scams has a `scam` expert; one with marketing has an `unwanted` expert; one where no
    label is a scam has the latter alone.
    """
    rows = sorted(rows, key=lambda row: (row.market, row.group, row.text, row.label))
    markets = sorted({row.market for row in rows})
    experts: dict[tuple[str, str], Head] = {}
    for market in markets:
        mine = [row for row in rows if row.market == market]
        for kind, truth in (("scam", _is_scam), ("unwanted", _is_unwanted)):
            answers = [truth(row) for row in mine]
            same_as_scam = kind == "unwanted" and answers == [_is_scam(row) for row in mine]
            if len(set(answers)) < 2 or same_as_scam:  # noqa: PLR2004  # yes and no
                continue
            experts[market, kind] = _head(mine, answers, seed)
    shortest, longest, cost = _RECIPES[0]
    seen = [features(row.text, shortest, longest) for row in rows]
    gate = {
        market: _as_head(_solve(seen, [row.market == market for row in rows], cost, seed))
        for market in markets
    }
    return Model(experts, gate, about)


def _is_scam(row: Labelled) -> bool:
    return row.is_scam


def _is_unwanted(row: Labelled) -> bool:
    return row.is_unwanted


def _head(rows: Sequence[Labelled], answers: Sequence[bool], seed: int) -> Head:
    """Give the head by the recipe that judges texts of unseen groups best; the first of equals."""
    fold_of = folds([row.group for row in rows], answers, seed)
    best = (-1.0, 0.0, _RECIPES[0])
    for recipe in _RECIPES:
        shortest, longest, cost = recipe
        seen = [features(row.text, shortest, longest) for row in rows]
        margins = _margins_unseen(seen, answers, fold_of, cost, seed)
        threshold = best_threshold(margins, answers)
        score = _f1([margin > threshold for margin in margins], answers)
        if score > best[0]:
            best = (score, threshold, recipe)
    _, threshold, (shortest, longest, cost) = best
    seen = [features(row.text, shortest, longest) for row in rows]
    machine = _solve(seen, answers, cost, seed)
    return _as_head(machine, threshold, _SLOPE, shortest, longest)


def _f1(said: Sequence[bool], answers: Sequence[bool]) -> float:
    hits = sum(one and other for one, other in zip(said, answers, strict=True))
    return 2 * hits / max(1, sum(said) + sum(answers))


def _margins_unseen(
    rows: Sequence[Sequence[int]],
    answers: Sequence[bool],
    fold_of: Sequence[int],
    cost: float,
    seed: int,
) -> list[float]:
    """Give each row's margin by a machine that saw none of its group."""
    margins = [0.0] * len(rows)
    for fold in range(_FOLDS):
        kept = [index for index in range(len(rows)) if fold_of[index] != fold]
        machine = _solve([rows[i] for i in kept], [answers[i] for i in kept], cost, seed)
        for index in range(len(rows)):
            if fold_of[index] == fold:
                margins[index] = machine.margin(rows[index])
    return margins


def folds(
    groups: Sequence[str], answers: Sequence[bool], seed: int, count: int = _FOLDS
) -> list[int]:
    """Give each row's fold: a group stays together, and both answers are spread evenly."""
    members: dict[str, list[int]] = defaultdict(list)
    for index, group in enumerate(groups):
        members[group].append(index)
    names = sorted(members)
    random.Random(seed).shuffle(names)  # noqa: S311  # no secret: the same split every time
    names.sort(key=lambda name: -len(members[name]))
    load = [[0, 0] for _ in range(count)]
    fold_of = [0] * len(groups)
    for name in names:
        yes = sum(answers[index] for index in members[name])
        side = int(yes * 2 > len(members[name]))
        fold = min(range(count), key=lambda one: (load[one][side], sum(load[one]), one))
        load[fold][side] += len(members[name])
        for index in members[name]:
            fold_of[index] = fold
    return fold_of


def best_threshold(margins: Sequence[float], answers: Sequence[bool]) -> float:
    """Give the margin that parts the sides best: of those within 1 % of the best F1 a high one.

    High, since a false alarm costs trust in genuine messages, and those of this market are few here.
    """
    ordered = sorted(zip(margins, answers, strict=True), reverse=True)
    total = sum(answers)
    best, scores, hits = 0.0, [], 0
    for rank, (margin, answer) in enumerate(ordered, 1):
        hits += answer
        score = 2 * hits / (rank + total)
        scores.append((margin, score))
        best = max(best, score)
    good = [margin for margin, score in scores if score >= best - 0.01]
    return (2 * max(good) + min(good)) / 3 if good else 0.0


def _solve(
    rows: Sequence[Sequence[int]], answers: Sequence[bool], cost: float, seed: int
) -> _Plain:
    count, yes = len(rows), sum(answers)
    heavy = {True: count / (2 * max(yes, 1)), False: count / (2 * max(count - yes, 1))}
    weights = [0.0] * BUCKETS
    bias = 0.0
    alphas = [0.0] * count
    lengths = [1 / max(len(row), 1) ** 0.5 for row in rows]
    order = list(range(count))
    shuffle = random.Random(seed).shuffle  # noqa: S311  # no secret: the same weights every time
    for _ in range(_EPOCHS):
        shuffle(order)
        moved = 0.0
        for index in order:
            row, length = rows[index], lengths[index]
            side = 1.0 if answers[index] else -1.0
            slack = 1 / (2 * cost * heavy[answers[index]])
            margin = sum([weights[bucket] for bucket in row]) * length + bias
            before = alphas[index]
            after = max(0.0, before - (side * margin - 1 + before * slack) / (2.0 + slack))
            if after == before:
                continue
            step = (after - before) * side
            for bucket in row:
                weights[bucket] += step * length
            bias += step
            alphas[index] = after
            moved = max(moved, abs(after - before))
        if moved < _SETTLED:
            break
    return _Plain(weights, bias)


def _as_head(
    machine: _Plain,
    threshold: float = 0.0,
    slope: float = 1.0,
    shortest: int = _RECIPES[0][0],
    longest: int = _RECIPES[0][1],
) -> Head:
    largest = max(map(abs, machine.weights)) or 1.0
    scale = largest / _BYTE
    weights = array("b", [round(weight / scale) for weight in machine.weights])
    return Head(weights, scale, machine.bias, threshold, slope, shortest, longest)
