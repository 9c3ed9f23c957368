"""Where the two accounts live: each side's boto3 session and clients.

Steps, checks and runs speak to `Accounts` only, so the same code works on the sandbox and on two AWS accounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol, overload

import boto3

from xsfn_helpers.aws.consent import Agreement
from xsfn_helpers.aws.events import Events
from xsfn_helpers.aws.propagation import Pace, Waiting
from xsfn_helpers.aws.settings import AccountsPlace, Platform
from xsfn_helpers.chain.scenario import Side

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_sts import STSClient

    from xsfn_helpers.sandbox.prepared import Transport
    from xsfn_helpers.sandbox.process.state import Running, SandboxAccount


class Clients(Protocol):
    """A client for each side and service, of the type that the service has; the same one each time."""

    @overload
    def client(self, side: Side, service: Literal["iam"]) -> IAMClient: ...
    @overload
    def client(self, side: Side, service: Literal["sts"]) -> STSClient: ...
    @overload
    def client(self, side: Side, service: Literal["stepfunctions"]) -> SFNClient: ...
    @overload
    def client(self, side: Side, service: str) -> Any: ...
    def client(self, side: Side, service: str) -> Any:
        return self._client(side, service)

    def _client(self, side: Side, service: str) -> Any: ...


class Accounts(Clients, Protocol):
    """The Operator's and the Subject's account: a session and clients for each, and how patient to be with them."""

    @property
    def pace(self) -> Pace: ...

    @property
    def events(self) -> Events:
        """Where every call that changes an account is told, the reader's own calls included."""
        ...

    @property
    def target(self) -> Platform:
        """Where the accounts are."""
        ...

    @property
    def agreement(self) -> Agreement:
        """Whether the reader has said yes to changes."""
        ...

    def made(self, lab_id: str, account_id: str, name: str) -> bool:
        """Whether it is certain that the lab with this id made the thing of this name that carries its tag."""
        ...

    def tell_waiting(self, waiting: Waiting) -> None:
        """Let the reader know why it takes a moment."""
        ...

    def session(self, side: Side) -> boto3.Session:
        """A boto3 session that acts as this side's administrator."""
        ...


class SandboxPlace(Protocol):
    """Where sandbox accounts are: a sandbox of one's own, or a place in a room."""

    @property
    def endpoint_url(self) -> str: ...

    @property
    def region(self) -> str: ...

    @property
    def accounts(self) -> Mapping[str, SandboxAccount]: ...

    @property
    def further(self) -> Mapping[str, SandboxAccount]: ...

    @property
    def propagation_seconds(self) -> float: ...

    def delay_propagation(self, seconds: float) -> None: ...

    @property
    def transport(self) -> Transport | None:
        """What answers a request that botocore has signed; None: it goes to `endpoint_url` over HTTP."""
        ...

    def revived(self) -> SandboxPlace:
        """The same, once it answers again. Raises `SandboxError` where it doesn't come back."""
        ...


def accounts_place(running: Running | SandboxPlace) -> AccountsPlace:
    """The ids and the region of a sandbox, or of a seat in a room."""
    return AccountsPlace(
        running.accounts[Side.OPERATOR].account_id, running.accounts[Side.SUBJECT].account_id, running.region
    )
