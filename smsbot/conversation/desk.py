"""Everything a gateway can tell us, and who in the service takes it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from smsbot import metrics
from smsbot.sending import receipts
from smsbot.sending.together import Together
from smsbot.storage import turns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smsbot.clock import Clock
    from smsbot.content.library import Library
    from smsbot.conversation.front import Front, Page
    from smsbot.conversation.sms import SmsConversation
    from smsbot.conversation.ussd import UssdConversation
    from smsbot.sending.duties import Duties
    from smsbot.storage.database import Database
    from smsbot.values import Channel, OptOut, Receipt, UssdEnd
    from smsbot.vault import Vault


class Desk:
    """Takes events. All of it may come twice. Raises Unavailable when it could not be kept."""

    def __init__(
        self,
        *,
        ussd: UssdConversation,
        sms: SmsConversation,
        front: Front,
        library: Library,
        database: Database,
        vault: Vault,
        clock: Clock,
        duties: Duties,
    ) -> None:
        self.ussd = ussd
        self.sms = sms
        self._front = front
        self._library = library
        self._database = database
        self._vault = vault
        self._clock = clock
        self._duties = duties
        self._receipts = Together(self._apply)

    def apology(self, channel: Channel) -> Page:
        """Give the page for a USSD turn that cannot be served now."""
        return self._front.apology(self._library.current(), channel)

    def receipt(self, channel: Channel, receipt: Receipt) -> None:
        """Move a message on by a delivery report, whenever and however often it comes."""
        if receipt.state is None and not receipt.opted_out:
            metrics.receipt(channel.id, "unknown_word")
            return
        self._receipts.add((channel.id, receipt))

    def _apply(self, said: Sequence[tuple[str, Receipt]]) -> None:
        by_channel: dict[str, list[Receipt]] = defaultdict(list)
        for channel, receipt in said:
            by_channel[channel].append(receipt)
        now_ms = self._clock.now_ms()
        with self._database.write() as connection:
            for channel, found in by_channel.items():
                receipts.apply_receipts(connection, channel, found, now_ms, self._duties)

    def opt_out(self, channel: Channel, event: OptOut) -> None:
        """Take an opt-out that the gateway or the operator tells of."""
        with self._database.write() as connection:
            self._duties.opt_out(
                connection, self._vault.ref(event.msisdn), channel.id, self._clock.now_ms()
            )

    def ussd_end(self, channel: Channel, event: UssdEnd) -> None:
        """Enrich a session with the gateway's record of its end."""
        session_ref = self._vault.mac(
            f"{channel.id}|{event.session_id}".encode(), person=b"gateway-session"
        )
        with self._database.write() as connection:
            known = turns.note_gateway_end(
                connection,
                channel.id,
                session_ref,
                status=event.status,
                duration_ms=event.duration_ms,
                cost_micros=event.cost_micros,
            )
        if not known:
            metrics.ignored(channel.id, "end_of_unknown_session")
