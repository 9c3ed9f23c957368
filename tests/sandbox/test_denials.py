"""N1 to N17: the setup with one thing broken, and AWS's answer. Texts: the recorded and documented ones of AWS."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.sandbox.world import Outcome, World
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.process.server import Sandbox

pytestmark = pytest.mark.usefixtures("no_http")


@pytest.fixture
def world(any_world: World) -> World:
    """Each denial is met by boto3 and by the AWS CLI alike."""
    return any_world


def _policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _refused_at_link_2(world: World, outcome: Outcome) -> None:
    assert (outcome.status, outcome.error, outcome.cause) == ("FAILED", "States.TaskFailed", world.assume_refused)
    assert outcome.types == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskFailed",
        "ExecutionFailed",
    ]
    assert world.subject_executions() == []


def _refused(error: pytest.ExceptionInfo[ClientError], status: int, code: str) -> bool:
    """The code, and the HTTP status where the client tells it; the AWS CLI doesn't."""
    response = error.value.response
    told = response["ResponseMetadata"].get("HTTPStatusCode", status)
    return (told, response["Error"]["Code"]) == (status, code)


def _message(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Message"])


def test_n1_operator_role_without_assume_role(world: World) -> None:
    superfluous = {
        "Effect": "Allow",
        "Action": "states:StartExecution",
        "Resource": world.scenario.subject_machine_arn,
    }
    world.build(operator_permissions=_policy(superfluous))

    _refused_at_link_2(world, world.run())


def test_n2_trust_names_another_role(world: World) -> None:
    world.create_role(Side.OPERATOR, f"{world.scenario.operator_role_name}-other")
    trust = documents.execute_role_trust(world.scenario)
    trust["Statement"][0]["Principal"]["AWS"] = f"{world.scenario.operator_role_arn}-other"
    world.build(execute_trust=trust)

    _refused_at_link_2(world, world.run())


def test_n3_wrong_external_id_in_trust(world: World) -> None:
    trust = documents.execute_role_trust(world.scenario)
    trust["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] += "-other"
    world.build(execute_trust=trust)

    _refused_at_link_2(world, world.run())


def test_n4_execute_role_missing(world: World) -> None:
    world.build(execute_role=False)

    _refused_at_link_2(world, world.run())


def test_n5_execute_role_without_start_execution(world: World) -> None:
    permissions = documents.execute_role_permissions(world.scenario)
    del permissions["Statement"][0]
    world.build(execute_permissions=permissions)

    outcome = world.run()

    assert (outcome.status, outcome.error) == ("FAILED", "StepFunctions.AWSStepFunctionsException")
    assert outcome.cause is not None
    session = f"arn:aws:sts::222222222222:assumed-role/{world.scenario.execute_role_name}/"
    assert outcome.cause.startswith(f"User: {session}")
    assert (
        f"is not authorized to perform: states:StartExecution on resource: {world.scenario.subject_machine_arn} "
        "because no identity-based policy allows the states:StartExecution action (Service: " in outcome.cause
    )
    assert outcome.types[-3:] == ["TaskStarted", "TaskFailed", "ExecutionFailed"]


def test_n6_execute_role_without_describe_execution(world: World) -> None:
    permissions = documents.execute_role_permissions(world.scenario)
    permissions["Statement"][1]["Action"] = "states:StopExecution"
    world.build(execute_permissions=permissions)

    outcome = world.run()

    assert (outcome.status, outcome.error) == ("FAILED", "StepFunctions.AWSStepFunctionsException")
    (child,) = world.subject_executions()
    assert outcome.cause is not None
    assert (
        f"is not authorized to perform: states:DescribeExecution on resource: {child['executionArn']} because "
        "no identity-based policy allows the states:DescribeExecution action (Service: " in outcome.cause
    )
    assert outcome.types[-3:] == ["TaskSubmitted", "TaskFailed", "ExecutionFailed"]


def test_n7_subject_machine_missing(world: World) -> None:
    world.build(subject_machine=False)

    outcome = world.run()

    assert (outcome.status, outcome.error) == ("FAILED", "StepFunctions.StateMachineDoesNotExistException")
    assert outcome.cause is not None
    assert outcome.cause.startswith(f"State Machine Does Not Exist: '{world.scenario.subject_machine_arn}' (Service: ")


def test_n8_failed_child_fails_its_parent_with_its_description(world: World) -> None:
    fails = {
        "StartAt": "Fail",
        "States": {"Fail": {"Type": "Fail", "Error": "SomeFailure", "Cause": "the Subject's own reason"}},
    }
    world.build(subject_definition=fails)

    outcome = world.run()

    assert (outcome.status, outcome.error) == ("FAILED", "States.TaskFailed")
    (child,) = world.subject_executions()
    cause = json.loads(outcome.cause or "")
    assert list(cause) == sorted(cause)
    assert {key: cause[key] for key in ("Error", "Cause", "Status", "ExecutionArn", "StateMachineArn")} == {
        "Error": "SomeFailure",
        "Cause": "the Subject's own reason",
        "Status": "FAILED",
        "ExecutionArn": child["executionArn"],
        "StateMachineArn": world.scenario.subject_machine_arn,
    }
    assert isinstance(cause["Input"], str)
    assert (cause["InputDetails"], cause["RedriveCount"], cause["RedriveStatus"]) == (
        {"Included": True},
        0,
        "REDRIVABLE",
    )
    assert isinstance(cause["StartDate"], int)


def test_n9_trust_naming_a_missing_role_is_refused_at_create_role(world: World) -> None:
    with pytest.raises(ClientError) as error:
        world.subject_iam.create_role(
            RoleName=world.scenario.execute_role_name,
            AssumeRolePolicyDocument=json.dumps(documents.execute_role_trust(world.scenario)),
        )

    assert _refused(error, 400, "MalformedPolicyDocument")
    assert _message(error) == f'Invalid principal in policy: "AWS":"{world.scenario.operator_role_arn}"'


def test_n10_recreated_operator_role_is_not_trusted_until_the_policy_is_saved_again(world: World) -> None:
    world.build()
    assert world.run().status == "SUCCEEDED"
    scenario, iam = world.scenario, world.operator_iam
    old_id = iam.get_role(RoleName=scenario.operator_role_name)["Role"]["RoleId"]
    iam.delete_role_policy(RoleName=scenario.operator_role_name, PolicyName=documents.OPERATOR_POLICY_NAME)
    iam.delete_role(RoleName=scenario.operator_role_name)
    world.create_role(Side.OPERATOR, scenario.operator_role_name)
    iam.put_role_policy(
        RoleName=scenario.operator_role_name,
        PolicyName=documents.OPERATOR_POLICY_NAME,
        PolicyDocument=json.dumps(documents.operator_role_permissions(scenario)),
    )

    refused = world.run()
    shown = world.subject_iam.get_role(RoleName=scenario.execute_role_name)["Role"]["AssumeRolePolicyDocument"]
    world.subject_iam.update_assume_role_policy(
        RoleName=scenario.execute_role_name, PolicyDocument=json.dumps(documents.execute_role_trust(scenario))
    )
    allowed = world.run()

    assert (refused.error, refused.cause) == ("States.TaskFailed", world.assume_refused)
    assert shown["Statement"][0]["Principal"] == {"AWS": old_id}
    assert allowed.status == "SUCCEEDED"


def test_n11_explicit_deny_on_the_operator_role(world: World) -> None:
    permissions = documents.operator_role_permissions(world.scenario)
    permissions["Statement"].append(
        {"Effect": "Deny", "Action": "sts:*", "Resource": "arn:aws:iam::222222222222:role/*"}
    )
    world.build(operator_permissions=permissions)

    _refused_at_link_2(world, world.run())


def test_n12_direct_assume_role_by_an_untrusted_user(world: World) -> None:
    world.build()

    with pytest.raises(ClientError) as error:
        world.client(Side.OPERATOR, "sts").assume_role(
            RoleArn=world.scenario.execute_role_arn, RoleSessionName="by-hand", ExternalId=world.scenario.external_id
        )

    assert _refused(error, 403, "AccessDenied")
    assert _message(error) == (
        "User: arn:aws:iam::111111111111:user/administrator is not authorized to perform: sts:AssumeRole on resource: "
        f"{world.scenario.execute_role_arn}"
    )


def test_n13_explicit_deny_on_the_execute_role(world: World) -> None:
    permissions = documents.execute_role_permissions(world.scenario)
    permissions["Statement"].append({"Effect": "Deny", "Action": "states:StartExecution", "Resource": "*"})
    world.build(execute_permissions=permissions)

    outcome = world.run()

    assert outcome.error == "StepFunctions.AWSStepFunctionsException"
    assert outcome.cause is not None
    assert (
        f"is not authorized to perform: states:StartExecution on resource: {world.scenario.subject_machine_arn} "
        "with an explicit deny in an identity-based policy (Service: " in outcome.cause
    )


def test_n14_permission_naming_the_wrong_accounts_machine(world: World) -> None:
    permissions = documents.execute_role_permissions(world.scenario)
    permissions["Statement"][0]["Resource"] = world.scenario.subject_machine_arn.replace("222222222222", "111111111111")
    world.build(execute_permissions=permissions)

    outcome = world.run()

    assert outcome.error == "StepFunctions.AWSStepFunctionsException"
    assert "because no identity-based policy allows the states:StartExecution action" in (outcome.cause or "")


def test_n15_missing_pass_role(world: World) -> None:
    world.create_role(Side.OPERATOR, world.scenario.operator_role_name)
    user = f"{world.scenario.operator_role_name}-user"
    world.operator_iam.create_user(UserName=user)
    world.operator_iam.put_user_policy(
        UserName=user,
        PolicyName="states-only",
        PolicyDocument=json.dumps(_policy({"Effect": "Allow", "Action": "states:*", "Resource": "*"})),
    )
    key = world.operator_iam.create_access_key(UserName=user)["AccessKey"]
    states = world.client_with("stepfunctions", key["AccessKeyId"], key["SecretAccessKey"])

    with pytest.raises(ClientError) as error:
        states.create_state_machine(
            name=world.scenario.operator_machine_name,
            definition=json.dumps(documents.operator_definition(world.scenario)),
            roleArn=world.scenario.operator_role_arn,
        )

    assert _refused(error, 400, "AccessDeniedException")
    assert _message(error) == (
        f"User: arn:aws:iam::111111111111:user/{user} is not authorized to perform: iam:PassRole on resource: "
        f"{world.scenario.operator_role_arn} because no identity-based policy allows the iam:PassRole action"
    )
    machines = world.operator_states.list_state_machines()["stateMachines"]
    assert world.scenario.operator_machine_name not in [machine["name"] for machine in machines]


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("sts", "get_caller_identity", "SignatureDoesNotMatch"),
        ("stepfunctions", "list_state_machines", "InvalidSignatureException"),
    ],
)
def test_n16_a_bad_signature_is_refused(world: World, service: str, operation: str, code: str) -> None:
    account = world.sandbox.accounts[Side.OPERATOR]
    wrong = world.client_with(service, account.access_key_id, account.secret_access_key[::-1])

    with pytest.raises(ClientError) as error:
        getattr(wrong, operation)()

    assert error.value.response["Error"]["Code"] == code
    assert _message(error).startswith("The request signature we calculated does not match")


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("stepfunctions", "list_state_machines", "UnrecognizedClientException"),
    ],
)
def test_n16_an_unknown_key_is_refused(world: World, service: str, operation: str, code: str) -> None:
    stranger = world.client_with(service, "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")

    with pytest.raises(ClientError) as error:
        getattr(stranger, operation)()

    assert error.value.response["Error"]["Code"] == code
    assert _message(error) == "The security token included in the request is invalid."


