"""What a request asks for: AWS operation -> IAM action, resource ARNs and condition keys.

Source: the Service Authorization Reference, docs.aws.amazon.com/service-authorization/latest/reference/
(list_awsstepfunctions.html, list_awsidentityandaccessmanagementiam.html, list_awssecuritytokenservice.html).
One row an operation; an operation without a row is denied, never let through.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from xsfn_helpers.sandbox.gateway.errors import Refusal, not_offered
from xsfn_helpers.sandbox.gateway.request_model.constraints import check_constraints
from xsfn_helpers.sandbox.gateway.request_model.shapes import check_shapes
from xsfn_helpers.sandbox.http.wire import HttpRequest

Params = Mapping[str, Any]
# Condition keys with their values.
Context = dict[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class Demand:
    """One question for IAM: may the caller do `action` on `resource`?"""

    action: str
    resource: str
    resource_account: str
    context: Mapping[str, str | list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """A named request: service, operation, parameters, and every demand that must be allowed."""

    service: str
    operation: str
    params: Params
    demands: tuple[Demand, ...]
    mutates: bool


@dataclass(frozen=True, slots=True)
class CallPlace:
    """Where a call is made: the caller's account, and the region and partition it was signed for."""

    account_id: str
    region: str
    partition: str
    # Gives an existing role's, user's or group's ARN with its path; None where there is none.
    iam_arn_of: Callable[[str, str], str | None]
    # Gives the ARN of a role's or user's permissions boundary; None where it has none.
    boundary_of: Callable[[str, str], str | None] = lambda _kind, _name: None
    # Gives the ARN of the state machine or activity whose task waits with this token; None where none does.
    owner_of_token: Callable[[str], str | None] = lambda _token: None

    def iam_arn(self, kind: str, name: str, path: str = "/") -> str:
        """The ARN of what has this name, or of what nobody has yet."""
        return self.iam_arn_of(kind, name) or self.new_iam_arn(kind, name, path)

    def new_iam_arn(self, kind: str, name: str, path: str = "/") -> str:
        """The ARN of what would be made under this name and path, whatever else has the name already."""
        return f"arn:{self.partition}:iam::{self.account_id}:{kind}{path}{name}"

    def states_arn(self, resource: str) -> str:
        return f"arn:{self.partition}:states:{self.region}:{self.account_id}:{resource}"


def name_call(service: str, request: HttpRequest, place: CallPlace) -> Call:
    """Name the request, its parameters and demands.

    Raises `Refusal` for a service or operation that the sandbox doesn't have, and for parameters that can't be read.
    """
    if service == "states":
        operation, params = read_json(request, "AWSStepFunctions", "Step Functions")
        check_constraints(service, operation, params)
        check_shapes(operation, params)
        return _states_call(operation, params, place)
    if service in ("iam", "sts"):
        operation, params = read_form(request, service)
        check_constraints(service, operation, params)
        return _iam_call(operation, params, place) if service == "iam" else _sts_call(operation, params, place)
    raise not_offered(service, "*")


def account_of(arn: str, *, default: str) -> str:
    """The account ID inside an ARN, or `default` for `*` and ARNs without one."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and re.fullmatch(r"[0-9]{12}", parts[4]) else default


# --- reading ---------------------------------------------------------------------------------------------------------


def read_json(request: HttpRequest, wanted: str, service_name: str) -> tuple[str, Params]:
    """Operation and parameters in the JSON protocols. Raises `Refusal` where they can't be read."""
    prefix, _, operation = request.headers.get("x-amz-target", "").partition(".")
    if prefix != wanted or not operation:
        raise Refusal("UnknownOperationException", f"The X-Amz-Target header doesn't name a {service_name} operation.")
    return operation, json_object(request.body)


def json_object(body: bytes) -> Params:
    """The JSON object in a request's body. Raises `Refusal` for anything else."""
    try:
        params = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise Refusal("SerializationException", "The request body is not valid JSON.") from None
    if not isinstance(params, dict):
        raise Refusal("SerializationException", "The request body must be a JSON object.")
    return params


