"""A turn's facts for the journal: names and numbers, nothing that a person typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from smsbot.sessions.journal import TurnFacts
from smsbot.sessions.live import to_plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smsbot.engine.model import Answered, Effect
    from smsbot.sessions.live import Live
    from smsbot.values import Channel, Msisdn


class TurnNames(Protocol):
    """Who is where: what both a USSD turn and an SMS turn can say of themselves."""

    @property
    def channel(self) -> Channel:
        """The channel of the turn."""

    @property
    def caller(self) -> Msisdn:
        """The person's number."""

    @property
    def network(self) -> str:
        """The operator's code, or empty."""

    @property
    def ref(self) -> str:
        """The person's keyed hash."""

    @property
    def session_ref(self) -> str:
        """The keyed hash of the gateway's session id."""

    @property
    def now_ms(self) -> int:
        """When the turn came."""


def turn_facts(
    turn_id: str,
    turn: TurnNames,
    live: Live,
    answered: Answered,
    effects: Sequence[Effect],
    *,
    ends: bool,
    opens: bool = False,
) -> TurnFacts:
    """Give the facts of a turn that led to `live`."""
    session = live.session
    return TurnFacts(
        id=turn_id,
        channel=turn.channel.id,
        session_ref=turn.session_ref,
        ref=turn.ref,
        number=live.number,
        at=turn.now_ms,
        version=session.version,
        language=session.language,
        network=turn.network,
        country=session.person.country,
        flow=answered.flow,
        state=answered.state,
        to_flow=session.flow,
        to_state=session.state,
        how=answered.how,
        option=answered.option,
        item=answered.item,
        right=answered.right,
        ends=ends,
        opening=to_plain(live).decode() if opens else "",
        msisdn=turn.caller.e164 if opens else "",
        effects=[(effect.kind.value, dict(effect.args)) for effect in effects],
    )
