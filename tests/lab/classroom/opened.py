"""A room that `xsfn room serve` opens as a process of its own, and people who join it from processes of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.support import forks

ROOT: Final = Path(__file__).parents[3]
START_SECONDS: Final = 60.0


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        return int(found.getsockname()[1])


@dataclass
class Room:
    """A room on a state folder and a port of its own. `start` may be called again after `kill`.

    What isn't its port is asked for at the first start only: the room is to keep it.
    """

    folder: Path
    port: int = field(default_factory=free_port)
    places: int = 8
    address: str = ""
    python: str = sys.executable
    process: subprocess.Popen[str] | None = None
    said: str = ""

    @property
    def url(self) -> str:
        return f"http://{self.address or '127.0.0.1'}:{self.port}"

    @property
    def code(self) -> str:
        return str(re.findall(r"code (\S+)", self.said)[-1])

    @property
    def instructors_url(self) -> str:
        """Told the first time only."""
        return re.search(r"\S+#token=\S+", self.said)[0]  # type: ignore[index]

    @property
    def token(self) -> str:
        return self.instructors_url.partition("#token=")[2]

    @property
    def environment(self) -> dict[str, str]:
        """Ours, and the package as it lies in this repository; another Python has its own."""
        sources = {"PYTHONPATH": str(ROOT)} if self.python == sys.executable else {}
        return {**os.environ, "XSFN_STATE_DIR": str(self.folder / "room"), **sources}

    def start(self) -> Room:
        self.process = forks.Popen(
            [
                self.python,
                "-m",
                "xsfn_helpers",
                "room",
                "serve",
                "--port",
                str(self.port),
                *(["--places", str(self.places)] if not self.said else []),
                *(["--address", self.address] if self.address and not self.said else []),
            ],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                break
        self.said += "".join(lines)
        assert "#token=" in self.said, self.said
        return self

    def kill(self) -> None:
        """End service and sandbox as a power cut would."""
        assert self.process
        self.process.kill()
        self.process.communicate()
        os.kill(self.sandbox_pid, signal.SIGKILL)

    @property
    def sandbox_pid(self) -> int:
        return int(json.loads((self.folder / "room" / "sandbox.json").read_text())["pid"])

    def close(self) -> int:
        """End it in order, and its sandbox."""
        code = -1
        if self.process:
            self.process.send_signal(signal.SIGINT)
            self.process.communicate(timeout=START_SECONDS)
            code = self.process.returncode
        forks.run(
            [self.python, "-m", "xsfn_helpers", "sandbox", "stop"],
            env=self.environment,
            check=True,
            capture_output=True,
        )
        return code

    def ask(
        self, method: str, path: str, body: object = None, *, token: str = "", headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        try:
            with urlopen(Request(f"{self.url}{path}", data, sent, method=method), timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")

    def seen(self) -> dict[str, dict[str, Any]]:
        """Everybody by name, as the instructor sees them."""
        status, room = self.ask("GET", "/instructor/api/room", token=self.token)
        assert status == 200, room
        return {one["name"]: one for one in room["participants"]}

    def title(self, fault: str) -> str:
        """What the page calls a fault."""
        _, room = self.ask("GET", "/instructor/api/room", token=self.token)
        return str(next(f"{one['number']} · {one['title']}" for one in room["faults"] if one["id"] == fault))

    def until(self, name: str, what: str, value: object, *, seconds: float = 120.0) -> dict[str, Any]:
        """Wait until the instructor sees `value` there."""
        end = time.monotonic() + seconds
        while (found := self.seen()[name])[what] != value:
            assert time.monotonic() < end, found
            time.sleep(0.1)
        return found

    def person(self, name: str) -> Person:
        """Somebody who has joined."""
        person = Person(self, name, self.folder / f"person-{len(list(self.folder.iterdir()))}")
        person.run("join_room(ROOM, CODE, name=NAME)")
        return person


@dataclass(frozen=True)
class Person:
    """A participant, whose notebook cells run in a process of their own."""

    room: Room
    name: str
    state: Path

    def run(self, code: str) -> str:
        """What a few lines of a notebook print."""
        head = f"from xsfn_helpers import *\nROOM, CODE, NAME = {self.room.url!r}, {self.room.code!r}, {self.name!r}\n"
        environment = {**os.environ, "XSFN_STATE_DIR": str(self.state), "PYTHONPATH": str(ROOT)}
        done = forks.run(
            [sys.executable, "-c", head + code],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def seat(self) -> dict[str, Any]:
        """What their computer keeps of the place."""
        found: dict[str, Any] = json.loads((self.state / "seat.json").read_text())
        return found
