"""Connections to a gateway that are kept, without the faults that kept connections bring."""

from __future__ import annotations

import os
import threading
import time
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

IDLE_S = 15.0
"""A connection that rested longer may be closed by the far side just as we write on it, which
would leave a send unknown: shorter than the keep-alive of common servers."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Sessions(threading.local):
    """One `requests.Session` for each thread and process.

    RQ forks a process for each job: a session made before the fork would share its sockets with
    the parent. `connect_retries` repeats a POST only when the connection was never made.
    """

    def __init__(self, base_url: str = "", connect_retries: int = 0) -> None:
        # A fake on this machine is not to be looked for through the deployment's proxy.
        self._trusts_environment = urlsplit(base_url).hostname not in LOOPBACK
        self._connect_retries = connect_retries
        self._session: requests.Session | None = None
        self._owner = 0
        self._used_at = 0.0

    def get(self) -> requests.Session:
        """Give this thread's session, a fresh one after a fork or a rest."""
        now = time.monotonic()
        if self._session is None or self._owner != os.getpid() or now - self._used_at > IDLE_S:
            if self._session is not None and self._owner == os.getpid():
                self._session.close()
            self._session = self._make()
            self._owner = os.getpid()
        self._used_at = now
        return self._session

    def _make(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = self._trusts_environment
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(max_retries=self._connect_retries))
        return session
