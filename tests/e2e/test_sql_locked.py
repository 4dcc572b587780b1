"""A stuck program holds the database for ten seconds."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.e2e.callers import APOLOGY, LESSON, PATIENCE_S, REPORT, dialler, texter, walk
from tests.e2e.running import until

if TYPE_CHECKING:
    import requests

    from tests.e2e.callers import Texter
    from tests.e2e.conftest import House

LOCKED_S = 10.0


def test_while_sql_is_locked_texts_are_refused_in_time_and_lessons_go_on(house: House) -> None:
    up = house.up
    writer, id_ = texter(up), "posted-again-and-again"
    with dialler(up) as control, dialler(up) as learner, dialler(up) as reporter:
        lesson = [page.text for page in walk(control, LESSON)]
        walk(learner, LESSON[:1])
        report = walk(reporter, REPORT[:2])
        with up.sql_locked():
            until_s = time.monotonic() + LOCKED_S
            with ThreadPoolExecutor(4) as texts:
                posts = [texts.submit(_timed, writer, "HELP", id_) for _ in range(3)]
                # What needs no commit goes on; what needs one is never said to be done.
                for place, key in enumerate(LESSON[1:4], 2):
                    page = learner.answer(key)
                    assert (page.text, page.ends) == (lesson[place], False)
                    assert page.took_s < PATIENCE_S
                page = reporter.answer(REPORT[2])
                assert (page.text, page.ends) == (APOLOGY, True)
                assert page.took_s < PATIENCE_S
                for post in posts:
                    took_s, answer = post.result()
                    assert answer.status_code == 503
                    assert answer.json()["code"]
                    assert took_s < 5
            with dialler(up) as stranger:
                page = stranger.dial()
                assert (page.text, page.took_s < PATIENCE_S) == (lesson[0], True)
            assert up.status("/healthz") == 200
            time.sleep(max(0.0, until_s - time.monotonic()))
        assert [learner.answer(key).text for key in LESSON[4:]] == lesson[5:]
        assert "1 Continue" in reporter.dial().text
        assert reporter.answer("1").text == report[-1].text
        assert reporter.answer(REPORT[2]).ends
        mine = "SELECT count(*) FROM reports WHERE ref = :ref"
        assert up.value(mine, ref=up.ref(reporter.number)) == 1
    for _ in range(2):
        assert writer.post("HELP", id_).status_code == 200
    assert len(writer.receives(1)) == 1
    until(up.drained, 30)


def _timed(writer: Texter, words: str, id_: str) -> tuple[float, requests.Response]:
    began = time.monotonic()
    answer = writer.post(words, id_)
    return time.monotonic() - began, answer
