"""People, campaigns and launches for the tests of audiences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select, update

from smsbot.campaigns import launch, occurrences
from smsbot.plans import Plan
from smsbot.storage import campaigns, consents, contacts, suppressions, texts
from smsbot.storage.consents import Evidence
from smsbot.storage.suppressions import Reason
from smsbot.storage.tables import campaign_batches, campaign_runs, campaign_texts, messages
from smsbot.storage.tables import campaigns as campaigns_table
from smsbot.storage.tables import contacts as contacts_table
from smsbot.values import CampaignState, Channel, ChannelKind, Msisdn, Prices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from smsbot.storage.database import Database
    from smsbot.vault import Vault

NOW = 1_795_000_000_000
DAY = 86_400_000
WORDS = {
    "en": "Never share your PIN. STOP ends these texts.",
    "sw": "Usimpe mtu PIN yako. STOP kuacha.",
    "am": "የሚስጥር ቁጥርዎን ለማንም አይስጡ። STOP ይላኩ።" * 3,
}


def channel(**changes: object) -> Channel:
    values: dict[str, object] = {
        "id": "at-ke",
        "gateway": "africastalking",
        "kinds": frozenset({ChannelKind.SMS}),
        "languages": ("en", "sw", "am"),
        "country": "KE",
        "timezone": ZoneInfo("Africa/Nairobi"),
        "prices": Prices("KES", 800_000, {"UG": 900_000}, {"63903": 700_000}),
    }
    return Channel(**(values | changes))  # type: ignore[arg-type]


def plan(**changes: object) -> Plan:
    values: dict[str, object] = {
        "title": "Wrong sends",
        "purpose": "lessons",
        "channel": "at-ke",
        "message": {"en": WORDS["en"], "sw": WORDS["sw"]},
        "currency": "KES",
    }
    return Plan(**(values | changes))  # type: ignore[arg-type]


@dataclass(slots=True)
class People:
    """Makes people, one kind at a time; numbers go up, so that everybody is somebody else."""

    connection: Connection
    vault: Vault
    count: int = 0

    def add(
        self,
        number: int = 1,
        *,
        agreed: str | None = "lessons",
        stopped: bool = False,
        tags: tuple[str, ...] = (),
        **columns: object,
    ) -> list[int]:
        """Make people with these columns of `contacts`; give their ids."""
        return [self._one(agreed, stopped, tags, columns) for _ in range(number)]

    def _one(
        self, agreed: str | None, stopped: bool, tags: tuple[str, ...], columns: dict[str, object]
    ) -> int:
        self.count += 1
        msisdn = Msisdn(f"+2547{self.count:08d}")
        made = contacts.ensure(
            self.connection,
            self.vault,
            msisdn,
            channel_country="KE",
            network="63902",
            now_ms=NOW - DAY,
        )
        evidence = Evidence(NOW - DAY, "at-ke", "", "en", "test")
        if columns:
            self.connection.execute(
                update(contacts_table).where(contacts_table.c.id == made.id).values(**columns)
            )
        if agreed:
            consents.grant(self.connection, made.id, agreed, evidence)
        for tag in tags:
            contacts.tag(self.connection, made.id, tag, NOW - DAY)
        if stopped:
            suppressions.opt_out(self.connection, made.ref, reason=Reason.STOP, evidence=evidence)
        return made.id


def many(connection: Connection, vault: Vault, count: int, **columns: object) -> list[int]:
    """Make people who all agreed to lessons, in two statements; give their ids."""
    rows = [
        {
            "ref": vault.ref(Msisdn(f"+2547{n:08d}")),
            "msisdn_enc": b"sealed",
            "country": "KE",
            "language": "en",
            "created_at": NOW - DAY,
            "last_seen_at": NOW - DAY,
            "owner_since": NOW - DAY,
        }
        | columns
        for n in range(1, count + 1)
    ]
    made = contacts_table.insert().returning(contacts_table.c.id, sort_by_parameter_order=True)
    ids = list(connection.execute(made, rows).scalars())
    said = {"purpose": "lessons", "granted": True, "at": NOW - DAY, "channel": "at-ke"}
    said |= {"text_version": "", "language": "en", "actor": "person", "source": "test"}
    connection.execute(consents.consents.insert(), [{"contact_id": each} | said for each in ids])
    return ids


def scheduled(
    connection: Connection,
    vault: Vault,
    ordered: Plan,
    *,
    approved_size: int | None = None,
    languages: tuple[str, ...] = ("en", "sw"),
) -> int:
    """Keep a campaign that waits for its launch, its texts approved; give its id."""
    made = campaigns.add(connection, ordered, author="amina", now_ms=NOW)
    connection.execute(
        update(campaigns_table)
        .where(campaigns_table.c.id == made)
        .values(state=CampaignState.SCHEDULED.value, approved_size=approved_size)
    )
    for language in languages:
        kept = texts.keep(
            connection,
            vault,
            key=f"test:{language}",
            language=language,
            text=WORDS[language],
            now_ms=NOW,
        )
        connection.execute(
            insert(campaign_texts).values(campaign_id=made, language=language, text_id=kept.text_id)
        )
    return made


def begun(database: Database, campaign_id: int, *, planned_at: int = NOW) -> int:
    """Begin a run as the launcher does; give its id."""
    with database.write() as connection:
        found = campaigns.find(connection, campaign_id)
        run_id = launch.begin(
            connection,
            found,
            planned_at=planned_at,
            began_at=planned_at,
            ends_at=occurrences.ends_at(found.plan, planned_at),
        )
    assert run_id is not None
    return run_id


def launched(
    database: Database,
    vault: Vault,
    ordered: Plan,
    *,
    served: Channel | None = None,
    **changes: object,
) -> int:
    """Keep, begin and freeze a campaign; give the run's id."""
    with database.write() as connection:
        made = scheduled(connection, vault, ordered, **changes)  # type: ignore[arg-type]
    run_id = begun(database, made)
    assert launch.freeze(database, run_id, channel=served or channel(), now_ms=NOW)
    return run_id


def tally(connection: Connection, run_id: int) -> Mapping[str, int]:
    """Count a run's rows by reason, or by state where there is none."""
    word = func.coalesce(func.nullif(messages.c.reason, ""), messages.c.state)
    rows = connection.execute(
        select(word, func.count()).where(messages.c.campaign_run_id == run_id).group_by(word)
    )
    return {row[0]: row[1] for row in rows}


def audience_of(connection: Connection, run_id: int) -> int:
    return int(
        connection.execute(
            select(campaign_runs.c.audience).where(campaign_runs.c.id == run_id)
        ).scalar_one()
    )


def batches_of(connection: Connection, run_id: int) -> list[tuple[int, int, bool]]:
    """Give number, size and whether it is a canary of each batch."""
    rows = connection.execute(
        select(campaign_batches.c.number, campaign_batches.c.size, campaign_batches.c.is_canary)
        .where(campaign_batches.c.run_id == run_id)
        .order_by(campaign_batches.c.number)
    )
    return [(row.number, row.size, bool(row.is_canary)) for row in rows]
