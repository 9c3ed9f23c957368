"""What is measured: an engine that can be started, and is then asked as the tests ask the sandbox."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from tests.sandbox.world import World, client_with
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.state import SandboxAccount


class Absent(Exception):
    """The engine can't be installed or started here; the text says why."""


class Engine(Protocol):
    """One that can be measured."""

    @property
    def name(self) -> str: ...

    @property
    def note(self) -> str: ...

    def running(self) -> AbstractContextManager[Running]:
        """A fresh one, started, and ended afterwards. Raises `Absent`."""
        ...


@dataclass(frozen=True, slots=True)
class Running:
    """A started engine with two empty accounts, in the shape in which the tests know the sandbox.

    `cold_start` are the seconds from starting the process to the first signed answer.
    """

    endpoint_url: str
    accounts: Mapping[Side, SandboxAccount]
    pid: int = 0
    cold_start: float = 0.0
    region: str = Scenario().region

    def as_sandbox(self) -> Sandbox:
        """Itself: the tests need no more of the sandbox than this."""
        return cast(Sandbox, self)

    def world(self) -> World:
        """The scenario under new names, with nothing set up."""
        return World.fresh(self.as_sandbox(), client_of_account)

    def resident_mb(self) -> float:
        """Memory of the process and of all that it has started."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in _family(self.pid))
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def to_json(self) -> str:
        """Where it is and whose keys it has, for another process."""
        accounts = {
            side.name: [account.account_id, account.access_key_id, account.secret_access_key]
            for side, account in self.accounts.items()
        }
        return json.dumps({"endpoint_url": self.endpoint_url, "accounts": accounts})

    @classmethod
    def from_json(cls, text: str) -> Running:
        told = json.loads(text)
        return cls(
            told["endpoint_url"], {Side[name]: SandboxAccount(*told["accounts"][name]) for name in told["accounts"]}
        )


def _family(pid: int) -> list[int]:
    children = " ".join(file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/children"))
    return [pid, *(member for child in children.split() for member in _family(int(child)))]


def client_of_account(sandbox: Sandbox, service: str, key_id: str, secret: str, token: str | None = None) -> Any:
    """The tests' client. Where a key ID is its account's id, moto's server wants the account in a header as well."""
    client = client_with(sandbox, service, key_id, secret, token)
    if key_id.isdigit():
        client.meta.events.register(
            "before-sign", lambda request, **_: request.headers.add_header("x-moto-account-id", key_id)
        )
    return client


def until_first_answer(running: Running) -> float:
    """Seconds that the first signed call takes."""
    account = running.accounts[Side.OPERATOR]
    sts = client_of_account(running.as_sandbox(), "sts", account.access_key_id, account.secret_access_key)
    began = time.perf_counter()
    sts.get_caller_identity()
    return time.perf_counter() - began
