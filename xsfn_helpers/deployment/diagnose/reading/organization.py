"""An organization's service and resource control policies, where the account may read them.

As a rule, the management account may, and no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from xsfn_helpers.aws.errors import code_of
from xsfn_helpers.deployment.diagnose.evidence import PolicySeen, read_document

if TYPE_CHECKING:
    from collections.abc import Iterator

Levels = tuple[tuple[PolicySeen, ...], ...]
_SERVICE: Final = "SERVICE_CONTROL_POLICY"
_RESOURCE: Final = "RESOURCE_CONTROL_POLICY"


def read_scps(organizations: Any, account: str) -> Levels:
    """The service control policies that limit this account; see `_levels`."""
    return _levels(organizations, account, _SERVICE)


def read_rcps(organizations: Any, account: str) -> Levels:
    """The resource control policies that limit what is in this account; see `_levels`."""
    return _levels(organizations, account, _RESOURCE)


def _levels(organizations: Any, account: str, kind: str) -> Levels:
    """The policies that limit this account, level by level, the root first; () where there is no organization.

    They don't limit the management account:
    docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html and …_rcps.html
    Raises `ClientError` where that may not be read.
    """
    targets = [account]
    try:
        # Asked first, for this is what most accounts may not: then no other call is made.
        while not targets[-1].startswith("r-"):
            targets.append(organizations.list_parents(ChildId=targets[-1])["Parents"][0]["Id"])
    except ClientError as error:
        if code_of(error) == "AWSOrganizationsNotInUseException":
            return ()
        raise
    if organizations.describe_organization()["Organization"].get("MasterAccountId") == account:
        return ()
    return tuple(tuple(_policies(organizations, target, kind)) for target in reversed(targets))


def _policies(organizations: Any, target: str, kind: str) -> Iterator[PolicySeen]:
    pages = organizations.get_paginator("list_policies_for_target").paginate(TargetId=target, Filter=kind)
    for page in pages:
        for listed in page["Policies"]:
            content = organizations.describe_policy(PolicyId=listed["Id"])["Policy"]["Content"]
            yield PolicySeen(listed["Name"], listed["Arn"], read_document(content))
