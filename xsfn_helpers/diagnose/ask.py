"""A diagnosis asked for: the two accounts of a lab, sessions of one's own, or a folder of exported files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from xsfn_helpers.accounts import SandboxAccounts
from xsfn_helpers.diagnose.arns import Arn
from xsfn_helpers.diagnose.diagnosis import Diagnosis, analyse
from xsfn_helpers.diagnose.live import Door, doors_of, doors_of_sessions, read_live
from xsfn_helpers.errors import ConfigError

if TYPE_CHECKING:
    import boto3

    from xsfn_helpers.accounts import Accounts


def diagnose_accounts(arn: str, accounts: Accounts) -> Diagnosis:
    """The diagnosis of a state machine or an execution, read from the two accounts of a lab.

    Raises `ConfigError` where the ARN is none, or there is no such thing, and `StepError` when AWS can't be asked.
    """
    # The sandbox has no organizations, so no service control policies either.
    organized = not isinstance(accounts, SandboxAccounts)
    return _diagnosed(arn, lambda region: doors_of(accounts, region, organized=organized))


def diagnose_sessions(arn: str, sessions: Iterable[boto3.Session]) -> Diagnosis:
    """The same, read through boto3 sessions: of both accounts, or of one, when the other stays unseen."""
    return _diagnosed(arn, lambda region: doors_of_sessions(sessions, region))


def _diagnosed(arn: str, doors: Callable[[str], tuple[Door, ...]]) -> Diagnosis:
    found = Arn.parse(arn)
    if found is None or not found.region:
        fix = "Give the ARN of a state machine, or of one of its executions."
        raise ConfigError(f"{arn!r} is no ARN of a state machine or an execution.", fix=fix)
    return analyse(read_live(arn, doors(found.region)), now())


def now() -> str:
    """The time as conditions on aws:CurrentTime compare it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
