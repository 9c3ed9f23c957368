"""What the names in a template stand for while its stack is worked on."""

from __future__ import annotations

from typing import Any

from xsfn_helpers.common.regions import partition_of
from xsfn_helpers.sandbox.cloudformation.functions import Surroundings
from xsfn_helpers.sandbox.cloudformation.kinds import TAGGED
from xsfn_helpers.sandbox.cloudformation.parameters import typed
from xsfn_helpers.sandbox.cloudformation.stack import StackResource, StoredStack
from xsfn_helpers.sandbox.cloudformation.template import Template, invalid


def surroundings(stack: StoredStack, template: Template) -> Surroundings:
    """Parameters, pseudo parameters, and the stack's resources as they are by now."""
    partition = partition_of(stack.region)
    values: dict[str, Any] = {
        **typed(template, stack.parameters),
        "AWS::AccountId": stack.account_id,
        "AWS::Region": stack.region,
        "AWS::Partition": partition,
        "AWS::StackName": stack.name,
        "AWS::StackId": stack.id,
        "AWS::URLSuffix": "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com",
        "AWS::NotificationARNs": [],
    }

    def known(name: str) -> StackResource:
        found = stack.resources.get(name)
        if found is None:
            raise invalid(
                f"Template format error: Unresolved resource dependencies [{name}] in the Resources block of the "
                "template"
            )
        return found

    def attribute(name: str, wanted: str) -> str:
        found = known(name).attributes.get(wanted)
        if found is None:
            raise invalid(f"Template error: resource {name} does not support attribute type {wanted} in Fn::GetAtt")
        return found

    return Surroundings(values, lambda name: known(name).physical, attribute, template.conditions)


def wanted_properties(stack: StoredStack, template: Template, name: str) -> dict[str, Any]:
    """A resource's properties with every function carried out, and the stack's tags on it. Raises `Refusal`."""
    part = template.resources[name]
    wanted: dict[str, Any] = surroundings(stack, template).resolve(dict(part.get("Properties", {})))
    own = wanted.get("Tags", [])
    if part["Type"] in TAGGED and stack.tags and isinstance(own, list):
        named = {tag.get("Key") for tag in own if isinstance(tag, dict)}
        passed_on = [{"Key": key, "Value": value} for key, value in stack.tags.items() if key not in named]
        wanted["Tags"] = [*own, *passed_on]
    return wanted
