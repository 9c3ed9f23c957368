"""Answers in the XML of CloudFormation's query protocol."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from xsfn_helpers.sandbox.cloudformation.parameters import shown
from xsfn_helpers.sandbox.cloudformation.sam_transform import NAME as SAM
from xsfn_helpers.sandbox.cloudformation.stack import StackEntry, StackResource, StoredStack
from xsfn_helpers.sandbox.cloudformation.template import Template
from xsfn_helpers.sandbox.gateway.errors import xml_text

_XMLNS: Final = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
STACK_TYPE: Final = "AWS::CloudFormation::Stack"


def answer_xml(operation: str, result: Mapping[str, Any], request_id: str) -> bytes:
    """The whole answer; None and empty texts are left out, a list's items are its members."""
    return (
        f'<{operation}Response xmlns="{_XMLNS}"><{operation}Result>{"".join(_elements(result))}</{operation}Result>'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    ).encode()


def _elements(value: Mapping[str, Any]) -> Iterator[str]:
    for name, inner in value.items():
        if inner is not None and inner != "":
            yield f"<{name}>{_content(inner)}</{name}>"


def _content(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(_elements(value))
    if isinstance(value, list):
        return "".join(f"<member>{_content(item)}</member>" for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return xml_text(str(value))


def described(stack: StoredStack) -> dict[str, Any]:
    """DescribeStacks' words for one stack."""
    values = shown(Template.read(stack.template), stack.parameters)
    return {
        **summary(stack),
        "Description": Template.read(stack.template).description,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        "DisableRollback": False,
        "Capabilities": list(stack.capabilities),
        "Outputs": [{"OutputKey": key, **output} for key, output in stack.outputs.items()],
        "RoleARN": stack.role_arn,
        "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
    }


def summary(stack: StoredStack) -> dict[str, Any]:
    """ListStacks' words for one stack."""
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.updated,
        "DeletionTime": stack.deleted,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
    }


def resource_words(stack: StoredStack, resource: StackResource) -> dict[str, Any]:
    """DescribeStackResources' words for one resource."""
    return {
        "StackName": stack.name,
        "StackId": stack.id,
        "LogicalResourceId": resource.logical,
        "PhysicalResourceId": resource.physical,
        "ResourceType": resource.kind,
        "Timestamp": resource.when,
        "ResourceStatus": resource.status,
        "ResourceStatusReason": resource.reason,
    }


def resource_summary(resource: StackResource) -> dict[str, Any]:
    """ListStackResources' words for one resource."""
    return {
        "LogicalResourceId": resource.logical,
        "PhysicalResourceId": resource.physical,
        "ResourceType": resource.kind,
        "LastUpdatedTimestamp": resource.when,
        "ResourceStatus": resource.status,
        "ResourceStatusReason": resource.reason,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }


def resource_detail(stack: StoredStack, resource: StackResource) -> dict[str, Any]:
    """DescribeStackResource's words."""
    metadata = Template.read(stack.template).resources.get(resource.logical, {}).get("Metadata")
    return {
        "StackName": stack.name,
        "StackId": stack.id,
        **resource_summary(resource),
        "Metadata": json.dumps(metadata) if metadata is not None else "",
    }


def needed(template: Template, *, is_sam: bool) -> dict[str, Any]:
    """What ValidateTemplate and GetTemplateSummary tell of capabilities and transforms."""
    iam = sorted({one["Type"] for one in template.resources.values() if one["Type"].startswith("AWS::IAM::")})
    reasons = [f"The following resource(s) require capabilities: [{', '.join(iam)}]"] if iam else []
    wanted = [template.capability] if template.capability else []
    if is_sam:
        wanted.append("CAPABILITY_AUTO_EXPAND")
        reasons.append(f"The following transform(s) require capabilities: [{SAM}]")
    return {
        "Capabilities": wanted,
        "CapabilitiesReason": "; ".join(reasons),
        "DeclaredTransforms": [SAM] if is_sam else [],
    }


def template_summary(template: Template, *, is_sam: bool) -> dict[str, Any]:
    """GetTemplateSummary's words."""
    return {
        "Parameters": [_declared(name, known) for name, known in template.parameters.items()],
        "Description": template.description,
        **needed(template, is_sam=is_sam),
        "ResourceTypes": [one["Type"] for one in template.resources.values()],
        "Version": template.version,
    }


def _declared(name: str, known: Mapping[str, Any]) -> dict[str, Any]:
    allowed = [str(one) for one in known.get("AllowedValues", [])]
    return {
        "ParameterKey": name,
        "DefaultValue": known.get("Default"),
        "ParameterType": known["Type"],
        "NoEcho": str(known.get("NoEcho", "")).lower() == "true",
        "Description": known.get("Description"),
        "ParameterConstraints": {"AllowedValues": allowed} if allowed else {},
    }


def event_words(stack: StoredStack, event: StackEntry) -> dict[str, Any]:
    """DescribeStackEvents' words for one event."""
    return {
        "StackId": stack.id,
        "EventId": event.id,
        "StackName": stack.name,
        "LogicalResourceId": event.logical,
        "PhysicalResourceId": event.physical,
        "ResourceType": event.kind,
        "Timestamp": event.when,
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason,
        "ResourceProperties": event.properties,
    }
