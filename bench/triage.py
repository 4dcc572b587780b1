"""What triage is worth on texts that it has not seen: by group, with false alarms and speed.

Trains without each fifth of the groups in turn and judges that fifth, with the shipped rules. Wants
labelled texts (`../shared/data/scam/*.csv`, or files as arguments); without them only the speed is told.
`python -m bench.triage [FILE.csv ..]`.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from smsbot.cli.case_train import rows_of_file
from smsbot.content.triage_file import load_typology
from smsbot.scamdesk.training import Labelled, folds, train
from smsbot.scamdesk.triage import Band, classify_text
from smsbot.text.typology import MARKETING

DATA = Path("../shared/data/scam")
OWN = Path("flows/triage/genuine.csv")
RULES = Path("flows/triage")
FOLDS = 5
SEED = 7


def judge_fold(job: tuple[list[Labelled], list[Labelled]]) -> list[tuple[str, str, str, str]]:
    """Give (market, label, band, type) of each text of the second list, judged by the first."""
    learn, unseen = job
    model, typology = train(learn, {}), load_typology(RULES)
    found = []
    for row in unseen:
        said = classify_text(row.text, typology=typology, model=model)
        found.append((row.market, row.label, said.band.value, said.type))
    return found


def said_yes(market: str, band: str, kind: str) -> bool:
    """Say whether a text counts as caught: where no label tells scams from marketing, both do."""
    return band == Band.SCAM or (market == "en-lg" and kind == MARKETING)


def main() -> None:
    paths = [Path(name) for name in sys.argv[1:] if name.endswith(".csv")]
    paths = paths or sorted(DATA.glob("*.csv"))
    if paths:
        evaluate([row for path in paths for row in rows_of_file(path)])
    else:
        print(f"no labelled texts in {DATA}: only the speed is measured")
    speed()


def evaluate(rows: list[Labelled]) -> None:
    """Print the table of a nested evaluation by group."""
    own = list(rows_of_file(OWN))
    fold_of = folds([row.group for row in rows], [row.is_unwanted for row in rows], SEED, FOLDS)
    jobs = [
        (
            own + [row for row, place in zip(rows, fold_of, strict=True) if place != fold],
            [row for row, place in zip(rows, fold_of, strict=True) if place == fold],
        )
        for fold in range(FOLDS)
    ]
    with ProcessPoolExecutor(2) as pool:
        found = [each for fold in pool.map(judge_fold, jobs) for each in fold]
    print(f"{'market':8} {'texts':>6} {'P':>6} {'R':>6} {'F1':>6}  genuine: scam unsure marketing")
    for market in sorted({row.market for row in rows}):
        mine = [each for each in found if each[0] == market]
        spam_counts = market == "en-lg"
        count = Counter(
            (
                label in {"scam", "smishing"} or (spam_counts and label == "spam"),
                said_yes(market, band, kind),
            )
            for _, label, band, kind in mine
        )
        hits, wrong, missed = count[True, True], count[False, True], count[True, False]
        precision, recall = hits / max(1, hits + wrong), hits / max(1, hits + missed)
        both = 2 * hits / max(1, 2 * hits + wrong + missed)
        ham = [(band, kind) for _, label, band, kind in mine if label == "ham"]
        share = [
            sum(band == Band.SCAM for band, _ in ham),
            sum(band == Band.UNSURE for band, _ in ham),
            sum(kind == MARKETING for _, kind in ham),
        ]
        shown = " ".join(f"{100 * one / max(1, len(ham)):5.1f}%" for one in share)
        print(
            f"{market:8} {len(mine):6} {precision:6.3f} {recall:6.3f} {both:6.3f}  {shown}",
            flush=True,
        )


def speed() -> None:
    """Print the milliseconds that a text takes."""
    typology = load_typology(RULES)
    said = "tuma kwa namba hii your account PIN 0712345678 Ksh3,500 confirmed balance call now"
    rng = random.Random(1)
    texts = [" ".join(rng.choices(said.split(), k=25)) for _ in range(500)]
    classify_text(texts[0], typology=typology)
    began = time.process_time()
    for text in texts:
        classify_text(text, typology=typology, country="KE")
    print(
        f"a text of 150 letters: {(time.process_time() - began) / len(texts) * 1000:.2f} ms of CPU"
    )


if __name__ == "__main__":
    main()
