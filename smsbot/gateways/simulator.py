"""The simulator: a gateway without an account, reached by Africa's Talking's forms and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.gateways.africastalking import AfricasTalkingWebhooks
from smsbot.values import SendOutcome, SendRequest, SendResult

if TYPE_CHECKING:
    from collections.abc import Sequence


class Simulator(AfricasTalkingWebhooks):
    """Accepts every text and sends none: the outgoing rows are what the simulated phone shows."""

    max_batch = 100
    has_credentials = True

    def send(self, request: SendRequest) -> Sequence[SendResult]:
        """Accept all, under an id that the row's own number makes, so that it is the same twice."""
        return [
            SendResult(
                recipient.message_id,
                SendOutcome.ACCEPTED,
                gateway_id=f"sim-{recipient.message_id}",
                cost_micros=0,
                segments=request.segments,
            )
            for recipient in request.recipients
        ]
