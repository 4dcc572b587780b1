"""The files that are content, as bytes: from disk, or from a stored version. Their hash is the version.

Names are `flows/<flow>.yaml` and `messages/<language>/<flow>.po`, wherever the folders stand.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NOT_FLOWS = frozenset({"contacts.yaml"})
"""Files beside the flows that are something else: the official numbers."""


class Stamp(NamedTuple):
    """What changes when a file does, without reading it."""

    modified_ns: int
    size: int
    inode: int


Files = dict[str, bytes]
"""Name to content."""


def list_files(flows_dir: Path, messages_dir: Path) -> dict[str, Path]:
    """Give the path of every file of content by its name, sorted. A folder that is absent is empty."""
    return dict(sorted(_names(flows_dir, messages_dir)))


def _names(flows_dir: Path, messages_dir: Path) -> Iterator[tuple[str, Path]]:
    for path in flows_dir.glob("*.y*ml"):
        if path.suffix in (".yaml", ".yml") and _is_content(path):
            yield f"flows/{path.name}", path
    for path in messages_dir.glob("*/*.po"):
        if _is_content(path) and not path.parent.name.startswith("."):
            yield f"messages/{path.parent.name}/{path.name}", path


def _is_content(path: Path) -> bool:
    return not path.name.startswith((".", "#")) and path.name not in NOT_FLOWS and path.is_file()


def stamp(path: Path) -> Stamp | None:
    """Give the stamp of a file, or None when it is gone."""
    try:
        found = path.stat()
    except OSError:
        return None
    return Stamp(found.st_mtime_ns, found.st_size, found.st_ino)


def read_files(paths: Mapping[str, Path]) -> Files:
    """Read them all. One that vanishes meanwhile is left out; other troubles are OSError."""
    found: Files = {}
    for name, path in paths.items():
        try:
            found[name] = path.read_bytes()
        except FileNotFoundError:
            continue
    return found


def version_of(files: Mapping[str, bytes]) -> str:
    """Give the 16 hex digits that name exactly these files."""
    total = hashlib.blake2b(digest_size=8, person=b"smsbot-content")
    for name in sorted(files):
        content = files[name]
        total.update(f"{name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()
