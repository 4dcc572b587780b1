"""What Africa's Talking posts, as events. Pure: a channel and a form in, one event out.

Sources: developers.africastalking.com (SMS and USSD pages) and what deployments saw. All fields
are texts; a callback has no id of its own beyond the fields named here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.errors import Malformed, WrongAddress
from smsbot.gateways.fields import (
    code_of,
    count_of,
    money_of,
    network_of,
    plain_address,
    required,
    required_id,
    time_of,
    words_of,
)
from smsbot.gateways.form import phone_text
from smsbot.text.phones import parse_phone
from smsbot.values import (
    Channel,
    Event,
    Ignored,
    InboundSms,
    MessageState,
    OptOut,
    Receipt,
    UssdEnd,
    UssdTurn,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

STATES = {
    "sent": MessageState.ACCEPTED,
    "submitted": MessageState.ACCEPTED,
    "buffered": MessageState.ACCEPTED,
    "success": MessageState.DELIVERED,
    "failed": MessageState.FAILED,
    "rejected": MessageState.FAILED,
    "absentsubscriber": MessageState.UNDELIVERED,
    "expired": MessageState.EXPIRED,
}
"""Delivery status words. A word that is not here makes a Receipt without a state."""

OPTED_OUT = frozenset({"userinblacklist"})
"""Failure reasons which say that the person left; every other one only says that it failed."""

NO_ID = "none"
"""Africa's Talking writes the id of a message that it never made as the text `None`."""


class Forms:
    """Reads the forms for one channel; what the channel's line says is worked out once."""

    def __init__(self, channel: Channel) -> None:
        self._country = channel.country
        self._code = plain_address(channel.service_code)
        self._sender = plain_address(channel.sender)

    def ussd_turn(self, fields: Mapping[str, str]) -> UssdTurn:
        """Read one turn. A form without `text` is the first one, whose text is empty."""
        session_id = required_id(fields, "sessionId")
        raw_caller = phone_text(required(fields, "phoneNumber"))
        self._require_code(fields.get("serviceCode", ""))
        caller = parse_phone(raw_caller, self._country)
        if caller is None:
            raise Malformed("phoneNumber is not a phone number")
        network = network_of(fields.get("networkCode", ""))
        return UssdTurn(session_id, caller, fields.get("text", ""), network)

    def ussd_end(self, fields: Mapping[str, str]) -> UssdEnd:
        """Read the end of a session. What the person typed last stands there too: it is left."""
        session_id = required_id(fields, "sessionId")
        self._require_code(fields.get("serviceCode", ""))
        cost_micros, _ = money_of(fields.get("cost", ""))
        return UssdEnd(
            session_id=session_id,
            caller=parse_phone(phone_text(fields.get("phoneNumber", "")), self._country),
            status=words_of(fields.get("status", ""), 32),
            duration_ms=count_of(fields.get("durationInMillis", "")),
            hops=count_of(fields.get("hopsCount", "")),
            cost_micros=cost_micros,
            network=network_of(fields.get("networkCode", "")),
            failed_because=words_of(fields.get("errorMessage", "")),
        )

    def inbound_sms(self, fields: Mapping[str, str]) -> Event:
        """Read a text from a person. Only `id`, `from` and `text` matter; the rest may be odd.

        A refusal would be posted again each minute for 12 hours, so a blank text is no fault.
        """
        if "updateType" in fields:
            return self.opt_out(fields)
        gateway_id = required_id(fields, "id")
        raw_sender = phone_text(required(fields, "from"))
        self._require_our_number(fields.get("to", ""))
        text = fields.get("text", "").replace("\0", "")
        if not text or text.isspace():
            return Ignored("blank")
        sender = parse_phone(raw_sender, self._country)
        return InboundSms(
            gateway_id=gateway_id,
            sender=sender,
            raw_sender=words_of(raw_sender, 32) if sender is None else "",
            text=text,
            network=network_of(fields.get("networkCode", "")),
            sent_at=time_of(fields.get("date", "")),
        )

    def receipt(self, fields: Mapping[str, str]) -> Event:
        """Read a delivery report."""
        gateway_id = required_id(fields, "id")
        raw_status = required(fields, "status")
        if gateway_id.lower() == NO_ID:
            return Ignored("no_id")
        reason = code_of(fields.get("failureReason", ""))
        return Receipt(
            gateway_id=gateway_id,
            state=STATES.get(raw_status.strip().lower()),
            raw_status=words_of(raw_status, 32),
            code=reason,
            opted_out=reason.lower() in OPTED_OUT,
            network=network_of(fields.get("networkCode", "")),
        )

    def opt_out(self, fields: Mapping[str, str]) -> Event:
        """Read a bulk opt-out, or the end of a premium subscription.

        The sender that the person left is not compared with ours: whoever says no to one name of
        this account is not written to under another.
        """
        raw_phone = phone_text(required(fields, "phoneNumber"))
        if fields.get("updateType", "deletion").strip().lower() != "deletion":
            return Ignored("subscription_addition")
        msisdn = parse_phone(raw_phone, self._country)
        return OptOut(msisdn) if msisdn is not None else Ignored("unreadable_number")

    def _require_code(self, raw: str) -> None:
        if self._code and plain_address(raw) != self._code:
            raise WrongAddress("serviceCode is not this channel's")

    def _require_our_number(self, raw: str) -> None:
        if self._sender and raw and plain_address(phone_text(raw)) != self._sender:
            raise WrongAddress("to is not this channel's")
