"""On what an action of an SDK call is asked for: one request for each resource that it needs. Pure.

"If the resource type is required, you must include an ARN or pattern for it; if it is optional, you can choose to use
one but not the other": docs.aws.amazon.com/service-authorization/latest/reference/
reference_policies_actions-resources-contextkeys.html. Of some actions the types listed as required are alternatives
(a listener of an application's or a network's load balancer); the reference doesn't say of which. So what the
arguments name is asked for; a required type that they don't name is what the call makes, and asked for without being
certain of it, or an alternative of a reading call, and not asked for. EC2 asks for all of them:
docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Final

from xsfn_helpers.asl.arn_forms import UNKNOWN, AskedResource, CallingPlace, is_known, one_of
from xsfn_helpers.asl.known_parts import ANY
from xsfn_helpers.iam.actions import IamAction, ResourceType

Asked = tuple[AskedResource, bool]
# A variable of an ARN's form in the Service Authorization Reference -> the parameter that gives it; of an action, of a
# type, else of the service.
_PARAMETERS: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("s3", "BucketName"): "Bucket",
        ("s3", "ObjectName"): "Key",
        ("sqs", "QueueName"): "QueueUrl",
        ("secretsmanager", "SecretId"): "SecretId",
        ("ssm", "ParameterNameWithoutLeadingSlash"): "Name",
        ("iam", "RoleNameWithPath"): "RoleName",
        ("events", "EventBusName"): "EventBusName",
        ("ecs", "ClusterName"): "Cluster",
        ("ecs", "ServiceName"): "Service",
        ("athena", "WorkGroupName"): "WorkGroup",
        ("scheduler", "ScheduleName"): "Name",
        ("scheduler schedule-group", "GroupName"): "Name",
        ("sso:createaccountassignment", "AccountId"): "TargetId",
        ("sso:deleteaccountassignment", "AccountId"): "TargetId",
        ("sso:provisionpermissionset", "AccountId"): "TargetId",
        ("rds db", "DbInstanceName"): "DBInstanceIdentifier",
        ("rds snapshot", "SnapshotName"): "DBSnapshotIdentifier",
        ("rds cluster", "DbClusterInstanceName"): "DBClusterIdentifier",
        ("rds cluster-snapshot", "ClusterSnapshotName"): "DBClusterSnapshotIdentifier",
        **{(f"glue:{one}database", "DatabaseName"): "Name" for one in ("get", "update", "delete")},
        **{(f"glue:{one}table", "TableName"): "Name" for one in ("get", "delete")},
        ("batch", "JobQueueName"): "JobQueue",
        ("bedrock foundation-model", "ResourceId"): "ModelId",
        ("dynamodb:restoretablefrombackup", "TableName"): "TargetTableName",
        ("kms", "Alias"): "AliasName",
        ("ssm automation-definition", "AutomationDefinitionName"): "DocumentName",
        ("kms:createalias", "KeyId"): "TargetKeyId",
        ("kms:updatealias", "KeyId"): "TargetKeyId",
    }
)
# What AWS takes where a parameter isn't given: docs.aws.amazon.com/scheduler/latest/APIReference/
# API_CreateSchedule.html
_DEFAULTS: Final[Mapping[tuple[str, str], str]] = MappingProxyType({("scheduler schedule", "GroupName"): "default"})
# A type whose ids have a form of their own: only such a value names it.
# docs.aws.amazon.com/systems-manager/latest/userguide/fleet-manager-managed-nodes.html, docs.aws.amazon.com/bedrock/
# latest/userguide/models-supported.html
_IDS: Final[Mapping[tuple[str, str], re.Pattern[str]]] = MappingProxyType(
    {
        ("ssm", "instance"): re.compile(r"i-.+"),
        ("ssm", "managed-instance"): re.compile(r"mi-.+"),
        # An inference profile's id begins with a region's or a geography's.
        ("bedrock", "foundation-model"): re.compile(r"(?!(us|eu|apac|global|us-gov|jp|au|ca)\.)[a-z0-9-]+\.[^/]+"),
    }
)
# A type whose ARN may be of any service: the parameter that has it.
_BY_ARN: Final[Mapping[tuple[str, str], str]] = MappingProxyType({("backup", "recoveryPoint"): "recoverypointarn"})
# Parameters that give an account, a unit or a root, by the form of the id: docs.aws.amazon.com/organizations/latest/
# APIReference/API_MoveAccount.html, …/API_AttachPolicy.html
_OF_AN_ORGANIZATION: Final = ("TargetId", "ParentId", "SourceParentId", "DestinationParentId", "ChildId")
_ORGANIZATION_IDS: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        "AccountId": re.compile(r"\d{12}"),
        "OrganizationalUnitId": re.compile(r"ou-.+"),
        "RootId": re.compile(r"r-.+"),
    }
)
# Actions whose listed types are alternatives, though all are marked as required: which one the call is about, its ARN
# says. Source: the actions' descriptions in the Service Authorization Reference; of MoveAccount, whose accounts lie
# below a unit or the root, …/API_MoveAccount.html.
_ALTERNATIVES: Final = re.compile(
    r"elasticloadbalancing:.*|comprehend:.*|bedrock:(invoke|create|update|tag|untag|list).*|ram:.*|"
    r"(kinesis|dynamodb):(put|delete|get)resourcepolicy|(kinesis|dynamodb):(un)?tag.*|redshift-data:.*|"
    r"iot:(createjob|associatetargetswithjob)|.*:(un)?tagresource|.*:(add|remove)tags.*"
)
_ALSO_ALTERNATIVES: Final = frozenset({"organizations:moveaccount"})
# Listed as required, and not in AWS's own policies for the action:
# docs.aws.amazon.com/batch/latest/userguide/iam-example-job-def.html
_NOT_ASKED: Final = frozenset({("batch:submitjob", "job")})
# Not listed as required, and needed by nearly every call: a volume for an image that has one.
# docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html
_NEARLY_ALWAYS: Final = frozenset({("ec2:runinstances", "volume")})
# An optional type below a required one that is asked for in its place: docs.aws.amazon.com/amazondynamodb/latest/
# developerguide/specifying-conditions.html (Query and Scan of an index).
_INSTEAD: Final = frozenset({("dynamodb", "index")})
# Either of these types, by what AWS's pages and its denials say of one call:
# docs.aws.amazon.com/systems-manager/latest/userguide/automation-setup-iam.html
# (aws-solutions/automated-security-response-on-aws#29 shows a definition's ARN in a denial).
_EITHER: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"ssm:startautomationexecution": ("document", "automation-definition")}
)
# Documents that AWS owns have no account in their ARN: docs.aws.amazon.com/systems-manager/latest/APIReference/
# API_CreateDocument.html reserves these beginnings (peterkimzz/aws-ssm-send-command#14 shows such an ARN in a denial).
_DOCUMENTS: Final = ("document", "automation-definition")
_AWSS_OWN: Final = ("aws", "amazon", "amzn")
_TOKENS: Final = frozenset({"states:sendtasksuccess", "states:sendtaskfailure", "states:sendtaskheartbeat"})
_CHANGES: Final = ("Write", "Permissions management")
_OF_THE_PLACE: Final = ("Partition", "Region", "Account")
_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")


def acted_on(one: IamAction, arguments: object, place: CallingPlace) -> tuple[Asked, ...]:
    """On what it is asked for, and of each whether that is certain."""
    name = str(one).lower()
    if name in _TOKENS:
        return ((_waiting(place), True),)
    if one.on_all_only:
        return ((AskedResource(ANY), True),)
    if either := _EITHER.get(name):
        given = _Given.of(arguments)
        types = [kind for kind in one.types if kind.name in either]
        return ((one_of(*(_pattern_of(one, kind, given, place) for kind in types)), True),)
    required = [kind for kind in one.types if kind.required and (name, kind.name) not in _NOT_ASKED]
    if not required or not isinstance(arguments, Mapping) or _ALTERNATIVES.fullmatch(name):
        return ((_the_one(one, arguments, place), True),)
    return tuple(dict.fromkeys(_each(one, required, _Given.of(arguments), place))) or ((UNKNOWN, True),)


def _pattern_of(one: IamAction, kind: ResourceType, given: _Given, place: CallingPlace) -> str:
    found = next((each.arn for each in _of_type(one, kind, given, place) if not each.unknown), "")
    return found or _pattern(kind, place, everywhere=True)


def texts_of(arguments: object) -> Iterator[str]:
    """The arguments' texts at the top that are known before the run."""
    if isinstance(arguments, Mapping):
        yield from (value for value in arguments.values() if isinstance(value, str) and is_known(value))


