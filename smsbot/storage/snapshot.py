"""All rows as portable lines, and back: what SQLite wrote PostgreSQL reads, and the other way round.

A line is the JSON list of a row's values in the order of the columns; bytes are base64.
"""

from __future__ import annotations

import base64
import re
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import LargeBinary, func, insert, select, text

from smsbot.errors import BadBackup
from smsbot.storage import audit
from smsbot.storage.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Table

    from smsbot.storage.database import Database

_CHUNK = 1000
_PERSONAL = ("contacts", "suppressions", "inbound", "messages", "reports", "turns", "audit")
"""A database with no row in these is empty: a first start leaves content versions and chores only."""
_PLAIN_NAME = re.compile(r"[a-z_]+")


def tables() -> dict[str, Table]:
    """Give every table by name, referenced ones first."""
    return {table.name: table for table in metadata.sorted_tables}


@contextmanager
def one_moment(database: Database) -> Iterator[Connection]:
    """Give a connection that sees one moment of the whole database, for as long as it takes."""
    with database.read() as connection:
        if connection.dialect.name == "postgresql":
            from smsbot.storage.silence import take_your_time

            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            take_your_time(connection)
        yield connection


@contextmanager
def alone(database: Database) -> Iterator[Connection]:
    """Give a transaction in which nobody else reads or writes a table, for as long as it takes."""
    with database.write() as connection:
        if connection.dialect.name == "postgresql":
            from smsbot.storage.silence import take_your_time

            take_your_time(connection)
            names = ", ".join(tables())
            connection.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))
        yield connection


def lines(connection: Connection, table: Table) -> Iterator[bytes]:
    """Give each row as a line with its newline, by primary key; flat memory."""
    binary = [isinstance(column.type, LargeBinary) for column in table.c]
    statement = select(table).order_by(*table.primary_key).execution_options(yield_per=_CHUNK)
    with connection.execute(statement) as result:
        for row in result:
            values = [
                base64.b64encode(value).decode() if is_binary and value is not None else value
                for value, is_binary in zip(row, binary, strict=True)
            ]
            yield orjson.dumps(values) + b"\n"


def readable(table: Table, columns: Sequence[str]) -> None:
    """Raise BadBackup when rows with these columns cannot become rows of the table.

    An older backup may lack a column that may be null or has a default; nothing else.
    """
    unknown = [name for name in columns if name not in table.c]
    if unknown:
        raise BadBackup(
            f"the backup has {table.name}.{unknown[0]}, which this version does not know: restore it "
            "with the version that made it, then upgrade"
        )
    for column in table.c:
        may_lack = column.nullable or column.server_default is not None
        if column.name not in columns and not may_lack:
            raise BadBackup(f"the backup lacks {table.name}.{column.name}, which must be set")


def load(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[bytes]
) -> int:
    """Insert the lines as rows; give how many. Raises BadBackup for a line that is not a row."""
    binary = [isinstance(table.c[name].type, LargeBinary) for name in columns]
    source = iter(rows)
    count = 0
    while chunk := [
        _row(table, columns, binary, line, count + number)
        for number, line in enumerate(islice(source, _CHUNK), 1)
    ]:
        connection.execute(insert(table), chunk)
        count += len(chunk)
    return count


def _row(
    table: Table, columns: Sequence[str], binary: Sequence[bool], line: bytes, number: int
) -> dict[str, Any]:
    try:
        values = orjson.loads(line)
        return {
            name: base64.b64decode(value, validate=True)
            if is_binary and value is not None
            else value
            for name, value, is_binary in zip(columns, values, binary, strict=True)
        }
    except (ValueError, TypeError):
        raise BadBackup(f"row {number} of {table.name} in the backup cannot be read") from None


def is_empty(connection: Connection) -> bool:
    """Say whether the database holds nothing of any person, and no audit row."""
    known = tables()
    return not any(
        connection.execute(select(*known[name].primary_key).limit(1)).first() for name in _PERSONAL
    )


def clear(connection: Connection) -> None:
    """Delete every row, of the audit log too: only inside `alone`, before `load`."""
    audit.unguard(connection)
    for table in reversed(metadata.sorted_tables):
        connection.execute(table.delete())
    audit.guard(connection)


def count(connection: Connection, table: Table) -> int:
    """Count the rows."""
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def restart_numbering(connection: Connection) -> None:
    """Let new rows be numbered after the loaded ones; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables().values():
        if table.autoincrement_column is None:
            continue
        column = table.autoincrement_column.name
        assert _PLAIN_NAME.fullmatch(table.name) and _PLAIN_NAME.fullmatch(column)  # noqa: PT018  # one rule
        connection.execute(
            text(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column}'), "  # noqa: S608  # our own names
                f"(SELECT coalesce(max({column}), 0) + 1 FROM {table.name}), false)"
            ),
        )
