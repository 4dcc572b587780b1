"""Lots are drawn fairly, and the same lots every time."""

from __future__ import annotations

from hashlib import sha256

import pytest

from smsbot.campaigns.choosing import bound_of
from smsbot.campaigns.draws import END, Draw, below, draw, seed_of

REFS = [sha256(str(n).encode()).hexdigest()[:32] for n in range(20_000)]


def test_the_same_seed_word_and_person_draw_the_same_number_on_any_machine() -> None:
    assert draw("7", "hold_out", "0123456789abcdef0123456789abcdef") == 1741017604469621502
    assert Draw("7", "hold_out")(REFS[0]) == draw("7", "hold_out", REFS[0])


def test_seed_and_word_can_not_be_mixed_up() -> None:
    assert draw("1", "2:x", REFS[0]) != draw("1:2", "x", REFS[0])
    assert seed_of(7) == "7"


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_a_share_of_the_people_is_drawn_within_what_chance_allows(share: float) -> None:
    drawn = Draw("42", "hold_out")
    got = sum(drawn(ref) < below(share) for ref in REFS)
    spread = (len(REFS) * share * (1 - share)) ** 0.5
    assert abs(got - len(REFS) * share) < 4 * spread


@pytest.mark.parametrize(
    "others", [("42", "sample:1"), ("43", "hold_out")], ids=["another word", "another campaign"]
)
def test_draws_have_nothing_to_do_with_each_other(others: tuple[str, str]) -> None:
    one, other, half = Draw("42", "hold_out"), Draw(*others), below(0.5)
    both = sum(one(ref) < half and other(ref) < half for ref in REFS)
    assert abs(both - len(REFS) / 4) < 4 * (len(REFS) * 3 / 16) ** 0.5


def test_shares_of_nobody_and_of_everybody_are_exact() -> None:
    drawn = [draw("1", "sample:1", ref) for ref in REFS]
    assert below(0) == 0
    assert below(1) == END
    assert min(drawn) >= 0
    assert max(drawn) < END


@pytest.mark.parametrize(("size", "got"), [(0, 0), (1, 1), (3, 3), (5, 5), (6, 5)], ids=str)
def test_a_bound_lets_exactly_so_many_draws_pass(size: int, got: int) -> None:
    draws = [50, 20, 90, 10, 70]
    bound = bound_of(iter(draws), size)
    assert sum(each < bound for each in draws) == got