def read_form(request: HttpRequest, service: str) -> tuple[str, Params]:
    """Operation and parameters of a request in the query protocol. Raises `Refusal` for one that can't be read."""
    try:
        text = request.body.decode("utf-8") if request.body else request.query
        params = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=5000))
    except ValueError:
        raise Refusal("MalformedInput", "The request body is not a valid form.") from None
    operation = params.get("Action", "")
    if not operation:
        raise Refusal("MissingAction", f"The {service} request names no Action.")
    return operation, params


def form_list(params: Params, prefix: str) -> list[dict[str, str]]:
    """Members of a query-protocol list: `Tags.member.1.Key` -> `[{"Key": …}]`, plain members under the key ``""``."""
    found: dict[int, dict[str, str]] = {}
    pattern = re.compile(re.escape(prefix) + r"\.member\.([0-9]{1,4})(?:\.(.+))?")
    for key, value in params.items():
        if match := pattern.fullmatch(key):
            found.setdefault(int(match[1]), {})[match[2] or ""] = value
    return [found[index] for index in sorted(found)]


# --- Step Functions --------------------------------------------------------------------------------------------------

_STATES_PREFIX: Final = "states:"
# operation -> (the parameter that holds the resource's ARN, the kinds of resource it may name, does it change anything)
_STATES_ON_ARN: Final[dict[str, tuple[str, tuple[str, ...], bool]]] = {
    "DeleteActivity": ("activityArn", ("activity",), True),
    "DeleteStateMachine": ("stateMachineArn", ("stateMachine",), True),
    "DeleteStateMachineAlias": ("stateMachineAliasArn", ("stateMachine",), True),
    "DeleteStateMachineVersion": ("stateMachineVersionArn", ("stateMachine",), True),
    "DescribeActivity": ("activityArn", ("activity",), False),
    "DescribeExecution": ("executionArn", ("execution",), False),
    "DescribeMapRun": ("mapRunArn", ("mapRun",), False),
    "DescribeStateMachine": ("stateMachineArn", ("stateMachine",), False),
    "DescribeStateMachineAlias": ("stateMachineAliasArn", ("stateMachine",), False),
    "DescribeStateMachineForExecution": ("executionArn", ("execution", "mapRun"), False),
    "GetActivityTask": ("activityArn", ("activity",), True),
    "GetExecutionHistory": ("executionArn", ("execution",), False),
    "ListExecutions": ("stateMachineArn", ("stateMachine",), False),
    "ListMapRuns": ("executionArn", ("execution",), False),
    "ListStateMachineAliases": ("stateMachineArn", ("stateMachine",), False),
    "ListStateMachineVersions": ("stateMachineArn", ("stateMachine",), False),
    "ListTagsForResource": ("resourceArn", ("stateMachine", "activity"), False),
    "PublishStateMachineVersion": ("stateMachineArn", ("stateMachine",), True),
    "StartExecution": ("stateMachineArn", ("stateMachine",), True),
    "StartSyncExecution": ("stateMachineArn", ("stateMachine",), True),
    "StopExecution": ("executionArn", ("execution",), True),
    "TagResource": ("resourceArn", ("stateMachine", "activity"), True),
    "UntagResource": ("resourceArn", ("stateMachine", "activity"), True),
    "UpdateMapRun": ("mapRunArn", ("mapRun",), True),
    "UpdateStateMachine": ("stateMachineArn", ("stateMachine",), True),
    "UpdateStateMachineAlias": ("stateMachineAliasArn", ("stateMachine",), True),
}
# operation -> (what AWS decides it on in the account and region, empty for `*`; does it change anything)
# ListStateMachines and ValidateStateMachineDefinition: AWS's own denials (scribd/terraform-aws-datadog#18,
# DataBiosphere/azul#8006) name `stateMachine:*`.
_STATES_ON_ANY: Final[dict[str, tuple[str, bool]]] = {
    "ListActivities": ("activity:*", False),
    "ListStateMachines": ("stateMachine:*", False),
    "TestState": ("", True),
    "ValidateStateMachineDefinition": ("stateMachine:*", False),
}
# On whose token it is, as AWS's own denials have it (NOAA-OWP/hydrovis#837; of an activity: aws/aws-cdk#8486).
_STATES_ON_TOKEN: Final = ("SendTaskFailure", "SendTaskHeartbeat", "SendTaskSuccess")
_STATES_BY_NAME: Final = {"CreateActivity": "activity", "CreateStateMachine": "stateMachine"}


