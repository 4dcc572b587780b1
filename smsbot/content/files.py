"""The files that are content, as bytes: from disk, or from a stored version. Their hash is the version.

Names are `flows/<flow>.yaml`, `flows/courses/<course>.yaml` and `messages/<language>/<flow>.po`,
wherever the folders stand.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from smsbot.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NOT_FLOWS = frozenset({"contacts.yaml"})
"""Files beside the flows that are something else: the official numbers."""

COURSES = "courses"
"""The folder of the courses, below the flows."""

Files = dict[str, bytes]
"""Name to content."""


class Stamp(NamedTuple):
    """A file as the folder shows it: what changes when it does, without reading it."""

    path: str
    modified_ns: int
    size: int
    inode: int


def list_files(flows_dir: Path, messages_dir: Path) -> dict[str, Stamp]:
    """Give the stamp of every file of content by its name, sorted. An absent folder is empty.

    Raises ContentError for a folder or file that can't be looked at.
    """
    return dict(sorted(_found(flows_dir, messages_dir)))


def _found(flows_dir: Path, messages_dir: Path) -> Iterator[tuple[str, Stamp]]:
    for entry in _entries(flows_dir):
        if entry.name.endswith((".yaml", ".yml")) and entry.name not in NOT_FLOWS:
            yield from _stamped(f"flows/{entry.name}", entry)
    for entry in _entries(flows_dir / COURSES):
        if entry.name.endswith((".yaml", ".yml")):
            yield from _stamped(f"flows/{COURSES}/{entry.name}", entry)
    for folder in _entries(messages_dir):
        if folder.is_dir():
            for entry in _entries(Path(folder.path)):
                if entry.name.endswith(".po"):
                    yield from _stamped(f"messages/{folder.name}/{entry.name}", entry)


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Give what stands in a folder, but for what editors hide there."""
    try:
        with os.scandir(folder) as found:
            yield from (entry for entry in found if not entry.name.startswith((".", "#")))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise _unreadable(str(folder), error) from None


def _stamped(name: str, entry: os.DirEntry[str]) -> Iterator[tuple[str, Stamp]]:
    try:
        if entry.is_file():
            found = entry.stat()
            yield name, Stamp(entry.path, found.st_mtime_ns, found.st_size, found.st_ino)
    except FileNotFoundError:
        return  # gone since the folder was read
    except OSError as error:
        raise _unreadable(entry.path, error) from None


def read_files(stamps: Mapping[str, Stamp]) -> Files:
    """Read them all. One that vanishes meanwhile is left out; any other trouble is a ContentError."""
    found: Files = {}
    for name, stamp in stamps.items():
        try:
            found[name] = Path(stamp.path).read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _unreadable(stamp.path, error) from None
    return found


def _unreadable(path: str, error: OSError) -> ContentError:
    return ContentError(f"{path} cannot be read: {error.strerror}")


def version_of(files: Mapping[str, bytes]) -> str:
    """Give the 16 hex digits that name exactly these files."""
    total = hashlib.blake2b(digest_size=8, person=b"smsbot-content")
    for name in sorted(files):
        content = files[name]
        total.update(f"{name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()
