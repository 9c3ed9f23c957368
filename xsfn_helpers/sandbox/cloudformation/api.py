"""What a CloudFormation request asks for: its parameters, and the demands that IAM decides.

Source: the Service Authorization Reference, docs.aws.amazon.com/service-authorization/latest/reference/
list_awscloudformation.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from xsfn_helpers.sandbox.gateway.calls import (
    Call,
    CallPlace,
    Demand,
    Params,
    account_of,
    form_list,
    read_form,
    tag_keys,
)
from xsfn_helpers.sandbox.gateway.errors import Refusal, not_offered
from xsfn_helpers.sandbox.gateway.request_model.constraints import check_constraints
from xsfn_helpers.sandbox.http.wire import HttpRequest

SERVICE: Final = "cloudformation"
# operation -> does it change anything
_ON_STACK: Final = {
    "CreateStack": True,
    "UpdateStack": True,
    "DeleteStack": True,
    "DescribeStacks": False,
    "DescribeStackEvents": False,
    "DescribeStackResources": False,
    "GetTemplate": False,
    "GetTemplateSummary": False,
    "ListStackResources": False,
    "DescribeStackResource": False,
    "CreateChangeSet": True,
    "DeleteChangeSet": True,
    "DescribeChangeSet": False,
    "ExecuteChangeSet": True,
    "ListChangeSets": False,
}
_ON_ANY: Final = ("ListStacks", "ValidateTemplate")
# What protects a stack, or limits what is done with it: passed over, it would protect nothing.
_LIMITS: Final = frozenset(
    (
        *("StackPolicyBody", "StackPolicyURL", "StackPolicyDuringUpdateBody", "StackPolicyDuringUpdateURL"),
        *("EnableTerminationProtection", "ResourceTypes", "RollbackConfiguration", "NotificationARNs"),
    )
)
_STACK_ID: Final = re.compile(r"arn:[a-z-]+:cloudformation:[a-z0-9-]+:[0-9]{12}:stack/[a-zA-Z][-a-zA-Z0-9]*/.+")


def name_call(request: HttpRequest, place: CallPlace, stack_id_of: Callable[[str], str | None]) -> Call:
    """Name the request; `stack_id_of` gives the id of the account's stack of a name, or of a change set's ARN.

    Raises `Refusal` for an operation that the sandbox doesn't have and for parameters that can't be read.
    """
    operation, params = read_form(request, SERVICE)
    if operation not in _ON_STACK and operation not in _ON_ANY:
        raise not_offered(SERVICE, operation)
    check_constraints(SERVICE, operation, params)
    for option in sorted({key.partition(".")[0] for key in params} & _LIMITS):
        raise Refusal("ValidationError", f"The xsfn sandbox doesn't offer {option} in {operation}.")
    of_no_stack = operation == "ValidateTemplate" or (operation == "GetTemplateSummary" and "StackName" not in params)
    resource = "*" if of_no_stack else _not_yet("*", place)
    # A change set that is named by its ARN says which stack it is of, whatever else is said.
    change_set = params.get("ChangeSetName", "")
    if ":" in change_set and (stack_id := stack_id_of(change_set)):
        resource = stack_id
    elif name := params.get("StackName"):
        resource = name if _STACK_ID.fullmatch(name) else stack_id_of(name) or _not_yet(name, place)
    demands = [_demand(operation, resource, params, place)]
    if role_arn := params.get("RoleARN"):
        demands.append(_pass_role(role_arn, place))
    return Call(SERVICE, operation, params, tuple(demands), _ON_STACK.get(operation, False))


def _not_yet(name: str, place: CallPlace) -> str:
    return f"arn:{place.partition}:cloudformation:{place.region}:{place.account_id}:stack/{name}/*"


def _demand(operation: str, resource: str, params: Params, place: CallPlace) -> Demand:
    tags = {tag.get("Key", ""): tag.get("Value", "") for tag in form_list(params, "Tags")}
    words = "aws: prefixed tag key names are not allowed for external use."
    context = tag_keys(tags, refused="ValidationError", words=words)
    if role_arn := params.get("RoleARN"):
        context["cloudformation:RoleArn"] = role_arn
    if change_set := params.get("ChangeSetName"):
        context["cloudformation:ChangeSetName"] = change_set
    return Demand(f"{SERVICE}:{operation}", resource, account_of(resource, default=place.account_id), context)


def _pass_role(role_arn: str, place: CallPlace) -> Demand:
    owner = account_of(role_arn, default="")
    if owner != place.account_id:
        raise Refusal("ValidationError", f"Role {role_arn} is invalid or cannot be assumed")
    return Demand("iam:PassRole", role_arn, owner, {"iam:PassedToService": "cloudformation.amazonaws.com"})