def _states_call(operation: str, params: Params, place: CallPlace) -> Call:
    context = {**_json_tag_keys(params.get("tags")), **removed_tag_keys(params.get("tagKeys") or ())}
    if operation in _STATES_ON_ARN:
        key, kinds, mutates = _STATES_ON_ARN[operation]
        named = _states_resource(params.get(key) or "", kinds)
        resource, account = unqualified(named), account_of(named, default=place.account_id)
        context |= _qualifier(named)
    elif operation == "CreateStateMachineAlias":
        routes = params.get("routingConfiguration")
        route = routes[0] if isinstance(routes, list) and routes else None
        arn = route.get("stateMachineVersionArn") if isinstance(route, dict) else None
        resource = unqualified(_states_resource(str(arn or ""), ("stateMachine",)))
        account, mutates = account_of(resource, default=place.account_id), True
        context |= {"states:StateMachineQualifier": str(params.get("name"))}
    elif operation in _STATES_BY_NAME:
        name = params["name"]
        resource, account, mutates = place.states_arn(f"{_STATES_BY_NAME[operation]}:{name}"), place.account_id, True
    elif operation in _STATES_ON_TOKEN:
        resource, mutates = place.owner_of_token(str(params.get("taskToken"))) or "*", True
        account = place.account_id
    elif operation in _STATES_ON_ANY:
        listed, mutates = _STATES_ON_ANY[operation]
        resource, account = place.states_arn(listed) if listed else "*", place.account_id
    else:
        raise not_offered("states", operation)
    demands = [Demand(_STATES_PREFIX + operation, resource, account, context)]
    if operation in ("CreateStateMachine", "UpdateStateMachine", "TestState") and params.get("roleArn"):
        demands.append(pass_role(str(params["roleArn"]), place, to="states.amazonaws.com"))
    if operation == "TestState" and params.get("revealSecrets"):
        demands.append(Demand("states:RevealSecrets", "*", place.account_id))
    return Call("states", operation, params, tuple(demands), mutates)


def unqualified(arn: str) -> str:
    """A state machine's ARN without the version or alias behind its name; any other ARN as it is."""
    parts = arn.split(":")
    return ":".join(parts[:7]) if len(parts) > 7 and parts[5] == "stateMachine" else arn


def _qualifier(arn: str) -> Context:
    """Permissions are for the machine, whatever version or alias is named; conditions may ask for that.

    Source: docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html
    """
    plain = unqualified(arn)
    return {} if plain == arn else {"states:StateMachineQualifier": arn.removeprefix(f"{plain}:")}


