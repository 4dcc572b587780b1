"""docs/campaigns.md: its example is a good campaign, and it leaves out no key, role or command."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smsbot.campaigns.lint import Surroundings, lint
from smsbot.campaigns.order import Known, read_order
from smsbot.campaigns.order_doc import AudienceDoc, OrderDoc
from smsbot.campaigns.purposes import KNOWN
from smsbot.cli.campaign import COMMANDS
from smsbot.cli.user import user
from smsbot.config import Settings
from smsbot.content.channels_file import load_channels
from smsbot.values import CampaignState, Role

if TYPE_CHECKING:
    from smsbot.plans import Plan

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs/campaigns.md").read_text()
EVERY_DOCUMENT = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
OURS = (
    *("approve", "cancel", "create", "edit", "pause", "preview", "reject", "resume"),
    *("schedule", "show", "submit", "test-send"),
)


@cache
def _example() -> Plan:
    (block,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    channels = load_channels(
        ROOT / "channels.yaml", Settings(), lambda _name: "t" * 22, environment={}
    )
    known = Known(
        channels={one.id: one for one in channels},
        languages=frozenset({"en", "sw", "fr"}),
        flows=frozenset(path.stem for path in (ROOT / "flows").glob("*.yaml")),
    )
    return read_order(block.encode(), "docs/campaigns.md", known)


def test_the_example_is_a_campaign_that_may_be_submitted() -> None:
    around = Surroundings(
        frozenset({"22384"}), frozenset({"WRONG", "STOP"}), frozenset({"stop"}), {}
    )

    assert _example().title == "Wrong sends in March"
    assert lint(_example(), _example().message, around) == ()


@pytest.mark.parametrize("name", [*OrderDoc.model_fields, *AudienceDoc.model_fields, *KNOWN, *Role])
def test_every_key_purpose_and_role_is_explained(name: str) -> None:
    assert f"`{name}`" in GUIDE


@pytest.mark.parametrize("state", CampaignState)
def test_every_state_is_named(state: str) -> None:
    assert state in GUIDE


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_explained(name: str) -> None:
    assert name in COMMANDS
    assert f"`campaign {name} " in GUIDE


@pytest.mark.parametrize("name", sorted({*COMMANDS}))
def test_every_campaign_command_stands_in_the_documents(name: str) -> None:
    assert f"campaign {name}" in EVERY_DOCUMENT


@pytest.mark.parametrize("name", sorted(user.commands))
def test_every_command_on_users_is_shown(name: str) -> None:
    assert f"smsbot user {name}" in GUIDE
