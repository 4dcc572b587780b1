"""The backup file: a zip of parts, with a manifest of their hashes that only our keys could sign."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import struct
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from smsbot.errors import BadBackup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from smsbot.vault import Vault

FORMAT = 1
_MANIFEST, _SIGNATURE = "manifest.json", "manifest.mac"
_PIECE = 1 << 20
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
"""What `zipfile` raises for bytes that are not as they were written."""
_SECRET_CHECK = b"the secret key of this backup"


@dataclass(frozen=True, slots=True)
class TablePart:
    """The rows of one table."""

    columns: list[str]
    rows: int


@dataclass(slots=True)
class Manifest:
    """What a backup holds. `parts` gives SHA-256 by path; `key_ids` the keys that its values need."""

    made_at: str
    taken_at_ms: int
    smsbot: str
    schema: str
    database: str
    secret_check: str
    key_ids: list[str]
    tables: dict[str, TablePart] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT


class Writer:
    """Writes parts one after the other, then the manifest."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive = archive
        self.manifest = manifest

    def add(self, name: str, pieces: Iterable[bytes]) -> int:
        """Write a part; give how many pieces it had."""
        digest = hashlib.sha256()
        count = 0
        with self._archive.open(name, "w", force_zip64=True) as part:
            for piece in pieces:
                digest.update(piece)
                part.write(piece)
                count += 1
        self.manifest.parts[name] = digest.hexdigest()
        return count


def secret_check(vault: Vault) -> str:
    """Give a word that only the same SMSBOT_SECRET_KEY gives."""
    return vault.mac(_SECRET_CHECK, person=b"backup")


@contextmanager
def writing(path: Path, vault: Vault, manifest: Manifest) -> Iterator[Writer]:
    """Write a backup to `path`: readable by the owner alone, and there only once it is whole."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                yield Writer(archive, manifest)
                raw = json.dumps(asdict(manifest), indent=1, sort_keys=True).encode()
                archive.writestr(_MANIFEST, raw)
                archive.writestr(_SIGNATURE, vault.mac(raw, person=b"backup"))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


class Reader:
    """A backup whose manifest is genuine and whose every part has its hash."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive = archive
        self.manifest = manifest

    @contextmanager
    def part(self, name: str) -> Iterator[IO[bytes]]:
        """Open a part."""
        with self._archive.open(name) as opened:
            yield opened


@contextmanager
def reading(path: Path, vault: Vault) -> Iterator[Reader]:
    """Open a backup and check all of it; raise BadBackup before anything is used."""
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise BadBackup(f"{path} does not exist") from None
    except _DAMAGE as fault:
        raise BadBackup(f"{path} cannot be read as a backup: {fault}") from None
    with archive:
        try:
            manifest = _manifest(archive, vault)
            _check_parts(archive, manifest)
        except _DAMAGE as fault:
            raise BadBackup(f"{path} is damaged: {fault}") from None
        yield Reader(archive, manifest)


def _manifest(archive: zipfile.ZipFile, vault: Vault) -> Manifest:
    try:
        raw = archive.read(_MANIFEST)
        signature = archive.read(_SIGNATURE).decode()
        found: dict[str, Any] = json.loads(raw)
        if found["format"] != FORMAT:
            raise BadBackup(f"the backup has format {found['format']}, this version reads {FORMAT}")
        found["tables"] = {name: TablePart(**part) for name, part in found["tables"].items()}
        manifest = Manifest(**found)
    except (KeyError, ValueError, TypeError, AttributeError):
        raise BadBackup("the file is not a backup of smsbot") from None
    if not hmac.compare_digest(manifest.secret_check, secret_check(vault)):
        raise BadBackup(
            "the backup belongs to another SMSBOT_SECRET_KEY: put that one back, nobody in it can be "
            "found with this one"
        )
    if not hmac.compare_digest(signature, vault.mac(raw, person=b"backup")):
        raise BadBackup("the backup's manifest was changed after it was made")
    lacking = set(manifest.key_ids) - {key_id.hex() for key_id in vault.key_ids}
    if lacking:
        raise BadBackup(
            f"SMSBOT_PII_KEYS lacks {len(lacking)} key(s) that the backup's values need "
            f"({', '.join(sorted(lacking))}): add the keys of its day"
        )
    return manifest


def _check_parts(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    names = [name for name in archive.namelist() if name not in (_MANIFEST, _SIGNATURE)]
    if sorted(names) != sorted(manifest.parts):
        raise BadBackup("the backup's parts are not those of its manifest")
    for name, wanted in manifest.parts.items():
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts:
            raise BadBackup("the backup names a file outside of itself")
        digest = hashlib.sha256()
        with archive.open(name) as part:
            while piece := part.read(_PIECE):
                digest.update(piece)
        if digest.hexdigest() != wanted:
            raise BadBackup(f"{name} in the backup is damaged")
