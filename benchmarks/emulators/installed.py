"""Emulators from PyPI, each installed once into a venv of its own under `scratch/`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks.emulators.engine import Absent, Running, client_of_account, until_first_answer
from benchmarks.emulators.interpreters import python_since
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.sandbox.process.state import SandboxAccount

_HERE: Final = Path(__file__).parent
_SCRATCH: Final = _HERE.parents[1] / "scratch" / "emulators"
_INSTALL_SECONDS: Final = 600
_START_SECONDS: Final = 60.0
_SECRET: Final = "test"  # what those that look at it take
_EVERYTHING: Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True, slots=True)
class Emulator:
    """How to get one, how to start it on a port, and how to tell that it is up.

    The key ID that is an account's id is good for that account in all of them. `has_users`: keys of IAM users are
    known, so each account gets the administrator whom the tests expect. In `command` and `environment`, `{port}`,
    `{folder}` and `{here}` are filled in.
    """

    name: str
    folder_name: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: str = "/"
    least_python: tuple[int, int] = (3, 11)
    has_users: bool = False
    note: str = ""

    @contextmanager
    def running(self) -> Iterator[Running]:
        python = self._install()
        port = _free_port()
        names = {"port": port, "folder": self._folder, "here": _HERE}
        with (self._folder / "log").open("w") as log:
            began = time.perf_counter()
            process = subprocess.Popen(
                [python, *(argument.format(**names) for argument in self.command)],
                cwd=self._folder,  # some write files where they are started
                env={**os.environ, **{name: value.format(**names) for name, value in self.environment.items()}},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                self._wait(f"http://127.0.0.1:{port}{self.ready}", process)
                started = time.perf_counter() - began
                yield self._prepared(Running(f"http://127.0.0.1:{port}", _accounts_by_id(), process.pid), started)
            finally:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    @property
    def _folder(self) -> Path:
        return _SCRATCH / self.folder_name

    def _install(self) -> Path:
        venv = self._folder / "venv"
        python = venv / "bin" / "python"
        stamp = self._folder / "installed"
        wanted = json.dumps(self.packages)
        if not stamp.exists() or stamp.read_text() != wanted:
            base = python_since(self.least_python)
            if base is None:
                raise Absent(f"it needs Python {'.'.join(map(str, self.least_python))}, and there is none")
            _run([base, "-m", "venv", "--clear", str(venv)])
            _run([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *self.packages])
            stamp.write_text(wanted)
        return python

    def _wait(self, url: str, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            if process.poll() is not None:
                raise Absent(f"it ended at start; its log is scratch/emulators/{self.folder_name}/log")
            try:
                with urllib.request.urlopen(url, timeout=5):
                    return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.01)
        raise Absent(f"it didn't answer within {_START_SECONDS:.0f} s")

    def _prepared(self, running: Running, started: float) -> Running:
        try:
            running = replace(running, cold_start=started + until_first_answer(running))
            return replace(running, accounts=_administrators(running)) if self.has_users else running
        except (BotoCoreError, ClientError) as error:
            raise Absent(f"it starts, but doesn't answer: {error}") from error


def _accounts_by_id() -> dict[Side, SandboxAccount]:
    ids = {side: Scenario().account(side).id for side in Side}
    return {side: SandboxAccount(ids[side], ids[side], _SECRET) for side in Side}


def _administrators(running: Running) -> dict[Side, SandboxAccount]:
    """The users whom the sandbox has from the start."""
    made = {}
    for side, account in running.accounts.items():
        iam = client_of_account(running.as_sandbox(), "iam", account.access_key_id, account.secret_access_key)
        iam.create_user(UserName="administrator")
        iam.put_user_policy(UserName="administrator", PolicyName="everything", PolicyDocument=json.dumps(_EVERYTHING))
        key: dict[str, Any] = iam.create_access_key(UserName="administrator")["AccessKey"]
        made[side] = SandboxAccount(account.account_id, key["AccessKeyId"], key["SecretAccessKey"])
    return made


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        raise Absent(f"it wasn't installed within {_INSTALL_SECONDS} s") from None
    except subprocess.CalledProcessError as failed:
        said = failed.stderr.strip().splitlines() or ["nothing said"]
        raise Absent(f"it can't be installed: {said[-1]}") from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
