"""Each rule of an audience finds the people it means, on both databases, by an index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from smsbot.plans import Audience
from smsbot.storage import audiences, consents, contacts, suppressions
from smsbot.storage.consents import Evidence
from smsbot.storage.suppressions import Reason
from smsbot.storage.tables import contact_tags, enrolments, turns
from smsbot.storage.tables import contacts as contacts_table
from tests.integration.audience_support import DAY, NOW, People

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from smsbot.storage.database import Database
    from smsbot.vault import Vault

LATER = NOW - DAY // 2


def found_in(connection: Connection, audience: Audience, **changes: Any) -> list[audiences.Person]:
    given = {"purpose": "lessons", "first_language": "en", "now_ms": NOW} | changes
    rules = audiences.rules(connection, audience, **given)
    upto = audiences.highest_id(connection)
    return list(audiences.page(connection, rules, after=0, upto=upto, most=1000))


def names(connection: Connection, town: Mapping[str, int], audience: Audience) -> set[str]:
    ids = {person.id for person in found_in(connection, audience)}
    return {name for name, contact_id in town.items() if contact_id in ids}


def new_owner(connection: Connection, contact_id: int) -> None:
    """The number changed hands a moment ago; what was before is another person's."""
    connection.execute(
        update(contacts_table).where(contacts_table.c.id == contact_id).values(owner_since=LATER)
    )


@dataclass(slots=True)
class Turns:
    """Writes turns: where the answer was given, where it led, how, and whether all ended."""

    connection: Connection
    count: int = 0

    def add(
        self,
        contact_id: int,
        flow: str,
        to_flow: str,
        how: str = "option",
        *,
        ends: bool = False,
        channel: str = "at-ke",
    ) -> None:
        self.count += 1
        self.connection.execute(
            turns.insert().values(
                id=f"{self.count:032}",
                channel=channel,
                session_ref=f"{contact_id:032}",
                ref=contacts.by_id(self.connection, contact_id).ref,
                number=self.count,
                at=NOW - DAY,
                version="v",
                language="en",
                flow=flow,
                state="a",
                to_flow=to_flow,
                to_state="b",
                how=how,
                option=1,
                ends=ends,
            )
        )


def enrol(connection: Connection, contact_id: int, course: str, **columns: object) -> None:
    values: dict[str, object] = {"at": NOW - DAY, "effect_key": f"{contact_id}:{course}"}
    connection.execute(
        enrolments.insert().values(contact_id=contact_id, course=course, **(values | columns))
    )


def build(connection: Connection, vault: Vault) -> dict[str, int]:
    """Make a small town, where everybody is there for a reason."""
    people, walked, town = People(connection, vault), Turns(connection), {}

    def add(name: str, **columns: Any) -> int:
        town[name] = people.add(**columns)[0]
        return town[name]

    add("plain")
    add("sw", language="sw")
    add("en", language="en")
    add("ug", country="UG", network="64110")
    add("kisumu", region="Kisumu")
    add("equateur", region="ÉQUATEUR ")
    add("decomposed", region="E\u0301quateur")
    add("silent", last_seen_at=NOW - 40 * DAY)
    add("edge", last_seen_at=NOW - 30 * DAY)
    add("never-heard", last_seen_at=0)
    add("pilot", tags=("pilot",))
    add("pilot-robbed", tags=("pilot", "robbed"))
    new_owner(connection, add("pilot-before", tags=("pilot",)))
    add("alerts", agreed="alerts")

    walked.add(add("finished"), "menu", "wrong-send")
    walked.add(town["finished"], "wrong-send", "ask-lessons")
    walked.add(add("ended"), "wrong-send", "wrong-send", "answer", ends=True, channel="at-ke-sms")
    walked.add(add("read-on"), "wrong-send", "wrong-send", "more", ends=True)
    walked.add(add("halfway"), "wrong-send", "wrong-send")
    walked.add(add("went-home"), "wrong-send", "menu", "home")
    walked.add(add("gave-up"), "wrong-send", "wrong-send", "wrong", ends=True)
    walked.add(add("only-came"), "menu", "wrong-send")
    walked.add(add("finished-before"), "wrong-send", "menu")
    new_owner(connection, town["finished-before"])

    enrol(connection, add("enrolled"), "boosters")
    enrol(connection, add("completed"), "boosters", ended_at=NOW - 1, ended_because="done")
    enrol(connection, add("enrolled-before"), "boosters")
    new_owner(connection, town["enrolled-before"])
    return town