def _states_resource(arn: str, kinds: tuple[str, ...]) -> str:
    parts = arn.split(":")
    if len(parts) < 7 or parts[0] != "arn" or parts[2] != "states":
        raise Refusal("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
    if parts[5] not in kinds:
        raise Refusal("InvalidArn", f"Invalid Arn: 'Resource type not valid in this context: {parts[5]}'")
    if not re.fullmatch(r"[0-9]{12}", parts[4]):
        raise Refusal("InvalidArn", f"Invalid Arn: '{arn}'")
    return arn


def pass_role(role_arn: str, place: CallPlace, *, to: str) -> Demand:
    """Whoever gives a role to a service needs iam:PassRole on it (IAM User Guide, id_roles_use_passrole.html)."""
    match = re.fullmatch(r"arn:[a-z-]+:iam::([0-9]{12}):role/[\w+=,.@/-]{1,576}", role_arn)
    if match is None:
        raise Refusal("InvalidArn", f"Invalid Role Arn: '{role_arn}'")
    if match[1] != place.account_id:
        raise Refusal("AccessDeniedException", "Cross-account pass role is not allowed.")
    return Demand("iam:PassRole", role_arn, match[1], {"iam:PassedToService": to})


_TAGGED_TWICE: Final = "Duplicate tag keys found. Please note that Tag keys are case insensitive."


def _json_tag_keys(tags: Any) -> Context:
    if not isinstance(tags, list):
        return {}
    pairs = {str(tag.get("key")): str(tag.get("value", "")) for tag in tags if isinstance(tag, dict)}
    return tag_keys(pairs, refused="ValidationException")


# AWS's tagging, as its services hand it on (CodeBuild, SES, X-Ray).
_OF_THE_SYSTEM: Final = "Caller is an end user and not allowed to mutate system tags"


def tag_keys(pairs: Mapping[str, str], *, refused: str, words: str = _OF_THE_SYSTEM) -> Context:
    """The condition keys that tags in a request make.

    Raises `Refusal` with the code `refused` for a key that begins with `aws:`, in whatever case: those are AWS's alone.
    """
    if not pairs:
        return {}
    _refuse_system_tags(pairs, refused, words)
    # Condition keys have no case; of tags that differ in nothing else, conditions see the last.
    seen = {key.lower(): (key, value) for key, value in pairs.items()}
    context: Context = {f"aws:RequestTag/{key}": value for key, value in seen.values()}
    context["aws:TagKeys"] = list(pairs)
    return context


def removed_tag_keys(keys: Iterable[str]) -> Context:
    """The condition key of a request that takes tags away: it names their keys alone."""
    names = list(keys)
    return {"aws:TagKeys": names} if names else {}


def _refuse_system_tags(keys: Iterable[str], code: str, words: str) -> None:
    if any(key.lower().startswith("aws:") for key in keys):
        raise Refusal(code, words)


# --- IAM -------------------------------------------------------------------------------------------------------------

# (kind of resource, the parameter with its name, does it change anything, operations)
_IAM_NAME_ROWS: Final = (
    ("role", "RoleName", True, "CreateRole DeleteRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy"),
    ("role", "RoleName", True, "PutRolePolicy DeleteRolePolicy AttachRolePolicy DetachRolePolicy TagRole UntagRole"),
    ("role", "RoleName", True, "PutRolePermissionsBoundary DeleteRolePermissionsBoundary"),
    ("role", "RoleName", False, "GetRole GetRolePolicy ListRolePolicies ListAttachedRolePolicies ListRoleTags"),
    ("role", "RoleName", False, "ListInstanceProfilesForRole"),
    ("user", "UserName", True, "PutUserPermissionsBoundary DeleteUserPermissionsBoundary"),
    ("user", "UserName", True, "CreateUser DeleteUser UpdateUser TagUser UntagUser"),
    ("user", "UserName", True, "PutUserPolicy DeleteUserPolicy AttachUserPolicy DetachUserPolicy"),
    ("user", "UserName", True, "CreateAccessKey DeleteAccessKey UpdateAccessKey"),
    ("user", "UserName", False, "GetUser GetUserPolicy ListUserPolicies ListAttachedUserPolicies ListAccessKeys"),
    ("user", "UserName", False, "ListUserTags ListGroupsForUser"),
    ("group", "GroupName", True, "CreateGroup DeleteGroup AddUserToGroup RemoveUserFromGroup"),
    ("group", "GroupName", True, "PutGroupPolicy DeleteGroupPolicy AttachGroupPolicy DetachGroupPolicy"),
    ("group", "GroupName", False, "GetGroup GetGroupPolicy ListGroupPolicies ListAttachedGroupPolicies"),
    ("policy", "PolicyName", True, "CreatePolicy"),
)
_IAM_ON_NAME: Final = {
    operation: (kind, key, mutates) for kind, key, mutates, names in _IAM_NAME_ROWS for operation in names.split()
}
_IAM_POLICY_ROWS: Final = (
    (True, "DeletePolicy CreatePolicyVersion DeletePolicyVersion SetDefaultPolicyVersion TagPolicy UntagPolicy"),
    (False, "GetPolicy GetPolicyVersion ListPolicyVersions ListEntitiesForPolicy ListPolicyTags"),
)
_IAM_ON_POLICY_ARN: Final = {name: mutates for mutates, names in _IAM_POLICY_ROWS for name in names.split()}
_IAM_ON_ANY: Final = frozenset(("ListAccountAliases", "GetAccountSummary", "GetAccountAuthorizationDetails"))
# Decided on the path that is listed: AWS's denials name `…:role/`, `…:user/` and `…:group/` (and, for policies, a text
# that no ARN in a policy is like).
_IAM_LISTS: Final = {"ListRoles": "role", "ListUsers": "user", "ListGroups": "group"}
# Where the condition key iam:PermissionsBoundary tells what the role or user has (Service Authorization Reference,
# list_awsidentityandaccessmanagementiam.html); making and setting one tell what is asked for instead.
_IAM_BOUNDED: Final = frozenset(
    f"{verb}{kind}{what}"
    for kind in ("Role", "User")
    for verb, what in (
        *(("Attach", "Policy"), ("Detach", "Policy"), ("Put", "Policy"), ("Delete", "Policy")),
        ("Delete", "PermissionsBoundary"),
    )
)
_POLICY_ARN: Final = re.compile(r"arn:[a-z-]+:iam::([0-9]{12}|aws):policy/[\w+=,.@/-]+", re.ASCII)
_IAM_SIMULATES: Final = ("SimulatePrincipalPolicy", "SimulateCustomPolicy")
_NAME_IN_IAM: Final = re.compile(r"[\w+=,.@-]{1,128}", re.ASCII)


def _iam_call(operation: str, params: Params, place: CallPlace) -> Call:
    listed = form_list(params, "Tags")
    tags = {tag.get("Key", ""): tag.get("Value", "") for tag in listed}
    if len({key.lower() for key in tags}) < len(listed):
        raise Refusal("InvalidInput", _TAGGED_TWICE)
    context = tag_keys(tags, refused="InvalidInput")
    if operation.startswith("Untag"):
        context.update(removed_tag_keys(key.get("", "") for key in form_list(params, "TagKeys")))
    policy_arn = params.get("PolicyArn")
    if policy_arn is not None and not _POLICY_ARN.fullmatch(policy_arn):
        # Recorded with both blanks: localstack's test_role_attach_policy (2025-06-19).
        raise Refusal("ValidationError", "Invalid ARN:  Could not be parsed!")
    if policy_arn is not None and operation.startswith(("Attach", "Detach")):
        context["iam:PolicyARN"] = policy_arn
    if "PermissionsBoundary" in params:
        context["iam:PermissionsBoundary"] = params["PermissionsBoundary"]
    if operation in _IAM_ON_NAME:
        kind, key, mutates = _IAM_ON_NAME[operation]
        name = params.get(key)
        if name is None and kind == "user":
            raise Refusal("ValidationError", f"In the xsfn sandbox, {operation} needs UserName.")
        if not name or not _NAME_IN_IAM.fullmatch(name):
            raise Refusal(
                "ValidationError",
                f"1 validation error detected: Value '{name or ''}' at '{key[0].lower()}{key[1:]}' failed to satisfy "
                r"constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+",
            )
        path = params.get("Path") or "/"
        making = operation.startswith("Create") and operation != "CreateAccessKey"
        resource = place.new_iam_arn(kind, name, path) if making else place.iam_arn(kind, name)
        if operation in _IAM_BOUNDED and (boundary := place.boundary_of(kind, name)):
            context["iam:PermissionsBoundary"] = boundary
    elif operation in _IAM_ON_POLICY_ARN:
        mutates = _IAM_ON_POLICY_ARN[operation]
        resource = params["PolicyArn"]
    elif operation in _IAM_SIMULATES:
        # Of a principal it shows what that may do; of policies given along, nothing.
        resource, mutates = params.get("PolicySourceArn", "*"), False
    elif operation in _IAM_LISTS:
        prefix = params.get("PathPrefix") or "/"
        resource, mutates = place.new_iam_arn(_IAM_LISTS[operation], "", prefix), False
    elif operation == "ListPolicies":
        resource, mutates = f"policy path {params.get('PathPrefix') or '/'}", False
    elif operation in _IAM_ON_ANY:
        resource, mutates = "*", False
    else:
        raise not_offered("iam", operation)
    # AWS's own managed policies, which have no account, may be read from every one.
    owner = account_of(resource, default=place.account_id)
    resources = [resource, *_new_place(operation, params, resource)]
    demands = tuple(Demand(f"iam:{operation}", one, owner, context) for one in resources)
    return Call("iam", operation, params, demands, mutates)


def _new_place(operation: str, params: Params, old: str) -> list[str]:
    """What a rename or a move would make of `old`, if it makes anything else: AWS asks for both
    (docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html, and id_users_rename.html)."""
    if operation != "UpdateUser" or not (params.get("NewUserName") or params.get("NewPath")):
        return []
    before, _, rest = old.partition(":user/")
    path, _, name = rest.rpartition("/")
    new_path = params.get("NewPath") or (f"/{path}/" if path else "/")
    new = f"{before}:user{new_path}{params.get('NewUserName') or name}"
    return [] if new == old else [new]


# --- STS -------------------------------------------------------------------------------------------------------------

_ROLE_ARN: Final = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)


