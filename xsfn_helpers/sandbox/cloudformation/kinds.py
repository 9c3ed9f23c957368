"""The types of resources that a template may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from xsfn_helpers.sandbox.cloudformation.iam_kinds import ManagedPolicyKind, PolicyKind, RoleKind
from xsfn_helpers.sandbox.cloudformation.kind import Kind
from xsfn_helpers.sandbox.cloudformation.machine_kind import MachineKind

KINDS: Final[Mapping[str, Kind]] = {
    "AWS::IAM::ManagedPolicy": ManagedPolicyKind(),
    "AWS::IAM::Policy": PolicyKind(),
    "AWS::IAM::Role": RoleKind(),
    "AWS::StepFunctions::StateMachine": MachineKind(),
}
# Those that get the stack's own tags, too.
TAGGED: Final = frozenset(("AWS::IAM::Role", "AWS::StepFunctions::StateMachine"))
