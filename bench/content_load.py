"""How long 100 flows in 5 languages take: read, compiled, looked at again, and one of them changed.

    python bench/content_load.py [--flows 100] [--languages 5] [--states 24]

Figures to hold (DESIGN.md 13): the load under 2 s, the check of the same under 5 s.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from smsbot.content.catalogue import CORE, merged
from smsbot.content.compiling import wanted_of
from smsbot.content.corewords import CORE_WANTED
from smsbot.content.faults import has_errors
from smsbot.content.files import list_files, read_files
from smsbot.content.loader import Loader, load_content
from smsbot.content.po import PoFile, without_lines, write_po
from smsbot.content.source import parse_source

try:
    from smsbot.content.checks.run import run_checks
except ModuleNotFoundError:  # a build without the checks
    run_checks = None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from smsbot.content.catalogue import Wanted

LANGUAGES = ("sw", "fr", "am", "ha", "so", "yo", "pt")


def flow_yaml(flow: str, states: int) -> str:
    """Give a flow of `states` states: menus, quizzes, questions and branches, with effects."""
    out = [
        f"id: {flow}", "title: A lesson about calls", "language: en", "topics: [calls]",
        "start: s0", "states:",
    ]  # fmt: skip
    for number in range(states - 1):
        here, after = f"s{number}", f"s{number + 1}"
        kind = number % 4
        if kind == 0:
            out += [
                f"  {here}:",
                f"    say: You get a call about a parcel, number {number}. What do you do, {{name}}?",
                "    menu:",
                f"      - {{say: Pay the fee, goto: {after}, do: [{{tag: paid-{number}}}]}}",
                f"      - {{say: Ask who is calling, goto: {after}, add: {{score: 1}}}}",
                f"      - {{say: Hang up, goto: {after}, add: {{score: 2}}}}",
            ]
        elif kind == 1:
            out += [
                f"  {here}:",
                f'    say: "Practice: a text number {number} says you won. Is it real?"',
                f"    item: {'scam' if number % 8 == 1 else 'genuine'}",
                "    quiz:",
                "      - {say: It is real, right: false, feedback: Look again at who sent it.}",
                "      - {say: It is a trick, right: true, feedback: Well seen., add: {score: 1}}",
                f"    goto: {after}",
            ]
        elif kind == 2:
            out += [
                f"  {here}:",
                f"    say: {{ussd: How much was it {number}?, sms: How much did they want {number}?}}",
                "    ask: {type: amount, into: amount, min: 1, retry: Use digits only}",
                f"    goto: {after}",
            ]
        else:
            out += [
                f"  {here}:",
                "    when:",
                f"      - {{if: 'amount >= 1000 && lang == \"sw\" && score > {number}', goto: {after}}}",
                f"      - {{goto: {after}}}",
            ]
    out += [f"  s{states - 1}:", "    say: You have {score} points. Goodbye.", "    end: true"]
    return "\n".join(out) + "\n"


def translated(language: str, flow: str, wanted: Iterable[Wanted]) -> bytes:
    """Give a whole PO file: the source's words with some letters of other alphabets."""
    file = merged(language, flow, None, list(wanted))
    mark = {"am": "\u1200", "ha": "\u0199"}.get(language, "a")
    entries = tuple(
        without_lines(
            entry,
            text=f"{mark} {entry.msgid}",
            comments=("reviewed: Amina Yusuf 2026-11-22",),
        )
        for entry in file.entries
    )
    return write_po(PoFile(file.header, file.header_comments, entries))


def generate(root: Path, flows: int, languages: int, states: int) -> int:
    """Write the content; give its size in bytes."""
    (root / "flows").mkdir()
    size = 0
    chosen = LANGUAGES[: languages - 1]
    for language in chosen:
        (root / "messages" / language).mkdir(parents=True)
        texts = [text for text in CORE_WANTED if not text.msgctxt.startswith("word/")]
        (root / "messages" / language / "core.po").write_bytes(translated(language, CORE, texts))
    for number in range(flows):
        flow = "menu" if number == 0 else f"lesson-{number}"
        raw = flow_yaml(flow, states).encode()
        (root / "flows" / f"{flow}.yaml").write_bytes(raw)
        size += len(raw)
        source, faults = parse_source(raw, flow)
        assert source is not None, [str(fault) for fault in faults]
        for language in chosen:
            po = translated(language, flow, wanted_of(source))
            (root / "messages" / language / f"{flow}.po").write_bytes(po)
            size += len(po)
    return size


def seconds(act: Callable[[], object], repeats: int = 3) -> tuple[float, float]:
    """Give the median and the best time of an act."""
    taken = []
    for _ in range(repeats):
        begun = time.perf_counter()
        act()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken), min(taken)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flows", type=int, default=100)
    parser.add_argument("--languages", type=int, default=5)
    parser.add_argument("--states", type=int, default=24)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="smsbot-bench-") as folder:
        root = Path(folder)
        size = generate(root, args.flows, args.languages, args.states)
        flows_dir, messages_dir = root / "flows", root / "messages"
        print(
            f"{args.flows} flows x {args.languages} languages, {args.states} states each, "
            f"{size / 1e6:.1f} MB"
        )
        loaded = load_content(flows_dir, messages_dir, production=True)
        assert not has_errors(loaded.faults), [str(fault) for fault in loaded.faults[:5]]
        assert loaded.content is not None
        assert len(loaded.content.flows["menu"].languages) == args.languages
        print(f"{'':36}{'median':>9}{'best':>9}{'limit':>9}")
        row("load", lambda: load_content(flows_dir, messages_dir, production=True), "2.000")
        loader = Loader(flows_dir, messages_dir, production=True)
        files = read_files(list_files(flows_dir, messages_dir))
        loader.load(files)
        turn = iter(range(1_000))

        def changed() -> None:
            name = "flows/lesson-1.yaml"
            files[name] = flow_yaml("lesson-1", args.states + 1 + next(turn) % 2).encode()
            loader.load(files)

        if args.flows > 1:
            row("load again after one flow changed", changed, "")
        if run_checks is not None:
            row("check", lambda: run_checks(loaded), "5.000")


def row(name: str, act: Callable[[], object], limit: str) -> None:
    """Print one line of the table."""
    median, best = seconds(act)
    print(f"{name:36}{median:8.3f}s{best:8.3f}s{limit:>9}")


if __name__ == "__main__":
    main()
