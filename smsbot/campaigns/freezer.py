"""Writes the audience of one run, piece by piece; `launch.freeze` says when, and what comes of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from smsbot.campaigns import occurrences
from smsbot.campaigns.choosing import Choice, draw_sample
from smsbot.campaigns.pieces import Batches, Pace, first_bulk_batch
from smsbot.plans import StartZone
from smsbot.sending.hours import wall_to_ms
from smsbot.storage import audiences, campaigns, freezing, runs
from smsbot.storage.freezing import Batch, Lot
from smsbot.text.zones import zone_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from smsbot.plans import Plan
    from smsbot.storage.audiences import Person
    from smsbot.storage.database import Database
    from smsbot.storage.runs import Run
    from smsbot.values import Channel

CANARY_SHARE: Final = 0.01
"""What goes first when the plan does not say."""


class Freezer:
    """One process's work on one run. Another may do the same at the same time, or take it up later."""

    def __init__(
        self, database: Database, run_id: int, *, channel: Channel, now_ms: int, canary_over: int
    ) -> None:
        self._database = database
        self._channel = channel
        self._now_ms = now_ms
        self._pace = Pace()
        with database.read() as connection:
            run = runs.find(connection, run_id)
            self._campaign = campaigns.find(connection, run.campaign_id)
            self._texts = freezing.approved_texts(connection, run.campaign_id)
            self._rules = audiences.rules(
                connection,
                self._campaign.plan.audience,
                purpose=self._campaign.purpose,
                first_language=channel.languages[0],
                now_ms=run.began_at,
            )
        plan = self._campaign.plan
        share = CANARY_SHARE if run.freeze_to > canary_over else 0.0
        if plan.canary is not None:
            share = plan.canary.share
        self._first_bulk = first_bulk_batch(run.freeze_to, share)
        self.run = self._with_sample(run)
        self._choice = Choice(
            plan,
            languages=self._texts,
            first_language=channel.languages[0],
            seed=run.seed,
            number=run.number,
            sample_below=self.run.sample_below,
            canary_share=share,
        )
        self._expiry = Expiry(plan, run, channel)

    def _with_sample(self, run: Run) -> Run:
        """Give the run with the bound of its sample, drawn now unless another process has done so."""
        size = self._campaign.plan.audience.sample
        if size is None or run.sample_below is not None:
            return run
        bound = draw_sample(
            self._database,
            self._rules,
            size,
            upto=run.freeze_to,
            seed=run.seed,
            number=run.number,
        )
        with self._database.write() as connection:
            freezing.set_sample(connection, run.id, bound)
            return runs.find(connection, run.id)

    def write_piece(self, done: int) -> int:
        """Write down the next people behind contact `done`; give the contact that is done then.

        That is `done` again when another process was faster, or the run has ended.
        """
        began = time.monotonic()
        with self._database.read() as connection:
            upto = min(done + self._pace.contacts, self.run.freeze_to)
            most = self._pace.people
            people = audiences.page(connection, self._rules, after=done, upto=upto, most=most)
            batches = Batches(freezing.last_batches(connection, self.run.id), self._first_bulk)
        if len(people) == most:
            upto = people[-1].id
        lots = self._sort(people, batches)
        ready = time.monotonic()
        with self._database.write() as connection:
            if not freezing.advance(connection, self.run.id, done, upto):
                return done
            self._write(connection, lots)
        self._pace.learn(read_s=ready - began, write_s=time.monotonic() - ready)
        return upto

    def _sort(self, people: Sequence[Person], batches: Batches) -> Mapping[Lot, list[int]]:
        """Give the people by what their rows have in common."""
        choice, prices = self._choice, self._channel.prices
        lots: dict[Lot, list[int]] = {}
        for person in choice.sampled(people):
            reason = choice.reason_against(person)
            ends_at = self._expiry.of(person)
            if reason:
                lot = Lot(reason, "", 0, ends_at, None)
            else:
                language = choice.language_of(person)
                price_micros = (
                    prices.segment_micros(person.country, person.network)
                    * self._texts[language].segments
                )
                batch = batches.place(is_canary=choice.is_canary(person))
                lot = Lot("", language, price_micros, ends_at, batch)
            lots.setdefault(lot, []).append(person.id)
        return lots

    def _write(self, connection: Connection, lots: Mapping[Lot, list[int]]) -> None:
        written = freezing.write(
            connection,
            self.run.id,
            lots,
            texts=self._texts,
            channel=self._channel.id,
            purpose=self._campaign.purpose,
            now_ms=self._now_ms,
        )
        batches = [
            Batch(number, size, number < self._first_bulk)
            for number, size in written.items()
            if number is not None
        ]
        freezing.count_in(connection, self.run.id, sum(written.values()), batches)


class Expiry:
    """When the message of a person is too late: the run's end, or by their own clock."""

    def __init__(self, plan: Plan, run: Run, channel: Channel) -> None:
        self._fallback = channel.timezone
        self._ends_at = run.ends_at
        self._begins = None
        if plan.start.zone is StartZone.CONTACT:
            self._begins = occurrences.wall_clock(plan, channel.timezone, run.planned_at)
        self._expiry_ms = plan.expiry_s * 1000
        self._known: dict[tuple[str, str], int] = {}

    def of(self, person: Person) -> int:
        """Give the moment in milliseconds, UTC."""
        if self._begins is None:
            return self._ends_at
        home = (person.timezone, person.country)
        found = self._known.get(home)
        if found is None:
            zone = zone_of(*home, self._fallback)
            begins_at = wall_to_ms(self._begins, zone)
            found = self._known[home] = min(begins_at + self._expiry_ms, self._ends_at)
        return found
