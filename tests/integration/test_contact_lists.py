"""Lists of contacts brought in, taken out, and people erased, on SQLite and on PostgreSQL."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from smsbot.clock import Clock
from smsbot.errors import BadList, Refused
from smsbot.people import exports, imports, leaving, ownership
from smsbot.people.imports import Importer, Proof
from smsbot.storage import audit, consents, contacts, suppressions, tables
from smsbot.storage.consents import Evidence
from smsbot.storage.exports import Wanted
from smsbot.storage.profiles import profile
from smsbot.storage.suppressions import Reason, Refusal
from smsbot.values import Msisdn
from tests.integration.lives import dump, lottery

if TYPE_CHECKING:
    from smsbot.people.contact_row import Refusal as BadRow
    from smsbot.people.imports import Tally
    from smsbot.storage.contacts import Contact
    from smsbot.storage.database import Database
    from smsbot.vault import Vault

AMINA, BEN, CHE = Msisdn("+254711000123"), Msisdn("+254711000124"), Msisdn("+255711000125")
DAY = 86_400_000
T0 = 1_790_000_000_000  # 2026-09-21
HEADER = "msisdn,language,tags,consent_purpose,consent_at,consent_source,country,region,network\n"
LIST = (
    HEADER
    + "+254711000123,sw,farmers;women,lessons,2026-03-01T10:00:00+03:00,form 12,KE,Kisumu,63902\n"
    + "0711000124,en,,,,,KE,,\n"
    + "+255711000125,fr,women,lessons;alerts,2026-03-02T10:00:00+03:00,form 13,,,\n"
)
PROOF = Proof("ab" * 32)


class Still(Clock):
    """A clock that stands where it is put."""

    def __init__(self, at: int = T0) -> None:
        super().__init__()
        self.at = at

    def now_ms(self) -> int:
        return self.at


def bring(
    database: Database, vault: Vault, text: str | bytes, at: int = T0
) -> tuple[Tally, list[BadRow]]:
    refused: list[BadRow] = []
    raw = text.encode() if isinstance(text, str) else text
    importer = Importer(database, vault, Still(at), "halima")
    tally = importer.run(
        io.BytesIO(raw), PROOF, refuse=refused.append, tell=lambda _rows, _bytes: None
    )
    return tally, refused


def counts(tally: Tally) -> tuple[int, int, int, int, int]:
    return tally.rows, tally.added, tally.updated, tally.unchanged, tally.refused


def claim(number: Msisdn = AMINA, at: str = "2026-03-01T10:00:00+03:00") -> str:
    return f"{HEADER}{number.e164},sw,,lessons,{at},form 12,,,\n"


def person(database: Database, vault: Vault, number: Msisdn = AMINA) -> Any:
    with database.read() as connection:
        return profile(connection, vault.ref(number))


def may(database: Database, vault: Vault, number: Msisdn = AMINA) -> Refusal | None:
    with database.read() as connection:
        return suppressions.may_send(connection, vault.ref(number), "lessons").refusal


def meet(database: Database, vault: Vault, number: Msisdn = AMINA, at: int = T0) -> Contact:
    with database.write() as connection:
        return contacts.ensure(
            connection, vault, number, channel_country="KE", network="63907", now_ms=at
        )


def heard(at: int) -> Evidence:
    return Evidence(at, "at-ke", "0011223344556677", "sw", "STOP", f"turn-{at}")


def test_a_list_becomes_contacts_with_their_tags_and_consents(
    database: Database, vault: Vault
) -> None:
    tally, refused = bring(database, vault, LIST)

    assert (counts(tally), refused, tally.without_consent) == ((3, 3, 0, 0, 0), [], 1)
    amina = person(database, vault)
    assert (amina.language, amina.country, amina.region, amina.network) == (
        "sw",
        "KE",
        "Kisumu",
        "63902",
    )
    assert (amina.tags, amina.consents) == (("farmers", "women"), ("lessons",))
    assert person(database, vault, CHE).consents == ("alerts", "lessons")
    assert person(database, vault, CHE).country == "TZ"
    assert may(database, vault) is None
    assert may(database, vault, BEN) is Refusal.NO_CONSENT
    with database.read() as connection:
        contact = contacts.find(connection, vault.ref(AMINA))
        assert contact is not None
        assert contacts.msisdn_of(connection, vault, contact.id) == AMINA
        kept = connection.execute(
            select(tables.consents, tables.imports.c.proof)
            .join(tables.imports, tables.imports.c.id == tables.consents.c.import_id)
            .where(tables.consents.c.contact_id == contact.id)
        ).one()
        assert (kept.actor, kept.source, kept.proof) == ("import:halima", "form 12", PROOF.sha256)
        log = {entry.action: entry for entry in audit.newest(connection, 10)}
        assert log["contacts.import"].detail == {"proof_sha256": PROOF.sha256}
        assert log["contacts.imported"].detail["added"] == 3
        everything = dump(connection)
    for number in (AMINA, BEN, CHE):
        assert number.e164[1:] not in everything


def test_the_same_list_again_changes_nothing(database: Database, vault: Vault) -> None:
    bring(database, vault, LIST)
    with database.read() as connection:
        before = [connection.execute(select(table)).all() for table in _PERSONAL]

    tally, _ = bring(database, vault, LIST, at=T0 + DAY)

    assert counts(tally) == (3, 0, 0, 3, 0)
    with database.read() as connection:
        assert [connection.execute(select(table)).all() for table in _PERSONAL] == before


_PERSONAL = (tables.contacts, tables.contact_tags, tables.consents, tables.suppressions)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (("sw,farmers", "en,farmers"), {"language": "en"}),
        (("Kisumu", "Siaya"), {"region": "Siaya"}),
        (("63902", "63903"), {"network": "63903"}),
        (("farmers;women", "teachers"), {"tags": ("farmers", "teachers", "women")}),
        (("lessons,2026-03-01", "research,2026-03-01"), {"consents": ("lessons", "research")}),
        (("KE,Kisumu", "UG,Kisumu"), {"country": "UG"}),
    ],
)
def test_what_a_newer_list_says_otherwise_is_taken(
    database: Database, vault: Vault, changed: tuple[str, str], expected: dict[str, object]
) -> None:
    bring(database, vault, LIST)

    tally, _ = bring(database, vault, LIST.replace(*changed, 1), at=T0 + 1)

    assert counts(tally) == (3, 0, 1, 2, 0)
    amina = person(database, vault)
    assert {name: getattr(amina, name) for name in expected} == expected


def test_what_the_person_or_the_gateway_told_beats_the_list(
    database: Database, vault: Vault
) -> None:
    contact = meet(database, vault)
    with database.write() as connection:
        contacts.set_language(connection, contact.id, "en", T0)
        contacts.set_region(connection, contact.id, "Mombasa", T0)

    tally, _ = bring(database, vault, LIST, at=T0 + 1)

    assert counts(tally) == (3, 2, 1, 0, 0)
    amina = person(database, vault)
    assert (amina.language, amina.region, amina.network) == ("en", "Mombasa", "63907")
    assert amina.tags == ("farmers", "women")


def test_every_bad_row_is_told_in_order_and_the_good_ones_are_kept(
    database: Database, vault: Vault
) -> None:
    text = (
        HEADER.encode()
        + b"+254711000123,sw,,,,,,,\n"
        + b"+254711000124,Swahili,,,,,,,\n"
        + b'0711000126,sw,,,,,KE,"two\nlines",\n'
        + b"\xff\n"
        + b"0711 000 126,sw,,,,,KE,,\n"
        + b"short,row\n"
        + b"+255711000125,fr,,,,,,,\n"
    )

    tally, refused = bring(database, vault, text)

    assert counts(tally) == (7, 3, 0, 0, 4)
    assert [(one.line, one.column, one.code) for one in refused] == [
        (3, "language", "bad_language"),
        (6, "", "not_utf8"),
        (7, "msisdn", "doubled"),
        (8, "", "wrong_width"),
    ]


def test_a_file_that_is_no_list_leaves_no_trace(database: Database, vault: Vault) -> None:
    with pytest.raises(BadList):
        bring(database, vault, "msisdn;language\n+254711000123;sw\n")

    with database.read() as connection:
        assert audit.newest(connection, 1) == []
        assert connection.execute(select(func.count()).select_from(tables.imports)).scalar() == 0


# --- a no is final -------------------------------------------------------------------------------


def test_an_import_never_lifts_a_stop(database: Database, vault: Vault) -> None:
    bring(database, vault, LIST)
    with database.write() as connection:
        suppressions.opt_out(
            connection, vault.ref(AMINA), reason=Reason.STOP, evidence=heard(T0 + 1)
        )

    again, none_refused = bring(database, vault, LIST, at=T0 + 2)
    newer, refused = bring(database, vault, claim(at="2026-09-20T10:00:00+03:00"), at=T0 + 2)
    plain, _ = bring(database, vault, f"{HEADER}{AMINA.e164},sw,youth,,,,,,\n", at=T0 + 2)

    assert (counts(again), none_refused) == ((3, 0, 0, 3, 0), [])
    assert counts(newer) == (1, 0, 0, 0, 1)
    assert [(one.column, one.code) for one in refused] == [("consent_purpose", "said_no")]
    assert counts(plain) == (1, 0, 1, 0, 0)
    assert may(database, vault) is Refusal.OPTED_OUT
    assert person(database, vault).opted_out
    assert "lessons" not in person(database, vault).consents


def test_a_no_by_menu_is_final_for_its_purpose_alone(database: Database, vault: Vault) -> None:
    contact = meet(database, vault)
    with database.write() as connection:
        consents.withdraw(connection, contact.id, "lessons", heard(T0))

    _, refused = bring(database, vault, claim(at="2026-09-21T00:00:00Z"), at=T0 + DAY)
    other, _ = bring(database, vault, claim().replace("lessons", "alerts"), at=T0 + DAY)

    assert [one.code for one in refused] == ["said_no"]
    assert counts(other) == (1, 0, 1, 0, 0)
    assert person(database, vault).consents == ("alerts",)


def test_a_form_from_before_a_stop_counts_no_more_even_after_start(
    database: Database, vault: Vault
) -> None:
    meet(database, vault)
    with database.write() as connection:
        ref = vault.ref(AMINA)
        suppressions.opt_out(connection, ref, reason=Reason.STOP, evidence=heard(T0))
        suppressions.lift(connection, ref, T0 + 5)

    _, older = bring(database, vault, claim(), at=T0 + 2 * DAY)
    _, newer = bring(database, vault, claim(at="2026-09-22T20:00:00Z"), at=T0 + 2 * DAY)

    assert ([one.code for one in older], newer) == (["said_no"], [])
    assert may(database, vault) is None


def test_who_was_erased_does_not_come_back_by_a_list(database: Database, vault: Vault) -> None:
    bring(database, vault, LIST)
    done = leaving.erase_number(
        database, vault, AMINA, randbelow=lottery(77), actor="halima", now_ms=T0 + 1
    )

    tally, refused = bring(database, vault, LIST, at=T0 + 2)

    assert done.was_known
    assert counts(tally) == (3, 0, 0, 2, 1)
    assert [(one.line, one.code) for one in refused] == [(2, "erased")]
    assert person(database, vault) is None
    assert may(database, vault) is Refusal.ERASED
    again = leaving.erase_number(
        database, vault, AMINA, randbelow=lottery(78), actor="halima", now_ms=T0 + 3
    )
    assert (again.was_known, again.erased_at) == (False, T0 + 1)
    stranger = leaving.erase_number(
        database, vault, Msisdn("+254711999999"), randbelow=lottery(79), actor="halima", now_ms=T0
    )
    assert (stranger.was_known, stranger.erased_at) == (False, None)


# --- who owns the number -------------------------------------------------------------------------


def test_a_form_older_than_the_first_call_counts_but_not_a_former_owners(
    database: Database, vault: Vault
) -> None:
    contact = meet(database, vault)
    bring(database, vault, claim(), at=T0 + 1)
    assert may(database, vault) is None

    later = T0 + 200 * DAY
    with database.write() as connection:
        assert ownership.check_reassigned(connection, contact, later)
    assert may(database, vault) is Refusal.NO_CONSENT
    _, refused = bring(database, vault, claim(at="2026-03-05T10:00:00Z"), at=later + 1)
    assert [one.code for one in refused] == ["former_owner"]


def test_whoever_came_with_an_old_form_and_then_writes_is_no_new_owner(
    database: Database, vault: Vault
) -> None:
    bring(database, vault, claim(at="2023-09-22T10:00:00+03:00"), at=T0)

    amina = person(database, vault)
    assert (amina.last_seen_at, amina.consents) == (0, ("lessons",))
    assert not ownership.looks_reassigned(amina, T0 + DAY)
    assert ownership.looks_reassigned(amina, T0 + 181 * DAY)
    with database.read() as connection:
        contact = contacts.find(connection, vault.ref(AMINA))
        assert contact is not None
        assert not ownership.looks_reassigned(contact, T0 + DAY)


# --- beside others -------------------------------------------------------------------------------


def test_two_imports_at_once_make_each_person_once(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "CHUNK", 50)
    monkeypatch.setattr(imports, "_RETRY_S", 0.01)
    numbers = [f"+2547110{number:05}" for number in range(600)]
    lines = [f"{number},sw,a;b,lessons,2026-03-01T10:00:00Z,form,,,\n" for number in numbers]
    tallies: list[Tally] = []

    def run(text: str) -> None:
        tallies.append(bring(database, vault, text)[0])

    both = [HEADER + "".join(lines), HEADER + "".join(reversed(lines))]
    racers = [threading.Thread(target=run, args=(text,)) for text in both]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)

    assert sum(tally.added for tally in tallies) == 600
    assert all(tally.refused == 0 for tally in tallies)
    with database.read() as connection:
        for table, expected in (
            (tables.contacts, 600),
            (tables.contact_tags, 1200),
            (tables.consents, 600),
        ):
            assert connection.execute(select(func.count()).select_from(table)).scalar() == expected


def test_an_import_that_was_cut_short_is_simply_run_again(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "CHUNK", 10)
    text = HEADER + "".join(f"+2547110{number:05},sw,,,,,,,\n" for number in range(35))
    importer = Importer(database, vault, Still(), "halima")

    def cut(rows: int, _bytes: int) -> None:
        if rows == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importer.run(io.BytesIO(text.encode()), PROOF, refuse=lambda _: None, tell=cut)
    with database.read() as connection:
        (last,) = audit.newest(connection, 1)
    assert (last.action, last.detail["rows"], last.detail["added"]) == ("contacts.imported", 20, 20)

    tally, _ = bring(database, vault, text)

    assert counts(tally) == (35, 15, 0, 20, 0)


# --- out again -----------------------------------------------------------------------------------


def export(
    database: Database, vault: Vault, wanted: Wanted | None = None, reason: str = "a new system"
) -> str:
    out = io.StringIO(newline="")
    exports.export(
        database,
        vault,
        Still(T0 + DAY),
        wanted or Wanted(),
        out,
        actor="halima",
        reason=reason,
        tell=lambda _: None,
    )
    return out.getvalue()


def test_an_export_comes_back_as_it_was(database: Database, vault: Vault) -> None:
    odd = (
        '+254711000127,am,"=cmd|x;a, ""b""",lessons,2026-03-01T10:00:00.123Z,"@form; 1",KE,-Kona,\n'
    )
    bring(database, vault, LIST + odd)
    contact = meet(database, vault, Msisdn("+254711000128"))
    with database.write() as connection:
        consents.grant(connection, contact.id, "lessons", heard(T0 + 3))
        consents.grant(connection, contact.id, "alerts", heard(T0 + 4))

    written = export(database, vault)

    assert written.splitlines()[0] + "\n" == HEADER
    assert "'=cmd|x" in written
    assert "'@form; 1" in written
    assert "'-Kona" in written
    assert "\n+254711000123," in written
    tally, refused = bring(database, vault, written, at=T0 + 2 * DAY)
    assert (counts(tally), refused) == ((5, 0, 0, 5, 0), [])
    assert export(database, vault) == written


