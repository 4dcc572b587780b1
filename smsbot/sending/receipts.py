"""Delivery reports: forward only, in any order, as often as the gateway likes to tell them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smsbot import metrics
from smsbot.sending.states import RECEIPT_STATES, after_receipt
from smsbot.storage import receipts as store
from smsbot.storage.receipts import Known, Moved, Parked
from smsbot.values import MessageState, Receipt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from smsbot.sending.duties import Duties

_MISSED_WITHIN_MS = 3600_000


@dataclass(frozen=True, slots=True)
class Applied:
    """What a batch of receipts did. `unchanged` are repeats and late words; `unknown_words` too."""

    moved: int = 0
    unchanged: int = 0
    parked: int = 0
    unknown_words: int = 0


def apply_receipts(
    connection: Connection,
    channel: str,
    receipts: Sequence[Receipt],
    now_ms: int,
    duties: Duties,
) -> Applied:
    """Move the messages that these receipts speak of; the order of the list is the order in time.

    A receipt for an id that we don't have yet is parked, and applied when the send's own answer
    brings the id. Three statements for the whole batch, whatever its size.
    """
    telling = [receipt for receipt in receipts if _says_something(channel, receipt)]
    unknown_words = len(receipts) - len(telling)
    if not telling:
        return Applied(unknown_words=unknown_words)
    known = _Known(
        store.find(
            connection,
            channel,
            sorted({receipt.gateway_id for receipt in telling}),
            sorted({receipt.our_id for receipt in telling if receipt.our_id is not None}),
        ),
    )
    said: list[tuple[Known, Receipt]] = []
    parked: list[Parked] = []
    for receipt in telling:
        message = known.of(receipt)
        if message is None:
            state = "" if receipt.state is None else receipt.state.value
            parked.append(Parked(receipt.gateway_id, state, receipt.code[:32], receipt.opted_out))
        else:
            said.append((message, receipt))
    moved = _apply(connection, channel, said, now_ms, duties)
    store.park(connection, channel, parked, now_ms)
    return Applied(moved, len(said) - moved, len(parked), unknown_words)


def settle_parked(
    connection: Connection,
    channel: str,
    gateway_ids: Sequence[str],
    now_ms: int,
    duties: Duties,
) -> int:
    """Apply the receipts that came before these ids were known; give how many messages moved."""
    waiting = store.unpark(connection, channel, gateway_ids) if gateway_ids else ()
    if not waiting:
        return 0
    receipts = [
        Receipt(
            parked.gateway_id,
            MessageState(parked.state) if parked.state else None,
            "",
            code=parked.code,
            opted_out=parked.opted_out,
        )
        for parked in waiting
    ]
    return apply_receipts(connection, channel, receipts, now_ms, duties).moved


def settle_missed(connection: Connection, now_ms: int, duties: Duties) -> int:
    """Apply parked receipts whose answer was committed at the same moment; for the ticker."""
    by_channel: dict[str, list[str]] = defaultdict(list)
    for channel, gateway_id in store.parked_but_known(connection, now_ms - _MISSED_WITHIN_MS):
        by_channel[channel].append(gateway_id)
    return sum(
        settle_parked(connection, channel, gateway_ids, now_ms, duties)
        for channel, gateway_ids in by_channel.items()
    )


class _Known:
    """Messages by the gateway's id, and by ours where the gateway echoes it."""

    def __init__(self, found: Iterable[Known]) -> None:
        self._by_gateway_id: dict[str, Known] = {}
        self._by_id: dict[int, Known] = {}
        for message in found:
            self._by_id[message.id] = message
            if message.gateway_id is not None:
                self._by_gateway_id[message.gateway_id] = message

    def of(self, receipt: Receipt) -> Known | None:
        message = self._by_gateway_id.get(receipt.gateway_id)
        if message is None and receipt.our_id is not None:
            message = self._by_id.get(receipt.our_id)
            if message is not None and message.gateway_id is not None:
                return None  # our id under another gateway id: not a report of this message
        return message


def _says_something(channel: str, receipt: Receipt) -> bool:
    if receipt.state in RECEIPT_STATES:
        metrics.receipt(channel, receipt.state.value)
        return True
    metrics.receipt(channel, "unknown_word")
    return receipt.opted_out


def _apply(
    connection: Connection,
    channel: str,
    said: Sequence[tuple[Known, Receipt]],
    now_ms: int,
    duties: Duties,
) -> int:
    states: dict[int, MessageState] = {}
    moves: dict[int, Moved] = {}
    leaving: Mapping[str, None] = dict.fromkeys(
        message.ref for message, receipt in said if receipt.opted_out
    )
    for message, receipt in said:
        current = states.get(message.id, MessageState(message.state))
        becomes = None if receipt.state is None else after_receipt(current, receipt.state)
        if becomes is not None:
            states[message.id] = becomes
            moves[message.id] = Moved(message.id, becomes, receipt.gateway_id, receipt.code[:32])
    for ref in leaving:
        duties.opt_out(connection, ref, channel, now_ms)
    return store.move(connection, list(moves.values()), now_ms)
