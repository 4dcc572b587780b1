"""The desk on both databases: what was looked at is what is decided on, whoever else is at it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from smsbot.campaigns import preview
from smsbot.campaigns.desk import Desk
from smsbot.campaigns.lint import Surroundings
from smsbot.campaigns.texts import Worded
from smsbot.errors import NotFound, Refused
from smsbot.storage import audit, campaigns
from smsbot.storage.users import User
from smsbot.values import CampaignState, Role
from tests.integration.desk_support import NOW_MS, plan
from tests.service import channel

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsbot.storage.database import Database
    from smsbot.values import Channel
    from smsbot.vault import Vault


@dataclass
class Wording:
    """Content with one flow that can be opened (`campaigns.texts.Words`)."""

    kept: int = 0
    text: str = "What would you do?\n1 Pay\n2 Check\nSTOP ends"

    @property
    def around(self) -> Surroundings:
        return Surroundings(frozenset({"22384"}), frozenset({"STOP"}), frozenset({"stop"}), {})

    def languages(self, flow_id: str) -> tuple[str, ...]:
        return ("en", "sw")

    def open_flow(self, flow_id: str, language: str, channel: Channel, now_ms: int) -> Worded:
        return Worded(self.text, flow_id, "v1", b"place")

    def keep(self) -> None:
        self.kept += 1


@dataclass
class Office:
    """The desks of a deployment, one for each user."""

    database: Database
    vault: Vault
    words: Wording

    def desk(self, name: str = "amina", role: Role = Role.MANAGER) -> Desk:
        return Desk(
            database=self.database,
            vault=self.vault,
            channels={"sim": channel()},
            words=lambda: self.words,
            approval_over=50,
            actor=User(1, name, role, "", 0, None),
            via="test",
        )

    def find(self, campaign_id: int) -> campaigns.Campaign:
        with self.database.read() as connection:
            return campaigns.find(connection, campaign_id)


@pytest.fixture
def office(database: Database, vault: Vault) -> Office:
    return Office(database, vault, Wording())


def _submitted(office: Office, **changes: Any) -> int:
    made = office.desk().create(plan(**changes), NOW_MS)
    office.desk().submit(made, NOW_MS)
    return made


def test_a_campaign_is_taken_from_draft_to_schedule(office: Office) -> None:
    made = _submitted(office)
    office.desk("bo", Role.APPROVER).approve(made, NOW_MS + 1, note="  Read it.  ")
    calls: list[tuple[int, int]] = []

    first = office.desk().schedule(
        made, NOW_MS + 2, call_at=lambda campaign, at_ms: calls.append((campaign, at_ms))
    )

    found = office.find(made)
    assert (found.state, found.next_at, first) == (CampaignState.SCHEDULED, first, NOW_MS + 2)
    assert (found.submitted_by, found.submitted_at) == ("amina", NOW_MS)
    assert (found.decided_by, found.decided_at, found.decision_note) == (
        "bo",
        NOW_MS + 1,
        "Read it.",
    )
    assert calls == [(made, first)]
    with office.database.read() as connection:
        rows = audit.newest(connection, 9, subject=f"campaign:{made}")
    assert rows[-2].detail == {
        "from": "draft",
        "reached": 0,
        "warnings": ["nobody"],
        "via": "test",
    }


def test_a_flow_is_sealed_with_its_conversation_and_its_version_is_kept(office: Office) -> None:
    made = _submitted(office, message={}, flow="wrong-send")
    office.words.text = "Another text. STOP ends"

    texts = office.desk().texts(made, NOW_MS)

    assert list(texts) == ["en", "sw"]
    assert texts["en"].text.startswith("What would you do?")
    assert (texts["en"].session, texts["en"].version, office.words.kept) == (b"place", "v1", 1)


def _edited_while(
    office: Office, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]
) -> None:
    """Let somebody act while the people are being counted."""
    counts = preview.preview

    def slowly(*arguments: Any, **named: Any) -> Any:
        monkeypatch.setattr(preview, "preview", counts)
        meanwhile()
        return counts(*arguments, **named)

    monkeypatch.setattr(preview, "preview", slowly)


def test_an_edit_during_the_submission_wins_and_nothing_is_sealed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = office.desk().create(plan(), NOW_MS)
    other = plan(message={"en": "Another text. STOP ends."})
    _edited_while(office, monkeypatch, lambda: office.desk("bo").edit(made, other, NOW_MS))

    with pytest.raises(Refused, match="changed by somebody just now: look again"):
        office.desk().submit(made, NOW_MS)

    found = office.find(made)
    assert (found.state, found.plan) == (CampaignState.DRAFT, other)


def test_an_approval_is_for_the_submission_that_was_looked_at(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = _submitted(office)

    def submit_again() -> None:
        office.desk("bo").reject(made, "No.", NOW_MS + 1)
        office.desk().edit(made, plan(title="Another"), NOW_MS + 2)
        office.desk().submit(made, NOW_MS + 3)

    _edited_while(office, monkeypatch, submit_again)

    with pytest.raises(Refused, match="look again"):
        office.desk("bo").approve(made, NOW_MS + 4)
    assert office.find(made).state is CampaignState.REVIEW


def test_of_two_who_schedule_at_once_one_does(office: Office) -> None:
    made = _submitted(office)
    office.desk().approve(made, NOW_MS)
    together = threading.Barrier(2)
    refused: list[str] = []

    def schedule() -> None:
        together.wait(5)
        try:
            office.desk().schedule(made, NOW_MS)
        except Refused as fault:
            refused.append(str(fault))

    both = [threading.Thread(target=schedule) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join(10)

    assert len(refused) == 1
    assert "is scheduled, so it can't be scheduled" in refused[0]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST, Role.PARTNER])
def test_who_may_not_act_changes_nothing(office: Office, role: Role) -> None:
    made = office.desk().create(plan(), NOW_MS)
    desk = office.desk("vi", role)

    for act in (
        lambda: desk.create(plan(), NOW_MS),
        lambda: desk.edit(made, plan(title="x"), NOW_MS),
        lambda: desk.submit(made, NOW_MS),
        lambda: desk.approve(made, NOW_MS),
        lambda: desk.reject(made, "no", NOW_MS),
        lambda: desk.schedule(made, NOW_MS),
        lambda: desk.test_send(made, ["+254711000111"], now_ms=NOW_MS),
        desk.demand_run,
        desk.demand_stop,
    ):
        with pytest.raises(Refused, match=f"vi is an? {role.value} and may not"):
            act()
    assert office.find(made).plan == plan()


def test_a_channel_that_is_gone_is_named(office: Office) -> None:
    made = office.desk().create(plan(channel="gone"), NOW_MS)

    for act in (office.desk().submit, office.desk().look):
        with pytest.raises(NotFound, match=r"by the channel 'gone', which channels\.yaml does not"):
            act(made, NOW_MS)


def test_a_refused_submission_lists_every_error_and_audits_nothing(office: Office) -> None:
    bad = {"en": "See www.example.org. STOP ends.", "sw": "TUMA PESA SASA HIVI. STOP"}
    made = office.desk().create(plan(message=bad, risk_note=""), NOW_MS)

    with pytest.raises(Refused) as refused:
        office.desk().submit(made, NOW_MS)

    first, *errors = str(refused.value).split("\n")
    assert first == f"campaign {made} can't be submitted:"
    assert [error.split(":")[0] for error in errors] == ["error", "en", "sw"]
    with office.database.read() as connection:
        assert len(audit.newest(connection, 9)) == 1


def test_a_test_of_a_draft_speaks_as_the_draft_and_keeps_the_content(office: Office) -> None:
    made = office.desk().create(plan(message={}, flow="wrong-send"), NOW_MS)

    (tried,) = office.desk().test_send(made, ["0711000111"], now_ms=NOW_MS)

    assert (tried.language, tried.refused, office.words.kept) == ("en", "", 1)


def test_a_long_note_is_refused(office: Office) -> None:
    made = _submitted(office)

    with pytest.raises(Refused, match="500 characters at most"):
        office.desk("bo").approve(made, NOW_MS, note="x" * 501)
    with pytest.raises(Refused, match="say why"):
        office.desk("bo").reject(made, "   ", NOW_MS)
    assert replace(office.find(made), changed_at=0).state is CampaignState.REVIEW
