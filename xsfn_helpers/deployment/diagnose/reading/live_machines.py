"""The state machines of the accounts that may be looked into, each listed and described once. Reads, never changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from xsfn_helpers.common.arns import Arn, account_of, role_name
from xsfn_helpers.deployment.diagnose.asking.refusal import RefusedCall
from xsfn_helpers.deployment.diagnose.mistakes import likeness

# Each is a call.
_MOST_DESCRIBED: Final = 100


class ListedMachines:
    """What AWS answers of the state machines of these accounts, by account its client of Step Functions."""

    def __init__(self, states: Mapping[str, Callable[[], Any]]) -> None:
        self._states = states
        self._listed: dict[str, tuple[str, ...]] = {}
        self._described: dict[str, Mapping[str, Any]] = {}

    def listed(self, account: str) -> tuple[str, ...]:
        """The ARNs of the account's state machines. Raises `ClientError` where they may not be listed."""
        if account not in self._listed:
            pages = self._states[account]().get_paginator("list_state_machines").paginate()
            self._listed[account] = tuple(one["stateMachineArn"] for page in pages for one in page["stateMachines"])
        return self._listed[account]

    def described(self, arn: str) -> Mapping[str, Any]:
        """What DescribeStateMachine answers. Raises `ClientError` where it denies, or there is no such thing."""
        if arn not in self._described:
            self._described[arn] = self._states[account_of(arn)]().describe_state_machine(stateMachineArn=arn)
        return self._described[arn]

    def concerned(self, refused: RefusedCall) -> Iterator[str]:
        """The ARNs of those that AWS's words may be about, as far as they may be read, the likeliest first.

        These run as the role that was denied, or name it, or what it asked for, in their definitions.
        """
        own = account_of(refused.asker) or account_of(refused.resource)
        names = [name for arn in (refused.asker, refused.resource) if (name := _name(arn))]
        for account in sorted(self._states, key=lambda one: one != own):
            try:
                arns = self.listed(account)
                alike = {arn: max((likeness(_name(arn), name) for name in names), default=0.0) for arn in arns}
                for arn in sorted(arns, key=lambda one: -alike[one])[:_MOST_DESCRIBED]:
                    if _is_concerned(self.described(arn), refused):
                        yield arn
            except (ClientError, BotoCoreError):
                continue  # then the words are all there is, which the answer says


def _is_concerned(described: Mapping[str, Any], refused: RefusedCall) -> bool:
    runs_as, definition = described["roleArn"], str(described.get("definition", ""))
    roles = [arn for arn in (refused.asker, refused.resource) if role_name(arn)]
    # A session's ARN doesn't have the path of its role, so the names alone are compared.
    if any((account_of(arn), role_name(arn)) == (account_of(runs_as), role_name(runs_as)) for arn in roles):
        return True
    if not roles:
        return bool(refused.resource) and f'{refused.resource}"' in definition
    named = rf":iam::{account_of(roles[0])}:role/(?:[!-~]+/)?{re.escape(role_name(roles[0]))}(?![\w+=,.@-])"
    return re.search(named, definition) is not None


def _name(arn: str) -> str:
    found = Arn.parse(arn)
    return (found.role_name or found.machine_name) if found is not None else ""
