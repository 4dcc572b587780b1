"""The deployment's content as campaigns need it: first pages of flows, official numbers, stop words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsbot.campaigns.lint import Surroundings
from smsbot.campaigns.texts import Worded
from smsbot.content.checks.gather import PRACTICE_LABEL
from smsbot.content.checks.material import plain
from smsbot.content.faults import did_you_mean
from smsbot.conversation.openings import open_flow
from smsbot.engine.scope import is_draft
from smsbot.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from smsbot.content.checks.numbers import OfficialNumber
    from smsbot.engine.model import Content
    from smsbot.values import Channel


class CampaignWords:
    """One version of the content (a `campaigns.texts.Words`)."""

    def __init__(
        self,
        content: Content,
        *,
        channels: Iterable[Channel],
        numbers: Iterable[OfficialNumber],
        mark_drafts: bool,
        keep: Callable[[], None],
    ) -> None:
        """Take the content; `keep` stores its files, `mark_drafts` is `Settings.is_dev`."""
        self._content = content
        self._mark_drafts = mark_drafts
        self._keep = keep
        ours = [each for channel in channels for each in (channel.service_code, channel.sender)]
        official = [plain(each) for each in ours if each]
        self.around = Surroundings(
            official=frozenset(official) | {plain(number.value) for number in numbers},
            capitals=frozenset(word.upper() for word in self._words_to_type()),
            stop_words=frozenset(content.service_words.get("STOP", {})),
            practice={
                language: words[PRACTICE_LABEL].source
                for language, words in content.core.items()
                if PRACTICE_LABEL in words
            },
        )

    def _words_to_type(self) -> Iterable[str]:
        for flow in self._content.flows.values():
            yield from flow.keywords
        for service, spellings in self._content.service_words.items():
            yield service
            yield from spellings

    def languages(self, flow_id: str) -> tuple[str, ...]:
        """Give the languages that a flow is offered in; raise Refused for a flow that is not there."""
        flow = self._content.flows.get(flow_id)
        if flow is None:
            raise Refused(
                f"there is no flow {flow_id!r} ({did_you_mean(flow_id, self._content.flows)})"
            )
        return tuple(
            language
            for language in flow.languages
            if self._mark_drafts or not is_draft(self._content, flow, language)
        )

    def open_flow(self, flow_id: str, language: str, channel: Channel, now_ms: int) -> Worded:
        """Give the first page of a flow for anybody; raise Refused for one that can't be."""
        opening = open_flow(
            self._content,
            channel,
            flow_id,
            language,
            now_ms=now_ms,
            mark_drafts=self._mark_drafts,
        )
        return Worded(opening.text, opening.flow, opening.version, opening.session)

    def keep(self) -> None:
        """Keep the version of the content, so that whoever answers weeks later goes on in it."""
        self._keep()
