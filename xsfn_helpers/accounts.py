"""Where the two accounts live: each side's boto3 session and clients.

Steps, checks and runs speak to `Accounts` only, so the same code works on the sandbox and on two AWS accounts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, overload

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from xsfn_helpers.agreement import Agreement, NoneNeeded
from xsfn_helpers.aws_sessions import service_models
from xsfn_helpers.chosen_values import Target
from xsfn_helpers.errors import SandboxError
from xsfn_helpers.language import tr
from xsfn_helpers.news import Called, News
from xsfn_helpers.scenario import Side
from xsfn_helpers.waiting import Waiting

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_sts import STSClient

    from xsfn_helpers.sandbox.state import SandboxAccount


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two looks at an execution, and seconds a fresh IAM change may take to be seen everywhere.

    IAM is eventually consistent: docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html
    """

    poll: float
    propagation: float

    def pauses(self) -> Iterator[float]:
        """Seconds before each look at something that ends by itself: often at first, and seldom at what takes longer.

        A hundred who wait would else keep the sandbox busy that they wait for. On AWS it is soon `poll` seconds.
        """
        pause, longest = self.poll / 4, max(self.poll, _LONGEST_PAUSE)
        while True:
            yield pause
            pause = min(pause * 2, longest)


_LONGEST_PAUSE: Final = 0.2


class Accounts(Protocol):
    """The Operator's and the Subject's account: a session and clients for each, and how patient to be with them."""

    @property
    def pace(self) -> Pace: ...

    @property
    def news(self) -> News:
        """Where every call that changes an account is told, the reader's own calls included."""
        ...

    @property
    def target(self) -> Target:
        """Where the accounts are."""
        ...

    @property
    def agreement(self) -> Agreement:
        """Whether the reader has said yes to changes."""
        ...

    def tell_waiting(self, waiting: Waiting) -> None:
        """Let the reader know why it takes a moment."""
        ...

    def session(self, side: Side) -> boto3.Session:
        """A boto3 session that acts as this side's administrator."""
        ...

    @overload
    def client(self, side: Side, service: Literal["iam"]) -> IAMClient: ...
    @overload
    def client(self, side: Side, service: Literal["sts"]) -> STSClient: ...
    @overload
    def client(self, side: Side, service: Literal["stepfunctions"]) -> SFNClient: ...
    @overload
    def client(self, side: Side, service: str) -> Any: ...


class SandboxPlace(Protocol):
    """Where sandbox accounts are: a sandbox of one's own, or a place in a room."""

    @property
    def endpoint_url(self) -> str: ...

    @property
    def region(self) -> str: ...

    @property
    def accounts(self) -> Mapping[Side, SandboxAccount]: ...

    @property
    def further(self) -> Mapping[str, SandboxAccount]: ...

    @property
    def propagation_seconds(self) -> float: ...

    def delay_propagation(self, seconds: float) -> None: ...

    def revived(self) -> SandboxPlace:
        """The same, once it answers again. Raises `SandboxError` where it doesn't come back."""
        ...


class SandboxAccounts:
    """The Operator's and a Subject's account of a running sandbox, each as its administrator user.

    Nothing of the reader's own AWS set-up takes part: profiles, configuration files, endpoint variables and proxies
    are left aside, so that a call can't reach AWS by mistake nor fail because of a stale profile.
    """

    target: Final = Target.SANDBOX
    agreement: Final = NoneNeeded()

    def __init__(self, sandbox: SandboxPlace) -> None:
        self._sandbox = sandbox
        self.news = News()
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
        other.news, other._sessions, other._clients = self.news, self._sessions, self._clients
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

    @overload
    def client(self, side: Side, service: Literal["iam"]) -> IAMClient: ...
    @overload
    def client(self, side: Side, service: Literal["sts"]) -> STSClient: ...
    @overload
    def client(self, side: Side, service: Literal["stepfunctions"]) -> SFNClient: ...
    @overload
    def client(self, side: Side, service: str) -> Any: ...
    def client(self, side: Side, service: str) -> Any:
        key = (self._accounts[side].account_id, service)
        if key not in self._clients:
            self._clients[key] = self.session(side).client(service)  # type: ignore[call-overload]
        return self._clients[key]

    def _botocore_session(self, side: Side) -> botocore.session.Session:
        session = botocore.session.Session(session_vars=_ON_ITS_OWN)
        session.register_component("data_loader", service_models())
        # The stubs know handlers that return nothing; of this event's, the number of seconds to wait is asked.
        session.register("needs-retry", self._revive)  # type: ignore[arg-type]
        tell_changes(session, side, self.news)
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


def tell_changes(session: botocore.session.Session, side: Side, news: News) -> None:
    """Let `news` hear of every call of this session, to IAM and what uses it, that is no mere reading.

    Calls that `news` itself gives rise to are readings, so it never hears of those.
    """

    def remember(**event: Any) -> None:
        event["context"][_NAMES] = frozenset(value for value in event["params"].values() if isinstance(value, str))

    def tell(**event: Any) -> None:
        operation = event["model"].name
        if event["http_response"].status_code < _FIRST_ERROR and not operation.startswith(READINGS):
            news.tell(Called(side, operation, event["context"].get(_NAMES, frozenset())))

    for service in ("iam", "sfn", "cloudformation"):
        session.register(f"before-parameter-build.{service}", remember)
        session.register(f"after-call.{service}", tell)


_ATTEMPTS: Final = 3
_FIRST_ERROR: Final = 300
READINGS: Final = ("Get", "List", "Describe", "Simulate", "Validate")
_NAMES: Final = "xsfn_names"
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
