"""Contacts, consents, suppressions and the profile, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from smsbot.errors import NotFound
from smsbot.storage import consents, contacts, suppressions, tables
from smsbot.storage.consents import Evidence
from smsbot.storage.profiles import profile
from smsbot.storage.suppressions import Reason, Refusal
from smsbot.values import Msisdn

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsbot.storage.contacts import Contact
    from smsbot.storage.database import Database
    from smsbot.vault import Vault

AMINA = Msisdn("+254711000123")
DAY = 86_400_000
T0 = 1_780_000_000_000


def said(at: int = T0, key: str | None = None) -> Evidence:
    return Evidence(at, "at-ke", "0011223344556677", "sw", "join/ask", key)


@pytest.fixture
def meet(database: Database, vault: Vault) -> Callable[..., Contact]:
    def _meet(msisdn: Msisdn = AMINA, at: int = T0) -> Contact:
        with database.write() as connection:
            return contacts.ensure(
                connection, vault, msisdn, channel_country="KE", network="63902", now_ms=at
            )

    return _meet


def test_a_number_becomes_one_contact_however_often_it_is_met(
    database: Database, vault: Vault, meet: Callable[..., Contact]
) -> None:
    first, again = meet(), meet(at=T0 + DAY)
    assert first == again
    assert (first.country, first.network, first.language) == ("KE", "63902", "")
    with database.read() as connection:
        assert contacts.find(connection, vault.ref(AMINA)) == first
        assert contacts.by_id(connection, first.id) == first
        assert contacts.find(connection, "0" * 32) is None


@pytest.mark.parametrize(
    ("e164", "country"), [("+255711000123", "TZ"), ("+254711000123", "KE"), ("+883510000001", "KE")]
)
def test_the_number_tells_its_country_and_the_channel_stands_in(
    meet: Callable[..., Contact], e164: str, country: str
) -> None:
    assert meet(Msisdn(e164)).country == country


def test_callers_who_race_for_a_new_number_get_the_same_contact(
    database: Database, meet: Callable[..., Contact]
) -> None:
    found: list[int] = []
    gate = threading.Barrier(4)

    def race() -> None:
        gate.wait()
        found.append(meet().id)

    racers = [threading.Thread(target=race) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_the_number_stands_as_ciphertext_and_comes_back_whole(
    database: Database, vault: Vault, meet: Callable[..., Contact]
) -> None:
    contact = meet()
    with database.read() as connection:
        row = connection.execute(select(tables.contacts)).one()
        assert "711000123" not in repr(row)
        assert contacts.msisdn_of(connection, vault, contact.id) == AMINA
        with pytest.raises(NotFound):
            contacts.msisdn_of(connection, vault, contact.id + 1)


def test_what_the_person_corrects_is_kept_and_time_moves_forward_only(
    database: Database, vault: Vault, meet: Callable[..., Contact]
) -> None:
    contact = meet()
    with database.write() as connection:
        contacts.set_language(connection, contact.id, "am", T0 + 1)
        contacts.set_region(connection, contact.id, "ኦሮሚያ", T0)
        contacts.set_network(connection, contact.id, "63601")
        contacts.touch(connection, contact.id, T0 + DAY, network="63602")
        contacts.touch(connection, contact.id, T0 + 5)
        found = contacts.by_id(connection, contact.id)
    assert (found.language, found.region, found.network) == ("am", "ኦሮሚያ", "63602")
    assert found.last_seen_at == T0 + DAY


def test_the_newest_word_of_a_purpose_holds_and_the_others_live(
    database: Database, meet: Callable[..., Contact]
) -> None:
    contact = meet()
    with database.write() as connection:
        for purpose in ("lessons", "alerts"):
            assert consents.grant(connection, contact.id, purpose, said())
        consents.withdraw(connection, contact.id, "alerts", said(T0 + 1))
        assert consents.current(connection, contact.id) == {"alerts": False, "lessons": True}


def test_a_repeated_turn_records_its_consent_once(
    database: Database, meet: Callable[..., Contact]
) -> None:
    contact = meet()
    with database.write() as connection:
        assert consents.grant(connection, contact.id, "lessons", said(key="turn-1"))
        consents.withdraw(connection, contact.id, "lessons", said(T0 + 1, key="turn-2"))
        assert not consents.grant(connection, contact.id, "lessons", said(key="turn-1"))
        assert consents.current(connection, contact.id) == {"lessons": False}


@pytest.mark.parametrize(
    ("life", "purpose", "refusal"),
    [
        ((), "lessons", Refusal.NO_CONSENT),
        ((), "service", None),
        ((), "reply", None),
        (("yes",), "lessons", None),
        (("yes",), "alerts", Refusal.NO_CONSENT),
        (("yes", "no"), "lessons", Refusal.NO_CONSENT),
        (("yes", "stop"), "lessons", Refusal.OPTED_OUT),
        (("yes", "stop"), "service", Refusal.OPTED_OUT),
        (("yes", "stop"), "reply", None),
        (("yes", "stop", "lift"), "lessons", Refusal.NO_CONSENT),
        (("yes", "stop", "lift"), "service", None),
        (("yes", "stop", "lift", "yes"), "lessons", None),
        (("stop", "yes"), "lessons", Refusal.OPTED_OUT),
        (("yes", "stop", "lift", "yes", "stop"), "lessons", Refusal.OPTED_OUT),
    ],
)
def test_a_message_goes_only_with_consent_and_never_after_stop(
    database: Database,
    meet: Callable[..., Contact],
    life: tuple[str, ...],
    purpose: str,
    refusal: Refusal | None,
) -> None:
    contact = meet()
    with database.write() as connection:
        for step, act in enumerate(life):
            evidence = said(T0 + step)
            if act == "yes":
                consents.grant(connection, contact.id, "lessons", evidence)
            elif act == "no":
                consents.withdraw(connection, contact.id, "lessons", evidence)
            elif act == "stop":
                assert suppressions.opt_out(
                    connection, contact.ref, reason=Reason.STOP, evidence=evidence
                )
            else:
                assert suppressions.lift(connection, contact.ref, T0 + step)
        decision = suppressions.may_send(connection, contact.ref, purpose)
    assert (decision.allowed, decision.refusal) == (refusal is None, refusal)


def test_stop_withdraws_every_purpose_and_a_second_stop_changes_nothing(
    database: Database, meet: Callable[..., Contact]
) -> None:
    contact = meet()
    with database.write() as connection:
        for purpose in ("lessons", "alerts"):
            consents.grant(connection, contact.id, purpose, said())
        stop = said(T0 + 9, key="k" * 64)
        assert suppressions.opt_out(connection, contact.ref, reason=Reason.STOP, evidence=stop)
        assert not suppressions.opt_out(connection, contact.ref, reason=Reason.STOP, evidence=stop)
        assert consents.current(connection, contact.id) == {"alerts": False, "lessons": False}
        rows = select(func.count()).select_from(tables.consents)
        assert connection.execute(rows).scalar_one() == 4


def test_a_gateway_may_suppress_a_number_that_we_never_met(
    database: Database, vault: Vault
) -> None:
    ref = vault.ref(Msisdn("+250788000111"))
    with database.write() as connection:
        evidence = Evidence(T0, "tw", "", "", "21610", actor="gateway")
        assert suppressions.opt_out(connection, ref, reason=Reason.GATEWAY, evidence=evidence)
        decision = suppressions.may_send(connection, ref, "service")
    assert decision.refusal is Refusal.OPTED_OUT


def test_many_numbers_are_decided_at_once(
    database: Database, vault: Vault, meet: Callable[..., Contact]
) -> None:
    people = [meet(Msisdn(f"+25471100{n:04}")) for n in range(6)]
    with database.write() as connection:
        for contact in people[:4]:
            consents.grant(connection, contact.id, "lessons", said())
        suppressions.opt_out(connection, people[0].ref, reason=Reason.STOP, evidence=said(T0 + 1))
        suppressions.suppress(
            connection, people[1].ref, reason=Reason.ERASED, channel="", now_ms=T0
        )
        found = suppressions.refusals(connection, [c.ref for c in people], "lessons")
    assert found == {
        people[0].ref: Refusal.OPTED_OUT,
        people[1].ref: Refusal.ERASED,
        people[4].ref: Refusal.NO_CONSENT,
        people[5].ref: Refusal.NO_CONSENT,
    }


def test_the_profile_tells_all_that_a_turn_needs(
    database: Database, vault: Vault, meet: Callable[..., Contact]
) -> None:
    contact = meet()
    with database.write() as connection:
        assert profile(connection, "f" * 32) is None
        bare = profile(connection, contact.ref)
        assert bare is not None
        assert (bare.consents, bare.asked, bare.tags, bare.opted_out) == ((), (), (), False)
        contacts.set_language(connection, contact.id, "ha", T0)
        for word in ("learned-wrong-send", "women-safe"):
            contacts.tag(connection, contact.id, word, T0)
            contacts.tag(connection, contact.id, word, T0 + 1)
        contacts.tag(connection, contact.id, "gone", T0)
        contacts.untag(connection, contact.id, "gone")
        consents.grant(connection, contact.id, "lessons", said())
        consents.grant(connection, contact.id, "alerts", said())
        consents.withdraw(connection, contact.id, "alerts", said(T0 + 1))
        known = profile(connection, contact.ref)
        assert known is not None
        assert (known.contact_id, known.language, known.language_is_guess) == (
            contact.id,
            "ha",
            False,
        )
        assert (known.country, known.network) == ("KE", "63902")
        assert known.consents == ("lessons",)
        assert known.asked == ("alerts", "lessons")
        assert known.tags == ("learned-wrong-send", "women-safe")
        suppressions.opt_out(connection, contact.ref, reason=Reason.STOP, evidence=said(T0 + 2))
        stopped = profile(connection, contact.ref)
    assert stopped is not None
    assert stopped.opted_out
    assert stopped.consents == ()
    assert stopped.asked == ("alerts", "lessons")
