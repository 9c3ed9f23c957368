"""One statement of a policy, compiled: what it says, and whether it applies to a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from xsfn_helpers.iam.conditions import Condition
from xsfn_helpers.iam.match import RequestTest
from xsfn_helpers.iam.principal_element import Named, PrincipalElement
from xsfn_helpers.iam.request import Request


@dataclass(frozen=True, slots=True)
class Statement:
    """What one statement says. `index` counts from 0; `sid` may be empty.

    `resources` is None where the kind of policy has none (trust policies). `applies` looks at action, resource
    and conditions; `named` at the principal.
    """

    index: int
    sid: str
    allows: bool
    actions: tuple[str, ...]
    not_action: bool
    resources: tuple[str, ...] | None
    not_resource: bool
    principal: PrincipalElement | None
    conditions: tuple[Condition, ...]
    action_test: Callable[[str], bool] = field(repr=False, compare=False)
    resource_tests: tuple[RequestTest, ...] = field(repr=False, compare=False)

    @property
    def effect(self) -> str:
        return "Allow" if self.allows else "Deny"

    @property
    def label(self) -> str:
        return self.sid or str(self.index + 1)

    def action_matches(self, request: Request) -> bool:
        return self.action_test(request.action_lower) is not self.not_action

    def resource_matches(self, request: Request) -> bool:
        if self.resources is None:
            return True
        for matches in self.resource_tests:
            if matches(request):
                return not self.not_resource
        return self.not_resource

    def conditions_hold(self, request: Request) -> bool:
        return all(condition.holds(request) for condition in self.conditions)

    def applies(self, request: Request) -> bool:
        """Whether action, resource and every condition match; the principal is `named`'s business."""
        if self.action_test(request.action_lower) is self.not_action or not self.resource_matches(request):
            return False
        return all(condition.holds(request) for condition in self.conditions) if self.conditions else True

    def named(self, request: Request, *, has_boundary: bool) -> Named:
        """How closely the statement names the caller; `DIRECTLY` for identity-side policies, which name nobody.

        A `Deny` with `NotPrincipal` spares only callers of whom every level is listed, and never one with a
        permissions boundary; an `Allow` with `NotPrincipal` reaches only callers of whom no level is listed.
        Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
        """
        element = self.principal
        if element is None:
            return Named.DIRECTLY
        if not element.negated:
            return element.names(request)
        if self.allows:
            reached = element.names(request) is Named.NOT_AT_ALL
        else:
            reached = has_boundary or not element.excepts(request)
        return Named.DIRECTLY if reached else Named.NOT_AT_ALL
