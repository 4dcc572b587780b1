from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from smsbot.content.triage_file import KNOWN_TYPES, load_typology, read_typology
from smsbot.errors import ContentError
from smsbot.text.typology import Shape

RULES = Path("flows/triage")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RULES, tmp_path / "triage"))


def test_the_shipped_rules_have_every_type_and_no_fault() -> None:
    typology, faults = read_typology(RULES)
    assert faults == []
    assert typology is not None
    assert set(typology.names) == KNOWN_TYPES
    with_signs = {sign.type for sign in typology.signs}
    assert with_signs == KNOWN_TYPES - {"T99"}


@pytest.mark.parametrize(
    ("was", "becomes", "words"),
    [
        ("weight: 6\n", "weight: heavy\n", "`weight` must be a number"),
        ("hard: true", "hart: true", "`hart` has no meaning here (did you mean 'hard'?)"),
        ("id: T05", "id: T55", "there is no type T55"),
        ("id: T05", "id: T03", "the type T03 stands twice"),
        ("id: T05", "id: five", "a type such as T01"),
        ("name: sim-swap", "name: code-that-harms", "the sign code-that-harms stands twice"),
        ('"what is your', '"what is @yuor', "there is no list @yuor"),
        ('"what is your', '".. is your', "begins with a word|stands between"),
        ('"what is your', '"w* is your', "needs three letters before the *"),
        ('"what is your', '"<fone> is your', "is none of <url>"),
        ('"what is your', '"[wW]hat is your', "is no single word"),
        ("shapes: [dangerous-code]", "shapes: [dangerous]", "`shapes`|entry 1"),
        ("        shapes: [dangerous-code]\n", "", "needs `words`, or `shapes`"),
        ("types:\n", "types: 3\n# \n", "must be a list|is not YAML"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line(folder: Path, was: str, becomes: str, words: str) -> None:
    path = folder / "secrets.yaml"
    text = path.read_text(encoding="utf-8")
    assert was in text
    path.write_text(text.replace(was, becomes, 1), encoding="utf-8")
    typology, faults = read_typology(folder)
    assert typology is None
    said = "\n".join(map(str, faults))
    alternatives = (
        [re.escape(one) for one in words.split("|")]
        if "is none of" not in words
        else [re.escape(words)]
    )
    assert re.search("|".join(alternatives), said), said
    assert re.search(r"secrets\.yaml:\d+: error: |triage:1: error", said)


def test_a_folder_without_rules_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="there are no rules"):
        load_typology(tmp_path)


def test_the_guide_names_every_shape_and_type() -> None:
    guide = Path("docs/triage.md").read_text(encoding="utf-8")
    for name in (*Shape, *KNOWN_TYPES, "unless_negated", "needs", "without", "hard", "weight"):
        assert f"`{name}`" in guide, name


def test_the_example_of_the_guide_is_a_rule(folder: Path) -> None:
    guide = Path("docs/triage.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", guide, re.DOTALL)
    assert example is not None
    money = folder / "money.yaml"
    money.write_text(money.read_text(encoding="utf-8") + example[1], encoding="utf-8")
    assert read_typology(folder)[1] == []
