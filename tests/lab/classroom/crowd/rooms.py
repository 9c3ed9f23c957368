"""A room as an instructor opens it, with `xsfn room serve`; it can be killed with its sandbox, and opened again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from typing import Final

from tests.lab.classroom.crowd.doors import Door
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.state import SandboxFolder

_OPEN: Final = re.compile(r"The room is open: (?P<url>\S+), code (?P<code>\S+)")


class ServedRoom:
    """In this process's state folder."""

    def __init__(self, places: int, port: int, popen: type[subprocess.Popen[str]] = subprocess.Popen) -> None:
        self._places, self._port, self._popen = places, port, popen
        self._service, self.door = self._opened()

    def pids(self) -> list[int]:
        running = SandboxFolder.default().read()
        return [self._service.pid, *([running.pid] if running else [])]

    def kill(self) -> None:
        """SIGKILL for the service and its sandbox, at once."""
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)
        self._wait()
        while SandboxFolder.default().is_held():
            time.sleep(0.01)

    def bring_back(self) -> None:
        self._service, again = self._opened()
        if again != self.door:
            raise AssertionError(f"the room is at {again} now, not {self.door}")

    def close(self) -> None:
        self._service.terminate()
        self._wait()
        if sandbox := Sandbox.find():
            sandbox.stop()

    def _wait(self) -> None:
        self._service.wait()
        assert self._service.stdout is not None
        self._service.stdout.close()

    def _opened(self) -> tuple[subprocess.Popen[str], Door]:
        service = self._popen(
            [
                *(sys.executable, "-m", "xsfn_helpers", "room", "serve"),
                *("--port", str(self._port), "--places", str(self._places)),
            ],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "XSFN_LANG": "en"},
        )
        assert service.stdout is not None
        for line in service.stdout:
            if match := _OPEN.match(line):
                return service, Door(match["url"], match["code"])
        raise AssertionError(f"the room didn't open: xsfn room serve ended with {service.wait()}")
