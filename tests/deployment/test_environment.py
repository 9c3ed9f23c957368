"""One look at the accounts: what is read once, and what is read anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from xsfn_helpers import Lab
from xsfn_helpers.chain.scenario import Side

pytestmark = pytest.mark.usefixtures("no_http")


@contextmanager
def calls_of(lab: Lab) -> Iterator[Counter[str]]:
    """Counts the calls that the lab's clients make to IAM and Step Functions, by operation."""
    counted: Counter[str] = Counter()

    def count(model: Any, **_: Any) -> None:
        counted[model.name] += 1

    clients: list[Any] = [
        lab.environment.accounts.client(side, service) for side in Side for service in ("iam", "stepfunctions")
    ]
    for client in clients:
        client.meta.events.register("before-call", count)
    try:
        yield counted
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", count)


def test_a_check_reads_each_role_and_machine_once(standing_lab: Lab) -> None:
    with calls_of(standing_lab) as calls:
        assert standing_lab.check(live=False).ok

    assert (calls["GetAccountAuthorizationDetails"], calls["GetRole"], calls["DescribeStateMachine"]) == (2, 0, 2)


def test_one_look_stays_as_it_was_and_the_next_is_new(standing_lab: Lab) -> None:
    scenario, environment = standing_lab.scenario, standing_lab.environment
    look = environment.at_one_look()
    before = (
        look.role(Side.OPERATOR, scenario.operator_role_name),
        look.machine(Side.OPERATOR, scenario.operator_machine_arn),
    )
    standing_lab.set_stage(1)

    assert None not in before
    assert look.role(Side.OPERATOR, scenario.operator_role_name) is before[0]
    assert look.machine(Side.OPERATOR, scenario.operator_machine_arn) is before[1]
    now = environment.role(Side.OPERATOR, scenario.operator_role_name)
    assert now is not None
    assert now.inline == {}
    assert environment.at_one_look().machine(Side.OPERATOR, scenario.operator_machine_arn) is None


def test_what_isnt_there_is_asked_for_once_too(lab: Lab) -> None:
    look = lab.environment.at_one_look()
    with calls_of(lab) as calls:
        found = [look.role(Side.SUBJECT, lab.scenario.execute_role_name) for _ in range(3)]

    assert found == [None] * 3
    assert (calls["GetAccountAuthorizationDetails"], calls["GetRole"]) == (1, 0)


def test_applying_what_stands_only_reads(standing_lab: Lab) -> None:
    with calls_of(standing_lab) as calls:
        plan = standing_lab.stage(1).apply()

    assert all(change.action.is_there for change in plan)
    assert {name for name in calls if not name.startswith(("Get", "List"))} == set()
    assert calls["GetRole"] == 1, "once for the role and its policy"
