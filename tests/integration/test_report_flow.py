"""The shipped report flow on the whole service: what a report holds when the session drops."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from smsbot.content.loader import load_content
from smsbot.storage.tables import reports
from tests.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

    from smsbot.engine.model import Content
    from smsbot.storage.database import Database
    from smsbot.vault import Vault

ROOT = Path(__file__).parents[2]
BY_MISTAKE, LOST_MONEY, GAVE_PIN = "2", "2", "3"


@pytest.fixture(scope="module")
def shipped() -> Content:
    loaded = load_content(ROOT / "flows", ROOT / "messages", production=False)
    assert loaded.content is not None, loaded.faults
    return loaded.content


@pytest.fixture
def service(
    database: Database, redis_client: redis.Redis, redis_url: str, vault: Vault, shipped: Content
) -> Iterator[Service]:
    made = Service(database, redis_url, vault, shipped)
    yield made
    made.close()


def kept(service: Service) -> list[tuple[str, str, dict[str, str]]]:
    """Give reference, type and facts of each report."""
    with service.database.read() as connection:
        rows = connection.execute(select(reports).order_by(reports.c.id)).all()
    return [(row.reference, row.kind, json.loads(row.facts)) for row in rows]


def test_a_session_that_drops_after_the_first_answer_leaves_a_report(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    page = phone.press("3", BY_MISTAKE)
    [(reference, kind, facts)] = kept(service)
    assert reference in page
    assert (kind, facts) == ("T01", {})


def test_what_is_answered_later_is_added_to_the_same_report(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    phone.press("3", BY_MISTAKE)
    [(reference, _, _)] = kept(service)
    assert "hold the money" in phone.press(LOST_MONEY)
    assert kept(service) == [(reference, "T01", {"loss": "money"})]
    assert reference in phone.press("3500")
    assert phone.post() == phone.post()
    assert kept(service) == [(reference, "T01", {"loss": "money", "lost_amount": "1000-4999"})]
    assert "received" in phone.text(f"STATUS {reference}")[0]


def test_a_shared_pin_gets_the_way_out_before_the_thanks(service: Service) -> None:
    phone = service.phone()
    phone.dial()
    page = phone.press("3", "1", GAVE_PIN)
    [(reference, kind, facts)] = kept(service)
    assert page.index("Change your PIN") < page.index(reference)
    assert (kind, facts) == ("T03", {"loss": "secret"})


def test_a_report_of_somebody_else_is_not_added_to(service: Service) -> None:
    first, second = service.phone(), service.phone("+254733000000")
    for phone in (first, second):
        phone.dial()
        phone.press("3", BY_MISTAKE)
    second.press(LOST_MONEY)
    assert [facts for _, _, facts in kept(service)] == [{}, {"loss": "money"}]


def test_a_second_call_makes_a_report_of_its_own(service: Service) -> None:
    phone = service.phone()
    for _ in range(2):
        phone.dial()
        phone.press("3", BY_MISTAKE, "1")
    assert len({reference for reference, _, _ in kept(service)}) == 2
