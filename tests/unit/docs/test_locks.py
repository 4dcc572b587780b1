"""The locks: every dependency, every hash, no address, and one version in both."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOCKS = ("requirements.lock", "requirements.txt", "requirements-uv.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def _entries(name: str) -> dict[str, str]:
    """Give what stands after each package's name: version, marker, hashes."""
    text = re.sub(r"\\\n", " ", (ROOT / name).read_text())
    found = re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]*\])?==(.*)$", text, re.MULTILINE)
    return dict(found)


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=~! ]", requirement)[0].lower().replace("_", "-")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_has_hashes(lock: str) -> None:
    entries = _entries(lock)
    assert entries
    assert [name for name, rest in entries.items() if "--hash=sha256:" not in rest] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted", text)


def test_both_locks_hold_the_same_versions() -> None:
    everything, runtime = _entries("requirements.lock"), _entries("requirements.txt")
    assert {name: rest for name, rest in runtime.items() if everything.get(name) != rest} == {}


def test_the_locks_hold_what_the_project_asks_for() -> None:
    runtime = {_name(item) for item in PROJECT["project"]["dependencies"]}
    dev = {_name(item) for item in PROJECT["dependency-groups"]["dev"]}
    assert runtime - _entries("requirements.txt").keys() == set()
    assert runtime | dev <= _entries("requirements.lock").keys()
