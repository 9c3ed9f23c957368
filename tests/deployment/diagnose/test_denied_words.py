"""What AWS denied against what the documents say: nothing is called allowed that AWS's words contradict."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.deployment.diagnose import Answer, Conclusion, Diagnosis
from xsfn_helpers.deployment.diagnose.ask import diagnose_given
from xsfn_helpers.deployment.diagnose.asking.asked_about import asked_about
from xsfn_helpers.deployment.diagnose.asking.refused_link import refused_link
from xsfn_helpers.deployment.diagnose.asking.short import short_answer
from xsfn_helpers.deployment.diagnose.reading.repository import Told

HUB = "arn:aws:iam::111111111111:role/hub-role"
SPOKE = "arn:aws:iam::222222222222:role/spoke-role"
PLAIN = "arn:aws:states:eu-west-1:111111111111:stateMachine:plain"
NIGHTLY = "arn:aws:states:eu-west-1:222222222222:stateMachine:nightly"
EXECUTIONS = NIGHTLY.replace("stateMachine", "execution") + ":*"
SENTENCE = "The role {asker} is not authorized to assume the task state's role, {role}."
Document = dict[str, Any]


def _policy(*statements: Mapping[str, Any]) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(action: object, resource: object) -> Document:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def _trust(asker: str, external_id: str = PLAIN) -> Document:
    condition = {"StringEquals": {"sts:ExternalId": external_id}}
    return _policy({"Effect": "Allow", "Principal": {"AWS": asker}, "Action": "sts:AssumeRole", "Condition": condition})


SERVICE = _policy({"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"})
MAY_RUN = _policy(
    _allow("states:StartExecution", NIGHTLY),
    _allow(["states:DescribeExecution", "states:StopExecution"], EXECUTIONS),
)


def _role(arn: str, trust: Document, permissions: Document) -> Document:
    return {
        "RoleName": arn.rpartition("/")[2],
        "RoleId": "AROAEXAMPLE",
        "Arn": arn,
        "AssumeRolePolicyDocument": trust,
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": permissions}],
        "AttachedManagedPolicies": [],
        "Tags": [],
    }


def _machine(arn: str, role: str, state: Mapping[str, Any]) -> Document:
    definition = {"StartAt": "Run", "States": {"Run": {**state, "End": True}}}
    return {"stateMachineArn": arn, "roleArn": role, "type": "STANDARD", "definition": json.dumps(definition)}


TASK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::states:startExecution.sync:2",
    "Parameters": {"StateMachineArn": NIGHTLY},
    "Credentials": {"RoleArn": SPOKE},
}


def _files(folder: Path, **changed: Document) -> Path:
    """A setup in which every link is allowed, as the AWS CLI tells it, but for what is changed."""
    answers = {
        "hub": {"RoleDetailList": [_role(HUB, SERVICE, _policy(_allow("sts:AssumeRole", "*")))], "Policies": []},
        "spoke": {
            "RoleDetailList": [
                _role(SPOKE, _trust(HUB), MAY_RUN),
                _role("arn:aws:iam::222222222222:role/nightly-role", SERVICE, MAY_RUN),
            ],
            "Policies": [],
        },
        "plain": _machine(PLAIN, HUB, TASK),
        "nightly": _machine(NIGHTLY, "arn:aws:iam::222222222222:role/nightly-role", {"Type": "Pass"}),
        **changed,
    }
    for name, answer in answers.items():
        (folder / f"{name}.json").write_text(json.dumps(answer), encoding="utf-8")
    return folder


def _answered(folder: Path, *given: str) -> Diagnosis:
    (found,) = diagnose_given(asked_about([*given, str(folder)]), Told())
    return found


def _denial(action: str, resource: str, reason: str = "", role: str = SPOKE) -> str:
    account, name = role.split(":")[4], role.rpartition("/")[2]
    reason = reason or f"because no identity-based policy allows the {action} action"
    return (
        f"User: arn:aws:sts::{account}:assumed-role/{name}/abc is not authorized to perform: {action} "
        f"on resource: {resource} {reason}"
    )


def test_words_about_what_the_documents_allow_say_so(tmp_path: Path) -> None:
    found = _answered(_files(tmp_path), _denial("states:StartExecution", NIGHTLY))

    assert found.verdict is Conclusion.FINE
    assert "AWS denied it then" in short_answer(found)[1]


@pytest.mark.parametrize(
    ("words", "verdict", "action"),
    [
        (_denial("states:StartExecution", f"{NIGHTLY}-2"), Conclusion.BROKEN, "states:StartExecution"),
        (_denial("iam:PassRole", "arn:aws:iam::222222222222:role/ecs"), Conclusion.BROKEN, "iam:PassRole"),
        # The bucket's own policy may allow it, and no file holds that.
        (_denial("s3:PutObject", "arn:aws:s3:::b/k"), Conclusion.UNKNOWN, "s3:PutObject"),
        (SENTENCE.format(asker=HUB, role=f"{SPOKE}-2"), Conclusion.BROKEN, "sts:AssumeRole"),
        (SENTENCE.format(asker=HUB, role=SPOKE.replace("2" * 12, "3" * 12)), Conclusion.UNKNOWN, "sts:AssumeRole"),
        (
            _denial("sts:AssumeRole", SPOKE).replace("sts::222222222222:assumed-role/spoke-role/abc", "iam::1:user/b"),
            Conclusion.UNKNOWN,
            "sts:AssumeRole",
        ),
    ],
)
def test_what_no_task_asks_for_is_decided_by_itself(
    tmp_path: Path, words: str, verdict: Conclusion, action: str
) -> None:
    """That every link of the state machine is allowed is no answer to a call that is none of them."""
    found = _answered(_files(tmp_path), words)

    link = refused_link(found)
    assert link is not None
    assert (found.verdict, link.action) == (verdict, action)
    assert action in short_answer(found)[0]
    assert "no task of state machine plain asks for it" in short_answer(found)[0]
    assert len(short_answer(found)) <= 5


def test_the_fix_of_a_denied_call_allows_that_call(tmp_path: Path) -> None:
    found = _answered(_files(tmp_path), _denial("iam:PassRole", "arn:aws:iam::222222222222:role/ecs"))

    assert found.fix is not None
    assert found.fix.mends
    assert "iam:PassRole" in found.fix.summary


NAMED = "arn:aws:iam::222222222222:policy/lockdown"


@pytest.mark.parametrize(
    ("reason", "settles"),
    [
        ("with an explicit deny in a service control policy", "list-policies-for-target --target-id 222222222222"),
        ("because no service control policy allows the states:StartExecution action", "SERVICE_CONTROL_POLICY"),
        ("with an explicit deny in a resource control policy", "RESOURCE_CONTROL_POLICY"),
        ("with an explicit deny in a session policy", "session policy"),
        ("because no VPC endpoint policy allows the states:StartExecution action", "VPC endpoint policy"),
        (f"with an explicit deny in an identity-based policy: {NAMED}", NAMED),
        (f"with an explicit deny in a permissions boundary: {NAMED}", NAMED),
    ],
)
@pytest.mark.parametrize("way", ["words", "history"])
def test_what_aws_names_as_the_reason_and_nobody_read_leaves_it_open(
    tmp_path: Path, reason: str, settles: str, way: str
) -> None:
    """It denied the call, so that nothing which was read can be all that decides."""
    words = _denial("states:StartExecution", NIGHTLY, reason)
    given = [words] if way == "words" else [json.dumps(one) for one in _ended(words)]

    found = _answered(_files(tmp_path), *given)

    link = refused_link(found)
    assert link is not None
    assert (found.verdict, link.answer) == (Conclusion.UNKNOWN, Answer.UNKNOWN)
    assert settles in short_answer(found)[3]


def _ended(cause: str, state: str = "Run") -> Sequence[Document]:
    """The answers of `describe-execution` and `get-execution-history` about an execution that ended so."""
    execution = f"{PLAIN.replace('stateMachine', 'execution')}:run-1"
    told = {"executionArn": execution, "stateMachineArn": PLAIN, "status": "FAILED", "cause": cause}
    entered = {"id": 2, "previousEventId": 1, "type": "TaskStateEntered", "stateEnteredEventDetails": {"name": state}}
    failed = {"id": 3, "previousEventId": 2, "type": "TaskFailed", "taskFailedEventDetails": {"cause": cause}}
    events = [{"id": 1, "previousEventId": 0, "type": "ExecutionStarted"}, entered, failed]
    return told, {"events": events}


def test_an_execution_that_was_denied_what_no_task_asks_for_is_no_reason_to_start_it_again(tmp_path: Path) -> None:
    given = [json.dumps(one) for one in _ended(_denial("iam:PassRole", "arn:aws:iam::222222222222:role/ecs"))]

    assert _answered(_files(tmp_path), *given).verdict is Conclusion.BROKEN


# --- what shows only in the run


AT_RUN_TIME = {**TASK, "Credentials": {"RoleArn.$": "$.role"}}


@pytest.mark.parametrize(("external_id", "answer"), [(PLAIN, Answer.ALLOWED), (f"{PLAIN}-2", Answer.REFUSED)])
def test_a_role_that_the_words_tell_is_the_one_that_is_answered_for(
    tmp_path: Path, external_id: str, answer: Answer
) -> None:
    roles = [_role(SPOKE, _trust(HUB, external_id), MAY_RUN), _role(f"{SPOKE}-2", _trust(HUB, "other"), MAY_RUN)]
    files = _files(tmp_path, plain=_machine(PLAIN, HUB, AT_RUN_TIME), spoke={"RoleDetailList": roles, "Policies": []})

    found = _answered(files, SENTENCE.format(asker=HUB, role=SPOKE))

    link = refused_link(found)
    assert link is not None
    assert (link.number, link.resource, link.answer) == (2, SPOKE, answer)


def test_another_broken_link_is_not_taken_for_the_one_that_was_asked_about(tmp_path: Path) -> None:
    spoke = {"RoleDetailList": [_role(SPOKE, _trust(HUB), _policy(_allow("logs:*", "*")))], "Policies": []}

    found = _answered(_files(tmp_path, spoke=spoke), SENTENCE.format(asker=HUB, role=SPOKE))

    assert found.verdict is Conclusion.BROKEN
    assert "AWS's words are about another call, sts:AssumeRole" in short_answer(found)[-1]


def test_an_event_of_another_state_machine_is_answered_with_its_external_id(tmp_path: Path) -> None:
    """CloudTrail recorded which state machine it was; that this one may is no answer for it."""
    event = {
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRole",
        "errorCode": "AccessDenied",
        "userIdentity": {"sessionContext": {"sessionIssuer": {"arn": HUB}}},
        "requestParameters": {"roleArn": SPOKE, "externalId": f"{PLAIN}-2"},
    }

    found = _answered(_files(tmp_path), json.dumps(event))

    assert found.verdict is Conclusion.BROKEN
    assert "sts:ExternalId" in short_answer(found)[2]


# --- executions, and whose they are


def _history(cause: str, state: str = "Run") -> str:
    return json.dumps(_ended(cause, state)[1])


def test_a_history_by_itself_tells_the_run_of_the_only_state_machine_that_it_can_be_of(tmp_path: Path) -> None:
    files = _files(tmp_path, plain=_machine(PLAIN, HUB, AT_RUN_TIME))

    found = _answered(files, _history(SENTENCE.format(asker=HUB, role=SPOKE)))

    assert found.evidence.machine.arn == PLAIN
    link = refused_link(found)
    assert link is not None
    assert (link.number, link.resource, link.answer) == (2, SPOKE, Answer.ALLOWED)


def test_a_history_whose_states_are_another_definitions_is_told_as_such(tmp_path: Path) -> None:
    found = _answered(_files(tmp_path), _history(SENTENCE.format(asker=HUB, role=f"{SPOKE}-2"), state="Gone"))

    assert found.verdict is Conclusion.BROKEN
    assert any("the definition was changed" in one.why for one in found.not_seen)


def test_the_execution_of_a_state_machine_that_no_file_describes_is_not_answered_for_another(tmp_path: Path) -> None:
    told = {
        "executionArn": f"{PLAIN.replace('stateMachine', 'execution')}-2:run-1",
        "stateMachineArn": f"{PLAIN}-2",
        "status": "FAILED",
    }

    with pytest.raises(ConfigError, match="plain-2, which no file describes"):
        _answered(_files(tmp_path, execution=told))


@pytest.mark.parametrize("given", [_ended(SENTENCE.format(asker=HUB, role=SPOKE))[at] for at in range(2)])
def test_what_happened_is_enough_to_go_on(given: Document) -> None:
    (found,) = diagnose_given(asked_about([json.dumps(given)]), Told())

    assert found.verdict is Conclusion.UNKNOWN
    assert SPOKE in short_answer(found)[0]


def test_an_express_execution_which_aws_describes_nowhere_is_no_reason_to_refuse(tmp_path: Path) -> None:
    """See docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html"""
    express = f"{PLAIN.replace('stateMachine', 'express')}:run-1:0b6f"

    found = _answered(_files(tmp_path), express)

    assert found.verdict is Conclusion.FINE
    assert any("Express" in one.why for one in found.not_seen)


def test_of_two_state_machines_of_a_role_the_one_is_answered_for_that_asks_for_it(tmp_path: Path) -> None:
    other = {**TASK, "Credentials": {"RoleArn": f"{SPOKE}-2"}}
    files = _files(tmp_path, other=_machine(f"{PLAIN}-2", HUB, other))

    assert _answered(files, SENTENCE.format(asker=HUB, role=SPOKE)).evidence.machine.arn == PLAIN
    assert _answered(files, SENTENCE.format(asker=HUB, role=f"{SPOKE}-2")).evidence.machine.arn == f"{PLAIN}-2"


def test_a_file_of_events_says_what_was_denied_like_an_argument(tmp_path: Path) -> None:
    event = {
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRole",
        "errorCode": "AccessDenied",
        "userIdentity": {"sessionContext": {"sessionIssuer": {"arn": HUB}}},
        "requestParameters": {"roleArn": f"{SPOKE}-2"},
    }

    found = _answered(_files(tmp_path, trail={"Records": [event]}))

    assert found.verdict is Conclusion.BROKEN
    assert f"{SPOKE}-2" in short_answer(found)[0]


def test_one_call_that_is_allowed_is_no_answer_for_a_state_machine_that_nobody_described(tmp_path: Path) -> None:
    folder = _files(tmp_path)
    (folder / "plain.json").unlink()

    found = _answered(folder, _denial("states:StartExecution", NIGHTLY))

    assert found.verdict is Conclusion.UNKNOWN


@pytest.mark.parametrize("gone", ["hub", "spoke", "nightly"])
@pytest.mark.parametrize(
    "words", [(), (SENTENCE.format(asker=HUB, role=SPOKE),), (_denial("states:StartExecution", NIGHTLY),)]
)
@pytest.mark.parametrize("external_id", [PLAIN, f"{PLAIN}-2"])
def test_a_document_that_is_gone_allows_nothing(
    tmp_path: Path, gone: str, words: Sequence[str], external_id: str
) -> None:
    spoke = {"RoleDetailList": [_role(SPOKE, _trust(HUB, external_id), MAY_RUN)], "Policies": []}
    folder = _files(tmp_path, spoke=spoke)
    before = _answered(folder, *words).verdict
    (folder / f"{gone}.json").unlink()

    after = _answered(folder, *words).verdict

    assert after is not Conclusion.FINE or before is Conclusion.FINE