def test_an_export_leaves_out_whoever_left_and_whom_it_was_not_asked_for(
    database: Database, vault: Vault
) -> None:
    bring(database, vault, LIST)
    with database.write() as connection:
        suppressions.opt_out(connection, vault.ref(BEN), reason=Reason.STOP, evidence=heard(T0))

    def numbers(**wanted: Any) -> list[str]:
        lines = export(database, vault, Wanted(**wanted)).splitlines()[1:]
        return [line.partition(",")[0] for line in lines]

    assert numbers() == [AMINA.e164, CHE.e164]
    assert numbers(tags=["farmers"]) == [AMINA.e164]
    assert numbers(languages=["fr"]) == [CHE.e164]
    assert numbers(countries=["KE"]) == [AMINA.e164]
    assert numbers(tags=["nobody"]) == []


def test_numbers_leave_only_for_a_reason_that_is_kept(database: Database, vault: Vault) -> None:
    bring(database, vault, LIST)
    for reason in (" ", "x" * 201, "for +254711000123"):
        with pytest.raises(Refused, match="say why"):
            export(database, vault, reason=reason)

    export(database, vault, reason="  audit of the ministry ")

    with database.read() as connection:
        done, asked = audit.newest(connection, 2)
    assert (asked.action, asked.detail["reason"]) == ("contacts.export", "audit of the ministry")
    assert (done.action, done.detail) == ("contacts.exported", {"rows": 3})
