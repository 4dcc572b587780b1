"""The manager's desk: drafting, pricing, submitting, deciding and scheduling campaigns.

Every act asks for a right of the user and leaves a row in the audit log. What is counted is counted
outside of the transaction that acts; the transaction looks again whether the campaign is still the one
that was looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from smsbot.campaigns import draws, lifecycle, occurrences, preview, trying
from smsbot.campaigns.lint import lint, prospects
from smsbot.campaigns.texts import Worded, seal, word
from smsbot.errors import NotFound, Refused
from smsbot.people.roles import Act, demand
from smsbot.storage import audit, campaign_texts, campaigns
from smsbot.text.segments import segment
from smsbot.values import CampaignState as State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

    from smsbot.campaigns.lint import Finding
    from smsbot.campaigns.preview import Preview
    from smsbot.campaigns.texts import Words
    from smsbot.campaigns.trying import Tried
    from smsbot.plans import Plan
    from smsbot.storage.campaigns import Campaign
    from smsbot.storage.database import Database
    from smsbot.storage.users import User
    from smsbot.values import Channel
    from smsbot.vault import Vault

MAX_NOTE: Final = 500


@dataclass(frozen=True, slots=True)
class Look:
    """A campaign as its manager and its approver see it."""

    campaign: Campaign
    channel: Channel
    texts: Mapping[str, Worded]
    findings: tuple[Finding, ...]
    preview: Preview

    @property
    def has_errors(self) -> bool:
        """Say whether it can't be submitted as it is."""
        return any(one.is_error for one in self.findings)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the desk works with. `via` is how the user came (a login of the shell, a session).

    `words` opens the content of the deployment, which only some acts need.
    """

    database: Database
    vault: Vault
    channels: Mapping[str, Channel]
    words: Callable[[], Words]
    approval_over: int
    actor: User
    via: str = ""

    # --- drafting --------------------------------------------------------------------------------

    def create(self, plan: Plan, now_ms: int) -> int:
        """Keep a new draft; give its id."""
        self._demand(Act.WRITE_CAMPAIGNS)
        with self.database.write() as connection:
            made = campaigns.add(connection, plan, author=self.actor.name, now_ms=now_ms)
            detail = {"channel": plan.channel, "purpose": plan.purpose}
            self._log(connection, "campaign.create", made, detail, now_ms)
        return made

    def edit(self, campaign_id: int, plan: Plan, now_ms: int) -> None:
        """Put another plan in a draft's place."""
        self._demand(Act.WRITE_CAMPAIGNS)
        with self.database.write() as connection:
            found = campaigns.find(connection, campaign_id)
            if not campaigns.rewrite(connection, campaign_id, plan, now_ms):
                raise Refused(
                    f"campaign {campaign_id} is {lifecycle.named(found.state)}: only a draft is "
                    "edited (a campaign in review can be rejected back to a draft)"
                )
            self._log(connection, "campaign.edit", campaign_id, {"channel": plan.channel}, now_ms)

    def look(self, campaign_id: int, now_ms: int) -> Look:
        """Count, price and lint a campaign as it is now. Takes seconds for a million people."""
        self._demand(Act.SEE_CAMPAIGNS)
        with self.database.read() as connection:
            campaign = campaigns.find(connection, campaign_id)
            texts = self._texts(connection, campaign, now_ms)
        return self._look(campaign, texts, now_ms)

    def texts(self, campaign_id: int, now_ms: int) -> Mapping[str, Worded]:
        """Give the texts by language: sealed ones once they are, else what the draft says now."""
        self._demand(Act.SEE_CAMPAIGNS)
        with self.database.read() as connection:
            return self._texts(connection, campaigns.find(connection, campaign_id), now_ms)

    def _texts(
        self, connection: Connection, campaign: Campaign, now_ms: int
    ) -> Mapping[str, Worded]:
        channel = self._channel(campaign)
        if campaign.state is State.DRAFT:
            return word(campaign.plan, channel, self.words(), now_ms)
        sealed = campaign_texts.opened(connection, self.vault, campaign.id)
        order = [each for each in (*channel.languages, *sorted(sealed)) if each in sealed]
        return {language: Worded(*sealed[language]) for language in dict.fromkeys(order)}

    def _look(self, campaign: Campaign, texts: Mapping[str, Worded], now_ms: int) -> Look:
        channel = self._channel(campaign)
        plain = {language: worded.text for language, worded in texts.items()}
        measured = {language: segment(text) for language, text in plain.items()}
        counted = preview.preview(
            self.database,
            campaign.plan,
            measured,
            channel,
            now_ms=now_ms,
            sample_seed=draws.seed_of(campaign.id),
        )
        findings = (*lint(campaign.plan, plain, self.words().around), *prospects(counted))
        return Look(campaign, channel, texts, findings, counted)

    def test_send(
        self, campaign_id: int, raw_numbers: Sequence[str], *, language: str = "", now_ms: int
    ) -> tuple[Tried, ...]:
        """Send the text to a few phones, now, marked as a test."""
        self._demand(Act.WRITE_CAMPAIGNS)
        with self.database.read() as connection:
            campaign = campaigns.find(connection, campaign_id)
            channel = self._channel(campaign)
            numbers = trying.parse_numbers(raw_numbers, channel)
            texts = self._texts(connection, campaign, now_ms)
        if not texts:
            raise Refused(f"campaign {campaign_id} has no text any more")
        plain = {each: worded.text for each, worded in texts.items()}
        for finding in lint(campaign.plan, plain, self.words().around):
            if finding.is_error and finding.language:
                raise Refused(f"not even a test is sent of such a text: {finding}")
        self.words().keep()
        with self.database.write() as connection:
            return trying.send_tests(
                connection,
                self.vault,
                channel,
                campaign_id,
                texts,
                numbers,
                language=language,
                actor=self.actor.name,
                now_ms=now_ms,
            )

    def submit(self, campaign_id: int, now_ms: int) -> Look:
        """Ask for approval: the texts are sealed as they are now. Raises Refused with every error."""
        self._demand(Act.WRITE_CAMPAIGNS)
        with self.database.read() as connection:
            campaign = campaigns.find(connection, campaign_id)
        if campaign.state is not State.DRAFT:
            raise Refused(lifecycle.illegal(campaign_id, campaign.state, State.REVIEW))
        self._refuse_past_start(campaign, now_ms)
        texts = word(campaign.plan, self._channel(campaign), self.words(), now_ms)
        look = self._look(campaign, texts, now_ms)
        errors = [str(one) for one in look.findings if one.is_error]
        if errors:
            raise Refused("\n".join([f"campaign {campaign_id} can't be submitted:", *errors]))
        self.words().keep()
        with self.database.write() as connection:
            self._refuse_changed(connection, campaign)
            seal(connection, self.vault, campaign_id, texts, now_ms)
            warned = sorted({one.code for one in look.findings})
            self._move(
                connection,
                campaign_id,
                State.REVIEW,
                now_ms,
                {"reached": look.preview.reached, "warnings": warned},
                submitted_by=self.actor.name,
                submitted_at=now_ms,
                approved_size=look.preview.reached,
                decided_by="",
                decided_at=None,
                decision_note="",
            )
        return look

    # --- deciding --------------------------------------------------------------------------------

    def approve(self, campaign_id: int, now_ms: int, *, note: str = "") -> Look:
        """Approve what was submitted, counted anew. Above the threshold only another person may."""
        self._demand(Act.APPROVE_CAMPAIGNS)
        look = self.look(campaign_id, now_ms)
        campaign = look.campaign
        if campaign.state is not State.REVIEW:
            raise Refused(lifecycle.illegal(campaign_id, campaign.state, State.APPROVED))
        self._refuse_own(campaign, look.preview.reached)
        with self.database.write() as connection:
            self._refuse_changed(connection, campaign)
            self._move(
                connection,
                campaign_id,
                State.APPROVED,
                now_ms,
                {"reached": look.preview.reached, "cost_micros": look.preview.cost_micros},
                approved_size=look.preview.reached,
                **self._decided(note, now_ms),
            )
        return look

    def reject(self, campaign_id: int, note: str, now_ms: int) -> None:
        """Send a campaign back to its author, who is told why by the note."""
        self._demand(Act.APPROVE_CAMPAIGNS)
        if not note.strip():
            raise Refused("say why: --note WORDS")
        with self.database.write() as connection:
            self._move(
                connection,
                campaign_id,
                State.DRAFT,
                now_ms,
                {},
                approved_size=None,
                **self._decided(note, now_ms),
            )

    def _decided(self, note: str, now_ms: int) -> dict[str, Any]:
        if len(note) > MAX_NOTE:
            raise Refused(f"a note has {MAX_NOTE} characters at most")
        return {
            "decided_by": self.actor.name,
            "decided_at": now_ms,
            "decision_note": note.strip(),
        }

    def _refuse_own(self, campaign: Campaign, reached: int) -> None:
        is_own = self.actor.name in (campaign.author, campaign.submitted_by)
        size = max(reached, campaign.approved_size or 0)
        if is_own and size > self.approval_over:
            raise Refused(
                f"campaign {campaign.id} reaches {size:,} people, more than {self.approval_over:,}: "
                f"another person than {self.actor.name}, who wrote it, must approve it (--as USER)"
            )

    # --- starting --------------------------------------------------------------------------------

    def schedule(
        self,
        campaign_id: int,
        now_ms: int,
        *,
        at_once: bool = False,
        call_at: Callable[[int, int], object] | None = None,
    ) -> int:
        """Let an approved campaign go at its start; give the moment of its first launch.

        `at_once` is now, whatever the plan says; so is an expired campaign's, which a person takes up
        again. `call_at(campaign, moment)` is told after the commit; the ticker would find it anyway.
        """
        self._demand(Act.RUN_CAMPAIGNS)
        with self.database.write() as connection:
            campaign = campaigns.find(connection, campaign_id, lock=True)
            channel = self._channel(campaign)
            if at_once or (campaign.state is State.EXPIRED and not campaign.plan.repeat):
                first = now_ms
            else:
                self._refuse_past_start(campaign, now_ms)
                first = occurrences.first(campaign.plan, channel.timezone, now_ms)
            self._move(
                connection,
                campaign_id,
                State.SCHEDULED,
                now_ms,
                {"next_at": first},
                only_from=(State.APPROVED, State.EXPIRED),
                next_at=first,
            )
        if call_at is not None:
            call_at(campaign_id, first)
        return first

    def _refuse_past_start(self, campaign: Campaign, now_ms: int) -> None:
        plan = campaign.plan
        zone = self._channel(campaign).timezone
        if plan.repeat or plan.start.at is None:
            return
        if occurrences.ends_at(plan, occurrences.first(plan, zone, now_ms)) <= now_ms:
            raise Refused(
                f"the start of campaign {campaign.id}, {plan.start.at:%Y-%m-%d %H:%M}, is over by more "
                "than its expiry: write another start (edit), or let an approved one go with --now"
            )

    # --- stopping --------------------------------------------------------------------------------

    def demand_stop(self) -> None:
        """Raise Refused unless the user may pause and cancel."""
        self._demand(Act.STOP_CAMPAIGNS)

    def demand_run(self) -> None:
        """Raise Refused unless the user may resume."""
        self._demand(Act.RUN_CAMPAIGNS)

    # ---------------------------------------------------------------------------------------------

    def _demand(self, act: Act) -> None:
        demand(self.actor.name, self.actor.role, act)

    def _channel(self, campaign: Campaign) -> Channel:
        found = self.channels.get(campaign.channel)
        if found is None:
            raise NotFound(
                f"campaign {campaign.id} goes by the channel {campaign.channel!r}, which "
                "channels.yaml does not have (any more)"
            )
        return found

    def _refuse_changed(self, connection: Connection, seen: Campaign) -> None:
        """Raise Refused if the campaign is not the one that was looked at; hold it if it is."""
        now = campaigns.find(connection, seen.id, lock=True)
        if (now.state, now.plan, now.submitted_at) != (seen.state, seen.plan, seen.submitted_at):
            raise Refused(f"campaign {seen.id} was changed by somebody just now: look again")

    def _move(
        self,
        connection: Connection,
        campaign_id: int,
        to: State,
        now_ms: int,
        detail: Mapping[str, Any],
        *,
        only_from: Sequence[State] = tuple(State),
        **also: Any,
    ) -> None:
        lifecycle.move(
            connection,
            campaign_id,
            to,
            actor=self.actor.name,
            now_ms=now_ms,
            detail={**detail, **self._came()},
            only_from=only_from,
            **also,
        )

    def _log(
        self,
        connection: Connection,
        action: str,
        campaign_id: int,
        detail: Mapping[str, Any],
        now_ms: int,
    ) -> None:
        audit.append(
            connection,
            self.actor.name,
            action,
            lifecycle.subject(campaign_id),
            {**detail, **self._came()},
            now_ms=now_ms,
        )

    def _came(self) -> dict[str, str]:
        return {"via": self.via} if self.via else {}
