"""What the service counts, for Prometheus. Labels are channels, states and words, never a person.

The children are bound once per label set, because looking one up costs more than counting. Processes
of one machine share a folder of memory-mapped files (PROMETHEUS_MULTIPROC_DIR, which `smsbot up` makes
and empties at its start), so any web process can answer for all.
"""

from __future__ import annotations

import os
from collections import Counter as Tally
from functools import cache
from pathlib import Path
from typing import Final

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, values
from prometheus_client.multiprocess import MultiProcessCollector

from smsbot.later import Later

FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
ROLE_VARIABLE: Final = "SMSBOT_ROLE"
CONTENT_TYPE: Final = prometheus_client.CONTENT_TYPE_PLAIN_0_0_4

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_file_name = f"process-{os.getpid()}"


def _rename_after_fork() -> None:
    """Name the files of a forked process.

    RQ forks a process per job, and files of its own for each would fill the folder. A worker has one
    job process at a time, so these share the files of the worker's role, which is set for workers only.
    """
    global _file_name  # noqa: PLW0603 - the name belongs to the process
    role = os.environ.get(ROLE_VARIABLE)
    _file_name = f"{role}-job" if role else f"process-{os.getpid()}"


os.register_at_fork(after_in_child=_rename_after_fork)

if os.environ.get(FOLDER_VARIABLE):
    Path(os.environ[FOLDER_VARIABLE]).mkdir(parents=True, exist_ok=True)
    values.ValueClass = values.MultiProcessValue(lambda: _file_name)  # type: ignore[no-untyped-call]

_registry = CollectorRegistry()


def _counter(name: str, words: str, *labels: str) -> Counter:
    return Counter(name, words, labels, namespace="smsbot", registry=_registry)


def _histogram(name: str, words: str, *labels: str) -> Histogram:
    return Histogram(name, words, labels, namespace="smsbot", registry=_registry, buckets=_SECONDS)


def _gauge(name: str, words: str, *labels: str) -> Gauge:
    return Gauge(
        name, words, labels, namespace="smsbot", registry=_registry, multiprocess_mode="mostrecent"
    )


_webhooks = _counter(
    "webhooks",
    "Webhook posts answered, but for USSD turns (smsbot_turns)",
    "channel",
    "route",
    "status",
)
_ignored = _counter("ignored", "Well-formed posts that we can't act on", "channel", "why")
_turns = _counter("turns", "Turns of a conversation", "channel", "kind", "how")
_turn_seconds = _histogram("turn_seconds", "Time of a turn", "channel", "kind")
_messages = _counter("messages", "Outbound messages that reached a state", "channel", "state")
_segments = _counter("segments", "SMS segments handed to a gateway", "channel")
_sends = _histogram("send_seconds", "Time of a request to a gateway", "channel", "outcome")
_receipts = _counter("receipts", "Delivery reports", "channel", "state")
_campaign_people = _counter(
    "campaign_people", "People of campaigns' ended runs, by the state they had then", "state"
)
_campaign_pauses = _counter(
    "campaign_pauses", "Pauses of campaigns, by a person or by a rule", "reason"
)
_drained = _counter("journal_drained", "Journal entries brought to SQL")
_jobs = _histogram("job_seconds", "Time of a job", "job", "outcome")
_faults = _counter("faults", "Parts that were away or broken", "code")
_level = _gauge("level", "A level that is watched: journal, queued, sending, pending", "what")


# `cache` is the binding: the labels are few (channels, states), and a hit costs 0.1 microseconds.
@cache
def _child(parent: Counter | Histogram | Gauge, *labels: str) -> Counter | Histogram | Gauge:
    return parent.labels(*labels)


def _inc(parent: Counter, *labels: str, by: int = 1) -> None:
    child = _child(parent, *labels) if labels else parent
    assert isinstance(child, Counter)
    child.inc(by)


def _observe(parent: Histogram, seconds: float, *labels: str) -> None:
    child = _child(parent, *labels)
    assert isinstance(child, Histogram)
    child.observe(seconds)


def webhook(channel: str, route: str, status: int) -> None:
    """Count an answered post; `channel` must be one of ours, or "" for an unknown one."""
    _inc(_webhooks, channel, route, str(status))


def ignored(channel: str, why: str) -> None:
    """Count a post that was answered 200 and not acted on; `why` is one of our words."""
    _inc(_ignored, channel, why)


def turn(channel: str, kind: str, how: str, seconds: float) -> None:
    """Count a turn and its time, a moment later; `how` is one of our words (ok, redis_away, ...)."""
    _taken.add((channel, kind, how, seconds))


def _count_turns(taken: list[tuple[str, str, str, float]]) -> None:
    for labels, count in Tally((channel, kind, how) for channel, kind, how, _ in taken).items():
        _inc(_turns, *labels, by=count)
    for channel, kind, _, seconds in taken:
        _observe(_turn_seconds, seconds, channel, kind)


_taken = Later("metrics", _count_turns)


def messages(channel: str, state: str, count: int = 1) -> None:
    """Count outbound messages that came to `state`."""
    _inc(_messages, channel, state, by=count)


def sent(channel: str, outcome: str, seconds: float, segments: int) -> None:
    """Count a request to a gateway: its time, and the segments that it carried."""
    _observe(_sends, seconds, channel, outcome)
    _inc(_segments, channel, by=segments)


def receipt(channel: str, state: str) -> None:
    """Count a delivery report; `state` is ours, or "unknown_word"."""
    _inc(_receipts, channel, state)


def campaign_people(state: str, count: int) -> None:
    """Count the people of a run that has ended."""
    _inc(_campaign_people, state, by=count)


def campaign_paused(reason: str) -> None:
    """Count a pause; `reason` is one of our stable words."""
    _inc(_campaign_pauses, reason)


def drained(count: int) -> None:
    """Count journal entries that reached SQL."""
    _inc(_drained, by=count)


def job(name: str, outcome: str, seconds: float) -> None:
    """Count a job that ended `done` or `failed`."""
    _observe(_jobs, seconds, name, outcome)


def fault(code: str) -> None:
    """Count an error of ours by its stable code (redis_away, database_away, ...)."""
    _inc(_faults, code)


def level(what: str, value: float) -> None:
    """Set a watched level; the newest value of any process counts."""
    child = _child(_level, what)
    assert isinstance(child, Gauge)
    child.set(value)


def render() -> bytes:
    """Give all counts of this machine's processes in Prometheus' text format.

    Turns of other processes are up to a tenth of a second behind.
    """
    _taken.flush()
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        return prometheus_client.generate_latest(_registry)
    shared = CollectorRegistry()
    MultiProcessCollector(shared, path=folder)  # type: ignore[no-untyped-call]
    return prometheus_client.generate_latest(shared)


def empty(folder: Path) -> None:
    """Make the folder, without the files of an earlier run. Call before any process counts."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.db"):
        old.unlink(missing_ok=True)
