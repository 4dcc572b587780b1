"""What must not go on is paused, with its reason, an alert and the remedy; what is good goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text, update

from smsbot.campaigns import halting
from smsbot.campaigns.guards import Guards
from smsbot.campaigns.verdicts import Limits
from smsbot.plans import Canary
from smsbot.storage import alerts, audit, channel_states, standings, vigils
from smsbot.storage.messages import HELD_AT
from smsbot.storage.tables import campaign_runs, contacts, messages
from smsbot.values import CampaignState
from tests.integration import campaign_rows
from tests.integration.audience_support import many

if TYPE_CHECKING:
    from smsbot.storage.database import Database
    from smsbot.storage.standings import Run
    from smsbot.vault import Vault

NOW = campaign_rows.NOW
HOUR = campaign_rows.HOUR


class Watched:
    """A running campaign and its guards, with clocks that are moved by hand."""

    def __init__(self, database: Database, **run: object) -> None:
        self.database = database
        self.now_ms, self.now_s = NOW, 1000.0
        self.ids: list[int] = []
        with database.write() as connection:
            plan = replace(campaign_rows.PLAN, canary=Canary(0.01, 60))
            self.id = campaign_rows.campaign(connection, plan)
            self.run_id = campaign_rows.run(connection, self.id, **run)
        self.guards = self.new_guards()

    def new_guards(self) -> Guards:
        return Guards(self.database, Limits(0.2, 60), clock_s=lambda: self.now_s)

    def people(self, vault: Vault, count: int) -> None:
        with self.database.write() as connection:
            self.ids = many(connection, vault, count)

    def leave(self, count: int, at: int | None = None) -> None:
        """Let the first people say STOP."""
        with self.database.write() as connection:
            connection.execute(
                update(contacts)
                .where(contacts.c.id <= self.ids[count - 1])
                .values(opted_out_at=self.now_ms if at is None else at)
            )

    def rows(self, people: dict[str, int], **changes: object) -> None:
        with self.database.write() as connection:
            campaign_rows.rows(connection, self.run_id, people, **changes)

    def batches(self, *sizes: tuple[int, bool, str]) -> None:
        with self.database.write() as connection:
            for number, (size, is_canary, state) in enumerate(sizes, 1):
                campaign_rows.batch(
                    connection, self.run_id, number, size, is_canary=is_canary, state=state
                )

    def look(self, after_s: float = 3.0) -> None:
        self.now_s += after_s
        self.now_ms += int(after_s * 1000)
        self.guards.look(self.now_ms)

    def set(self, where: str, **values: object) -> None:
        with self.database.write() as connection:
            connection.execute(update(messages).where(text(where)).values(**values))

    @property
    def run(self) -> Run:
        with self.database.read() as connection:
            return standings.runs_of(connection, self.id)[0]

    @property
    def paused(self) -> str:
        return self.run.paused_reason

    def alert(self, kind: str = "campaign_paused") -> str:
        with self.database.read() as connection:
            found = [alert.words for alert in alerts.ongoing(connection) if alert.kind == kind]
        return found[0] if found else ""


@pytest.fixture
def watched(database: Database) -> Watched:
    return Watched(database)


def test_a_failure_rate_over_the_window_pauses_and_says_what_to_do(watched: Watched) -> None:
    watched.rows({"queued": 100, "accepted": 10})
    watched.look()
    assert watched.paused == ""
    watched.rows({"accepted": 60, "failed": 30}, first=200)
    watched.look()
    assert (watched.paused, watched.run.state.value) == ("failure_rate", "paused")
    words = watched.alert()
    assert "30 of the last 100 results were failures (30%; the limit is 20%)" in words
    assert f"`smsbot campaign resume {watched.id}`" in words
    with watched.database.read() as connection:
        newest = audit.newest(connection, 1)[0]
    assert (newest.actor, newest.action) == ("system", "campaign.paused")
    assert newest.detail == {"from": "running", "note": "failure_rate"}


def test_a_resumed_run_is_judged_anew(watched: Watched) -> None:
    watched.rows({"queued": 100, "failed": 60})
    watched.look()
    assert watched.paused == "failure_rate"
    watched.look(20)
    halting.resume(watched.database, watched.id, actor="amina", now_ms=watched.now_ms)
    assert watched.alert() == ""
    watched.look()
    watched.look()
    assert (watched.paused, watched.run.state.value) == ("", "running")
    watched.rows({"failed": 50}, first=500)
    watched.look()
    assert watched.paused == "failure_rate"


def test_another_ticker_goes_on_from_what_was_counted(watched: Watched) -> None:
    watched.rows({"queued": 100, "failed": 45})
    watched.look()
    watched.guards = watched.new_guards()
    watched.rows({"failed": 49}, first=500)
    watched.look(20)
    assert watched.paused == ""  # 49 since the last look of the first one
    watched.rows({"failed": 1}, first=700)
    watched.look()
    assert watched.paused == "failure_rate"


def test_the_counts_are_kept_for_whoever_asks(watched: Watched) -> None:
    watched.rows({"queued": 10})
    watched.look()
    assert watched.run.tally.counts == {"queued": 10}
    watched.rows({"delivered": 5}, first=100)
    watched.look(1.0)  # not yet
    assert watched.run.tally.counts == {"queued": 10}
    watched.look(1.5)
    assert watched.run.tally.counts == {"queued": 10, "delivered": 5}


# --- the canary


def _with_canary(watched: Watched, vault: Vault, people: int = 100) -> None:
    watched.people(vault, people)
    watched.batches((people, True, "released"), (1000, False, "frozen"))
    watched.rows({"queued": 1000}, batch=2, first=10_000)
    with watched.database.write() as connection:
        for each in watched.ids:
            campaign_rows.rows(
                connection, watched.run_id, {"queued": 1}, first=each, contact_id=each
            )


def _answer(watched: Watched, state: str, upto: int, after: int = 0) -> None:
    first, last = watched.ids[after], watched.ids[upto - 1]
    watched.set(
        f"batch = 1 AND contact_id BETWEEN {first} AND {last}",
        state=state,
        accepted_at=None if state == "failed" else watched.now_ms,
        final_at=watched.now_ms,
    )


def test_the_rest_goes_after_a_good_canary_was_looked_at(watched: Watched, vault: Vault) -> None:
    _with_canary(watched, vault)
    watched.look()
    _answer(watched, "accepted", 90)
    watched.look(100)
    assert watched.run.canary_until is None  # ten are not sent yet
    _answer(watched, "failed", 100, after=90)
    watched.look(59)
    assert watched.run.canary_until is None
    watched.look(1)
    assert watched.run.canary_until == watched.now_ms
    assert watched.paused == ""


def test_a_canary_that_fails_keeps_the_rest(watched: Watched, vault: Vault) -> None:
    _with_canary(watched, vault)
    _answer(watched, "accepted", 70)
    _answer(watched, "failed", 100, after=70)
    watched.look()
    assert watched.paused == "canary"
    assert "30 of the first 100 messages failed (30%)" in watched.alert()
    halting.resume(watched.database, watched.id, actor="amina", now_ms=watched.now_ms)
    watched.look()
    assert watched.paused == ""  # a person has looked
    assert watched.run.canary_until is not None


def test_a_canary_that_people_leave_keeps_the_rest(watched: Watched, vault: Vault) -> None:
    _with_canary(watched, vault)
    _answer(watched, "accepted", 100)
    watched.look(30)
    assert watched.paused == ""
    watched.leave(3)
    watched.look(10)
    assert watched.paused == "canary_opt_outs"
    assert "3 of 100 people whom it reached said STOP" in watched.alert()


def test_who_left_before_the_message_is_not_its_fault(watched: Watched, vault: Vault) -> None:
    _with_canary(watched, vault)
    watched.leave(9, at=NOW)
    watched.look()
    _answer(watched, "accepted", 100)
    watched.look(60)
    assert watched.paused == ""
    assert watched.run.canary_until is not None


def test_a_canary_whose_people_all_wait_for_morning_is_waited_for(
    watched: Watched, vault: Vault
) -> None:
    _with_canary(watched, vault)
    watched.set("batch = 1", due_at=HELD_AT + NOW + 8 * HOUR)
    watched.look(7 * 3600)
    assert watched.run.canary_until is None
    _answer(watched, "accepted", 50)  # one zone has its morning; the other waits
    watched.look(70)
    assert watched.run.canary_until is not None


def test_a_canary_that_lost_everybody_keeps_nobody_waiting(watched: Watched, vault: Vault) -> None:
    _with_canary(watched, vault)
    watched.set("batch = 1", state="suppressed", reason="opted_out")
    watched.look()
    assert watched.run.canary_until is not None


# --- money, the account, opt-outs, sums


def test_real_prices_above_the_budget_pause(database: Database) -> None:
    watched = Watched(database, budget_micros=90_000_000)
    watched.rows({"queued": 10})
    watched.rows({"accepted": 100}, first=50, cost_micros=900_000, currency="KES")
    watched.look()
    assert watched.paused == ""  # just within
    watched.rows({"accepted": 1}, first=500, cost_micros=900_000, currency="KES")
    watched.look()
    assert watched.paused == "budget"
    assert "it has cost KES 90.90 of a budget of KES 90.00, and 10 people" in watched.alert()


def test_what_is_committed_follows_the_rows(watched: Watched) -> None:
    watched.rows({"queued": 10}, due_at=NOW)  # released: 800,000 each
    watched.rows({"queued": 10}, first=50)  # held
    watched.rows({"accepted": 10}, first=100, cost_micros=1_000_000, currency="KES")
    watched.rows({"failed": 5, "suppressed": 5}, first=200)
    watched.look()
    committed = select(campaign_runs.c.committed_micros)
    with watched.database.write() as connection:
        assert connection.execute(committed).scalar() == 18_000_000
        counted = standings.count(connection, watched.run_id, "KES")
        connection.execute(  # a batch is released between the count and the correction
            update(campaign_runs).values(committed_micros=campaign_runs.c.committed_micros + 7)
        )
        standings.keep(connection, watched.run_id, counted, NOW)
        assert connection.execute(committed).scalar() == 18_000_007


def test_an_account_fault_pauses_the_campaigns_of_its_channel(watched: Watched) -> None:
    watched.rows({"queued": 10})
    with watched.database.write() as connection:
        channel_states.pause(connection, "sim", "405", "InsufficientBalance", NOW)
    watched.look()
    assert watched.paused == "account"
    assert "refuses the account of sim (405: InsufficientBalance). Mend it there" in watched.alert()
    halting.resume(watched.database, watched.id, actor="amina", now_ms=watched.now_ms)
    watched.look()
    assert watched.paused == ""


def test_an_operators_pause_of_a_channel_only_makes_campaigns_wait(watched: Watched) -> None:
    watched.rows({"queued": 10})
    with watched.database.write() as connection:
        channel_states.pause(connection, "sim", "operator", "", NOW)
    watched.look()
    assert watched.paused == ""


def test_opt_outs_above_one_in_a_hundred_are_told_while_it_goes_on(
    watched: Watched, vault: Vault
) -> None:
    watched.people(vault, 300)
    with watched.database.write() as connection:
        for each in watched.ids:
            campaign_rows.rows(
                connection, watched.run_id, {"delivered": 1}, first=each,
                contact_id=each, accepted_at=NOW,
            )  # fmt: skip
    watched.look()
    assert watched.alert("opt_outs") == ""
    watched.leave(4)
    watched.look(11)
    assert "4 of 300 people whom it reached said STOP" in watched.alert("opt_outs")
    assert watched.paused == ""


def test_counts_that_do_not_add_up_are_told_until_they_do(watched: Watched) -> None:
    watched.rows({"queued": 10})
    with watched.database.write() as connection:
        connection.execute(update(campaign_runs).values(audience=11))
    watched.look()
    assert "11 people are in its audience, and 10 are counted" in watched.alert("campaign_counts")
    with watched.database.write() as connection:
        connection.execute(update(campaign_runs).values(audience=10))
    watched.look()
    assert watched.alert("campaign_counts") == ""


def test_late_receipts_of_an_ended_run_are_counted(watched: Watched) -> None:
    watched.rows({"accepted": 10})
    with watched.database.write() as connection:
        connection.execute(update(campaign_runs).values(state="finished", finished_at=NOW))
    watched.look()
    assert watched.run.tally.counts == {"accepted": 10}
    watched.set("TRUE", state="delivered")
    watched.look(30)
    assert watched.run.tally.counts == {"accepted": 10}
    watched.look(31)
    assert watched.run.tally.counts == {"delivered": 10}
    assert watched.run.state.value == CampaignState.FINISHED.value


def test_who_left_is_found_by_indexes(watched: Watched, vault: Vault) -> None:
    watched.people(vault, 2000)
    watched.leave(2)
    watched.rows({"delivered": 2000})
    with watched.database.write() as connection:
        offset = f"{watched.ids[0]} - (SELECT MIN(id) FROM messages)"
        connection.execute(text(f"UPDATE messages SET contact_id = id + {offset}"))
        connection.execute(text("ANALYZE contacts"))
        connection.execute(text("ANALYZE messages"))
        explain = "EXPLAIN QUERY PLAN" if watched.database.is_sqlite else "EXPLAIN"
        asked = {"run": watched.run_id, "since": NOW - HOUR}
        plan = connection.execute(text(f"{explain} {vigils._LEFT.text}"), asked)
        shown = "\n".join(str(row) for row in plan)
    assert "ix_contacts_left" in shown
    assert "ix_messages_contact_id" in shown