def test_n16_an_unsigned_request_is_refused(served: Sandbox) -> None:
    status, body = _post(served, {"content-type": "application/x-www-form-urlencoded"}, _CALLER_IDENTITY)

    assert (status, "MissingAuthenticationToken" in body) == (403, True)


def test_n16_a_signed_request_with_another_body_is_refused(served: Sandbox) -> None:
    account = served.accounts[Side.OPERATOR]
    request = AWSRequest(
        "POST",
        served.endpoint_url + "/",
        data=_CALLER_IDENTITY,
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    SigV4Auth(Credentials(account.access_key_id, account.secret_access_key), "sts", served.region).add_auth(request)

    good = _post(served, dict(request.headers), _CALLER_IDENTITY)
    tampered = _post(served, dict(request.headers), _CALLER_IDENTITY + b"&X=1")

    assert good[0] == 200
    assert (tampered[0], "SignatureDoesNotMatch" in tampered[1]) == (403, True)


_CALLER_IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"


def _post(sandbox: Sandbox, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    request = urllib.request.Request(sandbox.endpoint_url + "/", data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_n17_cross_account_start_execution_without_a_role(world: World) -> None:
    world.build()

    with pytest.raises(ClientError) as error:
        world.operator_states.start_execution(stateMachineArn=world.scenario.subject_machine_arn)

    assert _refused(error, 400, "AccessDeniedException")
    assert _message(error) == (
        "User: arn:aws:iam::111111111111:user/administrator is not authorized to perform: states:StartExecution on "
        f"resource: {world.scenario.subject_machine_arn} because no resource-based policy allows the "
        "states:StartExecution action"
    )
    assert world.subject_executions() == []