def _waiting(place: CallingPlace) -> AskedResource:
    """Of a task's token: the state machine whose task waits, or its activity, of the caller's own account.

    The reference lists no resource, but a grant on the state machine does, and on the activity if that is whose token
    it is (tried in aws/aws-cdk#8486); AWS's denial names it (NOAA-OWP/hydrovis#837).
    """
    here = f"arn:{place.partition}:states:{place.region}:{place.account}:"
    return one_of(f"{here}stateMachine:*", f"{here}activity:*")


def _the_one(one: IamAction, arguments: object, place: CallingPlace) -> AskedResource:
    """The type of resource that the arguments give whole, else the only one there is, else unknown."""
    given = _Given.of(arguments)
    filled = [resource for kind in one.types for resource in _of_type(one, kind, given, place)]
    # What has no name (bedrock's marketplace/model-endpoint/all-access) is named by no argument.
    whole = [each for each in filled if each.exact and (len(one.types) == 1 or each.arn not in _nameless(one, place))]
    if whole:
        # s3:GetObject is asked for on the object, not on its bucket besides.
        return max(whole, key=lambda resource: len(resource.arn))
    return filled[0] if len(one.types) == 1 and len(filled) == 1 else UNKNOWN


def _nameless(one: IamAction, place: CallingPlace) -> list[str]:
    return [_pattern(kind, place) for kind in one.types if not _own_variables(kind)]


