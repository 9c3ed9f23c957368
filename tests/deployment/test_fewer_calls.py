"""How many calls it takes to decide, to apply and to check: each is a wait on AWS, and counts against its limits."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from xsfn_helpers import Lab
from xsfn_helpers.aws import account_roles
from xsfn_helpers.aws.propagation import Pace
from xsfn_helpers.aws.reading import read_role
from xsfn_helpers.chain.plan import Action
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.errors import StepError

pytestmark = pytest.mark.usefixtures("no_http")

_LOOKS = ("DescribeExecution", "GetExecutionHistory")
_WIDE = "GetAccountAuthorizationDetails"


@contextmanager
def calls_of(lab: Lab) -> Iterator[Counter[str]]:
    """Counts every call that the lab's clients make, by operation.

    Not a second look at an execution that hasn't ended: how many there are depends on what else the computer does.
    """
    counted: Counter[str] = Counter()
    looked_at: set[str] = set()

    def count(model: Any, params: Any, **_: Any) -> None:
        if model.name in _LOOKS:
            body = f"{model.name} {params['body']!r}"
            if body in looked_at:
                return
            looked_at.add(body)
        counted[model.name] += 1

    clients: list[Any] = [
        lab.environment.accounts.client(side, service) for side in Side for service in ("iam", "stepfunctions", "sts")
    ]
    for client in clients:
        client.meta.events.register("before-call", count)
    try:
        yield counted
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", count)


@contextmanager
def refusing(lab: Lab, operation: str) -> Iterator[None]:
    """AWS denies this call of IAM's to the lab's administrators."""

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, operation)

    clients = [lab.environment.iam(side) for side in Side]
    for client in clients:
        client.meta.events.register(f"before-call.iam.{operation}", refuse)
    try:
        yield
    finally:
        for client in clients:
            client.meta.events.unregister(f"before-call.iam.{operation}", refuse)


@pytest.mark.parametrize("link", range(1, 7))
def test_a_link_is_decided_from_what_it_needs(standing_lab: Lab, link: int) -> None:
    with calls_of(standing_lab) as calls:
        assert standing_lab.evaluate(link).allowed

    assert calls.total() <= 3, calls


def test_a_fresh_stage_is_applied_with_one_reading(lab: Lab) -> None:
    lab.prepare()
    for number, at_most in ((1, 6), (2, 4), (3, 3)):
        with calls_of(lab) as calls:
            assert all(change.action is Action.CREATE for change in lab.stage(number).apply())
        assert calls.total() <= at_most, (number, calls)


def test_a_check_that_only_reads_reads_each_account_once(standing_lab: Lab) -> None:
    with calls_of(standing_lab) as calls:
        assert standing_lab.check(live=False).ok

    assert calls.total() <= 8, calls
    assert calls[_WIDE] == len(Side)


def test_a_whole_check_with_its_trials(standing_lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pace, "pauses", lambda _: itertools.repeat(0.8))
    with calls_of(standing_lab) as calls:
        assert standing_lab.check().ok

    assert calls.total() <= 36, calls


def test_who_may_not_read_all_roles_at_once_reads_them_one_by_one(standing_lab: Lab) -> None:
    expected = str(standing_lab.check(live=False))
    decided = [str(standing_lab.evaluate(link)) for link in range(1, 7)]
    with refusing(standing_lab, _WIDE):
        with calls_of(standing_lab) as calls:
            assert str(standing_lab.check(live=False)) == expected
        assert calls["GetRole"] == 3
        with calls_of(standing_lab) as calls:
            assert [str(standing_lab.evaluate(link)) for link in range(1, 7)] == decided
        assert calls[_WIDE] == 0, "it was denied before: it isn't asked for again"


def test_a_large_account_is_read_role_by_role(standing_lab: Lab) -> None:
    """Its first page may have one of the roles and not the other, and says that there is more."""
    expected = str(standing_lab.check(live=False))
    wanted = standing_lab.scenario.subject_role_name

    def first_page(parsed: dict[str, Any], **_: Any) -> None:
        parsed["RoleDetailList"] = [role for role in parsed["RoleDetailList"] if role["RoleName"] == wanted]
        parsed["Policies"] = []
        parsed |= {"IsTruncated": True, "Marker": "more"}

    clients = [standing_lab.environment.iam(side) for side in Side]
    for client in clients:
        client.meta.events.register(f"after-call.iam.{_WIDE}", first_page)
    try:
        with calls_of(standing_lab) as calls:
            assert str(standing_lab.check(live=False)) == expected
        assert (calls[_WIDE], calls["GetRole"]) == (2, 2)
        with calls_of(standing_lab) as calls:
            assert standing_lab.evaluate(2).allowed
        assert calls[_WIDE] == 0
    finally:
        for client in clients:
            client.meta.events.unregister(f"after-call.iam.{_WIDE}", first_page)


def test_a_role_is_the_same_however_it_is_read(standing_lab: Lab) -> None:
    """With tags, inline and managed policies, and a boundary; also where the page has the role and not its policies."""
    iam, name = standing_lab.environment.iam(Side.OPERATOR), standing_lab.scenario.operator_role_name
    document = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
    own = iam.create_policy(PolicyName=f"{name}-own", PolicyDocument=document)["Policy"]["Arn"]
    newer = document.replace("s3:*", "sqs:*")
    try:
        iam.create_policy_version(PolicyArn=own, PolicyDocument=newer, SetAsDefault=True)
        iam.attach_role_policy(RoleName=name, PolicyArn=own)
        iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=own)
        page = account_roles.read_page(iam)
        assert page is not None
        role = read_role(iam, name)
        assert role is not None
        assert role.attached == (role.boundary,)
        assert page.role(iam, name) == role
        assert replace(page, policies={}).role(iam, name) == role
        assert page.role(iam, "nobody-has-this-name") is None
    finally:
        iam.delete_role_permissions_boundary(RoleName=name)
        iam.detach_role_policy(RoleName=name, PolicyArn=own)
        for version in iam.list_policy_versions(PolicyArn=own)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=own, VersionId=version["VersionId"])
        iam.delete_policy(PolicyArn=own)


def test_a_stage_sees_what_somebody_else_did_while_it_was_applied(lab: Lab) -> None:
    """Between the step's plan and its first change another makes the role: it isn't the lab's, and gets no policy."""
    lab.prepare()
    iam, name = lab.subject.client("iam"), lab.scenario.execute_role_name
    trust = lab.blueprint.subject_role_trust
    done: list[str] = []

    def be_faster(**_: Any) -> None:
        if not done:
            done.append(name)
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)

    iam.meta.events.register("before-call.iam.CreateRole", be_faster)
    try:
        with pytest.raises(StepError, match="it wasn't made by this lab"):
            lab.stage(1).apply()
        assert iam.list_role_policies(RoleName=name)["PolicyNames"] == []
    finally:
        iam.meta.events.unregister("before-call.iam.CreateRole", be_faster)
        iam.delete_role(RoleName=name)


def test_a_held_stage_looks_anew_each_time_it_is_applied(lab: Lab) -> None:
    lab.prepare()
    stage = lab.stage(1)
    assert stage.apply()
    lab.subject.client("iam").delete_role_policy(
        RoleName=lab.scenario.execute_role_name,
        PolicyName=next(
            iter(lab.subject.client("iam").list_role_policies(RoleName=lab.scenario.execute_role_name)["PolicyNames"])
        ),
    )
    assert not stage.is_applied
    assert [change.action for change in stage.apply()] == [Action.LEAVE, Action.CREATE]
    assert stage.is_applied
