"""Which folders a command means: the settings', or what an author names on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from smsbot.config import Settings, read_environment
from smsbot.content.course_source import PREFIX
from smsbot.content.dialogue_file import FOLDER
from smsbot.content.files import COURSES
from smsbot.content.loader import load_content
from smsbot.errors import ConfigError, ContentError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from smsbot.content.faults import Fault
    from smsbot.engine.model import Content


@dataclass(frozen=True, slots=True)
class Places:
    """A flows folder and its messages. `only` limits what is told to one flow and its files.

    A course goes by the name of its PO files.
    """

    flows: Path
    messages: Path
    only: str = ""

    def shows(self, fault: Fault) -> bool:
        """Say whether a fault is in the part that the author named."""
        if not self.only:
            return True
        *_, folder, name = ("", *fault.path.replace("\\", "/").split("/"))
        stem = name.rpartition(".")[0]
        return (PREFIX + stem if folder == COURSES else stem) == self.only


def read_settings() -> Settings:
    """Give the settings as they stand: nothing is made or written, no secret is wanted."""
    try:
        return Settings.model_validate(read_environment())
    except ValidationError as wrong:
        lines = [f"{error['loc'][0]}: {error['msg']}" for error in wrong.errors()]
        raise ConfigError("the environment is wrong: " + "; ".join(lines)) from None


def places_of(paths: Iterable[Path], settings: Settings) -> list[Places]:
    """Give the places that the paths mean, each once; without paths, the settings'."""
    found = [_place(path, settings) for path in paths]
    return list(dict.fromkeys(found)) or [Places(settings.flows, settings.messages)]


def _place(path: Path, settings: Settings) -> Places:
    if path.is_dir():
        if (path / "flows").is_dir():
            return Places(path / "flows", path / "messages")
        if any(path.glob("*/*.po")) and not any(path.glob("*.yaml")):
            return Places(_beside(path, "flows", settings.flows), path)
        return Places(path, _messages_of(path, settings))
    if path.suffix == ".po":
        messages = path.parent.parent
        return Places(_beside(messages, "flows", settings.flows), messages, path.stem)
    if path.parent.name == COURSES:
        flows = path.parent.parent
        return Places(flows, _messages_of(flows, settings), PREFIX + path.stem)
    flows = path.parent.parent if path.parent.name == FOLDER else path.parent
    return Places(flows, _messages_of(flows, settings), path.stem)


def _messages_of(flows: Path, settings: Settings) -> Path:
    """Give the messages of a flows folder: its neighbour's, or the settings' for the settings' own."""
    if flows.resolve() == settings.flows.resolve():
        return settings.messages
    return flows.resolve().parent / "messages"


def _beside(folder: Path, name: str, own: Path) -> Path:
    neighbour = folder.resolve().parent / name
    return neighbour if neighbour.is_dir() else own


def sound_content(places: Places) -> Content:
    """Load content to run; raise ContentError with its faults where it has errors."""
    if not places.flows.is_dir():
        raise ContentError(f"{places.flows} is no folder of flows")
    loaded = load_content(places.flows, places.messages, production=False)
    if loaded.content is None:
        errors = tuple(fault for fault in loaded.faults if fault.is_error)
        words = f"{len(errors)} errors: {errors[0]}" if len(errors) > 1 else str(errors[0])
        raise ContentError(f"{words}; run `smsbot check {places.flows}`", errors)
    return loaded.content
