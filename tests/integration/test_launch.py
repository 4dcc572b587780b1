"""A launch writes the audience down once: one row a person, whoever freezes it and how often."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, update

from smsbot.campaigns import launch, lifecycle
from smsbot.campaigns.freezer import Freezer
from smsbot.plans import Audience, Canary, Start, StartZone
from smsbot.storage import audit, campaigns, runs
from smsbot.storage.messages import HELD_AT
from smsbot.storage.tables import alerts, campaign_runs, contacts, messages
from smsbot.storage.tables import campaigns as campaigns_table
from smsbot.text.segments import segment
from smsbot.values import CampaignState, RunState
from tests.integration.audience_support import (
    DAY,
    NOW,
    WORDS,
    People,
    audience_of,
    batches_of,
    begun,
    channel,
    launched,
    many,
    plan,
    scheduled,
    tally,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from smsbot.storage.database import Database
    from smsbot.vault import Vault

HOUR = 3_600_000


def rows_of(
    connection: Connection, run_id: int, *columns: Any, **where: Any
) -> list[tuple[Any, ...]]:
    query = select(*columns).where(messages.c.campaign_run_id == run_id).order_by(messages.c.id)
    for name, value in where.items():
        query = query.where(messages.c[name] == value)
    return [tuple(row) for row in connection.execute(query)]


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
        batches = batches_of(connection, run_id)
        assert sum(size for _, size, _ in batches) == 18
        assert not any(is_canary for *_, is_canary in batches)
        run = runs.find(connection, run_id)
        assert (run.state, run.frozen_at) == (RunState.RUNNING, NOW)
        assert campaigns.find(connection, run.campaign_id).state is CampaignState.RUNNING
        (entry,) = audit.newest(connection, 1, subject=lifecycle.subject(run.campaign_id))
        assert (entry.actor, entry.action) == ("system", "campaign.running")


def test_a_row_holds_all_that_sending_needs(database: Database, vault: Vault) -> None:
    with database.write() as connection:
        people = People(connection, vault)
        (goes,) = people.add(language="am", country="UG", network="64110")
        (stays,) = people.add(agreed=None, language="am")

    ordered = plan(expiry_s=600, canary=Canary(share=0.0))
    run_id = launched(database, vault, ordered, languages=("am",))

    with database.read() as connection:
        found = {
            row.contact_id: row
            for row in connection.execute(
                select(messages).where(messages.c.campaign_run_id == run_id)
            )
        }
        refs = dict(connection.execute(select(contacts.c.id, contacts.c.ref)).all())
    sent, kept = found[goes], found[stays]
    amharic = segment(WORDS["am"])
    assert (sent.ref, sent.channel, sent.purpose, sent.priority) == (
        refs[goes],
        "at-ke",
        "lessons",
        2,
    )
    assert (sent.encoding, sent.segments, sent.price_micros) == ("UCS-2", 2, 2 * 900_000)
    assert amharic.segments == 2
    assert (sent.state, sent.reason, sent.due_at, sent.final_at) == ("queued", "", HELD_AT, None)
    assert (sent.expires_at, sent.created_at, sent.batch) == (NOW + 600_000, NOW, 1)
    assert (sent.dedupe_key, sent.body_enc) == (f"c{run_id}:{goes}", None)
    assert sent.text_id is not None
    assert len(sent.body_hash) == 32
    assert (kept.state, kept.reason, kept.final_at) == ("suppressed", "no_consent", NOW)
    assert (kept.text_id, kept.segments, kept.price_micros, kept.batch) == (None, 0, 0, None)


def test_an_occurrence_is_begun_once_and_only_of_a_scheduled_campaign(
    database: Database, vault: Vault
) -> None:
    with database.write() as connection:
        made = scheduled(connection, vault, plan())
    begun_ids: list[int | None] = []

    def begin(planned_at: int) -> None:
        with database.write() as connection:
            begun_ids.append(
                launch.begin(
                    connection,
                    campaigns.find(connection, made),
                    planned_at=planned_at,
                    began_at=NOW,
                    ends_at=NOW + HOUR,
                )
            )

    racers = [threading.Thread(target=begin, args=(NOW,)) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(begun_ids) == 4
    assert sum(each is not None for each in begun_ids) == 1

    begin(NOW + DAY)  # the next occurrence
    assert begun_ids[-1] is not None
    with database.write() as connection:
        numbers = [run.number for run in runs.of_campaign(connection, made)]
        assert numbers == [1, 2]
        lifecycle.move(connection, made, CampaignState.CANCELLED, actor="amina", now_ms=NOW)
    begin(NOW + 2 * DAY)
    assert begun_ids[-1] is None


def test_a_frozen_run_stays_as_it_is_and_late_comers_are_not_in_it(
    database: Database, vault: Vault
) -> None:
    with database.write() as connection:
        many(connection, vault, 12)
        made = scheduled(connection, vault, plan())
    run_id = begun(database, made)
    with database.write() as connection:
        People(connection, vault, count=100).add(5)

    for _ in range(2):
        assert launch.freeze(database, run_id, channel=channel(), now_ms=NOW)

    with database.read() as connection:
        assert tally(connection, run_id) == {"queued": 12}


def test_a_freezer_that_is_told_to_stop_is_taken_up_later(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as connection:
        many(connection, vault, 3000)
        made = scheduled(connection, vault, plan(canary=Canary(share=0.0)))
    run_id = begun(database, made)

    def has_begun() -> bool:
        with database.read() as connection:
            return audience_of(connection, run_id) > 0

    assert not launch.freeze(database, run_id, channel=channel(), now_ms=NOW, should_stop=has_begun)
    with database.read() as connection:
        assert 0 < audience_of(connection, run_id) < 3000
        assert runs.find(connection, run_id).state is RunState.FREEZING
    assert launch.freeze(database, run_id, channel=channel(), now_ms=NOW)
    with database.read() as connection:
        assert audience_of(connection, run_id) == 3000
        assert [batch[:2] for batch in batches_of(connection, run_id)] == [
            (1, 1000), (2, 1000), (3, 1000)
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "complete", "ends_in"),
    [
        (RunState.CANCELLED, False, RunState.CANCELLED),
        (RunState.PAUSED, True, RunState.PAUSED),
    ],
)
def test_cancelling_ends_a_freeze_and_pausing_lets_it_come_to_its_end(
    database: Database,
    vault: Vault,
    monkeypatch: pytest.MonkeyPatch,
    state: RunState,
    complete: bool,
    ends_in: RunState,
) -> None:
    with database.write() as connection:
        many(connection, vault, 3000)
        made = scheduled(connection, vault, plan())
    run_id = begun(database, made)
    write_piece, pieces = Freezer.write_piece, 0

    def interrupted(self: Freezer, done: int) -> int:
        nonlocal pieces
        pieces += 1
        if pieces == 2:
            with database.write() as connection:
                assert runs.set_state(connection, run_id, RunState.FREEZING, state)
        return write_piece(self, done)

    monkeypatch.setattr(Freezer, "write_piece", interrupted)

    assert launch.freeze(database, run_id, channel=channel(), now_ms=NOW) is complete

    with database.read() as connection:
        run = runs.find(connection, run_id)
        assert run.state is ends_in
        assert (run.frozen_at is not None) is complete
        assert (run.audience == 3000) is complete
        assert sum(tally(connection, run_id).values()) == run.audience
        assert campaigns.find(connection, made).state is CampaignState.SCHEDULED


@pytest.mark.parametrize(
    ("canary", "over", "has_one"),
    [
        (None, 1999, True),
        (None, 2000, False),
        (Canary(share=0.02), 1_000_000, True),
        (Canary(share=0.0), 10, False),
    ],
    ids=["by itself", "too small", "ordered", "ordered not to"],
)
def test_the_canary_goes_first_when_it_is_ordered_or_the_audience_is_large(
    database: Database, vault: Vault, canary: Canary | None, over: int, has_one: bool
) -> None:
    with database.write() as connection:
        many(connection, vault, 2000)
        People(connection, vault, count=5000).add(20, agreed=None)
        made = scheduled(connection, vault, plan(canary=canary))
    run_id = begun(database, made)

    assert launch.freeze(database, run_id, channel=channel(), now_ms=NOW, canary_over=over)

    with database.read() as connection:
        batches = batches_of(connection, run_id)
    assert sum(size for _, size, _ in batches) == 2000
    canaries = [(number, size) for number, size, is_canary in batches if is_canary]
    assert bool(canaries) is has_one
    if has_one:
        assert [batch[0] for batch in batches][: len(canaries)] == [n for n, _ in canaries]
        expected = 2000 * (canary.share if canary else 0.01)
        assert abs(sum(size for _, size in canaries) - expected) < 5 * expected**0.5


@pytest.mark.parametrize(
    ("told", "grew"), [(None, False), (200, False), (137, False), (136, True), (0, True)]
)
def test_a_run_that_reaches_many_more_than_was_approved_waits_for_a_person(
    database: Database, vault: Vault, told: int | None, grew: bool
) -> None:
    with database.write() as connection:
        many(connection, vault, 200)

    run_id = launched(database, vault, plan(), approved_size=told)

    with database.read() as connection:
        run = runs.find(connection, run_id)
        campaign = campaigns.find(connection, run.campaign_id)
        words = (
            connection.execute(select(alerts.c.words).where(alerts.c.kind == "campaign_paused"))
            .scalars()
            .all()
        )
    if not grew:
        assert (run.state, run.paused_reason, words) == (RunState.RUNNING, "", [])
        return
    assert (run.state, run.paused_reason) == (RunState.PAUSED, "audience_grew")
    assert (run.frozen_at, run.paused_at) == (NOW, NOW)
    assert campaign.state is CampaignState.PAUSED
    assert len(words) == 1
    assert f"200 people, and its approver was told of {told}" in words[0]


def test_a_sample_is_exact_and_another_one_in_the_next_run_while_the_hold_out_stays(
    database: Database, vault: Vault
) -> None:
    with database.write() as connection:
        many(connection, vault, 400)
        made = scheduled(
            connection, vault, plan(audience=Audience(sample=150), hold_out=0.4, repeat="0 9 * * 1")
        )
    samples, held_out = [], []
    for week in range(2):
        run_id = begun(database, made, planned_at=NOW + week * 7 * DAY)
        assert launch.freeze(database, run_id, channel=channel(), now_ms=NOW)
        with database.write() as connection:
            rows = rows_of(connection, run_id, messages.c.contact_id, messages.c.reason)
            samples.append({contact for contact, _ in rows})
            held_out.append({contact for contact, reason in rows if reason})
            connection.execute(update(campaigns_table).values(state="scheduled"))
    assert [len(sample) for sample in samples] == [150, 150]
    both = samples[0] & samples[1]
    assert 25 < len(both) < 90  # 56 are to be expected
    assert held_out[0] & both == held_out[1] & both
    assert 35 < len(held_out[0]) < 85


def test_a_start_on_each_contacts_clock_expires_by_that_clock(
    database: Database, vault: Vault
) -> None:
    with database.write() as connection:
        people = People(connection, vault)
        (nairobi,) = people.add()
        (accra,) = people.add(country="GH")
        (cape_town,) = people.add(country="GH", timezone="Africa/Johannesburg")
        ordered = plan(
            start=Start(datetime(2026, 12, 1, 9, 0), StartZone.CONTACT),  # noqa: DTZ001  # a wall clock
            expiry_s=3600,
        )
        made = scheduled(connection, vault, ordered)
    nine_at_utc14 = int(datetime.fromisoformat("2026-12-01T09:00+14:00").timestamp() * 1000)
    run_id = begun(database, made, planned_at=nine_at_utc14)

    assert launch.freeze(database, run_id, channel=channel(), now_ms=nine_at_utc14)

    with database.read() as connection:
        ends = dict(rows_of(connection, run_id, messages.c.contact_id, messages.c.expires_at))
        latest = connection.execute(select(func.max(campaign_runs.c.ends_at))).scalar_one()
    ten_at_utc = int(datetime.fromisoformat("2026-12-01T10:00+00:00").timestamp() * 1000)
    assert ends == {
        nairobi: ten_at_utc - 3 * HOUR,
        accra: ten_at_utc,
        cape_town: ten_at_utc - 2 * HOUR,
    }
    assert latest == ten_at_utc + 12 * HOUR


def test_nobody_at_all_is_an_audience_too(database: Database, vault: Vault) -> None:
    run_id = launched(database, vault, plan())
    with database.read() as connection:
        assert runs.find(connection, run_id).state is RunState.RUNNING
        assert (audience_of(connection, run_id), batches_of(connection, run_id)) == (0, [])
