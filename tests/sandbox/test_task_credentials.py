"""Every form of `Credentials.RoleArn`, each decided by IAM when the task runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.facts import Tag, fact
from tests.sandbox.recordings import REQUEST_RESPONSE, SYNC, SYNC_2, Recordings, Stage, alone
from tests.sandbox.test_recorded_histories import details
from tests.sandbox.world import Outcome
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Side

pytestmark = pytest.mark.usefixtures("no_http")

BASE = "localstack v2/credentials/test_credentials_base, 2024-12-04"
XACCT = "concepts-access-cross-acct-resources.html"
TASK = "state-task.html"
Form = Callable[[Stage, str, str], Outcome]


def static(stage: Stage, resource: str, role: str) -> Outcome:
    return stage.run_task(resource, Credentials={"RoleArn": role})


def path(stage: Stage, resource: str, role: str) -> Outcome:
    return stage.run_task(resource, Credentials={"RoleArn.$": "$.CredentialsRoleArn"}, given=_given(role))


def intrinsic(stage: Stage, resource: str, role: str) -> Outcome:
    expression = "States.Format('{}', $.CredentialsRoleArn)"
    return stage.run_task(resource, Credentials={"RoleArn.$": expression}, given=_given(role))


def context(stage: Stage, resource: str, role: str) -> Outcome:
    in_context = "$$.Execution.Input.CredentialsRoleArn"
    return _after_a_pass(stage, stage.task(resource, Credentials={"RoleArn.$": in_context}), role)


def variable(stage: Stage, resource: str, role: str) -> Outcome:
    return _after_a_pass(stage, stage.task(resource, Credentials={"RoleArn.$": "$roleArn"}), role)


def jsonata(stage: Stage, resource: str, role: str) -> Outcome:
    task = stage.task(resource, Credentials={"RoleArn": "{% $states.input.CredentialsRoleArn %}"})
    task["Arguments"] = task.pop("Parameters")
    return stage.run({"QueryLanguage": "JSONata", **alone(task)}, given=_given(role))


FORMS = pytest.mark.parametrize("form", [static, path, intrinsic, context, variable, jsonata])


def _given(role: str) -> dict[str, str]:
    return {"CredentialsRoleArn": role}


def _after_a_pass(stage: Stage, task: dict[str, Any], role: str) -> Outcome:
    assigned = {"roleArn.$": "$.CredentialsRoleArn"}
    first = {"Type": "Pass", "Assign": assigned, "OutputPath": "$.nothing", "Next": "RunTask"}
    return stage.run(
        {"StartAt": "First", "States": {"First": first, "RunTask": task}}, given={**_given(role), "nothing": {}}
    )


def _execute_role(stage: Stage, suffix: str, *, permissions: bool) -> str:
    """Another role of the Subject's that the Operator may assume; its ARN."""
    scenario, iam = stage.world.scenario, stage.world.subject_iam
    name = f"{scenario.execute_role_name}-{suffix}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(documents.execute_role_trust(scenario)))
    if permissions:
        iam.put_role_policy(
            RoleName=name,
            PolicyName=documents.EXECUTE_POLICY_NAME,
            PolicyDocument=json.dumps(documents.execute_role_permissions(scenario)),
        )
    arn = f"{scenario.execute_role_arn}-{suffix}"
    allowed = documents.operator_role_permissions(scenario)
    allowed["Statement"][0]["Resource"] = [scenario.execute_role_arn, arn]
    stage.world.operator_iam.put_role_policy(
        RoleName=scenario.operator_role_name,
        PolicyName=documents.OPERATOR_POLICY_NAME,
        PolicyDocument=json.dumps(allowed),
    )
    return arn


def _assume_refused(stage: Stage, role: str) -> str:
    operator = stage.world.scenario.operator_role_arn
    return f"The role {operator} is not authorized to assume the task state's role, {role}."


# --- forms -----------------------------------------------------------------------------------------------------------


@fact("C1", BASE)
@FORMS
def test_every_form_of_the_role_runs_the_child(recordings: Recordings, form: Form) -> None:
    """RoleArn may be a text, a path, an intrinsic, of the context object, a variable or JSONata."""
    stage = recordings.passing
    role = stage.world.scenario.execute_role_arn

    outcome = form(stage, SYNC, role)

    assert (outcome.status, outcome.cause) == ("SUCCEEDED", None)
    assert details(outcome, "TaskScheduled")["taskCredentials"] == {"roleArn": role}
    assert json.loads(outcome.output["Output"]) == {"Arg1": "argument1"}


@FORMS
@pytest.mark.parametrize("resource", [REQUEST_RESPONSE, SYNC_2])
def test_every_form_is_decided(recordings: Recordings, form: Form, resource: str) -> None:
    """Whatever way the role is named, it's IAM that lets the Operator become it."""
    stage = recordings.refusing
    role = stage.world.scenario.execute_role_arn

    outcome = form(stage, resource, role)

    assert (outcome.status, outcome.error) == ("FAILED", "States.TaskFailed")
    assert outcome.cause == _assume_refused(stage, role)
    assert details(outcome, "TaskScheduled")["taskCredentials"] == {"roleArn": role}
    assert stage.world.subject_executions() == []


