from __future__ import annotations

import itertools

import pytest

from smsbot.sending.states import (
    FINAL,
    MOVES,
    OUTCOME_STATES,
    RECEIPT_STATES,
    after_receipt,
    may_move,
)
from smsbot.values import MessageState as S
from smsbot.values import SendOutcome

ALLOWED = {
    (S.QUEUED, S.SENDING),
    (S.QUEUED, S.CANCELLED),
    (S.QUEUED, S.SUPPRESSED),
    (S.QUEUED, S.EXPIRED),
    (S.SENDING, S.ACCEPTED),
    (S.SENDING, S.FAILED),
    (S.SENDING, S.SUPPRESSED),
    (S.SENDING, S.QUEUED),
    (S.SENDING, S.UNKNOWN),
    (S.ACCEPTED, S.DELIVERED),
    (S.ACCEPTED, S.FAILED),
    (S.ACCEPTED, S.UNDELIVERED),
    (S.ACCEPTED, S.EXPIRED),
    (S.UNKNOWN, S.ACCEPTED),
    (S.UNKNOWN, S.DELIVERED),
    (S.UNKNOWN, S.FAILED),
    (S.UNKNOWN, S.UNDELIVERED),
    (S.UNKNOWN, S.EXPIRED),
    (S.UNKNOWN, S.SUPPRESSED),
}


@pytest.mark.parametrize(("current", "target"), list(itertools.product(S, S)))
def test_a_message_moves_only_along_the_lattice(current: S, target: S) -> None:
    assert may_move(current, target) is ((current, target) in ALLOWED)


def test_every_state_is_in_the_lattice() -> None:
    assert set(MOVES) == set(S)


def test_no_path_leads_from_unknown_or_a_final_state_back_to_queued() -> None:
    def reach(start: S) -> set[S]:
        seen: set[S] = set()
        todo = [start]
        while todo:
            for target in MOVES[todo.pop()] - seen:
                seen.add(target)
                todo.append(target)
        return seen

    assert S.QUEUED not in reach(S.UNKNOWN)
    assert S.QUEUED not in reach(S.ACCEPTED)
    assert all(reach(state) == set() for state in FINAL)


def test_every_outcome_of_a_send_is_a_move_from_sending() -> None:
    assert set(OUTCOME_STATES) == set(SendOutcome)
    assert all(may_move(S.SENDING, target) for target in OUTCOME_STATES.values())


@pytest.mark.parametrize(
    ("current", "said", "becomes"),
    [
        (S.ACCEPTED, S.DELIVERED, S.DELIVERED),
        (S.ACCEPTED, S.ACCEPTED, None),
        (S.DELIVERED, S.ACCEPTED, None),  # backwards
        (S.DELIVERED, S.DELIVERED, None),  # twice
        (S.DELIVERED, S.FAILED, None),  # the first final word stays
        (S.FAILED, S.DELIVERED, None),
        (S.UNKNOWN, S.ACCEPTED, S.ACCEPTED),
        (S.UNKNOWN, S.UNDELIVERED, S.UNDELIVERED),
        (S.SENDING, S.DELIVERED, S.DELIVERED),  # before the answer
        (S.SENDING, S.ACCEPTED, S.ACCEPTED),
        (S.QUEUED, S.DELIVERED, None),
        (S.QUEUED, S.EXPIRED, None),  # that is our own word for a message that was too late
        (S.CANCELLED, S.DELIVERED, None),
        (S.ACCEPTED, S.UNKNOWN, None),  # not a word of a receipt
        (S.ACCEPTED, S.QUEUED, None),
    ],
)
def test_a_receipt_moves_a_message_forward_or_not_at_all(
    current: S, said: S, becomes: S | None
) -> None:
    assert after_receipt(current, said) is becomes


@pytest.mark.parametrize(("current", "said"), list(itertools.product(S, sorted(RECEIPT_STATES))))
def test_receipts_in_any_order_never_leave_a_final_state(current: S, said: S) -> None:
    if current in FINAL:
        assert after_receipt(current, said) is None
