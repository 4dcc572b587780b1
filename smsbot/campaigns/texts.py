"""The texts of a campaign by language: what its author wrote, or the first page of its flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from smsbot.errors import Refused
from smsbot.storage import campaign_texts
from smsbot.storage import texts as sealed_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from smsbot.campaigns.lint import Surroundings
    from smsbot.plans import Plan
    from smsbot.values import Channel
    from smsbot.vault import Vault


@dataclass(frozen=True, slots=True)
class Worded:
    """A text, and for a flow the conversation that a reply goes on with (None: it ends there)."""

    text: str
    flow: str = ""
    version: str = ""
    session: bytes | None = None


class Words(Protocol):
    """The content of this deployment, as far as a campaign needs it (`conversation.campaign_words`)."""

    @property
    def around(self) -> Surroundings:
        """What texts are looked at against."""

    def languages(self, flow_id: str) -> tuple[str, ...]:
        """Give the languages that a flow is offered in; raise Refused for a flow that is not there."""

    def open_flow(self, flow_id: str, language: str, channel: Channel, now_ms: int) -> Worded:
        """Give the first page of a flow for anybody; raise Refused for one that can't be."""

    def keep(self) -> None:
        """Keep the version of the content, so that whoever answers weeks later goes on in it."""


def word(plan: Plan, channel: Channel, words: Words, now_ms: int) -> dict[str, Worded]:
    """Give the texts of a plan by language, the channel's first language first."""
    if plan.flow:
        wanted = plan.audience.language
        offered = [each for each in words.languages(plan.flow) if not wanted or each in wanted]
        if not offered:
            among = f" ({', '.join(wanted)})" if wanted else ""
            raise Refused(
                f"the flow {plan.flow!r} is offered in none of the campaign's languages{among}"
            )
        found = {
            language: words.open_flow(plan.flow, language, channel, now_ms) for language in offered
        }
    else:
        found = {language: Worded(text) for language, text in plan.message.items()}
    order = {language: place for place, language in enumerate(channel.languages)}
    return dict(sorted(found.items(), key=lambda one: (order.get(one[0], len(order)), one[0])))


def seal(
    connection: Connection,
    vault: Vault,
    campaign_id: int,
    texts: Mapping[str, Worded],
    now_ms: int,
) -> None:
    """Keep the texts as those that are approved or rejected; what was sealed before is replaced."""
    campaign_texts.forget(connection, campaign_id)
    kept = {}
    for language, worded in texts.items():
        mark = vault.mac(worded.text.encode() + (worded.session or b""), person=b"campaigns.text")
        sealed = sealed_texts.keep(
            connection,
            vault,
            key=f"c{campaign_id}:{language}:{mark[:24]}",
            language=language,
            text=worded.text,
            now_ms=now_ms,
            flow=worded.flow,
            version=worded.version,
            session=worded.session,
        )
        assert sealed.text_id is not None
        kept[language] = sealed.text_id
    campaign_texts.put(connection, campaign_id, kept)
