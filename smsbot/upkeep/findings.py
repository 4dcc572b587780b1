"""What an examination of a deployment finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How bad it is: `fail` means that people are not served, or their data is at risk."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `remedy` says what to do; it is empty when all is well."""

    check: str
    state: State
    words: str
    remedy: str = ""


def ok(check: str, words: str) -> Finding:
    """Give a finding that asks for nothing."""
    return Finding(check, State.OK, words)


def warn(check: str, words: str, remedy: str) -> Finding:
    """Give a finding that somebody should look at."""
    return Finding(check, State.WARN, words, remedy)


def fail(check: str, words: str, remedy: str) -> Finding:
    """Give a finding that must be mended."""
    return Finding(check, State.FAIL, words, remedy)
