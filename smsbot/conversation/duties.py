"""What sending asks of the rest of the house, filled in: who may be sent what, opt-outs, alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.campaigns import halting
from smsbot.sending.duties import Duties
from smsbot.storage import alerts
from smsbot.storage.consents import Evidence
from smsbot.storage.suppressions import Reason, opt_out, refusals

if TYPE_CHECKING:
    from sqlalchemy import Connection


def duties() -> Duties:
    """Give the duties, all in the transaction of the connection that they are called with."""
    return Duties(
        refusals=refusals,
        opt_out=gateway_opt_out,
        raise_alert=alerts.raise_alert,
        end_alert=alerts.end_alert,
        stop_run=halting.stop_run,
    )


def gateway_opt_out(connection: Connection, ref: str, channel: str, now_ms: int) -> None:
    """Note that a person has opted out at the gateway or the operator."""
    evidence = Evidence(
        at=now_ms,
        channel=channel,
        text_version="",
        language="",
        source="gateway",
        actor="gateway",
    )
    opt_out(connection, ref, reason=Reason.GATEWAY, evidence=evidence)
