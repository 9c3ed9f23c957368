"""What judging needs to know of the accounts: which principals are there, and which role a task would assume."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from xsfn_helpers import Lab
from xsfn_helpers.asl.credentials import Option
from xsfn_helpers.common.errors import ConfigError, StepError
from xsfn_helpers.deployment.snapshot import read_snapshot
from xsfn_helpers.deployment.what_if import as_texts, is_there, principals_in, suppose

pytestmark = pytest.mark.usefixtures("no_http")


def there(lab: Lab, principal: str) -> bool:
    return is_there(lab.environment, read_snapshot(lab.environment), principal)


def everything(lab: Lab) -> Any:
    """All that the accounts hold of the lab's things, as boto3 tells it."""
    scenario = lab.scenario
    subject, operator = lab.subject.client("iam"), lab.operator.client("iam")
    states = lab.operator.client("stepfunctions")
    return json.dumps(
        [
            subject.get_account_authorization_details()["RoleDetailList"],
            operator.get_account_authorization_details()["RoleDetailList"],
            states.describe_state_machine(stateMachineArn=scenario.operator_machine_arn)["definition"],
        ],
        default=str,
        sort_keys=True,
    )


class TestPrincipals:
    @pytest.mark.parametrize(
        "arn",
        [
            lambda lab: lab.scenario.operator_role_arn,
            lambda lab: lab.scenario.subject_role_arn,
            lambda lab: f"arn:aws:sts::111111111111:assumed-role/{lab.scenario.operator_role_name}/session",
            lambda lab: lab.operator.client("iam").get_role(RoleName=lab.scenario.operator_role_name)["Role"]["RoleId"],
            lambda lab: lab.operator.client("sts").get_caller_identity()["Arn"],
        ],
        ids=["role", "role of the other account", "role session", "role id", "user"],
    )
    def test_what_is_there_is_found(self, standing_lab: Lab, arn: Callable[[Lab], str]) -> None:
        assert there(standing_lab, arn(standing_lab))

    @pytest.mark.parametrize(
        "principal",
        [
            "arn:aws:iam::111111111111:role/nobody",
            "arn:aws:iam::222222222222:user/nobody",
            "arn:aws:sts::111111111111:assumed-role/nobody/session",
            "AROA1234567890ABCDEF",
            "AIDA1234567890ABCDEF",
        ],
    )
    def test_what_is_not_there_is_not_found(self, standing_lab: Lab, principal: str) -> None:
        assert not there(standing_lab, principal)

    def test_a_role_under_another_path_is_another_role(self, standing_lab: Lab) -> None:
        arn = standing_lab.scenario.operator_role_arn

        assert not there(standing_lab, arn.replace(":role/", ":role/path/"))

    @pytest.mark.parametrize("principal", ["*", "111111111111", "arn:aws:iam::333333333333:role/x", "nonsense", ""])
    def test_what_can_not_be_looked_up_is_taken_for_there(self, standing_lab: Lab, principal: str) -> None:
        assert there(standing_lab, principal)

    @pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", "[" * 100_000, '{"Statement": 3}'])
    def test_a_text_that_is_no_policy_names_nobody(self, text: str) -> None:
        assert principals_in(text) == frozenset()


class TestWhatIf:
    def test_it_writes_nothing(self, standing_lab: Lab) -> None:
        before = everything(standing_lab)

        report = standing_lab.what_if(
            execute_role_trust=standing_lab.blueprint.execute_role_trust.replace("Allow", "Deny"),
            operator_definition=standing_lab.blueprint.operator_definition.replace(".sync:2", ""),
        )

        assert 2 in report.broken
        assert everything(standing_lab) == before

    def test_a_principal_that_is_not_there_is_refused_as_iam_does(self, standing_lab: Lab) -> None:
        """The same text, judged and saved: both say the same."""
        text = standing_lab.blueprint.execute_role_trust.replace("-operator-role", "-nobody")
        iam, name = standing_lab.subject.client("iam"), standing_lab.scenario.execute_role_name

        report = standing_lab.what_if(execute_role_trust=text)

        assert "MalformedPolicyDocument: Invalid principal in policy" in report.text
        with pytest.raises(iam.exceptions.MalformedPolicyDocumentException, match="Invalid principal in policy"):
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=text)

    def test_a_trust_that_remembers_a_deleted_role_says_so_and_how_to_mend_it(self, standing_lab: Lab) -> None:
        standing_lab.stage(3).undo()
        iam, name = standing_lab.operator.client("iam"), standing_lab.scenario.operator_role_name
        standing_lab.stage(2).undo()
        iam.delete_role(RoleName=name)
        standing_lab.prepare()
        stored = read_snapshot(standing_lab.environment)
        trust = next(role for role in stored.roles.values() if role and role.name.endswith("execute-role")).trust

        report = standing_lab.what_if(execute_role_trust=trust)

        assert "It is the id of a role that was deleted." in report.text
        assert "Write the ARN of the role that is there now." in report.text

    def test_names_may_be_spelled_as_one_says_them(self) -> None:
        assert as_texts({"execute-role trust": {}}) == {"execute_role_trust": "{}"}

    def test_a_name_there_is_no_document_of_is_told_with_those_there_are(self, lab: Lab) -> None:
        with pytest.raises(ConfigError, match=r"There are: .*execute role trust"):
            lab.what_if(trust="{}")

    def test_an_account_that_may_not_be_read_is_told_in_awss_words(self, standing_lab: Lab) -> None:
        iam = standing_lab.subject.client("iam")
        user = standing_lab.subject.client("sts").get_caller_identity()["Arn"].rpartition("/")[2]
        no_reading = {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Deny", "Action": "iam:GetRole", "Resource": "*"},
        }
        iam.put_user_policy(UserName=user, PolicyName="no-reading", PolicyDocument=json.dumps(no_reading))
        try:
            with pytest.raises(StepError, match="AWS answered GetRole with AccessDenied:"):
                standing_lab.what_if(execute_role_permissions="{}")
        finally:
            iam.delete_user_policy(UserName=user, PolicyName="no-reading")


class TestTakenRole:
    def taken(self, lab: Lab, definition: str) -> Any:
        return suppose(lab.environment, read_snapshot(lab.environment), {"operator_definition": definition}).taken

    def test_the_task_that_starts_the_subject_decides(self, standing_lab: Lab) -> None:
        document = json.loads(standing_lab.blueprint.operator_definition)
        (name,) = document["States"]
        other = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Next": name}
        document["States"] = {"First": other, **document["States"]}
        document["StartAt"] = "First"

        found = self.taken(standing_lab, json.dumps(document))

        assert found.choice.option is Option.ARN
        assert found.role.name == standing_lab.scenario.execute_role_name

    @pytest.mark.parametrize(
        ("arn", "words"),
        [
            ("arn:aws:iam::222222222222:role/nobody", "There is no role nobody in the Subject account 222222222222."),
            ("arn:aws:iam::333333333333:role/x", "Account 333333333333 is none of the two"),
            ("nonsense", "'nonsense' is no ARN of a role."),
        ],
    )
    def test_a_role_that_is_not_there_is_told(self, standing_lab: Lab, arn: str, words: str) -> None:
        text = standing_lab.blueprint.operator_definition.replace(standing_lab.scenario.execute_role_arn, arn)
        found = self.taken(standing_lab, text)

        assert found.role is None
        assert found.words.startswith(words)

    def test_a_definition_without_tasks_takes_on_nobody(self, standing_lab: Lab) -> None:
        assert self.taken(standing_lab, '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}') is None
