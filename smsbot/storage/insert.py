"""Insert a row once: what makes a repeated turn, webhook or job harmless."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Table


def insert_if_new(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert the row unless a unique key of it exists; say whether it was new.

    On PostgreSQL it waits for a concurrent insert of the same key, so a SELECT after it sees that row.
    """
    return _inserted(connection, table, values) is not None


def insert_once(connection: Connection, table: Table, values: Mapping[str, Any]) -> int | None:
    """Insert the row as `insert_if_new` does; give its row number, or None when it was there."""
    row = _inserted(connection, table, values)
    return None if row is None else int(row[0])


def insert_many_if_new(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert the rows whose unique keys do not exist yet, in one go."""
    if not rows:
        return
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).on_conflict_do_nothing()
    connection.execute(statement, [dict(row) for row in rows])


def _inserted(connection: Connection, table: Table, values: Mapping[str, Any]) -> Any:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).on_conflict_do_nothing().returning(*table.primary_key)
    return connection.execute(statement, dict(values)).first()


def in_driver_words(connection: Connection, sql: str) -> str:
    """Give a statement that is written with `?` in the words of the connection's driver."""
    return sql if connection.dialect.name == "sqlite" else sql.replace("?", "%s")
