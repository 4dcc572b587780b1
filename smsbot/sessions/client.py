"""The redis-py client with our patience: 0.5 s a call and one retry, never the default ten.

A retry can run a script twice (the first answer was only late), so every script that writes must be
idempotent: it compares a version or an id first.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from smsbot.errors import RedisAway

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 0.5
PREFIX = "smsbot:"
"""Every key of ours starts with it, and every key of ours but the journal expires."""


def connect(url: str) -> redis.Redis:
    """Give a client (bytes in, bytes out); nothing is sent before the first command."""
    return redis.Redis.from_url(
        url,
        socket_timeout=PATIENCE_S,
        socket_connect_timeout=PATIENCE_S,
        retry=Retry(NoBackoff(), 1),
        retry_on_error=[RedisConnectionError],
        health_check_interval=0,
        protocol=2,
    )


@contextmanager
def answering() -> Iterator[None]:
    """Turn every way in which Redis can be away (down, loading, read-only, full) into RedisAway."""
    try:
        yield
    except (RedisConnectionError, RedisTimeoutError, ReadOnlyError, OSError) as fault:
        raise RedisAway("Redis does not answer") from fault
    except RedisError as fault:
        words = str(fault)
        if words.startswith(("LOADING", "OOM", "MISCONF", "CLUSTERDOWN", "MASTERDOWN", "BUSY")):
            raise RedisAway("Redis cannot serve now") from fault
        raise
