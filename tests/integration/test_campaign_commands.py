"""A campaign by the commands alone: written, priced, tried, submitted, decided, scheduled, stopped."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from smsbot.cli.main import main
from smsbot.config import load_settings
from smsbot.storage import audit, campaigns, consents, contacts, migrate
from smsbot.storage.consents import Evidence
from smsbot.storage.database import Database
from smsbot.storage.tables import campaigns as campaigns_table
from smsbot.storage.tables import contacts as contacts_table
from smsbot.storage.tables import messages, texts
from smsbot.values import CampaignState, Msisdn, RunState
from smsbot.vault import Vault
from tests.integration import desk_support

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SECRET = "maji safi 7 kisima"
ORDER = """\
title: Wrong sends in March
purpose: lessons
channel: sim
message:
  en: Got money by mistake? Check your own balance first. STOP to end.
  sw: Umepokea pesa kimakosa? Angalia salio lako kwanza. SIMAMA kuacha.
risk_note: Nobody is deceived.
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command said."""

    code: int
    out: str
    err: str


class Office:
    """A deployment with its commands, without a server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = load_settings()
        self.database = Database(self.settings.effective_database_url)
        self.vault = Vault(self.settings.secret_key, self.settings.pii_key_list)

    def __call__(self, *arguments: str, given: str = "") -> Ran:
        runner = CliRunner()
        command = _as_command()
        result = runner.invoke(command, [str(each) for each in arguments], input=given)
        assert result.exception is None or isinstance(result.exception, SystemExit), result
        return Ran(result.exit_code, result.stdout, result.stderr)

    def good(self, *arguments: str, given: str = "") -> str:
        ran = self(*arguments, given=given)
        assert ran.code == 0, ran.err + ran.out
        return ran.out

    def refused(self, *arguments: str) -> str:
        ran = self(*arguments)
        assert (ran.code, ran.out) == (1, ""), ran
        assert ran.err.startswith("smsbot: ")
        return ran.err

    def users(self, **roles: str) -> None:
        for name, role in roles.items():
            line = ("user", "create", name, "--role", role, "--password-stdin")
            self.good(*line, given=SECRET + "\n")

    def people(self, number: int, language: str = "en") -> None:
        """Keep people who agreed to lessons."""
        now_ms = int(datetime.now(UTC).timestamp() * 1000) - 1000
        with self.database.write() as connection:
            before = len(connection.execute(select(contacts_table.c.id)).all())
            for index in range(before, before + number):
                known = contacts.ensure(
                    connection,
                    self.vault,
                    Msisdn(f"+2547110{index:05}"),
                    channel_country="KE",
                    network="63902",
                    now_ms=now_ms,
                )
                contacts.set_language(connection, known.id, language, now_ms)
                evidence = Evidence(now_ms, "sim", "", language, "JOIN")
                consents.grant(connection, known.id, "lessons", evidence)

    def file(self, text: str, name: str = "c.yaml") -> str:
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def draft(self, text: str = ORDER, *more: str) -> str:
        """Make a draft; give its id."""
        out = self.good("campaign", "create", self.file(text), *more)
        assert out == f"{int(out)}\n"
        return out.strip()

    def state(self, campaign_id: str) -> str:
        with self.database.read() as connection:
            return campaigns.find(connection, int(campaign_id)).state.value

    def put(self, campaign_id: str, state: CampaignState) -> None:
        with self.database.write() as connection:
            connection.execute(
                update(campaigns_table)
                .where(campaigns_table.c.id == int(campaign_id))
                .values(state=state.value)
            )

    def audited(self, campaign_id: str) -> list[tuple[str, str]]:
        with self.database.read() as connection:
            rows = audit.newest(connection, 99, subject=f"campaign:{campaign_id}")
        return [(row.actor, row.action.removeprefix("campaign.")) for row in reversed(rows)]


def _as_command() -> Any:
    import click

    @click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def whole(arguments: tuple[str, ...]) -> None:
        main(arguments)

    return whole


