"""When counts alone say that a campaign must not go on."""

from __future__ import annotations

import pytest

from smsbot.campaigns.verdicts import WINDOW_S, Limits, Window, of_canary, of_opt_outs
from smsbot.storage.standings import Tally

LIMITS = Limits(failure_share=0.2)


def _window(*looks: tuple[float, dict[str, int]], lost: int = 0) -> str:
    window = Window(LIMITS)
    window.add(0, Tally())
    for at_s, counts in looks:
        window.add(at_s, Tally(counts, lost=lost))
    return window.verdict()


@pytest.mark.parametrize(
    ("counts", "pauses"),
    [
        ({}, False),
        ({"queued": 900, "sending": 100}, False),
        ({"failed": 49}, False),  # too few to say
        ({"failed": 50}, True),
        ({"accepted": 80, "failed": 20}, False),  # at the limit
        ({"accepted": 79, "failed": 21}, True),
        ({"delivered": 79, "undelivered": 21}, True),
        ({"accepted": 70, "failed": 10, "undelivered": 10, "unknown": 10}, True),
        ({"unknown": 60}, True),
        ({"accepted": 1000, "failed": 60}, False),
        ({"expired": 500, "suppressed": 500, "cancelled": 500, "accepted": 60}, False),
    ],
)
def test_failures_among_the_results_pause(counts: dict[str, int], pauses: bool) -> None:
    assert bool(_window((10, counts))) is pauses


def test_what_our_own_dead_workers_left_in_doubt_says_nothing_about_the_gateway() -> None:
    counts = {"accepted": 60, "unknown": 40}
    assert _window((10, counts)) != ""
    assert _window((10, counts), lost=40) == ""
    assert _window((10, {"unknown": 100}), lost=100) == ""


def test_only_the_last_minutes_count() -> None:
    good, then_bad = {"accepted": 10_000}, {"accepted": 10_000, "failed": 60}
    assert _window((10, good), (20, then_bad)) == ""
    assert _window((10, good), (20, good), (WINDOW_S + 21, then_bad)).startswith(
        "60 of the last 60"
    )


def test_late_receipts_are_results_too() -> None:
    looks = [(10.0, {"accepted": 1000}), (10 + WINDOW_S, {"accepted": 1000})]
    late = (15 + WINDOW_S, {"accepted": 800, "delivered": 100, "undelivered": 100})
    assert _window(*looks, late).startswith("100 of the last 200 results were failures (50%")


def test_the_words_tell_of_answers_that_never_came() -> None:
    assert _window((5, {"accepted": 40, "unknown": 60})) == (
        "60 of the last 100 results were failures (60%; the limit is 20%), 60 of them without any answer"
    )


@pytest.mark.parametrize(
    ("answered", "left", "is_out", "words"),
    [
        ({}, 0, True, ""),
        ({"accepted": 10}, 0, True, ""),
        ({"accepted": 8, "failed": 2}, 0, True, ""),  # two dead numbers
        ({"accepted": 7, "failed": 3}, 0, True, "3 of the first 10 messages failed (30%)"),
        ({"accepted": 7, "failed": 3}, 0, False, ""),  # the rest of it may be good
        ({"accepted": 35, "failed": 15}, 0, False, "15 of the first 50 messages failed (30%)"),
        ({"failed": 1}, 0, True, ""),
        ({"failed": 2}, 0, True, "2 of the first 2 messages failed (100%)"),
        ({"accepted": 200, "undelivered": 30}, 0, True, ""),
        ({"delivered": 10}, 2, True, ""),
        ({"delivered": 100}, 3, True, "3 of 100 people whom it reached said STOP (alarm: 10 in 1,000)"),
        ({"delivered": 1000}, 10, True, ""),
        ({"accepted": 1000}, 11, False, "11 of 1,000 people whom it reached said STOP"),
    ],
)  # fmt: skip
def test_a_canary_is_judged_by_failures_and_opt_outs(
    answered: dict[str, int], left: int, is_out: bool, words: str
) -> None:
    verdict = of_canary(answered, left, LIMITS, is_out=is_out)
    assert ("" if verdict is None else verdict.words).startswith(words)
    assert (verdict is not None) is bool(words)
    assert verdict is None or verdict.by_opt_outs is bool(left)


def test_opt_outs_alarm_above_one_in_a_hundred() -> None:
    assert of_opt_outs(10, {"delivered": 500, "accepted": 500}) == ""
    assert of_opt_outs(11, {"delivered": 500, "accepted": 500}) != ""
    assert of_opt_outs(2, {"delivered": 3}) == ""
