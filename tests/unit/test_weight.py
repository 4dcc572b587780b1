"""What a process must not load: the whole service is to fit the smallest rented server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONVERSATION = ["cel", "flask", "smsbot.content.library", "smsbot.conversation.ussd", "transitions"]
NOWHERE = ["alembic", "prompt_toolkit", "rich", "sqlalchemy.dialects.postgresql", "typer"]
UNTIL_ASKED = ["africastalking", "requests", "smtplib", "twilio"]


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("smsbot.up.supervisor", ["asyncio", "ssl", "sqlalchemy", "redis", "pydantic"]),
        ("smsbot.up.web", ["redis", "sqlalchemy", "smsbot.bootstrap", *NOWHERE]),
        ("smsbot.web.wsgi", NOWHERE + UNTIL_ASKED),
        ("smsbot.up.worker", CONVERSATION + NOWHERE + UNTIL_ASKED),
        ("smsbot.cli.ticker", CONVERSATION + NOWHERE + UNTIL_ASKED),
    ],
)
def test_a_process_loads_no_more_than_it_needs(module: str, unwanted: list[str]) -> None:
    program = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert [name for name in unwanted if name in loaded.stdout.split()] == []


def test_the_expression_language_is_the_library_that_others_import() -> None:
    program = (
        "from smsbot.engine.expressions import compile_expression as compiled\n"
        "assert compiled('1 + 1').evaluate({}) == 2\n"
        "import cel\n"
        "assert cel.compile('1 + 2').execute({}) == 3\n"
        "import rich.console\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
