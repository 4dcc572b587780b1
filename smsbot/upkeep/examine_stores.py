"""Are SQL and Redis sound: there, migrated, keeping what they are told, and drained?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import RedisError
from sqlalchemy import func, select, text

from smsbot.errors import ConfigError, DatabaseAway, RedisAway
from smsbot.sessions.client import answering
from smsbot.storage import alerts, channel_states, migrate
from smsbot.storage.tables import channel_states as states
from smsbot.storage.tables import inbound, messages
from smsbot.upkeep.findings import Finding, fail, ok, warn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import redis
    from sqlalchemy import ColumnElement, Connection

    from smsbot.storage.database import Database

_MINUTE_MS: Final = 60_000
WAITING_TOO_LONG_MS: Final = 10 * _MINUTE_MS
SENDING_TOO_LONG_MS: Final = 5 * _MINUTE_MS
PENDING_TOO_LONG_MS: Final = 2 * _MINUTE_MS
UNKNOWN_LOOKED_BACK_MS: Final = 24 * 60 * _MINUTE_MS
JOURNAL_TOO_LONG: Final = 10_000
SKEW_WARN_MS: Final = 2_000
SKEW_FAIL_MS: Final = 30_000


def examine_sql(database: Database, now_ms: int, channels: Iterable[str]) -> Iterator[Finding]:
    """Look at the schema, the clock, the queues in SQL, paused channels and open alerts.

    `now_ms` is this machine's own time, without SMSBOT_CLOCK_OFFSET.
    """
    try:
        revision = migrate.revision(database)
        if revision != migrate.HEAD:
            yield fail(
                "database",
                f"it is at revision {revision or 'none'}, not {migrate.HEAD}",
                "run: smsbot db upgrade",
            )
            return
        yield ok("database", f"reachable, migrations are current ({revision})")
        with database.read() as connection:
            yield from _clock(connection, now_ms)
            yield from _queues(connection, now_ms)
            yield from _channels(connection, channels)
            yield from _alerts(connection)
    except DatabaseAway as fault:
        yield fail("database", str(fault), "start it, or correct SMSBOT_DATABASE_URL")


def _clock(connection: Connection, now_ms: int) -> Iterator[Finding]:
    if connection.dialect.name != "postgresql":
        return  # SQLite has no clock but ours
    seconds = connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())"))
    yield _skew("clock", "the database", now_ms, int(float(seconds or 0) * 1000))


def _skew(check: str, whose: str, ours_ms: int, theirs_ms: int) -> Finding:
    away_s = abs(ours_ms - theirs_ms) / 1000
    remedy = "set the clocks by NTP (timedatectl set-ntp true)"
    if away_s * 1000 > SKEW_FAIL_MS:
        return fail(check, f"this machine and {whose} are {away_s:.0f} s apart", remedy)
    if away_s * 1000 > SKEW_WARN_MS:
        return warn(check, f"this machine and {whose} are {away_s:.1f} s apart", remedy)
    return ok(check, f"this machine and {whose} agree")


def _queues(connection: Connection, now_ms: int) -> Iterator[Finding]:
    paused = list(
        connection.scalars(select(states.c.channel).where(states.c.paused_at.is_not(None)))
    )

    def count(*conditions: ColumnElement[bool]) -> int:
        return connection.scalar(select(func.count()).where(*conditions)) or 0

    waiting = count(
        messages.c.state == "queued",
        messages.c.due_at < now_ms - WAITING_TOO_LONG_MS,
        messages.c.channel.not_in(paused),
    )
    sending = count(
        messages.c.state == "sending", messages.c.claimed_at < now_ms - SENDING_TOO_LONG_MS
    )
    pending = count(
        inbound.c.state == "pending", inbound.c.received_at < now_ms - PENDING_TOO_LONG_MS
    )
    remedy = "see that a worker and a ticker run, and read their log lines"
    for check, number, words in (
        ("outbox", waiting, "messages wait for over 10 minutes to be sent"),
        ("sending", sending, "messages are in a gateway's hands for over 5 minutes"),
        ("inbox", pending, "texts from people wait for over 2 minutes for an answer"),
    ):
        if number:
            yield warn(check, f"{number} {words}", remedy)
        else:
            yield ok(check, "drained")
    unknown = count(
        messages.c.state == "unknown", messages.c.created_at >= now_ms - UNKNOWN_LOOKED_BACK_MS
    )
    if unknown:
        yield warn(
            "unknown",
            f"of {unknown} messages of the last day nobody can say whether they were sent",
            "compare with the gateway's own list; they are not sent again, a late receipt settles them",
        )


def _channels(connection: Connection, channels: Iterable[str]) -> Iterator[Finding]:
    for channel in channels:
        state = channel_states.find(connection, channel)
        if state.paused_at is not None:
            yield fail(
                f"channel {channel}",
                f"paused: {state.paused_because}",
                "mend the account at the gateway; the service tries again every few minutes",
            )


def _alerts(connection: Connection) -> Iterator[Finding]:
    ongoing = alerts.ongoing(connection)
    for alert in ongoing:
        yield warn("alert", f"{alert.kind} {alert.subject}: {alert.words}", "mend its cause")
    if not ongoing:
        yield ok("alerts", "none is open")


def examine_redis(client: redis.Redis, now_ms: int, *, is_dev: bool) -> Iterator[Finding]:
    """Look at persistence, eviction, the clock and memory. A managed Redis may not tell all."""
    try:
        with answering():
            info: dict[str, Any] = client.info()
            seconds, micros = client.time()
            policy = str(info.get("maxmemory_policy", ""))
    except RedisAway as fault:
        yield fail("redis", str(fault), "start: smsbot up; or correct SMSBOT_REDIS_URL")
        return
    version = info.get("valkey_version") or info.get("redis_version")
    yield ok("redis", f"reachable, version {version}")
    yield _persistence(persists(client), is_dev=is_dev)
    if policy and policy != "noeviction":
        yield warn(
            "redis memory",
            f"maxmemory-policy is {policy}: sessions and jobs vanish when it is full",
            "set maxmemory-policy noeviction, or give it more memory",
        )
    else:
        yield ok("redis memory", "nothing is evicted")
    yield _skew("redis clock", "Redis", now_ms, int(seconds) * 1000 + int(micros) // 1000)


def _persistence(kept: bool | None, *, is_dev: bool) -> Finding:
    remedy = (
        "set appendonly yes; without it a restart loses sessions and two seconds of the journal"
    )
    if kept is None:
        return warn(
            "redis persistence", "this Redis does not tell whether it keeps anything", remedy
        )
    if kept:
        return ok("redis persistence", "it keeps an append-only file or snapshots")
    if is_dev:
        return warn("redis persistence", "it keeps nothing", remedy)
    return fail("redis persistence", "it keeps nothing", remedy)


def persists(client: redis.Redis) -> bool | None:
    """Say whether Redis writes to disk; None when it does not tell. Raises RedisAway."""
    with answering():
        info: dict[str, Any] = client.info("persistence")
        if info.get("aof_enabled"):
            return True
        try:
            saves = client.config_get("save").get("save")
        except RedisError:  # managed services refuse CONFIG
            return None
        return bool(saves)


def refuse_forgetful(client: redis.Redis) -> None:
    """Raise ConfigError for a Redis that is known to keep nothing; production starts on no such."""
    if persists(client) is False:
        raise ConfigError(
            "this Redis keeps nothing on disk: set `appendonly yes` (production needs it)"
        )


def examine_journal(length: int) -> Finding:
    """Judge the number of turns that wait in Redis to be brought to SQL."""
    if length > JOURNAL_TOO_LONG:
        return warn(
            "journal",
            f"{length} turns wait to be kept in SQL",
            "see that the ticker runs, and that SQL takes writes",
        )
    return ok("journal", f"{length} turns wait to be kept in SQL")
