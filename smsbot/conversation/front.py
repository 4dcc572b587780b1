"""The front door: what is known of a person who knocks, and the offer to go on where they left."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from smsbot.engine import step as engine
from smsbot.engine.model import Answered, Outcome, Person, Reply
from smsbot.errors import DatabaseAway
from smsbot.people import ownership
from smsbot.storage import contacts
from smsbot.storage.profiles import Glance, profile
from smsbot.text.answers import match_option
from smsbot.values import ChannelKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsbot.engine.model import Content, Template
    from smsbot.engine.session import Session
    from smsbot.engine.step import Surface
    from smsbot.sessions.live import Live
    from smsbot.storage.database import Database
    from smsbot.storage.profiles import Profile
    from smsbot.values import Channel


class Page(NamedTuple):
    """What a USSD caller is shown, and whether the session ends with it."""

    text: str
    ends: bool


class Known(NamedTuple):
    """A person as a flow may know them. `owner_since` 0: SQL does not know them (yet)."""

    person: Person
    language: str
    owner_since: int


class Front:
    """Knows words, surfaces and persons; changes nothing, but for a number that changed hands."""

    def __init__(
        self,
        database: Database,
        *,
        mark_drafts: bool,
        silence_days: int = ownership.SILENCE_DAYS,
    ) -> None:
        self._database = database
        self._glance = Glance(database)
        self._mark_drafts = mark_drafts
        self._silence_days = silence_days
        self._surfaces: dict[tuple[str, ChannelKind], Surface] = {}

    def surface(self, channel: Channel, kind: ChannelKind = ChannelKind.USSD) -> Surface:
        """Give how texts look on this channel."""
        key = (channel.id, kind)
        found = self._surfaces.get(key)
        if found is None:
            found = engine.Surface(
                kind=kind,
                page=channel.page,
                country=channel.country,
                mark_drafts=self._mark_drafts,
            )
            self._surfaces[key] = found
        return found

    def word(
        self,
        content: Content,
        channel: Channel,
        language: str,
        key: str,
        values: Mapping[str, str] | None = None,
    ) -> str:
        """Give one of the service's own texts in this language, else in English.

        `{service}` and `{cost}` are filled here: the name of the service, and what a text costs.
        """
        names = {
            "service": self._plain(content, language, "service"),
            "cost": self._plain(content, language, f"cost-{channel.tariff.value}"),
        }
        return self._template(content, language, key).render({**names, **(values or {})})

    def _plain(self, content: Content, language: str, key: str) -> str:
        return self._template(content, language, key).render({})

    def _template(self, content: Content, language: str, key: str) -> Template:
        return content.core.get(language, {}).get(key) or content.core["en"][key]

    def apology(self, content: Content, channel: Channel) -> Page:
        """Give the page for a turn that cannot be served now, in the channel's language."""
        return Page(self.word(content, channel, channel.languages[0], "apology"), ends=True)

    def known(
        self, channel: Channel, ref: str, previous: Live | None, now_ms: int, network: str
    ) -> Known:
        """Give what SQL knows; when SQL is away, what the previous session knew, else a stranger."""
        try:
            found = self._profile(ref, now_ms)
        except DatabaseAway:
            if previous is not None:
                return Known(
                    previous.session.person, previous.session.language, previous.owner_since
                )
            found = None
        if found is None:
            person = Person(country=channel.country, network=network)
            return Known(person, channel.languages[0], 0)
        person = Person(
            country=found.country or channel.country,
            network=network or found.network,
            region=found.region,
            consents=found.consents,
            asked=found.asked,
            tags=found.tags,
        )
        return Known(person, found.language or channel.languages[0], found.owner_since)

    def _profile(self, ref: str, now_ms: int) -> Profile | None:
        """Read a person; after a long silence the number has a new owner, of whom nothing is known."""
        found = self._glance(ref)
        if found is None or not ownership.looks_reassigned(
            found, now_ms, silence_days=self._silence_days
        ):
            return found
        with self._database.write() as connection:
            contact = contacts.by_id(connection, found.contact_id)
            ownership.check_reassigned(connection, contact, now_ms, silence_days=self._silence_days)
            return profile(connection, ref)

    def is_under_way(self, session: Session) -> bool:
        """Say whether there is a place worth going back to: past a flow's own first page."""
        return bool(session.history or session.frames or session.page)

    def offer(self, content: Content, session: Session, channel: Channel) -> Page:
        """Ask: continue, or start again."""
        language = session.flow_language
        flow = content.flows[session.flow]
        head = self.word(
            content,
            channel,
            language,
            "resume-offer",
            {"title": flow.titles.get(language, flow.title)},
        )
        lines = [
            head,
            *(f"{n} {line}" for n, line in enumerate(self._choices(content, channel, language), 1)),
        ]
        return Page("\n".join(lines), ends=False)

    def answer_offer(
        self, content: Content, session: Session, channel: Channel, typed: str
    ) -> Outcome | None:
        """Give the outcome of the offer: the old page, the offer again, or None to start again."""
        choices = self._choices(content, channel, session.flow_language)
        match match_option(typed, [[line] for line in choices]):
            case 1:
                reply = engine.show(content, session, self.surface(channel))
                how = "resume"
            case 2:
                return None
            case _ if typed.strip() in ("0", "00"):
                return None
            case _:
                page = self.offer(content, session, channel)
                reply = Reply(page.text, page.ends)
                how = "offer"
        return Outcome(session, reply, (), Answered(session.flow, session.state, how))

    def after_the_end(self, content: Content, session: Session, channel: Channel) -> Outcome:
        """Answer a turn that comes after a session's last page."""
        words = self.word(content, channel, session.language, "session-ended")
        return Outcome(
            session, Reply(words, ends=True), (), Answered(session.flow, session.state, "end")
        )

    def _choices(self, content: Content, channel: Channel, language: str) -> tuple[str, str]:
        return (
            self.word(content, channel, language, "resume-continue"),
            self.word(content, channel, language, "resume-again"),
        )