def _each(one: IamAction, required: Sequence[ResourceType], given: _Given, place: CallingPlace) -> Iterator[Asked]:
    """Each required type, and the optional ones that the arguments name."""
    name = str(one).lower()
    all_of_them, in_a_catalogue = one.prefix == "ec2", one.prefix == "glue"
    optional = [kind for kind in one.types if not kind.required and (name, kind.name) not in _NOT_ASKED]
    below = [
        resource
        for kind in optional
        if (one.prefix, kind.name) in _INSTEAD and given.of_variable(one, kind, _own_variables(kind)[-1]) is not None
        for resource in _of_type(one, kind, given, place)
    ]
    if below:
        yield from ((resource, True) for resource in below)
        return
    named = {kind.name for kind in required if given.names(one, kind)}
    if not named and len(required) > 1 and not all_of_them and not in_a_catalogue:
        yield _the_one(one, given.arguments, place), True
        return
    for kind in required:
        found = tuple(_of_type(one, kind, given, place))
        if kind.name in named or len(required) == 1:
            late = one_of(_pattern(kind, place, everywhere=not all_of_them))
            yield from ((late if resource.unknown else resource, True) for resource in found or (late,))
        elif all_of_them or not _own_variables(kind):
            here = AskedResource(_pattern(kind, place), exact=not _own_variables(kind))
            yield here, all_of_them or in_a_catalogue
        elif in_a_catalogue or (one.level in _CHANGES and name not in _ALSO_ALTERNATIVES):
            yield AskedResource(_pattern(kind, place), exact=False), False
    for kind in optional:
        if (name, kind.name) in _NEARLY_ALWAYS:
            yield AskedResource(_pattern(kind, place), exact=False), False
            continue
        whole = (each for each in _of_type(one, kind, given, place) if each.exact or one.prefix == "organizations")
        if given.names(one, kind) and not (one.prefix == "organizations" and given.late_in(_OF_AN_ORGANIZATION)):
            yield from ((each, one.prefix in ("ec2", "ssm", "organizations")) for each in whole if not each.unknown)

    if one.prefix == "organizations":
        for parameter in given.late_in(_OF_AN_ORGANIZATION):
            # A parent is a unit or the root, a target or a child an account as well.
            ids = {*_ORGANIZATION_IDS} - ({"AccountId"} if "Parent" in parameter else set())
            kinds = [kind for kind in one.types if kind.name != "policy" and {*_own_variables(kind)} & ids]
            yield one_of(*(_pattern(kind, place, everywhere=True) for kind in kinds)), True


