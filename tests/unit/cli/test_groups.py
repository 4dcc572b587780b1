"""Commands that are imported when they are called: every one is there and has help."""

from __future__ import annotations

from importlib import import_module

import click
import pytest
from click.testing import CliRunner

from smsbot.cli import campaign, main

EVERY = [(name, *entry) for name, entry in main.COMMANDS.items()] + [
    (f"campaign {name}", *entry) for name, entry in campaign.COMMANDS.items()
]


@pytest.mark.parametrize(("name", "place", "line"), EVERY)
def test_a_command_is_where_the_table_says(name: str, place: str, line: str) -> None:
    module, attribute = place.split(":")
    found = getattr(import_module(module), attribute)

    assert isinstance(found, click.Command)
    assert found.help
    assert line.endswith(".")


def test_the_lists_of_commands_import_none_of_them() -> None:
    for group, table in ((main.group, main.COMMANDS), (campaign.campaign, campaign.COMMANDS)):
        shown = CliRunner().invoke(group, ["--help"]).output

        for name, (_place, line) in table.items():
            assert f"  {name} " in shown
            assert line.split(maxsplit=1)[0] in shown
    assert CliRunner().invoke(main.group, ["no-such"]).exit_code == 2
