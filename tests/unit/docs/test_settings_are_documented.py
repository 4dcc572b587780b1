"""What a deployer can set or call stands in docs/, and docs/ names nothing that is gone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from smsbot.config import Settings

ROOT = Path(__file__).parents[3]
SETTINGS = (ROOT / "docs/settings.md").read_text()
DOCUMENTED = set(
    re.findall(
        r"`((?:SMSBOT|AFRICASTALKING|TWILIO|PROMETHEUS)_[A-Z_]+|PORT|WEB_CONCURRENCY)`", SETTINGS
    )
)
KNOWN = {str(field.alias) for field in Settings.model_fields.values()}
READ_FROM_ENVIRON = re.compile(r"[\"'](SMSBOT_[A-Z_]+|PROMETHEUS_[A-Z_]+)[\"']")


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_every_setting_is_documented(name: str) -> None:
    assert name in DOCUMENTED


def test_every_variable_that_the_code_reads_is_documented() -> None:
    read = {
        name
        for path in [*(ROOT / "smsbot").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
        for name in READ_FROM_ENVIRON.findall(path.read_text())
    }
    assert read - DOCUMENTED == set()


def test_the_documents_name_no_variable_that_is_gone() -> None:
    code = "".join(path.read_text() for path in (ROOT / "smsbot").rglob("*.py"))
    tools = (ROOT / "tools/setup.sh").read_text() + (ROOT / "Makefile").read_text()
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    assert {name for name in DOCUMENTED if name not in code + tools + tests} == set()


def test_the_example_file_names_only_settings() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    named = {match[1] for line in lines if (match := re.match(r"#?([A-Z_]+)=", line))}
    assert named - KNOWN == set()
    assert {"SMSBOT_SECRET_KEY", "SMSBOT_PII_KEYS", "SMSBOT_PUBLIC_URL"} <= named


def test_the_procfile_in_the_documents_is_the_real_one() -> None:
    for line in (ROOT / "Procfile").read_text().splitlines():
        assert f"    {line}\n" in (ROOT / "docs/operations.md").read_text()
