"""The web process: granian with our WSGI application, our log lines and no access log.

`python -m smsbot.up.web --host 0.0.0.0` is also the Procfile's web; PORT and WEB_CONCURRENCY are
honoured. An access log would hold the tokens in webhook paths, so there is none: the application
writes its own line per request. Settings are read in the workers only, which keeps this process small.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Final

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import Server

from smsbot.logline import logging_config

BLOCKING_THREADS: Final = 3
_STOP_S: Final = 5


def main() -> None:
    """Serve until SIGTERM or SIGINT; requests in flight are answered first."""
    parser = argparse.ArgumentParser(prog="smsbot.up.web")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
    parser.add_argument("--workers", type=int, default=int(os.environ.get("WEB_CONCURRENCY", "2")))
    options = parser.parse_args()
    _share_metrics()
    Server(
        "smsbot.web.wsgi:create",
        factory=True,
        address=options.host,
        port=options.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        workers=options.workers,
        blocking_threads=BLOCKING_THREADS,
        websockets=False,
        respawn_failed_workers=True,
        respawn_interval=0.2,
        workers_kill_timeout=_STOP_S,
        log_level=LogLevels.info,
        log_dictconfig=logging_config("web"),
    ).serve()


def _share_metrics() -> None:
    """Give the workers a folder for their counts, unless a supervisor did."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return
    from smsbot import metrics

    folder = Path(os.environ.get("SMSBOT_DATA", "var")) / "metrics"
    metrics.empty(folder)
    os.environ[metrics.FOLDER_VARIABLE] = str(folder)


if __name__ == "__main__":
    main()
