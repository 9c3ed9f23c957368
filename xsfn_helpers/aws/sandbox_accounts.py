"""The accounts of a running sandbox, each as its administrator user."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from xsfn_helpers.aws.accounts import Accounts, Clients, SandboxPlace
from xsfn_helpers.aws.consent import NoneNeeded
from xsfn_helpers.aws.events import Events, tell_changes
from xsfn_helpers.aws.propagation import Pace, Waiting
from xsfn_helpers.aws.sessions import service_models
from xsfn_helpers.aws.settings import Platform
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.common.interrupts import surely
from xsfn_helpers.common.language import tr


@contextmanager
def slow_iam(accounts: Accounts, seconds: float) -> Iterator[None]:
    """For the while, changes in both accounts take so many seconds to count (0: at once); then it is as before.

    On AWS, IAM is as slow as it is: that is told on standard error, and nothing else done. Raises `SandboxError` for a
    delay that the sandbox doesn't have.
    """
    if not isinstance(accounts, SandboxAccounts):
        sys.stderr.write(tr("IAM can be slowed down in the sandbox only; here it has a delay of its own, or none.\n"))
        yield
        return
    sandbox = accounts.sandbox
    before = sandbox.propagation_seconds
    try:
        sandbox.delay_propagation(seconds)
        yield
    finally:
        surely(lambda: sandbox.delay_propagation(before))


class SandboxAccounts(Clients):
    """The Operator's and a Subject's account of a running sandbox, each as its administrator user.

    Nothing of the reader's own AWS setup takes part: profiles, configuration files, endpoint variables and proxies
    are left aside, so that a call can't reach AWS by mistake nor fail because of a stale profile.
    """

    target: Final = Platform.SANDBOX
    agreement: Final = NoneNeeded()

    def __init__(self, sandbox: SandboxPlace) -> None:
        self._sandbox = sandbox
        self.events = Events()
        self._accounts = dict(sandbox.accounts)
        # By account: what is made for one Subject serves no other, but all have the same Operator.
        self._sessions: dict[str, boto3.Session] = {}
        self._clients: dict[tuple[str, str], Any] = {}

    def with_subject(self, account_id: str) -> SandboxAccounts:
        """The same Operator with one of the sandbox's further accounts as Subject. Raises `SandboxError` for others."""
        if account_id not in self._sandbox.further:
            raise SandboxError(
                tr("The sandbox has no further account {account_id}.", account_id=account_id),
                fix=tr("Ask for it: xsfn sandbox start --account {account_id}", account_id=account_id),
            )
        other = SandboxAccounts(self._sandbox)
        other.events, other._sessions, other._clients = self.events, self._sessions, self._clients
        other._accounts[Side.SUBJECT] = self._sandbox.further[account_id]
        return other

    def __repr__(self) -> str:
        ids = ", ".join(f"{side.value}={self._accounts[side].account_id}" for side in Side)
        return f"SandboxAccounts({self._sandbox.endpoint_url}, {ids})"

    @property
    def sandbox(self) -> SandboxPlace:
        """The sandbox that the accounts live in."""
        return self._sandbox

    @property
    def pace(self) -> Pace:
        """Quick to look; as patient as the delay that the reader has asked the sandbox for needs."""
        return Pace(poll=0.02, propagation=30.0 + self._sandbox.propagation_seconds)

    def made(self, lab_id: str, account_id: str, name: str) -> bool:
        """Yes: the sandbox is the reader's alone, and so is what carries their tag."""
        return True

    def tell_waiting(self, waiting: Waiting) -> None:
        """Nothing is told: the sandbox is slow only where the reader has asked it to be."""

    def session(self, side: Side) -> boto3.Session:
        keys = self._accounts[side]
        if keys.account_id not in self._sessions:
            self._sessions[keys.account_id] = _SandboxSession(
                self._sandbox.endpoint_url,
                aws_access_key_id=keys.access_key_id,
                aws_secret_access_key=keys.secret_access_key,
                region_name=self._sandbox.region,
                botocore_session=self._botocore_session(side),
            )
        return self._sessions[keys.account_id]

    def _client(self, side: Side, service: str) -> Any:
        key = (self._accounts[side].account_id, service)
        if key not in self._clients:
            self._clients[key] = self.session(side).client(service)  # type: ignore[call-overload]
        return self._clients[key]

    def _botocore_session(self, side: Side) -> botocore.session.Session:
        session = botocore.session.Session(session_vars=_ON_ITS_OWN)
        session.register_component("data_loader", service_models())
        # The stubs know handlers that return nothing; of this event's, the number of seconds to wait is asked.
        session.register("needs-retry", self._revive)  # type: ignore[arg-type]
        if (transport := self._sandbox.transport) is not None:
            session.get_component("event_emitter").register_first("before-send", transport)
        tell_changes(session, side, self.events)
        return session

    def _revive(self, *, caught_exception: Exception | None, attempts: int, **_: Any) -> int | None:
        """When nobody answers any more (killed, machine restarted), start the sandbox again and repeat the call.

        It comes back at its address with everything it had acknowledged; a call that wasn't accepted never happened.
        Raises `SandboxError` when it can't come back there.
        """
        if attempts >= _ATTEMPTS or not isinstance(caught_exception, EndpointConnectionError):
            return None
        again = self._sandbox.revived()
        if again.endpoint_url != self._sandbox.endpoint_url:
            raise SandboxError(
                tr(
                    "The sandbox had ended, and its address is taken: it is at {endpoint_url} now.",
                    endpoint_url=again.endpoint_url,
                ),
                fix=tr("Call open_lab() again."),
            )
        return 0


_ATTEMPTS: Final = 3
# (configuration key, environment variable, value, conversion), as botocore.configprovider wants them.
_ON_ITS_OWN: Final[dict[str, tuple[Any, Any, Any, Any]]] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
_SANDBOX_CONFIG: Final = Config(
    proxies={},
    connect_timeout=3,
    read_timeout=60,
    retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    use_dualstack_endpoint=False,
    use_fips_endpoint=False,
    inject_host_prefix=False,
    s3={"addressing_style": "path"},  # a bucket in the host's name leads nowhere here
)


class _SandboxSession(boto3.Session):
    """A session whose clients go to the sandbox unless told otherwise."""

    def __init__(self, endpoint_url: str, **options: Any) -> None:
        super().__init__(**options)
        self._endpoint_url = endpoint_url

    def client(self, *args: Any, **options: Any) -> Any:
        return super().client(*args, **self._with_defaults(options))

    def resource(self, *args: Any, **options: Any) -> Any:
        return super().resource(*args, **self._with_defaults(options))

    def _with_defaults(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"endpoint_url": self._endpoint_url, "config": _SANDBOX_CONFIG, **options}
