from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from smsbot.cli.case import case
from smsbot.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = [
    {
        "id": 1,
        "text": "Reply with your PIN to +254712345678",
        "sender": "0799111222",
        "country": "ke",
    },
    {"id": "b", "text": "Habari mama, nitachelewa leo."},
    {"id": 3, "text": "", "sender": None},
]


def run(*arguments: str, given: str | bytes = "") -> Result:
    return CliRunner().invoke(case, arguments, input=given)


def lines(rows: list[object]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_each_line_is_answered_in_order() -> None:
    result = run("classify", "--json", "-", given=lines(TEXTS))
    found = [json.loads(line) for line in result.output.splitlines()]
    assert [each["id"] for each in found] == [1, "b", 3]
    assert set(found[0]) == {"id", "band", "type", "score", "reasons", "indicators", "redacted"}
    assert (found[0]["band"], found[0]["type"]) == ("scam", "T03")
    assert found[0]["indicators"] == [
        {"type": "phone", "value": "+254799111222", "country": "KE"},
        {"type": "phone", "value": "+254712345678", "country": "KE"},
    ]
    assert "712345678" not in found[0]["redacted"]
    assert found[1]["band"] == "ordinary"
    assert all(0 <= each["score"] <= 1 for each in found)


def test_a_file_is_read_and_told_in_words(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text(lines(TEXTS))
    output = run("classify", str(file)).output
    assert output.startswith("1\tscam\tT03 Asking for a PIN or a code\t")
    assert len(output.splitlines()) == 3


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 2 is not JSON"),
        ("[]", "line 2 is not an object"),
        ('{"id": 1}', "line 2 has no text"),
        ('{"text": "x"}', "line 2 has no id"),
        ('{"id": 1, "text": "x", "sender": 5}', "line 2 has a sender that is no string"),
        (
            '{"id": 1, "text": "x", "country": "Kenya"}',
            "line 2 has a country that is not two letters",
        ),
    ],
)
def test_a_bad_line_is_named(
    line: str, words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text('{"id": 0, "text": "x"}\n' + line + "\n")
    with pytest.raises(SystemExit) as ended:
        main(["case", "classify", "--json", str(file)])
    assert ended.value.code == 1
    assert words in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_many_lines_take_flat_memory(tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    file.write_text(lines([{"id": number, "text": f"Habari {number}"} for number in range(3000)]))
    # VmHWM begins anew with the program; ru_maxrss would begin with what this process holds.
    code = (
        "import sys; from smsbot.cli.main import group;"
        " group.main(['case', 'classify', '--json', sys.argv[1]], standalone_mode=False);"
        " status = open('/proc/self/status').read();"
        " print(status.partition('VmHWM:')[2].split()[0], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, file], capture_output=True, text=True, check=True
    )
    assert len(done.stdout.splitlines()) == 3000
    assert int(done.stderr.split()[-1]) < 150_000  # kB


def test_a_model_is_trained_from_files(tmp_path: Path) -> None:
    file = tmp_path / "texts.csv"
    rows = [
        f"{number},{label},en,{label}{number},{text} {number}"
        for label, text in (("scam", "send money to this number"), ("ham", "see you at home"))
        for number in range(10)
    ]
    file.write_text("\n".join(["id,label,lang,group,text", *rows]) + "\n")
    result = run("train", str(file), "-o", str(tmp_path / "a.model"))
    assert result.exception is None
    assert "from 20 texts" in result.output
    run("train", str(file), "-o", str(tmp_path / "b.model"))
    assert (tmp_path / "a.model").read_bytes() == (tmp_path / "b.model").read_bytes()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("id,label,text\n", "texts.csv:1: the column lang is missing"),
        ("id,label,lang,group,text\n1,maybe,en,1,x\n", "texts.csv:2: the label is none of"),
        ("id,label,lang,group,text\n1,ham,en,1\n", "texts.csv:2: the row has too few columns"),
        ("id,label,lang,group,text\n1,ham,,1,x\n", "texts.csv:2: lang and group must not be empty"),
        ("id,label,lang,group,text\n1,ham,en,1,x\n", "texts that are neither"),
    ],
)
def test_a_wrong_training_file_is_refused(content: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "texts.csv"
    file.write_text(content)
    result = run("train", str(file), "-o", str(tmp_path / "a.model"))
    assert words in str(result.exception)
    assert not (tmp_path / "a.model").exists()
