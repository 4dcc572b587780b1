"""Running what a turn decided: effects as data become rows, each once by the turn's id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smsbot.courses.enrolment import enrol
from smsbot.engine.model import COMMITTED, Effect, EffectKind
from smsbot.scamdesk import intake
from smsbot.sending import replies, routes
from smsbot.storage import alerts, contacts, reminders, reports
from smsbot.storage.alerts import Kind
from smsbot.storage.consents import Evidence, grant, withdraw
from smsbot.storage.suppressions import REPLY, Reason, lift, opt_out
from smsbot.text.references import reference_from

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

    from smsbot.conversation.facts import TurnNames
    from smsbot.engine.session import Session
    from smsbot.sessions.journal import TurnFacts
    from smsbot.sessions.live import Live
    from smsbot.storage.contacts import Contact
    from smsbot.storage.database import Database
    from smsbot.values import Channel, Msisdn
    from smsbot.vault import Vault

EVERYTHING = "all"
"""The purpose of a consent effect that means all of them: answered "no", it is a STOP."""
EARLIER = "report_ref"
"""The variable of a flow that holds the reference of its report: kept by a later one, it adds to it."""
_AFTER = re.compile(r"(\d{1,3})([mhdw])")
_UNIT_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
DEFAULT_REMINDER_MS = _UNIT_MS["d"]


@dataclass(frozen=True, slots=True)
class Scene:
    """Where and when effects happen: what their rows say of themselves."""

    channel: Channel
    caller: Msisdn
    ref: str
    now_ms: int
    turn_id: str
    session: Session
    raw_text: str | None = None


class EffectRunner:
    """Runs effects. Every row has a unique key made of the turn's id, so a repeated turn adds none.

    `wake` is told the channel of each text that was queued, after the commit.
    """

    def __init__(
        self,
        *,
        database: Database,
        vault: Vault,
        channels: Mapping[str, Channel],
        prefixes: replies.CountsPrefixes,
        wake: Callable[[str], object],
    ) -> None:
        self._database = database
        self._prefixes = prefixes
        self._vault = vault
        self._channels = channels
        self._wake = wake

    def commit(
        self, turn: TurnNames, live: Live, effects: Sequence[Effect], turn_id: str
    ) -> tuple[list[str], Sequence[Effect]]:
        """Commit what people rely on; give the references of its reports, and what may wait.

        Raises DatabaseAway: then nothing happened, and nothing may be said as done.
        """
        relied_on = [effect for effect in effects if effect.kind in COMMITTED]
        if not relied_on:
            return [], effects
        scene = Scene(turn.channel, turn.caller, turn.ref, turn.now_ms, turn_id, live.session)
        with self._database.write() as connection:
            contact = contacts.ensure(
                connection,
                self._vault,
                turn.caller,
                channel_country=turn.channel.country,
                network=turn.network,
                now_ms=turn.now_ms,
            )
            references, woken = self.run(connection, contact, scene, relied_on)
        for channel in woken:
            self._wake(channel)
        return references, [effect for effect in effects if effect.kind not in COMMITTED]

    def run(
        self, connection: Connection, contact: Contact, scene: Scene, effects: Sequence[Effect]
    ) -> tuple[list[str], set[str]]:
        """Run effects in the caller's transaction; give reports' references and channels to wake."""
        references: list[str] = []
        woken: set[str] = set()
        for index, effect in enumerate(effects):
            key = f"{scene.turn_id}:{effect.kind.value}:{index}"
            match effect.kind:
                case EffectKind.REPORT:
                    references.append(self._report(connection, contact, scene, effect, key))
                case EffectKind.SEND_SMS:
                    woken |= self._send(connection, contact, scene, effect, key)
                case EffectKind.CONSENT:
                    self._consent(connection, contact, scene, effect, key)
                case EffectKind.LANGUAGE:
                    contacts.set_language(
                        connection, contact.id, effect.args["value"], scene.now_ms
                    )
                case EffectKind.ESCALATE:
                    alerts.raise_alert(
                        connection,
                        Kind.ESCALATION,
                        scene.turn_id,
                        f"a person on {scene.channel.id} was escalated by {scene.session.flow}"
                        f"/{scene.session.state}: {effect.args.get('value', '')}",
                        scene.now_ms,
                    )
                case _:
                    self._waitable(
                        connection,
                        contact.id,
                        effect.kind,
                        effect.args,
                        key=key,
                        flow=scene.session.flow,
                        channel=scene.channel.id,
                        now_ms=scene.now_ms,
                    )
        return references, woken

    def run_journaled(self, connection: Connection, turn: TurnFacts) -> None:
        """Run what a journaled turn left to be done, in the drain's transaction."""
        contact = contacts.find(connection, turn.ref)
        if contact is None or contact.erased_at is not None:
            return
        for index, (kind, arguments) in enumerate(turn.effects):
            self._waitable(
                connection,
                contact.id,
                EffectKind(kind),
                arguments,
                key=f"{turn.id}:{kind}:{index}",
                flow=turn.to_flow,
                channel=turn.channel,
                now_ms=turn.at,
            )

    def _waitable(
        self,
        connection: Connection,
        contact_id: int,
        kind: EffectKind,
        arguments: Mapping[str, str],
        *,
        key: str,
        flow: str,
        channel: str,
        now_ms: int,
    ) -> None:
        match kind:
            case EffectKind.TAG:
                contacts.tag(connection, contact_id, arguments["value"][:64], now_ms)
            case EffectKind.UNTAG:
                contacts.untag(connection, contact_id, arguments["value"][:64])
            case EffectKind.ENROL:
                course = arguments["value"][:64]
                enrol(
                    connection, contact_id, course, effect_key=key, now_ms=now_ms, channel=channel
                )
            case EffectKind.REMIND:
                due_at = now_ms + _after_ms(arguments.get("after", ""))
                reminders.remind(connection, contact_id, flow, channel, due_at, key)

    def _report(
        self, connection: Connection, contact: Contact, scene: Scene, effect: Effect, key: str
    ) -> str:
        given = reports.reference_of(connection, key)
        if given is not None:
            return given
        facts = {
            name: value
            for name, value in effect.args.items()
            if name not in ("type", "reference", EARLIER)
        }
        earlier = effect.args.get(EARLIER, "")
        if earlier and intake.add_to_report(
            connection, contact=contact, earlier=earlier, facts=facts
        ):
            return effect.args[
                "reference"
            ]  # made by the engine, and nobody's: the flow shows the other

        def candidate(attempt: int) -> str:
            told = effect.args.get("reference", "")
            return told if told and not attempt else reference_from(key.encode(), attempt)

        return intake.take_report(
            connection,
            self._vault,
            effect_key=key,
            contact=contact,
            channel=scene.channel.id,
            kind=effect.args.get("type", ""),
            facts=facts,
            raw_text=scene.raw_text,
            now_ms=scene.now_ms,
            reference=intake.free_reference(connection, candidate),
        )

    def _send(
        self, connection: Connection, contact: Contact, scene: Scene, effect: Effect, key: str
    ) -> set[str]:
        channel = routes.texting(self._channels, scene.channel)
        if channel is None:
            return set()
        replies.queue_reply(
            connection,
            self._vault,
            channel,
            contact,
            effect.text,
            now_ms=scene.now_ms,
            dedupe_key=key,
            msisdn=scene.caller,
            prefixes=self._prefixes,
            purpose=REPLY,
        )
        return {channel.id}

    def _consent(
        self, connection: Connection, contact: Contact, scene: Scene, effect: Effect, key: str
    ) -> None:
        contacts.lock(connection, contact.id)  # against an import that reads what was said before
        purpose = effect.args["purpose"]
        says_yes = effect.args.get("answer", "yes") == "yes"
        evidence = Evidence(
            at=scene.now_ms,
            channel=scene.channel.id,
            text_version=scene.session.version,
            language=scene.session.flow_language,
            source=f"{scene.session.flow}/{scene.session.state}"[:128],
            effect_key=key,
        )
        if purpose == EVERYTHING:
            if not says_yes:
                opt_out(connection, scene.ref, reason=Reason.STOP, evidence=evidence)
        elif says_yes:
            lift(connection, scene.ref, scene.now_ms)  # the person's own opt-in ends a STOP
            grant(connection, contact.id, purpose, evidence)
        else:
            withdraw(connection, contact.id, purpose, evidence)


def _after_ms(raw: str) -> int:
    match = _AFTER.fullmatch(raw)
    return int(match[1]) * _UNIT_MS[match[2]] if match else DEFAULT_REMINDER_MS
