"""From queued rows to requests: claim them, leave out who must not be sent, open what is sealed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from smsbot.errors import CannotDecrypt
from smsbot.sending.flight import Load
from smsbot.storage import claims
from smsbot.storage.messages import BODY_CONTEXT
from smsbot.values import Msisdn, Outgoing, SendRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from smsbot.sending.duties import Duties
    from smsbot.storage.claims import Claimed
    from smsbot.vault import Vault

MSISDN_CONTEXT: Final = b"contacts.msisdn"
NO_NUMBER: Final = "erased"


def claim_allowed(
    connection: Connection,
    groups: Sequence[Sequence[int]],
    *,
    by: str,
    now_ms: int,
    duties: Duties,
) -> list[list[Claimed]]:
    """Claim the rows of each request; give those that may go now, request by request.

    STOP, consent and erasure are looked at here, in the transaction of the claim: the moment of
    sending. Who must not be sent is suppressed with the reason.
    """
    held = claims.claim(connection, [row for group in groups for row in group], by, now_ms)
    refused = _refused(connection, held, duties)
    by_reason: dict[str, list[int]] = defaultdict(list)
    for row_id, reason in refused.items():
        by_reason[reason].append(row_id)
    for reason, ids in by_reason.items():
        claims.suppress(connection, ids, reason, now_ms)
    allowed = {row.id: row for row in held if row.id not in refused}
    found = [[allowed[row] for row in group if row in allowed] for group in groups]
    return [group for group in found if group]


def _refused(connection: Connection, held: Sequence[Claimed], duties: Duties) -> dict[int, str]:
    refused = {row.id: NO_NUMBER for row in held if row.msisdn_enc is None or row.body_enc is None}
    refs: dict[str, list[str]] = defaultdict(list)
    for row in held:
        refs[row.purpose].append(row.ref)
    words = {
        purpose: duties.refusals(connection, found, purpose) for purpose, found in refs.items()
    }
    for row in held:
        word = words[row.purpose].get(row.ref)
        if word is not None:
            refused[row.id] = str(word)
    return refused


def open_load(vault: Vault, group: Sequence[Claimed]) -> Load:
    """Decrypt one request. Rows of a group have one keyed hash of their text: it is opened once.

    A load without text or number (`Load.is_sealed`) is one that no key opens.
    """
    attempts = {row.id: row.attempts for row in group}
    refs = {row.id: row.ref for row in group}
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
    return Load(SendRequest(text, recipients, group[0].segments), attempts, refs)
