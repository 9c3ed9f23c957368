"""The types of resources that a template may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from xsfn_helpers.sandbox.cloudformation.function_kind import FunctionKind
from xsfn_helpers.sandbox.cloudformation.iam_kinds import ManagedPolicyKind, PolicyResource, RoleKind
from xsfn_helpers.sandbox.cloudformation.kind import ResourceKind
from xsfn_helpers.sandbox.cloudformation.machine_kind import MachineKind

KINDS: Final[Mapping[str, ResourceKind]] = {
    "AWS::IAM::ManagedPolicy": ManagedPolicyKind(),
    "AWS::IAM::Policy": PolicyResource(),
    "AWS::IAM::Role": RoleKind(),
    "AWS::Lambda::Function": FunctionKind(),
    "AWS::StepFunctions::StateMachine": MachineKind(),
}
# Those that get the stack's own tags, too.
TAGGED: Final = frozenset(("AWS::IAM::Role", "AWS::Lambda::Function", "AWS::StepFunctions::StateMachine"))
