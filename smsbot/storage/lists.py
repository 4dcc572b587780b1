"""A list of numbers or words as one parameter of a statement, however many: no limit, one plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import orjson

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection


def among(connection: Connection, kind: Literal["bigint", "text"] = "bigint") -> str:
    """Give the condition that stands behind a column; its `?` is what `list_of` gives (`insert.say`)."""
    if connection.dialect.name == "sqlite":
        return "IN (SELECT value FROM json_each(?))"
    return f"= ANY(CAST(? AS {kind}[]))"


def list_of(connection: Connection, values: Collection[int] | Collection[str]) -> object:
    """Give the numbers, or the words, as the driver takes them."""
    if connection.dialect.name == "sqlite":
        return orjson.dumps(list(values)).decode()
    return list(values)
