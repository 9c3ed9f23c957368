"""Saving one policy: in its place, for real, and nothing besides."""

from __future__ import annotations

import json
from typing import Any

import pytest

from xsfn_helpers import Lab
from xsfn_helpers.chain.document_places import POLICY_PLACES, document_name, role_as_made
from xsfn_helpers.common.errors import StepError
from xsfn_helpers.deployment.stored_documents import save_policy
from xsfn_helpers.iam import PolicyError

pytestmark = pytest.mark.usefixtures("no_http")

ANY = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}}


def roles(lab: Lab) -> dict[str, Any]:
    """Every role of the scenario as boto3 tells it, by name."""
    clients = (lab.operator.client("iam"), lab.subject.client("iam"))
    found = [one for client in clients for one in client.get_account_authorization_details()["RoleDetailList"]]
    mine = {
        lab.scenario.operator_role_name,
        lab.scenario.execute_role_name,
        lab.scenario.subject_role_name,
    }
    return {
        one["RoleName"]: {"trust": one["AssumeRolePolicyDocument"], "inline": one["RolePolicyList"]}
        for one in found
        if one["RoleName"] in mine
    }


@pytest.mark.parametrize("name", POLICY_PLACES)
def test_each_document_is_saved_in_its_place_and_nothing_else_changes(standing_lab: Lab, name: str) -> None:
    place = POLICY_PLACES[name]
    before, recommended = roles(standing_lab), json.loads(standing_lab.blueprint.text(name))
    changed = json.loads(json.dumps(recommended).replace('"Allow"', '"Deny"'))

    said = save_policy(standing_lab.deployment, place, json.dumps(changed))

    role = place.role_name(standing_lab.scenario)
    after = roles(standing_lab)
    assert {other: after[other] for other in after if other != role} == {
        other: before[other] for other in before if other != role
    }
    if place.policy:
        (inline,) = after[role]["inline"]
        assert inline == {"PolicyName": place.policy, "PolicyDocument": changed}
        assert after[role]["trust"] == before[role]["trust"]
    else:
        assert after[role]["trust"] == changed
        assert after[role]["inline"] == before[role]["inline"]
    assert said == f"Saved in the {standing_lab.scenario.account(place.side)}: the {place.title}."


def test_where_the_role_is_not_made_its_stage_is_applied_with_it(lab: Lab) -> None:
    lab.set_stage(0)
    text = lab.blueprint.execute_role_permissions.replace('"states:StopExecution"', '"states:ListExecutions"')

    said = save_policy(lab.deployment, POLICY_PLACES["execute_role_permissions"], text)

    (inline,) = roles(lab)[lab.scenario.execute_role_name]["inline"]
    assert inline["PolicyDocument"] == json.loads(text)
    assert said.endswith("applied with this document.")


def test_what_aws_refuses_changes_nothing(standing_lab: Lab) -> None:
    before = roles(standing_lab)

    with pytest.raises((PolicyError, StepError)):
        save_policy(standing_lab.deployment, POLICY_PLACES["execute_role_trust"], "{")

    assert roles(standing_lab) == before


def test_somebody_elses_role_of_that_name_is_left_alone(lab: Lab) -> None:
    lab.set_stage(0)
    iam, name = lab.subject.client("iam"), lab.scenario.execute_role_name
    trust = json.loads(lab.blueprint.execute_role_trust)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    try:
        with pytest.raises(StepError, match="already a role"):
            save_policy(lab.deployment, POLICY_PLACES["execute_role_trust"], json.dumps(trust).replace("Allow", "Deny"))

        assert iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"] == trust
    finally:
        iam.delete_role(RoleName=name)


@pytest.mark.parametrize(
    "spelling", ["execute-role trust", "Execute Role Trust", "execute_role_trust", " execute role-trust "]
)
def test_a_document_is_known_however_its_name_is_spelled(spelling: str) -> None:
    assert document_name(spelling) == "execute_role_trust"


@pytest.mark.parametrize("name", POLICY_PLACES)
def test_a_role_as_made_holds_each_document_where_it_is_read_again(lab: Lab, name: str) -> None:
    place, text = POLICY_PLACES[name], lab.blueprint.text(name)

    role = place.put(role_as_made(lab.scenario, lab.blueprint, place.node), text)

    assert place.stored_text(role) == text
    assert place.stored_text(None) is None
