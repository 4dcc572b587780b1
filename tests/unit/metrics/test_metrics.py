"""Counts are shared by the processes of a machine and leave few files behind."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from smsbot import metrics

if TYPE_CHECKING:
    from pathlib import Path


def _run(folder: Path, role: str, program: str) -> str:
    environ = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder), "SMSBOT_ROLE": role}
    return subprocess.run(
        [sys.executable, "-c", program], env=environ, check=True, capture_output=True, text=True
    ).stdout


def test_without_a_shared_folder_this_process_answers_for_itself() -> None:
    metrics.turn("at-ke", "ussd", "menu", 0.002)
    metrics.level("journal", 7)

    text = metrics.render().decode()

    assert 'smsbot_turns_total{channel="at-ke",how="menu",kind="ussd"} 1.0' in text
    assert 'smsbot_turn_seconds_bucket{channel="at-ke",kind="ussd",le="0.0025"} 1.0' in text
    assert 'smsbot_level{what="journal"} 7.0' in text


def test_any_process_answers_for_all(tmp_path: Path) -> None:
    count = "from smsbot import metrics; metrics.sent('at-ke', 'accepted', .1, 3)"
    _run(tmp_path, "worker", count)
    _run(tmp_path, "web", count)

    text = _run(tmp_path, "web", "from smsbot import metrics; print(metrics.render().decode())")

    assert 'smsbot_segments_total{channel="at-ke"} 6.0' in text


def test_the_jobs_of_a_worker_add_up_in_one_file(tmp_path: Path) -> None:
    program = """
import os
from smsbot import metrics
metrics.job("warm", "done", .1)
for _ in range(5):
    if os.fork() == 0:
        metrics.job("send", "done", .1)
        metrics.drained(2)
        os._exit(0)
    os.wait()
print(metrics.render().decode())
"""
    text = _run(tmp_path, "worker", program)

    assert 'smsbot_job_seconds_count{job="send",outcome="done"} 5.0' in text
    assert "smsbot_journal_drained_total 10.0" in text
    assert len(list(tmp_path.glob("*-job.db"))) == 2


def test_the_folder_is_emptied_of_an_earlier_run(tmp_path: Path) -> None:
    _run(tmp_path, "web", "from smsbot import metrics; metrics.drained(2)")

    metrics.empty(tmp_path)

    assert not list(tmp_path.iterdir())
