"""How long work shows that it goes on: one line that changes on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_EVERY_S = 0.2
_BAR_CHARS = 30


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


@contextmanager
def bar(total: int, what: str = "rows") -> Iterator[Callable[[int, int], None]]:
    """Give a function that is told how many rows and how much of `total` is done; it draws a bar."""
    began = time.monotonic()
    with progress() as tell:

        def show(rows: int, done: int) -> None:
            share = min(1.0, done / total) if total else 1.0
            filled = int(share * _BAR_CHARS)
            left = (time.monotonic() - began) * (1 - share) / share if share else 0.0
            drawn = "#" * filled + "-" * (_BAR_CHARS - filled)
            tell(f"[{drawn}] {share:4.0%}, {left:,.0f} s left, {what}", rows)

        yield show