def _own_variables(kind: ResourceType) -> list[str]:
    return [name for name in _VARIABLE.findall(kind.arn) if name not in _OF_THE_PLACE]


def _pattern(kind: ResourceType, place: CallingPlace, *, everywhere: bool = False) -> str:
    """The pattern of a type: what may be named by its ARN, and so be another account's, `everywhere`."""
    here = {"Partition": place.partition, "Region": place.region, "Account": place.account}
    if everywhere and _own_variables(kind):
        here = {"Partition": place.partition}
    return _VARIABLE.sub(lambda match: here.get(match[1], ANY), kind.arn)


@dataclass(frozen=True, slots=True)
class _Given:
    """The arguments by parameter, in lower case; `*` for what shows only in the run, each of a list by its own name."""

    arguments: object
    values: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, arguments: object) -> _Given:
        found: dict[str, tuple[str, ...]] = {}
        for key, value in arguments.items() if isinstance(arguments, Mapping) else ():
            name = str(key).removesuffix(".$").lower()
            if isinstance(value, Sequence) and not isinstance(value, str):
                texts = tuple(_known(one) for one in value if isinstance(one, str))
                found |= {one: texts for one in (name, name.removesuffix("s")) if texts and one not in found}
            else:
                found[name] = (_known(value),)
                if name.endswith("s"):
                    found.setdefault(name.removesuffix("s"), (_known(value),))
        return cls(arguments, found)

    def texts(self) -> Iterator[str]:
        return (one for values in self.values.values() for one in values)

    def late_in(self, parameters: Sequence[str]) -> list[str]:
        """Those of the parameters whose values show only in the run."""
        return [one for one in parameters if ANY in self.values.get(one.lower(), ())]

    def arns(self, one: IamAction, kind: ResourceType) -> list[str]:
        """The ARNs of this type. One of `table/T/index/I` is none of `table/T`."""
        if named := _BY_ARN.get((one.prefix, kind.name)):
            return [each for each in self.values.get(named, ()) if each != ANY]
        below = [each for each in one.types if len(_own_variables(each)) > len(_own_variables(kind))]
        found = (each for each in self.texts() if each.startswith("arn:") and _as_form(kind).fullmatch(each))
        return [each for each in found if not any(_as_form(other).fullmatch(each) for other in below)]

    def of_variable(self, one: IamAction, kind: ResourceType, variable: str) -> tuple[str, ...] | None:
        """What the arguments give for a variable of a type's form; None where nothing does."""
        scopes = (str(one).lower(), f"{one.prefix} {kind.name}", one.prefix)
        told = next((_PARAMETERS[scope, variable] for scope in scopes if (scope, variable) in _PARAMETERS), "")
        wanted = (told or variable).lower()
        found = self.values.get(wanted)
        if found is None and not told:
            found = self.values.get(wanted.removesuffix("name")) if wanted != "name" else None
        if one.prefix == "organizations" and (form := _ORGANIZATION_IDS.get(variable)) is not None:
            others = [each for key in _OF_AN_ORGANIZATION for each in self.values.get(key.lower(), ())]
            found = tuple(each for each in (*(found or ()), *others) if form.fullmatch(each)) or None
        if (form := _IDS.get((one.prefix, kind.name))) is not None and found is not None:
            found = tuple(each for each in found if each == ANY or form.fullmatch(each)) or None
        if found is None and (default := _DEFAULTS.get((f"{one.prefix} {kind.name}", variable))) is not None:
            return (default,)
        return found

    def names(self, one: IamAction, kind: ResourceType) -> bool:
        """Whether a parameter names a resource of this type, though its value may show only in the run."""
        if self.arns(one, kind):
            return True
        if any(self.of_variable(one, kind, variable) is not None for variable in _own_variables(kind)):
            return True
        plain = re.sub(r"[^a-z0-9]", "", kind.name.lower())
        return any(f"{plain}{end}" in self.values for end in ("", "arn", "id", "name"))


