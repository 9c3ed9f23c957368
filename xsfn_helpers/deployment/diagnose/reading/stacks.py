"""Roles, policies and state machines of a CloudFormation or SAM template, as its deployment would make them. Pure.

Sources: docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference (AWS::IAM::*, AWS::StepFunctions::StateMachine),
docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-statemachine.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any, Final

from xsfn_helpers.common.arns import role_name
from xsfn_helpers.common.json_text import Path
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.diagnose.evidence import (
    WITHHELD,
    MachineSeen,
    NotSeen,
    PolicySeen,
    RoleSeen,
    Spot,
    read_document,
)
from xsfn_helpers.deployment.diagnose.reading.intrinsics import NO_VALUE, Resolver, parameter_value, symbol, unknown_in
from xsfn_helpers.deployment.diagnose.reading.pieces import (
    MadeName,
    Pieces,
    StackSite,
    managed_policy,
    policy_seen,
    shows_later,
    spot_of,
)
from xsfn_helpers.deployment.diagnose.reading.templates.parts import (
    MACHINE,
    NESTED,
    SAM_MACHINE,
    StoredFiles,
    assets_beside,
    definition_text,
    listed_in,
    members,
    section,
    stored_key,
    template_of,
    texts_in,
)
from xsfn_helpers.deployment.diagnose.reading.templates.resource_policies import KEY, written_policies
from xsfn_helpers.deployment.diagnose.reading.templates.sam_policies import sam_policies
from xsfn_helpers.deployment.diagnose.reading.texts import UnreadableText, Written, parsed

ROLE: Final = "AWS::IAM::Role"
POLICIES: Final = ("AWS::IAM::Policy", "AWS::IAM::RolePolicy")
MANAGED: Final = "AWS::IAM::ManagedPolicy"
SAM_FUNCTION: Final = "AWS::Serverless::Function"
ALIAS: Final = "AWS::KMS::Alias"
BUCKET: Final = "AWS::S3::Bucket"
_STATES_TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": ["states.amazonaws.com"]}, "Action": ["sts:AssumeRole"]}
    ],
}
# Type of resource: the property that names it, its service, what stands before the name in its ARN, and what
# `Ref` gives: its name or its ARN.
_NAMED: Final[Mapping[str, tuple[str, str, str, str]]] = {
    MACHINE: ("StateMachineName", "states", "stateMachine:", "arn"),
    SAM_MACHINE: ("Name", "states", "stateMachine:", "arn"),
    "AWS::StepFunctions::Activity": ("Name", "states", "activity:", "arn"),
    "AWS::Lambda::Function": ("FunctionName", "lambda", "function:", "name"),
    SAM_FUNCTION: ("FunctionName", "lambda", "function:", "name"),
    "AWS::DynamoDB::Table": ("TableName", "dynamodb", "table/", "name"),
    "AWS::Serverless::SimpleTable": ("TableName", "dynamodb", "table/", "name"),
    "AWS::SNS::Topic": ("TopicName", "sns", "", "arn"),
    "AWS::SQS::Queue": ("QueueName", "sqs", "", "url"),
    "AWS::Events::EventBus": ("Name", "events", "event-bus/", "name"),
    "AWS::Logs::LogGroup": ("LogGroupName", "logs", "log-group:", "name"),
    "AWS::CodeBuild::Project": ("Name", "codebuild", "project/", "name"),
    "AWS::Glue::Job": ("Name", "glue", "job/", "name"),
}
_NAMED_WITHOUT_STACK: Final = (MACHINE, SAM_MACHINE, "AWS::Glue::Job", "AWS::CodeBuild::Project")
_MADE_LATER: Final = mark("whether it is made shows only at deployment")
_BY_OTHERS: Final = ("Custom::", "AWS::CloudFormation::CustomResource", "AWS::CloudFormation::StackSet")
_CONNECTOR: Final = "AWS::Serverless::Connector"
# What these do to a template is done here, or is nothing to roles: …/AWSCloudFormation/…/transform-reference.html
_KNOWN_TRANSFORMS: Final = (
    "AWS::Serverless-2016-10-31",
    "AWS::LanguageExtensions",
    "AWS::CodeDeployBlueGreen",
    "AWS::SecretsManager-2020-07-23",
    "AWS::SecretsManager-2024-09-16",
)


@dataclass(slots=True)
class StackReader:
    """Reads one template into `pieces`. `load` gives a file by its path beside this template; None where none is."""

    file: str
    written: Written
    site: StackSite
    pieces: Pieces
    load: Callable[[str], tuple[str, Written] | None]
    given: Mapping[str, Any] = field(default_factory=dict)
    # What files of parameters say, by the parameters' names: which of them is used nobody knows.
    elsewhere: Mapping[str, frozenset[str]] = field(default_factory=dict)
    imports: Mapping[str, str] = field(default_factory=dict)
    stored: StoredFiles = field(default_factory=StoredFiles)
    depth: int = 0
    # Why nobody can tell whether it is deployed at all.
    unsure: str = ""
    _resolver: Resolver = field(init=False)
    _resources: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _places: dict[str, Path] = field(default_factory=dict)
    # What makes more of the template, or changes it, in a way that shows only at deployment.
    _unmade: list[str] = field(default_factory=list)
    # What is no resource: CloudFormation takes no template that has one.
    _untyped: list[str] = field(default_factory=list)
    _naming: set[str] = field(default_factory=set)
    _nested: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        template = self.written.value
        site = self.site
        values: dict[str, Any] = {
            "AWS::AccountId": site.account,
            "AWS::Region": site.region,
            "AWS::Partition": site.partition,
            "AWS::URLSuffix": "amazonaws.com.cn" if site.partition == "aws-cn" else "amazonaws.com",
            "AWS::StackName": site.name,
            "AWS::StackId": site.regional("cloudformation", f"stack/{site.name}/0"),
            "AWS::NotificationARNs": [],
        }
        for name, known in section(template, "Parameters").items():
            value = parameter_value(known, self.given.get(name), by_hand=not self.depth)
            others = [parameter_value(known, one) for one in self.elsewhere.get(name, ())]
            if value is not None and (name in self.given or all(one == value for one in others)):
                values[name] = value
        self._resolver = Resolver(
            values,
            self._ref,
            self._attribute,
            section(template, "Conditions"),
            section(template, "Mappings"),
            self.imports,
            self._told(),
        )
        for one in members(section(template, "Resources"), ("Resources",), self._resolver.resolve):
            if one.name.startswith("Fn::"):
                self._unmade.append(one.name)
                continue
            if isinstance(one.value, Mapping):
                self._resources[one.name], self._places[one.name] = one.value, one.place
            if not isinstance(one.value, Mapping) or not isinstance(one.value.get("Type"), str):
                self._untyped.append(one.name)

    def read(self) -> None:
        """Put everything of this template into the pieces."""
        for name in self._untyped:
            what = tr("{file}:{line}: {name}", file=self.file, line=self.written.line("Resources", name), name=name)
            why = tr("it is no resource, for it has no Type: are the lines after it indented below it?")
            self.pieces.not_seen.append(NotSeen(self.site.account, what, why))
        for logical, resource in self._resources.items():
            kind = resource.get("Type")
            held = self._held(resource)
            if held is False:
                continue
            given = resource.get("Properties")
            properties = given if isinstance(given, Mapping) else {}
            unsure = self.unsure or ("" if held else self._made_later(resource))
            if kind in _NAMED or kind == BUCKET:
                self.pieces.named.add(str(self._attribute(logical, "Arn")))
            if kind == ROLE:
                self._role(logical, properties, unsure)
            elif kind in POLICIES:
                self._policy(logical, properties, unsure)
            elif kind == MANAGED:
                self._managed(logical, properties, unsure)
            elif kind == MACHINE:
                self._machine(logical, properties)
            elif kind == SAM_MACHINE:
                self._sam_machine(logical, properties, unsure)
            elif kind == "AWS::Organizations::Policy":
                self._limit(properties)
            elif kind in NESTED:
                self._nested_stack(logical, properties, unsure)
            elif kind == _CONNECTOR:
                self._connector(logical, properties)
            elif isinstance(kind, str) and kind.startswith(_BY_OTHERS):
                self._given_to_others(logical, properties)
            else:
                self._own_policies(str(kind), logical, properties, unsure)
            if isinstance(own := resource.get("Connectors"), Mapping):
                self._connector(logical, {"Source": {"Id": logical}} | {"Connectors": own})
        self._changed_by_macros()

    def _told(self) -> dict[str, Any]:
        """Of the values that were given, those of no parameter: of what is looked up, imported, or made elsewhere."""
        return {name: value for name, value in self.given.items() if "." in name}

    def _held(self, resource: Mapping[str, Any]) -> bool | None:
        """Whether a resource is made; None where that shows only at deployment."""
        condition = resource.get("Condition")
        if condition is None:
            return True
        return self._resolver.holds(condition) if isinstance(condition, str) else None

    def _made_later(self, resource: Mapping[str, Any]) -> str:
        """Why it isn't known whether a resource is made, with the parameters that it hangs on."""
        condition = resource.get("Condition")
        names = self._resolver.behind(condition) if isinstance(condition, str) else []
        if not names:
            return tr(_MADE_LATER)
        return tr("whether it is made shows only at deployment, by {values}", values=", ".join(map(symbol, names)))

    def exports(self) -> dict[str, str]:
        """What other stacks import, by the exports' names."""
        found = {}
        for output in section(self.written.value, "Outputs").values():
            export = output.get("Export") if isinstance(output, Mapping) else None
            if isinstance(export, Mapping) and "Name" in export and isinstance(output, Mapping):
                found[self._resolver.text(export["Name"])] = self._resolver.text(output.get("Value"))
        return found

    def outputs(self) -> dict[str, Any]:
        found = section(self.written.value, "Outputs")
        return {
            name: self._resolver.resolve(one.get("Value")) for name, one in found.items() if isinstance(one, Mapping)
        }

    # --- names

    def _ref(self, logical: str) -> Any:
        resource = self._resources.get(logical)
        if resource is None:
            return self._role_of_sam(logical, of_arn=False)
        kind = str(resource.get("Type"))
        if kind == ROLE:
            return self._name(logical, "RoleName")
        if kind == MANAGED:
            return self._managed_arn(logical)
        if kind == BUCKET:
            return self._bucket(logical)
        if kind == KEY:
            return self._generated(logical)
        if kind == ALIAS:
            return self._given(logical, "AliasName")
        if kind in NESTED:
            return None
        if (named := _NAMED.get(kind)) is not None:
            if named[3] == "arn":
                return self._arn(logical, named)
            if named[3] == "name":
                return self._name(logical, named[0])
            return self._attribute(logical, "QueueUrl")
        return None

    def _attribute(self, logical: str, attribute: str) -> Any:
        resource = self._resources.get(logical)
        if resource is None:
            return self._role_of_sam(logical, of_arn=True) if attribute == "Arn" else None
        kind = str(resource.get("Type"))
        if kind == ROLE and attribute == "Arn":
            return self._role_arn(logical)
        if kind in (ROLE, MANAGED):
            return self._managed_arn(logical) if attribute == "PolicyArn" else None
        if kind == KEY and attribute in ("Arn", "KeyId"):
            return self._key_arn(logical) if attribute == "Arn" else self._generated(logical)
        if kind == BUCKET and attribute == "Arn":
            return f"arn:{self.site.partition}:s3:::{self._bucket(logical)}"
        if kind in NESTED and attribute.startswith("Outputs."):
            return self._outputs_of(logical).get(attribute.removeprefix("Outputs."))
        if (named := _NAMED.get(kind)) is not None:
            if attribute in ("Arn", "TopicArn"):
                return self._arn(logical, named)
            if attribute in ("Name", "QueueName", "TopicName"):
                return self._name(logical, named[0])
            if attribute == "QueueUrl":
                suffix, name = self._resolver.values["AWS::URLSuffix"], self._name(logical, named[0])
                return f"https://sqs.{self.site.region}.{suffix}/{self.site.account}/{name}"
        return None

    def _bucket(self, logical: str) -> str:
        """A bucket's name, which has no capital letters where CloudFormation makes it."""
        name = self._name(logical, "BucketName")
        return name.lower() if name == self._generated(logical) else name

    def _role_of_sam(self, logical: str, *, of_arn: bool) -> str | None:
        """SAM makes a role for a function or a state machine that names none."""
        owner = self._resources.get(logical.removesuffix("Role"))
        if not logical.endswith("Role") or owner is None or owner.get("Type") not in (SAM_MACHINE, SAM_FUNCTION):
            return None
        properties = owner.get("Properties")
        path = properties.get("RolePath", "/") if isinstance(properties, Mapping) else "/"
        name = self._generated(logical)
        return self.site.role(name, self._resolver.text(path)) if of_arn else name

    def _given(self, logical: str, key: str) -> Any:
        """A property of a resource; None where the template doesn't say it."""
        if logical in self._naming:
            return None
        self._naming.add(logical)
        try:
            properties = self._resources[logical].get("Properties")
            value = (
                self._resolver.resolve(properties[key])
                if isinstance(properties, Mapping) and key in properties
                else None
            )
        finally:
            self._naming.discard(logical)
        return None if value is NO_VALUE else value

    def _name(self, logical: str, key: str) -> str:
        found = self._given(logical, key)
        return str(found) if isinstance(found, str | int) and found != "" else self._generated(logical)

    def _generated(self, logical: str) -> str:
        after_stack = self._resources.get(logical, {}).get("Type") not in _NAMED_WITHOUT_STACK
        self.pieces.generated.add(MadeName(logical, self.site.within, after_stack))
        return self.site.generated(logical, after_stack=after_stack)

    def _role_arn(self, logical: str) -> str:
        return self.site.role(self._name(logical, "RoleName"), str(self._given(logical, "Path") or "/"))

    def _managed_arn(self, logical: str) -> str:
        name, path = self._name(logical, "ManagedPolicyName"), str(self._given(logical, "Path") or "/")
        return self.site.managed_policy(name, path)

    def _arn(self, logical: str, named: tuple[str, str, str, str]) -> str:
        key, service, before, _ = named
        name = self._name(logical, key)
        after = ":*" if service == "logs" else ""
        return self.site.regional(service, f"{before}{name}{after}")

    # --- IAM

    def _role(self, logical: str, properties: Mapping[str, Any], unsure: str = "") -> None:
        arn, path = self._role_arn(logical), (*self._places[logical], "Properties")
        known = self._resolver
        given = known.resolve(properties.get("AssumeRolePolicyDocument"))
        trust = read_document(given)
        if trust is None and unknown_in(given):
            what = tr("the trust policy of {arn}", arn=arn)
            self.pieces.not_seen.append(NotSeen(self.site.account, what, shows_later(given)))
        boundary = properties.get("PermissionsBoundary")
        twins = self._twins(arn)
        if any(one.get("AssumeRolePolicyDocument") != properties.get("AssumeRolePolicyDocument") for one in twins):
            trust = None
        role = RoleSeen(
            arn,
            trust=trust,
            boundary=managed_policy(known.text(boundary)) if boundary and known.text(boundary) else None,
            tags=_tags(known.resolve(properties.get("Tags", []))),
            tags_listed=False,  # those of the stack are added to them
            unsure=unsure,
        )
        spot = spot_of(self.file, self.written, *path, "AssumeRolePolicyDocument", document=trust)
        self.pieces.add_role(role, spot)
        for index, policy in self._inline_policies(properties.get("Policies")):
            name = str(policy.get("PolicyName", index)) if isinstance(policy, Mapping) else f"Policies[{index}]"
            document = policy.get("PolicyDocument") if isinstance(policy, Mapping) else policy
            seen = replace(policy_seen(name, document), unsure=unsure if twins else "")
            spot = spot_of(self.file, self.written, *path, "Policies", index, "PolicyDocument", document=seen.document)
            self.pieces.attach(arn, seen, spot)
        for given in listed_in(known.resolve(properties.get("ManagedPolicyArns"))):
            self.pieces.attach(arn, replace(managed_policy(known.text(given)), unsure=unsure if twins else ""))
        for added in properties:
            if added.startswith("Fn::"):
                self.pieces.attach(arn, PolicySeen(added, why_not=tr("it shows only at deployment")))

    def _twins(self, arn: str) -> list[Mapping[str, Any]]:
        """The properties of the other roles of this ARN, each of them on a condition."""
        roles = [
            name for name, one in self._resources.items() if one.get("Type") == ROLE and self._held(one) is not False
        ]
        named = [name for name in roles if self._role_arn(name) == arn]
        return [section(self._resources[name], "Properties") for name in named] if len(named) > 1 else []

    def _inline_policies(self, given: Any) -> Iterator[tuple[int, Any]]:
        """The policies in a role, each with its place; a text for one that shows only at deployment."""
        if not isinstance(given, list):
            given = listed_in(self._resolver.resolve(given))
        for index, one in enumerate(given):
            if (policy := self._resolver.resolve(one)) is not NO_VALUE:
                yield index, policy

    def _policy(self, logical: str, properties: Mapping[str, Any], unsure: str = "") -> None:
        known = self._resolver
        name = known.text(properties.get("PolicyName", logical))
        roles = listed_in(known.resolve(properties.get("Roles"))) or listed_in(
            known.resolve(properties.get("RoleName"))
        )
        document = known.resolve(properties.get("PolicyDocument"))
        path = (*self._places[logical], "Properties", "PolicyDocument")
        policy = replace(policy_seen(name, document), unsure=unsure)
        for role in roles:
            self._attach_seen(role, policy, spot_of(self.file, self.written, *path, document=policy.document))

    def _attach_seen(self, role: object, policy: PolicySeen, spot: Spot | None = None) -> None:
        """A policy for the role of this name, which may be one of several where it shows only at deployment."""
        arn = self._by_name(role)
        if unknown_in(str(role)) and arn not in self.pieces.roles and not self._makes(str(role)):
            self.pieces.attach_to_some(self.site.role(str(role), "*"), policy)
        else:
            self.pieces.attach(arn, policy, spot)

    def _makes(self, role: str) -> bool:
        return any(
            resource.get("Type") == ROLE and self._name(logical, "RoleName") == role
            for logical, resource in self._resources.items()
        )

    def _managed(self, logical: str, properties: Mapping[str, Any], unsure: str = "") -> None:
        known, arn = self._resolver, self._managed_arn(logical)
        document = known.resolve(properties.get("PolicyDocument"))
        if (read := read_document(document)) is not None:
            self.pieces.managed[arn] = read
        path = (*self._places[logical], "Properties", "PolicyDocument")
        spot = spot_of(self.file, self.written, *path, document=read)
        for role in listed_in(known.resolve(properties.get("Roles"))):
            self._attach_seen(role, replace(managed_policy(arn), unsure=unsure))
        self.pieces.spots[arn, arn.rpartition("/")[2]] = spot

    def _by_name(self, role: object) -> str:
        """The ARN of a role of this stack's account by its name; that of one with a path in this template."""
        name = str(role)
        for logical, resource in self._resources.items():
            if resource.get("Type") == ROLE and self._name(logical, "RoleName") == name:
                return self._role_arn(logical)
        return self.site.role(name)

    def _attach(self, arn: str, name: str, document: object, path: tuple[str | int, ...]) -> None:
        policy = policy_seen(name, document)
        self.pieces.attach(arn, policy, spot_of(self.file, self.written, *path, document=policy.document))

    # --- policies that resources have themselves

    def _own_policies(self, kind: str, logical: str, properties: Mapping[str, Any], unsure: str) -> None:
        arn = self._key_arn(logical) if kind == KEY else str(self._attribute(logical, "Arn") or "")
        for owner, policy in written_policies(kind, self._resolver.resolve(properties), arn, self.site):
            self.pieces.add_resource_policy(owner, replace(policy, unsure=unsure))

    # --- state machines

    def _machine(self, logical: str, properties: Mapping[str, Any]) -> None:
        role = self._resolver.text(properties.get("RoleArn"))
        self._keep(logical, properties, "StateMachineName", role, "StateMachineType")

    def _sam_machine(self, logical: str, properties: Mapping[str, Any], unsure: str = "") -> None:
        known = self._resolver
        role = known.text(properties["Role"]) if "Role" in properties else ""
        if not role:
            role = str(self._role_of_sam(f"{logical}Role", of_arn=True))
            path = self._places[logical]
            boundary = known.text(properties.get("PermissionsBoundary", ""))
            made = RoleSeen(
                role,
                trust=_STATES_TRUST,
                # Its tags, and the stack's, are the role's as well: …/sam-resource-statemachine.html ("Tags")
                tags=_tags(known.resolve(properties.get("Tags", {}))),
                tags_listed=False,
                boundary=managed_policy(boundary) if boundary else None,
                unsure=unsure,
            )
            self.pieces.add_role(made, spot_of(self.file, self.written, *path))
            for index, given in enumerate(listed_in(properties.get("Policies"))):
                for policy in sam_policies(index, given, known):
                    spot = spot_of(
                        self.file, self.written, *path, "Properties", "Policies", index, document=policy.document
                    )
                    self.pieces.attach(role, policy, spot)
        self._keep(logical, properties, "Name", role, "Type")

    def _keep(self, logical: str, properties: Mapping[str, Any], named: str, role: str, typed: str) -> None:
        known = self._resolver
        arn = self.site.regional("states", f"stateMachine:{self._name(logical, named)}")
        told, written = True, ""
        if not role_name(role):
            written = role
            what, why = tr("the role of {arn}", arn=arn), tr("it shows only at deployment")
            self.pieces.not_seen.append(NotSeen(self.site.account, what, why))
            role, told = self.site.role(symbol(f"role of {logical}")), False
        lost = ""
        try:
            definition, spot = self._definition(logical, properties)
        except UnreadableText as error:
            lost = f"{self.file}: {str(error).rstrip('.')}"
            self.pieces.not_seen.append(NotSeen(self.site.account, tr("the definition of {arn}", arn=arn), lost))
            definition, spot = WITHHELD, Spot(self.file, self.written.line(*self._places[logical]))
        logging = known.resolve(properties.get("LoggingConfiguration", properties.get("Logging")))
        tracing = known.resolve(properties.get("TracingConfiguration", properties.get("Tracing")))
        self.pieces.add_machine(
            MachineSeen(
                arn,
                role,
                definition,
                known.text(properties.get(typed, "STANDARD")),
                logs=isinstance(logging, Mapping) and logging.get("Level", "OFF") != "OFF",
                traces=isinstance(tracing, Mapping) and tracing.get("Enabled") is True,
                tags=_tags(known.resolve(properties.get("Tags", []))),
                tags_listed=False,
                key=self._key(properties),
                lost=lost,
                role_told=told,
                role_written=written,
                may_be_in=self.stored.alike(self._key_of_definition(properties)) if lost else "",
            ),
            spot,
        )

    def _key(self, properties: Mapping[str, Any]) -> str:
        """The KMS key of one's own that a state machine is encrypted with; empty where it is AWS's."""
        given = self._resolver.resolve(properties.get("EncryptionConfiguration"))
        if not isinstance(given, Mapping) or given.get("Type") != "CUSTOMER_MANAGED_KMS_KEY":
            return ""
        written = str(given.get("KmsKeyId") or tr("a key that isn't named"))
        for logical, resource in self._resources.items():
            if resource.get("Type") == ALIAS and written.endswith(str(self._given(logical, "AliasName"))):
                return str(self._given(logical, "TargetKeyId"))
        return written

    def _key_arn(self, logical: str) -> str:
        return self.site.regional("kms", f"key/{self._generated(logical)}")

    # --- an organization's policies

    def _limit(self, properties: Mapping[str, Any]) -> None:
        known = self._resolver
        targets = listed_in(known.resolve(properties.get("TargetIds")))
        kind, name = known.text(properties.get("Type")), known.text(properties.get("Name"))
        self.pieces.limit(kind, name, known.resolve(properties.get("Content")), [str(one) for one in targets])

    def _definition(self, logical: str, properties: Mapping[str, Any]) -> tuple[str, Spot]:
        """The definition's text and where it is. Raises `UnreadableText`."""
        known, path = self._resolver, (*self._places[logical], "Properties")
        if added := next((one for one in properties if one.startswith("Fn::")), ""):
            raise UnreadableText(tr("{macro} makes it at deployment.", macro=added))
        substitutions = known.resolve(properties.get("DefinitionSubstitutions", {}))
        values = substitutions if isinstance(substitutions, Mapping) else {}
        for key in ("DefinitionString", "Definition"):
            if key in properties:
                found = known.resolve(properties[key])
                value = parsed(found, as_yaml=False).value if isinstance(found, str) else found
                spot = Spot(self.file, self.written.line(*path, key))
                return definition_text(value, values), spot
        where = next((properties[key] for key in ("DefinitionUri", "DefinitionS3Location") if key in properties), None)
        if where is None:
            raise UnreadableText(tr("It has no definition."))
        key = self._key_of_definition(properties)
        beside = self.stored.put.get(key, "") if key or not isinstance(where, str) else where
        # Without the list of an app's assets, a file of the name that they have.
        if not beside and not self.stored.listed:
            beside = next((one for one in assets_beside(where) if self.load(one) is not None), "")
        if not beside:
            raise UnreadableText(tr("Its definition is in a bucket."))
        loaded = self.load(beside)
        if loaded is None and (fault := self.stored.fault(beside)):
            raise UnreadableText(tr("Its definition's file {file}: {fault}", file=PurePath(beside).name, fault=fault))
        if loaded is None:
            raise UnreadableText(tr("Its definition's file {file} isn't there.", file=beside))
        file, written = loaded
        return definition_text(written.value, values), Spot(file, 1)

    def _key_of_definition(self, properties: Mapping[str, Any]) -> str:
        """The key of the definition that is in a bucket; empty where none is, or it shows only at deployment."""
        given = (properties[key] for key in ("DefinitionUri", "DefinitionS3Location") if key in properties)
        return stored_key(self._resolver.resolve(next(given, None)))

    # --- nested stacks

    def _reader_of(self, logical: str, unsure: str = "") -> StackReader | None:
        properties = self._resources[logical].get("Properties")
        if not isinstance(properties, Mapping) or self.depth > 5:
            return None
        url = template_of(self._resources[logical])
        loaded = self.load(url) if url else None
        if loaded is None or not isinstance(loaded[1].value, Mapping):
            return None
        given = self._resolver.resolve(properties.get("Parameters", {}))
        site = replace(self.site, name=self.site.generated(logical), within=(*self.site.within, logical))
        own = {**self._told(), **(given if isinstance(given, Mapping) else {})}
        return StackReader(
            loaded[0],
            loaded[1],
            site,
            self.pieces,
            self.load,
            own,
            {},
            self.imports,
            self.stored,
            self.depth + 1,
            unsure,
        )

    def _outputs_of(self, logical: str) -> dict[str, Any]:
        if logical not in self._nested:
            self._nested[logical] = {}
            reader = self._reader_of(logical)
            if reader is not None:
                self._nested[logical] = reader.outputs()
        return self._nested[logical]

    def _nested_stack(self, logical: str, properties: Mapping[str, Any], unsure: str = "") -> None:
        reader = self._reader_of(logical, unsure)
        if reader is not None:
            reader.read()
            return
        # It may do anything to the roles that it is given.
        why = tr("the template of the nested stack isn't among the files")
        what = tr("the nested stack {name}", name=logical)
        self.pieces.not_seen.append(NotSeen(self.site.account, f"{self.file}: {what}", why))
        given = json.dumps(self._resolver.resolve(properties.get("Parameters", {})), default=str)
        for arn in self._own_roles():
            if role_name(arn) in given:
                self.pieces.attach(arn, PolicySeen(what, why_not=why))

    def _given_to_others(self, logical: str, properties: Mapping[str, Any]) -> None:
        """A custom resource, or a stack set, may attach anything to a role whose name it is given."""
        given = self._resolver.resolve(properties)
        names = set(texts_in(given)) if isinstance(given, Mapping) else set()
        body = str(given.get("TemplateBody", "")) if isinstance(given, Mapping) else ""
        why = tr("what it does shows only at deployment")
        for arn in self._own_roles():
            if role_name(arn) in names or role_name(arn) in body:
                self.pieces.attach(arn, PolicySeen(logical, why_not=why))

    def _own_roles(self) -> list[str]:
        made = [name for name, one in self._resources.items() if one.get("Type") in (SAM_MACHINE, SAM_FUNCTION)]
        own = [self._role_arn(name) for name, one in self._resources.items() if one.get("Type") == ROLE]
        return own + [str(self._role_of_sam(f"{name}Role", of_arn=True)) for name in made]

    # --- what is made of a template before it is deployed

    def _connector(self, logical: str, properties: Mapping[str, Any]) -> None:
        """SAM writes the policy of a connector, for the role of where it begins."""
        source = properties.get("Source")
        given = source if isinstance(source, Mapping) else {}
        owner = self._resources.get(str(given.get("Id")), {})
        own = owner.get("Properties")
        written = own.get("Role", own.get("RoleArn")) if isinstance(own, Mapping) else None
        role = self._resolver.text(written) if written is not None else ""
        if not role and given.get("RoleName") is not None:
            role = self._by_name(self._resolver.text(given["RoleName"]))
        role = role or str(self._role_of_sam(f"{given.get('Id')}Role", of_arn=True) or "")
        if role:
            why = tr("SAM writes it at deployment")
            allows = {"Effect": "Allow", "Action": "*", "Resource": "*"}
            document = {"Version": "2012-10-17", "Statement": [allows]}
            title = tr("the connector {name}", name=logical)
            self.pieces.attach(role, PolicySeen(title, document=document, unsure=why))

    def _changed_by_macros(self) -> None:
        """A macro of one's own may change all of a template; a loop over what isn't known makes more of it."""
        given = self.written.value.get("Transform") if isinstance(self.written.value, Mapping) else None
        named = [str(one.get("Name")) if isinstance(one, Mapping) else str(one) for one in listed_in(given)]
        macros = [one for one in named if one not in _KNOWN_TRANSFORMS]
        macros += [one for one in self._unmade if one == "Fn::Transform"]
        made = dict.fromkeys([*macros, *self._unmade])
        if made:
            why = tr("it is made by {macros} at deployment", macros=", ".join(made))
            self.pieces.not_seen.append(NotSeen(self.site.account, self.file, why))
            for arn in self._own_roles():
                self.pieces.attach(arn, PolicySeen(", ".join(made), why_not=why))
                if macros and (role := self.pieces.roles.get(arn)) is not None:
                    self.pieces.roles[arn] = replace(role, trust=None)


def _tags(given: object) -> dict[str, str] | None:
    """Tags as CloudFormation writes them, or as SAM does; None where they aren't known."""
    if unknown_in(given) or not isinstance(given, list | Mapping):
        return None
    if isinstance(given, Mapping):
        return {str(key): str(value) for key, value in given.items()}
    return {str(one.get("Key")): str(one.get("Value")) for one in given if isinstance(one, Mapping)}
