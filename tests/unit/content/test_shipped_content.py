"""What we ship keeps our own rules."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from smsbot.content.checks.run import check_content
from smsbot.content.dialogue_file import FOLDER, read_dialogues
from smsbot.content.dialogues import play
from smsbot.content.loader import load_content

ROOT = Path(__file__).parents[3]
FLOWS, MESSAGES = ROOT / "flows", ROOT / "messages"


def test_the_shipped_flows_have_no_error() -> None:
    faults = check_content(FLOWS, MESSAGES, today=datetime.now(UTC).date())
    assert [str(fault) for fault in faults if fault.is_error] == []


def test_the_shipped_dialogues_go_as_written() -> None:
    content = load_content(FLOWS, MESSAGES, production=False).content
    assert content is not None
    for path in sorted((FLOWS / FOLDER).glob("*.yaml")):
        dialogues, faults = read_dialogues(path.read_bytes(), str(path))
        assert faults == []
        assert [str(failure) for each in dialogues for failure in play(each, content)] == []
