"""Correct setups: no link is called broken, and the run succeeds indeed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.deployment.diagnose.bench import diagnose, run
from tests.deployment.diagnose.correct import CORRECT, recommended, wildcards
from tests.deployment.diagnose.setups import TASK, allow, policy, trust
from tests.sandbox.world import World
from xsfn_helpers.chain import documents
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.deployment.diagnose import Conclusion
from xsfn_helpers.deployment.practice.edits import edited, with_statement

pytestmark = pytest.mark.usefixtures("no_http")


@pytest.mark.parametrize("build", CORRECT, ids=lambda build: build.__name__)
def test_nothing_is_called_broken_in_what_works(world: World, build: Callable[[World], None]) -> None:
    build(world)

    found = diagnose(world)
    ended = run(world, world.scenario.operator_machine_arn)

    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert found.verdict is Conclusion.FINE, str(found)
    assert found.fixes == ()
    assert found.tasks


def test_the_recommended_set_up_has_no_risks(world: World) -> None:
    recommended(world)

    found = diagnose(world)

    assert found.risks == ()
    assert [one.policy for one in found.least] == [
        documents.operator_role_permissions(world.scenario) | {"Statement": [_bare(world, 0)]},
        found.least[1].policy,
    ]


def _bare(world: World, index: int) -> dict[str, object]:
    statement = documents.operator_role_permissions(world.scenario)["Statement"][index]
    return {key: value for key, value in statement.items() if key != "Sid"}


def test_the_smallest_policies_are_enough(world: World) -> None:
    """What is told as least privilege, put in the place of what is there, lets the run succeed without a risk."""
    wildcards(world)
    least = {one.role_arn: one.policy for one in diagnose(world).least}
    world_again = World.fresh(world.sandbox, pinned=True)
    rename = {
        getattr(world.scenario, name): getattr(world_again.scenario, name)
        for name in ("operator_machine_name", "subject_machine_name", "execute_role_name")
    }

    def renamed(arn: str) -> dict[str, object]:
        text = json_text(least[arn])
        for old, new in rename.items():
            text = text.replace(f"{old}:", f"{new}:").replace(f'{old}"', f'{new}"')
        return dict(json.loads(text))

    world_again.build(
        operator_permissions=renamed(world.scenario.operator_role_arn),
        execute_permissions=renamed(world.scenario.execute_role_arn),
    )

    assert run(world_again, world_again.scenario.operator_machine_arn)["status"] == "SUCCEEDED"
    assert diagnose(world_again).risks == ()


def _risks(world: World) -> set[str]:
    return {risk.id for risk in diagnose(world).risks}


def test_a_missing_external_id_is_a_risk(world: World) -> None:
    world.build(execute_trust=trust(world, {"Condition": None}))

    assert "missing-external-id" in _risks(world)


def test_an_external_id_under_for_all_values_is_a_risk(world: World) -> None:
    condition = {"ForAllValues:StringEquals": {"sts:ExternalId": world.scenario.external_id}}
    world.build(execute_trust=trust(world, {"Condition": condition}))

    assert {"missing-external-id", "for-all-values-in-allow"} <= _risks(world)


def test_an_external_id_of_any_machine_is_a_risk(world: World) -> None:
    like = {"StringLike": {"sts:ExternalId": "arn:aws:states:*:111111111111:stateMachine:*"}}
    world.build(execute_trust=trust(world, {"Condition": like}))

    assert _risks(world) == {"loose-external-id"}


def test_a_grant_that_no_task_uses_is_a_risk(world: World) -> None:
    """As the article has it: the Operator role may start the Subject machine, which it never does."""
    start = allow("states:StartExecution", world.scenario.subject_machine_arn)
    world.build(operator_permissions=with_statement(documents.operator_role_permissions(world.scenario), start))

    found = diagnose(world)

    assert [(risk.id, risk.account) for risk in found.risks] == [("superfluous-grant", "111111111111")]
    assert "states:StartExecution" in found.risks[0].message


def test_wildcards_are_risks(world: World) -> None:
    world.build(
        execute_permissions=policy(allow("states:*", "*")),
        execute_trust=edited(
            documents.execute_role_trust(world.scenario),
            {"Statement/0/Principal": {"AWS": "*"}},
        ),
    )

    assert {"wildcard-action", "wildcard-resource", "everyone-allowed"} <= _risks(world)


def test_a_callback_to_another_account_is_a_risk(world: World) -> None:
    definition = edited(
        documents.operator_definition(world.scenario),
        {
            f"{TASK}/Resource": "arn:aws:states:::states:startExecution.waitForTaskToken",
            f"{TASK}/Parameters/Input": {"token.$": "$$.Task.Token"},
        },
    )
    world.build(operator_definition=definition)

    assert "callback-across-accounts" in _risks(world)
