"""AWS's own simulation of identity policies, iam:SimulatePrincipalPolicy, where it is permitted.

It takes in permissions boundary and service control policies, and no role's trust policy
(docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from xsfn_helpers.aws.errors import code_of, message_of, translated
from xsfn_helpers.chain.scenario import Account
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.stable_text import stable

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

_NOT_ANSWERED: Final = frozenset({"AccessDenied", "AccessDeniedException", "InvalidInput", "NoSuchEntity"})


@dataclass(frozen=True, slots=True)
class Simulated:
    """What AWS says of one action on one resource. `decision` is AWS's word: allowed, implicitDeny, explicitDeny."""

    action: str
    resource: str
    decision: str
    by_organisation: bool = False

    @property
    def allowed(self) -> bool:
        return self.decision == "allowed"

    @property
    def reason(self) -> str:
        """Why it isn't allowed, as far as the simulation tells."""
        if self.by_organisation:
            return tr("a service control policy of the organization doesn't allow it")
        return tr("a policy denies it") if self.decision == "explicitDeny" else tr("no policy allows it")


@dataclass(frozen=True, slots=True)
class NotSimulated:
    """Why AWS didn't simulate, in its words."""

    why: str


def simulate(
    iam: IAMClient,
    account: Account,
    principal_arn: str,
    *,
    actions: Sequence[str],
    resources: Sequence[str],
    context: Mapping[str, str],
) -> tuple[Simulated, ...] | NotSimulated:
    """Each action on each resource. Raises `StepError` or `AwsUnavailable` for what is more than a denial."""
    entries: list[Any] = [
        {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
        for key, value in context.items()
    ]
    found: list[Simulated] = []
    with translated(account):
        try:
            pages = iam.get_paginator("simulate_principal_policy").paginate(
                PolicySourceArn=principal_arn,
                ActionNames=list(actions),
                ResourceArns=list(resources),
                ContextEntries=entries,
            )
            for page in pages:
                found += [_read(result) for result in page["EvaluationResults"]]
        except ClientError as error:
            if code_of(error) not in _NOT_ANSWERED:
                raise
            return NotSimulated(f"{code_of(error)}: {stable(message_of(error))}")
    return tuple(found)


def _read(result: Mapping[str, Any]) -> Simulated:
    organisation = result.get("OrganizationsDecisionDetail", {})
    return Simulated(
        result["EvalActionName"],
        result.get("EvalResourceName", "*"),
        result["EvalDecision"],
        by_organisation=organisation.get("AllowedByOrganizations", True) is False,
    )
