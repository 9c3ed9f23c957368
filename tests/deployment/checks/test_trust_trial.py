"""AssumeRole tried out: engine and real call agree on every question, and nothing stays behind."""

from __future__ import annotations

from typing import Any

import pytest

from xsfn_helpers import Lab, Side, XsfnError
from xsfn_helpers.deployment.checks.probes import PREFIX

pytestmark = pytest.mark.usefixtures("no_http")

BLUE = {"StringEquals": {"sts:ExternalId": "blue"}}
# (what is asked, principal of the trust policy, the rest of the question, is it allowed)
QUESTIONS: list[tuple[str, str, dict[str, Any], bool]] = [
    ("both sides", "caller_role_arn", {}, True),
    ("no permission", "caller_role_arn", {"permission": False}, False),
    ("this session", "session_arn", {}, True),
    ("the account, with permission", "account_arn", {}, True),
    ("the account, without", "account_arn", {"permission": False}, False),
    ("right external ID", "caller_role_arn", {"condition": BLUE, "external_id": "blue"}, True),
    ("other case", "caller_role_arn", {"condition": BLUE, "external_id": "Blue"}, False),
    ("missing external ID", "caller_role_arn", {"condition": BLUE}, False),
    ("IfExists", "caller_role_arn", {"condition": {"StringEqualsIfExists": BLUE["StringEquals"]}}, True),
    ("ForAllValues", "caller_role_arn", {"condition": {"ForAllValues:StringEquals": BLUE["StringEquals"]}}, True),
    ("a Deny of a missing key", "caller_role_arn", {"deny": {"StringNotEquals": BLUE["StringEquals"]}}, False),
]


@pytest.mark.parametrize(("principal", "rest", "allowed"), [q[1:] for q in QUESTIONS], ids=[q[0] for q in QUESTIONS])
def test_engine_and_call_agree(lab: Lab, principal: str, rest: dict[str, Any], allowed: bool) -> None:
    trial = lab.trust_trial()

    answer = trial.try_policy(getattr(trial, principal), **rest)

    assert (answer.decision.allowed, answer.aws.allowed, answer.agree) == (allowed, allowed, True)
    assert str(answer).endswith("✓ The evaluation and the real call have the same result.")


def test_another_session_of_the_trusted_role_is_refused(lab: Lab) -> None:
    trial = lab.trust_trial()

    answer = trial.try_policy(trial.session_arn.replace("curious", "somebody-else"))

    assert (answer.decision.allowed, answer.aws.allowed) == (False, False)


@pytest.mark.parametrize(("principal", "allowed"), [("caller_role_arn", True), ("account_arn", False)])
def test_within_one_account_a_trust_that_names_the_role_is_enough(lab: Lab, principal: str, allowed: bool) -> None:
    trial = lab.trust_trial(Side.SUBJECT)

    answer = trial.try_policy(getattr(trial, principal), permission=False)

    assert (answer.decision.allowed, answer.aws.allowed) == (allowed, allowed)


def test_a_wildcard_inside_an_arn_is_told_and_leaves_nothing(lab: Lab) -> None:
    trial = lab.trust_trial()

    with pytest.raises(XsfnError, match="Invalid principal in policy"):
        trial.try_policy(trial.caller_role_arn.replace("caller", "*"))

    for side in (lab.operator, lab.subject):
        names = [role["RoleName"] for role in side.client("iam").list_roles()["Roles"]]
        assert [name for name in names if name.startswith(PREFIX)] == []


def test_what_a_killed_trial_left_is_cleaned(lab: Lab) -> None:
    for handle in (lab.operator, lab.subject):
        handle.client("iam").create_role(
            RoleName=f"{PREFIX}left",
            AssumeRolePolicyDocument=lab.blueprint.subject_role_trust,
            Tags=[{"Key": "xsfn:lab", "Value": lab.environment.lab_id}],
        )

    cleaned = lab.clean()

    assert [change.thing for change in cleaned if change.thing.endswith("-left")] == [f"role {PREFIX}left"] * 2


OUTSIDE = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-aaaaaaaaaa"}}
GITHUB = "token.actions.githubusercontent.com"
ANY_RUN = {"StringLike": {f"{GITHUB}:sub": "repo:my-org/deploy:*"}}


@pytest.mark.parametrize(("organization", "allowed"), [("o-aaaaaaaaaa", True), ("o-bbbbbbbbbb", False)])
def test_an_organizations_policy_is_evaluated_with_the_two_accounts(lab: Lab, organization: str, allowed: bool) -> None:
    answer = lab.trust_trial().evaluate_in_organization(
        OUTSIDE, sent={"aws:PrincipalOrgID": organization}, expect="denied"
    )

    assert answer.decision.allowed is allowed
    assert ("✗ You expected denied" in str(answer)) is allowed
    assert "The resource control policy: " in str(answer)


@pytest.mark.parametrize(("subject", "allowed"), [("repo:my-org/deploy:pull_request", True), ("repo:x/y:z", False)])
def test_a_token_of_an_identity_provider_is_evaluated(lab: Lab, subject: str, allowed: bool) -> None:
    answer = lab.trust_trial().evaluate_web_identity(GITHUB, condition=ANY_RUN, token={"sub": subject})

    assert answer.decision.allowed is allowed
    assert "oidc-provider/token.actions.githubusercontent.com" in str(answer)


def test_no_answer_is_shown_before_a_prediction(lab: Lab) -> None:
    trial = lab.trust_trial()

    for gap in (
        trial.evaluate_in_organization(OUTSIDE, sent={}, expect=...),
        trial.evaluate_web_identity(GITHUB, condition=ANY_RUN, token={}, expect=...),
    ):
        assert str(gap).startswith("Your prediction first")
    with pytest.raises(XsfnError, match="There is no answer"):
        trial.evaluate_web_identity(GITHUB, condition=ANY_RUN, token={}, expect="perhaps")
