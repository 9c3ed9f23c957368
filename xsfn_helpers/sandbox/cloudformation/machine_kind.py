"""Step Functions' type of resource: the state machine.

Source: docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from xsfn_helpers.sandbox.cloudformation.failures import CallFailed
from xsfn_helpers.sandbox.cloudformation.kind import (
    Made,
    Properties,
    StackPlace,
    gone_is_fine,
    random_tail,
    tags_of,
    text_of,
)
from xsfn_helpers.sandbox.gateway.machine_rules import NOT_ASSUMABLE

if TYPE_CHECKING:
    from xsfn_helpers.sandbox.cloudformation.deployer_calls import Hands


_LOOK_AGAIN: Final = 0.1
_SUBSTITUTED: Final = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class MachineKind:
    """AWS::StepFunctions::StateMachine; its physical id, and `Ref`, is its ARN."""

    properties: Mapping[str, bool] = field(
        default_factory=lambda: {
            "RoleArn": True,
            **dict.fromkeys(("StateMachineName", "StateMachineType", "DefinitionString", "Definition"), False),
            **dict.fromkeys(("DefinitionSubstitutions", "Tags"), False),
        }
    )
    replaced_by: tuple[str, ...] = ("StateMachineName", "StateMachineType")

    def physical_id(self, place: StackPlace, logical: str, wanted: Properties) -> str:
        name = wanted.get("StateMachineName") or f"{logical[:67]}-{random_tail()}"
        return f"arn:{place.partition}:states:{place.region}:{place.account_id}:stateMachine:{name}"

    def create(self, hands: Hands, physical: str, wanted: Properties, made: Made, *, again: bool) -> None:
        name = physical.rpartition(":")[2]
        params = {
            "name": name,
            "definition": self._definition(wanted),
            "roleArn": wanted["RoleArn"],
            "type": wanted.get("StateMachineType", "STANDARD"),
            "tags": _as_json(tags_of(wanted)),
        }
        # AWS's handler, too, waits for a role that IAM hasn't spread yet.
        patience = time.monotonic() + hands.spreading
        while True:
            try:
                hands.states("CreateStateMachine", **params)
                break
            except CallFailed as failure:
                if NOT_ASSUMABLE.message not in str(failure) or time.monotonic() > patience:
                    raise
            time.sleep(_LOOK_AGAIN)
        made(physical, {"Arn": physical, "Name": name})

    def update(self, hands: Hands, physical: str, before: Properties, wanted: Properties) -> None:
        if any(before.get(key) != wanted.get(key) for key in (*_DEFINITION, "RoleArn")):
            definition = self._definition(wanted)
            hands.states(
                "UpdateStateMachine", stateMachineArn=physical, definition=definition, roleArn=wanted["RoleArn"]
            )
        old, new = tags_of(before), tags_of(wanted)
        if gone := [key for key in old if key not in new]:
            hands.states("UntagResource", resourceArn=physical, tagKeys=gone)
        if fresh := {key: value for key, value in new.items() if old.get(key) != value}:
            hands.states("TagResource", resourceArn=physical, tags=_as_json(fresh))

    def delete(self, hands: Hands, physical: str, had: Properties) -> None:
        gone_is_fine(hands.states, "DeleteStateMachine", stateMachineArn=physical)

    @staticmethod
    def _definition(wanted: Properties) -> str:
        text = wanted["DefinitionString"] if "DefinitionString" in wanted else text_of(wanted.get("Definition", {}))
        given = wanted.get("DefinitionSubstitutions", {})
        return _SUBSTITUTED.sub(lambda found: str(given.get(found[1], found[0])), text)


_DEFINITION: Final = ("DefinitionString", "Definition", "DefinitionSubstitutions")


def _as_json(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]
