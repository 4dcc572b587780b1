"""The statistics of a report, against published worked examples and a simulation."""

from __future__ import annotations

import random
from math import isclose, sqrt

import pytest

from smsbot.campaigns.report.statistics import (
    AFTER,
    BEFORE,
    Answers,
    change,
    difference,
    discernment,
    proportion,
    quantile,
    share,
    wilson,
)


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [  # Newcombe, Statistics in Medicine 1998, 17: 857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
    ],
)
def test_an_interval_of_a_share_is_wilsons(count: int, n: int, low: float, high: float) -> None:
    found = wilson(count / n, n)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [  # Newcombe 1998, 17: 873-890, table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 10), 0.6075, 1.0),
        ((5, 56), (0, 29), -0.0381, 0.1926),
    ],
)
def test_a_difference_of_two_groups_is_newcombes(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    found = difference(proportion(*one), proportion(*other))
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def paired(both: int, lost: int, won: int, neither: int) -> dict[Answers, int]:
    """People with one answer before and one after: right both times, only before, only after, never."""
    counts = {(1, 1): both, (1, 0): lost, (0, 1): won, (0, 0): neither}
    return {Answers(first, 1, then, 1): many for (first, then), many in counts.items()}


def method_10(both: int, lost: int, won: int, neither: int) -> tuple[float, float]:
    """The paper's formula for paired shares (17: 2635), written down a second time from its text."""
    n = both + lost + won + neither
    first, then = wilson((both + lost) / n, n), wilson((both + won) / n, n)
    cross = both * neither - lost * won
    cross = max(0.0, cross - n / 2) if cross > 0 else cross
    sides = (both + lost) * (won + neither) * (both + won) * (lost + neither)
    phi = cross / sqrt(sides) if sides else 0.0
    value = then.value - first.value

    def reach(one: float, other: float) -> float:
        return sqrt(one**2 - 2 * phi * one * other + other**2)

    low = value - reach(then.value - then.low, first.high - first.value)
    return low, value + reach(then.high - then.value, first.value - first.low)


@pytest.mark.parametrize(
    "cells", [(20, 2, 12, 16), (36, 2, 12, 0), (1, 7, 1, 12), (10, 15, 5, 20), (15, 0, 0, 15)]
)
def test_a_change_of_the_same_people_is_newcombes(cells: tuple[int, int, int, int]) -> None:
    found = change(paired(*cells))
    assert found is not None
    assert (found.low, found.high) == pytest.approx(method_10(*cells))


def test_a_change_uses_that_the_people_are_the_same() -> None:
    found = change(paired(1, 7, 1, 12))
    assert found is not None
    # Fagerland, Lydersen and Laake, Statistics in Medicine 2014, 33: 2850, airway data of Bentur
    assert (round(found.low, 3), round(found.high, 3)) == (-0.507, -0.026)
    found = change(paired(20, 2, 12, 16))
    assert found is not None
    apart = difference(proportion(32, 50), proportion(22, 50))
    assert found.high - found.low < apart.high - apart.low


def test_people_who_all_stay_the_same_leave_room_for_change() -> None:
    found = change(paired(15, 0, 0, 15))
    assert found is not None
    assert found.value == 0
    assert 0.03 < found.high < 0.15


def test_with_one_answer_each_a_share_is_a_plain_wilson_interval() -> None:
    found = share({Answers(0, 0, 1, 1): 81, Answers(0, 0, 0, 1): 182}, AFTER)
    assert found is not None
    plain = wilson(81 / 263, 263)
    assert isclose(found.low, plain.low)
    assert isclose(found.high, plain.high)
    assert (found.right, found.answers, found.people) == (81, 263, 263)


def test_four_answers_of_one_mind_know_no_more_than_one() -> None:
    alike = {Answers(4, 4, 0, 0): 30, Answers(0, 4, 0, 0): 20}
    found = share(alike, BEFORE)
    assert found is not None
    assert found.answers == 200
    assert isclose(found.counts_as, 50)


def test_all_right_counts_people_and_not_answers() -> None:
    found = share({Answers(3, 3, 0, 0): 20}, BEFORE)
    assert found is not None
    assert found.high == 1.0
    assert isclose(found.low, wilson(1.0, 20).low)


def test_nobody_gives_no_share_and_no_change() -> None:
    assert share({}, BEFORE) is None
    assert share({Answers(1, 1, 0, 0): 5}, AFTER) is None
    assert change({Answers(1, 1, 0, 0): 5, Answers(0, 0, 1, 2): 5}) is None


def test_the_interval_of_a_change_holds_the_truth_nineteen_times_in_twenty() -> None:
    chance = random.Random(7)
    held = 0
    rounds = 400
    for _ in range(rounds):
        people: dict[Answers, int] = {}
        for _ in range(80):
            skill = chance.choice((0.35, 0.75))  # people differ: their answers are alike
            before, after = chance.choice((1, 2, 3)), chance.choice((1, 2, 3))
            right = sum(chance.random() < skill for _ in range(before))
            then = sum(chance.random() < skill + 0.1 for _ in range(after))
            answers = Answers(right, before, then, after)
            people[answers] = people.get(answers, 0) + 1
        found = change(people)
        assert found is not None
        held += found.low <= 0.1 <= found.high
    assert 0.92 <= held / rounds <= 0.98


@pytest.mark.parametrize(
    ("hits", "accepts", "d_prime", "bias"),
    [
        ((50, 100), (50, 100), 0.0, 0.0),
        # 84.5/101 = 0.83663; the normal table has 0.83646 at 0.98 and 0.83891 at 0.99
        ((84, 100), (84, 100), 1.9614, 0.0),
        # All right: 20.5/21 = 0.97619 (Hautus 1995); the table has 0.97615 at 1.98
        ((20, 20), (20, 20), 3.9615, 0.0),
        # Overcaution: every scam caught, half of the genuine refused.
        ((20, 20), (10, 20), 1.9807, -0.9904),
    ],
)
def test_telling_apart_and_leaning_are_two_numbers(
    hits: tuple[int, int], accepts: tuple[int, int], d_prime: float, bias: float
) -> None:
    found = discernment(proportion(*hits), proportion(*accepts))
    assert found is not None
    assert round(found.d_prime.value, 4) == pytest.approx(d_prime, abs=1e-3)
    assert round(found.bias.value, 4) == pytest.approx(bias, abs=1e-3)
    assert found.d_prime.low < found.d_prime.value < found.d_prime.high


def test_hits_alone_tell_nothing_of_discernment() -> None:
    assert discernment(proportion(9, 10), None) is None
    assert discernment(None, proportion(9, 10)) is None


def test_a_quantile_is_a_value_that_was_seen() -> None:
    assert quantile([(5, 50), (9, 45), (400, 5)], 0.5) == 5
    assert quantile([(5, 50), (9, 45), (400, 5)], 0.95) == 9
    assert quantile([], 0.5) is None
