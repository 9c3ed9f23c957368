"""Change sets: what they tell is what they do, and nothing is done before; SAM's transform; templates in S3."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.test_stacks import NAMED, Stacks, machine, policy, refused, role
from tests.sandbox.world import World
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.process.server import Sandbox

Document = dict[str, Any]
SAM = "AWS::Serverless-2016-10-31"


@pytest.fixture
def stacks(world: World) -> Stacks:
    return Stacks(world)


def plan(stacks: Stacks, resources: Document, kind: str = "CREATE", *, client: Any = None, **options: Any) -> Document:
    """A change set under the name `wanted`, as it is told."""
    client = client or stacks.client
    body = options.pop("body", None) or json.dumps({"Resources": resources})
    given = {"TemplateBody": body, "Capabilities": NAMED, "ChangeSetName": "wanted", **options}
    made = client.create_change_set(StackName=stacks.name, ChangeSetType=kind, **given)
    found: Document = client.describe_change_set(ChangeSetName=made["Id"])
    return found


def changes(told: Document) -> list[tuple[str, str, str]]:
    """Each change: what is done, to which resource, and whether it is replaced."""
    found = [one["ResourceChange"] for one in told["Changes"]]
    return [(one["Action"], one["LogicalResourceId"], one.get("Replacement", "")) for one in found]


def settle(stacks: Stacks, stack: str = "", *, seconds: float = 60) -> str:
    """The stack's status once it is at rest."""
    end = time.monotonic() + seconds
    while True:
        status = str(stacks.client.describe_stacks(StackName=stack or stacks.name)["Stacks"][0]["StackStatus"])
        if not status.endswith("_IN_PROGRESS"):
            return status
        assert time.monotonic() < end, f"{stacks.name} is still {status}"
        time.sleep(0.05)


