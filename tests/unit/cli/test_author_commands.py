"""`smsbot check`, `test`, `simulate` and `flow`, as an author calls them. No server is there."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from smsbot.cli.main import group, main
from smsbot.cli.simulate import draw, measure_line
from smsbot.values import PageLimit
from tests.check_examples import LESSON, MENU, sound_files

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sound content as the settings' own, in a folder of its own."""
    for name, text in sound_files().items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("FLOWS", "MESSAGES", "CHANNELS", "DATA", "ENV"):
        monkeypatch.delenv(f"SMSBOT_{name}", raising=False)
    return tmp_path


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(group, arguments, input=typed)


def broken(folder: Path) -> None:
    text = LESSON.replace("lost > 1000", "losst > 1000").replace("Right.", "Well done!! Right.")
    (folder / "flows/lesson.yaml").write_text(text, encoding="utf-8")


def fix_date(folder: Path) -> None:
    """Let the directory be fresh whatever day it is."""
    from datetime import UTC, datetime

    path = folder / "flows/contacts.yaml"
    today = datetime.now(UTC).date().isoformat()
    path.write_text(path.read_text().replace("2026-02-01", today))


# --- check -----------------------------------------------------------------------------------------


def test_sound_content_exits_0_and_writes_nothing(folder: Path) -> None:
    fix_date(folder)
    before = sorted(folder.rglob("*"))
    result = run("check")
    assert (result.exit_code, result.stdout) == (0, "")
    assert sorted(folder.rglob("*")) == before


def test_faults_are_one_line_each_with_file_and_line(folder: Path) -> None:
    broken(folder)
    result = run("check")
    assert result.exit_code == 1
    lines = [line for line in result.stdout.splitlines() if ": error: " in line]
    assert len(lines) == 3
    for line in lines:
        assert re.fullmatch(r"\S+\.(yaml|po):\d+: error: .+ \(.+\)", line)
    assert any(
        line.startswith("flows/lesson.yaml:")
        and "'losst'" in line
        and "did you mean 'lost'" in line
        for line in lines
    )


def test_warnings_alone_exit_0(folder: Path) -> None:
    fix_date(folder)
    (folder / "flows/tests/lesson.yaml").unlink()
    result = run("check")
    assert result.exit_code == 0
    assert "warning: the flow lesson has no dialogue test" in result.stdout
    assert "0 errors, 1 warning" in result.stderr


def test_json_has_every_part_of_a_fault(folder: Path) -> None:
    broken(folder)
    result = run("check", "--format", "json")
    assert result.exit_code == 1
    faults = json.loads(result.stdout)
    assert {tuple(fault) for fault in faults} == {
        ("path", "line", "severity", "code", "words", "hint")
    }
    assert {"name-unknown", "shouting"} <= {fault["code"] for fault in faults}


@pytest.mark.parametrize(
    "path", ["flows", "flows/lesson.yaml", ".", "messages", "messages/sw/lesson.po"]
)
def test_a_path_may_be_a_file_or_a_folder(folder: Path, path: str) -> None:
    fix_date(folder)
    assert run("check", path).exit_code == 0
    (folder / "messages/sw/lesson.po").write_text("msgid broken\n", encoding="utf-8")
    result = run("check", path)
    assert result.exit_code == 1
    assert "lesson.po:1: error:" in result.stdout


def test_one_flow_is_told_alone(folder: Path) -> None:
    broken(folder)
    (folder / "flows/menu.yaml").write_text(
        MENU.replace("goto: bye", "goto: buy"), encoding="utf-8"
    )
    result = run("check", "flows/menu.yaml")
    assert "goto" in result.stdout or "buy" in result.stdout
    assert "lesson.yaml" not in result.stdout


