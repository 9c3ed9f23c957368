"""One statement of a policy, compiled: what it says, and whether it applies to a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

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
        tests = self.resource_tests
        if len(tests) == 1:
            return tests[0](request) is not self.not_resource
        for matches in tests:
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


class StatementIndex:
    """A policy's statements by the actions they speak of, so that a request asks only those that could match."""

    __slots__ = ("_always", "_by_action", "_by_service", "_every")

    def __init__(self, statements: Sequence[Statement]) -> None:
        self._every = tuple(statements)
        self._by_action: dict[str, list[Statement]] = {}
        self._by_service: dict[str, list[Statement]] = {}
        self._always: list[Statement] = []
        if len(self._every) < _WORTH_AN_INDEX:
            return
        for statement in self._every:
            for kept in self._places(statement):
                if not kept or kept[-1] is not statement:
                    kept.append(statement)

    def about(self, action: str) -> Sequence[Statement]:
        """The statements that may match this lower-case action, in their order: no other one does."""
        if len(self._every) < _WORTH_AN_INDEX:
            return self._every
        service = action.partition(":")[0]
        found = [
            one
            for one in (self._by_action.get(action), self._by_service.get(service), self._always or None)
            if one is not None
        ]
        if len(found) < 2:
            return found[0] if found else ()
        by_index = {statement.index: statement for one in found for statement in one}
        return [by_index[index] for index in sorted(by_index)]

    def _places(self, statement: Statement) -> Iterable[list[Statement]]:
        if statement.not_action:
            yield self._always
            return
        for action in dict.fromkeys(map(str.lower, statement.actions)):
            service, _, name = action.partition(":")
            if "*" in service or "?" in service:
                yield self._always
            elif "*" in name or "?" in name:
                yield self._by_service.setdefault(service, [])
            else:
                yield self._by_action.setdefault(action, [])


_WORTH_AN_INDEX: Final = 8
