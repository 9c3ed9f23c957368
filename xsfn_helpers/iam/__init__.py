"""The IAM decision engine: would AWS let this request through, and why.

>>> from xsfn_helpers.iam import Policies, Policy, PolicyKind, Principal, Request, decide
>>> request = Request(
...     Principal.parse("arn:aws:iam::111111111111:user/ada"),
...     "states:ListStateMachines",
...     "*",
...     "111111111111",
... )
>>> decide(request, Policies()).aws_reason
'because no identity-based policy allows the states:ListStateMachines action'

Pure and standard library only: no AWS call, no file, no clock.
"""

from xsfn_helpers.iam.decide import Decision, Outcome, Policies, StatementRef, decide
from xsfn_helpers.iam.edits import Edit
from xsfn_helpers.iam.errors import InvalidRequest, PolicyError, Unsupported
from xsfn_helpers.iam.explain import Explanation, explain
from xsfn_helpers.iam.kinds import PolicyKind
from xsfn_helpers.iam.lint import PolicyWarning, lint
from xsfn_helpers.iam.policy import Policy
from xsfn_helpers.iam.principals import Principal, PrincipalKind
from xsfn_helpers.iam.request import Request

__all__ = [
    "Decision",
    "Edit",
    "Explanation",
    "InvalidRequest",
    "Outcome",
    "Policies",
    "Policy",
    "PolicyError",
    "PolicyKind",
    "PolicyWarning",
    "Principal",
    "PrincipalKind",
    "Request",
    "StatementRef",
    "Unsupported",
    "decide",
    "explain",
    "lint",
]
