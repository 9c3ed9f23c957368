"""The kinds of policies, and how AWS speaks about each.

Source of the wording: docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.iam.errors import MALFORMED

_SYNTAX: Final = "Syntax errors in policy."


class PolicyKind(StrEnum):
    """What a policy is attached to; the value is its name in messages."""

    IDENTITY = mark("identity-based policy")
    TRUST = mark("role trust policy")
    RESOURCE = mark("resource-based policy")
    BOUNDARY = mark("permissions boundary")
    SESSION = mark("session policy")
    SCP = mark("service control policy")
    RCP = mark("resource control policy")
    ENDPOINT = mark("VPC endpoint policy")
    GRANT = mark("grant of the key")

    @property
    def told(self) -> str:
        """The name in the reader's language."""
        return tr(self.value)

    @property
    def words(self) -> KindWords:
        return _WORDS[self]

    @property
    def has_principal(self) -> bool:
        """Whether its statements name principals."""
        return self in (PolicyKind.TRUST, PolicyKind.RESOURCE, PolicyKind.RCP, PolicyKind.ENDPOINT, PolicyKind.GRANT)

    @property
    def is_of_organization(self) -> bool:
        """Whether it comes from AWS Organizations, in levels from the root down."""
        return self in (PolicyKind.SCP, PolicyKind.RCP)

    @property
    def is_identity_based(self) -> bool:
        """Whether it is written, and completed by AWS, as an identity-based policy."""
        return self in (PolicyKind.IDENTITY, PolicyKind.BOUNDARY, PolicyKind.SESSION)

    @property
    def error_code(self) -> str:
        return "MalformedPolicyDocumentException" if self.is_of_organization else MALFORMED

    @property
    def json_message(self) -> str:
        """What AWS answers to text that isn't JSON."""
        return "This policy contains invalid Json" if self is PolicyKind.TRUST else self.syntax_message

    @property
    def syntax_message(self) -> str:
        """What AWS answers to JSON that isn't a policy."""
        if self.is_of_organization:
            return "The provided policy document does not meet the requirements of the specified policy type."
        return _SYNTAX


@dataclass(frozen=True, slots=True)
class KindWords:
    """The two ways in which AWS's access-denied sentence names a kind."""

    explicit: str  # "with an explicit deny in …"
    implicit: str  # "because no … allows the … action"


_WORDS: Final = {
    PolicyKind.IDENTITY: KindWords("an identity-based policy", "identity-based policy"),
    PolicyKind.TRUST: KindWords("the role trust policy", "role trust policy"),
    PolicyKind.RESOURCE: KindWords("a resource-based policy", "resource-based policy"),
    PolicyKind.BOUNDARY: KindWords("a permissions boundary", "permissions boundary"),
    # AWS's page does print "sessions" here.
    PolicyKind.SESSION: KindWords("a sessions policy", "session policy"),
    PolicyKind.SCP: KindWords("a service control policy", "service control policy"),
    PolicyKind.RCP: KindWords("a resource control policy", "resource control policy"),
    PolicyKind.ENDPOINT: KindWords("a VPC endpoint policy", "VPC endpoint policy"),
    PolicyKind.GRANT: KindWords("a grant", "grant"),  # never named: it denies nothing, and is never needed
}