FINDS: tuple[tuple[Audience, set[str]], ...] = (
    (Audience(language=("sw",)), {"sw"}),
    (Audience(country=("ug",)), {"ug"}),
    (Audience(network=("64110", "64101")), {"ug"}),
    (Audience(region=("kisumu",)), {"kisumu"}),
    (Audience(region=("équateur",)), {"equateur", "decomposed"}),
    (Audience(region=("nowhere",)), set()),
    (Audience(tags_all=("pilot",)), {"pilot", "pilot-robbed"}),
    (Audience(tags_all=("pilot", "robbed")), {"pilot-robbed"}),
    (Audience(tags_any=("robbed", "other")), {"pilot-robbed"}),
    (Audience(tags_all=("pilot",), tags_none=("robbed",)), {"pilot"}),
    (Audience(finished=("wrong-send",)), {"finished", "ended", "read-on"}),
    (Audience(finished=("menu", "no-such-flow")), {"finished", "only-came"}),
    (Audience(enrolled=("boosters",)), {"enrolled"}),
    (Audience(consent=("alerts",)), {"alerts"}),
    (Audience(tags_any=("pilot",), finished=("wrong-send",)), set()),
)
NEW_OWNERS = {"pilot-before", "finished-before", "enrolled-before"}
LEAVES_OUT: tuple[tuple[Audience, set[str]], ...] = (
    (Audience(), set()),
    (Audience(language=("en",)), {"sw"}),
    (Audience(country=("KE",)), {"ug"}),
    (Audience(active_within_days=30), {"silent", "never-heard"}),
    (Audience(tags_none=("pilot",)), {"pilot", "pilot-robbed"}),
    (Audience(not_finished=("wrong-send",)), {"finished", "ended", "read-on"}),
    (Audience(not_enrolled=("boosters",)), {"enrolled"}),
    (Audience(consent=("lessons",)), {"alerts", *NEW_OWNERS}),
)


def test_a_rule_finds_whom_it_means_and_nobody_else(database: Database, vault: Vault) -> None:
    with database.write() as connection:
        town = build(connection, vault)
    with database.read() as connection:
        for audience, in_it in FINDS:
            assert (audience, names(connection, town, audience)) == (audience, in_it)
        for audience, left_out in LEAVES_OUT:
            found = set(town) - names(connection, town, audience)
            assert (audience, found) == (audience, left_out)


def _says_no_later(connection: Connection, contact_id: int) -> None:
    consents.withdraw(connection, contact_id, "lessons", Evidence(LATER, "at-ke", "", "en", "x"))


def _says_yes_again(connection: Connection, contact_id: int) -> None:
    _says_no_later(connection, contact_id)
    consents.grant(connection, contact_id, "lessons", Evidence(LATER, "at-ke", "", "en", "x"))


def _stops(connection: Connection, contact_id: int) -> None:
    found = contacts.by_id(connection, contact_id)
    evidence = Evidence(LATER, "at-ke", "", "en", "STOP")
    suppressions.opt_out(connection, found.ref, reason=Reason.STOP, evidence=evidence)


def _stops_and_starts(connection: Connection, contact_id: int) -> None:
    _stops(connection, contact_id)
    suppressions.lift(connection, contacts.by_id(connection, contact_id).ref, LATER)


def _comes_back_with_a_yes(connection: Connection, contact_id: int) -> None:
    _stops_and_starts(connection, contact_id)
    _says_yes_again(connection, contact_id)


def _is_listed_only(connection: Connection, contact_id: int) -> None:
    """An erased number that a list brought back: the suppression outlived the person."""
    found = contacts.by_id(connection, contact_id)
    suppressions.suppress(
        connection, found.ref, reason=Reason.ERASED, channel="at-ke", now_ms=LATER
    )


