"""What sending must ask of, and tell, the rest of the house: handed in, so that it depends on none.

`smsbot.bootstrap` fills it from `storage.suppressions` and the alerts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

CHANNEL_PAUSED: Final = "channel_paused"
"""The alert's kind; its subject is the channel's id."""


@dataclass(frozen=True, slots=True)
class Duties:
    """All of them write, or read, in the transaction of the connection that they are given.

    `refusals(connection, refs, purpose)` gives who may not be sent this purpose now, and the word.
    `opt_out(connection, ref, channel, now_ms)` is told that a person or an operator said no.
    `raise_alert(connection, kind, subject, words, now_ms)` and `end_alert(connection, kind,
    subject, now_ms)`: the same trouble raised twice is one alert.
    `stop_run(connection, run_id, reason, now_ms)` is told that a campaign's run costs more than it may.
    """

    refusals: Callable[[Connection, Sequence[str], str], Mapping[str, str]]
    opt_out: Callable[[Connection, str, str, int], object]
    raise_alert: Callable[[Connection, str, str, str, int], object]
    end_alert: Callable[[Connection, str, str, int], object]
    stop_run: Callable[[Connection, int, str, int], object]
