"""The preview says beforehand exactly what the launch will write down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, update

from smsbot.campaigns.draws import seed_of
from smsbot.campaigns.preview import Group, Preview, preview
from smsbot.plans import Audience, Plan
from smsbot.storage import runs
from smsbot.storage.tables import messages
from smsbot.text.segments import segment
from tests.integration.audience_support import (
    DAY,
    NOW,
    WORDS,
    People,
    channel,
    launched,
    many,
    plan,
    tally,
)

if TYPE_CHECKING:
    from smsbot.storage.database import Database
    from smsbot.values import Channel
    from smsbot.vault import Vault


def looked(
    database: Database,
    ordered: Plan,
    *,
    languages: tuple[str, ...] = ("en", "sw"),
    served: Channel | None = None,
    seed: str = "1",
) -> Preview:
    texts = {language: segment(WORDS[language]) for language in languages}
    return preview(database, ordered, texts, served or channel(), now_ms=NOW, sample_seed=seed)


def test_people_segments_and_prices_are_told_by_language_country_and_network(
    database: Database, vault: Vault
) -> None:
    with database.write() as connection:
        people = People(connection, vault)
        people.add(3, language="sw", network="63902")
        people.add(2, language="sw", network="63903")
        people.add(4, network="63902")
        people.add(5, language="am", country="UG", network="64110")
        people.add(1, language="fr")
        people.add(2, agreed=None)
        people.add(1, stopped=True)
    languages = ("en", "sw", "am")

    found = looked(database, plan(budget_micros=20_300_000), languages=languages)

    amharic = segment(WORDS["am"]).segments
    assert amharic == 2
    assert found.groups == (
        Group("am", "UG", "64110", 5, 10, 9_000_000),
        Group("en", "KE", "63902", 4, 4, 3_200_000),
        Group("sw", "KE", "63902", 3, 3, 2_400_000),
        Group("sw", "KE", "63903", 2, 2, 1_400_000),
    )
    assert (found.audience, found.reached, found.segments) == (18, 14, 19)
    assert (found.cost_micros, found.currency) == (16_000_000, "KES")
    assert found.excluded == {
        "opted_out": 1,
        "no_consent": 2,
        "no_language": 1,
        "hold_out": 0,
        "frequency_cap": 0,
    }
    assert found.budget_suffices
    assert not looked(database, plan(budget_micros=15_999_999), languages=languages).budget_suffices


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"hold_out": 0.3},
        {"audience": Audience(sample=40)},
        {"audience": Audience(sample=10_000)},
        {"hold_out": 0.5, "audience": Audience(sample=60, language=("en",))},
    ],
    ids=["all", "hold-out", "sample", "larger sample", "both"],
)
def test_the_launch_writes_down_what_the_preview_said(
    database: Database, vault: Vault, changes: dict[str, object]
) -> None:
    with database.write() as connection:
        many(connection, vault, 120)
        people = People(connection, vault, count=500)
        people.add(10, language="sw")
        people.add(8, language="fr")
        people.add(9, agreed=None, language="fr")
        people.add(7, stopped=True)

    run_id = launched(database, vault, plan(**changes))

    with database.read() as connection:
        campaign_id = runs.find(connection, run_id).campaign_id
        counted = dict(tally(connection, run_id))
        cost, segments = connection.execute(
            select(func.sum(messages.c.price_micros), func.sum(messages.c.segments)).where(
                messages.c.campaign_run_id == run_id, messages.c.state == "queued"
            )
        ).one()
    found = looked(database, plan(**changes), seed=seed_of(campaign_id))
    assert counted.pop("queued") == found.reached
    assert counted == {reason: count for reason, count in found.excluded.items() if count}
    assert (cost, segments) == (found.cost_micros, found.segments)
    assert found == looked(database, plan(**changes), seed=seed_of(campaign_id))


def test_who_was_written_to_often_lately_is_counted_as_capped(
    database: Database, vault: Vault
) -> None:
    with database.write() as connection:
        ids = many(connection, vault, 6)
    for _ in range(2):
        launched(database, vault, plan())
    with database.write() as connection:
        connection.execute(  # two each, but for: one came too long ago, one never left, one stopped
            update(messages).values(state="delivered", claimed_at=NOW - DAY)
        )
        first = select(func.min(messages.c.id)).group_by(messages.c.contact_id)
        for contact_id, changes in (
            (ids[0], {"claimed_at": NOW - 7 * DAY}),
            (ids[1], {"state": "cancelled"}),
        ):
            connection.execute(
                update(messages)
                .where(messages.c.contact_id == contact_id, messages.c.id.in_(first))
                .values(**changes)
            )

    found = looked(database, plan())

    assert (found.reached, found.excluded["frequency_cap"]) == (2, 4)
