"""The secret word in a webhook's path: all that a gateway without signatures can be known by."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING

from smsbot.errors import Forbidden

if TYPE_CHECKING:
    from collections.abc import Iterable


def require_token(given: str, valid: Iterable[bytes]) -> None:
    """Return if `given` is one of the tokens (two while rotating); raise Forbidden otherwise.

    Every token is compared, each in constant time: the answer's time tells neither how much of a
    guess was right nor which token it was near.
    """
    raw = given.encode("utf-8", "surrogateescape")
    matches = 0
    for token in valid:
        matches += compare_digest(raw, token)
    if not raw or not matches:
        raise Forbidden("the token is wrong")
