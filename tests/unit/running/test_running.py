"""One `up` per data folder, found by the other commands while it lives, and only then."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from smsbot.errors import ConfigError
from smsbot.running import Running, announce, find_running, hold, withdraw

if TYPE_CHECKING:
    from pathlib import Path

HERE = Running(4711, "http://127.0.0.1:8001", 8001, "unix:///x/redis.sock", "sqlite:////x/db")


def test_a_running_service_is_found_until_it_ends(tmp_path: Path) -> None:
    assert find_running(tmp_path) is None

    held = hold(tmp_path)
    announce(tmp_path, HERE)
    assert find_running(tmp_path) == HERE

    os.close(held)  # as the kernel does for a killed process
    assert find_running(tmp_path) is None


def test_a_second_one_in_the_same_folder_is_told_who_has_it(tmp_path: Path) -> None:
    held = hold(tmp_path)
    announce(tmp_path, HERE)

    with pytest.raises(
        ConfigError, match=r"another `smsbot up` \(process 4711, http://127.0.0.1:8001\)"
    ):
        hold(tmp_path)
    os.close(held)


def test_what_a_killed_one_left_is_no_obstacle(tmp_path: Path) -> None:
    os.close(hold(tmp_path))
    announce(tmp_path, HERE)

    held = hold(tmp_path)
    withdraw(tmp_path)

    assert find_running(tmp_path) is None
    os.close(held)


def test_the_file_may_hold_passwords_so_only_its_owner_reads_it(tmp_path: Path) -> None:
    announce(tmp_path, HERE)

    assert stat.S_IMODE((tmp_path / "running.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', '{"odd": 1}'])
def test_a_broken_file_is_nobody(tmp_path: Path, content: str) -> None:
    held = hold(tmp_path)
    (tmp_path / "running.json").write_text(content)

    assert find_running(tmp_path) is None
    os.close(held)
