"""Names and ids: what AWS takes is taken, what AWS or the chain denies is denied before anything is made."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, replace
from functools import cache
from typing import Any

import pytest
from botocore.loaders import Loader
from hypothesis import given
from hypothesis import strategies as st

from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.common.aws_names import check_account_id, check_role_name, check_state_machine_name
from xsfn_helpers.common.errors import InvalidScenario

MACHINE_FIELDS = ("operator_machine_name", "subject_machine_name")
ROLE_FIELDS = ("operator_role_name", "subject_role_name", "execute_role_name")
ACCOUNT_FIELDS = ("operator_account_id", "subject_account_id")
# CreateStateMachine's own list of what a name must not have.
FORBIDDEN = [*'<>{}[]?*"#%\\^|~`$&,;:/ \t\n\r', "\u3000", "\x00", "\x1f", "\x7f", "\x9f", "\ufffe", "\uffff", "\ud800"]


@cache
def shape(service: str, name: str) -> dict[str, Any]:
    """A shape of AWS's own service model, as botocore ships it."""
    found: dict[str, Any] = Loader().load_service_model(service, "service-2")["shapes"][name]
    return found


def accepts(model: dict[str, Any], value: str) -> bool:
    """Whether a value keeps the model's pattern and lengths; `\\w` is ASCII there."""
    fits = re.fullmatch(model.get("pattern", ".*"), value, re.ASCII) is not None
    return fits and model["min"] <= len(value) <= model["max"]


def refused(**changes: object) -> str:
    """What the reader sees when these values are given."""
    with pytest.raises(InvalidScenario) as refusal:
        Scenario(**changes)  # type: ignore[arg-type]
    return str(refusal.value)


class TestTheArticle:
    """The defaults are the article's names, in two accounts."""

    def test_arns(self) -> None:
        scenario = Scenario()

        assert scenario.operator_machine_arn == (
            "arn:aws:states:ap-northeast-1:111111111111:stateMachine:operator-statemachine"
        )
        assert scenario.subject_machine_arn == (
            "arn:aws:states:ap-northeast-1:222222222222:stateMachine:subject-statemachine"
        )
        assert scenario.subject_executions_arn == (
            "arn:aws:states:ap-northeast-1:222222222222:execution:subject-statemachine:*"
        )
        assert scenario.operator_role_arn == "arn:aws:iam::111111111111:role/operator-statemachine-iam-role"
        assert scenario.subject_role_arn == "arn:aws:iam::222222222222:role/subject-statemachine-iam-role"
        assert scenario.execute_role_arn == "arn:aws:iam::222222222222:role/subject-statemachine-execute-role"

    def test_the_external_id_is_the_operator_machines_arn(self) -> None:
        assert Scenario().external_id == Scenario().operator_machine_arn

    def test_each_side_has_its_account(self) -> None:
        scenario = Scenario()

        assert scenario.account(Side.OPERATOR) == scenario.operator
        assert scenario.account(Side.SUBJECT) == scenario.subject
        assert str(scenario.operator) == "Operator account 111111111111"
        assert str(scenario.subject) == "Subject account 222222222222"

    def test_a_scenario_never_changes_but_gives_variants(self) -> None:
        scenario = Scenario()
        field = "region"

        with pytest.raises(FrozenInstanceError):
            setattr(scenario, field, "us-east-1")

        assert replace(scenario, region="us-east-1").operator_machine_arn.startswith("arn:aws:states:us-east-1:")

    @pytest.mark.parametrize(
        ("region", "partition"), [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("eu-west-1", "aws")]
    )
    def test_every_arn_is_in_the_regions_partition(self, region: str, partition: str) -> None:
        scenario = Scenario(region=region)

        arns = [scenario.operator_role_arn, scenario.execute_role_arn, scenario.external_id]

        assert scenario.partition == partition
        assert [arn.split(":")[1] for arn in arns] == [partition] * 3


class TestAccountIds:
    @pytest.mark.parametrize("field", ACCOUNT_FIELDS)
    @pytest.mark.parametrize("value", ["000000000000", "999999999999"])
    def test_any_twelve_digits_will_do(self, field: str, value: str) -> None:
        assert getattr(Scenario(**{field: value}), field) == value

    @pytest.mark.parametrize("field", ACCOUNT_FIELDS)
    @pytest.mark.parametrize(("value", "count"), [("1" * 11, 11), ("1" * 13, 13)])
    def test_one_digit_too_few_or_too_many_is_counted(self, field: str, value: str, count: int) -> None:
        message = refused(**{field: value})

        assert message.startswith(
            f"{field.replace('_id', ' ID').replace('_', ' ')}: '{value}' ({count} digits) is not an AWS account ID."
        )
        assert "exactly 12 digits" in message

    @pytest.mark.parametrize("value", ["", "1111-1111-1111", "11111111111a", "111111111111\n", "１" * 12, "٣" * 12])
    def test_only_the_digits_0_to_9_count(self, value: str) -> None:
        assert "is not an AWS account ID" in refused(operator_account_id=value)

    @pytest.mark.parametrize("value", [111111111111, None, b"111111111111"], ids=repr)
    def test_a_number_is_not_an_id(self, value: object) -> None:
        """012345678901 written as a number would lose its zero."""
        assert "a text of exactly 12 digits" in refused(subject_account_id=value)

    def test_the_same_account_twice_is_refused(self) -> None:
        message = refused(operator_account_id="333333333333", subject_account_id="333333333333")

        assert message == (
            "account IDs: Operator and Subject are both 333333333333. "
            "A cross-account run needs two different accounts: change one of the two ids."
        )

    @given(st.text())
    def test_any_text_is_judged_as_the_service_model_does(self, value: str) -> None:
        # iam's and sts's account IDs have no pattern in the model; Organizations writes it down.
        expected = accepts({"pattern": "[0-9]{12}", "min": 12, "max": 12}, value)

        assert is_taken(check_account_id, value) is expected


