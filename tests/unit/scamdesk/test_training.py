from __future__ import annotations

import pytest

from smsbot.errors import ConfigError
from smsbot.scamdesk.model import pack, shipped, unpack
from smsbot.scamdesk.training import Labelled, best_threshold, folds, train

GENUINE = (
    "see you at home",
    "the bus was late",
    "thanks for lunch",
    "school opens monday",
    "call mum later",
)
SCAMS = (
    "send money to this number",
    "you won a prize call now",
    "pay the fee to claim",
    "verify your account now",
    "urgent send cash",
)


def rows() -> list[Labelled]:
    return [
        Labelled(f"{text} {place}", label, "en", f"{label}{place % 4}{index}")
        for label, texts in (("genuine", GENUINE), ("scam", SCAMS))
        for index, text in enumerate(texts)
        for place in range(4)
    ]


def test_the_same_rows_give_the_same_bytes_in_any_order() -> None:
    one = pack(train(rows(), {"rows": 1}))
    assert one == pack(train(rows()[::-1], {"rows": 1}))
    assert pack(unpack(one)) == one


def test_what_was_learned_tells_the_sides_apart() -> None:
    model = train(rows(), {})
    assert model.opinion("you won a prize call now 7").scam > 0.5
    assert model.opinion("see you at school monday").scam < 0.5


def test_near_copies_stay_in_one_fold_and_both_sides_are_spread() -> None:
    groups = [str(index // 3) for index in range(60)]
    answers = [index // 3 % 2 == 0 for index in range(60)]
    fold_of = folds(groups, answers, 0)
    assert all(
        len({fold for fold, group in zip(fold_of, groups, strict=True) if group == one}) == 1
        for one in groups
    )
    for fold in range(5):
        assert {
            answer for answer, place in zip(answers, fold_of, strict=True) if place == fold
        } == {True, False}


def test_the_threshold_parts_the_sides() -> None:
    assert 0.2 < best_threshold([0.9, 0.8, 0.7, 0.2, 0.1], [True, True, True, False, False]) <= 0.7


@pytest.mark.parametrize("broken", [b"", b"nonsense", b"smsbot-triage-1\nnonsense"])
def test_a_damaged_file_says_how_to_mend_it(broken: bytes) -> None:
    with pytest.raises(ConfigError, match="case train"):
        unpack(broken)


def test_the_shipped_weights_are_hashed_bytes_that_hold_no_text() -> None:
    model = shipped()
    assert set(model.about) == {"rows", "files"}
    assert all(head.weights.typecode == "b" for head in model.experts.values())
