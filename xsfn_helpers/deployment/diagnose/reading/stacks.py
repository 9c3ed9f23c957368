"""Roles, policies and state machines of a CloudFormation or SAM template, as its deployment would make them. Pure.

Sources: docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference (AWS::IAM::*, AWS::StepFunctions::StateMachine),
docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-statemachine.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from xsfn_helpers.common.arns import role_name
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.diagnose.evidence import (
    WITHHELD,
    MachineSeen,
    NotSeen,
    PolicySeen,
    ResourcePolicy,
    RoleSeen,
    Spot,
    read_document,
)
from xsfn_helpers.deployment.diagnose.reading.generated_names import generated_name
from xsfn_helpers.deployment.diagnose.reading.intrinsics import NO_VALUE, Resolver, symbol, unknown_in
from xsfn_helpers.deployment.diagnose.reading.own_policies import default_key_policy, owner_of
from xsfn_helpers.deployment.diagnose.reading.pieces import Pieces, StackSite, managed_policy, policy_seen, spot_of
from xsfn_helpers.deployment.diagnose.reading.sam_policies import sam_policies
from xsfn_helpers.deployment.diagnose.reading.texts import UnreadableText, Written, parsed

ROLE: Final = "AWS::IAM::Role"
POLICIES: Final = ("AWS::IAM::Policy", "AWS::IAM::RolePolicy")
MANAGED: Final = "AWS::IAM::ManagedPolicy"
MACHINE: Final = "AWS::StepFunctions::StateMachine"
SAM_MACHINE: Final = "AWS::Serverless::StateMachine"
SAM_FUNCTION: Final = "AWS::Serverless::Function"
KEY: Final = "AWS::KMS::Key"
ALIAS: Final = "AWS::KMS::Alias"
NESTED: Final = ("AWS::CloudFormation::Stack", "AWS::Serverless::Application")
_SUBSTITUTION: Final = re.compile(r"\$\{(?P<name>[^${}\n]+)\}")
_STATES_TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": ["states.amazonaws.com"]}, "Action": ["sts:AssumeRole"]}
    ],
}
# Which property tells whose policy it is, and the service.
_OWN_POLICIES: Final[Mapping[str, tuple[str, str]]] = {
    "AWS::SQS::QueuePolicy": ("Queues", "sqs"),
    "AWS::S3::BucketPolicy": ("Bucket", "s3"),
    "AWS::SNS::TopicPolicy": ("Topics", "sns"),
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
    imports: Mapping[str, str] = field(default_factory=dict)
    depth: int = 0
    _resolver: Resolver = field(init=False)
    _resources: Mapping[str, Mapping[str, Any]] = field(init=False)
    _naming: set[str] = field(default_factory=set)
    _nested: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        template = self.written.value
        resources = _section(template, "Resources")
        self._resources = {name: one for name, one in resources.items() if isinstance(one, Mapping)}
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
        for name, known in _section(template, "Parameters").items():
            if name in self.given:
                values[name] = self.given[name]
            elif (
                isinstance(known, Mapping)
                and "Default" in known
                and not str(known.get("Type", "")).startswith("AWS::SSM")
            ):
                value = known["Default"]
                is_list = "List" in str(known.get("Type", "")) and isinstance(value, str)
                values[name] = value.split(",") if is_list else _plain(value)
        self._resolver = Resolver(
            values,
            self._ref,
            self._attribute,
            _section(template, "Conditions"),
            _section(template, "Mappings"),
            self.imports,
        )

    def read(self) -> None:
        """Put everything of this template into the pieces."""
        for logical, resource in self._resources.items():
            kind = resource.get("Type")
            condition = resource.get("Condition")
            held = self._resolver.holds(condition) if isinstance(condition, str) else True
            if held is False:
                continue
            given = resource.get("Properties")
            properties = given if isinstance(given, Mapping) else {}
            unsure = "" if held else tr(_MADE_LATER)
            if kind == ROLE:
                self._role(logical, properties, unsure)
            elif kind in POLICIES:
                self._policy(logical, properties, unsure)
            elif kind == MANAGED:
                self._managed(logical, properties, unsure)
            elif kind == MACHINE:
                self._machine(logical, properties)
            elif kind == SAM_MACHINE:
                self._sam_machine(logical, properties)
            elif kind == KEY:
                self._key_policy(logical, properties, unsure)
            elif kind == "AWS::Organizations::Policy":
                self._limit(properties)
            elif kind == "AWS::Lambda::Permission" and held:
                self._permission(properties)
            elif isinstance(kind, str) and kind in _OWN_POLICIES and held:
                self._own_policy(properties, _OWN_POLICIES[kind])
            elif kind in NESTED:
                self._nested_stack(logical, properties)
            elif kind == _CONNECTOR:
                self._connector(logical, properties)
            elif isinstance(kind, str) and kind.startswith(_BY_OTHERS):
                self._given_to_others(logical, properties)
            if isinstance(own := resource.get("Connectors"), Mapping):
                self._connector(logical, {"Source": {"Id": logical}} | {"Connectors": own})
        self._changed_by_macros()

    def exports(self) -> dict[str, str]:
        """What other stacks import, by the exports' names."""
        found = {}
        for output in _section(self.written.value, "Outputs").values():
            export = output.get("Export") if isinstance(output, Mapping) else None
            if isinstance(export, Mapping) and "Name" in export and isinstance(output, Mapping):
                found[self._resolver.text(export["Name"])] = self._resolver.text(output.get("Value"))
        return found

    def outputs(self) -> dict[str, Any]:
        found = _section(self.written.value, "Outputs")
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
        if kind == "AWS::S3::Bucket":
            return self._given(logical, "BucketName")
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
                return self._given(logical, named[0])
            if named[3] == "url" and (name := self._given(logical, named[0])) is not None:
                suffix = self._resolver.values["AWS::URLSuffix"]
                return f"https://sqs.{self.site.region}.{suffix}/{self.site.account}/{name}"
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
        if kind == "AWS::S3::Bucket" and attribute == "Arn":
            name = self._given(logical, "BucketName")
            return None if name is None else f"arn:{self.site.partition}:s3:::{name}"
        if kind in NESTED and attribute.startswith("Outputs."):
            return self._outputs_of(logical).get(attribute.removeprefix("Outputs."))
        if (named := _NAMED.get(kind)) is not None:
            if attribute in ("Arn", "TopicArn"):
                return self._arn(logical, named)
            if attribute in ("Name", "QueueName", "TopicName"):
                return self._given(logical, named[0])
        return None

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
        return generated_name(self.site.name, logical)

    def _role_arn(self, logical: str) -> str:
        return self.site.role(self._name(logical, "RoleName"), str(self._given(logical, "Path") or "/"))

    def _managed_arn(self, logical: str) -> str:
        name, path = self._name(logical, "ManagedPolicyName"), str(self._given(logical, "Path") or "/")
        return self.site.managed_policy(name, path)

    def _arn(self, logical: str, named: tuple[str, str, str, str]) -> str | None:
        key, service, before, _ = named
        states = service == "states"
        name = self._name(logical, key) if states else self._given(logical, key)
        if name is None:
            return None
        after = ":*" if service == "logs" else ""
        return self.site.regional(service, f"{before}{name}{after}")

    # --- IAM

    def _role(self, logical: str, properties: Mapping[str, Any], unsure: str = "") -> None:
        arn, path = self._role_arn(logical), ("Resources", logical, "Properties")
        known = self._resolver
        trust = read_document(known.resolve(properties.get("AssumeRolePolicyDocument")))
        boundary = properties.get("PermissionsBoundary")
        tags = known.resolve(properties.get("Tags", []))
        role = RoleSeen(
            arn,
            trust=trust,
            boundary=managed_policy(known.text(boundary)) if boundary and known.text(boundary) else None,
            tags=_tags(tags),
            unsure=unsure,
        )
        spot = spot_of(self.file, self.written, *path, "AssumeRolePolicyDocument", document=trust)
        self.pieces.add_role(role, spot)
        for index, policy in self._inline_policies(properties.get("Policies")):
            name = str(policy.get("PolicyName", index)) if isinstance(policy, Mapping) else f"Policies[{index}]"
            document = policy.get("PolicyDocument") if isinstance(policy, Mapping) else None
            self._attach(arn, name, document, (*path, "Policies", index, "PolicyDocument"))
        for given in _list(known.resolve(properties.get("ManagedPolicyArns"))):
            self.pieces.attach(arn, managed_policy(known.text(given)))

    def _inline_policies(self, given: Any) -> Iterator[tuple[int, Any]]:
        """The policies in a role, each with its place; a text for one that shows only at deployment."""
        if not isinstance(given, list):
            given = _list(self._resolver.resolve(given))
        for index, one in enumerate(given):
            if (policy := self._resolver.resolve(one)) is not NO_VALUE:
                yield index, policy

    def _policy(self, logical: str, properties: Mapping[str, Any], unsure: str = "") -> None:
        known = self._resolver
        name = known.text(properties.get("PolicyName", logical))
        roles = _list(known.resolve(properties.get("Roles"))) or _list(known.resolve(properties.get("RoleName")))
        document = known.resolve(properties.get("PolicyDocument"))
        path = ("Resources", logical, "Properties", "PolicyDocument")
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
        path = ("Resources", logical, "Properties", "PolicyDocument")
        spot = spot_of(self.file, self.written, *path, document=read)
        for role in _list(known.resolve(properties.get("Roles"))):
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

    def _own_policy(self, properties: Mapping[str, Any], named: tuple[str, str]) -> None:
        key, service = named
        document = read_document(self._resolver.resolve(properties.get("PolicyDocument")))
        for one in _list(self._resolver.resolve(properties.get(key))):
            name = str(one).rpartition("/")[2]
            arn = f"arn:{self.site.partition}:s3:::{one}" if service == "s3" else str(one)
            if service == "sqs":
                arn = self.site.regional("sqs", name)
            if document is not None and "${" not in arn:
                self.pieces.add_resource_policy(arn, ResourcePolicy(document))

    def _permission(self, properties: Mapping[str, Any]) -> None:
        """One statement of a function's policy, which other stacks and people may have added to."""
        known = self._resolver.resolve(properties)
        function, principal = str(known.get("FunctionName", "")), str(known.get("Principal", ""))
        arn = function if function.startswith("arn:") else self.site.regional("lambda", f"function:{function}")
        if "${" in function or not function:
            return
        who = {"Service": principal} if principal.endswith(".amazonaws.com") else {"AWS": principal}
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Principal": who,
            "Action": known.get("Action", "lambda:InvokeFunction"),
            "Resource": arn,
        }
        keys = {"SourceArn": ("ArnLike", "aws:SourceArn"), "SourceAccount": ("StringEquals", "aws:SourceAccount")}
        keys |= {"PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID")}
        keys |= {"EventSourceToken": ("StringEquals", "lambda:EventSourceToken")}
        keys |= {"FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType")}
        for key, (test, variable) in keys.items():
            if key in known:
                statement.setdefault("Condition", {}).setdefault(test, {})[variable] = known[key]
        document = {"Version": "2012-10-17", "Statement": [statement]}
        self.pieces.add_resource_policy(owner_of(arn), ResourcePolicy(document, whole=False))

    # --- state machines

    def _machine(self, logical: str, properties: Mapping[str, Any]) -> None:
        role = self._resolver.text(properties.get("RoleArn"))
        self._keep(logical, properties, "StateMachineName", role, "StateMachineType")

    def _sam_machine(self, logical: str, properties: Mapping[str, Any]) -> None:
        known = self._resolver
        role = known.text(properties["Role"]) if "Role" in properties else ""
        if not role:
            role = str(self._role_of_sam(f"{logical}Role", of_arn=True))
            path = ("Resources", logical)
            boundary = known.text(properties.get("PermissionsBoundary", ""))
            made = RoleSeen(role, trust=_STATES_TRUST, tags={}, boundary=managed_policy(boundary) if boundary else None)
            self.pieces.add_role(made, spot_of(self.file, self.written, *path))
            for index, given in enumerate(_list(properties.get("Policies"))):
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
            definition, spot = WITHHELD, Spot(self.file, self.written.line("Resources", logical))
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
                tags={},
                key=self._key(properties),
                lost=lost,
                role_told=told,
                role_written=written,
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

    def _key_policy(self, logical: str, properties: Mapping[str, Any], unsure: str) -> None:
        own = read_document(self._resolver.resolve(properties.get("KeyPolicy")))
        policy = ResourcePolicy(own) if own is not None else None
        if "KeyPolicy" not in properties:
            policy = default_key_policy(self.site.partition, self.site.account)
        if policy is not None and not unsure:
            self.pieces.add_resource_policy(self._key_arn(logical), policy)

    # --- an organization's policies

    def _limit(self, properties: Mapping[str, Any]) -> None:
        known = self._resolver
        targets = _list(known.resolve(properties.get("TargetIds")))
        kind, name = known.text(properties.get("Type")), known.text(properties.get("Name"))
        self.pieces.limit(kind, name, known.resolve(properties.get("Content")), [str(one) for one in targets])

    def _definition(self, logical: str, properties: Mapping[str, Any]) -> tuple[str, Spot]:
        """The definition's text and where it is. Raises `UnreadableText`."""
        known, path = self._resolver, ("Resources", logical, "Properties")
        substitutions = known.resolve(properties.get("DefinitionSubstitutions", {}))
        values = substitutions if isinstance(substitutions, Mapping) else {}
        for key in ("DefinitionString", "Definition"):
            if key in properties:
                found = known.resolve(properties[key])
                value = parsed(found, as_yaml=False).value if isinstance(found, str) else found
                spot = Spot(self.file, self.written.line(*path, key))
                return _definition_text(value, values), spot
        where = next((properties[key] for key in ("DefinitionUri", "DefinitionS3Location") if key in properties), None)
        if where is None:
            raise UnreadableText(tr("It has no definition."))
        if not isinstance(where, str):
            raise UnreadableText(tr("Its definition is in a bucket."))
        loaded = self.load(where)
        if loaded is None:
            raise UnreadableText(tr("Its definition's file {file} isn't there.", file=where))
        file, written = loaded
        return _definition_text(written.value, values), Spot(file, 1)

    # --- nested stacks

    def _reader_of(self, logical: str) -> StackReader | None:
        properties = self._resources[logical].get("Properties")
        if not isinstance(properties, Mapping) or self.depth > 5:
            return None
        url = _template_of(self._resources[logical])
        loaded = self.load(url) if url else None
        if loaded is None or not isinstance(loaded[1].value, Mapping):
            return None
        given = self._resolver.resolve(properties.get("Parameters", {}))
        site = StackSite(generated_name(self.site.name, logical), self.site.account, self.site.region)
        parameters = given if isinstance(given, Mapping) else {}
        return StackReader(loaded[0], loaded[1], site, self.pieces, self.load, parameters, self.imports, self.depth + 1)

    def _outputs_of(self, logical: str) -> dict[str, Any]:
        if logical not in self._nested:
            self._nested[logical] = {}
            reader = self._reader_of(logical)
            if reader is not None:
                self._nested[logical] = reader.outputs()
        return self._nested[logical]

    def _nested_stack(self, logical: str, properties: Mapping[str, Any]) -> None:
        reader = self._reader_of(logical)
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
        names = set(_texts_in(given)) if isinstance(given, Mapping) else set()
        body = str(given.get("TemplateBody", "")) if isinstance(given, Mapping) else ""
        why = tr("what it does shows only at deployment")
        for arn in self._own_roles():
            if role_name(arn) in names or role_name(arn) in body:
                self.pieces.attach(arn, PolicySeen(logical, why_not=why))

    def _own_roles(self) -> list[str]:
        return [self._role_arn(name) for name, one in self._resources.items() if one.get("Type") == ROLE]

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
        """A macro of somebody's own may change anything in a template, and a loop makes more of it."""
        given = self.written.value.get("Transform") if isinstance(self.written.value, Mapping) else None
        named = [str(one.get("Name")) if isinstance(one, Mapping) else str(one) for one in _list(given)]
        macros = [one for one in named if one not in _KNOWN_TRANSFORMS]
        macros += [one for one in _section(self.written.value, "Resources") if one.startswith("Fn::")]
        if macros:
            why = tr("it is made by {macros} at deployment", macros=", ".join(dict.fromkeys(macros)))
            self.pieces.not_seen.append(NotSeen(self.site.account, self.file, why))
            for arn in self._own_roles():
                self.pieces.attach(arn, PolicySeen(", ".join(macros), why_not=why))


def is_template(value: object) -> bool:
    """Whether a value is a CloudFormation or SAM template."""
    resources = value.get("Resources") if isinstance(value, Mapping) else None
    return isinstance(resources, Mapping) and any(
        isinstance(one, Mapping) and isinstance(one.get("Type"), str) and "::" in one["Type"]
        for one in resources.values()
    )


def _texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _texts_in(one)


def _template_of(resource: Mapping[str, Any]) -> str:
    """Where the template of a nested stack is: its URL, or the file that the CDK made for it; empty where it isn't."""
    properties, metadata = resource.get("Properties"), resource.get("Metadata")
    url = properties.get("TemplateURL", properties.get("Location")) if isinstance(properties, Mapping) else None
    asset = metadata.get("aws:asset:path") if isinstance(metadata, Mapping) else None
    return url if isinstance(url, str) else asset if isinstance(asset, str) else ""


def local_files(value: Mapping[str, Any]) -> Iterator[str]:
    """The paths of other files that a template is made of: nested templates."""
    for resource in _section(value, "Resources").values():
        if isinstance(resource, Mapping) and resource.get("Type") in NESTED and (url := _template_of(resource)):
            yield url


def definition_files(value: Mapping[str, Any]) -> Iterator[str]:
    """The paths of the definitions that a template names."""
    for resource in _section(value, "Resources").values():
        properties = resource.get("Properties") if isinstance(resource, Mapping) else None
        if isinstance(properties, Mapping) and resource.get("Type") in (MACHINE, SAM_MACHINE):
            for key in ("DefinitionUri", "DefinitionS3Location"):
                if isinstance(properties.get(key), str):
                    yield properties[key]


def _definition_text(value: object, substitutions: Mapping[str, Any]) -> str:
    if not isinstance(value, Mapping):
        raise UnreadableText(tr("Its definition shows only at deployment."))
    return json.dumps(_filled(value, substitutions))


def _filled(value: Any, substitutions: Mapping[str, Any]) -> Any:
    """The definition with its substitutions made; an unfilled one stays as it is, under a symbol's name."""
    if isinstance(value, Mapping):
        return {_filled(key, substitutions): _filled(one, substitutions) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, substitutions) for one in value]
    if not isinstance(value, str):
        return value

    def replacement(found: re.Match[str]) -> str:
        name = found["name"].strip()
        if name in substitutions:
            filled = substitutions[name]
            return json.dumps(filled) if isinstance(filled, bool) else str(filled)
        return symbol(name)

    return _SUBSTITUTION.sub(replacement, value)


def _section(template: object, name: str) -> Mapping[str, Any]:
    found = template.get(name) if isinstance(template, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _list(value: object) -> list[Any]:
    if value is None or value is NO_VALUE:
        return []
    return value if isinstance(value, list) else [value]


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | list) else json.dumps(value) if value is not None else ""


def _tags(given: object) -> dict[str, str] | None:
    if not isinstance(given, list) or unknown_in(given):
        return None
    return {str(one.get("Key")): str(one.get("Value")) for one in given if isinstance(one, Mapping)}
