"""docs/gateways.md says what the code does: its tables are read and compared."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from smsbot.cli.fake_gateway import fake_gateway
from smsbot.gateways import africastalking_answer, africastalking_forms, twilio_codes
from smsbot.gateways import twilio as twilio_module
from smsbot.gateways.verdict import verdict_of_status
from tests.unit.gateways.gateway_samples import africastalking, twilio

PAGE = (Path(__file__).parents[3] / "docs" / "gateways.md").read_text()
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def _rows(section: str, heading: str) -> list[list[str]]:
    """Give the cells of the first table under a heading, without its head."""
    text = SECTIONS[section]
    text = text[text.index(heading) :] if heading else text
    table = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert table is not None
    lines = table[0].splitlines()[2:]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize(
    ("section", "heading", "states"),
    [
        ("Africa's Talking", "### Delivery reports", africastalking_forms.STATES),
        ("Twilio", "### Status callbacks", twilio_module.STATES),
    ],
)
def test_the_tables_of_statuses_are_the_codes(
    section: str, heading: str, states: dict[str, object]
) -> None:
    documented = {word.lower(): state for word, state in _rows(section, heading)}
    assert documented == {word: str(state) for word, state in states.items()}


def test_the_table_of_africas_talkings_codes_is_the_codes() -> None:
    documented = {
        int(code): outcome
        for code, _, outcome, _ in _rows("Africa's Talking", "### Answers to a send")
    }
    assert documented == {code: str(o) for code, o in africastalking_answer.OUTCOMES.items()}


def test_the_table_of_twilios_codes_is_the_codes() -> None:
    rows = _rows("Twilio", "### Answers to a send")
    documented = {int(code): outcome for codes, outcome, _ in rows for code in codes.split(",")}
    schedules = range(35111, 35127)  # we schedule nothing at Twilio
    known = {c: str(o) for c, o in twilio_codes.OUTCOMES.items() if c not in schedules}
    assert documented == known


def test_the_table_of_bare_answers_is_the_verdicts() -> None:
    checked = 0
    for answers, outcome in _rows("What the outcomes mean", "Answers that carry"):
        for status in map(int, re.findall(r"\b[345]\d\d\b", answers)):
            assert verdict_of_status(status, {}).outcome.value == outcome, status
            checked += 1
    assert checked > 15
    assert verdict_of_status(418, {}).outcome.value == "refused"
    assert verdict_of_status(599, {}).outcome.value == "unknown"


def test_every_address_in_the_page_is_a_route_of_its_gateway() -> None:
    found = set(re.findall(r"/hooks/(at-ke/TOKEN|tw)/([\w-]+)", PAGE))
    routes = {("at-ke/TOKEN", route.value) for route in africastalking().routes}
    routes |= {("tw", route.value) for route in twilio().routes}
    assert found == routes


def test_the_example_of_the_fake_gateway_has_flags_that_exist() -> None:
    block = re.search(r"^    smsbot fake-gateway (.*\\\n.*)$", PAGE, re.MULTILINE)
    assert block is not None
    flags = shlex.split(block[1].replace("\\\n", " "))
    known = CliRunner().invoke(fake_gateway, ["--help"]).output
    assert all(flag in known for flag in flags if flag.startswith("--"))
    fake_gateway.make_context("fake-gateway", flags).close()
