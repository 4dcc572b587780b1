"""How long work shows that it goes on: one line that changes on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_EVERY_S = 0.2


@contextmanager
def progress() -> Iterator[Callable[[str, int], None]]:
    """Give a function that is told what is worked on and how far it is; the line is wiped at the end."""
    shown = 0.0
    terminal = sys.stderr.isatty()

    def tell(name: str, rows: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if terminal and now - shown > _EVERY_S:
            shown = now
            sys.stderr.write(f"\r\x1b[K{name}: {rows:,}")
            sys.stderr.flush()

    try:
        yield tell
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
