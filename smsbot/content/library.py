"""The content that is served now, looked at for changes, and older versions for who began in them.

A changed file is live within seconds, without a restart; a version with an error never is: the one
before goes on. Reading the current version costs an attribute and takes no lock.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from smsbot.clock import Clock
from smsbot.content.faults import Fault, Severity, has_errors
from smsbot.content.files import list_files, read_files, version_of
from smsbot.content.loader import HOME, Loader
from smsbot.errors import ContentError, StaleSession, Unavailable
from smsbot.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from smsbot.content.files import Files, Stamp
    from smsbot.content.loader import Loaded
    from smsbot.engine.model import Content

OLDER_KEPT = 6
"""How many older versions are held in memory; any other is read from the store again."""

_log = get_logger()


class VersionStore(Protocol):
    """Keeps the files of versions (`storage/content_versions.py`). Methods raise Unavailable."""

    def save(self, version: str, files: Mapping[str, str]) -> None:
        """Keep the files of a version, or note that it is in use again."""

    def load(self, version: str) -> Mapping[str, str] | None:
        """Give the files of a version, or None."""

    def newest(self) -> tuple[str, Mapping[str, str]] | None:
        """Give the version that was saved last, and its files, or None."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """What a look at the files came to. `faults` are all, warnings too; empty when nothing changed."""

    version: str
    swapped: bool
    faults: tuple[Fault, ...] = ()

    @property
    def refused(self) -> bool:
        """Say whether the files hold an error, so that the version before goes on."""
        return has_errors(self.faults)


class Library:
    """Serves content. Threads share it: `current` and `get` from all, one thread in `watch`.

    `checks` finds what the loader does not (`content/checks`); an error among its faults refuses a
    version. `tell` is called after a look that swapped or refused a version, or found a refused edit
    taken back, and again at the next look while it raises Unavailable.
    """

    def __init__(
        self,
        flows_dir: Path,
        messages_dir: Path,
        *,
        production: bool,
        versions: VersionStore,
        checks: Callable[[Loaded], Iterable[Fault]] | None = None,
        tell: Callable[[Refresh], None] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._flows_dir = flows_dir
        self._messages_dir = messages_dir
        self._versions = versions
        self._checks = checks
        self._tell = tell
        self._clock = clock or Clock()
        self._loader = Loader(flows_dir, messages_dir, production=production)
        self._lock = threading.RLock()
        self._current: Content | None = None
        self._older: OrderedDict[str, Content] = OrderedDict()
        self._files: Files = {}
        self._stamps: dict[str, Stamp] = {}
        self._refused = ""
        self._unsaved: tuple[str, Files] | None = None
        self._untold: Refresh | None = None
        self.broken: tuple[Fault, ...] = ()
        """The errors of the files as they are now; empty while they are what is served."""
        self.broken_since: int | None = None
        """Since when the files are broken, in milliseconds since 1970."""

    # --- what is served --------------------------------------------------------------------------

    def current(self) -> Content:
        """Give the content of now. Call `load` once before."""
        found = self._current
        if found is None:
            raise ContentError("no content is loaded yet")
        return found

    def get(self, version: str) -> Content:
        """Give this version: of now, from memory, or compiled again from the store.

        Raises StaleSession for a version that nobody kept or that can't be compiled any more, and
        Unavailable when the store is away.
        """
        current = self._current
        if current is not None and current.version == version:
            return current
        older = self._older.get(version)
        return older if older is not None else self._compile_again(version)

    def _compile_again(self, version: str) -> Content:
        with self._lock:
            older = self._older.get(version)
            if older is not None:
                return older
            stored = self._versions.load(version)
            if stored is None:
                raise StaleSession("this version of the content is not kept any more")
            content = self._loader.load(_as_bytes(stored)).content
            if content is None or content.version != version:
                raise StaleSession("this version of the content can't be used any more")
            self._keep(content)
            return content

    def _keep(self, content: Content) -> None:
        self._older[content.version] = content
        while len(self._older) > OLDER_KEPT:
            self._older.popitem(last=False)

    # --- what is on disk -------------------------------------------------------------------------

    def load(self) -> None:
        """Load what is on disk. If that is broken, go on with the version that was served last.

        So a restart in the middle of an author's mistake is no outage. Raises ContentError with every
        fault when there is no such version either.
        """
        with self._lock:
            self.refresh()
            if self._current is None:
                self._current = self._last_served()
            if self._current is None:
                first = str(self.broken[0])
                more = f" and {len(self.broken) - 1} more" if len(self.broken) > 1 else ""
                raise ContentError(f"the content can't be served: {first}{more}", self.broken)

    def _last_served(self) -> Content | None:
        try:
            stored = self._versions.newest()
        except Unavailable:
            return None
        return self._loader.load(_as_bytes(stored[1])).content if stored else None

    def refresh(self) -> Refresh:
        """Look at the files; serve them if they changed and hold no error. Cheap when nothing did."""
        return self._look(list_files(self._flows_dir, self._messages_dir))

    def _look(self, stamps: dict[str, Stamp]) -> Refresh:
        with self._lock:
            self._save_if_due()
            done = None
            if self._read(stamps):
                try:
                    done = self._take()
                except BaseException:
                    self._stamps = {}  # not looked at to the end: the next look does it again
                    raise
            self._untold = done or self._untold
            self._tell_if_due()
        return done or Refresh(self._version, swapped=False)

    def _take(self) -> Refresh | None:
        """Serve, refuse or mend by what was read; None when it says nothing that was not told before."""
        version = version_of(self._files)
        if version == self._version:
            was_broken = bool(self.broken)
            self._mend()  # an edit was taken back
            return Refresh(version, swapped=False) if was_broken else None
        if version == self._refused:
            return None
        loaded = self._loader.load(dict(self._files))
        faults = self._faults(loaded)
        if loaded.content is None or has_errors(faults):
            return self._refuse(version, faults)
        return self._swap(loaded.content, faults)

    @property
    def _version(self) -> str:
        return self._current.version if self._current is not None else ""

    def _read(self, stamps: dict[str, Stamp]) -> bool:
        """Read the files that changed; say whether any did. The stamps are older than what is read."""
        if stamps == self._stamps and self._stamps:
            return False
        fresh = {
            name: stamp
            for name, stamp in stamps.items()
            if name not in self._files or stamp != self._stamps.get(name)
        }
        read = read_files(fresh)
        kept = {name: self._files[name] for name in stamps.keys() - fresh.keys()}
        self._files = dict(sorted({**kept, **read}.items()))
        self._stamps = {name: stamps[name] for name in self._files}
        return True

    def _faults(self, loaded: Loaded) -> tuple[Fault, ...]:
        faults = set(loaded.faults)
        if HOME not in loaded.sources:
            path = str(self._flows_dir / f"{HOME}.yaml")
            words = "there is no front door, which every call begins with"
            faults.add(Fault(path, 1, Severity.ERROR, "home", words))
        if self._checks is not None and not has_errors(faults):
            faults.update(self._checks(loaded))
        return tuple(sorted(faults))

    def _refuse(self, version: str, faults: tuple[Fault, ...]) -> Refresh:
        self._refused = version
        self.broken = tuple(fault for fault in faults if fault.is_error)
        if self.broken_since is None:
            self.broken_since = self._clock.now_ms()
        _log.error("content_refused", version=version, errors=len(self.broken))
        return Refresh(self._version, swapped=False, faults=faults)

    def _swap(self, content: Content, faults: tuple[Fault, ...]) -> Refresh:
        if self._current is not None:
            self._keep(self._current)
        self._older.pop(content.version, None)
        self._unsaved = (content.version, dict(self._files))
        self._save_if_due()
        self._current = content
        self._mend()
        _log.info("content_served", version=content.version, flows=len(content.flows))
        return Refresh(content.version, swapped=True, faults=faults)

    def _mend(self) -> None:
        self.broken, self.broken_since, self._refused = (), None, ""

    def _save_if_due(self) -> None:
        """Keep the version's files. While the store is away the version is served all the same."""
        if self._unsaved is None:
            return
        version, files = self._unsaved
        try:
            self._versions.save(version, {name: raw.decode() for name, raw in files.items()})
        except Unavailable:
            _log.warning("content_not_saved", version=version)
            return
        self._unsaved = None

    def _tell_if_due(self) -> None:
        """Tell the newest that is untold; who listens may be away too."""
        if self._untold is None or self._tell is None:
            return
        try:
            self._tell(self._untold)
        except Unavailable:
            _log.warning("content_not_told", version=self._untold.version)
            return
        self._untold = None

    # --- the thread ------------------------------------------------------------------------------

    def watch(self, stop: threading.Event, interval_s: float = 1.0) -> None:
        """Look for changes until `stop` is set: what a thread of its own runs.

        A change is taken once two looks saw the same, so that nobody serves half of a save.
        """
        seen: dict[str, Stamp] = {}
        while not stop.wait(interval_s):
            try:
                now = list_files(self._flows_dir, self._messages_dir)
                if now == seen:
                    self._look(now)
                seen = now
            except Exception:  # noqa: BLE001 - a thread that dies would end all reloading, and nobody would see it
                _log.exception("content_watch_failed")


def _as_bytes(files: Mapping[str, str]) -> Files:
    return {name: text.encode() for name, text in files.items()}
