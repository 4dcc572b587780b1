"""A launch writes the audience down once: one row a person, whoever freezes it and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.storage import campaigns, runs
from smsbot.values import CampaignState, RunState
from tests.integration.audience_support import (
    NOW,
    People,
    audience_of,
    batches_of,
    channel,
    launched,
    plan,
    tally,
)

if TYPE_CHECKING:
    from smsbot.storage.database import Database
    from smsbot.vault import Vault


def test_everybody_who_fits_has_one_row_with_what_becomes_of_them(
    database: Database, vault: Vault
) -> None:
    with database.write() as connection:
        people = People(connection, vault)
        people.add(7, language="sw")
        people.add(5)  # never chose: the channel's first language
        people.add(3, language="fr")
        people.add(4, agreed=None, language="sw")
        people.add(2, agreed="alerts")
        people.add(2, stopped=True)
        people.add(6, country="TZ")
        people.add(1, erased_at=NOW)

    run_id = launched(database, vault, plan(), served=channel())

    with database.read() as connection:
        assert tally(connection, run_id) == {
            "queued": 7 + 5 + 6,
            "no_language": 3,
            "no_consent": 6,
            "opted_out": 2,
        }
        assert audience_of(connection, run_id) == 29
        assert batches_of(connection, run_id) == [(1, 18, False)]
        run = runs.find(connection, run_id)
        assert (run.state, run.frozen_at) == (RunState.RUNNING, NOW)
        assert campaigns.find(connection, run.campaign_id).state is CampaignState.RUNNING
