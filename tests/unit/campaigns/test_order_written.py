"""A plan that is written back as a file is the same plan when it is read."""

from __future__ import annotations

import pytest

from smsbot.campaigns.order import read_order
from smsbot.campaigns.order_written import write_order
from tests.unit.campaigns.test_order import FULL, KNOWN, SMALL


@pytest.mark.parametrize(
    "text",
    [
        SMALL,
        FULL,
        SMALL + "start: {at: 2026-12-01T09:00, timezone: contact}\nexpiry: 90m\n",
        SMALL
        + "canary: {share: 0.05, watch: 45s}\nhold_out: 0.25\nbudget: {amount: 0.5, currency: KES}",
        SMALL + "audience: {region: ['0712', 'no', '12:30', 'null', 'true']}",
        SMALL.replace("Check your balance first.", '"Hi: #1 - \\"yes\\"\\n2 no €"'),
    ],
)
def test_what_is_written_is_read_as_the_same_plan(text: str) -> None:
    plan = read_order(text.encode(), "c.yaml", KNOWN)

    assert read_order(write_order(plan).encode(), "again.yaml", KNOWN) == plan


def test_the_texts_may_be_left_out_for_a_page_that_shows_them_otherwise() -> None:
    plan = read_order(SMALL.encode(), "c.yaml", KNOWN)

    assert write_order(plan, texts=False) == (
        "title: Wrong sends in March\npurpose: lessons\nchannel: sim\nstart: now\nexpiry: 6h\n"
    )
