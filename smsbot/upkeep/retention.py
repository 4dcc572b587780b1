"""The daily purge: nothing of a person is kept longer than its class allows (R16).

It may stop anywhere and be run again: what is done stays done, what is left is found again. The report
(counts by class, no names) stands in `chores`, name `retention`, and says where the next run begins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from smsbot.errors import ConfigError
from smsbot.log import get_logger
from smsbot.storage import alerts, chores, erasure, purge
from smsbot.storage.alerts import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smsbot.storage.database import Database

_log = get_logger()
NAME = "retention"
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_EVERY_MS = 20 * _HOUR_MS
"""Run when the last start is this old: once a day, at about the same hour."""
_PATIENCE_MS = 6 * _HOUR_MS
_LATE_MS = 3 * _DAY_MS
"""How far before the last run's limit rows are looked at again: the journal may bring some late."""
_CLASS = re.compile(r"\s*([a-z]+)\s*=\s*(\d{1,4})([hd])\s*")
_UNITS = {"h": _HOUR_MS, "d": _DAY_MS}


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each class is kept, in ms. SMSBOT_RETENTION changes some: `bodies=180d,sessions=48h`.

    Nigeria's short-code guideline wants the provider to keep bodies for six months: hence a setting.
    Consents are kept while they hold and `consents` longer; the audit log is kept for ever. `turns` is
    what people answered, by keyed hash: what reports of campaigns are made of.
    """

    sessions: int = 24 * _HOUR_MS
    bodies: int = 30 * _DAY_MS
    raw: int = 30 * _DAY_MS
    reports: int = 730 * _DAY_MS
    receipts: int = 30 * _DAY_MS
    contents: int = 14 * _DAY_MS
    consents: int = 3 * 365 * _DAY_MS
    numbers: int = 24 * _HOUR_MS
    turns: int = 730 * _DAY_MS

    @classmethod
    def parse(cls, raw: str) -> Retention:
        """Read SMSBOT_RETENTION; an empty text gives the defaults. Raises ConfigError."""
        kept = cls()
        for part in filter(None, raw.split(",")):
            match = _CLASS.fullmatch(part)
            known = {field.name for field in fields(cls)}
            if match is None or match[1] not in known or int(match[2]) == 0:
                raise ConfigError(
                    f"SMSBOT_RETENTION: {part.strip()!r} is not a class ({', '.join(sorted(known))}), "
                    "`=`, and a number of hours or days, as in bodies=180d"
                )
            kept = replace(kept, **{match[1]: int(match[2]) * _UNITS[match[3]]})
        return kept


@dataclass(frozen=True, slots=True)
class Purged:
    """What a run did, or would do: rows by class."""

    counts: Mapping[str, int]
    dry_run: bool

    @property
    def rows(self) -> int:
        """Give the sum."""
        return sum(self.counts.values())


def purge_all(
    database: Database,
    now_ms: int,
    kept: Retention,
    *,
    dry_run: bool = False,
    progress: Callable[[str, int], None] | None = None,
) -> Purged:
    """Purge every class now, in short transactions; `progress` is told class and rows so far."""
    tell = progress or _silent
    with database.read() as connection:
        before_us = chores.last(connection, NAME)
    done_until: Mapping[str, Any] = before_us.report.get("until", {}) if before_us else {}
    counts: dict[str, int] = {}
    until: dict[str, int] = {}
    for rule, keep_ms in _rules(kept):
        limit = now_ms - keep_ms
        since = max(0, min(int(done_until.get(rule.name, 0)), limit) - _LATE_MS)
        counts[rule.name] = _purge_rule(database, rule, since, limit, dry_run=dry_run, tell=tell)
        until[rule.name] = limit
    counts |= _purge_others(database, now_ms, kept, dry_run=dry_run, tell=tell)
    if not dry_run:
        with database.write() as connection:
            chores.end(connection, NAME, now_ms, {"counts": counts, "until": until})
    return Purged(counts, dry_run)


def run_daily(database: Database, now_ms: int, kept: Retention) -> Purged | None:
    """Purge if the day's run is due and nobody else has it; None otherwise.

    Ask as often as you like. A failure raises an alert, which ends with the next good run.
    """
    with database.write() as connection:
        if not chores.begin(connection, NAME, now_ms, every_ms=_EVERY_MS, patience_ms=_PATIENCE_MS):
            return None
    try:
        purged = purge_all(database, now_ms, kept)
    except Exception as fault:
        words = f"The daily purge stopped ({type(fault).__name__}): run `smsbot privacy purge`."
        with database.write() as connection:
            alerts.raise_alert(connection, Kind.RETENTION_FAILED, NAME, words, now_ms)
        raise
    with database.write() as connection:
        alerts.end_alert(connection, Kind.RETENTION_FAILED, NAME, now_ms)
    _log.info("retention", rows=purged.rows, **purged.counts)
    return purged


def forget_erased(database: Database, now_ms: int, kept: Retention) -> int:
    """Take away the numbers of the erased whose last text has left; give how many. Ask each minute."""
    with database.write() as connection:
        return erasure.forget_numbers(connection, now_ms, patience_ms=kept.numbers)


def _rules(kept: Retention) -> tuple[tuple[purge.Rule, int], ...]:
    return (
        (purge.OPENINGS, kept.sessions),
        (purge.PLACES, kept.sessions),
        (purge.TEXTS_IN, kept.bodies),
        (purge.TEXTS_OUT, kept.bodies),
        (purge.RAW_REPORTS, kept.raw),
        (purge.REPORTS, kept.reports),
        (purge.RECEIPTS, kept.receipts),
        (purge.TURNS, kept.turns),
        (purge.USSD_SESSIONS, kept.turns),
        (purge.CODES, 0),
    )


def _purge_rule(
    database: Database,
    rule: purge.Rule,
    since: int,
    limit: int,
    *,
    dry_run: bool,
    tell: Callable[[str, int], None],
) -> int:
    if dry_run:
        with database.read() as connection:
            return purge.count(connection, rule, since, limit)
    rows = 0
    following: int | None = since
    while following is not None:
        with database.write() as connection:
            step = purge.step(connection, rule, following, limit)
        rows += step.rows
        following = step.since
        tell(rule.name, rows)
    return rows


def _purge_others(
    database: Database,
    now_ms: int,
    kept: Retention,
    *,
    dry_run: bool,
    tell: Callable[[str, int], None],
) -> dict[str, int]:
    consents_before = now_ms - kept.consents
    contents_before = now_ms - kept.contents
    if dry_run:
        with database.read() as connection:
            return {
                "consents": purge.count_consents(connection, consents_before),
                "contents": purge.count_contents(connection, contents_before),
                "numbers": erasure.count_numbers(connection, now_ms, patience_ms=kept.numbers),
            }
    rows = 0
    while True:
        with database.write() as connection:
            step = purge.step_consents(connection, consents_before)
        if step == 0:
            break
        rows += step
        tell("consents", rows)
    with database.write() as connection:
        contents = purge.drop_contents(connection, contents_before)
    numbers = forget_erased(database, now_ms, kept)
    return {"consents": rows, "contents": contents, "numbers": numbers}


def _silent(_name: str, _rows: int) -> None:
    pass