@pytest.mark.parametrize(
    "where", ["$.nowhere", "$$.Execution.Input.nowhere", "$nowhere", "States.Format('{}', $.nowhere)"]
)
def test_a_path_to_nowhere(recordings: Recordings, where: str) -> None:
    """A role that isn't there fails the execution before anything is scheduled; nobody else acts instead."""
    outcome = recordings.passing.run_task(
        Credentials={"RoleArn.$": where}, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "StartExecution"}]
    )

    assert outcome.types == ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]
    assert outcome.error == "States.Runtime"
    shown = where if where.startswith("$") else "$.nowhere"
    assert (outcome.cause or "").startswith(
        "An error occurred while executing the state 'StartExecution' (entered at the event id #2). "
        f"The JSONPath '{shown}' specified for the field 'RoleArn.$' could not be found in the input '"
    )


@pytest.mark.parametrize("role", ["execute-role", "arn:aws:iam::222222222222:user/somebody", "*", None, 1, {}])
def test_what_is_no_role(recordings: Recordings, role: Any) -> None:
    """What isn't known of AWS is decided as the likeliest: whatever can't be assumed is denied in the one text."""
    stage = recordings.passing

    outcome = path(stage, SYNC_2, role)

    assert (outcome.status, outcome.error) == ("FAILED", "States.TaskFailed")
    assert outcome.cause == _assume_refused(stage, role if isinstance(role, str) else json.dumps(role))


# --- whose rights ----------------------------------------------------------------------------------------------------


@fact("C2", f"{XACCT}: a state machine assumes one role at a time", Tag.DOC)
def test_each_task_acts_as_its_own_role(recordings: Recordings) -> None:
    """Two tasks may name two roles, and each may do what its own role may."""
    stage = recordings.stage()
    powerless = _execute_role(stage, "powerless", permissions=False)
    catch = [{"ErrorEquals": ["StepFunctions.AWSStepFunctionsException"], "Next": "Caught"}]
    states = {
        "First": stage.task(Next="Second"),
        "Second": stage.task(Credentials={"RoleArn": powerless}, Catch=catch, Next="Third"),
        "Caught": {"Type": "Pass", "Next": "Third"},
        "Third": stage.task(),
    }

    outcome = stage.run({"StartAt": "First", "States": states})

    assert outcome.status == "SUCCEEDED"
    assert len(stage.world.subject_executions()) == 2
    refused = details(outcome, "TaskFailed")
    session = powerless.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
    assert refused["cause"].startswith(f"User: {session}/")
    assert refused["resource"] == "startExecution.sync:2"


@fact("C3", f"{TASK}: the machine's role must assume the target role", Tag.DOC)
def test_without_credentials_the_machines_own_role_acts(recordings: Recordings) -> None:
    """The same task without Credentials is made as the machine's role, which another account doesn't let in."""
    stage = recordings.passing
    task = stage.task(REQUEST_RESPONSE)
    del task["Credentials"]
    scenario = stage.world.scenario

    outcome = stage.run(alone(task))

    session = f"arn:aws:sts::{scenario.operator_account_id}:assumed-role/{scenario.operator_role_name}/"
    assert outcome.status == "FAILED"
    assert (outcome.cause or "").startswith(f"User: {session}")
    assert "is not authorized to perform: states:StartExecution" in (outcome.cause or "")


@fact("C4", "localstack v2/test_sfn_api_variable_references (test_assign_in_*), 2024-11-07: a role of the same account")
def test_a_role_of_the_same_account(recordings: Recordings) -> None:
    """Credentials may name a role of the machine's own account; it has to be assumed like any other."""
    stage = recordings.stage()
    scenario = stage.world.scenario
    name = f"{scenario.operator_role_name}-other"
    role = f"arn:aws:iam::{scenario.operator_account_id}:role/{name}"
    iam = stage.world.operator_iam
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(documents.execute_role_trust(scenario)))

    # Same account: the trust policy that names the role is enough, and the role itself may do nothing yet.
    outcome = static(stage, REQUEST_RESPONSE, role)

    assert outcome.error == "StepFunctions.AWSStepFunctionsException"
    assert f"assumed-role/{name}/" in (outcome.cause or "")


def test_a_policy_changed_between_two_runs_counts(recordings: Recordings) -> None:
    """Nothing that was decided is kept: neither the permission nor the session."""
    stage = recordings.stage()
    scenario, iam = stage.world.scenario, stage.world.subject_iam
    policy = {"RoleName": scenario.execute_role_name, "PolicyName": documents.EXECUTE_POLICY_NAME}
    permissions = json.dumps(documents.execute_role_permissions(scenario))
    trust = json.dumps(documents.execute_role_trust(scenario))
    nobody = trust.replace(scenario.operator_role_name, scenario.operator_role_name[:-1] + "x")
    stage.world.create_role(Side.OPERATOR, f"{scenario.operator_role_name[:-1]}x")
    ended = [stage.run_task().error]

    iam.delete_role_policy(**policy)
    ended.append(stage.run_task().error)
    iam.put_role_policy(**policy, PolicyDocument=permissions)
    ended.append(stage.run_task().error)
    iam.update_assume_role_policy(RoleName=scenario.execute_role_name, PolicyDocument=nobody)
    ended.append(stage.run_task().error)
    iam.update_assume_role_policy(RoleName=scenario.execute_role_name, PolicyDocument=trust)
    ended.append(stage.run_task().error)

    assert ended == [None, "StepFunctions.AWSStepFunctionsException", None, "States.TaskFailed", None]
