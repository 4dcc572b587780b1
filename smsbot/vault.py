"""Secrets of persons: ciphers with rotating keys, and keyed hashes that name people without a number.

A ciphertext is `key id (4) | nonce (12) | AES-256-GCM`; the first key encrypts, every key decrypts.
A phone number has only some 10^9 values, so a plain hash of it can be reversed; the hashes here are
keyed with a secret that lives outside the database (R12, R13).
"""

from __future__ import annotations

import hashlib
import itertools
import os
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from smsbot.errors import CannotDecrypt, ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smsbot.values import Msisdn

MIN_SECRET_CHARS = 32


class Vault:
    """Encrypts, decrypts and names. Immutable; threads share it."""

    def __init__(self, secret: str, pii_keys: Sequence[str]) -> None:
        if len(secret) < MIN_SECRET_CHARS or not pii_keys:
            raise ConfigError(
                f"SMSBOT_SECRET_KEY needs {MIN_SECRET_CHARS} characters or more, and SMSBOT_PII_KEYS "
                "at least one key",
            )
        if any(len(key) < MIN_SECRET_CHARS for key in pii_keys):
            raise ConfigError(f"each key in SMSBOT_PII_KEYS needs {MIN_SECRET_CHARS} characters")
        self._names = hashlib.blake2b(
            secret.encode(), digest_size=32, person=b"smsbot-names"
        ).digest()
        self._ciphers: dict[bytes, AESGCM] = {}
        ids = []
        for key in pii_keys:
            raw = hashlib.blake2b(key.encode(), digest_size=32, person=b"smsbot-pii").digest()
            key_id = hashlib.blake2b(raw, digest_size=4, person=b"smsbot-key-id").digest()
            self._ciphers[key_id] = AESGCM(raw)
            ids.append(key_id)
        self._first_id = ids[0]
        self._first = self._ciphers[ids[0]]

    def encrypt(self, plain: bytes, context: bytes) -> bytes:
        """Give the ciphertext; `context` (table and column, or key) must be the same to decrypt."""
        nonce = _nonces.take()
        return self._first_id + nonce + self._first.encrypt(nonce, plain, context)

    def decrypt(self, sealed: bytes, context: bytes) -> bytes:
        """Give the plain bytes, or raise CannotDecrypt."""
        cipher = self._ciphers.get(sealed[:4])
        if cipher is None:
            raise CannotDecrypt("a value was encrypted with a key that SMSBOT_PII_KEYS lacks")
        try:
            return cipher.decrypt(sealed[4:16], sealed[16:], context)
        except (InvalidTag, ValueError):
            raise CannotDecrypt("a stored value was changed or belongs elsewhere") from None

    @property
    def key_ids(self) -> tuple[bytes, ...]:
        """Give what the ciphertexts of each key begin with (4 bytes), the encrypting key first."""
        return tuple(self._ciphers)

    def is_current(self, sealed: bytes) -> bool:
        """Say whether the first key made this ciphertext (`keys rotate` seals the others anew)."""
        return sealed[:4] == self._first_id

    def mac(self, data: bytes, *, person: bytes = b"") -> str:
        """Give the keyed hash of `data`, 32 hex digits; `person` (16 bytes at most) sets its use."""
        return hashlib.blake2b(data, digest_size=16, key=self._names, person=person).hexdigest()

    def ref(self, msisdn: Msisdn) -> str:
        """Give the name of a person: the keyed hash of the number."""
        return self.mac(msisdn.e164.encode(), person=b"msisdn")


class _Nonces:
    """Nonces that never repeat: eight random bytes of this process, and a counter.

    A call to the kernel for each would let another thread take the interpreter away, twice a turn.
    A fork gets another prefix; after 2^32 nonces they are drawn at random.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Draw another prefix."""
        self._prefix = os.urandom(8)
        self._counter = itertools.count()

    def take(self) -> bytes:
        """Give twelve bytes; threads may call at once."""
        prefix = self._prefix
        number = next(self._counter)  # one step of the interpreter: no two threads get the same
        if number >= _MOST_NONCES:
            return os.urandom(12)
        return prefix + number.to_bytes(4, "big")


_MOST_NONCES = 1 << 32
_nonces = _Nonces()
os.register_at_fork(after_in_child=_nonces.begin)
