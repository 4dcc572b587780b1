"""`smsbot messages`: nothing is lost, nothing is written twice, approval is for what was read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from smsbot.cli.main import main
from smsbot.content.loader import load_content
from smsbot.content.po import read_po

if TYPE_CHECKING:
    from pathlib import Path

FLOW = """\
id: menu
title: Front door
language: en
start: hello
states:
  hello: {say: Hello, goto: bye}
  bye: {say: Good bye, end: true}
"""


class Desk:
    """A folder with one flow, and the command as a translator runs it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.flows, self.messages = root / "flows", root / "messages"
        self.flows.mkdir()
        self.flow(FLOW)
        self._capsys = capsys

    def flow(self, text: str) -> None:
        (self.flows / "menu.yaml").write_text(text, "utf-8")

    def po(self, language: str = "sw", flow: str = "menu") -> Path:
        return self.messages / language / f"{flow}.po"

    def run(self, *arguments: str) -> tuple[int, str, str]:
        code = 0
        try:
            main(["messages", *arguments])
        except SystemExit as left:
            code = int(left.code or 0)
        out, err = self._capsys.readouterr()
        return code, out, err

    def fill(self, *words: str) -> None:
        """Translate the empty texts of the flow, in their order."""
        header, gap, rest = self.po().read_text("utf-8").partition("\n\n")
        for word in words:
            rest = rest.replace('msgstr ""', f'msgstr "{word}"', 1)
        self.po().write_text(header + gap + rest, "utf-8")


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    monkeypatch.setenv("SMSBOT_DATA", str(tmp_path / "var"))
    monkeypatch.setenv("SMSBOT_FLOWS", str(tmp_path / "flows"))
    monkeypatch.setenv("SMSBOT_MESSAGES", str(tmp_path / "messages"))
    return Desk(tmp_path, capsys)


def state_of(desk: Desk, flow: str = "menu") -> tuple[int, int, int, str]:
    code, out, _ = desk.run("status", "--json")
    assert code == 0
    (row,) = [row for row in json.loads(out) if (row["flow"], row["language"]) == (flow, "sw")]
    return row["reviewed"], row["drafts"], row["missing"], row["spoken"]


def test_a_language_is_begun_and_a_second_update_writes_nothing(desk: Desk) -> None:
    code, out, _ = desk.run("update", "--lang", "sw", "--lang", "am")
    assert (code, "4 of 4 files written" in out) == (0, True)
    entries = read_po(desk.po().read_bytes()).entries
    assert [(entry.context, entry.msgid, entry.text) for entry in entries] == [
        ("menu/title", "Front door", ""), ("menu/hello/say", "Hello", ""),
        ("menu/bye/say", "Good bye", ""),
    ]  # fmt: skip
    before = {path: path.stat().st_mtime_ns for path in desk.messages.rglob("*.po")}
    assert desk.run("update")[1] == "0 of 4 files written\n"
    assert {path: path.stat().st_mtime_ns for path in desk.messages.rglob("*.po")} == before
    assert not [path for path in desk.messages.rglob("*") if path.name.startswith(".")]


def test_status_counts_missing_draft_and_reviewed_texts(desk: Desk) -> None:
    desk.run("update", "--lang", "sw")
    assert state_of(desk) == (0, 0, 3, "nowhere")
    desk.fill("Mlango", "Habari", "Kwaheri")
    assert state_of(desk) == (0, 3, 0, "dev")
    code, out, _ = desk.run("approve", "--lang", "sw", "--flow", "menu", "--by", "Amina Yusuf")
    assert (code, out) == (0, "menu in sw: 3 texts approved by Amina Yusuf\n")
    assert state_of(desk) == (3, 0, 0, "production")
    assert desk.po().read_text("utf-8").count("# reviewed: Amina Yusuf 20") == 3
    table = desk.run("status")[1].splitlines()
    assert table[0].split() == [
        "flow",
        "lang",
        "texts",
        "reviewed",
        "draft",
        "missing",
        "spoken",
        "in",
    ]
    assert table[2].split() == ["menu", "sw", "3", "3", "0", "0", "production"]
    assert desk.run("update")[1].endswith("0 of 2 files written\n")


