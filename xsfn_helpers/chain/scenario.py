"""Who is who: two accounts, three roles, two state machines. Names and ids in, every ARN out.

Pure: no AWS call is made here. Every value is checked against AWS's own rules when the
`Scenario` is made, so that a wrong name is told before anything is created.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from xsfn_helpers.common.aws_names import check_role_name, check_state_machine_name, check_two_accounts
from xsfn_helpers.common.errors import InvalidScenario
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.regions import partition_of


class Side(StrEnum):
    """The two accounts of the article: the one that starts, and the one that is started."""

    OPERATOR = "operator"
    SUBJECT = "subject"


@dataclass(frozen=True, slots=True)
class Account:
    """One AWS account: which side it plays and its 12-digit id."""

    side: Side
    id: str

    def __str__(self) -> str:
        return tr("{side} account {id}", side=self.side.value.capitalize(), id=self.id)


@dataclass(frozen=True, slots=True)
class Scenario:
    """The names of one cross-account setup; the defaults are the article's.

    Raises `InvalidScenario` for a value that AWS would deny, and for a state machine name
    that AWS accepts but that can't travel as an external ID.
    """

    operator_account_id: str = "111111111111"
    subject_account_id: str = "222222222222"
    region: str = "ap-northeast-1"
    operator_machine_name: str = "operator-statemachine"
    operator_role_name: str = "operator-statemachine-iam-role"
    subject_machine_name: str = "subject-statemachine"
    subject_role_name: str = "subject-statemachine-iam-role"
    execute_role_name: str = "subject-statemachine-execute-role"

    def __post_init__(self) -> None:
        check_two_accounts(self.operator_account_id, self.subject_account_id)
        partition_of(self.region)
        for field in ("operator_machine_name", "subject_machine_name"):
            check_state_machine_name(getattr(self, field), where=field.replace("_", " "))
        for field in ("operator_role_name", "subject_role_name", "execute_role_name"):
            check_role_name(getattr(self, field), where=field.replace("_", " "))
        # IAM compares role names without regard to case within an account.
        if self.subject_role_name.lower() == self.execute_role_name.lower():
            raise InvalidScenario(
                tr(
                    "The Subject role and the execute role are both {execute_role_name!r}.",
                    execute_role_name=self.execute_role_name,
                ),
                where="role names",
                fix=tr("They live in the same account and do different jobs: give each its own name."),
            )

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn`, `aws-us-gov` …, from the region."""
        return partition_of(self.region)

    @property
    def operator(self) -> Account:
        return Account(Side.OPERATOR, self.operator_account_id)

    @property
    def subject(self) -> Account:
        return Account(Side.SUBJECT, self.subject_account_id)

    def account(self, side: Side) -> Account:
        return self.operator if side is Side.OPERATOR else self.subject

    @property
    def operator_role_arn(self) -> str:
        return self._role_arn(self.operator_account_id, self.operator_role_name)

    @property
    def subject_role_arn(self) -> str:
        return self._role_arn(self.subject_account_id, self.subject_role_name)

    @property
    def execute_role_arn(self) -> str:
        return self._role_arn(self.subject_account_id, self.execute_role_name)

    @property
    def operator_machine_arn(self) -> str:
        return self._states_arn(self.operator_account_id, f"stateMachine:{self.operator_machine_name}")

    @property
    def subject_machine_arn(self) -> str:
        return self._states_arn(self.subject_account_id, f"stateMachine:{self.subject_machine_name}")

    @property
    def subject_executions_arn(self) -> str:
        """Every execution of the Subject machine: what DescribeExecution and StopExecution are allowed on."""
        return self._states_arn(self.subject_account_id, f"execution:{self.subject_machine_name}:*")

    @property
    def external_id(self) -> str:
        """What Step Functions passes as `sts:ExternalId`: the Operator state machine's ARN.

        Source: docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
        """
        return self.operator_machine_arn

    def _role_arn(self, account_id: str, name: str) -> str:
        return f"arn:{self.partition}:iam::{account_id}:role/{name}"

    def _states_arn(self, account_id: str, resource: str) -> str:
        return f"arn:{self.partition}:states:{self.region}:{account_id}:{resource}"
