"""Keys of personal data: rotation on SQLite and PostgreSQL, resumed, raced and misconfigured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import LargeBinary, select

from smsbot.conversation.drain import OPENING_CONTEXT
from smsbot.errors import CannotDecrypt
from smsbot.storage import contacts, sealed, tables, texts
from smsbot.storage.sealed import SEALED
from smsbot.upkeep import keys
from smsbot.values import Msisdn
from smsbot.vault import Vault
from tests.integration.lives import AMINA, T0, live

if TYPE_CHECKING:
    from smsbot.storage.database import Database

SECRET = "a-secret-of-the-test-suite-only-0123456789"
OLD, NEW = "old-" * 10, "new-" * 10


def fill(database: Database, vault: Vault) -> None:
    with database.write() as connection:
        live(connection, vault)
        openings = tables.turns.update().values(opening_enc=vault.encrypt(b"o", OPENING_CONTEXT))
        connection.execute(openings)
        texts.keep(connection, vault, key="k", language="en", text="Hello", now_ms=T0, session=b"s")
        places = vault.encrypt(b"p", sealed.INBOUND_SESSION)
        connection.execute(tables.inbound.update().values(session_enc=places))


def test_every_column_of_ciphertext_is_known() -> None:
    stored = {
        f"{table.name}.{column.name}"
        for table in tables.metadata.sorted_tables
        for column in table.c
        if isinstance(column.type, LargeBinary) and column.name.endswith("_enc")
    }
    assert {column.name for column in SEALED} == stored
    assert sealed.OPENING_CONTEXT == OPENING_CONTEXT


def test_after_a_rotation_the_old_key_may_go(database: Database) -> None:
    fill(database, Vault(SECRET, [OLD]))
    both = Vault(SECRET, [NEW, OLD])
    assert [(use.place, use.values) for use in keys.status(database, both)] == [(1, 0), (2, 14)]
    told: dict[str, int] = {}
    done = keys.rotate(database, both, progress=told.__setitem__)
    assert done.rows == {
        "contacts.msisdn_enc": 1,
        "inbound.body_enc": 3,
        "inbound.session_enc": 3,
        "messages.body_enc": 3,
        "reports.raw_enc": 1,
        "texts.body_enc": 1,
        "texts.session_enc": 1,
        "turns.opening_enc": 1,
    }
    assert told == done.rows
    assert done.left == 0
    assert sum(keys.rotate(database, both).rows.values()) == 0
    alone = Vault(SECRET, [NEW])
    assert [(use.place, use.values) for use in keys.status(database, alone)] == [(1, 14)]
    with database.read() as connection:
        contact = contacts.find(connection, alone.ref(AMINA))
        assert contact is not None
        assert contacts.msisdn_of(connection, alone, contact.id) == AMINA
        for column in SEALED:
            for value in connection.execute(select(column.column)).scalars():
                assert value is None or alone.decrypt(bytes(value), column.context)


def test_a_rotation_that_was_stopped_goes_on_where_it_was(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed, "BATCH", 3)
    old, both = Vault(SECRET, [OLD]), Vault(SECRET, [NEW, OLD])
    with database.write() as connection:
        for number in range(10):
            contacts.ensure(
                connection,
                old,
                Msisdn(f"+2507880000{number:02}"),
                channel_country="RW",
                network="",
                now_ms=T0,
            )

    def stop(_name: str, done: int) -> None:
        if done >= 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keys.rotate(database, both, progress=stop)
    assert [use.values for use in keys.status(database, both)] == [6, 4]
    assert keys.rotate(database, both).rows["contacts.msisdn_enc"] == 4


def test_a_value_that_no_key_opens_stops_the_rotation_and_is_shown(database: Database) -> None:
    fill(database, Vault(SECRET, [OLD]))
    stranger = Vault(SECRET, [NEW])
    with pytest.raises(CannotDecrypt):
        keys.rotate(database, stranger)
    unknown = [use for use in keys.status(database, stranger) if use.place == 0]
    assert [use.values for use in unknown] == [14]


def test_a_fresh_key_is_long_random_and_fits_the_setting() -> None:
    first, second = keys.new_key(), keys.new_key()
    assert first != second
    assert len(first) == 43
    assert "," not in first
    Vault(SECRET, [first, second])
