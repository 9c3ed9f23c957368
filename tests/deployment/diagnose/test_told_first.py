"""What the answer tells first of several links that are denied, or open: the task of another account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tests.deployment.diagnose.test_repositories import (
    HUB,
    PARAMETERS,
    SPOKE,
    _asl,
    _diagnosed,
    _hub,
    _spoke,
    _template,
)
from xsfn_helpers.deployment.diagnose.asking.short import short_answer, subject_of
from xsfn_helpers.deployment.diagnose.judge import Answer


def _with_own_task(own: dict[str, Any], role: str = SPOKE) -> dict[str, Any]:
    """The set-up's definition after a task that the state machine's own role calls."""
    definition = _asl(role)
    states = {"Look": {"Type": "Task", "Next": "Run", **own}, **definition["States"]}
    return {**definition, "StartAt": "Look", "States": states}


def _written(folder: Path, definition: dict[str, Any], trusted: str) -> None:
    hub = _hub()
    hub["Machine"]["Properties"]["Definition"] = definition
    (folder / "hub.json").write_text(json.dumps(_template(hub, Parameters=PARAMETERS)))
    (folder / "spoke.json").write_text(json.dumps(_template(_spoke(trusted))))


OWN: Final = {"Resource": "arn:aws:states:::aws-sdk:iam:listRoles"}


def test_of_what_is_denied_the_task_of_another_account_is_told_first(tmp_path: Path) -> None:
    _written(tmp_path, _with_own_task(OWN), "arn:aws:iam::111111111111:role/another")
    found = _diagnosed(tmp_path)
    assert [task.task.name for task in found.tasks if task.broken is not None] == ["Look", "Run"]

    assert found.first_broken is not None
    assert (found.first_broken.task, found.first_broken.number) == ("Run", 2)
    assert subject_of(found) == found.first_broken
    assert found.fix is not None
    lines = short_answer(found)
    assert "link 2 of task Run" in lines[0]
    assert "1 other link is denied too" in lines[-1]


def test_what_is_denied_is_told_before_what_is_open_whosever_it_is(tmp_path: Path) -> None:
    _written(tmp_path, _with_own_task(OWN, "${Role}"), HUB)
    found = _diagnosed(tmp_path)
    assert found.first_broken is not None
    assert found.first_broken.task == "Look"


def test_of_what_is_open_the_task_of_another_account_is_told_first(tmp_path: Path) -> None:
    own = {"Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName.$": "$.function"}}
    _written(tmp_path, _with_own_task(own), HUB)
    template = json.loads((tmp_path / "hub.json").read_text())
    del template["Parameters"]["Spoke"]["Default"]
    statement = {"Effect": "Allow", "Action": "lambda:*", "Resource": "arn:aws:lambda:*:*:function:of-ledgers"}
    template["Resources"]["Assume"]["Properties"]["PolicyDocument"]["Statement"].append(statement)
    (tmp_path / "hub.json").write_text(json.dumps(template))
    found = _diagnosed(tmp_path)
    assert next(link.task for link in found.links if link.answer is Answer.UNKNOWN) == "Look"

    link = subject_of(found)
    assert link is not None
    assert (link.task, link.number, link.answer) == ("Run", 2, Answer.UNKNOWN)