@pytest.mark.parametrize(
    ("happens", "purpose", "refusal"),
    [
        (None, "lessons", ""),
        (None, "alerts", "no_consent"),
        (None, "service", ""),
        (_says_no_later, "lessons", "no_consent"),
        (_says_yes_again, "lessons", ""),
        (new_owner, "lessons", "no_consent"),
        (_stops, "lessons", "opted_out"),
        (_stops, "service", "opted_out"),
        (_stops_and_starts, "lessons", "no_consent"),
        (_comes_back_with_a_yes, "lessons", ""),
        (_is_listed_only, "lessons", "opted_out"),
    ],
)
def test_who_may_not_be_written_to_is_told_with_the_same_words_as_at_sending(
    database: Database, vault: Vault, happens: Any, purpose: str, refusal: str
) -> None:
    with database.write() as connection:
        contact_id = People(connection, vault).add()[0]
        if happens is not None:
            happens(connection, contact_id)
    with database.read() as connection:
        (person,) = found_in(connection, Audience(), purpose=purpose)
        at_sending = suppressions.refusals(connection, [person.ref], purpose).get(person.ref, "")
    assert person.refusal == refusal
    assert refusal == ("opted_out" if at_sending == "erased" else at_sending)


def test_an_erased_person_is_in_no_audience(database: Database, vault: Vault) -> None:
    with database.write() as connection:
        people = People(connection, vault)
        people.add(erased_at=NOW)
        people.add(msisdn_enc=None)
    with database.read() as connection:
        assert found_in(connection, Audience()) == []


def test_walking_takes_everybody_once_however_short_the_pages(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audiences, "_CONTACTS_AT_ONCE", 7)
    with database.write() as connection:
        ids = People(connection, vault).add(30)
    with database.read() as connection:
        rules = audiences.rules(
            connection, Audience(), purpose="lessons", first_language="en", now_ms=NOW
        )
    spans: list[tuple[int, int]] = []

    def beside(_: Connection, after: int, upto: int) -> tuple[int, ...]:
        spans.append((after, upto))
        return (after,)

    pages = list(audiences.walk(database, rules, upto=ids[-1] - 1, beside=beside))

    assert [person.id for people, _ in pages for person in people] == ids[:-1]
    assert [after for _, (after,) in pages] == [after for after, _ in spans]
    assert spans[-1][1] == ids[-1] - 1


def test_no_rule_reads_a_whole_table(database: Database, vault: Vault) -> None:
    everything = Audience(
        tags_all=("a",), tags_any=("b",), tags_none=("c",), finished=("d",), not_finished=("e",),
        enrolled=("f",), not_enrolled=("g",), consent=("h",), language=("sw",), country=("KE",),
        network=("i",), active_within_days=3,
    )  # fmt: skip
    with database.write() as connection:
        contact_id = People(connection, vault).add()[0]
        rows = [{"contact_id": contact_id, "tag": f"t{n}", "at": NOW} for n in range(50)]
        connection.execute(contact_tags.insert(), rows)
    with database.read() as connection:
        rules = audiences.rules(
            connection, everything, purpose="lessons", first_language="en", now_ms=NOW
        )
        plan = _explained(connection, rules)
    scans = [line for line in plan if "SCAN " in line.upper() and "INDEX" not in line.upper()]
    assert scans == []
    assert any("ix_turns_left" in line for line in plan)
    assert not any("ix_contact_tags_tag" in line for line in plan)


def _explained(connection: Connection, rules: audiences.Rules) -> list[str]:
    given = {"after": 0, "upto": 1000, "most": 1000}
    if connection.dialect.name == "postgresql":  # its tables are too small here for an index to pay
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
    verb = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    compiled = rules.statement.compile(connection, compile_kwargs={"render_postcompile": True})
    values = {**compiled.params, **given}
    names_in_order = compiled.positiontup
    parameters: Any = values if names_in_order is None else tuple(values[n] for n in names_in_order)
    return [str(row[-1]) for row in connection.exec_driver_sql(f"{verb} {compiled}", parameters)]
