"""The roles of an account in one call, where its reader may make it and the account isn't large. Reads, never changes.

GetAccountAuthorizationDetails gives every role with all its policies
(docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html): four calls and more for a role
become one for all. An account has pages of them; more than one page is more than a lab needs to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from xsfn_helpers.aws.errors import code_of
from xsfn_helpers.aws.reading import read_document, read_managed, read_role, stored_role
from xsfn_helpers.chain.stored import StoredPolicy, StoredRole

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iam.type_defs import ManagedPolicyDetailTypeDef, RoleDetailTypeDef

# IAM may give fewer at a time.
_ON_A_PAGE: Final = 200
_DENIED: Final = ("AccessDenied", "AccessDeniedException")


@dataclass(frozen=True, slots=True)
class AccountPage:
    """The first page of an account's roles and managed policies; `whole` when there is no other."""

    roles: Mapping[str, RoleDetailTypeDef]
    policies: Mapping[str, ManagedPolicyDetailTypeDef]
    whole: bool

    def role(self, iam: IAMClient, name: str) -> StoredRole | None:
        """A role with all its policies; None when there is no such role. What isn't on the page is read by itself."""
        role = self.roles.get(name)
        if role is None:
            return None if self.whole else read_role(iam, name)
        inline = {one["PolicyName"]: read_document(one["PolicyDocument"]) for one in role.get("RolePolicyList", [])}
        attached = [one["PolicyArn"] for one in role.get("AttachedManagedPolicies", [])]
        return stored_role(role, inline, attached, lambda arn: self._managed(iam, arn))

    def _managed(self, iam: IAMClient, arn: str) -> StoredPolicy:
        policy = self.policies.get(arn)
        for version in policy.get("PolicyVersionList", []) if policy else []:
            if version.get("IsDefaultVersion") and "Document" in version:
                return StoredPolicy(arn, read_document(version["Document"]))
        return read_managed(iam, arn)  # one of AWS's own, or on another page


def read_page(iam: IAMClient) -> AccountPage | None:
    """The account's first page; None where it may not be read. AWS's own policies are left out: they are many."""
    try:
        page = iam.get_account_authorization_details(Filter=["Role", "LocalManagedPolicy"], MaxItems=_ON_A_PAGE)
    except ClientError as error:
        if code_of(error) in _DENIED:
            return None
        raise
    return AccountPage(
        {role["RoleName"]: role for role in page["RoleDetailList"]},
        {policy["Arn"]: policy for policy in page["Policies"]},
        whole=not page["IsTruncated"],
    )
