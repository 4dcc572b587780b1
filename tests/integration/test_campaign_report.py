"""The report of a run: exact numbers, nothing of a few people, and no silence on its limits."""

from __future__ import annotations

import csv
import io
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from smsbot.campaigns import status
from smsbot.campaigns.report.as_case_study import as_case_study
from smsbot.campaigns.report.as_csv import COLUMNS, as_csv
from smsbot.campaigns.report.as_html import as_html
from smsbot.campaigns.report.as_text import as_text
from smsbot.campaigns.report.report import make_report
from smsbot.campaigns.report.tallies import Arm
from smsbot.cli.main import group
from smsbot.config import load_settings
from smsbot.errors import NotFound
from smsbot.storage import contacts, erasure, migrate
from smsbot.storage.database import Database
from smsbot.storage.tables import campaign_runs, messages
from smsbot.storage.tables import contacts as contact_rows
from tests.integration import audience_support, campaign_rows
from tests.integration.report_rows import (
    BEGAN,
    DAY,
    NOW,
    PLAN,
    answered,
    people,
    started,
    turn,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from smsbot.campaigns.report.findings import Learning, Report
    from smsbot.vault import Vault


def reported(database: Database, campaign: int, **changes: Any) -> Report:
    given: dict[str, Any] = {"now_ms": NOW, "first_languages": {"sim": "en"}} | changes
    return make_report(database, campaign, **given)


def of(report: Report, arm: Arm) -> Learning:
    return next(one for one in report.learning if one.arm is arm)


def fill(connection: Connection) -> int:
    """200 reached, 20 taken, 20 failed, 40 held out, 12 excluded; half of the first answer twice."""
    campaign, run = started(connection)
    reached = people(connection, run, 200, row={"cost_micros": 700_000, "currency": "KES"})
    people(connection, run, 20, "accepted")
    people(connection, run, 20, "failed")
    held = people(connection, run, 40, "suppressed/hold_out")
    people(connection, run, 12, "suppressed/no_consent")
    before, after = BEGAN - DAY, BEGAN + 3 * DAY
    # Of the reached: 100 answer before and after (50 -> 80 scams, 60 -> 60 genuine), 20 only before.
    answered(connection, reached[:50], before, scam=True)
    answered(connection, reached[50:120], before, scam=False)
    answered(connection, reached[:60], before, genuine=True)
    answered(connection, reached[60:120], before, genuine=False)
    answered(connection, reached[:80], after, scam=True, form="-b")
    answered(connection, reached[80:100], after, scam=False, form="-b")
    answered(connection, reached[:60], after, genuine=True, form="-b")
    answered(connection, reached[60:100], after, genuine=False, form="-b")
    for number, (state, to, some) in enumerate(
        (
            ("signs", "rule", reached[:90]),
            ("rule", "done", reached[:70]),
            ("done", "lessons", reached[:60]),
        ),
        2,
    ):
        ends = to == "lessons"
        turn(connection, some, after + 1, number=number, state=state, to_state=to, ends=ends)
    answered(connection, held[:15], before, scam=True, genuine=True)
    answered(connection, held[15:30], before, scam=False, genuine=True)
    answered(connection, held[:15], after, scam=True, genuine=True)
    answered(connection, held[15:30], after, scam=False, genuine=True)
    return campaign


def test_reach_is_what_was_delivered_and_adds_up(database: Database) -> None:
    with database.write() as connection:
        campaign = fill(connection)
    reach = reported(database, campaign).reach
    assert (reach.audience, reach.meant, reach.delivered, reach.taken) == (292, 240, 200, 20)
    assert (reach.failed, reach.hold_out, reach.excluded) == (20, 40, {"no_consent": 12})
    parts = (reach.delivered, reach.taken, reach.failed, reach.unclear, reach.not_sent)
    assert sum(parts) + reach.hold_out + sum(reach.excluded.values()) == reach.audience


def test_hits_and_correct_accepts_are_told_before_and_after(database: Database) -> None:
    with database.write() as connection:
        campaign = fill(connection)
    reached = of(reported(database, campaign), Arm.REACHED)
    hits, accepts, everything = reached.skills
    assert hits.before is not None
    assert hits.after is not None
    assert hits.change is not None
    assert (hits.before.right, hits.before.answers, hits.before.people) == (50, 120, 120)
    assert (hits.after.right, hits.after.answers) == (80, 100)
    assert hits.both == 100
    assert hits.change.value == pytest.approx(0.30)  # of the 100 who answered twice: 50 then 80
    assert hits.change.low > 0.2
    assert accepts.change is not None
    assert accepts.change.value == pytest.approx(0.0)
    assert everything.before is not None
    assert (everything.before.right, everything.before.answers) == (110, 240)
    assert reached.after is not None
    assert reached.before is not None
    assert reached.after.d_prime.value > reached.before.d_prime.value
    attrition = (reached.answered_both, reached.answered_before, reached.answered_after)
    assert attrition == (100, 20, 0)


def test_the_hold_out_is_what_the_change_is_compared_with(database: Database) -> None:
    with database.write() as connection:
        campaign = fill(connection)
    report = reported(database, campaign)
    effects = {one.measure: one.effect for one in report.effects}
    assert effects["change in scams caught"].value == pytest.approx(0.30)
    assert effects["change in genuine accepted"].value == pytest.approx(0.0)
    assert effects["answered a practice item"].value == pytest.approx(100 / 240 - 30 / 40)
    assert effects["finished pin"].value == pytest.approx(60 / 240)
    assert of(report, Arm.MEANT).people == 240


def test_completion_is_told_by_step(database: Database) -> None:
    with database.write() as connection:
        campaign = fill(connection)
    done = reported(database, campaign).completion
    assert done.begun is not None
    assert done.finished is not None
    assert (done.begun.right, done.begun.answers, done.finished.right) == (100, 220, 60)
    steps = {step.name: (step.reached, step.left) for step in done.steps}
    assert steps["scam-b"] == (100, 0)
    assert steps["rule"] == (90, 20)
    assert steps["done"] == (70, 10)
    assert list(steps).index("rule") < list(steps).index("done")


def test_segments_and_cost_are_those_of_the_status(database: Database) -> None:
    with database.write() as connection:
        campaign = fill(connection)
    cost = reported(database, campaign).cost
    with database.read() as connection:
        told = status.told(status.find(connection, campaign, None), None, currency="KES")
    assert (cost.segments, cost.micros) == (told.segments, told.cost_micros)
    assert cost.micros == 200 * 700_000 + 20 * 800_000
    assert cost.per_reached == cost.micros / 200
    assert cost.per_finisher == round(cost.micros / 60)
    assert cost.known == 200


def test_replies_to_those_who_began_are_told_beside_the_cost(database: Database) -> None:
    with database.write() as connection:
        campaign, run = started(connection)
        some = people(connection, run, 30)
        turn(connection, some[:20], BEGAN + DAY, to_state="done", ends=True)
        for number, (one, priority, at, cost, state) in enumerate(
            (
                (some[0], 0, BEGAN + DAY, 500_000, "delivered"),
                (some[1], 0, BEGAN + DAY, None, "accepted"),
                (some[2], 0, BEGAN - DAY, None, "accepted"),  # before the message
                (some[3], 1, BEGAN + DAY, None, "accepted"),  # a lesson, not a reply
                (some[4], 0, BEGAN + DAY, None, "suppressed"),
                (some[25], 0, BEGAN + DAY, None, "accepted"),  # began nothing
            )
        ):
            went = None if state == "suppressed" else at
            row = {"contact_id": one.id, "ref": one.ref, "priority": priority, "created_at": at}
            row |= {"cost_micros": cost, "state": state, "accepted_at": went, "due_at": at}
            row |= {"channel": "sim", "purpose": "reply", "body_hash": "b", "encoding": "GSM-7"}
            row |= {"segments": 2, "reason": "", "dedupe_key": f"reply{number}"}
            connection.execute(messages.insert(), row)
    cost = reported(database, campaign).cost
    assert cost.replies == 4
    assert cost.replies_micros == 500_000 + 2 * 800_000
    assert cost.per_finisher == 30 * 800_000 / 20
    assert cost.per_finisher_with_replies == (30 * 800_000 + 2_100_000) / 20


def test_an_opt_out_counts_when_it_follows_the_message_within_a_week(database: Database) -> None:
    with database.write() as connection:
        campaign, run = started(connection)
        people(connection, run, 985)
        people(connection, run, 10, opted_out_at=BEGAN + 2 * DAY)
        people(connection, run, 3, opted_out_at=BEGAN + 8 * DAY)
        people(connection, run, 2, opted_out_at=BEGAN - DAY)
        people(connection, run, 5, "suppressed/opted_out", opted_out_at=BEGAN + DAY)
    left = reported(database, campaign).leaving
    assert left.share is not None
    assert (left.share.right, left.share.answers) == (10, 1000)
    assert not left.is_alarming
    assert left.people == 15  # those who left before their turn, too: their row has a batch
    with database.write() as connection:
        people(connection, run, 1, opted_out_at=BEGAN + DAY)
    assert reported(database, campaign).leaving.is_alarming


def test_only_the_first_answer_counts_and_only_within_the_days(database: Database) -> None:
    with database.write() as connection:
        campaign, run = started(connection)
        some = people(connection, run, 20)
        answered(connection, some, BEGAN - DAY, scam=False, genuine=True)
        answered(connection, some, BEGAN - DAY + 5, scam=True)  # after the feedback, by way of `0`
        answered(connection, some, BEGAN - 31 * DAY, scam=True, genuine=False, form="-old")
        answered(connection, some, BEGAN + DAY, scam=True, genuine=True)
    one = of(reported(database, campaign), Arm.REACHED)
    hits = one.skills[0]
    assert hits.before is not None
    assert (hits.before.right, hits.before.answers) == (0, 20)
    assert one.repeated == 1.0
    longer = of(reported(database, campaign, days=40), Arm.REACHED).skills[0].before
    assert longer is not None
    assert (longer.right, longer.answers) == (20, 40)


def test_the_former_owner_of_a_number_has_no_part_in_it(database: Database) -> None:
    with database.write() as connection:
        campaign, run = started(connection)
        some = people(connection, run, 20, owner_since=BEGAN - 10 * DAY)
        answered(connection, some, BEGAN - 11 * DAY, scam=True, genuine=True)
        answered(connection, some, BEGAN - 9 * DAY, scam=False, genuine=False)
        later = people(connection, run, 20, owner_since=BEGAN + 10 * DAY)
        answered(connection, later, BEGAN + 11 * DAY, scam=True, genuine=True)
        answered(connection, later, BEGAN + 9 * DAY, scam=False, genuine=False)
    hits = of(reported(database, campaign), Arm.REACHED).skills[0]
    assert hits.before is not None
    assert hits.after is not None
    assert (hits.before.right, hits.before.answers) == (0, 20)
    assert (hits.after.right, hits.after.answers) == (0, 20)


def test_each_persons_own_message_divides_before_from_after(database: Database) -> None:
    with database.write() as connection:
        campaign, run = started(connection)
        people(connection, run, 40, "suppressed/hold_out")
        late = people(connection, run, 20, sent_at=BEGAN + 2 * DAY)
        answered(connection, late, BEGAN + DAY, scam=False, genuine=False)
        answered(connection, late, BEGAN + 3 * DAY, scam=True, genuine=True, form="-b")
    report = reported(database, campaign)
    own = of(report, Arm.REACHED).skills[0]
    assert own.before is not None
    assert own.change is not None
    assert own.change.value == pytest.approx(1.0)
    by_run = of(report, Arm.MEANT).skills[0]  # beside the hold-out both have the run's clock
    assert by_run.before is None
    assert by_run.after is not None
    assert (by_run.after.right, by_run.after.answers) == (20, 40)


def test_hits_are_never_told_without_correct_accepts(database: Database) -> None:
    with database.write() as connection:
        campaign, run = started(connection)
        some = people(connection, run, 50)
        answered(connection, some, BEGAN + DAY, scam=True)
        answered(connection, some[:9], BEGAN + DAY, genuine=True)
    report = reported(database, campaign)
    assert of(report, Arm.REACHED).skills == ()
    assert "scams caught" not in as_text(report)
    assert "scams caught" not in as_csv(report)
    assert any(line.startswith("What people learned: fewer than 10") for line in report.limits)


def test_an_erased_person_stays_a_number_and_nothing_more(database: Database) -> None:
    with database.write() as connection:
        campaign, run = started(connection)
        some = people(connection, run, 30)
        answered(connection, some, BEGAN - DAY, scam=True, genuine=True)
        answered(connection, some, BEGAN + DAY, scam=True, genuine=True)
        for number, one in enumerate(some[:12]):
            contact = contacts.by_id(connection, one.id)
            fresh = f"f{number:031x}"
            erasure.erase(connection, contact, fresh_ref=fresh, channel="sim", now_ms=NOW)
    report = reported(database, campaign)
    assert (report.reach.audience, report.reach.delivered, report.reach.erased) == (30, 30, 12)
    hits = of(report, Arm.REACHED).skills[0]
    assert hits.after is not None
    assert hits.after.people == 18
    assert any("12 people did who asked to be erased" in line for line in report.limits)


def test_groups_of_a_few_are_pooled_and_small_cells_hidden(database: Database) -> None:
    with database.write() as connection:
        campaign, run = started(connection)
        swahili = people(connection, run, 300)
        english = people(connection, run, 60, language="")  # never chose: the channel's first
        french = people(connection, run, 4, language="fr")
        amharic = people(connection, run, 8, language="am")
        for some in (swahili[:200], english[:3], french, amharic):
            answered(connection, some, BEGAN + DAY, scam=True, genuine=True)
    report = reported(database, campaign)
    progress = report.progress[0]
    assert [(part.name, part.people) for part in progress.parts] == [
        ("sw", 300),
        ("en", 60),
        ("2 other groups", 12),
    ]
    told = {part.name: part.cells for part in progress.parts}
    assert None in told["en"]
    assert sum(cell is None for cells in told.values() for cell in cells) >= 4
    skills = [(one.name, one.people) for one in report.group_skills if one.dimension == "language"]
    assert skills == [("sw", 200), ("3 other groups", 15)]
    assert "fr" not in [part.name for part in progress.parts]


def test_what_cannot_be_said_comes_from_the_data(database: Database) -> None:
    with database.write() as connection:
        plan = replace(PLAN, hold_out=0.0)
        campaign, run = started(connection, plan, state=campaign_rows.RunState.RUNNING)
        people(connection, run, 50, "accepted", row={"simulated": True})
        other = campaign_rows.campaign(connection)
        campaign_rows.run(connection, other, began_at=BEGAN + DAY, audience=5)
    report = reported(database, campaign)
    told = "\n".join(report.limits)
    for words in (
        "The run is running",
        "The 30 days after the message are not over",
        "sent no receipt of delivery",
        "no hold-out was kept back",
        "another campaign run went out",
        "fewer than 10 people answered",
        "50 messages went to the simulator",
        "named no price",
    ):
        assert words in told
    with database.write() as connection:
        finished = fill(connection)
    told = "\n".join(reported(database, finished, now_ms=BEGAN + 31 * DAY).limits)
    assert "no hold-out was kept" not in told
    assert "the hold-out is 40 people, too few" in told
    assert "not over" not in told


def test_overcaution_is_called_by_its_name(database: Database) -> None:
    with database.write() as connection:
        campaign, run = started(connection)
        some = people(connection, run, 200)
        answered(connection, some[:100], BEGAN - DAY, scam=True, genuine=True)
        answered(connection, some[100:], BEGAN - DAY, scam=False, genuine=True)
        answered(connection, some, BEGAN + DAY, scam=True, genuine=False, form="-b")
    report = reported(database, campaign)
    assert any("That is distrust, not skill" in line for line in report.limits)
    after = of(report, Arm.REACHED).after
    assert after is not None
    assert after.bias.value < -1


def test_a_late_suppression_belongs_to_those_who_were_meant(database: Database) -> None:
    with database.write() as connection:
        campaign, run = started(connection)
        people(connection, run, 30)
        people(connection, run, 11, "suppressed/frequency_cap")  # has a batch: it was assigned
        people(connection, run, 12, "suppressed/opted_out", row={"batch": None})
    report = reported(database, campaign)
    assert (report.reach.meant, report.reach.audience) == (41, 53)


def test_an_audience_as_a_launch_freezes_it_falls_into_its_arms(
    database: Database, vault: Vault
) -> None:
    with database.write() as connection:
        made = audience_support.People(connection, vault)
        made.add(200, language="sw")
        made.add(11, language="sw", agreed=None)
        made.add(12, language="sw", stopped=True)
        made.add(13, language="am")  # no text in it
    run_id = audience_support.launched(database, vault, audience_support.plan(hold_out=0.3))
    with database.read() as connection:
        query = select(campaign_runs.c.campaign_id).where(campaign_runs.c.id == run_id)
        campaign = connection.execute(query).scalar_one()
    report = reported(database, campaign, now_ms=audience_support.NOW + DAY)
    reach = report.reach
    assert reach.audience == 236
    assert 35 <= reach.hold_out <= 85
    assert reach.meant == 200 - reach.hold_out == reach.not_sent
    assert reach.excluded == {"no_language": 13, "opted_out": 12, "no_consent": 11}
    assert [part.name for part in report.progress[0].parts] == ["sw"]


def test_runs_are_told_one_at_a_time_and_unknown_ones_refused(database: Database) -> None:
    with database.write() as connection:
        campaign, run = started(connection)
        people(connection, run, 30)
        second = campaign_rows.run(connection, campaign, 2, began_at=BEGAN + DAY)
        people(connection, second, 12)
        empty = campaign_rows.campaign(connection)
    assert reported(database, campaign).reach.audience == 12
    assert reported(database, campaign, run=1).reach.audience == 30
    with pytest.raises(NotFound, match="has no run 3"):
        reported(database, campaign, run=3)
    with pytest.raises(NotFound, match="has not run yet"):
        reported(database, empty)
    with pytest.raises(NotFound, match="there is no campaign 999"):
        reported(database, 999)


def test_a_run_of_nobody_is_a_report_too(database: Database) -> None:
    with database.write() as connection:
        campaign, _ = started(connection)
    report = reported(database, campaign)
    assert report.reach.audience == 0
    for form in (as_text, as_csv, as_html):
        assert "Mwezi wa usalama" in form(report)


def test_the_plans_use_indexes(sqlite_database: Database) -> None:
    from smsbot.storage import learning

    with sqlite_database.read() as connection:
        explain = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {learning._MEMBERS}", (1,))
        plan = " ".join(row[3] for row in explain)
        assert "ix_messages_run" in plan
        assert "SCAN" not in plan
        statement = f"EXPLAIN QUERY PLAN {learning.turns_statement('sqlite')}"
        explain = connection.exec_driver_sql(statement, ("[]", 0, 1, 0))
        assert "ix_turns_ref" in " ".join(row[3] for row in explain)


# --- how it is shown ----------------------------------------------------------------------------


def shown(database: Database) -> Report:
    with database.write() as connection:
        campaign = fill(connection)
        connection.execute(
            update(contact_rows)
            .where(contact_rows.c.id % 2 == 0)
            .values(region="=cmd|' /C calc'!A0")
        )
        connection.execute(update(messages).values(currency="KES"))
    report = reported(database, campaign)
    head = replace(report.head, title='=HYPERLINK("x") <script>alert(1)</script>')
    return replace(report, head=head)


def test_the_text_fits_a_terminal_and_says_both_skills(sqlite_database: Database) -> None:
    words = as_text(shown(sqlite_database))
    assert [line for line in words.splitlines() if len(line) > 80] == []
    assert words.index("scams caught") < words.index("genuine accepted")
    assert "What we cannot say" in words
    assert "+30.0 (+" in words
    assert "KES 156.00" in words


def test_the_table_is_tidy_and_no_formula(sqlite_database: Database) -> None:
    report = shown(sqlite_database)
    rows = list(csv.reader(io.StringIO(as_csv(report))))
    assert tuple(rows[0]) == COLUMNS
    assert {len(row) for row in rows} == {len(COLUMNS)}
    cells = [cell for row in rows[1:] for cell in row]
    dangerous = [cell for cell in cells if re.match(r"[=@\t\r+-](?!\d)", cell)]
    assert dangerous == []
    assert any(cell.startswith("'=cmd") for cell in cells)
    assert any(cell.startswith("-0.") for cell in cells)  # a number below zero stays one
    found = {(row[0], row[1], row[2]): row for row in rows}
    assert found["learning", "scams caught, change", "reached"][3] == "0.3"
    assert found["reach", "delivered", "all"][3] == "200"


class Page(HTMLParser):
    """Gathers the elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(sqlite_database: Database) -> None:
    words = as_html(shown(sqlite_database))
    page = Page()
    page.feed(words)
    assert not {"script", "link", "img", "iframe", "object"} & set(page.elements)
    names = {name for name, _ in page.attributes}
    assert not {"style", "src", "href", "onclick", "onload"} & names
    assert page.elements.count("style") == 1
    assert page.elements.count("svg") >= 4
    assert "<script>alert" not in words
    assert "&lt;script&gt;" in words
    assert words.count("<table>") > 8


def test_a_case_study_has_its_context_its_n_and_what_is_missing(sqlite_database: Database) -> None:
    report = shown(sqlite_database)
    plan = replace(report.head.plan, risk_note="Elders | may *fear* <b>fees</b>")
    page = as_case_study(replace(report, head=replace(report.head, plan=plan)))
    assert page.startswith("# =HYPERLINK")
    assert "<script>" not in page
    assert "<b>" not in page.replace("\\<b\\>", "")
    assert "Began 21 September 2026, 14:13 UTC" in page
    assert "| delivered, with a receipt (I01) | 200 | 240 |" in page
    assert "| scams caught, the reached, change in points (I06) | +30.0 (+" in page
    assert "genuine accepted, the reached, after (I05) | 60.0 %" in page
    assert "100 before and after, 20 only before, 0 only after" in page
    assert "cells are hidden" in page
    assert "the hold-out is 40 people, too few" in page
    assert len(page.splitlines()) < 60  # a page


# --- the command --------------------------------------------------------------------------------


@pytest.fixture
def deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    for name in [*os.environ]:
        if name.startswith(("SMSBOT_", "AFRICASTALKING_", "TWILIO_")) or name == "PORT":
            monkeypatch.delenv(name)
    monkeypatch.setenv("SMSBOT_DATA", str(tmp_path))
    database = Database(load_settings().effective_database_url)
    migrate.upgrade(database)
    yield database
    database.close()


def run(*arguments: str, command: str = "report") -> Result:
    return CliRunner().invoke(group, ("campaign", command, *arguments), catch_exceptions=False)


def test_the_command_writes_each_form(deployed: Database, tmp_path: Path) -> None:
    with deployed.write() as connection:
        campaign = str(fill(connection))
    assert "Mwezi wa usalama" in run(campaign).stdout
    assert run(campaign, "--format", "csv").stdout.startswith("section,measure,group,value")
    page = tmp_path / "report.html"
    said = run(campaign, "--run", "1", "--format", "html", "-o", str(page))
    assert said.stdout == f"{page}: 292 people, run 1\n"
    assert page.read_text().startswith("<!doctype html>")
    assert run(campaign, command="case-study").stdout.startswith("# Mwezi")


def test_the_command_refuses_in_one_sentence(deployed: Database) -> None:
    assert deployed.is_sqlite
    with pytest.raises(NotFound, match="there is no campaign 7"):
        run("7")
    assert run("7", "--days", "0").exit_code == 2
