"""What is read out of definitions and histories, in Japanese."""

from __future__ import annotations

import pytest

from tests.language.prose import english_in
from xsfn_helpers.asl.credentials import CredentialsChoice, Option, tasks, with_choice
from xsfn_helpers.asl.history import Progress, Reached
from xsfn_helpers.asl.states import TaskRole, condition
from xsfn_helpers.asl.validation import find_faults
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import speaking

TASK = (
    '{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true}}}'
)


def test_a_fault_has_its_place_and_the_words_of_aws() -> None:
    with speaking("ja"):
        (fault,) = find_faults('{"StartAt": "A", "States": {"A": {"Type": "Pass"}}}')
        assert str(fault).startswith("1 行 29 列: SCHEMA_VALIDATION_FAILED: ")
        (unreadable,) = find_faults('{"StartAt": "A",}')
    assert unreadable.message.startswith("Unexpected character")
    assert unreadable.detail.endswith("直前のカンマが余分です。")


def test_what_became_of_a_state() -> None:
    with speaking("ja"):
        assert str(Reached(Progress.SUCCEEDED, {Progress.SUCCEEDED: 1})) == "成功"
        several = Reached(Progress.FAILED, {Progress.FAILED: 1, Progress.SUCCEEDED: 2})
        assert str(several) == "失敗 (3 回中 1 回)"


def test_a_choice_is_read_out() -> None:
    rule = {
        "And": [
            {"Variable": "$.a", "IsNumeric": True},
            {"Or": [{"Variable": "$.b", "NumericLessThan": 3}, {"Variable": "$.c", "StringMatches": "x*"}]},
        ]
    }
    with speaking("ja"):
        assert condition(rule) == '$.a は 数値 かつ ($.b < 3 または $.c が "x*" に一致)'


def test_a_role_known_at_run_time() -> None:
    with speaking("ja"):
        assert str(TaskRole("$.role", at_run_time=True)) == "ロールは実行時に $.role から決まる"


def test_a_choice_that_step_functions_would_refuse() -> None:
    (task,) = tasks(TASK)
    with speaking("ja"), pytest.raises(ConfigError) as told:
        with_choice(TASK, task, CredentialsChoice(Option.RUN_TIME, "role"))
    assert not english_in(str(told.value))
