"""A text from a person: stored, understood and answered in one SQL transaction.

The place in an SMS conversation is kept with the text that led to it (`inbound.session_enc`), not in
Redis: so the text, what it changed, the reply and the new place are kept together or not at all, and a
repeated webhook finds them done (docs/decisions/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot import metrics
from smsbot.conversation import place
from smsbot.conversation.drain import turn_row
from smsbot.conversation.effects import Scene
from smsbot.conversation.facts import turn_facts
from smsbot.conversation.meaning import TextTurn
from smsbot.conversation.understand import ASIDE
from smsbot.people import ownership
from smsbot.sending import replies
from smsbot.sessions.live import to_plain
from smsbot.storage import contacts, inbound
from smsbot.storage import turns as turn_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from smsbot.clock import Clock
    from smsbot.conversation.effects import EffectRunner
    from smsbot.conversation.meaning import Understanding
    from smsbot.conversation.understand import Understands
    from smsbot.storage.contacts import Contact
    from smsbot.storage.database import Database
    from smsbot.values import Channel, InboundSms
    from smsbot.vault import Vault


class SmsConversation:
    """Takes texts in and queues the answers. Threads share it."""

    def __init__(
        self,
        *,
        database: Database,
        vault: Vault,
        clock: Clock,
        understands: Understands,
        effects: EffectRunner,
        prefixes: replies.CountsPrefixes,
        wake: Callable[[str], object],
        forget_session: Callable[[str], None],
        silence_days: int = ownership.SILENCE_DAYS,
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._understands = understands
        self._effects = effects
        self._prefixes = prefixes
        self._wake = wake
        self._forget_session = forget_session
        self._silence_days = silence_days

    def receive(self, channel: Channel, event: InboundSms) -> None:
        """Keep and answer a text; the same text again changes nothing. Raises DatabaseAway.

        A short code or a name cannot be answered: counted, not kept (two machines would talk for ever).
        """
        if event.sender is None:
            metrics.ignored(channel.id, "no_reply_path")
            return
        ref = self._vault.ref(event.sender)
        turn_id = self._vault.mac(f"{channel.id}|{event.gateway_id}".encode(), person=b"text")
        turn = TextTurn(
            channel=channel,
            caller=event.sender,
            network=event.network,
            ref=ref,
            session_ref=self._vault.mac(f"{channel.id}|{ref}".encode(), person=b"sms-session"),
            now_ms=self._clock.now_ms(),
            id=turn_id,
            gateway_id=event.gateway_id,
            text=event.text,
            hint=event.opt_hint,
        )
        with self._database.write() as connection:
            understood = self._turn(connection, turn, event)
        if understood is None:
            return
        if understood.forgets:
            self._forget_session(ref)
        if understood.texts:
            understood.woken.add(channel.id)
        for woken in understood.woken:
            self._wake(woken)

    def _turn(
        self, connection: Connection, turn: TextTurn, event: InboundSms
    ) -> Understanding | None:
        contact = contacts.ensure(
            connection,
            self._vault,
            turn.caller,
            channel_country=turn.channel.country,
            network=turn.network,
            now_ms=turn.now_ms,
        )
        contacts.lock(connection, contact.id)  # one text of a person at a time, in order
        inbound_id = inbound.store(
            connection,
            self._vault,
            turn.channel.id,
            event,
            ref=turn.ref,
            contact_id=contact.id,
            now_ms=turn.now_ms,
        )
        if inbound_id is None:
            return None
        is_new_owner = ownership.check_reassigned(
            connection, contact, turn.now_ms, silence_days=self._silence_days
        )
        if is_new_owner:
            contact = contacts.by_id(connection, contact.id)
        contacts.touch(connection, contact.id, turn.now_ms, network=turn.network)
        live = place.of(connection, self._vault, turn, contact, inbound_id)
        understood = self._understands.meaning(connection, turn, contact, live, inbound_id)
        if is_new_owner and not understood.leaves:
            understood.texts.append(self._understands.who_are_you(turn, contact))
        self._keep(connection, turn, contact, understood, inbound_id)
        return understood

    def _keep(
        self,
        connection: Connection,
        turn: TextTurn,
        contact: Contact,
        understood: Understanding,
        inbound_id: int,
    ) -> None:
        """Run the effects, queue the answers, and keep the place with the text."""
        sealed = None
        if understood.step is not None:
            live, outcome = understood.step.live, understood.step.outcome
            live.at = turn.now_ms
            live.owner_since = contact.owner_since
            scene = Scene(
                turn.channel, turn.caller, turn.ref, turn.now_ms, turn.id, live.session, turn.text
            )
            _, woken = self._effects.run(connection, contact, scene, outcome.effects)
            understood.woken |= woken
            if outcome.answered.how != ASIDE:
                facts = turn_facts(
                    turn.id, turn, live, outcome.answered, (), ends=live.session.ended
                )
                turn_rows.insert_turn(connection, turn_row(facts, self._vault))
            sealed = self._vault.encrypt(to_plain(live), inbound.SESSION_CONTEXT)
        for index, said in enumerate(understood.texts):
            replies.queue_reply(
                connection,
                self._vault,
                turn.channel,
                contact,
                said.text,
                now_ms=turn.now_ms,
                dedupe_key=said.once or f"{turn.id}:{index}",
                msisdn=turn.caller,
                prefixes=self._prefixes,
                purpose=said.purpose,
            )
        inbound.settle(connection, inbound_id, session_enc=sealed, silent=not understood.texts)
