from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.classroom.opened import Room


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A room that is open; people join it as the test needs them."""
    room = Room(tmp_path_factory.mktemp("room"), places=30).start()
    yield room
    room.close()


@pytest.fixture
def own_room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A room of the test's own, to be killed."""
    room = Room(tmp_path_factory.mktemp("room"), places=3).start()
    yield room
    room.close()
