"""Twilio's webhook signature: base64(HMAC(secret, address + sorted names and values)).

Source: twilio.com/docs/usage/security and the official SDK 9.13, against which the tests compare.
The address is the public one that Twilio called, byte for byte: a decoded `%41` or `%C3%A9`, a
different order of the query or another scheme makes another signature.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SHA1, SHA256 = "HMAC_SHA1", "HMAC_SHA256"
_ONLY_SHA256 = "sha256:"
_DIGESTS = {SHA1: "sha1", SHA256: "sha256"}
_DEFAULT_PORTS = {"https://": "443", "http://": "80"}
_ADDRESS = re.compile(r"(https?://)([^/?#@:\[]+|\[[0-9a-fA-F:.]+\])(?::(\d{1,5}))?((?:[/?].*)?)")


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """What a webhook may be signed with: an auth token, or the secret of a SharedKey.

    A SharedKey's secret is written `sha256:SECRET`: it is good for HMAC_SHA256 alone, so that no
    header can talk us down to SHA-1.
    """

    key: bytes
    algorithms: frozenset[str]

    @classmethod
    def parse(cls, raw: str) -> Secret:
        """Read one of the words in TWILIO_AUTH_TOKEN."""
        if raw.startswith(_ONLY_SHA256):
            return cls(raw.removeprefix(_ONLY_SHA256).encode(), frozenset({SHA256}))
        return cls(raw.encode(), frozenset({SHA1, SHA256}))


def auth_tokens(raw: Iterable[str]) -> tuple[str, ...]:
    """Give those words that the API takes as a password: all but the secrets of SharedKeys."""
    return tuple(token for token in raw if not token.startswith(_ONLY_SHA256))


def algorithm_of(settings_header: str) -> str:
    """Give what `key=...,algorithm=HMAC_SHA256` names; without that header it is SHA-1."""
    for part in settings_header.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return value.strip().upper()
    return SHA1


def is_signed(
    url: str,
    pairs: Iterable[tuple[str, str]],
    signature: str,
    secrets: Iterable[Secret],
    algorithm: str,
) -> bool:
    """Say whether one of the secrets made this signature. Takes the same time for every guess.

    Twilio signs the address now with its port, now without it: both are tried.
    """
    digest = _DIGESTS.get(algorithm)
    if digest is None or not signature:
        return False
    given = signature.encode("utf-8", "surrogateescape")
    tail = "".join(name + value for name, value in sorted(set(pairs)))
    matches = 0
    for secret in secrets:
        for address in _with_and_without_port(url):
            mac = hmac.new(secret.key, (address + tail).encode(), digest)
            ours = hmac.compare_digest(b64encode(mac.digest()), given)
            matches += ours and algorithm in secret.algorithms
    return matches > 0


def _with_and_without_port(url: str) -> tuple[str, ...]:
    match = _ADDRESS.fullmatch(url)
    if match is None:
        return ()
    scheme, host, port, rest = match.groups()
    return f"{scheme}{host}{rest}", f"{scheme}{host}:{port or _DEFAULT_PORTS[scheme]}{rest}"
