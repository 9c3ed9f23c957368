"""How the layers combine: one account, two accounts, services, limits."""

import pytest

from xsfn_helpers.iam import (
    Decision,
    InvalidRequest,
    Outcome,
    Policies,
    Policy,
    PolicyKind,
    Principal,
    Request,
    decide,
    explain,
)

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


def test_every_deny_is_named_and_the_first_allow_of_each_layer():
    twice = policy(
        PolicyKind.IDENTITY,
        {"Sid": "First", "Effect": "Allow", "Action": "sts:*", "Resource": "*"},
        {"Sid": "Second", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"},
        name="p",
    )
    denies = policy(
        PolicyKind.IDENTITY,
        {"Sid": "One", "Effect": "Deny", "Action": "sts:*", "Resource": "*"},
        {"Sid": "Two", "Effect": "Deny", "Action": "*", "Resource": "*"},
        name="q",
    )

    allowed = link_2(Policies(identity=(twice,), resource=trust()))
    denied = link_2(Policies(identity=(twice, denies), resource=trust()))

    assert [ref.statement.sid for ref in allowed.decided_by] == ["First", ""]
    both = policy(PolicyKind.TRUST, *(one.policy.document["Statement"][0] for one in (allowed.decided_by[1],) * 2))
    assert link_2(Policies(identity=(twice,), resource=both)).decided_by[1].statement.index == 0
    assert [str(ref) for ref in denied.decided_by] == ["q, statement One (line 4)", "q, statement Two (line 10)"]
    assert link_2(Policies()).decided_by == ()


@pytest.mark.parametrize("action", ["sts:TagSession", "sts:SetSourceIdentity"])
def test_what_comes_with_assume_role_is_the_trust_policys_business_too(action):
    tags = policy(PolicyKind.IDENTITY, {"Effect": "Allow", "Action": "sts:*", "Resource": "*"})
    caller = Principal.parse(f"arn:aws:iam::{SUBJECT}:user/ada")

    of_a_role = decide(Request(caller, action, ROLE, SUBJECT), Policies(identity=(tags,)))
    of_a_user = decide(Request(caller, action, f"arn:aws:iam::{SUBJECT}:user/ada", SUBJECT), Policies(identity=(tags,)))

    assert of_a_role.aws_reason == f"because no role trust policy allows the {action} action"
    assert of_a_user.allowed


@pytest.mark.parametrize(
    ("kind", "explicit", "implicit"),
    [
        (PolicyKind.IDENTITY, "an identity-based policy", "identity-based policy"),
        (PolicyKind.BOUNDARY, "a permissions boundary", "permissions boundary"),
        (PolicyKind.SESSION, "a sessions policy", "session policy"),
        (PolicyKind.SCP, "a service control policy", "service control policy"),
    ],
)
def test_awss_words_for_each_layer(kind, explicit, implicit):
    """Source: docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html"""

    def layers(effect: str) -> Policies:
        one = policy(kind, {"Effect": effect, "Action": "*" if effect == "Deny" else "s3:*", "Resource": "*"})
        given = {
            PolicyKind.IDENTITY: {"identity": (one,)},
            PolicyKind.BOUNDARY: {"boundaries": (one,)},
            PolicyKind.SESSION: {"session": (one,)},
            PolicyKind.SCP: {"scps": ((one,),)},
        }
        return Policies(**{"identity": (assume(),), "resource": trust(), **given[kind]})

    assert link_2(layers("Deny")).aws_reason == f"with an explicit deny in {explicit}"
    assert link_2(layers("Allow")).aws_reason == f"because no {implicit} allows the sts:AssumeRole action"


def test_awss_sentence_leaves_the_role_out_where_it_names_the_trust_policy():
    only_identity = link_2(Policies(identity=(assume(),)))
    only_trust = link_2(Policies(resource=trust()))
    step_functions = decide(
        Request(Principal.parse(SESSION), "states:StartExecution", EXTERNAL_ID, SUBJECT),
        Policies(identity=(policy(PolicyKind.IDENTITY, {"Effect": "Allow", "Action": "*", "Resource": "*"}),)),
    )

    user = f"User: {SESSION} is not authorized to perform: "
    assert (
        only_identity.sentence == f"{user}sts:AssumeRole because no role trust policy allows the sts:AssumeRole action"
    )
    assert only_trust.sentence == (
        f"{user}sts:AssumeRole on resource: {ROLE} because no identity-based policy allows the sts:AssumeRole action"
    )
    assert step_functions.sentence == (
        f"{user}states:StartExecution on resource: {EXTERNAL_ID} "
        "because no resource-based policy allows the states:StartExecution action"
    )
    assert link_2(Policies(identity=(assume(),), resource=trust())).sentence == ""


@pytest.mark.parametrize(
    ("where", "kind"),
    [("identity", PolicyKind.TRUST), ("boundaries", PolicyKind.IDENTITY), ("session", PolicyKind.BOUNDARY)],
)
def test_a_policy_in_the_wrong_place_is_refused(where, kind):
    wrong = trust() if kind is PolicyKind.TRUST else policy(kind, {"Effect": "Allow", "Action": "*", "Resource": "*"})

    with pytest.raises(InvalidRequest, match=where):
        Policies(**{where: (wrong,)})
    with pytest.raises(InvalidRequest, match=r"scps"):
        Policies(scps=((wrong,),))
    with pytest.raises(InvalidRequest, match=r"resource"):
        Policies(resource=assume())
