from __future__ import annotations

import ast
from pathlib import Path

import pytest

from smsbot.engine import words
from smsbot.engine.render import compile_template
from smsbot.engine.words import CORE_WORDS, core_text
from smsbot.text.paging import fits
from smsbot.values import PageLimit
from tests.flowkit import content, end, flow

ENGINE = Path(words.__file__).parent


def test_every_word_is_used_and_every_word_used_is_listed() -> None:
    keys = {word.key for word in CORE_WORDS}
    used = {
        node.value
        for path in ENGINE.glob("*.py")
        if path.name != "words.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert keys <= used
    assert {name for name in used if name.startswith("hint-")} <= keys


@pytest.mark.parametrize("word", CORE_WORDS, ids=lambda word: word.key)
def test_english_words_parse_fit_a_page_and_tell_translators_what_they_are(
    word: words.CoreWord,
) -> None:
    assert compile_template(word.english).source
    assert fits(word.english, PageLimit())
    assert word.comment.endswith(".")


def test_hints_leave_room_for_the_page_that_they_stand_in_front_of() -> None:
    hints = [word for word in CORE_WORDS if word.key.startswith("hint-")]
    assert max(len(word.english) for word in hints) <= 60


def test_a_key_that_no_language_has_is_english() -> None:
    made = content(flow("f", end("a")))
    assert core_text(made, "xx", "back") == "Back"
    assert core_text(made, "sw", "hint-least", {"low": 3}) == "Please type a number, 3 or more."
