"""Flows, messages and channels.yaml in a backup, and their way back to where the settings say."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from smsbot.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smsbot.config import Settings
    from smsbot.upkeep.archive import Reader

_PREFIX = "content"


@dataclass(frozen=True, slots=True)
class Place:
    """One of the three: its name in the backup, and its path here."""

    name: str
    path: Path


def places(settings: Settings) -> tuple[Place, ...]:
    """Give the three places."""
    return (
        Place("flows", settings.flows),
        Place("messages", settings.messages),
        Place("channels.yaml", settings.channels),
    )


def files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Give each file with its name in the backup; hidden files and links are left out."""
    for place in places(settings):
        if place.path.is_file():
            yield f"{_PREFIX}/{place.name}", place.path
        for path in sorted(place.path.rglob("*")) if place.path.is_dir() else ():
            inner = path.relative_to(place.path)
            hidden = any(part.startswith(".") for part in inner.parts)
            if path.is_file() and not path.is_symlink() and not hidden:
                yield f"{_PREFIX}/{place.name}/{inner.as_posix()}", path


class ContentRestore:
    """Lays the backup's content beside the present one, then puts it in place by renames."""

    def __init__(self, settings: Settings, reader: Reader, *, stamp: str, force: bool) -> None:
        """Refuse here, before anything is touched, what would overwrite work that differs."""
        here = dict(files(settings))
        theirs = {name for name in reader.manifest.parts if name.startswith(f"{_PREFIX}/")}
        self._reader = reader
        self._stamp = stamp
        self._changed: list[tuple[Place, list[str]]] = []
        for place in places(settings):
            mine = {name for name in here if _is_in(name, place)}
            wanted = {name for name in theirs if _is_in(name, place)}
            if not wanted or (mine == wanted and all(self._same(n, here[n]) for n in wanted)):
                continue
            if mine and not force:
                raise Refused(
                    f"{place.path} differs from the backup: --force puts the backup's in its place "
                    "and keeps yours beside it"
                )
            self._changed.append((place, sorted(wanted)))

    def stage(self) -> None:
        """Write the files beside their places; nothing that is used changes."""
        for place, names in self._changed:
            staged = self._staged(place)
            if staged.is_dir():
                shutil.rmtree(staged)
            for name in names:
                inner = PurePosixPath(name).relative_to(f"{_PREFIX}/{place.name}")
                target = staged.joinpath(*inner.parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with self._reader.part(name) as source, target.open("wb") as file:
                    shutil.copyfileobj(source, file)

    def put_in_place(self) -> Sequence[Path]:
        """Swap; give where the former content is kept."""
        kept = []
        for place, _names in self._changed:
            if place.path.exists():
                former = place.path.with_name(f"{place.path.name}.before-restore-{self._stamp}")
                place.path.rename(former)
                kept.append(former)
            self._staged(place).rename(place.path)
        return kept

    def drop(self) -> None:
        """Take the staged files away."""
        for place, _names in self._changed:
            staged = self._staged(place)
            if staged.is_dir():
                shutil.rmtree(staged)
            else:
                staged.unlink(missing_ok=True)

    def _staged(self, place: Place) -> Path:
        return place.path.with_name(f".{place.path.name}.restoring")

    def _same(self, name: str, path: Path) -> bool:
        with self._reader.part(name) as part:
            return part.read() == path.read_bytes()


def _is_in(name: str, place: Place) -> bool:
    whole = f"{_PREFIX}/{place.name}"
    return name == whole or name.startswith(whole + "/")
