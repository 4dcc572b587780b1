"""How commands take a campaign and one of its runs: numbers that a database can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST: Final = 2**31 - 1
RUN_NUMBER: Final = click.IntRange(1, _MOST)
"""The number of a run."""

campaign_id: Callable[[Any], Any] = click.argument(
    "campaign_id", metavar="ID", type=click.IntRange(1, _MOST)
)
"""The argument of every command about one campaign."""