def test_a_folder_elsewhere_has_its_own_messages(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    broken(folder)
    other = tmp_path_factory.mktemp("other")
    (other / "flows").mkdir()
    (other / "flows/menu.yaml").write_text(
        MENU.replace("    call: lesson\n", "    say: Well.\n"), encoding="utf-8"
    )
    result = run("check", str(other / "flows"))
    assert result.exit_code == 0
    assert "lesson" not in result.stdout


def test_a_folder_that_is_not_there_is_one_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SMSBOT_FLOWS", str(folder / "gone"))
    with pytest.raises(SystemExit) as left:
        main(["check"])
    assert left.value.code == 1
    assert capsys.readouterr().err.startswith("smsbot: ")
    assert run("check", "nowhere").exit_code == 2


CHANNELS = """\
- id: sim
  gateway: simulator
  kinds: [ussd, sms]
  service_code: "*384*99#"
  sender: "22384"
  country: KE
  timezone: Africa/Nairobi
  languages: [en, sw]
  price: {currency: KES, default: 0.8}
  tariff: free
  ussd_page: {gsm7: 100, ucs2: 50}
  tokens: ["${SMSBOT_TOKEN_SIM}"]
"""


def test_the_smallest_page_and_the_codes_of_the_channels_count(folder: Path) -> None:
    fix_date(folder)
    (folder / "flows/menu.yaml").write_text(
        MENU.replace("Goodbye.", "Dial *384*99# or text 22384. " + "Take care. " * 8),
        encoding="utf-8",
    )
    assert "*384*99# is not in flows/contacts.yaml" in run("check").stdout
    (folder / "channels.yaml").write_text(CHANNELS, encoding="utf-8")
    result = run("check")
    assert result.exit_code == 0, result.stdout
    assert "'bye' in en takes 2 USSD pages" in result.stdout
    assert not (folder / "var").exists()


def test_a_wrong_channels_file_is_faults_with_their_lines(folder: Path) -> None:
    wrong = CHANNELS.replace("kinds: [ussd, sms]", "kinds: [fax]").replace(": KE\n", ": Kenya\n")
    (folder / "channels.yaml").write_text(wrong, encoding="utf-8")
    result = run("check", "--format", "json")
    faults = [each for each in json.loads(result.stdout) if each["code"] == "channels"]
    assert result.exit_code == 1
    assert {(each["path"], each["line"]) for each in faults} == {
        ("channels.yaml", 3),
        ("channels.yaml", 6),
    }


def test_a_channels_file_that_was_asked_for_must_be_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSBOT_CHANNELS", "gone.yaml")
    result = run("check")
    assert result.exit_code == 1
    assert "gone.yaml:1: error: " in result.stdout


# --- test ------------------------------------------------------------------------------------------


def test_dialogues_that_go_well_exit_0(folder: Path) -> None:
    result = run("test")
    assert (result.exit_code, result.stdout) == (0, "2 dialogues, all as expected\n")


def test_a_failing_line_prints_both_texts_with_its_place(folder: Path) -> None:
    path = folder / "flows/tests/lesson.yaml"
    path.write_text("steps:\n  - dial\n  - expect: Welcome home\n", encoding="utf-8")
    result = run("test")
    assert result.exit_code == 1
    assert "flows/tests/lesson.yaml:3: lesson" in result.stdout
    assert "expected: Welcome home" in result.stdout
    assert "got:      Practice: You won KSh 5,000." in result.stdout
    assert result.stdout.endswith("2 dialogues, 1 failed\n")
    for one in (str(path), "flows/lesson.yaml"):
        assert run("test", one).stdout.endswith("1 dialogue, 1 failed\n")
    assert run("test", "flows/menu.yaml").exit_code == 0


def test_a_wrong_file_of_dialogues_fails(folder: Path) -> None:
    (folder / "flows/tests/lesson.yaml").write_text("steps: []\n", encoding="utf-8")
    result = run("test", "flows")
    assert result.exit_code == 1
    assert "flows/tests/lesson.yaml:1: error: " in result.stdout


def test_broken_content_is_one_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "flows/lesson.yaml").write_text("id: [", encoding="utf-8")
    for command in (["test"], ["simulate", "1"], ["flow", "list"]):
        with pytest.raises(SystemExit) as left:
            main(command)
        assert left.value.code == 1
        told = capsys.readouterr().err
        assert told.startswith("smsbot: ")
        assert "lesson.yaml:2: error: is not YAML" in told
        assert "Traceback" not in told


# --- simulate --------------------------------------------------------------------------------------


