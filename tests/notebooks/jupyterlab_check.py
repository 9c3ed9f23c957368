"""Does a started JupyterLab answer, and does the first notebook run through the kernel it gives?

Asks over HTTP and WebSocket what JupyterLab's page asks, so no browser is needed. As a program it checks the
JupyterLab that a command starts: `python -m tests.notebooks.jupyterlab_check make lab`.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from websocket import WebSocket, create_connection

from tests.support.isolation import isolated

ROOT: Final = Path(__file__).parents[2]
FIRST_NOTEBOOK: Final = "notebooks/00-start-here.ipynb"
START_TIMEOUT: Final = 240.0
CELL_TIMEOUT: Final = 240.0
STOP_TIMEOUT: Final = 120.0
# What JupyterLab prints for the reader to open.
ADDRESS: Final = re.compile(r"(http://127\.0\.0\.1:\d+)(/\S*)\?token=(\w+)")


class LabFailed(AssertionError):
    """JupyterLab didn't start, or a cell of the notebook failed."""


@dataclass(frozen=True, slots=True)
class RunningLab:
    """A JupyterLab that printed its address: where it listens, the page it opens, and the token it asks for."""

    base_url: str
    page: str
    token: str

    def get_page(self, *, with_token: bool = True) -> tuple[int, str]:
        """Status and text of the page that the printed address opens."""
        return self._ask("GET", self.page, with_token=with_token)

    def code_cells(self, notebook: str) -> list[Mapping[str, Any]]:
        """The notebook's code cells, as JupyterLab serves them."""
        served = self._call("GET", f"/api/contents/{notebook}")
        return [cell for cell in served["content"]["cells"] if cell["cell_type"] == "code"]

    def run(self, notebook: str) -> int:
        """Run every code cell of `notebook` in a kernel of its own, and give their number.

        Raises `LabFailed` for a cell that ends in an error it doesn't teach (`raises-exception`).
        """
        cells = self.code_cells(notebook)
        session = self._call("POST", "/api/sessions", _session(notebook))
        address = f"{self.base_url.replace('http', 'ws', 1)}/api/kernels/{session['kernel']['id']}/channels"
        try:
            with closing(create_connection(f"{address}?token={self.token}", timeout=CELL_TIMEOUT)) as channel:
                for number, cell in enumerate(cells, 1):
                    error = _error_of(channel, "".join(cell["source"]))
                    if error and "raises-exception" not in cell["metadata"].get("tags", ()):
                        raise LabFailed(f"{notebook}, code cell {number}: {error}")
        finally:
            self._call("DELETE", f"/api/sessions/{session['id']}")
        return len(cells)

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        status, text = self._ask(method, path, body)
        if status >= HTTPStatus.BAD_REQUEST:
            raise LabFailed(f"JupyterLab answered {method} {path} with {status}: {text}")
        return json.loads(text) if text else None

    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, with_token: bool = True
    ) -> tuple[int, str]:
        headers = {"Authorization": f"token {self.token}"} if with_token else {}
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.base_url}{path}", data=data, method=method, headers=headers)
        try:
            with urlopen(request, timeout=START_TIMEOUT) as response:
                return response.status, response.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()


def _session(notebook: str) -> Mapping[str, Any]:
    return {"path": notebook, "name": Path(notebook).name, "type": "notebook", "kernel": {"name": "python3"}}


def _error_of(channel: WebSocket, code: str) -> str:
    """Execute `code` and wait until the kernel is done with it; the error it ended in, or an empty text."""
    message_id = uuid.uuid4().hex
    header = {"msg_id": message_id, "msg_type": "execute_request", "username": "", "session": "", "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    channel.send(json.dumps(message))
    while True:
        answer = json.loads(channel.recv())
        if answer["parent_header"].get("msg_id") == message_id and answer["msg_type"] == "execute_reply":
            reply = answer["content"]
            return "" if reply["status"] == "ok" else f"{reply['ename']}: {reply['evalue']}"


@contextmanager
def started(
    command: Sequence[str], popen: type[subprocess.Popen[str]] = subprocess.Popen, **variables: str
) -> Iterator[RunningLab]:
    """JupyterLab as `command` starts it from the repository's folder, headless; stopped at the end.

    Raises `LabFailed` with the last lines it printed when it ends, or prints no address in time.
    """
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    process = popen(
        command,
        cwd=ROOT,
        env={**environment, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    output = _Output(process)
    try:
        lab = output.running_lab()
        _wait_until_it_listens(lab)
        yield lab
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(STOP_TIMEOUT)
        output.join()


def _wait_until_it_listens(lab: RunningLab) -> None:
    # The address is printed a moment before connections are taken.
    end = time.monotonic() + START_TIMEOUT
    address = urlsplit(lab.base_url)
    while True:
        try:
            socket.create_connection((address.hostname, address.port), timeout=START_TIMEOUT).close()
            return
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise LabFailed(f"JupyterLab printed {lab.base_url} but takes no connections there") from None
            time.sleep(0.05)


class _Output:
    """Reads what a process prints, all the time, so that it never waits for a reader."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._last_lines: deque[str] = deque(maxlen=15)
        self._lab: RunningLab | None = None
        self._settled = Event()
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def running_lab(self) -> RunningLab:
        self._settled.wait(START_TIMEOUT)
        if self._lab is None:
            raise LabFailed("JupyterLab printed no address; its last lines were:\n" + "".join(self._last_lines))
        return self._lab

    def join(self) -> None:
        self._thread.join(STOP_TIMEOUT)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._last_lines.append(line)
                if self._lab is None and (match := ADDRESS.search(line)):
                    self._lab = RunningLab(*match.groups())
                    self._settled.set()
        self._settled.set()


def main(command: Sequence[str]) -> int:
    """Check the JupyterLab that `command` starts, and print how long each step took."""
    start = time.perf_counter()
    with isolated(), started(command) as lab:
        status, _ = lab.get_page()
        answered = time.perf_counter()
        if status != HTTPStatus.OK:
            raise LabFailed(f"the page {lab.page} answered {status}")
        print(f"JupyterLab's page answered after {answered - start:.1f} s")
        cells = lab.run(FIRST_NOTEBOOK)
        print(f"{FIRST_NOTEBOOK}: {cells} code cells ran in {time.perf_counter() - answered:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
