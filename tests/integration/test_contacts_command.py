"""`smsbot contacts`, as an operator types it, and docs/contacts.md, which shows it."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from smsbot.cli.main import group
from smsbot.errors import SmsbotError
from smsbot.people.contact_file import COLUMNS
from smsbot.people.contact_row import WORDS
from smsbot.storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs/contacts.md").read_text()
GOOD = "msisdn,language\n+254711000123,sw\n+254711000124,en\n"


@pytest.fixture(autouse=True)
def _deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.startswith(("SMSBOT_", "AFRICASTALKING_", "TWILIO_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SMSBOT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SMSBOT_CHANNELS", str(ROOT / "channels.yaml"))
    monkeypatch.chdir(tmp_path)
    Path("forms.pdf").write_bytes(b"%PDF-1.7 scanned")
    assert run("db", "upgrade").exit_code == 0


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(group, arguments, input=stdin)


def bring(text: str, *options: str) -> Result:
    Path("contacts.csv").write_text(text)
    return run("contacts", "import", "contacts.csv", "--proof", "forms.pdf", *options)


def example(name: str) -> str:
    found = re.search(rf"<!-- example: {re.escape(name)} -->\n```\w*\n(.*?)```", DOCS, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_of_the_guide_does_what_the_guide_says() -> None:
    result = bring(example("contacts.csv"))

    assert result.exit_code == 1
    assert result.output == example("output")


def test_the_guide_names_every_column_and_every_code() -> None:
    codes = set(re.findall(r"`(\w+)`", DOCS.partition("<!-- codes -->")[2].partition("## ")[0]))
    assert codes == set(WORDS)
    columns = re.findall(r"^\| `(\w+)` \|", DOCS.partition("## Bring")[0], re.MULTILINE)
    assert columns == [*COLUMNS]


def test_json_has_these_keys_exactly_and_one_entry_for_each_refused_row() -> None:
    first = bring(GOOD + "+254711000125,klingon\n,sw\n", "--json")
    again = bring(GOOD, "--json")

    told = json.loads(first.stdout)
    assert first.exit_code == 1
    assert list(told) == ["rows", "added", "updated", "unchanged", "refused"]
    assert (told["rows"], told["added"], told["updated"], told["unchanged"]) == (4, 2, 0, 0)
    assert [(one["line"], one["column"], one["code"]) for one in told["refused"]] == [
        (4, "language", "bad_language"),
        (5, "msisdn", "missing"),
    ]
    assert all(set(one) == {"line", "column", "code", "words"} for one in told["refused"])
    assert (again.exit_code, json.loads(again.stdout)) == (
        0,
        {"rows": 2, "added": 0, "updated": 0, "unchanged": 2, "refused": []},
    )


def test_an_import_without_a_proof_is_a_usage_error_that_says_what_it_is() -> None:
    Path("contacts.csv").write_text(GOOD)

    result = run("contacts", "import", "contacts.csv")

    assert result.exit_code == 2
    assert "--proof" in result.output


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda: Path("forms.pdf").write_bytes(b""), "the proof is an empty file"),
        (lambda: Path("contacts.csv").write_text("msisdn;language\n"), "not separated by commas"),
        (lambda: Path("contacts.csv").write_text(""), "the file is empty"),
    ],
)
def test_a_file_that_is_of_no_use_is_refused_in_one_sentence(
    prepare: Callable[[], object], words: str
) -> None:
    Path("contacts.csv").write_text(GOOD)
    prepare()

    result = run("contacts", "import", "contacts.csv", "--proof", "forms.pdf", "--json")

    assert isinstance(result.exception, SmsbotError)
    assert words in str(result.exception)
    if "proof" not in words:
        told = json.loads(result.stdout)
        assert (told["rows"], told["refused"][0]["line"]) == (0, 1)


def test_what_was_brought_in_goes_out_and_can_be_erased() -> None:
    bring(GOOD)
    out = run("contacts", "export", "--reason", "handover", "-o", "out.csv")
    assert out.exit_code == 0
    assert Path("out.csv").stat().st_mode & 0o777 == 0o600
    assert json.loads(bring(Path("out.csv").read_text(), "--json").stdout)["unchanged"] == 2

    erased = run("contacts", "erase", "+254711000123")
    listed = run(
        "contacts", "erase", "--file", "-", "--country", "KE", stdin="0711000124\n\nhello\n"
    )
    gone = run("contacts", "erase", "+254711000123")
    stranger = run("contacts", "erase", "+254711000199")

    assert erased.stdout == "+254...23: erased; nothing is sent to this number any more\n"
    assert (listed.exit_code, listed.stdout.count("erased")) == (1, 1)
    assert "line 3: this is no phone number" in listed.output
    assert "was erased on" in gone.stdout
    assert "nothing is stored about this number" in stranger.stdout
    assert run("contacts", "export", "--reason", "handover").stdout.count("\n") == 1
    database = Database(f"sqlite:///{Path('data/smsbot.sqlite3').resolve()}")
    with database.read() as connection:
        numbers = connection.exec_driver_sql("SELECT msisdn_enc FROM contacts").scalars().all()
    database.close()
    assert numbers == [None, None]


def test_production_asks_who_it_is_and_whether_they_may(monkeypatch: pytest.MonkeyPatch) -> None:
    run(
        "user",
        "create",
        "root",
        "--role",
        "admin",
        "--password-stdin",
        stdin="a long pass phrase\n",
    )
    run(
        "user", "create", "vera", "--role", "viewer", "--password-stdin", stdin="another phrase 7\n"
    )
    assert bring(GOOD, "--as", "root").exit_code == 0
    refused = bring(GOOD, "--as", "vera")
    assert "vera is a viewer and may not import contacts" in str(refused.exception)

    for name, value in (
        ("SMSBOT_ENV", "production"),
        ("SMSBOT_SECRET_KEY", "s" * 40),
        ("SMSBOT_PII_KEYS", "k" * 40),
        ("SMSBOT_PUBLIC_URL", "https://sms.example.org"),
    ):
        monkeypatch.setenv(name, value)
    assert "--as USER" in str(bring(GOOD).exception)
