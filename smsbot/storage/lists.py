"""A list of numbers as one parameter of a statement, however many: no limit, one plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection


def among(connection: Connection) -> str:
    """Give the condition that stands behind a column; its `?` is what `list_of` gives (`insert.say`)."""
    if connection.dialect.name == "sqlite":
        return "IN (SELECT value FROM json_each(?))"
    return "= ANY(CAST(? AS bigint[]))"


def list_of(connection: Connection, numbers: Collection[int]) -> object:
    """Give the numbers as the driver takes them."""
    if connection.dialect.name == "sqlite":
        return orjson.dumps(list(numbers)).decode()
    return list(numbers)
