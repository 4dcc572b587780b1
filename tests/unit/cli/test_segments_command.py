from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner, Result

from smsbot.cli.main import main
from smsbot.cli.segments import segments


def run(*arguments: str, given: str | bytes = "") -> Result:
    return CliRunner().invoke(segments, arguments, input=given)


def test_a_text_is_told_in_words() -> None:
    found = run("Usimpe mtu PIN yako").output
    assert found == "GSM-7, 1 segment, 19 units: 19\n"


def test_what_forces_ucs2_is_named_and_what_plain_punctuation_would_cost() -> None:
    found = run("Don’t " + "a" * 150).output
    assert found.splitlines() == [
        "UCS-2, 3 segments, 156 units: 67 + 67 + 22",
        "  ’ U+2019 forces UCS-2 at 3",
        "With plain punctuation: GSM-7, 1 segment",
    ]


def test_a_text_in_another_script_does_not_fill_the_screen() -> None:
    found = run("".join(map(chr, range(0x1200, 0x1230)))).output.splitlines()
    assert len(found) == 14
    assert found[-1] == "  and 36 more letters"


def test_a_letter_that_cannot_be_shown_is_named_by_its_code() -> None:
    assert "  ? U+200B forces UCS-2 at 1" in run("a\u200b").output


def test_standard_input_is_read_for_a_dash_without_its_last_line_end() -> None:
    assert run("-", given="abc\n").output == "GSM-7, 1 segment, 3 units: 3\n"
    assert run("-", given="").output == "GSM-7, 1 segment, 0 units: 0\n"


def test_json_is_one_object() -> None:
    assert json.loads(run("--json", "{ƙ}").output) == {
        "encoding": "UCS-2",
        "segments": 1,
        "units": 3,
        "seg_units": [3],
        "forces": [{"char": "ƙ", "index": 1}],
    }


def lines(given: str | bytes) -> list[dict[str, Any]]:
    result = run("--jsonl", given=given)
    assert result.exception is None
    return [json.loads(line) for line in result.output.splitlines()]


def test_each_line_is_answered_in_order_with_its_id() -> None:
    given = [
        {"id": "a", "text": ""},
        {"id": 2, "text": "a" * 161},
        {"id": "c", "text": "👍 ẹ\u0301"},
        {"id": "d", "text": "\ud800", "more": True},
    ]
    found = lines("\n".join(map(json.dumps, given)))
    assert [row["id"] for row in found] == ["a", 2, "c", "d"]
    assert found[0] == {
        "id": "a",
        "encoding": "GSM-7",
        "segments": 1,
        "units": 0,
        "seg_units": [0],
        "forces": [],
    }
    assert found[1]["seg_units"] == [153, 8]
    assert [force["index"] for force in found[2]["forces"]] == [0, 2, 3]
    assert found[3]["forces"] == [{"char": "\ud800", "index": 0}]


def test_blank_lines_windows_line_ends_and_a_byte_order_mark_are_fine() -> None:
    found = lines('\ufeff{"id": 1, "text": "a"}\r\n\r\n  \n{"id": 2, "text": "b\\n"}\r\n')
    assert [(row["id"], row["units"]) for row in found] == [(1, 1), (2, 2)]
    assert lines("") == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "line 2 is not JSON"),
        (b"[" * 100_000, "line 2 is not JSON"),
        (b"[1]", "line 2 is not an object"),
        (b'{"id": 1}', "line 2 has no text"),
        (b'{"id": 1, "text": null}', "line 2 has no text"),
        (b'{"text": "a"}', "line 2 has no id"),
        (b'{"id": [], "text": "a"}', "line 2 has no id"),
        (b'{"id": 1, "text": "\xff"}', "line 2 is not UTF-8"),
    ],
)
def test_a_bad_line_is_named_and_the_lines_before_it_are_answered(line: bytes, words: str) -> None:
    result = run("--jsonl", given=b'{"id": 1, "text": "a"}\n' + line + b"\n")
    assert str(result.exception).startswith(words)
    assert json.loads(result.output)["id"] == 1


@pytest.mark.parametrize("arguments", [[], ["--json"], ["--jsonl", "text"], ["--jsonl", "--json"]])
def test_wrong_usage_exits_2(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_lines_are_answered_at_once_and_a_bad_one_is_one_sentence_with_status_1() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "smsbot", "segments", "--jsonl"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write('{"id": 1, "text": "a"}\n')
        process.stdin.flush()
        # Answered while the input is still open: a program may talk with it line by line.
        assert json.loads(process.stdout.readline())["id"] == 1
        process.stdin.write("nonsense\n")
        process.stdin.close()
        assert process.wait(20) == 1
        assert process.stderr.read() == "smsbot: line 2 is not JSON\n"


def test_help_is_there() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["segments", "--help"])
    assert ended.value.code == 0