class TestRegion:
    def test_an_unknown_region_is_refused(self) -> None:
        assert refused(region="ap-tokyo-1").startswith("region: 'ap-tokyo-1' is not a region with Step Functions.")


class TestRoleNames:
    @pytest.mark.parametrize("field", ROLE_FIELDS)
    def test_64_characters_are_the_most(self, field: str) -> None:
        assert getattr(Scenario(**{field: "r" * 64}), field) == "r" * 64
        assert f"'{'r' * 65}' (65 characters) is not a role name" in refused(**{field: "r" * 65})

    @pytest.mark.parametrize("field", ROLE_FIELDS)
    def test_the_shortest_is_one_character(self, field: str) -> None:
        assert getattr(Scenario(**{field: "r"}), field) == "r"
        assert "'' is not a role name" in refused(**{field: ""})

    @pytest.mark.parametrize("value", ["a b", "a/b", "a:b", "a!", "rôle", "役割", "a*", "role\n", None, 7])
    def test_other_characters_are_refused_with_the_rule(self, value: object) -> None:
        message = refused(execute_role_name=value)

        assert message.startswith(f"execute role name: {value!r} is not a role name.")
        assert "1 to 64 of A-Z a-z 0-9 _ + = , . @ -" in message

    @given(st.text(st.sampled_from("aZ0_+=,.@-!/: é"), max_size=66) | st.text())
    def test_any_text_is_judged_as_iams_service_model_does(self, value: str) -> None:
        assert is_taken(check_role_name, value) is accepts(shape("iam", "roleNameType"), value)

    def test_two_roles_of_one_account_need_two_names(self) -> None:
        message = refused(subject_role_name="Run-It", execute_role_name="run-it")

        assert message.startswith("role names: The Subject role and the execute role are both 'run-it'.")

    def test_roles_of_different_accounts_may_share_a_name(self) -> None:
        scenario = Scenario(operator_role_name="run-it", execute_role_name="run-it")

        assert scenario.operator_role_arn != scenario.execute_role_arn


class TestStateMachineNames:
    @pytest.mark.parametrize("field", MACHINE_FIELDS)
    def test_80_characters_are_the_most(self, field: str) -> None:
        assert getattr(Scenario(**{field: "m" * 80}), field) == "m" * 80
        assert "(81 characters) is not a state machine name. Step Functions takes 1 to 80" in refused(
            **{field: "m" * 81}
        )

    def test_an_empty_name_is_refused(self) -> None:
        assert "(0 characters) is not a state machine name" in refused(subject_machine_name="")

    @pytest.mark.parametrize("value", [None, 7, ["m"]])
    def test_what_is_not_text_is_refused(self, value: object) -> None:
        assert f"{value!r} is not a state machine name" in refused(operator_machine_name=value)

    @pytest.mark.parametrize("field", MACHINE_FIELDS)
    @pytest.mark.parametrize("bad", FORBIDDEN, ids=ascii)
    def test_what_step_functions_forbids_is_refused_as_such(self, field: str, bad: str) -> None:
        message = refused(**{field: f"run{bad}it"})

        assert message.startswith(f"{field.replace('_', ' ')}: ")
        assert f"has {bad!r}, which Step Functions doesn't allow in a name." in message

    @pytest.mark.parametrize("field", MACHINE_FIELDS)
    @pytest.mark.parametrize("bad", [*"!'()", "é", "実", "ａ", "😀", "٣"])
    def test_what_only_sts_refuses_is_told_apart(self, field: str, bad: str) -> None:
        """Legal in a name, but the name travels in `sts:ExternalId`, and the chain would break at link 2."""
        message = refused(**{field: f"run{bad}it"})

        assert f"has {bad!r}: legal in Step Functions, but it breaks the chain" in message
        assert "sts:ExternalId" in message
        assert "Use A-Z a-z 0-9 _ + = . @ -." in message

    def test_every_character_that_both_take_is_taken(self) -> None:
        name = "ABCXYZ.abcxyz@0189_+=-"

        assert Scenario(operator_machine_name=name).external_id.endswith(f":{name}")

    @given(st.text(st.sampled_from("aZ0_+=,.@-!'()/: é"), max_size=82) | st.text())
    def test_a_name_is_taken_just_when_both_services_take_it(self, name: str) -> None:
        external_id = f"arn:aws:states:ap-northeast-1:111111111111:stateMachine:{name}"
        both = (
            accepts(shape("stepfunctions", "Name"), name)
            and not any(bad in name for bad in FORBIDDEN)
            and accepts(shape("sts", "externalIdType"), external_id)
        )

        assert is_taken(check_state_machine_name, name) is both


def is_taken(check: Any, value: str) -> bool:
    try:
        check(value, where="name")
    except InvalidScenario:
        return False
    return True