class TestCreation:
    def test_nothing_is_there_before_it_is_executed(self, stacks: Stacks) -> None:
        told = plan(stacks, {"Machine": machine("Role"), "Role": role()})

        assert changes(told) == [("Add", "Role", ""), ("Add", "Machine", "")]
        assert (told["Status"], told["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
        assert stacks.status == "REVIEW_IN_PROGRESS"
        assert stacks.physical == {}
        assert stacks.events() == [(stacks.name, "REVIEW_IN_PROGRESS", "User Initiated")]

    def test_executed_it_is_a_stack_like_any_other(self, stacks: Stacks) -> None:
        told = plan(stacks, {"Machine": machine("Role"), "Role": role()})
        stacks.client.execute_change_set(ChangeSetName="wanted", StackName=stacks.name)

        assert settle(stacks) == "CREATE_COMPLETE"
        assert stacks.physical.keys() == {"Role", "Machine"}
        done = stacks.client.describe_change_set(ChangeSetName=told["ChangeSetId"])
        assert done["ExecutionStatus"] == "EXECUTE_COMPLETE"
        code, words = refused(stacks.client.execute_change_set, ChangeSetName=told["ChangeSetId"])
        assert (code, words.split("in its")[-1]) == (
            "InvalidChangeSetStatus",
            " current status of [EXECUTE_COMPLETE]",
        )

    def test_a_stack_that_is_there_is_not_created(self, stacks: Stacks) -> None:
        stacks.create({"Role": role()})

        with pytest.raises(ClientError, match="already exists and cannot be created again with the changeSet"):
            plan(stacks, {"Role": role()})

    def test_what_fails_is_taken_back(self, stacks: Stacks) -> None:
        plan(stacks, {"Role": role(), "Machine": machine("Role", state="Nothing")})
        stacks.client.execute_change_set(ChangeSetName="wanted", StackName=stacks.name)

        assert settle(stacks) == "ROLLBACK_COMPLETE"
        told = stacks.client.describe_change_set(ChangeSetName="wanted", StackName=stacks.name)
        assert told["ExecutionStatus"] == "EXECUTE_FAILED"


class TestUpdate:
    def test_what_it_tells_is_what_it_does(self, stacks: Stacks) -> None:
        """For each kind of change: the events of the update name the resources that were told, and no others."""
        named = f"{stacks.name}-named"
        stacks.create({"Keep": role(), "Change": role(Description="a"), "Replace": role(named), "Remove": role()})
        before = stacks.physical
        wanted = {"Keep": role(), "Change": role(Description="b"), "Replace": role(f"{named}-2"), "Add": role()}
        told = plan(stacks, wanted, "UPDATE")

        assert sorted(changes(told)) == [
            ("Add", "Add", ""),
            ("Modify", "Change", "False"),
            ("Modify", "Replace", "True"),
            ("Remove", "Remove", ""),
        ]
        assert stacks.physical == before
        seen = len(stacks.events())
        stacks.client.execute_change_set(ChangeSetName=told["ChangeSetId"])
        assert settle(stacks) == "UPDATE_COMPLETE"
        done = {logical for logical, _, _ in stacks.events()[seen:]} - {stacks.name}
        assert done == {logical for _, logical, _ in changes(told)}

    def test_what_depends_on_a_replaced_one_is_told(self, stacks: Stacks) -> None:
        stacks.create({"Role": role(f"{stacks.name}-a"), "Machine": machine("Role")})
        told = plan(stacks, {"Role": role(f"{stacks.name}-b"), "Machine": machine("Role")}, "UPDATE")

        assert changes(told) == [("Modify", "Role", "True"), ("Modify", "Machine", "False")]

    def test_without_changes_it_fails_in_the_words_that_clients_look_for(self, stacks: Stacks) -> None:
        stacks.create({"Role": role()})
        told = plan(stacks, {"Role": role()}, "UPDATE")

        assert (told["Status"], told["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
        assert told["StatusReason"].startswith("The submitted information didn't contain changes.")
        assert refused(stacks.client.execute_change_set, ChangeSetName=told["ChangeSetId"])[0] == (
            "InvalidChangeSetStatus"
        )

    def test_the_others_are_gone_once_one_is_executed(self, stacks: Stacks) -> None:
        stacks.create({"Role": role()})
        other = plan(stacks, {"Role": role(Description="b")}, "UPDATE", ChangeSetName="other")["ChangeSetId"]
        told = plan(stacks, {"Role": role(Description="c")}, "UPDATE")
        stacks.client.execute_change_set(ChangeSetName=told["ChangeSetId"])

        listed = stacks.client.list_change_sets(StackName=stacks.name)["Summaries"]
        assert [one["ChangeSetName"] for one in listed] == ["wanted"]
        assert refused(stacks.client.describe_change_set, ChangeSetName=other, StackName=stacks.name)[0] == (
            "ChangeSetNotFound"
        )

    def test_its_name_is_taken_until_it_is_executed(self, stacks: Stacks) -> None:
        stacks.create({"Role": role()})
        plan(stacks, {"Role": role(Description="b")}, "UPDATE")
        with pytest.raises(ClientError, match="ChangeSet wanted already exists"):
            plan(stacks, {"Role": role(Description="c")}, "UPDATE")
        stacks.client.execute_change_set(ChangeSetName="wanted", StackName=stacks.name)
        settle(stacks)

        assert changes(plan(stacks, {"Role": role(Description="c")}, "UPDATE")) == [("Modify", "Role", "False")]

    def test_a_deleted_one_is_no_more(self, stacks: Stacks) -> None:
        stacks.create({"Role": role()})
        plan(stacks, {"Role": role(Description="b")}, "UPDATE")
        stacks.client.delete_change_set(ChangeSetName="wanted", StackName=stacks.name)

        assert refused(stacks.client.describe_change_set, ChangeSetName="wanted", StackName=stacks.name)[0] == (
            "ChangeSetNotFound"
        )


class TestRights:
    def test_who_may_plan_may_not_execute(self, stacks: Stacks) -> None:
        planner = stacks.world.as_user(
            "planner",
            "cloudformation:CreateChangeSet",
            "cloudformation:DescribeChangeSet",
            service="cloudformation",
        )
        told = plan(stacks, {"Role": role()}, client=planner)
        code, words = refused(planner.execute_change_set, ChangeSetName=told["ChangeSetId"])

        assert code == "AccessDenied"
        assert f"not authorized to perform: cloudformation:ExecuteChangeSet on resource: {told['StackId']}" in words

    def test_one_named_by_its_arn_is_decided_on_its_own_stack(self, stacks: Stacks) -> None:
        """Whatever stack is named beside it."""
        told = plan(stacks, {"Role": role()})
        user = f"{stacks.name}-other"
        iam = stacks.world.operator_iam
        iam.create_user(UserName=user)
        allowed = policy("cloudformation:*")
        allowed["Statement"][0]["Resource"] = "arn:aws:cloudformation:*:*:stack/mine/*"
        iam.put_user_policy(UserName=user, PolicyName="mine", PolicyDocument=json.dumps(allowed))
        key = iam.create_access_key(UserName=user)["AccessKey"]
        other = stacks.world.client_with("cloudformation", key["AccessKeyId"], key["SecretAccessKey"])

        for name in ({}, {"StackName": "mine"}):
            for call in (other.execute_change_set, other.delete_change_set, other.describe_change_set):
                assert refused(call, ChangeSetName=told["ChangeSetId"], **name)[0] == "AccessDenied"
        assert stacks.status == "REVIEW_IN_PROGRESS"

    def test_another_account_has_never_heard_of_it(self, stacks: Stacks) -> None:
        told = plan(stacks, {"Role": role()})
        theirs = stacks.world.client(Side.SUBJECT, "cloudformation")

        for call in (theirs.execute_change_set, theirs.delete_change_set, theirs.describe_change_set):
            assert refused(call, ChangeSetName=told["ChangeSetId"], StackName=told["StackId"])[0] in (
                "ValidationError",
                "ChangeSetNotFound",
                "AccessDenied",
            )
        assert stacks.status == "REVIEW_IN_PROGRESS"


def test_change_sets_are_there_after_a_restart(mortal: Sandbox) -> None:
    stacks = Stacks(World.fresh(mortal))
    told = plan(stacks, {"Role": role()})
    mortal.stop()
    again = Stacks(World.fresh(Sandbox.start()))

    found = again.client.describe_change_set(ChangeSetName=told["ChangeSetId"])
    assert changes(found) == changes(told)
    again.client.execute_change_set(ChangeSetName=told["ChangeSetId"])
    assert settle(again, told["StackId"]) == "CREATE_COMPLETE"


class TestTemplatesInS3:
    def test_it_is_read_as_whoever_asks(self, stacks: Stacks) -> None:
        bucket = f"{stacks.name}-templates"
        s3 = stacks.world.client(Side.OPERATOR, "s3")
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": stacks.world.sandbox.region})
        text = json.dumps({"Description": "x" * 60_000, "Resources": {"Role": role()}})
        s3.put_object(Bucket=bucket, Key="one/template.json", Body=text.encode(), ServerSideEncryption="AES256")
        region = stacks.world.sandbox.region
        addresses = (
            f"https://s3.{region}.amazonaws.com/{bucket}/one/template.json",
            f"https://{bucket}.s3.{region}.amazonaws.com/one/template.json",
            f"{stacks.world.sandbox.endpoint_url}/{bucket}/one/template.json",
        )
        for address in addresses:
            assert stacks.client.validate_template(TemplateURL=address)["Capabilities"] == ["CAPABILITY_IAM"]
        blind = stacks.world.as_user("blind", "cloudformation:*", service="cloudformation")
        code, words = refused(blind.validate_template, TemplateURL=addresses[0])

        assert code == "ValidationError"
        assert words.startswith("S3 error: User: ")
        assert (
            "S3 error: The specified key" in refused(stacks.client.validate_template, TemplateURL=f"{addresses[0]}x")[1]
        )
        assert refused(stacks.client.validate_template, TemplateURL="https://example.com")[1] == (
            "TemplateURL must be a supported URL."
        )


class TestSam:
    """Expanded by AWS's own translator."""

    def test_a_state_machine_and_its_policies(self, stacks: Stacks) -> None:
        definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
        flow = {
            "Type": "AWS::Serverless::StateMachine",
            "Properties": {"Definition": definition, "Policies": [{"SQSSendMessagePolicy": {"QueueName": "q"}}]},
        }
        body = json.dumps({"Transform": SAM, "Resources": {"Flow": flow}})
        needs = {"StackName": stacks.name, "TemplateBody": body, "Capabilities": NAMED}
        assert refused(stacks.client.create_stack, **needs) == (
            "InsufficientCapabilitiesException",
            "Requires capabilities : [CAPABILITY_AUTO_EXPAND]",
        )
        told = plan(stacks, {}, body=body)

        assert changes(told) == [("Add", "FlowRole", ""), ("Add", "Flow", "")]
        stacks.client.execute_change_set(ChangeSetName=told["ChangeSetId"])
        settle(stacks)
        arn = stacks.physical["Flow"]
        ran = stacks.world.operator_states.start_execution(stateMachineArn=arn)
        assert stacks.world.outcome(Side.OPERATOR, ran["executionArn"]).status == "SUCCEEDED"
        assert stacks.client.get_template(StackName=stacks.name)["TemplateBody"] == json.loads(body)
        processed = stacks.client.get_template(StackName=stacks.name, TemplateStage="Processed")["TemplateBody"]
        assert set(processed["Resources"]) == {"Flow", "FlowRole"}

    def test_what_sam_refuses_is_told_in_its_words(self, stacks: Stacks) -> None:
        body = json.dumps({"Transform": SAM, "Resources": {"F": {"Type": "AWS::Serverless::Function"}}})

        with pytest.raises(
            ClientError, match=r"Transform \S+ failed with: Invalid Serverless Application Specification"
        ):
            plan(stacks, {}, body=body)


class TestFunctions:
    def test_a_function_is_made_changed_and_removed(self, stacks: Stacks) -> None:
        trust = {"Service": "lambda.amazonaws.com"}
        own = role(
            AssumeRolePolicyDocument={
                **policy(),
                "Statement": [{"Effect": "Allow", "Principal": trust, "Action": "sts:AssumeRole"}],
            }
        )

        def fn(answer: str, **more: Any) -> Document:
            code = {
                "ZipFile": f"import os\ndef handler(event, context):\n    return '{answer}', os.environ.get('AB')\n"
            }
            given = {"Handler": "index.handler", "Runtime": "python3.12", "Role": {"Fn::GetAtt": ["Role", "Arn"]}}
            return {"Type": "AWS::Lambda::Function", "Properties": {"Code": code, **given, **more}}

        stacks.create({"Role": own, "Fn": fn("one")})
        functions = stacks.world.client(Side.OPERATOR, "lambda")
        settle(stacks)
        name = stacks.physical["Fn"]
        answers = [json.load(functions.invoke(FunctionName=name)["Payload"])]
        stacks.update({"Role": own, "Fn": fn("two", Environment={"Variables": {"AB": "b"}}, Timeout=7)})
        settle(stacks)
        answers.append(json.load(functions.invoke(FunctionName=name)["Payload"]))

        assert answers == [["one", None], ["two", "b"]]
        assert functions.get_function_configuration(FunctionName=name)["Timeout"] == 7
        stack_id = stacks.described["StackId"]
        stacks.client.delete_stack(StackName=stacks.name)
        settle(stacks, stack_id)
        assert refused(functions.get_function, FunctionName=name)[0] == "ResourceNotFoundException"

    def test_who_may_not_change_a_function_does_not(self, stacks: Stacks) -> None:
        """UpdateFunctionCode and UpdateFunctionConfiguration are decided, the new role is passed."""
        user = stacks.world.as_user("nobody", "lambda:GetFunction", service="lambda")

        for call, given in (
            (user.update_function_code, {"ZipFile": b"x"}),
            (user.update_function_configuration, {"Timeout": 3}),
        ):
            assert refused(call, FunctionName="any", **given)[0] == "AccessDeniedException"
        passing = stacks.world.as_user("passing", "lambda:UpdateFunctionConfiguration", service="lambda")
        arn = f"arn:aws:iam::{stacks.world.scenario.operator_account_id}:role/any"
        code, words = refused(passing.update_function_configuration, FunctionName="any", Role=arn)
        assert (code, "iam:PassRole" in words) == ("AccessDeniedException", True)
