"""Every table. A time is an integer: milliseconds since 1970 in UTC (`*_at`). Money is in millionths.

`ref` is the keyed hash of a phone number (32 hex digits): the only name a person has outside
`contacts.msisdn`, which is ciphertext. Columns ending in `_enc` are ciphertext too (`vault.py`).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    },
)

Id = BigInteger().with_variant(Integer, "sqlite")
"""A row number: 64 bits; SQLite wants INTEGER to count by itself."""
Ref = String(32)
At = BigInteger


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), info={"where": where})


def speak_postgresql() -> None:
    """Give partial indexes their condition on PostgreSQL too: before any DDL; twice is once.

    An Index that names a dialect loads it, and PostgreSQL's is 2 MB in every process on SQLite.
    """
    for table in metadata.sorted_tables:
        for index in table.indexes:
            if "where" in index.info:
                index.dialect_options["postgresql"]["where"] = text(index.info["where"])


contacts = Table(
    "contacts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("ref", Ref, nullable=False, unique=True),
    Column("msisdn_enc", LargeBinary),  # null once erased
    Column("country", String(2), nullable=False, server_default=""),
    Column("network", String(16), nullable=False, server_default=""),
    Column("region", String(64), nullable=False, server_default=""),
    Column("timezone", String(48), nullable=False, server_default=""),
    Column("language", String(16), nullable=False, server_default=""),  # "" = never chosen
    Column("language_at", At),  # when it was chosen; before owner_since it is only a guess
    Column("created_at", At, nullable=False),
    Column("last_seen_at", At, nullable=False),
    Column("owner_since", At, nullable=False),  # moves on when the number changes hands
    Column("opted_out_at", At),
    Column("erased_at", At),
    Column("region_at", At),  # when the person named it; null: it came from a list, or is empty
    _partial(  # erased, but the number still waits for the last confirmation to leave
        "ix_contacts_erasing",
        "erased_at",
        where="erased_at IS NOT NULL AND msisdn_enc IS NOT NULL",
    ),
    _partial("ix_contacts_left", "opted_out_at", where="opted_out_at IS NOT NULL"),
)

contact_tags = Table(
    "contact_tags",
    metadata,
    Column("contact_id", Id, ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
    Column("tag", String(64), nullable=False),
    Column("at", At, nullable=False),
    PrimaryKeyConstraint("contact_id", "tag"),
    Index("ix_contact_tags_tag", "tag"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("ref", Ref, primary_key=True),  # outlives the contact: all that DELETE keeps
    Column("reason", String(32), nullable=False),  # stop | gateway | operator | erased
    Column("channel", String(64), nullable=False),
    Column("at", At, nullable=False),
    Column("lifted_at", At),  # a START or JOIN of the person; null = in force
    _partial(
        "ix_suppressions_erased",
        "at",
        where="reason = 'erased'",
    ),
)

consents = Table(  # append-only: the newest row of a purpose is what holds
    "consents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("contact_id", Id, ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
    Column("purpose", String(32), nullable=False),
    Column("granted", Boolean, nullable=False),
    Column("at", At, nullable=False),
    Column("channel", String(64), nullable=False),
    Column("text_version", String(16), nullable=False),  # content version whose words were shown
    Column("language", String(16), nullable=False),
    Column("actor", String(64), nullable=False),  # "person", or who imported it
    Column("source", String(128), nullable=False),  # flow/state, keyword, proof file hash
    Column("effect_key", String(64), unique=True),
    Column("import_id", Id),  # of imports; no foreign key: 0002 would copy the table
    Index("ix_consents_contact_id_purpose", "contact_id", "purpose", "id"),
)

imports = Table(  # one list of contacts that was brought in, and what proves its consents
    "imports",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", At, nullable=False),
    Column("actor", String(64), nullable=False),  # as in consents.actor
    Column("proof", String(64), nullable=False),  # SHA-256 of the proof file, in hex
)

inbound = Table(
    "inbound",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("gateway_id", String(128), nullable=False),
    Column("ref", Ref, nullable=False),
    Column("contact_id", Id, ForeignKey("contacts.id", ondelete="SET NULL")),
    Column("body_enc", LargeBinary),  # purged after 30 days
    Column("network", String(16), nullable=False, server_default=""),
    Column("opt_hint", String(8), nullable=False, server_default=""),
    Column("received_at", At, nullable=False),
    Column("state", String(12), nullable=False),  # pending | answered | silent
    Column("session_enc", LargeBinary),  # the session after this turn, to heal a lost write
    Column("answered_at", At),
    UniqueConstraint("channel", "gateway_id"),
    _partial(
        "ix_inbound_pending",
        "received_at",
        where="state = 'pending'",
    ),
    Index("ix_inbound_contact_id", "contact_id"),
    Index("ix_inbound_ref", "ref"),
    Index("ix_inbound_received_at", "received_at"),
)

texts = Table(  # a text that many messages carry, kept once: a campaign's, a lesson's
    "texts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),  # what makes it the same text again
    Column("language", String(16), nullable=False),
    Column("body_enc", LargeBinary, nullable=False),
    Column("body_hash", String(32), nullable=False),
    Column("encoding", String(5), nullable=False),
    Column("segments", Integer, nullable=False),
    Column("flow", String(64), nullable=False, server_default=""),  # the flow that it begins
    Column("version", String(16), nullable=False, server_default=""),  # of the content
    Column("session_enc", LargeBinary),  # the SMS conversation that a reply to it goes on with
    Column("created_at", At, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("contact_id", Id, ForeignKey("contacts.id", ondelete="SET NULL")),
    Column("ref", Ref, nullable=False),
    Column("purpose", String(32), nullable=False),  # reply | service | lessons | alerts | ...
    Column("priority", Integer, nullable=False),  # 0 reply, 1 course, 2 bulk; low goes first
    Column("body_enc", LargeBinary),
    Column("body_hash", String(32), nullable=False),  # keyed; groups equal texts
    Column("encoding", String(5), nullable=False),  # GSM-7 | UCS-2
    Column("segments", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("reason", String(64), nullable=False, server_default=""),  # why suppressed or failed
    Column("due_at", At, nullable=False),
    Column("expires_at", At),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("claim", String(32)),  # the sender's claim, null when nobody holds it
    Column("claimed_at", At),
    Column("gateway_id", String(128)),
    Column("gateway_code", String(32), nullable=False, server_default=""),
    Column("simulated", Boolean, nullable=False, server_default=text("false")),
    Column("cost_micros", BigInteger),
    Column("currency", String(3), nullable=False, server_default=""),
    Column("created_at", At, nullable=False),
    Column("accepted_at", At),
    Column("final_at", At),
    Column("dedupe_key", String(96), nullable=False, unique=True),
    Column(
        "text_id", Id
    ),  # of texts, instead of body_enc; no foreign key: 0002 would copy the table
    Column("campaign_run_id", Id),
    Column("batch", Integer),  # of the run
    Column("price_micros", BigInteger),  # what we expect to pay; cost_micros is what was paid
    _partial(
        "ix_messages_run",
        "campaign_run_id",
        "batch",
        "state",
        "reason",
        where="campaign_run_id IS NOT NULL",
    ),
    _partial(
        "ix_messages_queued",
        "channel",
        "priority",
        "due_at",
        "id",
        where="state = 'queued'",
    ),
    _partial(
        "ix_messages_sending",
        "claimed_at",
        where="state = 'sending'",
    ),
    Index("ix_messages_gateway_id", "gateway_id"),
    _partial(
        "ix_messages_expiring",
        "expires_at",
        where="state = 'queued' AND expires_at IS NOT NULL",
    ),
    Index("ix_messages_contact_id", "contact_id", "created_at"),
    Index("ix_messages_created_at", "created_at"),
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", Id, primary_key=True),
    Column("title", String(120), nullable=False),
    Column("author", String(64), nullable=False),  # a user's name
    Column("channel", String(64), nullable=False),
    Column("purpose", String(32), nullable=False),
    Column("plan", Text, nullable=False),  # JSON of plans.Plan
    Column("state", String(12), nullable=False),  # values.CampaignState
    Column("created_at", At, nullable=False),
    Column("changed_at", At, nullable=False),
    Column("submitted_by", String(64), nullable=False, server_default=""),
    Column("submitted_at", At),
    Column("decided_by", String(64), nullable=False, server_default=""),  # approved or rejected
    Column("decided_at", At),
    Column("decision_note", String(500), nullable=False, server_default=""),
    Column("approved_size", Integer),  # the people that the approver was told of
    Column("next_at", At),  # the next launch; null when none is planned
    Index("ix_campaigns_state", "state", "changed_at"),
    _partial("ix_campaigns_next", "next_at", where="next_at IS NOT NULL"),
)

campaign_texts = Table(  # what was approved, by language: a later edit of a flow changes nothing
    "campaign_texts",
    metadata,
    Column("campaign_id", Id, ForeignKey("campaigns.id", ondelete="CASCADE"), nullable=False),
    Column("language", String(16), nullable=False),
    Column("text_id", Id, ForeignKey("texts.id"), nullable=False),
    PrimaryKeyConstraint("campaign_id", "language"),
)

campaign_runs = Table(  # one occurrence of a campaign: a frozen audience
    "campaign_runs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("campaign_id", Id, ForeignKey("campaigns.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),  # 1, 2, ...
    Column("state", String(12), nullable=False),  # values.RunState
    Column("paused_reason", String(64), nullable=False, server_default=""),
    Column("paused_at", At),
    Column("planned_at", At, nullable=False),  # when it should begin, the occurrence's name
    Column("began_at", At, nullable=False),  # when it was launched
    Column("ends_at", At, nullable=False),  # the last moment of the last person: start + expiry
    Column("finished_at", At),
    Column("seed", String(32), nullable=False),  # of hold-out, sample and canary
    Column("sample_below", BigInteger),  # a person is in the sample below this draw; null: all
    Column("frozen_to", Id, nullable=False, server_default="0"),  # contacts.id that is done
    Column("freeze_to", Id, nullable=False, server_default="0"),  # the last contact at the launch
    Column("frozen_at", At),  # the whole audience has its rows
    Column("audience", Integer, nullable=False, server_default="0"),
    Column("budget_micros", BigInteger),
    Column("currency", String(3), nullable=False),
    Column("committed_micros", BigInteger, nullable=False, server_default="0"),
    Column("canary_until", At),  # the rest waits until then; null before the canary is out
    Column("tally", Text, nullable=False, server_default="{}"),  # JSON: counts as last looked at
    Column("tallied_at", At),
    UniqueConstraint("campaign_id", "number"),
    UniqueConstraint("campaign_id", "planned_at"),
    Index("ix_campaign_runs_state", "state"),
    _partial("ix_campaign_runs_finished_at", "finished_at", where="finished_at IS NOT NULL"),
)

campaign_batches = Table(  # a piece of a run's rows that is released together
    "campaign_batches",
    metadata,
    Column("run_id", Id, ForeignKey("campaign_runs.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(12), nullable=False),  # values.BatchState
    Column("size", Integer, nullable=False),  # queued rows, without those suppressed at launch
    Column("is_canary", Boolean, nullable=False),
    Column("due_at", At, nullable=False, server_default="0"),  # nobody in it may go before
    Column("called_at", At),
    Column("released_at", At),  # when rows of it were let go first; a pause takes them back
    PrimaryKeyConstraint("run_id", "number"),
    _partial("ix_campaign_batches_open", "run_id", "number", where="state <> 'released'"),
    _partial("ix_campaign_batches_canary", "run_id", where="is_canary"),
)

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("role", String(16), nullable=False),  # values.Role
    Column("password_hash", String(255), nullable=False),  # argon2id
    Column("created_at", At, nullable=False),
    Column("disabled_at", At),
)

receipts = Table(  # reports whose message is not known yet: settled when it is, else purged
    "receipts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("gateway_id", String(128), nullable=False),
    Column("state", String(12), nullable=False),
    Column("code", String(32), nullable=False, server_default=""),
    Column("opted_out", Boolean, nullable=False),
    Column("at", At, nullable=False),
    UniqueConstraint("channel", "gateway_id", "state"),
    Index("ix_receipts_at", "at"),
)

TURNS_LEFT = "(turns.flow <> turns.to_flow OR turns.ends)"
"""A turn that led out of the flow in which it was given: the condition of `ix_turns_left`, as text."""

turns = Table(  # the journal's home; a row per turn, exactly once by its id
    "turns",
    metadata,
    Column("id", Ref, primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("session_ref", Ref, nullable=False),  # keyed hash of the gateway's session id
    Column("ref", Ref, nullable=False),
    Column("number", Integer, nullable=False),  # 0 opens the gateway session
    Column("at", At, nullable=False),
    Column("version", String(16), nullable=False),
    Column("language", String(16), nullable=False),
    Column("network", String(16), nullable=False, server_default=""),
    Column("flow", String(64), nullable=False),
    Column("state", String(64), nullable=False),  # where the input was given
    Column("to_flow", String(64), nullable=False),
    Column("to_state", String(64), nullable=False),
    Column("how", String(12), nullable=False),
    Column("option", Integer, nullable=False),
    Column("item", String(8), nullable=False, server_default=""),
    Column("answer_right", Boolean),
    Column("ends", Boolean, nullable=False),
    Column("opening_enc", LargeBinary),  # number 0 only: the session as it was opened
    Index("ix_turns_session", "channel", "session_ref", "number"),
    Index("ix_turns_at", "at"),
    Index("ix_turns_ref", "ref"),
    _partial(  # who went through a flow
        "ix_turns_left",
        "flow",
        "ref",
        "at",
        where=TURNS_LEFT,
    ),
)

ussd_sessions = Table(
    "ussd_sessions",
    metadata,
    Column("channel", String(64), nullable=False),
    Column("session_ref", Ref, nullable=False),
    Column("ref", Ref, nullable=False),
    Column("started_at", At, nullable=False),
    Column("last_at", At, nullable=False),
    Column("turns", Integer, nullable=False),
    Column("flow", String(64), nullable=False),
    Column("state", String(64), nullable=False),  # where the person is, or was left
    Column("ended", String(12), nullable=False),  # "" live | end | silence | left
    Column("gateway_status", String(16), nullable=False, server_default=""),
    Column("duration_ms", Integer),
    Column("cost_micros", BigInteger),
    PrimaryKeyConstraint("channel", "session_ref"),
    Index("ix_ussd_sessions_open", "last_at", "ended"),
    Index("ix_ussd_sessions_ref", "ref"),
)

reports = Table(
    "reports",
    metadata,
    Column("id", Id, primary_key=True),
    Column("reference", String(8), nullable=False, unique=True),
    Column("effect_key", String(64), nullable=False, unique=True),
    Column("contact_id", Id, ForeignKey("contacts.id", ondelete="SET NULL")),
    Column("ref", Ref, nullable=False),
    Column("owner_since", At, nullable=False),  # of the contact then: a new owner sees nothing
    Column("channel", String(64), nullable=False),
    Column("country", String(2), nullable=False, server_default=""),
    Column("network", String(16), nullable=False, server_default=""),
    Column("language", String(16), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("facts", Text, nullable=False),  # JSON: choices and bands, nothing that was typed
    Column("raw_enc", LargeBinary),  # what was typed or forwarded; purged after 30 days
    Column("state", String(12), nullable=False),
    Column("received_at", At, nullable=False),
    Index("ix_reports_received_at", "received_at"),
    Index("ix_reports_ref", "ref"),
    Index("ix_reports_contact_id", "contact_id"),
)

enrolments = Table(
    "enrolments",
    metadata,
    Column("id", Id, primary_key=True),
    Column("contact_id", Id, ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
    Column("course", String(64), nullable=False),
    Column("at", At, nullable=False),
    Column("ended_at", At),
    Column("ended_because", String(16), nullable=False, server_default=""),
    Column("effect_key", String(64), nullable=False, unique=True),
    Column("channel", String(64), nullable=False, server_default=""),  # "" = the person's country's
    Column("next_at", At, nullable=False, server_default="0"),  # when to look at it again
    Column(
        "had", Text, nullable=False, server_default="{}"
    ),  # JSON: lesson to [at, what, reminded]
    Index("ix_enrolments_contact_id", "contact_id"),
    _partial("ix_enrolments_next", "next_at", where="ended_at IS NULL"),
)

courses = Table(  # what is taught now, as the ticker reads it: it loads no flows
    "courses",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("plan", Text, nullable=False),  # JSON of timetable.Published
    Column("version", String(16), nullable=False),  # of the content
    Column("published_at", At, nullable=False),
    Column("retired_at", At),  # the content has it no more; its people wait
)

openings = Table(  # first texts of the flows that ask to be reminded of
    "openings",
    metadata,
    Column("flow", String(64), nullable=False),
    Column("language", String(16), nullable=False),
    Column("text_id", Id, ForeignKey("texts.id"), nullable=False),
    Column("version", String(16), nullable=False),
    PrimaryKeyConstraint("flow", "language"),
)

course_intakes = Table(  # runs of campaigns that enrol whom they reached
    "course_intakes",
    metadata,
    Column("run_id", Id, ForeignKey("campaign_runs.id", ondelete="CASCADE"), primary_key=True),
    Column("batch", Integer, nullable=False, server_default="0"),  # the next one to look at
    Column(
        "passes", Integer, nullable=False, server_default="0"
    ),  # a second one finds late receipts
    Column("next_at", At, nullable=False),
)

reminders = Table(
    "reminders",
    metadata,
    Column("id", Id, primary_key=True),
    Column("contact_id", Id, ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
    Column("flow", String(64), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("due_at", At, nullable=False),
    Column("done_at", At),
    Column("effect_key", String(64), nullable=False, unique=True),
    Index("ix_reminders_due_at", "due_at"),
    _partial("ix_reminders_waiting", "due_at", where="done_at IS NULL"),
    Index("ix_reminders_contact_id", "contact_id"),
)

codes = Table(  # the code of MYDATA and DELETE, sent to the same phone
    "codes",
    metadata,
    Column("contact_id", Id, ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
    Column("act", String(12), nullable=False),  # mydata | delete
    Column("code_hash", Ref, nullable=False),
    Column("expires_at", At, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("contact_id", "act"),
)

content_versions = Table(  # a session keeps its version, on any machine, after any restart
    "content_versions",
    metadata,
    Column("version", String(16), primary_key=True),
    Column("files", LargeBinary, nullable=False),  # zlib of JSON {path: text}
    Column("created_at", At, nullable=False),
    Column("used_at", At, nullable=False),
)

channel_states = Table(
    "channel_states",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("paused_at", At),
    Column("paused_because", String(64), nullable=False, server_default=""),
    Column("last_error", String(200), nullable=False, server_default=""),
    Column("last_error_at", At),
    Column("last_accepted_at", At),
)

audit = Table(  # append-only, hash-chained (`audit.py`)
    "audit",
    metadata,
    Column("seq", Id, primary_key=True, autoincrement=False),
    Column("at", At, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("detail", Text, nullable=False),  # JSON, no number and no text
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Id, primary_key=True),
    Column(
        "kind", String(32), nullable=False
    ),  # channel_paused | drain_failed | content_broken ...
    Column("subject", String(128), nullable=False),
    Column("words", Text, nullable=False),
    Column("at", At, nullable=False),
    Column("sent_at", At),  # every way that is set up has it
    Column("mailed_at", At),
    Column("posted_at", At),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", At, nullable=False, server_default="0"),  # not tried again before this
    Column("ended_at", At),  # the trouble is over
    _partial(
        "uq_alerts_ongoing",
        "kind",
        "subject",
        unique=True,
        where="ended_at IS NULL",
    ),
)

chores = Table(  # daily and periodic work: who ran it last and what it did
    "chores",
    metadata,
    Column("name", String(48), primary_key=True),
    Column("started_at", At, nullable=False),
    Column("done_at", At),
    Column("report", Text, nullable=False, server_default="{}"),
)