def _known(value: object) -> str:
    return value if isinstance(value, str) and is_known(value) else ANY


def _as_form(kind: ResourceType) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\$\\\{\w+\\\}", ".+", re.escape(kind.arn)))


def _of_type(one: IamAction, kind: ResourceType, given: _Given, place: CallingPlace) -> Iterator[AskedResource]:
    """The resources of a type that the arguments name, with `*` for what isn't known; none for what is none of it."""
    whole = given.arns(one, kind)
    if whole:
        yield from map(AskedResource, dict.fromkeys(whole))
        return
    variables = list(dict.fromkeys(_own_variables(kind)))
    choices = [given.of_variable(one, kind, variable) or (ANY,) for variable in variables]
    for chosen in product(*choices):
        yield from _filled(one, kind, dict(zip(variables, chosen, strict=True)), place)


def _here(one: IamAction, place: CallingPlace) -> dict[str, str]:
    # An organization's ARNs have its management account's id, whoever's account the call is made in.
    account = ANY if one.prefix == "organizations" else place.account
    return {"Partition": place.partition, "Region": place.region, "Account": account}


def _filled(one: IamAction, kind: ResourceType, values: dict[str, str], place: CallingPlace) -> Iterator[AskedResource]:
    here = _here(one, place)
    for variable, value in values.items():
        if value.startswith("https://sqs."):
            here = {**here, "Account": value.split("/")[-2]}
            values[variable] = value.rpartition("/")[2]
    if any(value.startswith("arn:") for value in values.values()):
        return
    if one.prefix == "ssm":
        values = {key: value.lstrip("/") for key, value in values.items()}
        if kind.name in _DOCUMENTS and any(value.lower().startswith(_AWSS_OWN) for value in values.values()):
            here = {**here, "Account": ""}
    if one.prefix == "kms":
        if values.get("KeyId", "").startswith("alias/"):  # which key it is of shows only in the run
            yield AskedResource(_pattern(kind, place), exact=False)
            return
        values = {key: value.removeprefix("alias/") for key, value in values.items()}
    for variable, value in values.items():
        # The form has the id's own beginning: `policy/…/p-${PolicyId}`.
        if start := re.search(rf"([a-z]+-)\$\{{{variable}\}}", kind.arn):
            values = {**values, variable: value.removeprefix(start[1])}
    arn = _VARIABLE.sub(lambda match: here.get(match[1], values.get(match[1], ANY)), kind.arn)
    if one.prefix == "secretsmanager" and ANY not in arn:
        arn += "-??????"  # six characters that AWS adds to a secret's name
    if ":${Account}:" in kind.arn and values and all(value == ANY for value in values.values()):
        yield UNKNOWN  # a name that isn't known may be an ARN, and one of another account
        return
    yield AskedResource(arn, exact=ANY not in arn and "?" not in arn)