@pytest.fixture(scope="session")
def _upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database as `smsbot db upgrade` makes it: copying it is faster."""
    path = tmp_path_factory.mktemp("upgraded") / "smsbot.sqlite3"
    made = Database(f"sqlite:///{path}")
    migrate.upgrade(made)
    made.close()
    return path


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _upgraded: Path) -> Iterator[Office]:
    for name in [*os.environ]:
        if name.startswith(("SMSBOT_", "AFRICASTALKING_", "TWILIO_")) or name == "PORT":
            monkeypatch.delenv(name)
    monkeypatch.setenv("SMSBOT_DATA", str(tmp_path / "data"))
    for name in ("flows", "messages", "channels.yaml"):
        monkeypatch.setenv(f"SMSBOT_{name.split('.')[0].upper()}", str(ROOT / name))
    (tmp_path / "data").mkdir()
    shutil.copyfile(_upgraded, tmp_path / "data/smsbot.sqlite3")
    found = Office(tmp_path)
    yield found
    found.database.close()


def test_a_small_campaign_goes_from_its_file_to_its_schedule(office: Office) -> None:
    office.people(3)

    made = office.draft()
    assert "it needs approval" in office.good("campaign", "submit", made)
    assert office.state(made) == "review"
    office.good("campaign", "approve", made)
    said = office.good("campaign", "schedule", made)

    assert f"campaign {made} is scheduled: it begins 20" in said
    assert office.audited(made) == [
        ("operator", act) for act in ("create", "review", "approved", "scheduled")
    ]
    with office.database.read() as connection:
        found = campaigns.find(connection, int(made))
    assert (found.submitted_by, found.decided_by, found.approved_size) == (
        "operator",
        "operator",
        3,
    )
    assert found.next_at is not None
    assert found.next_at <= int(datetime.now(UTC).timestamp() * 1000)


def test_above_the_threshold_another_person_approves(office: Office) -> None:
    office.people(51)
    office.users(amina="manager", bo="approver", chi="author")
    made = office.draft(ORDER, "--as", "chi")

    assert "it needs another person's approval" in office.good(
        "campaign", "submit", made, "--as", "amina"
    )
    own = office.refused("campaign", "approve", made, "--as", "amina")
    assert "reaches 51 people, more than 50: another person than amina" in own
    assert "chi is an author and may not approve" in office.refused(
        "campaign", "approve", made, "--as", "chi"
    )
    office.good("campaign", "approve", made, "--as", "bo", "--note", "Read it twice.")
    assert office.state(made) == "approved"
    assert "bo is an approver and may not schedule" in office.refused(
        "campaign", "schedule", made, "--as", "bo"
    )
    office.good("campaign", "schedule", made, "--as", "amina")
    assert office.audited(made) == [
        ("chi", "create"),
        ("amina", "review"),
        ("bo", "approved"),
        ("amina", "scheduled"),
    ]


def test_the_operator_of_dev_is_one_person_too(office: Office) -> None:
    office.people(51)
    made = office.draft()
    office.good("campaign", "submit", made)

    assert "another person than operator" in office.refused("campaign", "approve", made)


def test_people_who_came_after_the_submission_count_for_the_approval(office: Office) -> None:
    office.people(50)
    made = office.draft()
    office.good("campaign", "submit", made)
    office.people(1)

    assert "reaches 51 people" in office.refused("campaign", "approve", made)


def test_a_rejected_campaign_is_edited_and_submitted_again_with_new_texts(office: Office) -> None:
    office.users(bo="approver")
    made = office.draft()
    yaml_of_draft = office.good("campaign", "show", made, "--yaml")
    assert yaml_of_draft.startswith("title: Wrong sends in March\npurpose: lessons\n")
    assert "warning: nobody would be reached" in office.good("campaign", "submit", made)
    assert "only a draft is edited" in office.refused("campaign", "edit", made, office.file(ORDER))
    assert office("campaign", "reject", made).code == 2
    office.good("campaign", "reject", made, "--note", "Say who we are.", "--as", "bo")
    assert yaml_of_draft == office.good("campaign", "show", made, "--yaml")
    assert "rejected   by bo, " in office.good("campaign", "show", made)

    office.good(
        "campaign", "edit", made, office.file(ORDER.replace("Got money", "Safe Line - money"))
    )
    office.good("campaign", "submit", made)
    shown = json.loads(office.good("campaign", "show", made, "--json"))
    assert shown["texts"]["en"].startswith("Safe Line - money")
    with office.database.read() as connection:
        assert len(connection.execute(select(texts.c.id)).all()) == 2


def test_what_was_approved_is_what_stays_even_if_the_flow_changes(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    flow = ORDER.partition("message:")[0] + "flow: wrong-send\nrisk_note: No deception.\n"
    made = office.draft(flow)
    office.good("campaign", "submit", made)
    before = json.loads(office.good("campaign", "show", made, "--json"))["texts"]
    assert sorted(before) == ["en", "fr", "sw"]

    copy = tmp_path / "flows"
    copy.mkdir()
    for path in (ROOT / "flows").glob("*.yaml"):
        text = path.read_text()
        (copy / path.name).write_text(text.replace("text says you", "message says you"))
    monkeypatch.setenv("SMSBOT_FLOWS", str(copy))
    office.good("campaign", "approve", made)

    assert json.loads(office.good("campaign", "show", made, "--json"))["texts"] == before


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "balance first.",
            "balance first, at www.example.org.",
            "en: error: the text holds the addr",
        ),
        ("risk_note: Nobody is deceived.\n", "", "error: `risk_note` is empty"),
        ("STOP to end.", "Reply with your PIN. STOP to end.", "en: error: the text asks for a sec"),
        ("Nobody is deceived.\n", "None.\nstart: {at: 2020-01-01T09:00}\n", "is over by more than"),
    ],
)
def test_an_error_keeps_a_campaign_a_draft(office: Office, old: str, new: str, words: str) -> None:
    made = office.draft(ORDER.replace(old, new))

    assert words in office.refused("campaign", "submit", made)
    assert office.state(made) == "draft"


def test_a_wrong_file_is_refused_with_every_fault_and_nothing_is_kept(office: Office) -> None:
    path = office.file(ORDER + "rate: 1000\nbudget: {amount: 5, currency: UGX}\n")

    said = office.refused("campaign", "create", path)

    assert f"{path}:8: error: `rate` is over the channel's own" in said
    assert f"{path}:9: error: the budget is in UGX" in said
    assert "No such file" in office.refused("campaign", "create", "none.yaml")
    assert office("campaign", "create").code == 2
    with office.database.read() as connection:
        assert campaigns.listed(connection) == []


def test_a_file_may_come_by_standard_input(office: Office) -> None:
    assert office.good("campaign", "create", "-", given=ORDER) == "1\n"


def test_an_illegal_move_is_one_sentence_and_changes_nothing(office: Office) -> None:
    made = office.draft()
    assert "is a draft, so it can't be approved (possible now: submit, cancel)" in office.refused(
        "campaign", "approve", made
    )
    for act in ("schedule", "pause", "resume"):
        assert f"campaign {made} is a draft, so it can't be" in office.refused(
            "campaign", act, made
        )
    assert "is a draft, so it can't be rejected" in office.refused(
        "campaign", "reject", made, "--note", "no"
    )
    office.good("campaign", "cancel", made)
    for act in ("submit", "approve", "schedule", "pause", "resume", "cancel"):
        assert "is cancelled, so it can't be" in office.refused("campaign", act, made)
    assert "there is no campaign 99" in office.refused("campaign", "submit", "99")
    assert office("campaign", "submit", "x").code == 2


def test_who_acts_needs_a_user_and_the_right(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.users(amina="manager", vi="viewer")
    made = office.draft(ORDER, "--as", "amina")
    for act in (["submit"], ["cancel"], ["pause"], ["resume"], ["test-send", "+254711000111"]):
        line = (act[0], made, *act[1:], "--as", "vi")
        assert "vi is a viewer and may not" in office.refused("campaign", *line)
    office.good("campaign", "show", made, "--as", "vi")
    assert "no user eve" in office.refused("campaign", "show", made, "--as", "eve")
    office.good("user", "disable", "amina")
    assert "amina is disabled" in office.refused("campaign", "submit", made, "--as", "amina")


def test_in_production_somebody_must_be_named_and_drafts_are_not_sent(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.users(amina="manager")
    only = (ROOT / "channels.yaml").read_text().partition("# Twilio.")[2]
    for name, value in {
        "SMSBOT_ENV": "production",
        "SMSBOT_SECRET_KEY": office.settings.secret_key,
        "SMSBOT_PII_KEYS": office.settings.pii_keys,
        "SMSBOT_PUBLIC_URL": "https://sms.example.org",
        "SMSBOT_CHANNELS": office.file("#" + only, "channels.yaml"),
    }.items():
        monkeypatch.setenv(name, value)
    flow = ORDER.partition("message:")[0].replace("sim", "tw") + "flow: wrong-send\nrisk_note: x\n"

    assert "say who you are: --as USER" in office.refused("campaign", "create", office.file(flow))
    made = office.draft(flow, "--as", "amina")
    office.good("campaign", "submit", made, "--as", "amina")

    shown = json.loads(office.good("campaign", "show", made, "--json", "--as", "amina"))
    assert list(shown["texts"]) == ["en"]


def test_a_start_in_the_future_is_on_the_channels_clock(office: Office) -> None:
    at = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT09:00")
    made = office.draft(ORDER + f"start: {{at: {at}}}\n")
    office.good("campaign", "submit", made)
    office.good("campaign", "approve", made)

    said = office.good("campaign", "schedule", made)

    assert f"it begins {at.replace('T', ' ')} EAT" in said
    office.put(made, CampaignState.APPROVED)
    office.good("campaign", "schedule", made, "--now")
    with office.database.read() as connection:
        found = campaigns.find(connection, int(made))
    assert found.next_at is not None
    assert found.next_at <= int(datetime.now(UTC).timestamp() * 1000)


def test_a_start_in_quiet_hours_says_when_the_first_message_may_go(office: Office) -> None:
    night = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT22:00")
    made = office.draft(ORDER + f"start: {{at: {night}}}\nexpiry: 1d\n")
    office.good("campaign", "submit", made)
    office.good("campaign", "approve", made)

    morning = (datetime.now(UTC) + timedelta(days=4)).strftime("%Y-%m-%d 08:00 EAT")
    said = office.good("campaign", "schedule", made)

    assert f"by the channel's clock nothing may be sent before {morning}" in said


def test_a_missed_start_is_taken_up_by_a_person_who_schedules_it_again(office: Office) -> None:
    made = office.draft()
    office.good("campaign", "submit", made)
    office.good("campaign", "approve", made)
    office.good("campaign", "schedule", made)
    office.put(made, CampaignState.EXPIRED)

    office.good("campaign", "schedule", made)
    assert office.state(made) == "scheduled"

    office.put(made, CampaignState.EXPIRED)
    with office.database.write() as connection:
        desk_support.run(connection, int(made), RunState.EXPIRED, audience=5)
    assert "after it reached people" in office.refused("campaign", "schedule", made)


def test_a_repeat_begins_at_its_first_occurrence(office: Office) -> None:
    made = office.draft(ORDER + 'repeat: "0 9 * * 1"\n')
    office.good("campaign", "submit", made)
    office.good("campaign", "approve", made)

    office.good("campaign", "schedule", made)

    with office.database.read() as connection:
        next_at = campaigns.find(connection, int(made)).next_at
    assert next_at is not None
    first = datetime.fromtimestamp(next_at / 1000, UTC)
    assert (first.weekday(), first.hour, first.minute) == (0, 6, 0)  # nine in Nairobi


def test_the_preview_tells_who_why_not_how_much_and_what_is_wrong(office: Office) -> None:
    office.people(4, "en")
    office.people(2, "sw")
    office.people(1, "fr")
    made = office.draft(
        ORDER.replace("STOP to end.", "Bye.") + "budget: {amount: 4, currency: KES}\nexpiry: 2d\n"
    )

    said = office.good("campaign", "preview", made)

    for line in (
        "audience  7 people",
        "reached   6",
        "left out  1: no text in their language 1",
        "  en   KE 63902                  4 people          4 segments  KES 3.20",
        "price     KES 4.80 for 6 segments",
        "budget    KES 4.00, not enough",
        "warning: the budget won't reach for all: it would pause on the way (raise it or reach fewer)",
        "| Got money by mistake? Check your own |",
        "en: warning: the text does not say how to end these messages (add: STOP to end)",
    ):
        assert line in said.splitlines(), said
    found = json.loads(office.good("campaign", "preview", made, "--json"))
    assert (found["audience"], found["reached"], found["segments"]) == (7, 6, 6)
    assert (found["cost_micros"], found["currency"]) == (4_800_000, "KES")
    assert found["excluded"]["no_language"] == 1
    assert found["texts"]["en"]["encoding"] == "GSM-7"
    assert [one["code"] for one in found["findings"]] == ["no-stop", "budget"]
    assert office.state(made) == "draft"


def test_a_test_send_is_queued_marked_and_its_refusals_are_told(office: Office) -> None:
    made = office.draft()

    said = office.good("campaign", "test-send", made, "0711000111", "+254711000222")

    assert said.splitlines() == ["1 +254...11 en: queued", "2 +254...22 en: queued"]
    assert "number 1 is no phone number" in office.refused("campaign", "test-send", made, "me")
    for _ in range(4):
        office.good("campaign", "test-send", made, "0711000111", "--language", "sw")
    over = office("campaign", "test-send", made, "0711000111")
    assert (over.code, over.out) == (1, "1 +254...11 en: had 5 tests within an hour\n")
    with office.database.read() as connection:
        assert len(connection.execute(select(messages.c.id)).all()) == 6


def test_no_test_is_sent_of_a_text_that_may_not_go(office: Office) -> None:
    made = office.draft(ORDER.replace("balance first.", "balance at www.example.org."))

    said = office.refused("campaign", "test-send", made, "+254711000111")

    assert "not even a test is sent of such a text: en: error: the text holds" in said


def test_no_number_and_no_text_is_in_the_audit_log(office: Office) -> None:
    made = office.draft()
    office.good("campaign", "test-send", made, "+254711000111")
    office.good("campaign", "submit", made)
    office.good("campaign", "reject", made, "--note", "Call 0711000333 about it")

    shown = office.good("audit", "show")

    assert "711000" not in shown
    assert "balance" not in shown
    assert '"via": "cli:' in shown
