"""Insert a row once: what makes a repeated turn, webhook or job harmless.

Only the dialect that is spoken is imported: SQLAlchemy loads all drivers of one with it (2 MB).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, CursorResult, Table
    from sqlalchemy.dialects import postgresql, sqlite
    from sqlalchemy.sql.dml import ReturningInsert


def insert_into(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Give the dialect's own INSERT, which knows ON CONFLICT; `dialect` is `connection.dialect.name`."""
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


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
    connection.execute(_once(connection.dialect.name, table), [dict(row) for row in rows])


def _inserted(connection: Connection, table: Table, values: Mapping[str, Any]) -> Any:
    statement = _once_giving_key(connection.dialect.name, table)
    return connection.execute(statement, dict(values)).first()


@cache
def _once(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    return insert_into(dialect, table).on_conflict_do_nothing()


@cache
def _once_giving_key(dialect: str, table: Table) -> ReturningInsert[Any]:
    return _once(dialect, table).returning(*table.primary_key)


def say(connection: Connection, sql: str, *values: object) -> CursorResult[*tuple[Any, ...]]:
    """Run a statement that is written with `?`, past SQLAlchemy's compiler.

    Half the cost, for the statements of every text and turn. What comes back is what the driver gives.
    """
    return connection.exec_driver_sql(in_driver_words(connection, sql), values)


def in_driver_words(connection: Connection, sql: str) -> str:
    """Give a statement that is written with `?` in the words of the connection's driver."""
    return sql if connection.dialect.name == "sqlite" else sql.replace("?", "%s")
