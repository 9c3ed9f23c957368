"""The article's own samples where they differ from what we build, as it prints them, with a scenario's names filled in.

Source: "AWS Step Functionsのタスクから別アカウントのStep Functionsを実行する" by Tatsuhiro Hori, AlphaDrive Advent
Calendar 2023, on Qiita. Its other documents need no correction: `documents.py` has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import Template
from typing import Final

from xsfn_helpers.chain.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Article:
    """The two permissions policies of the article that the notebooks try and correct, as text. Pure."""

    scenario: Scenario

    @property
    def execute_role_permissions(self) -> str:
        """Stage 1: StartExecution alone, although the task of stage 3 follows what it started."""
        return _EXECUTE_ROLE_PERMISSIONS.substitute(subject_machine=self.scenario.subject_machine_arn)

    @property
    def operator_role_permissions(self) -> str:
        """Stage 2, as printed: no JSON, since the list isn't closed; the execute role under another name than in the
        task of stage 3; and a StartExecution that no request of the chain needs.
        """
        role = self.scenario.execute_role_arn.removesuffix(self.scenario.execute_role_name) + self.other_role_name
        return _OPERATOR_ROLE_PERMISSIONS.substitute(
            subject_machine=self.scenario.subject_machine_arn, execute_role=role
        )

    @property
    def other_role_name(self) -> str:
        """What stage 2 calls the role that stage 3 calls `subject-statemachine-execute-role`."""
        return "execute-subject-statemachine-role"


_EXECUTE_ROLE_PERMISSIONS: Final = Template("""\
{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "ExecuteSubjectStateMachine",
            "Effect": "Allow",
            "Action": "states:StartExecution",
            "Resource": [
                "${subject_machine}"
            ]
        }
    ]
}""")

_OPERATOR_ROLE_PERMISSIONS: Final = Template("""\
{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Action": "states:StartExecution",
            "Resource": "${subject_machine}",
            "Effect": "Allow"
        },
        {
            "Action": "sts:AssumeRole",
            "Resource": "${execute_role}",
            "Effect": "Allow"
        },
}""")
