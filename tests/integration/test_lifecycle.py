"""The life of a campaign: each legal move, each illegal one, and two people at once."""

from __future__ import annotations

import threading
from itertools import product
from typing import TYPE_CHECKING

import pytest

from smsbot.campaigns import lifecycle
from smsbot.errors import NotFound, Refused
from smsbot.storage import audit, campaigns
from smsbot.values import CampaignState as State
from smsbot.values import RunState
from tests.integration.desk_support import NOW_MS, campaign, plan, run

if TYPE_CHECKING:
    from smsbot.storage.database import Database

LEGAL = {
    ("draft", "review"),
    ("review", "draft"),
    ("review", "approved"),
    ("approved", "scheduled"),
    ("scheduled", "running"),
    ("scheduled", "expired"),
    # scheduled -> paused needs a run: its own test
    ("running", "paused"),
    ("running", "finished"),
    ("running", "expired"),
    ("running", "scheduled"),  # between two runs of a repeat
    ("paused", "running"),
    ("paused", "finished"),
    ("paused", "expired"),
    ("paused", "scheduled"),
    ("expired", "scheduled"),  # a start that was missed
} | {(state, "cancelled") for state in State if state not in ("finished", "cancelled")}


def test_a_plan_comes_back_from_sql_as_it_was(database: Database) -> None:
    with database.write() as connection:
        made = campaigns.add(connection, plan(hold_out=0.1), author="amina", now_ms=NOW_MS)
        found = campaigns.find(connection, made)

    assert (found.plan, found.state, found.author) == (plan(hold_out=0.1), State.DRAFT, "amina")
    with database.read() as connection, pytest.raises(NotFound, match="no campaign 99"):
        campaigns.find(connection, 99)


def test_every_legal_move_is_made_and_audited_and_every_other_is_refused(
    database: Database,
) -> None:
    for before, after in product(State, State):
        with database.write() as connection:
            made = campaign(connection, before)
            if (before, after) in LEGAL:
                assert (
                    lifecycle.move(connection, made, after, actor="amina", now_ms=NOW_MS + 1)
                    == before
                )
                (entry,) = audit.newest(connection, 1)
                assert (entry.actor, entry.action) == ("amina", f"campaign.{after}")
                assert (entry.subject, entry.detail) == (f"campaign:{made}", {"from": before})
                assert campaigns.find(connection, made).state is after
            else:
                with pytest.raises(Refused, match=f"campaign {made} is "):
                    lifecycle.move(connection, made, after, actor="amina", now_ms=NOW_MS + 1)
                assert campaigns.find(connection, made).state is before


def test_a_refusal_says_what_is_possible(database: Database) -> None:
    with database.write() as connection:
        draft = campaign(connection, State.DRAFT)
        finished = campaign(connection, State.FINISHED)
        with pytest.raises(Refused, match=r"is a draft, so it can't be approved \(possible now: "):
            lifecycle.move(connection, draft, State.APPROVED, actor="x", now_ms=NOW_MS)
        with pytest.raises(Refused, match=r"is finished, so it can't be cancelled \(that is final"):
            lifecycle.move(connection, finished, State.CANCELLED, actor="x", now_ms=NOW_MS)


@pytest.mark.parametrize("audience", [0, 7])
def test_an_expired_campaign_goes_again_only_if_nobody_was_reached(
    database: Database, audience: int
) -> None:
    with database.write() as connection:
        made = campaign(connection, State.EXPIRED)
        run(connection, made, RunState.EXPIRED, audience)
        if audience:
            with pytest.raises(Refused, match="reached people"):
                lifecycle.move(connection, made, State.SCHEDULED, actor="x", now_ms=NOW_MS)
        else:
            lifecycle.move(connection, made, State.SCHEDULED, actor="x", now_ms=NOW_MS)


def test_a_scheduled_campaign_is_paused_only_while_a_run_of_it_is_under_way(
    database: Database,
) -> None:
    with database.write() as connection:
        made = campaign(connection, State.SCHEDULED)
        with pytest.raises(Refused, match="is scheduled, so it can't be paused"):
            lifecycle.move(connection, made, State.PAUSED, actor="x", now_ms=NOW_MS)
        run(connection, made, RunState.FREEZING)
        lifecycle.move(connection, made, State.PAUSED, actor="x", now_ms=NOW_MS)


def test_of_two_who_decide_at_once_one_wins(database: Database) -> None:
    with database.write() as connection:
        made = campaign(connection, State.REVIEW)
    together = threading.Barrier(2)
    won: list[State] = []

    def decide(to: State) -> None:
        together.wait(5)
        try:
            with database.write() as connection:
                lifecycle.move(connection, made, to, actor="x", now_ms=NOW_MS)
            won.append(to)
        except Refused:
            pass

    deciders = [threading.Thread(target=decide, args=(to,)) for to in (State.APPROVED, State.DRAFT)]
    for each in deciders:
        each.start()
    for each in deciders:
        each.join(10)

    with database.read() as connection:
        assert [campaigns.find(connection, made).state] == won
        assert len(audit.newest(connection, 9)) == 1