def test_a_changed_source_is_fuzzy_after_an_update_and_not_approved_unread(desk: Desk) -> None:
    desk.run("update", "--lang", "sw")
    desk.fill("Mlango", "Habari", "Kwaheri")
    desk.run("approve", "--lang", "sw", "--flow", "menu", "--by", "Amina")
    desk.flow(FLOW.replace("say: Hello", "say: Hello there"))
    assert state_of(desk) == (2, 1, 0, "dev")
    out = desk.run("approve", "--lang", "sw", "--flow", "menu", "--by", "Amina")[1]
    assert "0 texts approved" in out
    assert "1 texts translate an older source" in out
    desk.run("update")
    text = desk.po().read_text("utf-8")
    assert '#, fuzzy\n#| msgid "Hello"\nmsgctxt "menu/hello/say"\nmsgid "Hello there"' in text
    assert 'msgstr "Habari"' in text
    desk.run("approve", "--lang", "sw", "--flow", "menu", "--by", "Amina")
    assert state_of(desk) == (3, 0, 0, "production")


def test_a_broken_flow_is_told_and_its_translations_are_left_alone(desk: Desk) -> None:
    desk.run("update", "--lang", "sw")
    desk.fill("Mlango", "Habari", "Kwaheri")
    before = desk.po().read_bytes()
    desk.flow(FLOW.replace("title:", "titel:"))
    code, _, err = desk.run("update")
    assert code == 1
    assert "menu.yaml:2: error: `titel` has no meaning here" in err
    assert desk.po().read_bytes() == before


def test_a_broken_po_file_is_told_and_left_alone(desk: Desk) -> None:
    desk.run("update", "--lang", "sw")
    desk.po().write_bytes(b'<<<<<<< HEAD\nmsgid "x"\nmsgstr "y"\n')
    code, _, err = desk.run("update")
    assert (code, "menu.po:1: error: is no line of a PO file" in err) == (1, True)
    assert desk.po().read_bytes().startswith(b"<<<<<<< HEAD")
    code, _, err = desk.run("approve", "--lang", "sw", "--flow", "menu", "--by", "A")
    assert (code, "menu.po:1" in err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("approve", "--lang", "sw", "--flow", "meny", "--by", "A"), 1, "did you mean 'menu'?"),
        (
            ("approve", "--lang", "ha", "--flow", "menu", "--by", "A"),
            1,
            "messages update --lang ha",
        ),
        (("approve", "--lang", "sw", "--flow", "menu", "--by", "A\nB"), 1, "the reviewer's name"),
        (("approve", "--lang", "sw", "--flow", "menu"), 2, "--by"),
        (("update", "--lang", "../etc"), 1, "is no language code"),
    ],
)
def test_a_wrong_call_is_answered_in_one_sentence(
    desk: Desk, arguments: tuple[str, ...], code: int, words: str
) -> None:
    desk.run("update", "--lang", "sw")
    found, _, err = desk.run(*arguments)
    assert (found, words in err, "Traceback" in err) == (code, True, False), err


def test_core_words_need_no_review_of_the_words_that_people_send(desk: Desk) -> None:
    desk.run("update", "--lang", "sw")
    texts = read_po(desk.po(flow="core").read_bytes()).entries
    asked = [entry for entry in texts if not entry.context.startswith("word/")]
    assert state_of(desk, "core")[2] == len(asked)


def test_what_update_writes_loads_without_a_fault(desk: Desk) -> None:
    desk.run("update", "--lang", "sw", "--lang", "fr")
    assert load_content(desk.flows, desk.messages, production=True).faults == ()
