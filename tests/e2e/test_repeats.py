"""The same webhook three times at once, late, backwards, from somebody else: one effect, one answer."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import requests

from tests.e2e.callers import LESSON, REPORT, dialler, new_number, texter, walk
from tests.e2e.running import until

if TYPE_CHECKING:
    from tests.e2e.conftest import House

TIMES = 3


def _at_once(url: str, form: dict[str, str]) -> list[tuple[int, str]]:
    """Post the same form several times at once; give status and body of each."""

    def post(_: int) -> tuple[int, str]:
        answer = requests.post(url, data=form, timeout=30)
        return answer.status_code, answer.text

    with ThreadPoolExecutor(TIMES) as posts:
        return list(posts.map(post, range(TIMES)))


@pytest.mark.parametrize("rounds", [3, pytest.param(100, marks=pytest.mark.drill)])
def test_a_turn_with_a_report_posted_three_times_at_once_is_one_report(
    house: House, rounds: int
) -> None:
    up = house.up
    for _ in range(rounds):
        with dialler(up) as phone:
            phone.dial()
            for key in REPORT:
                page = phone.overlap(key, TIMES)
            assert page.ends
            kept = up.rows("SELECT reference FROM reports WHERE ref = :r", r=up.ref(phone.number))
            assert len(kept) == 1
            assert kept[0][0] in page.text


@pytest.mark.parametrize("rounds", [2, pytest.param(40, marks=pytest.mark.drill)])
def test_a_text_posted_three_times_at_once_is_answered_once(house: House, rounds: int) -> None:
    for _ in range(rounds):
        writer, id_ = texter(house.up), str(uuid.uuid4())
        with ThreadPoolExecutor(TIMES) as posts:
            answers = list(posts.map(lambda _: writer.post("JOIN", id_), range(TIMES)))  # noqa: B023
        assert {(one.status_code, one.text) for one in answers} == {(200, "")}
        assert len(writer.receives(1)) == 1
        granted = (
            "SELECT count(*) FROM consents JOIN contacts ON contacts.id = contact_id WHERE ref = :r"
        )
        assert house.up.value(granted, r=house.up.ref(writer.number)) == 1
        assert house.times_reached(writer.number) == 1


def test_a_receipt_posted_three_times_at_once_moves_one_message(house: House) -> None:
    writer = texter(house.up)
    assert "STOP" in writer.ask("HELP")
    ref = house.up.ref(writer.number)
    id_ = house.up.value("SELECT gateway_id FROM messages WHERE ref = :r", r=ref)
    delivered = {
        "id": id_,
        "status": "Success",
        "phoneNumber": writer.number,
        "networkCode": "63902",
    }
    url = house.up.url("at-ke", "delivery")
    assert _at_once(url, delivered) == [(200, "")] * TIMES
    assert writer.states() == ["delivered"]
    late = delivered | {"status": "Sent"}
    failed = delivered | {"status": "Failed", "failureReason": "DeliveryFailure"}
    for form in (late, failed):  # backwards, and a second final word
        assert _at_once(url, form) == [(200, "")] * TIMES
    assert writer.states() == ["delivered"]


def test_an_opt_out_posted_three_times_at_once_is_one_and_nothing_follows(house: House) -> None:
    up, writer = house.up, texter(house.up)
    writer.ask("JOIN")
    form = {"senderId": "22384", "phoneNumber": writer.number}
    assert _at_once(up.url("at-ke", "optout"), form) == [(200, "")] * TIMES
    ref = up.ref(writer.number)
    held = up.rows("SELECT reason, lifted_at FROM suppressions WHERE ref = :r", r=ref)
    assert [tuple(row) for row in held] == [("gateway", None)]
    noes = (
        "SELECT count(*) FROM consents JOIN contacts ON contacts.id = contact_id "
        "WHERE ref = :r AND NOT granted"
    )
    assert up.value(noes, r=ref) == 1
    assert writer.send("STOP") == 200  # left already: there is nothing to confirm
    assert len(writer.receives(1)) == 1


def test_an_end_event_posted_three_times_at_once_enriches_one_session(house: House) -> None:
    up = house.up
    with dialler(up) as phone:
        walk(phone, LESSON[:2])
        until(up.drained, 30)
        url = up.url("at-ke", "ussd-end")
        with ThreadPoolExecutor(TIMES) as posts:
            ended = list(posts.map(lambda _: phone.end(url), range(TIMES)))
        assert ended == [200] * TIMES
        found = up.rows(
            "SELECT turns, gateway_status, duration_ms FROM ussd_sessions WHERE ref = :r",
            r=up.ref(phone.number),
        )
        assert [tuple(row) for row in found] == [(3, "Incomplete", 12000)]


def test_transcripts_out_of_order_are_answered_and_the_citizen_stays_further_on(
    house: House,
) -> None:
    with dialler(house.up) as phone:
        pages = [page.text for page in walk(phone, LESSON[:4])]
        whole = phone.transcript
        for length in (3, 1, 2):
            assert phone.go_back_to("*".join(LESSON[:length])).text == pages[length]
        assert phone.go_back_to(whole).text == pages[-1]
        assert phone.answer(LESSON[4]).text
        # Beginning again under the same session id (some networks do) shows the first page again.
        assert phone.reset().text == pages[0]


def test_another_caller_with_the_same_session_is_refused(house: House) -> None:
    up = house.up
    with dialler(up) as phone:
        walk(phone, LESSON[:2])
        form = {
            "sessionId": phone.session_id,
            "serviceCode": "*384*123#",
            "phoneNumber": new_number(),
            "networkCode": "63902",
        }
        for transcript in ("", "1*2*2"):
            answer = requests.post(
                up.url("at-ke", "ussd"), data=form | {"text": transcript}, timeout=10
            )
            assert answer.status_code == 409
            assert set(answer.json()) == {"code", "message"}
        assert phone.answer(LESSON[2]).text
