"""The room's keeper of its sandbox goes on watching, whatever keeps it from starting one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.common.state_folder import StateFolder
from xsfn_helpers.lab.classroom import serve
from xsfn_helpers.sandbox.process.config import SandboxConfig
from xsfn_helpers.sandbox.process.server import Sandbox


def test_a_sandbox_that_cant_be_started_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    back = threading.Event()

    def starts() -> Iterator[Any]:
        yield "the first"
        yield SandboxError("It ended at once.")
        yield OSError(28, "No space left on device")
        back.set()
        while True:
            yield "a later one"

    script = starts()

    def start(_config: SandboxConfig, *, address: str) -> Any:
        if isinstance(found := next(script), Exception):
            raise found
        return found

    monkeypatch.setattr(Sandbox, "start", start)
    monkeypatch.setattr(StateFolder, "is_held", lambda _folder: False)
    monkeypatch.setattr(serve, "_LOOK_SECONDS", 0.01)
    keeper = serve.RoomKeeper(SandboxConfig(), "127.0.0.1")
    watching = threading.Thread(target=keeper.watch)
    watching.start()

    assert back.wait(60)
    keeper.end()
    watching.join(60)
    assert keeper() == "a later one"
