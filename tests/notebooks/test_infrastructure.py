"""Notebook 07 shows what it promises, by its own outputs: each route, the order, the rights, and the CDK's grants."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest

from tests.notebooks.test_teaching import MOST_LINES, code, prose, shown, solutions, told_by
from xsfn_helpers import open_lab
from xsfn_helpers.deployment.export import Route

STEM = "07-infrastructure-as-code"
# What a reader is to see, and the words that show it.
SEEN = {
    "the order": r'ExecuteRole CREATE_FAILED: .*Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:role/op',
    "taken back": r"subject-first ROLLBACK_IN_PROGRESS: The following resource\(s\) failed to create: \[ExecuteRole\]",
    "CloudFormation": r"Deployed by cloudformation:\n(.*\n)*.*ExecuteRole: subject-statemachine-execute-role",
    "checked": r"All checks: (\d+) of \1 passed",
    "few rights": r"OperatorStateMachine CREATE_FAILED: .*is not authorized to perform: states:CreateStateMachine",
    "Terraform": r"created aws_iam_role\.operator .*\n(.*\n)*.*created aws_iam_role\.execute ",
    "the CDK's grants": r"The CDK adds 4 statements to the Operator role; the chain needs 1 of them",
    "grant: start": r"✗ states:StartExecution\n.*222222222222:stateMachine.*\n.*no resource-based policy allows",
    "grant: wrong account": r"✗ states:DescribeExecution, states:StopExecution\n.*:111111111111:execution:",
    "grant: rule": r"✗ events:PutTargets.*\n.*StepFunctionsGetEventsForStepFunctionsExecutionRule",
    "grant: needed": r"✓ sts:AssumeRole\n.*\n.*needed for link 2",
    "least privilege": r"without_policy_updates\(\)",
    "waits": r"integration_pattern=sfn\.IntegrationPattern\.RUN_JOB",
    "parent": r"associate_with_parent=True",
}


@pytest.mark.parametrize("what", SEEN)
def test_it_is_seen(what: str) -> None:
    assert re.search(SEEN[what], shown(STEM))


def test_all_four_ways_are_shown_to_give_the_same_decisions() -> None:
    for way in ("by hand", *Route):
        assert re.search(rf"✓ {way}: 6 of 6 links allowed, checks (\d+) of \1, run SUCCEEDED", shown(STEM))
    assert "they differ" not in shown(STEM)


def test_cells_are_small_and_the_reader_predicts_sees_and_tries() -> None:
    assert [call for call in code(STEM) if len(call.splitlines()) > MOST_LINES] == []
    assert prose(STEM).count("Predict:") == 3
    assert prose(STEM).count("**You should see:**") >= 5
    assert prose(STEM).count("<details>") == prose(STEM).count("</details>")


def test_the_folded_solutions_work_and_leave_the_accounts_empty(tmp_path: Path) -> None:
    lab = open_lab()
    lab.clean()
    before = str(lab.status())
    names: dict[str, object] = {}
    with contextlib.chdir(tmp_path):
        told_by(code(STEM)[0], names)
        told_by('template = lab.export("cloudformation")', names)

        bad, enough = (told_by(solution, names) for solution in solutions(STEM))

    assert "Parameter SubjectAccountId failed to satisfy constraint: an account ID has exactly 12 digits" in bad
    assert "just-enough CREATE_COMPLETE" in enough
    assert str(lab.status()) == before
