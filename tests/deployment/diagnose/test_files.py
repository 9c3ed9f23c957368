"""Exported files instead of AWS: the same diagnosis; the CLI's shapes piece by piece; and broken files told clearly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.deployment.diagnose.bench import diagnose, run
from tests.deployment.diagnose.correct import CORRECT
from tests.deployment.diagnose.setups import ONE, TWO
from tests.sandbox.world import World
from tests.support.soak import soaked
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.cli import BAD_INPUT, FAILED, OK, main
from xsfn_helpers.cli.parsing import UNDECIDED
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.deployment.diagnose import Conclusion, Diagnosis, analyse
from xsfn_helpers.deployment.diagnose.as_json import diagnosis_json
from xsfn_helpers.deployment.diagnose.ask import diagnose_files
from xsfn_helpers.deployment.diagnose.reading.export import export
from xsfn_helpers.deployment.diagnose.reading.files import read_files

pytestmark = pytest.mark.usefixtures("no_http")

NOW: Final = "2026-11-24T00:00:00Z"
S: Final = Scenario()


def _same(one: Diagnosis, other: Diagnosis) -> None:
    first, second = diagnosis_json(one), diagnosis_json(other)
    assert first == second
    assert str(one) == str(other)


SETUPS: Final[dict[str, Callable[[World], Any]]] = {
    **{one.name: one.build for one in (*ONE[::3], *TWO[::3])},
    **{build.__name__: build for build in CORRECT[::3]},
}


@pytest.mark.parametrize("build", SETUPS.values(), ids=SETUPS)
def test_what_was_exported_is_diagnosed_alike(world: World, build: Callable[[World], Any], tmp_path: Path) -> None:
    build(world)
    live = diagnose(world)

    export(live.evidence, tmp_path / "out")

    _same(live, analyse(read_files(tmp_path / "out"), NOW))


def test_an_execution_is_exported_with_what_it_tells(world: World, tmp_path: Path) -> None:
    world.build(execute_role=False)
    failed = run(world, world.scenario.operator_machine_arn)
    live = diagnose(world, failed["executionArn"])

    export(live.evidence, tmp_path)

    again = analyse(read_files(tmp_path), NOW)
    assert again.evidence.asked == failed["executionArn"]
    _same(live, again)


def test_the_aws_clis_own_answers_are_enough(world: World, tmp_path: Path) -> None:
    """As somebody without xsfn exports them: one answer for each account's IAM, and each state machine's."""
    next(one for one in ONE if one.name == "n3").build(world)
    for side in Side:
        details = world.client(side, "iam").get_account_authorization_details(Filter=["Role", "LocalManagedPolicy"])
        _write(tmp_path, f"iam-{side.value}", details)
    s = world.scenario
    machines = ((Side.OPERATOR, s.operator_machine_arn), (Side.SUBJECT, s.subject_machine_arn))
    for side, arn in machines:
        described = world.client(side, "stepfunctions").describe_state_machine(stateMachineArn=arn)
        _write(tmp_path, f"machine-{side.value}", described)

    found = diagnose_files(tmp_path, s.operator_machine_arn)

    live = diagnose(world)
    assert found.first_broken is not None
    assert live.first_broken is not None
    assert (found.first_broken.number, found.first_broken.why) == (2, live.first_broken.why)
    assert found.fixes == live.fixes
    assert {one.what for one in found.not_seen} == {"service control policies", "resource control policies"}


def _write(folder: Path, name: str, answer: Any) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(answer, default=str), encoding="utf-8")


# --- pieces, without any AWS


def _machine(arn: str, role: str, definition: dict[str, Any]) -> dict[str, Any]:
    return {"stateMachineArn": arn, "roleArn": role, "definition": json.dumps(definition), "type": "STANDARD"}


def _role(arn: str, trust: dict[str, Any], **more: Any) -> dict[str, Any]:
    name = arn.rpartition("/")[2]
    return {"Role": {"Arn": arn, "RoleName": name, "RoleId": "AROAEXAMPLE", "AssumeRolePolicyDocument": trust, **more}}


def _pieces() -> dict[str, Any]:
    """Every answer by itself: get-role, get-role-policy, lists and versions."""
    return {
        "operator-machine": _machine(S.operator_machine_arn, S.operator_role_arn, documents.operator_definition(S)),
        "subject-machine": _machine(S.subject_machine_arn, S.subject_role_arn, documents.subject_definition(S)),
        "role-1": _role(S.operator_role_arn, documents.operator_role_trust(S)),
        "role-2": _role(S.execute_role_arn, documents.execute_role_trust(S)),
        "role-3": _role(S.subject_role_arn, documents.service_trust(S, S.subject)),
        "policy-1": {
            "RoleName": S.operator_role_name,
            "PolicyName": "assume",
            "PolicyDocument": documents.operator_role_permissions(S),
        },
        f"inline-{S.operator_role_name}": {"PolicyNames": ["assume"]},
        f"attached-{S.operator_role_name}": {"AttachedPolicies": []},
        f"inline-{S.execute_role_name}": {"PolicyNames": []},
        f"attached-{S.execute_role_name}": {
            "AttachedPolicies": [{"PolicyName": "task", "PolicyArn": "arn:aws:iam::222222222222:policy/task"}]
        },
        "policy-task": {"Policy": {"Arn": "arn:aws:iam::222222222222:policy/task", "DefaultVersionId": "v2"}},
        "version-task-1": {"PolicyVersion": {"VersionId": "v1", "IsDefaultVersion": False, "Document": _NOTHING}},
        "version-task-2": {
            "PolicyVersion": {
                "VersionId": "v2",
                "IsDefaultVersion": True,
                "Document": quote(json.dumps(documents.execute_role_permissions(S))),
            }
        },
    }


_NOTHING: Final = {"Version": "2012-10-17", "Statement": []}


def _folder(tmp_path: Path, answers: dict[str, Any]) -> Path:
    for name, answer in answers.items():
        _write(tmp_path, name, answer)
    return tmp_path


def test_single_answers_are_put_together(tmp_path: Path) -> None:
    """URL-encoded documents and policy versions included; the default version counts."""
    found = diagnose_files(_folder(tmp_path, _pieces()))

    assert found.verdict is Conclusion.FINE, str(found)
    assert {one.what for one in found.not_seen} == {"service control policies", "resource control policies"}


@pytest.mark.parametrize(
    ("left_out", "open_links"),
    [
        ("role-2", {2, 3, 4, 5}),
        ("policy-1", {2}),
        ("version-task-2", {3, 4, 5}),
        ("subject-machine", {6}),
        ("role-3", {6}),
        ("role-1", {1, 2}),
        (f"attached-{S.execute_role_name}", {3, 4, 5}),
    ],
)
def test_what_no_file_tells_stays_open(tmp_path: Path, left_out: str, open_links: set[int]) -> None:
    answers = _pieces()
    del answers[left_out]

    found = diagnose_files(_folder(tmp_path, answers))

    assert found.verdict is Conclusion.UNKNOWN
    assert {link.number for link in found.links if link.answer.name == "UNKNOWN"} == open_links
    assert len(found.not_seen) > 2


def test_a_role_that_a_whole_list_leaves_out_is_missing(tmp_path: Path) -> None:
    answers = _pieces()
    del answers["role-2"]
    answers["roles"] = {"Roles": [answers["role-3"]["Role"]]}

    found = diagnose_files(_folder(tmp_path, answers))

    assert found.first_broken is not None
    assert found.first_broken.slip is not None
    assert found.first_broken.slip.kind == "no such role"


def test_an_execution_and_its_history_are_read(tmp_path: Path) -> None:
    answers = _pieces()
    definition = documents.operator_definition(S)
    definition["States"][documents.TASK_STATE_NAME]["Credentials"] = {"RoleArn.$": "$.role"}
    answers["operator-machine"]["definition"] = json.dumps(definition)
    arn = f"{S.operator_machine_arn.replace('stateMachine', 'execution')}:one"
    answers["execution"] = {
        "executionArn": arn,
        "stateMachineArn": S.operator_machine_arn,
        "status": "FAILED",
        "error": "States.TaskFailed",
        "cause": "The role x is not authorized to assume the task state's role, y.",
    }
    details = {"taskCredentials": {"roleArn": S.execute_role_arn}, "parameters": "{}"}
    answers["history"] = {
        "events": [
            {"id": 1, "type": "ExecutionStarted", "previousEventId": 0},
            {"id": 2, "type": "TaskStateEntered", "stateEnteredEventDetails": {"name": documents.TASK_STATE_NAME}},
            {"id": 3, "type": "TaskScheduled", "previousEventId": 2, "taskScheduledEventDetails": details},
        ]
    }

    found = diagnose_files(_folder(tmp_path, answers), arn)

    assert found.tasks[0].task.role_arn == S.execute_role_arn
    assert found.verdict is Conclusion.FINE
    assert found.symptom is not None
    assert found.symptom.link == 2


# --- what can't be used


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "isn't JSON"),
        ("{", "isn't JSON: Expecting property name"),
        ('{"Role": ', "line 1, column 10"),
        ("[]", "holds no JSON object"),
        ('{"a": 1, "a": 2}', "the key 'a' is there twice"),
        ('{"Role": 7}', "Role is no object"),
        ('{"Role": {}}', "Arn"),
        ('{"Role": {"Arn": "nonsense", "AssumeRolePolicyDocument": {}}}', "'nonsense' is no ARN of a role"),
        ('{"Roles": [1]}', "Roles is no list of objects"),
        ('{"stateMachineArn": 1, "definition": "{}"}', "stateMachineArn is no text"),
        ('{"stateMachineArn": "x", "definition": "{}"}', "'x' is no ARN"),
        (
            f'{{"stateMachineArn": "{S.subject_machine_arn}", "definition": "{{}}", "roleArn": "x"}}',
            "roleArn 'x' is no ARN of a role",
        ),
        ('{"RoleName": "r", "PolicyName": "p", "PolicyDocument": "{"}', "p is no policy document"),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_a_broken_file_is_named_with_what_is_wrong_and_the_others_go_on(tmp_path: Path, text: str, told: str) -> None:
    folder = _folder(tmp_path, _pieces())
    (folder / "broken.json").write_text(text, encoding="utf-8")

    found = read_files(folder, S.operator_machine_arn)

    assert [one.why for one in found.not_seen if "broken.json" in one.what and told in one.why]
    assert analyse(found, NOW).verdict is Conclusion.FINE


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"xsfn.evidence": 99}', "Its version is 99"),
        ('{"xsfn.evidence": 1, "accounts": 3}', "isn't what --export writes"),
    ],
)
def test_a_broken_export_of_our_own_is_refused(tmp_path: Path, text: str, told: str) -> None:
    folder = _folder(tmp_path, _pieces())
    (folder / "evidence.json").write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=told):
        read_files(folder, S.operator_machine_arn)


def test_folders_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no such folder"):
        read_files(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="There is no file in it that is known here"):
        read_files(tmp_path)
    with pytest.raises(ConfigError, match="No file describes"):
        read_files(_folder(tmp_path, _pieces()), f"{S.operator_machine_arn}-x")
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="can't be read"):
        read_files(tmp_path / "alone")


def test_two_state_machines_need_an_arn(tmp_path: Path) -> None:
    answers = _pieces()
    other = f"{S.operator_machine_arn}-2"
    answers["another"] = {**answers["operator-machine"], "stateMachineArn": other}

    with pytest.raises(ConfigError, match="Which state machine is asked about isn't plain"):
        read_files(_folder(tmp_path, answers))


_SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


@settings(
    max_examples=soaked(short=30, long=150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_whatever_a_file_holds_it_is_diagnosed_or_refused_in_words(tmp_path_factory: Any, data: st.DataObject) -> None:
    """One place of one answer replaced by anything, or the text cut off."""
    folder = _folder(tmp_path_factory.mktemp("fuzz"), _pieces())
    path = data.draw(st.sampled_from(sorted(folder.glob("*.json"))))
    text = path.read_text(encoding="utf-8")
    if data.draw(st.booleans()):
        path.write_text(text[: data.draw(st.integers(0, len(text) - 1))], encoding="utf-8")
    else:
        path.write_text(json.dumps(_spoilt(json.loads(text), data)), encoding="utf-8")

    code = main(["diagnose", S.operator_machine_arn, "--from-files", str(folder), "--json"])

    assert code in (OK, FAILED, BAD_INPUT, UNDECIDED)


def _spoilt(value: Any, data: st.DataObject) -> Any:
    if isinstance(value, dict) and value and data.draw(st.integers(0, 3)):
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: _spoilt(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 3)):
        return [_spoilt(value[0], data), *value[1:]]
    return data.draw(_VALUES)
