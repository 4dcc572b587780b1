"""From settings to a plan: everything that can be wrong is found here, before a child starts."""

from __future__ import annotations

import os
import socket
import sys
import time
from typing import TYPE_CHECKING, Final

from smsbot import metrics
from smsbot.errors import ConfigError
from smsbot.running import find_running, hold
from smsbot.sessions.client import connect
from smsbot.storage import migrate
from smsbot.storage.database import Database
from smsbot.up import redis_server
from smsbot.up.plan import ChildSpec, Plan
from smsbot.upkeep.examine_stores import refuse_forgetful

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smsbot.config import Settings

_PORT_PATIENCE_S: Final = 8.0
_WEB_GRACE_S: Final = 10.0
_WORKER_GRACE_S: Final = 50.0
"""A job finishes what is in a gateway's hands: its own limits are below this."""
_REDIS_GRACE_S: Final = 15.0


def prepare(settings: Settings, host: str, urls: Sequence[str] = ()) -> Plan:
    """Take the folder, check the port, upgrade the database; give the plan.

    `urls` are the webhooks to print, which is for dev only. Raises SmsbotError in one sentence.
    """
    data = settings.data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    was_killed = (data / "running.json").exists() and find_running(data) is None
    held = hold(data)
    wait_for_port(host, settings.port, patience_s=_PORT_PATIENCE_S if was_killed else 0.0)
    database = Database(settings.effective_database_url)
    migrate.upgrade(database)
    database.close()
    if settings.redis_url and not settings.is_dev:
        refuse_forgetful(connect(settings.redis_url))
    metrics.empty(data / "metrics")
    address = f"http://{_for_url(host)}:{settings.port}"
    redis_folder = data / "redis"
    redis_url = settings.redis_url or redis_server.url(redis_folder)
    environ = {
        "SMSBOT_DATA": str(data),
        "SMSBOT_DATABASE_URL": settings.effective_database_url,
        "SMSBOT_REDIS_URL": redis_url,
        "PORT": str(settings.port),
        "WEB_CONCURRENCY": str(settings.web_concurrency),
        metrics.FOLDER_VARIABLE: str(data / "metrics"),
    }
    python = (sys.executable, "-m")
    children = [
        ChildSpec("ticker", (*python, "smsbot", "ticker"), environ),
        ChildSpec(
            "worker",
            (*python, "smsbot.up.worker"),
            environ | {metrics.ROLE_VARIABLE: "worker"},
            grace_s=_WORKER_GRACE_S,
        ),
        ChildSpec("web", (*python, "smsbot.up.web", "--host", host), environ, grace_s=_WEB_GRACE_S),
    ]
    if not settings.redis_url:
        redis_folder.mkdir(exist_ok=True)
        children.insert(
            0,
            ChildSpec(
                "redis",
                tuple(redis_server.command(redis_folder)),
                grace_s=_REDIS_GRACE_S,
                redis_at=redis_url,
                lock_file=str(data / "redis.lock"),
            ),
        )
    return Plan(
        children=tuple(children),
        greeting=(address, *urls),
        ready_url=f"{address}/readyz",
        data=str(data),
        running={
            "pid": os.getpid(),
            "address": address,
            "port": settings.port,
            "redis_url": redis_url,
            "database_url": settings.effective_database_url,
        },
        held=(held,),
    )


def _for_url(host: str) -> str:
    """Give the host by which this machine reaches a server that listens on `host`."""
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"[{local}]" if ":" in local else local


def wait_for_port(host: str, port: int, patience_s: float) -> None:
    """Return when the port is free; raise ConfigError when it still is not after `patience_s`.

    The web process of a killed run needs a moment to end.
    """
    deadline = time.monotonic() + patience_s
    while True:
        try:
            family, kind, protocol, _, place = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            with socket.socket(family, kind, protocol) as trial:
                # Sockets that linger after a close are no obstacle; a listener is.
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind(place)
        except socket.gaierror:
            raise ConfigError(f"{host} is no address of this machine") from None
        except PermissionError:
            raise ConfigError(
                f"port {port} needs more rights: choose one over 1023 with --port"
            ) from None
        except OSError as fault:
            if time.monotonic() >= deadline:
                raise ConfigError(
                    f"port {port} of {host} cannot be had ({fault.strerror}): end the program that "
                    "holds it, or choose another with --port",
                ) from None
            time.sleep(0.1)
        else:
            return