def _sts_call(operation: str, params: Params, place: CallPlace) -> Call:
    if operation == "GetCallerIdentity":
        return Call("sts", operation, params, (), mutates=False)  # needs no permission, and can't be denied
    if operation != "AssumeRole":
        raise not_offered("sts", operation)
    role_arn = params.get("RoleArn", "")
    if not _ROLE_ARN.fullmatch(role_arn):
        raise Refusal("ValidationError", f"{role_arn} is invalid")
    context: dict[str, str | list[str]] = {"sts:RoleSessionName": params["RoleSessionName"]}
    if "ExternalId" in params:
        context["sts:ExternalId"] = params["ExternalId"]
    if "SourceIdentity" in params:
        context["sts:SourceIdentity"] = params["SourceIdentity"]
    if "DurationSeconds" in params:
        context["sts:DurationSeconds"] = params["DurationSeconds"]
    listed = form_list(params, "Tags")
    tags = {tag.get("Key", ""): tag.get("Value", "") for tag in listed}
    _check_session_tags(tags, len(listed), [key.get("", "") for key in form_list(params, "TransitiveTagKeys")])
    context.update(tag_keys(tags, refused="InvalidParameterValue"))
    account = account_of(role_arn, default=place.account_id)
    actions = ["sts:AssumeRole"]
    if tags:
        actions.append("sts:TagSession")
    if "SourceIdentity" in params:
        actions.append("sts:SetSourceIdentity")
    return Call("sts", operation, params, tuple(Demand(a, role_arn, account, context) for a in actions), mutates=False)


def _check_session_tags(tags: Mapping[str, str], given: int, transitive: list[str]) -> None:
    """Recorded: localstack's test_assume_role_tag_validation (2025-04-10)."""
    if len({key.lower() for key in tags}) < given:
        raise Refusal("InvalidParameterValue", _TAGGED_TWICE)
    # Keys of tags have no case (recorded: localstack's test_assume_role_tag_validation, 2025-04).
    if not {key.lower() for key in transitive} <= {key.lower() for key in tags}:
        raise Refusal(
            "InvalidParameterValue", "The specified transitive tag key must be included in the requested tags."
        )
    if transitive:
        raise Refusal("ValidationError", "The xsfn sandbox doesn't hand on session tags: leave TransitiveTagKeys out.")