def test_inputs_are_played_and_printed(folder: Path) -> None:
    result = run("simulate", "1", "1")
    assert result.exit_code == 0
    assert "| Safe Line " in result.stdout
    assert "> 1\n" in result.stdout
    assert "1 A scam" in result.stdout
    assert re.search(r"\[GSM-7 \d+/160, \d+ left\]", result.stdout)


def test_a_pipe_is_a_keyboard_too(folder: Path) -> None:
    typed = ["1", ":drop", "1", ":dial", "1", ":replay", ":wait 2h", ":lang sw", ":dial"]
    typed += [":sms SOMO", ":help", ":bad", ":quit", "9"]
    result = run("simulate", typed="\n".join(typed) + "\n")
    assert result.exit_code == 0
    out = result.stdout
    assert "no USSD session is open" in out
    assert "| 1 Continue " in out
    assert "nothing is done twice" in out
    assert "2 hours later; the network closed the session" in out
    assert "Ujumbe" not in out
    assert "Zoezi: Umeshinda KSh 5,000." in out
    assert "there is no command :bad" in out
    assert "> 9" not in out


def test_a_flow_can_be_begun_alone_and_by_sms(folder: Path) -> None:
    assert "Practice: You won" in run("simulate", "--flow", "lesson", "1").stdout
    out = run("simulate", "--channel", "sms", "--flow", "lesson", "A scam").stdout
    assert "> LESSON" in out
    assert "0 Back" not in out
    assert "left, 1 SMS]" in out
    assert "| Safe Line" in run("simulate", "--channel", "sms", "--flow", "menu", "2").stdout
    assert "Keywords: LESSON, SOMO" in run("simulate", "--channel", "sms").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--flow", "lessen"], "did you mean 'lesson'"), (["--lang", "xx"], "no words in 'xx'")],
)
def test_a_wrong_name_is_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["simulate", *arguments])
    assert left.value.code == 1
    assert words in capsys.readouterr().err


def test_a_swahili_phone_speaks_swahili(folder: Path) -> None:
    out = run("simulate", "--lang", "sw", "--flow", "lesson", "2").stdout
    assert "Zoezi: Umeshinda KSh 5,000." in out
    assert "[draft]" in out


@pytest.mark.parametrize(
    ("text", "is_sms", "line"),
    [
        ("a" * 132, False, "[GSM-7 132/160, 28 left]"),
        ("Ƙ" * 30, False, "[UCS-2 30/70, 40 left]"),
        ("{}", False, "[GSM-7 4/160, 156 left]"),
        ("a" * 160, True, "[GSM-7 160/160, 0 left, 1 SMS]"),
        ("a" * 161, True, "[GSM-7 161/306, 145 left, 2 SMS]"),
        ("አ" * 71, True, "[UCS-2 71/134, 63 left, 2 SMS]"),
    ],
)
def test_what_is_left_is_counted_in_the_texts_own_encoding(
    text: str, is_sms: bool, line: str
) -> None:
    assert measure_line(text, PageLimit(), is_sms=is_sms) == line


def test_a_screen_is_drawn_square() -> None:
    drawn = draw("Habari\n" + "x" * 50 + "\n😀 ሰላም").split("\n")
    assert len({len(line) for line in drawn if "😀" not in line}) == 1
    assert drawn[1].startswith("| Habari ")


# --- flow ------------------------------------------------------------------------------------------


def test_flows_are_listed(folder: Path) -> None:
    out = run("flow", "list").stdout
    assert "lesson: Two messages [6 states; en, sw (draft); LESSON, SOMO]" in out
    assert "menu: Safe Line [3 states; en]" in out


def test_a_flow_is_drawn_as_mermaid_or_svg(folder: Path) -> None:
    assert "flowchart TD" in run("flow", "graph", "lesson").stdout
    svg = run("flow", "graph", "lesson", "--format", "svg").stdout
    assert svg.startswith("<svg ")
    assert svg.endswith("</svg>\n")


def test_an_unknown_flow_is_one_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["flow", "graph", "lessons"])
    assert "did you mean 'lesson'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", [["check"], ["test"], ["simulate"], ["flow"], ["flow", "graph"]]
)
def test_every_command_has_help(command: list[str]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout
