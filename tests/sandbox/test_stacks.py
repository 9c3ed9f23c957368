"""CloudFormation in the sandbox: stacks made as whoever deploys, taken back in AWS's words, kept over a kill."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.raw_http import request_bytes, send, signed
from tests.sandbox.world import World
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.process.server import Sandbox

pytestmark = pytest.mark.usefixtures("no_http")

NAMED = ["CAPABILITY_NAMED_IAM"]
Document = dict[str, Any]


def policy(*actions: str) -> Document:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


def trust(service: str = "states.amazonaws.com") -> Document:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def role(name: str | None = None, **properties: Any) -> Document:
    named = {"RoleName": name} if name else {}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust(), **named, **properties}}


def machine(role_name: str, *, state: str = "Pass", **properties: Any) -> Document:
    definition = {"StartAt": "Only", "States": {"Only": {"Type": state, "End": True}}}
    wanted = {"RoleArn": {"Fn::GetAtt": [role_name, "Arn"]}, "Definition": definition, **properties}
    return {"Type": "AWS::StepFunctions::StateMachine", "Properties": wanted}


@dataclass
class Stacks:
    """One stack of the Operator account under a name of the test's own, and what becomes of it."""

    world: World
    name: str = field(init=False)
    client: Any = field(init=False)

    def __post_init__(self) -> None:
        self.name = f"{self.world.scenario.operator_role_name}-stack"
        self.client = self.world.client(Side.OPERATOR, "cloudformation")

    def create(self, resources: Document, *, client: Any = None, **options: Any) -> str:
        sections = {key: options.pop(key) for key in ("Parameters", "Outputs", "Conditions") if key in options}
        if "values" in options:
            values = options.pop("values")
            options["Parameters"] = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
        body = json.dumps({"Resources": resources, **sections})
        answer = (client or self.client).create_stack(
            StackName=self.name, TemplateBody=body, Capabilities=NAMED, **options
        )
        return str(answer["StackId"])

    def update(self, resources: Document, **options: Any) -> None:
        body = json.dumps({"Resources": resources})
        self.client.update_stack(StackName=self.name, TemplateBody=body, Capabilities=NAMED, **options)

    @property
    def described(self) -> Document:
        found: Document = self.client.describe_stacks(StackName=self.name)["Stacks"][0]
        return found

    @property
    def status(self) -> str:
        return str(self.described["StackStatus"])

    @property
    def physical(self) -> dict[str, str]:
        found = self.client.describe_stack_resources(StackName=self.name)["StackResources"]
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}

    def events(self, stack: str = "") -> list[tuple[str, str, str]]:
        """Logical id, status and reason, oldest first."""
        found = self.client.describe_stack_events(StackName=stack or self.name)["StackEvents"]
        return [
            (one["LogicalResourceId"], one["ResourceStatus"], one.get("ResourceStatusReason", ""))
            for one in reversed(found)
        ]

    def reason(self, logical: str) -> str:
        (found,) = (why for name, status, why in self.events() if name == logical and status.endswith("_FAILED"))
        return found

    def roles(self) -> set[str]:
        return {one["RoleName"] for one in self.world.operator_iam.list_roles()["Roles"]}


@pytest.fixture
def stacks(world: World) -> Stacks:
    return Stacks(world)


def refused(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**parameters)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


class TestCreation:
    def test_resources_are_made_in_order_and_told(self, stacks: Stacks) -> None:
        stacks.create({"Machine": machine("Role"), "Role": role()}, Outputs={"Arn": {"Value": {"Ref": "Machine"}}})

        [(_, _, asked), *events] = stacks.events()
        assert asked == "User Initiated"
        assert events == [
            ("Role", "CREATE_IN_PROGRESS", ""),
            ("Role", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
            ("Role", "CREATE_COMPLETE", ""),
            ("Machine", "CREATE_IN_PROGRESS", ""),
            ("Machine", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
            ("Machine", "CREATE_COMPLETE", ""),
            (stacks.name, "CREATE_COMPLETE", ""),
        ]
        assert stacks.described["Outputs"] == [{"OutputKey": "Arn", "OutputValue": stacks.physical["Machine"]}]

    def test_functions_parameters_and_conditions(self, stacks: Stacks) -> None:
        tail = {"Fn::Select": ["1", {"Fn::Split": ["-", {"Ref": "Pair"}]}]}
        named = {"Fn::Join": ["-", [{"Ref": "AWS::StackName"}, tail]]}
        described = {"Fn::If": ["Long", {"Fn::Sub": ["${Pair} ${!kept} ${own}", {"own": "mine"}]}, "short"]}
        stacks.create(
            {
                "Role": role(Description=described, RoleName=named, Path={"Fn::If": ["Short", "/x/", NO_VALUE]}),
                "Left": {**role(), "Condition": "Short"},
            },
            Parameters={"Pair": {"Type": "String"}, "Size": {"Type": "String", "Default": "long"}},
            Conditions={
                "Long": {"Fn::Equals": [{"Ref": "Size"}, "long"]},
                "Short": {"Fn::Not": [{"Condition": "Long"}]},
            },
            values={"Pair": "a-b"},
        )

        made = stacks.world.operator_iam.get_role(RoleName=f"{stacks.name}-b")["Role"]
        assert (made["Description"], made["Path"]) == ("a-b ${kept} mine", "/")
        assert stacks.physical == {"Role": f"{stacks.name}-b"}

    def test_policies_inline_beside_and_managed(self, stacks: Stacks) -> None:
        document = policy("states:ListStateMachines")
        stacks.create(
            {
                "Role": role(Policies=[{"PolicyName": "inside", "PolicyDocument": document}]),
                "Beside": {
                    "Type": "AWS::IAM::Policy",
                    "Properties": {"PolicyName": "beside", "PolicyDocument": document, "Roles": [{"Ref": "Role"}]},
                },
                "Managed": {
                    "Type": "AWS::IAM::ManagedPolicy",
                    "Properties": {"PolicyDocument": document, "Roles": [{"Ref": "Role"}]},
                },
            }
        )

        iam, name = stacks.world.operator_iam, stacks.physical["Role"]
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        assert sorted(iam.list_role_policies(RoleName=name)["PolicyNames"]) == ["beside", "inside"]
        assert [one["PolicyArn"] for one in attached] == [stacks.physical["Managed"]]

        stacks.client.delete_stack(StackName=stacks.name)
        assert name not in stacks.roles()
        assert refused(iam.get_policy, PolicyArn=attached[0]["PolicyArn"])[0] == "NoSuchEntity"

    def test_the_stacks_tags_are_on_what_it_makes(self, stacks: Stacks) -> None:
        stacks.create(
            {"Role": role(Tags=[{"Key": "own", "Value": "1"}])},
            Tags=[{"Key": "passed", "Value": "on"}, {"Key": "own", "Value": "2"}],
        )

        tags = stacks.world.operator_iam.list_role_tags(RoleName=stacks.physical["Role"])["Tags"]
        assert {tag["Key"]: tag["Value"] for tag in tags} == {"own": "1", "passed": "on"}


NO_VALUE = {"Ref": "AWS::NoValue"}
SUCCEED = {"StartAt": "Only", "States": {"Only": {"Type": "Succeed"}}}


class TestRights:
    """Each call is decided as the one who deploys, or as the service role that they may pass."""

    # The call that is missing, the resource whose creation then fails, and how AWS tells of it.
    MISSING = (
        ("iam:CreateRole", "Role", "(Service: Iam, Status Code: 403, Request ID: "),
        ("iam:PutRolePolicy", "Role", "(Service: Iam, Status Code: 403, Request ID: "),
        ("states:CreateStateMachine", "Machine", "(Service: AWSStepFunctions; Status Code: 400; Error Code: "),
        ("iam:PassRole", "Machine", "(Service: AWSStepFunctions; Status Code: 400; Error Code: "),
    )

    @pytest.mark.parametrize(("action", "logical", "service"), MISSING, ids=[row[0] for row in MISSING])
    def test_a_missing_right_is_told_in_the_event_and_everything_is_taken_back(
        self, stacks: Stacks, action: str, logical: str, service: str
    ) -> None:
        deployer = stacks.world.as_user(
            f"without-{action.partition(':')[2]}",
            "cloudformation:*",
            *(one for one in RIGHTS if one != action),
            service="cloudformation",
        )
        before = stacks.roles()

        stacks.create(
            {
                "Role": role(Policies=[{"PolicyName": "one", "PolicyDocument": policy("states:List*")}]),
                "Machine": machine("Role"),
            },
            client=deployer,
        )

        reason = stacks.reason(logical)
        assert reason.startswith('Resource handler returned message: "User: arn:aws:iam::111111111111:user/')
        assert f"is not authorized to perform: {action} on resource: " in reason
        assert f"because no identity-based policy allows the {action} action {service}" in reason
        assert reason.endswith("HandlerErrorCode: AccessDenied)")
        assert stacks.status == "ROLLBACK_COMPLETE"
        told = f"The following resource(s) failed to create: [{logical}]. Rollback requested by user."
        assert (stacks.name, "ROLLBACK_IN_PROGRESS", told) in stacks.events()
        assert stacks.roles() == before

    def test_who_may_not_delete_cannot_take_back_either(self, stacks: Stacks) -> None:
        actions = [one for one in RIGHTS if one not in ("iam:DeleteRole", "states:CreateStateMachine")]
        deployer = stacks.world.as_user("keeper", "cloudformation:*", *actions, service="cloudformation")

        stacks.create({"Role": role(), "Machine": machine("Role")}, client=deployer)

        assert stacks.status == "ROLLBACK_FAILED"
        assert "iam:DeleteRole" in next(why for _, status, why in stacks.events() if status == "DELETE_FAILED")
        assert stacks.physical["Role"] in stacks.roles()

    def test_who_may_not_use_cloudformation_is_refused_at_the_door(self, stacks: Stacks) -> None:
        stranger = stacks.world.as_user("stranger", "iam:*", "states:*", service="cloudformation")
        body = json.dumps({"Resources": {"Role": role()}})

        code, message = refused(stranger.create_stack, StackName=stacks.name, TemplateBody=body)

        assert code == "AccessDenied"
        assert f"cloudformation:CreateStack on resource: arn:aws:cloudformation:ap-northeast-1:1{'1' * 11}" in message

    def test_a_service_role_acts_instead(self, stacks: Stacks) -> None:
        """Who deploys then needs nothing but the right to pass it."""
        iam, name = stacks.world.operator_iam, f"{stacks.name}-service"
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust("cloudformation.amazonaws.com")))
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(policy("iam:*", "states:*")))
        arn = f"arn:aws:iam::111111111111:role/{name}"
        passing = stacks.world.as_user("passer", "cloudformation:*", "iam:PassRole", service="cloudformation")
        not_passing = stacks.world.as_user("no-passer", "cloudformation:*", service="cloudformation")
        body = {"StackName": stacks.name, "TemplateBody": json.dumps({"Resources": {"Role": role()}})}

        code, message = refused(not_passing.create_stack, **body, Capabilities=NAMED, RoleARN=arn)
        stacks.create({"Role": role()}, client=passing, RoleARN=arn)
        status = stacks.status
        iam.delete_role_policy(RoleName=name, PolicyName="all")
        stacks.client.delete_stack(StackName=stacks.name)

        assert (code, "iam:PassRole on resource" in message) == ("AccessDenied", True)
        assert status == "CREATE_COMPLETE"
        assert stacks.status == "DELETE_FAILED", "the role stays with the stack: it alone deletes"
        assert f"assumed-role/{name}/" in stacks.reason("Role")

    def test_a_role_that_does_not_trust_cloudformation(self, stacks: Stacks) -> None:
        stacks.world.create_role(Side.OPERATOR, f"{stacks.name}-other")
        arn = f"arn:aws:iam::111111111111:role/{stacks.name}-other"
        body = json.dumps({"Resources": {"Role": role()}})

        answer = refused(
            stacks.client.create_stack, StackName=stacks.name, TemplateBody=body, Capabilities=NAMED, RoleARN=arn
        )

        assert answer == ("ValidationError", f"Role {arn} is invalid or cannot be assumed")

    def test_conditions_see_that_cloudformation_calls(self, stacks: Stacks) -> None:
        """aws:CalledVia allows a deployer to create roles by stack only."""
        deployer = stacks.world.as_user("by-stack", "cloudformation:*", service="cloudformation")
        user = f"{stacks.world.scenario.operator_role_name}-by-stack"
        by_stack = policy("iam:CreateRole")
        by_stack["Statement"][0]["Condition"] = {
            "ForAnyValue:StringEquals": {"aws:CalledVia": ["cloudformation.amazonaws.com"]}
        }
        stacks.world.operator_iam.put_user_policy(
            UserName=user, PolicyName="by-stack", PolicyDocument=json.dumps(by_stack)
        )
        key = stacks.world.operator_iam.create_access_key(UserName=user)["AccessKey"]
        direct = stacks.world.client_with("iam", key["AccessKeyId"], key["SecretAccessKey"])

        stacks.create({"Role": role()}, client=deployer)

        assert stacks.status == "CREATE_COMPLETE"
        code, _ = refused(
            direct.create_role, RoleName=f"{stacks.name}-direct", AssumeRolePolicyDocument=json.dumps(trust())
        )
        assert code == "AccessDenied"


RIGHTS = (
    *("iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:DeleteRole", "iam:PassRole", "iam:TagRole"),
    *("states:CreateStateMachine", "states:DeleteStateMachine", "states:TagResource"),
)


class TestFailures:
    def test_a_name_that_is_taken_is_not_taken_away(self, stacks: Stacks) -> None:
        """Rolling back removes what the stack made, never what was there before."""
        stacks.world.create_role(Side.OPERATOR, f"{stacks.name}-mine")

        stacks.create({"First": role(), "Second": {**role(f"{stacks.name}-mine"), "DependsOn": "First"}})

        assert "already exists" in stacks.reason("Second")
        assert "HandlerErrorCode: AlreadyExists" in stacks.reason("Second")
        assert stacks.status == "ROLLBACK_COMPLETE"
        assert f"{stacks.name}-mine" in stacks.roles()

    @pytest.mark.parametrize(("how", "status"), [("DO_NOTHING", "CREATE_FAILED"), ("DELETE", "DELETE_COMPLETE")])
    def test_on_failure(self, stacks: Stacks, how: str, status: str) -> None:
        stack_id = stacks.create({"Role": role(), "Machine": machine("Role", state="Pas")}, OnFailure=how)

        found = stacks.client.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
        made = [name for name in stacks.roles() if name.startswith(f"{stacks.name[:20]}")]
        assert found == status
        assert bool([name for name in made if "-Role-" in name]) == (how == "DO_NOTHING")

    def test_after_a_rollback_only_deleting_is_possible(self, stacks: Stacks) -> None:
        stack_id = stacks.create({"Role": role(Policies="none")})

        answer = refused(stacks.update, resources={"Role": role()})
        again = refused(stacks.create, resources={"Role": role()})

        state = f"Stack:{stack_id} is in ROLLBACK_COMPLETE state and can not be updated."
        assert answer == ("ValidationError", state)
        assert again == ("AlreadyExistsException", f"Stack [{stacks.name}] already exists")
        stacks.client.delete_stack(StackName=stacks.name)
        assert refused(stacks.client.describe_stacks, StackName=stacks.name) == (
            "ValidationError",
            f"Stack with id {stacks.name} does not exist",
        )

    PROPERTIES = (
        ({"Trust": {}}, "#: extraneous key [Trust] is not permitted"),
        ({"Policies": [{"PolicyName": "x"}]}, "#/Policies/0: required key [PolicyDocument] not found"),
        ({"Policies": "none"}, "#/Policies: expected type: JSONArray, found: String"),
        ({"ManagedPolicyArns": [{}]}, "#/ManagedPolicyArns/0: expected type: String, found: JSONObject"),
        ({"AssumeRolePolicyDocument": 1}, "#/AssumeRolePolicyDocument: expected type: JSONObject, found: Number"),
        ({"Description": None}, "#/Description: expected type: String, found: Null"),
    )

    @pytest.mark.parametrize(("properties", "words"), PROPERTIES, ids=[row[1] for row in PROPERTIES])
    def test_properties_that_the_type_does_not_have(self, stacks: Stacks, properties: Document, words: str) -> None:
        stacks.create({"Role": role(**properties)})

        assert stacks.reason("Role") == f"Properties validation failed for resource Role with message:\n[{words}]"
        assert stacks.status == "ROLLBACK_COMPLETE"


class TestUpdate:
    def test_it_changes_in_place_adds_and_removes(self, stacks: Stacks) -> None:
        one = {"PolicyName": "one", "PolicyDocument": policy("states:List*")}
        two = {"PolicyName": "two", "PolicyDocument": policy("states:Get*")}
        stacks.create({"Role": role(Policies=[one]), "Gone": role(), "Machine": machine("Role")})
        before = stacks.physical

        stacks.update({"Role": role(Policies=[two]), "New": role(), "Machine": machine("Role", Definition=SUCCEED)})

        iam, after = stacks.world.operator_iam, stacks.physical
        assert stacks.status == "UPDATE_COMPLETE"
        assert (after["Role"], after["Machine"]) == (before["Role"], before["Machine"])
        assert iam.list_role_policies(RoleName=after["Role"])["PolicyNames"] == ["two"]
        assert before["Gone"] not in stacks.roles()
        assert after["New"] in stacks.roles()
        stored = stacks.world.operator_states.describe_state_machine(stateMachineArn=after["Machine"])
        assert "Succeed" in stored["definition"]

    def test_each_update_of_the_same_resource_is_carried_out(self, stacks: Stacks) -> None:
        stacks.create({"Role": role(Description="0")})
        for number in range(1, 4):
            stacks.update({"Role": role(Description=str(number))})
            found = stacks.world.operator_iam.get_role(RoleName=stacks.physical["Role"])["Role"]
            assert found["Description"] == str(number)

    def test_another_name_is_another_role(self, stacks: Stacks) -> None:
        stacks.create({"Role": role(f"{stacks.name}-a")})

        stacks.update({"Role": role(f"{stacks.name}-b")})

        assert stacks.physical == {"Role": f"{stacks.name}-b"}
        assert {f"{stacks.name}-a", f"{stacks.name}-b"} & stacks.roles() == {f"{stacks.name}-b"}

    def test_a_failed_update_is_undone(self, stacks: Stacks) -> None:
        stacks.create({"Role": role(Description="before"), "Machine": machine("Role")})

        stacks.update({"Role": role(Description="after"), "New": role(), "Machine": machine("Role", state="Pas")})

        iam, physical = stacks.world.operator_iam, stacks.physical
        assert stacks.status == "UPDATE_ROLLBACK_COMPLETE"
        assert iam.get_role(RoleName=physical["Role"])["Role"]["Description"] == "before"
        assert set(physical) == {"Role", "Machine"}
        assert not [name for name in stacks.roles() if name.startswith(stacks.name[:20]) and "-New-" in name]

    def test_nothing_to_update(self, stacks: Stacks) -> None:
        stacks.create({"Role": role()})

        assert refused(stacks.update, resources={"Role": role()}) == (
            "ValidationError",
            "No updates are to be performed.",
        )


class TestTemplates:
    """What can be seen without making anything is denied at once."""

    ROLE = json.dumps(role())
    BAD = (
        ("{", "Template format error: JSON not well-formed. (line 1, column 2)"),
        ("a: [", "Template format error: YAML not well-formed. (line 1, column 5)"),
        # A scalar that isn't what its tag or its form says.
        ("a: !!float b", "Template format error: YAML not well-formed."),
        ("a: !!int 'b'", "Template format error: YAML not well-formed."),
        ("a: !!timestamp b", "Template format error: YAML not well-formed."),
        ("{ [a]: b, c: !!bool d }", "Template format error: JSON not well-formed. (line 1, column 3)"),
        (f'{{"a": {"9" * 5000}}}', "Template format error: JSON not well-formed."),
        ("- 1", "Template format error: unsupported structure."),
        ("Description: x", "Template format error: At least one Resources member must be defined."),
        ("Resource: {}", "Invalid template property or properties [Resource]"),
        ("Resources: {A: {}}", "[/Resources/A] Every Resources object must contain a Type member."),
        ("Resources: {A: {Type: 'AWS::S3::Bucket'}}", "Unrecognized resource types: [AWS::S3::Bucket]"),
        ("Resources: {A-B: {Type: 'AWS::IAM::Role'}}", "Resources name A-B is non alphanumeric."),
        ("Resources: {A: &a {Type: 'AWS::IAM::Role'}, B: *a}", "YAML aliases are not allowed"),
        (
            "Resources: {A: {Type: 'AWS::IAM::Role', Properties: {RoleName: !Ref B}}}",
            "Unresolved resource dependencies [B] in the Resources block of the template",
        ),
        (
            "Resources: {A: {Type: 'AWS::IAM::Role', Properties: {Path: !Ref A}}}",
            "Circular dependency between resources: [A]",
        ),
        (
            "Resources: {A: {Type: 'AWS::IAM::Role', Properties: {RoleName: !ImportValue x}}}",
            "doesn't offer Fn::ImportValue in templates",
        ),
        ("Transform: x\nResources: {}", 'doesn\'t offer the transform "x" in templates'),
        ("Transform: [AWS::Serverless-2016-10-31, 3]\nResources: {}", "doesn't offer the transform 3 in templates"),
        ("Parameters: {A: {}}\nResources: {A: {Type: 'AWS::IAM::Role'}}", "must contain a Type member"),
        (
            "Parameters: {A: {Type: [1]}}\nResources: {B: {Type: 'AWS::IAM::Role'}}",
            "Type of parameter A is of the wrong",
        ),
        (
            "Parameters: {A: {Type: String, AllowedValues: 5}}\nResources: {B: {Type: 'AWS::IAM::Role'}}",
            "AllowedValues of parameter A is of the wrong type",
        ),
        ("Parameters: {A: 1}\nResources: {B: {Type: 'AWS::IAM::Role'}}", "every Parameters member must be an object"),
        ("Resources: {A: {Type: 'AWS::IAM::Role', DependsOn: [[B]]}}", "DependsOn of resource A must be a string"),
        ("Resources: {A: {Type: 'AWS::IAM::Role', Condition: [C]}}", "Unresolved condition dependency"),
        ("Resources: {A: {Type: 'AWS::IAM::Role', Properties: []}}", "must be an object"),
        (
            "Resources: {A: {Type: 'AWS::IAM::Role', Properties: {Path: !GetAtt A}}}",
            "every Fn::GetAtt object requires two non-empty parameters",
        ),
        ("x" * 51_201, "Member must have length less than or equal to 51200"),
        ("Resources: " + "[" * 3000, "Template format error"),
    )

    @pytest.mark.parametrize(("text", "words"), BAD, ids=[f"{text[:24]}: {words[:40]}" for text, words in BAD])
    def test_it_is_refused(self, stacks: Stacks, text: str, words: str) -> None:
        code, message = refused(stacks.client.validate_template, TemplateBody=text)

        assert code == "ValidationError"
        assert words in message

    @pytest.mark.parametrize(
        ("parameter", "value", "words"),
        [
            ({"Type": "String"}, None, "Parameters: [Given] must have values"),
            ({"Type": "String", "AllowedPattern": "[a-z]+"}, "A", "Parameter 'Given' must match pattern [a-z]+"),
            ({"Type": "String", "AllowedValues": ["a"]}, "b", "Parameter 'Given' must be one of AllowedValues"),
            ({"Type": "String", "MaxLength": 1}, "bb", "Parameter 'Given' must contain at most 1 characters"),
            ({"Type": "Number"}, "b", "Parameter 'Given' must be a number."),
            (
                {"Type": "String", "AllowedPattern": "[a-z]+", "ConstraintDescription": "small letters"},
                "A",
                "Parameter Given failed to satisfy constraint: small letters",
            ),
        ],
        ids=["missing", "pattern", "values", "length", "number", "described"],
    )
    def test_parameters_are_held_to_what_the_template_asks(
        self, stacks: Stacks, parameter: Document, value: str | None, words: str
    ) -> None:
        body = json.dumps({"Parameters": {"Given": parameter}, "Resources": {"Role": role()}})
        given = [{"ParameterKey": "Given", "ParameterValue": value}] if value else []

        answer = refused(
            stacks.client.create_stack,
            StackName=stacks.name,
            TemplateBody=body,
            Parameters=given,
            Capabilities=NAMED,
        )

        assert answer == ("ValidationError", words)

    def test_iam_must_be_acknowledged(self, stacks: Stacks) -> None:
        body = json.dumps({"Resources": {"Role": role("named")}})

        answer = refused(stacks.client.create_stack, StackName=stacks.name, TemplateBody=body)

        assert answer == ("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]")

    def test_what_must_not_be_shown_is_hidden(self, stacks: Stacks) -> None:
        stacks.create(
            {"Role": role()}, Parameters={"Secret": {"Type": "String", "NoEcho": True}}, values={"Secret": "hush"}
        )

        assert stacks.described["Parameters"] == [{"ParameterKey": "Secret", "ParameterValue": "****"}]

    def test_what_is_not_offered_is_said_plainly(self, stacks: Stacks) -> None:
        code, message = refused(stacks.client.create_stack_set, StackSetName=stacks.name)

        assert (code, message[:56]) == ("InvalidAction", "The xsfn sandbox doesn't offer cloudformation:CreateStac")


MISSHAPEN = (
    {"Tags.member.1.Key": "only"},
    {"Capabilities.member.1.x": "CAPABILITY_IAM"},
    {"Parameters.member.1.ParameterValue": "1"},
    {"Parameters.member.1.ParameterKey": "A", "Parameters.member.1.UsePreviousValue": "true"},
    {"OnFailure": "DELETE", "DisableRollback": "true"},
    {"RoleARN": "arn:aws:iam::222222222222:role/theirs"},
    {"TemplateURL": "https://example.com/template"},
    {"StackName": "-"},
)


@pytest.mark.parametrize("params", MISSHAPEN, ids=[next(iter(one)) for one in MISSHAPEN])
def test_a_misshapen_request_is_refused_and_makes_nothing(served: Sandbox, params: dict[str, str]) -> None:
    stacks, sandbox = Stacks(World.fresh(served)), served
    body = json.dumps({"Resources": {"Role": role()}})
    form = {"Action": "CreateStack", "Version": "2010-05-15", "StackName": stacks.name, "TemplateBody": body, **params}

    sent = urlencode(form).encode()
    answer = send(sandbox, request_bytes(signed(sandbox, sent, service="cloudformation"), sent))

    assert answer.status in (400, 403), answer.text
    assert "<Code>" in answer.text
    assert "InternalFailure" not in answer.text
    assert refused(stacks.client.describe_stacks, StackName=stacks.name)[0] == "ValidationError"


def test_a_role_that_iam_has_not_spread_yet_is_waited_for(mortal: Sandbox) -> None:
    mortal.delay_propagation(0.5)
    stacks = Stacks(World.fresh(mortal))

    stacks.create({"Role": role(), "Machine": machine("Role")})

    _until(lambda: not stacks.status.endswith("IN_PROGRESS"))
    assert stacks.status == "CREATE_COMPLETE"


def test_accounts_do_not_see_each_others_stacks(stacks: Stacks) -> None:
    stack_id = stacks.create({"Role": role()})
    other = stacks.world.client(Side.SUBJECT, "cloudformation")

    code, _ = refused(other.describe_stacks, StackName=stack_id)

    assert code == "AccessDenied"
    assert stack_id not in str(other.list_stacks())


class TestKill:
    """Killed while it works on a stack, the sandbox goes on where it was."""

    def test_a_stack_that_was_acknowledged_is_there_and_can_be_deleted(self, mortal: Sandbox) -> None:
        stacks = Stacks(World.fresh(mortal))
        stacks.create({"Role": role(), "Machine": machine("Role")})

        os.kill(mortal.pid, signal.SIGKILL)
        again = Stacks(World(_started(mortal), stacks.world.scenario))

        assert again.status == "CREATE_COMPLETE"
        again.client.delete_stack(StackName=again.name)
        assert not [name for name in again.roles() if name.startswith(stacks.name[:20])]

    @pytest.mark.parametrize("after", [0.0, 0.02, 0.05, 0.1])
    def test_a_creation_cut_off_anywhere_is_completed(self, mortal: Sandbox, after: float) -> None:
        stacks = Stacks(World.fresh(mortal))
        resources = {f"Role{number}": role() for number in range(8)} | {"Machine": machine("Role7")}
        asking = threading.Thread(target=lambda: _quietly(lambda: stacks.create(resources)))
        asking.start()
        time.sleep(after)
        os.kill(mortal.pid, signal.SIGKILL)
        asking.join()

        again = Stacks(World(_started(mortal), stacks.world.scenario))

        found = again.client.list_stacks()["StackSummaries"]
        if not found:  # it was cut off before anything was accepted
            assert again.roles() == set()
            return
        _until(lambda: not again.status.endswith("IN_PROGRESS"))
        assert again.status == "CREATE_COMPLETE"
        assert set(again.physical) == set(resources)
        assert len(again.roles()) == 8


def _started(mortal: Sandbox) -> Sandbox:
    return Sandbox.start(mortal.config)


def _quietly(call: Callable[[], object]) -> None:
    with suppress(Exception):
        call()


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)
