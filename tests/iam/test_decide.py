"""How the layers combine: one account, two accounts, services, limits."""

import pytest

from xsfn_helpers.iam import Decision, Outcome, Policies, Policy, PolicyKind, Principal, Request, decide, explain

OPERATOR, SUBJECT = "111111111111", "222222222222"
ROLE = f"arn:aws:iam::{SUBJECT}:role/execute-role"
SESSION = f"arn:aws:sts::{OPERATOR}:assumed-role/operator-role/run"
OPERATOR_ROLE = f"arn:aws:iam::{OPERATOR}:role/operator-role"
EXTERNAL_ID = f"arn:aws:states:ap-northeast-1:{OPERATOR}:stateMachine:operator-statemachine"


def policy(kind: PolicyKind, *statements: dict, version: str = "2012-10-17", name: str = "") -> Policy:
    return Policy.parse({"Version": version, "Statement": list(statements)}, kind=kind, name=name)


def assume(resource: str = ROLE) -> Policy:
    return policy(PolicyKind.IDENTITY, {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": resource})


def trust(principal: object = None, **statement: object) -> Policy:
    principal = {"AWS": OPERATOR_ROLE} if principal is None else principal
    return policy(
        PolicyKind.TRUST, {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **statement}
    )


def link_2(policies: Policies, caller: str = SESSION, **context: str) -> Decision:
    account = ROLE.split(":")[4]
    return decide(Request(Principal.parse(caller), "sts:AssumeRole", ROLE, account, context), policies)


def test_across_accounts_both_sides_must_allow():
    assert link_2(Policies(identity=(assume(),), resource=trust())).allowed

    only_trust = link_2(Policies(resource=trust()))
    only_identity = link_2(Policies(identity=(assume(),)))

    assert only_trust.outcome is Outcome.IMPLICITLY_DENIED
    assert only_trust.aws_reason == "because no identity-based policy allows the sts:AssumeRole action"
    assert only_identity.outcome is Outcome.IMPLICITLY_DENIED
    assert only_identity.aws_reason == "because no role trust policy allows the sts:AssumeRole action"


def test_a_deny_anywhere_refuses_and_is_named():
    deny = policy(PolicyKind.IDENTITY, {"Effect": "Deny", "Action": "sts:*", "Resource": "*", "Sid": "Never"}, name="p")

    decision = link_2(Policies(identity=(assume(), deny), resource=trust()))

    assert decision.outcome is Outcome.EXPLICITLY_DENIED
    assert decision.aws_reason == "with an explicit deny in an identity-based policy"
    assert [str(ref) for ref in decision.decided_by] == ["p, statement Never (line 4)"]


def test_the_wrong_external_id_is_refused_and_the_edit_names_it():
    wanted = trust(Condition={"StringEquals": {"sts:ExternalId": EXTERNAL_ID}})
    policies = Policies(identity=(assume(),), resource=wanted)

    right = link_2(policies, **{"sts:ExternalId": EXTERNAL_ID})
    wrong = link_2(policies, **{"STS:externalid": "other"})

    assert right.allowed
    assert wrong.outcome is Outcome.IMPLICITLY_DENIED
    edit = explain(wrong).edit
    assert edit is not None
    assert edit.account == SUBJECT
    assert edit.after["Statement"][0]["Condition"] == {"StringEquals": {"sts:ExternalId": "other"}}


@pytest.mark.parametrize("names", ["states.amazonaws.com", ["lambda.amazonaws.com", "states.amazonaws.com"]])
def test_a_service_needs_the_trust_policy_alone(names):
    assert link_2(Policies(resource=trust({"Service": names})), caller="states.amazonaws.com").allowed
