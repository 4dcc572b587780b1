"""The documents of the checks and of dialogue tests say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from smsbot.content.checks.rules import RULES
from smsbot.content.checks.run import check_content
from smsbot.content.dialogue_file import ACTS, EXPECTS, read_dialogues
from smsbot.content.dialogues import play
from smsbot.content.faults import has_errors
from smsbot.content.loader import load_content

DOCS = Path(__file__).parents[3] / "docs"


def sections() -> dict[str, str]:
    text = (DOCS / "checks.md").read_text(encoding="utf-8")
    parts = re.split(r"^### (\S+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_rule_has_a_section_and_every_section_a_rule() -> None:
    assert set(sections()) == set(RULES)


@pytest.mark.parametrize("code", RULES)
def test_a_section_says_how_bad_a_breach_is(code: str) -> None:
    assert sections()[code].startswith(f"{RULES[code].severity.value}. ")


def test_the_example_of_a_dialogue_test_runs(tmp_path: Path) -> None:
    text = (DOCS / "dialogue-tests.md").read_text(encoding="utf-8")
    flow, test = (
        re.findall(rf"```yaml {name}\n(.*?)```", text, flags=re.DOTALL)[0]
        for name in ("flow", "test")
    )
    flows = tmp_path / "flows"
    (flows / "tests").mkdir(parents=True)
    (flows / "lost-money.yaml").write_text(flow, encoding="utf-8")
    (flows / "tests/lost-money.yaml").write_text(test, encoding="utf-8")
    assert not has_errors(check_content(flows, tmp_path / "messages"))
    content = load_content(flows, tmp_path / "messages", production=False).content
    assert content is not None
    dialogues, faults = read_dialogues(test.encode(), "flows/tests/lost-money.yaml")
    assert faults == []
    assert len(dialogues) == 4
    assert [failure for each in dialogues for failure in play(each, content)] == []


def test_every_word_of_a_dialogue_test_is_shown() -> None:
    text = (DOCS / "dialogue-tests.md").read_text(encoding="utf-8")
    table = text.partition("| step | does |")[2]
    assert all(f"`{word}" in table for word in (*ACTS, *EXPECTS))
