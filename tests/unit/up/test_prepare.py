"""A port is free, or the reason is one sentence."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from smsbot.errors import ConfigError
from smsbot.up.prepare import wait_for_port


def _listener() -> socket.socket:
    taken = socket.create_server(("127.0.0.1", 0))
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return taken


def test_a_taken_port_is_refused_with_what_to_do() -> None:
    with _listener() as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} of 127.0.0.1 .* --port"):
            wait_for_port("127.0.0.1", port, patience_s=0)


def test_a_free_port_is_taken_at_once() -> None:
    with _listener() as taken:
        port = taken.getsockname()[1]
    began = time.monotonic()

    wait_for_port("127.0.0.1", port, patience_s=5)

    assert time.monotonic() - began < 1


def test_the_port_of_a_killed_run_is_waited_for() -> None:
    taken = _listener()
    threading.Timer(0.3, taken.close).start()

    wait_for_port("127.0.0.1", taken.getsockname()[1], patience_s=5)


def test_a_host_that_does_not_exist_is_named() -> None:
    with pytest.raises(ConfigError, match=r"no\.such\.host\.invalid is no address"):
        wait_for_port("no.such.host.invalid", 8000, patience_s=0)
