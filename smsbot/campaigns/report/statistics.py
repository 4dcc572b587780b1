"""Shares and their differences with 95 % intervals, by people who each gave one or more answers.

People, not answers, are the unit of chance: one person's answers are alike. So each share is a ratio of
sums with the variance of a ratio (linearised, by person), put into Wilson's interval as the size of a
simple sample with that variance. Differences are made of two such intervals (MOVER, Zou and Donner
2008), which for one answer each is Newcombe's hybrid score interval (Statistics in Medicine 1998, 17:
873, method 10; 17: 2635, method 10, where the same people answered twice). Where everybody gave one
answer all of it is the textbook's; a test holds it to published values.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NORMAL = NormalDist()
Z = _NORMAL.inv_cdf(0.975)
"""95 %, both sides."""
BEFORE, AFTER = 0, 1


class Answers(NamedTuple):
    """One person's answers to items of one kind: right ones and all, before and after."""

    right_before: int
    before: int
    right_after: int
    after: int

    def of(self, period: int) -> tuple[int, int]:
        """Give the right ones and all of one period."""
        return self[2 * period], self[2 * period + 1]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Share(Interval):
    """A share of `answers` that `people` gave; `counts_as` is the simple sample that knows as much."""

    right: int
    answers: int
    people: int
    counts_as: float


def wilson(value: float, n: float) -> Interval:
    """Give Wilson's interval of a share seen in a simple sample of `n` > 0."""
    square = Z * Z
    middle = (value + square / (2 * n)) / (1 + square / n)
    half = Z / (1 + square / n) * sqrt(value * (1 - value) / n + square / (4 * n * n))
    # At 0 and 1 rounding would leave a limit a hair beside the value itself.
    low = 0.0 if value == 0 else max(0.0, min(value, middle - half))
    high = 1.0 if value == 1 else min(1.0, max(value, middle + half))
    return Interval(value, low, high)


def proportion(count: int, n: int) -> Share:
    """Give the share of people to whom something happened; `n` > 0."""
    plain = wilson(count / n, n)
    return Share(plain.value, plain.low, plain.high, count, n, n, n)


def share(people: Mapping[Answers, int], period: int) -> Share | None:
    """Give the share of right answers in a period, or None when there is none.

    `people` says how many people answered so. The interval is never narrower than that of a simple
    sample of the answers; with all right or all wrong, of a simple sample of the people.
    """
    given = [(*answers.of(period), many) for answers, many in people.items()]
    right = sum(y * many for y, _, many in given)
    answers = sum(n * many for _, n, many in given)
    counted = sum(many for _, n, many in given if n)
    if not answers:
        return None
    value = right / answers
    if right in (0, answers):
        counts_as = float(counted)
    else:
        variance = sum(many * (y - value * n) ** 2 for y, n, many in given) / answers**2
        simple = value * (1 - value) / answers
        counts_as = answers / max(1.0, variance / simple)
    found = wilson(value, counts_as)
    return Share(found.value, found.low, found.high, right, answers, counted, counts_as)


def change(people: Mapping[Answers, int]) -> Interval | None:
    """Give after minus before of the people who answered both times, or None when nobody did."""
    both = {answers: many for answers, many in people.items() if answers.before and answers.after}
    first, then = share(both, BEFORE), share(both, AFTER)
    if first is None or then is None:
        return None
    return difference(then, first, correlation=_correlation(both, first, then))


def _correlation(both: Mapping[Answers, int], first: Share, then: Share) -> float:
    """Give how a person's first and second answers go together, -1 to 1.

    Taken down by half an answer, as Newcombe does: thirty people who all stayed the same don't prove
    that nobody ever changes.
    """
    square_first = square_then = product = 0.0
    for answers, many in both.items():
        rest_first = answers.right_before - first.value * answers.before
        rest_then = answers.right_after - then.value * answers.after
        square_first += many * rest_first**2
        square_then += many * rest_then**2
        product += many * rest_first * rest_then
    if not square_first or not square_then:
        return 0.0
    if product > 0:
        product = max(0.0, product - 0.5)
    return max(-1.0, min(1.0, product / sqrt(square_first * square_then)))


def difference(one: Interval, other: Interval, *, correlation: float = 0.0) -> Interval:
    """Give `one` minus `other` with its interval (MOVER); `correlation` 0 for different people."""
    value = one.value - other.value
    return Interval(
        value,
        value - _reach(one.value - one.low, other.high - other.value, correlation),
        value + _reach(one.high - one.value, other.value - other.low, correlation),
    )


def _reach(one: float, other: float, correlation: float) -> float:
    return sqrt(max(0.0, one**2 - 2 * correlation * one * other + other**2))


@dataclass(frozen=True, slots=True)
class Discernment:
    """How well scam and genuine are told apart (d'), and which way people lean (c).

    d' 0 is guessing. A negative c calls too much a scam: distrust; a positive one, too little.
    """

    d_prime: Interval
    bias: Interval


def discernment(hits: Share | None, accepts: Share | None) -> Discernment | None:
    """Give d' and c, with 0.5 added to each count (log-linear, Hautus 1995) so that both are finite.

    A hit is a scam called scam; a genuine message called scam is a false alarm. None without both.
    The variance is Gourevitch and Galanter's (1967), on the samples that the shares count as.
    """
    if hits is None or accepts is None:
        return None
    z_hit, variance_hit = _z_score(hits.right, hits)
    z_alarm, variance_alarm = _z_score(accepts.answers - accepts.right, accepts)
    half = Z * sqrt(variance_hit + variance_alarm)
    return Discernment(_around(z_hit - z_alarm, half), _around(-(z_hit + z_alarm) / 2, half / 2))


def _z_score(count: int, of: Share) -> tuple[float, float]:
    rate = (count + 0.5) / (of.answers + 1)
    z = _NORMAL.inv_cdf(rate)
    return z, rate * (1 - rate) / (of.counts_as * _NORMAL.pdf(z) ** 2)


def _around(value: float, half: float) -> Interval:
    return Interval(value, value - half, value + half)


def quantile(seconds: Iterable[tuple[int, int]], part: float) -> int | None:
    """Give the least value that at least `part` of all are not above; pairs of value and count."""
    ordered = sorted(seconds)
    total = sum(many for _, many in ordered)
    passed = 0
    for value, many in ordered:
        passed += many
        if passed >= part * total:
            return value
    return None
