"""Running services: one of a test's own, and one that gentle tests of a process share."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from smsbot.fakegateway import FakeGateway
from tests.e2e.running import FLOWS, Starter, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.running import Up


@pytest.fixture
def starter(tmp_path: Path) -> Iterator[Starter]:
    starter = Starter(tmp_path)
    yield starter
    starter.clear()
    shutil.rmtree(tmp_path, ignore_errors=True)


@dataclass
class House:
    """A running service, the pretend gateway of its channel `at-ke`, and the flows that it serves."""

    up: Up
    gateway: FakeGateway
    flows: Path

    def times_reached(self, number: str) -> int:
        """Give how many texts the gateway took for this number: counted outside, where it matters."""
        return sum(line["number"] == number for line in self.gateway.accepted())


@pytest.fixture(scope="session")
def _shared_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    flows = folder / "flows"
    shutil.copytree(FLOWS, flows)
    with FakeGateway() as gateway:
        starter = Starter(folder, SMSBOT_FLOWS=str(flows), **gateway.environment)
        try:
            up = starter.start()
            up.wait_until_ready()
            yield House(up, gateway, flows)
            assert up.stop() == 0
            assert up.survivors() == []
        finally:
            starter.clear()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def house(_shared_house: House) -> Iterator[House]:
    """A service that tests of one process share: each has phones of its own, and leaves it ready.


    Whatever a test does to it, no process may write a traceback.
    """
    up = _shared_house.up
    _ready_again(up)
    mark = up.mark()
    yield _shared_house
    _shared_house.gateway.behave(latency_ms=0, jitter_ms=0, rates={}, numbers={}, receipts={})
    _ready_again(up)
    assert up.alarms_since(mark) == []


def _ready_again(up: Up) -> None:
    until(lambda: up.status("/readyz") == 200, 60, "the service is not ready")
