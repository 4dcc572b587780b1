"""Contacts written as a CSV that `contacts import` takes again, and that no spreadsheet runs (R33).

Full numbers leave the service here and nowhere else: who, why and how many stand in the audit log.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from smsbot.errors import Refused
from smsbot.people.contact_file import COLUMNS
from smsbot.people.languages import UNKNOWN
from smsbot.storage import audit, exports
from smsbot.storage.contacts import MSISDN_CONTEXT
from smsbot.text.cells import guarded
from smsbot.text.phones import find_phones

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from smsbot.clock import Clock
    from smsbot.storage.database import Database
    from smsbot.storage.exports import Agreed, Exported, Wanted
    from smsbot.vault import Vault

MAX_REASON_CHARS = 200


def export(
    database: Database,
    vault: Vault,
    clock: Clock,
    wanted: Wanted,
    to: TextIO,
    *,
    actor: str,
    reason: str,
    tell: Callable[[int], None],
) -> int:
    """Write every contact that is wanted, and the header; give how many. Raises Refused.

    The audit log has the reason before the first number leaves, and the count at the end.
    """
    why = " ".join(reason.split())
    if not why or len(why) > MAX_REASON_CHARS or find_phones(why, ""):
        raise Refused(
            f"say why the numbers leave, in {MAX_REASON_CHARS} characters and without a phone number"
        )
    detail = {"reason": why, **_asked(wanted)}
    _log(database, actor, "contacts.export", detail, clock.now_ms())
    writer = csv.writer(to, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    count, after = 0, 0
    while True:
        with database.read() as connection:
            found = exports.page(connection, wanted, after)
        if not found:
            break
        writer.writerows(_row(one, vault) for one in found)
        count, after = count + len(found), found[-1].id
        tell(count)
    _log(database, actor, "contacts.exported", {"rows": count}, clock.now_ms())
    return count


def _asked(wanted: Wanted) -> Mapping[str, Sequence[str]]:
    return {
        "tags": list(wanted.tags),
        "languages": list(wanted.languages),
        "countries": list(wanted.countries),
    }


def _log(
    database: Database, actor: str, action: str, detail: Mapping[str, object], now_ms: int
) -> None:
    with database.write() as connection:
        audit.append(connection, actor, action, "contacts", detail, now_ms=now_ms)


def _row(one: Exported, vault: Vault) -> list[str]:
    msisdn = vault.decrypt(one.msisdn_enc, MSISDN_CONTEXT).decode()
    at, source = _evidence(one.agreed)
    cells = {
        "msisdn": msisdn,
        "language": one.language or UNKNOWN,
        "tags": ";".join(one.tags),
        "consent_purpose": ";".join(agreed.purpose for agreed in one.agreed),
        "consent_at": at,
        "consent_source": source,
        "country": one.country,
        "region": one.region,
        "network": one.network,
    }
    return [guarded(cells[name]) for name in COLUMNS]


def _evidence(agreed: Sequence[Agreed]) -> tuple[str, str]:
    """Give date and source: one for all purposes, or one each where they differ."""
    if len({(one.at, one.source) for one in agreed}) <= 1:
        return (_time(agreed[0].at), agreed[0].source) if agreed else ("", "")
    return (
        ";".join(_time(one.at) for one in agreed),
        ";".join(one.source.replace(";", ",") for one in agreed),
    )


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(
        timespec="milliseconds" if at % 1000 else "seconds"
    )
