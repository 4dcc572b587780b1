"""Reference data of other implementations, kept beside the repository and never in it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable

# No deadline: a busy machine must not fail a property. No database: nothing is left behind.
settings.register_profile("smsbot", deadline=None, database=None)
settings.load_profile("smsbot")

HERE = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def reference() -> Callable[[str], Any]:
    """Read one file of the reference data; the test is skipped where there is none."""
    folder = Path(os.environ.get("SMSBOT_SHARED_DATA", HERE.parent / "shared" / "data"))

    def read(name: str) -> Any:
        path = folder / name
        if not path.exists():
            pytest.skip(f"no reference data ({name})")
        return json.loads(path.read_text("utf-8")) if path.suffix == ".json" else path

    return read
