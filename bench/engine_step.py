"""What one `engine.step` costs on a flow of 60 states: `python bench/engine_step.py`.

The aim is a median under 30 microseconds over the walk. JSON is measured beside it, for a session
that is ten turns old.
"""

from __future__ import annotations

import random
import statistics
import sys
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from smsbot.engine.model import Person
from smsbot.engine.session import as_json, from_json
from smsbot.engine.step import start, step
from tests import flowkit as kit

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsbot.engine.model import Content
    from smsbot.engine.session import Session

ROUNDS = 20_000
LESSON = "A text says you got KSh 3,500. Then a stranger calls and begs you to send it back."


def lesson_flow() -> Content:
    """60 states: menus, quizzes with feedback, questions, branches and pages with values."""
    states = []
    for index in range(12):
        nxt = f"menu{(index + 1) % 12}"
        states += [
            kit.menu(
                f"menu{index}",
                f"{index}. {LESSON}",
                ("Send it back", f"quiz{index}"),
                ("Check my balance first", f"ask{index}"),
                ("Ask my operator", nxt),
            ),
            kit.quiz(
                f"quiz{index}",
                "Practice: Dear customer, your account is blocked. Call now. Genuine?",
                kit.option("Genuine", f"when{index}", right=False, feedback="No: they rush you."),
                kit.option(
                    "A trick", f"when{index}", right=True, feedback="Right.", add={"score": "1"}
                ),
            ),
            kit.ask(
                f"ask{index}", "About how much did you lose?", "amount", "lost", f"when{index}"
            ),
            kit.when(
                f"when{index}",
                (f"lost >= {10_000 + index} && lang == 'en'", f"page{index}"),
                (None, nxt),
            ),
            kit.menu(f"page{index}", "You lost {lost}. Score: {score}.", ("Go on", nxt)),
        ]
    return kit.content(kit.flow("menu", *states))


def walk(content: Content, rounds: int) -> dict[str, list[int]]:
    """Step at random, as people do, and give the nanoseconds by what was done."""
    pick = random.Random(7)
    times: dict[str, list[int]] = {}
    session = _dial(content)
    for _ in range(rounds):
        state = content.flows["menu"].states[session.state]
        raw = str(pick.randint(1, 3)) if state.options else str(pick.randint(1, 30_000))
        if pick.random() < 0.1:
            raw = pick.choice(["0", "9", "00"])
        begin = perf_counter_ns()
        outcome = step(content, session, raw, surface=kit.USSD, now=kit.NOON, seed=kit.SEED)
        took = perf_counter_ns() - begin
        name = f"{state.kind}: {outcome.answered.how}"
        times.setdefault(name, []).append(took)
        session = _dial(content) if outcome.session.ended else outcome.session
    return times


def _dial(content: Content) -> Session:
    return start(
        content,
        "menu",
        person=Person("KE"),
        language="en",
        surface=kit.USSD,
        now=kit.NOON,
        seed=kit.SEED,
    ).session


def measure(act: Callable[[], object]) -> list[int]:
    """Give the nanoseconds of 5,000 runs."""
    times = []
    for _ in range(5_000):
        begin = perf_counter_ns()
        act()
        times.append(perf_counter_ns() - begin)
    return times


def row(name: str, times: list[int]) -> None:
    """Print one line of the table."""
    ordered = sorted(times)
    p99 = ordered[int(len(ordered) * 0.99)]
    print(f"{name:24}{len(times):8}{statistics.median(ordered) / 1000:12.1f}{p99 / 1000:12.1f}")


def main() -> None:
    content = lesson_flow()
    walk(content, 2_000)  # pages are made at their first use
    times = walk(content, ROUNDS)
    print(f"{'step on 60 states':24}{'turns':>8}{'median us':>12}{'p99 us':>12}")
    for name in sorted(times):
        row(name, times[name])
    row("all", [each for some in times.values() for each in some])
    session = _dial(content)
    for raw in ("1", "2", "2", "500", "3", "1", "1", "3", "3", "2"):
        session = step(content, session, raw, surface=kit.USSD, now=kit.NOON, seed=kit.SEED).session
    stored = as_json(session)
    row(f"as_json ({len(stored)} bytes)", measure(lambda: as_json(session)))
    row("from_json", measure(lambda: from_json(stored)))


if __name__ == "__main__":
    main()
