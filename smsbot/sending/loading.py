"""From queued rows to requests: claim them, leave out who must not be sent, open what is sealed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from smsbot.errors import CannotDecrypt
from smsbot.sending.flight import Load
from smsbot.sending.screening import ERASED, refused, screen
from smsbot.sending.set_aside import set_aside
from smsbot.storage import claims
from smsbot.storage.claims import Waits
from smsbot.storage.messages import BODY_CONTEXT, PRIORITY_REPLY
from smsbot.storage.run_rules import of_runs
from smsbot.values import Msisdn, Outgoing, SendRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from smsbot.sending.duties import Duties
    from smsbot.sessions.bucket import OwnRate
    from smsbot.storage.claims import Claimed
    from smsbot.values import Channel
    from smsbot.vault import Vault

MSISDN_CONTEXT: Final = b"contacts.msisdn"


def claim_allowed(
    connection: Connection,
    groups: Sequence[Sequence[int]],
    *,
    channel: Channel,
    by: str,
    now_ms: int,
    duties: Duties,
) -> list[list[Claimed]]:
    """Claim the rows of each request; give those that may go now, request by request.

    STOP, consent, erasure, and for what nobody asked for the hour, the frequency cap and the state of
    its campaign are looked at here, in the transaction of the claim: the moment of sending. Who must
    not be sent is suppressed with the reason; who must wait is queued again as before.
    """
    held = claims.claim(connection, [row for group in groups for row in group], by, now_ms)
    stopped = refused(connection, held, duties.refusals)
    stopped |= {row.id: ERASED for row in held if row.msisdn_enc is None or row.body_enc is None}
    waits: list[Waits] = []
    aside: set[int] = set()
    proactive = [row for row in held if row.priority > PRIORITY_REPLY and row.id not in stopped]
    if proactive:
        rules = of_runs(connection, {row.run_id for row in proactive if row.run_id is not None})
        aside = set_aside(connection, proactive, rules, by=by, now_ms=now_ms)
        going = [row for row in proactive if row.id not in aside]
        verdicts = screen(connection, going, channel=channel, rules=rules, now_ms=now_ms)
        stopped |= {row: verdict.refused for row, verdict in verdicts.items() if verdict.refused}
        waits = [
            Waits(row, verdict.until)
            for row, verdict in verdicts.items()
            if verdict.until is not None
        ]
        claims.put_back(connection, waits, by)
    _suppress(connection, stopped, now_ms)
    left_out = stopped.keys() | aside | {wait.id for wait in waits}
    allowed = {row.id: row for row in held if row.id not in left_out}
    found = [[allowed[row] for row in group if row in allowed] for group in groups]
    return [group for group in found if group]


def _suppress(connection: Connection, stopped: Mapping[int, str], now_ms: int) -> None:
    by_reason: dict[str, list[int]] = defaultdict(list)
    for row_id, reason in stopped.items():
        by_reason[reason].append(row_id)
    for reason, ids in by_reason.items():
        claims.suppress(connection, ids, reason, now_ms)


def open_load(vault: Vault, group: Sequence[Claimed], own: OwnRate | None = None) -> Load:
    """Decrypt one request. Rows of a group have one keyed hash of their text: it is opened once.

    A load without text or number (`Load.is_sealed`) is one that no key opens.
    """
    attempts = {row.id: row.attempts for row in group}
    refs = {row.id: row.ref for row in group}
    is_bulk = any(row.run_id is not None for row in group)
    try:
        text = vault.decrypt(bytes(group[0].body_enc or b""), BODY_CONTEXT).decode()
        recipients = tuple(
            Outgoing(
                row.id,
                Msisdn(vault.decrypt(bytes(row.msisdn_enc or b""), MSISDN_CONTEXT).decode()),
            )
            for row in group
        )
    except CannotDecrypt:
        return Load(SendRequest("", (), 0), attempts, refs)
    return Load(SendRequest(text, recipients, group[0].segments), attempts, refs, own, is_bulk)
