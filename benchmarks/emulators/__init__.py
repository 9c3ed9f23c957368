"""Other emulators of Step Functions that can be installed, started beside the sandbox with the same scenario.

Each lives in a folder of its own under `scratch/`, made once and kept; where it can't be had, it is left out, loudly.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from xsfn_helpers.sandbox.state import SandboxAccount
from xsfn_helpers.scenario import Scenario, Side

HERE: Final = Path(__file__).parent
SCRATCH: Final = HERE.parents[1] / "scratch"
_START_LIMIT: Final = 60.0


class Absent(Exception):
    """The emulator can't be installed or started here; the text says why."""


@dataclass(frozen=True)
class Emulator:
    """How to get one, and how to start it on a port."""

    name: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: str = "/"

    @property
    def folder(self) -> Path:
        return SCRATCH / self.name.replace(" ", "-")

    def install(self) -> Path:
        """The emulator's own Python. Raises `Absent`."""
        python = self.folder / "venv" / "bin" / "python"
        stamp = self.folder / "installed"
        wanted = json.dumps(self.packages)
        if not stamp.exists() or stamp.read_text() != wanted:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                subprocess.run([sys.executable, "-m", "venv", self.folder / "venv"], check=True, capture_output=True)
                subprocess.run([python, "-m", "pip", "install", "-q", *self.packages], check=True, capture_output=True)
            except subprocess.CalledProcessError as error:
                raise Absent(f"can't be installed: {error.stderr.decode()[-200:].strip()}") from error
            stamp.write_text(wanted)
        return python

    @contextmanager
    def running(self) -> Iterator[Foreign]:
        """Started, and ended afterwards. Raises `Absent`."""
        python = self.install()
        port = _free_port()
        arguments = [argument.format(port=port, here=HERE) for argument in self.command]
        environment = {name: value.format(port=port, folder=self.folder) for name, value in self.environment.items()}
        with (self.folder / "log").open("w") as log:
            began = time.perf_counter()
            process = subprocess.Popen(
                [python, *arguments],
                env={**os.environ, **environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                _wait(f"http://127.0.0.1:{port}{self.ready}", process)
                yield Foreign(f"http://127.0.0.1:{port}", process.pid, time.perf_counter() - began)
            finally:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@dataclass(frozen=True)
class Foreign:
    """A running emulator in the shape in which the tests know the sandbox: each key id is its account's id."""

    endpoint_url: str
    pid: int
    started: float
    region: str = Scenario().region

    @property
    def accounts(self) -> dict[Side, SandboxAccount]:
        scenario = Scenario()
        return {side: SandboxAccount(scenario.account(side).id, scenario.account(side).id, "secret") for side in Side}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_LIMIT
    while time.monotonic() < end:
        if process.poll() is not None:
            raise Absent("it ended at start; its log is in its folder under scratch/")
        try:
            urllib.request.urlopen(url, timeout=2)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise Absent(f"it didn't answer within {_START_LIMIT:.0f} s")


MOTO: Final = "moto[server,stepfunctions]==5.2.5"
EMULATORS: Final = (
    Emulator("moto", (MOTO,), ("{here}/moto_server.py", "{port}"), ready="/moto-api/data.json"),
    Emulator("moto mended", (MOTO,), ("{here}/moto_server.py", "{port}", "mended"), ready="/moto-api/data.json"),
    Emulator(
        "LocalStack",
        # Its last open release, with the releases of that time of what has moved since.
        (
            "localstack-core[runtime]==4.14.0",
            "cbor2<5.8",
            "pyopenssl<25.2",
            "cryptography<46",
            "service_identity<26",
        ),
        ("-m", "localstack.runtime.main"),
        {
            "GATEWAY_LISTEN": "127.0.0.1:{port}",
            "FILESYSTEM_ROOT": "{folder}/files",
            "DISABLE_EVENTS": "1",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            "DNS_ADDRESS": "0",
            "EAGER_SERVICE_LOADING": "0",
        },
        ready="/_localstack/health",
    ),
)
