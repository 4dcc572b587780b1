"""The texts of a campaign: worded from a message or a flow, sealed once, replaced by a new draft."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from smsbot.campaigns import texts as campaign_wording
from smsbot.campaigns.texts import Worded
from smsbot.content.checks.numbers import OfficialNumber
from smsbot.content.loader import load_content
from smsbot.conversation.campaign_words import CampaignWords
from smsbot.errors import Refused
from smsbot.plans import Audience
from smsbot.sessions.live import from_plain
from smsbot.storage import campaign_texts
from smsbot.storage.tables import texts as texts_table
from smsbot.values import CampaignState
from tests.integration.desk_support import NOW_MS, campaign, plan
from tests.service import channel

if TYPE_CHECKING:
    from smsbot.storage.database import Database
    from smsbot.vault import Vault

ROOT = Path(__file__).parents[2]


@cache
def _words(*, mark_drafts: bool = True) -> CampaignWords:
    content = load_content(ROOT / "flows", ROOT / "messages", production=not mark_drafts).content
    assert content is not None
    today = datetime(2026, 11, 22, tzinfo=UTC).date()
    numbers = [OfficialNumber("KE", "cert", "+254 20 4242000", "https://example.org", today)]
    return CampaignWords(
        content,
        channels=[channel()],
        numbers=numbers,
        mark_drafts=mark_drafts,
        keep=lambda: None,
    )


def test_a_message_is_worded_with_the_channels_first_language_first() -> None:
    found = campaign_wording.word(
        plan(message={"am": "ሰላም", "sw": "Habari", "en": "Hello"}), channel(), _words(), NOW_MS
    )

    assert list(found) == ["en", "sw", "am"]
    assert found["sw"] == Worded("Habari")


def test_a_flow_is_opened_in_every_language_that_it_is_offered_in() -> None:
    found = campaign_wording.word(plan(message={}, flow="wrong-send"), channel(), _words(), NOW_MS)

    assert list(found) == ["en", "sw", "fr"]
    assert (found["en"].flow, len(found["en"].version)) == ("wrong-send", 16)
    assert found["en"].session is not None
    assert from_plain(found["en"].session, 0).session.language == "en"


def test_a_flow_speaks_only_the_languages_that_the_audience_asks_for() -> None:
    ordered = plan(message={}, flow="wrong-send", audience=Audience(language=("sw", "am")))

    assert list(campaign_wording.word(ordered, channel(), _words(), NOW_MS)) == ["sw"]
    ordered = plan(message={}, flow="wrong-send", audience=Audience(language=("am",)))
    with pytest.raises(Refused, match=r"offered in none of the campaign's languages \(am\)"):
        campaign_wording.word(ordered, channel(), _words(), NOW_MS)


def test_in_production_a_draft_is_not_offered() -> None:
    found = campaign_wording.word(
        plan(message={}, flow="wrong-send"), channel(), _words(mark_drafts=False), NOW_MS
    )

    assert list(found) == ["en"]


@pytest.mark.parametrize(
    ("flow", "words"),
    [
        ("wrong-sent", "there is no flow 'wrong-sent' .did you mean 'wrong-send'"),
        ("ask-lessons", "cannot be opened by a text to everybody"),
    ],
)
def test_a_flow_that_is_not_there_or_hangs_on_the_person_is_refused(flow: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        campaign_wording.word(plan(message={}, flow=flow), channel(), _words(), NOW_MS)


def test_the_surroundings_are_the_channels_numbers_the_directory_and_the_words_to_type() -> None:
    around = _words().around

    assert {"*384*123#", "22384", "+254204242000"} <= around.official
    assert {"STOP", "SCAM", "WRONG"} <= around.capitals
    assert {"stop", "stopall"} <= around.stop_words


def test_texts_are_sealed_once_and_come_back_as_they_were(database: Database, vault: Vault) -> None:
    texts = {"en": Worded("Check your balance."), "sw": Worded("Salio?", "wrong-send", "v1", b"s")}
    with database.write() as connection:
        made = campaign(connection, CampaignState.DRAFT)
        campaign_wording.seal(connection, vault, made, texts, NOW_MS)
        campaign_wording.seal(connection, vault, made, texts, NOW_MS)

        assert campaign_texts.opened(connection, vault, made) == {
            "en": ("Check your balance.", "", "", None),
            "sw": ("Salio?", "wrong-send", "v1", b"s"),
        }
        assert connection.scalar(select(func.count()).select_from(texts_table)) == 2
        stored = connection.execute(select(texts_table.c.body_enc)).scalars()
        assert not any(b"balance" in bytes(body) for body in stored)


def test_a_new_draft_leaves_nothing_of_the_old_and_nothing_of_another_campaign_is_touched(
    database: Database, vault: Vault
) -> None:
    with database.write() as connection:
        mine = campaign(connection, CampaignState.DRAFT)
        other = campaign(connection, CampaignState.DRAFT)
        for made in (mine, other):
            campaign_wording.seal(connection, vault, made, {"en": Worded("One.")}, NOW_MS)
        campaign_wording.seal(connection, vault, mine, {"sw": Worded("Moja.")}, NOW_MS)

        assert list(campaign_texts.opened(connection, vault, mine)) == ["sw"]
        assert campaign_texts.opened(connection, vault, other)["en"][0] == "One."
        assert connection.scalar(select(func.count()).select_from(texts_table)) == 2
