"""What is acknowledged can be read back: IAM's referential checks, and a walk over every change of IAM and machines."""

from __future__ import annotations

import json
import random
import sqlite3
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.world import client_with
from tests.support.soak import soaked
from xsfn_helpers.sandbox.process.config import OPERATOR
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.state import SandboxFolder

STEPS = soaked(short=250, long=5_000)


def _policy(action: str = "states:*") -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _trust() -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _client(sandbox: Sandbox, service: str) -> Any:
    account = sandbox.accounts[OPERATOR]
    return client_with(sandbox, service, account.access_key_id, account.secret_access_key)


def _code(call: Callable[..., Any], **params: Any) -> str:
    try:
        call(**params)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "done"


@pytest.fixture
def iam(mortal: Sandbox) -> Any:
    return _client(mortal, "iam")


Holding = Callable[[Any, str], Any]


def _attached_to_user(iam: Any, arn: str) -> None:
    iam.create_user(UserName="holder")
    iam.attach_user_policy(UserName="holder", PolicyArn=arn)


def _attached_to_role(iam: Any, arn: str) -> None:
    iam.create_role(RoleName="holder", AssumeRolePolicyDocument=_trust())
    iam.attach_role_policy(RoleName="holder", PolicyArn=arn)


def _attached_to_group(iam: Any, arn: str) -> None:
    iam.create_group(GroupName="holder")
    iam.attach_group_policy(GroupName="holder", PolicyArn=arn)


def _boundary(iam: Any, arn: str) -> None:
    iam.create_role(RoleName="bounded", AssumeRolePolicyDocument=_trust(), PermissionsBoundary=arn)


def _second_version(iam: Any, arn: str) -> None:
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=_policy("s3:*"), SetAsDefault=True)


def test_a_policy_that_something_needs_is_not_deleted(iam: Any, own_folder: SandboxFolder) -> None:
    """API_DeletePolicy: detached from all users, groups and roles, and without other versions, first."""
    for number, hold in enumerate(
        (_attached_to_user, _attached_to_role, _attached_to_group, _boundary, _second_version)
    ):
        arn = iam.create_policy(PolicyName=f"p{number}", PolicyDocument=_policy())["Policy"]["Arn"]
        hold(iam, arn)

        assert _code(iam.delete_policy, PolicyArn=arn) == "DeleteConflict", hold.__name__

    assert _code(iam.delete_user_policy, UserName="holder", PolicyName="none") == "NoSuchEntity"
    Sandbox.start().stop()
    assert Sandbox.start().notice == ""


def test_who_still_has_something_is_not_deleted(iam: Any) -> None:
    """API_DeleteUser, API_DeleteGroup: keys, memberships, inline and attached policies go first."""
    arn = iam.create_policy(PolicyName="p", PolicyDocument=_policy())["Policy"]["Arn"]
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"]
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="u")
    iam.attach_group_policy(GroupName="g", PolicyArn=arn)
    iam.put_group_policy(GroupName="g", PolicyName="inline", PolicyDocument=_policy())
    iam.attach_user_policy(UserName="u", PolicyArn=arn)
    iam.attach_user_policy(UserName="u", PolicyArn=arn)  # again: it is attached once
    iam.put_user_policy(UserName="u", PolicyName="inline", PolicyDocument=_policy())
    undone: tuple[tuple[Any, dict[str, str]], ...] = (
        (iam.delete_access_key, {"UserName": "u", "AccessKeyId": key}),
        (iam.remove_user_from_group, {"UserName": "u", "GroupName": "g"}),
        (iam.detach_user_policy, {"UserName": "u", "PolicyArn": arn}),
        (iam.delete_user_policy, {"UserName": "u", "PolicyName": "inline"}),
    )
    for undo, params in undone:
        assert _code(iam.delete_user, UserName="u") == "DeleteConflict"
        undo(**params)
    assert _code(iam.delete_user, UserName="u") == "done"
    for undo, params in (
        (iam.detach_group_policy, {"GroupName": "g", "PolicyArn": arn}),
        (iam.delete_group_policy, {"GroupName": "g", "PolicyName": "inline"}),
    ):
        assert _code(iam.delete_group, GroupName="g") == "DeleteConflict"
        undo(**params)
    assert _code(iam.delete_group, GroupName="g") == "done"
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 0
    assert _code(iam.delete_policy, PolicyArn=arn) == "done"


@pytest.mark.parametrize(
    ("operation", "name", "more"),
    [
        ("create_user", "UserName", {}),
        ("create_group", "GroupName", {}),
        ("create_role", "RoleName", {"AssumeRolePolicyDocument": _trust()}),
        ("create_policy", "PolicyName", {"PolicyDocument": _policy()}),
    ],
)
def test_names_are_unique_whatever_their_case(iam: Any, operation: str, name: str, more: dict[str, str]) -> None:
    """IAM User Guide, reference_iam-quotas.html: "Names … must be unique … not distinguished by case"."""
    make = getattr(iam, operation)
    make(**{name: "Taken"}, **more)

    assert _code(make, **{name: "tAKEN"}, **more) == "EntityAlreadyExists"


# --- a walk ----------------------------------------------------------------------------------------------------------


class _Walker:
    """Calls of IAM and Step Functions on few names, so that they meet each other's things."""

    def __init__(self, sandbox: Sandbox, seed: int) -> None:
        self._iam, self._states = _client(sandbox, "iam"), _client(sandbox, "stepfunctions")
        self._chance = random.Random(seed)
        self._account = sandbox.accounts[OPERATOR].account_id
        self._region = sandbox.region
        self._calls = sorted(name for name in dir(self) if name.startswith("do_"))

    def step(self) -> tuple[str, str]:
        name = self._chance.choice(self._calls)
        method = name.removeprefix("do_")
        client = self._states if method in _OF_STATES else self._iam
        return name, _code(getattr(client, method), **getattr(self, name)())

    def _name(self, kind: str) -> str:
        return f"{kind}{self._chance.randint(1, 3)}"

    def _arn(self) -> str:
        return f"arn:aws:iam::{self._account}:policy/{self._name('policy')}"

    def _machine(self) -> str:
        return f"arn:aws:states:{self._region}:{self._account}:stateMachine:{self._name('machine')}"

    def _document(self) -> str:
        return _policy(self._chance.choice(("s3:*", "states:*", "iam:Get*")))

    def _user(self) -> dict[str, Any]:
        return {"UserName": self._name("user")}

    def _group(self) -> dict[str, Any]:
        return {"GroupName": self._name("group")}

    def _role(self) -> dict[str, Any]:
        return {"RoleName": self._name("role")}

    def _tags(self) -> list[dict[str, str]]:
        return [{"Key": self._name("key"), "Value": self._name("value")}]

    def do_create_user(self) -> dict[str, Any]:
        return {**self._user(), "Tags": self._tags()}

    do_delete_user = do_create_access_key = _user
    do_delete_group = do_create_group = _group
    do_delete_role = do_delete_role_permissions_boundary = _role

    def do_create_role(self) -> dict[str, Any]:
        return {**self._role(), "AssumeRolePolicyDocument": _trust(), "Tags": self._tags()}

    def do_update_role(self) -> dict[str, Any]:
        return {**self._role(), "Description": self._name("d"), "MaxSessionDuration": 3600}

    def do_create_policy(self) -> dict[str, Any]:
        return {"PolicyName": self._name("policy"), "PolicyDocument": self._document()}

    def do_create_policy_version(self) -> dict[str, Any]:
        default = self._chance.random() < 0.5
        return {"PolicyArn": self._arn(), "PolicyDocument": self._document(), "SetAsDefault": default}

    def do_delete_policy_version(self) -> dict[str, Any]:
        return {"PolicyArn": self._arn(), "VersionId": self._name("v")}

    do_set_default_policy_version = do_delete_policy_version

    def do_delete_policy(self) -> dict[str, Any]:
        return {"PolicyArn": self._arn()}

    def do_tag_policy(self) -> dict[str, Any]:
        return {"PolicyArn": self._arn(), "Tags": self._tags()}

    def do_untag_policy(self) -> dict[str, Any]:
        return {"PolicyArn": self._arn(), "TagKeys": [self._name("key")]}

    def do_add_user_to_group(self) -> dict[str, Any]:
        return {**self._user(), **self._group()}

    do_remove_user_from_group = do_add_user_to_group

    def do_attach_user_policy(self) -> dict[str, Any]:
        return {**self._user(), "PolicyArn": self._arn()}

    def do_attach_role_policy(self) -> dict[str, Any]:
        return {**self._role(), "PolicyArn": self._arn()}

    def do_attach_group_policy(self) -> dict[str, Any]:
        return {**self._group(), "PolicyArn": self._arn()}

    do_detach_user_policy = do_attach_user_policy
    do_detach_role_policy = do_attach_role_policy
    do_detach_group_policy = do_attach_group_policy

    def do_put_user_policy(self) -> dict[str, Any]:
        return {**self._user(), "PolicyName": self._name("inline"), "PolicyDocument": self._document()}

    def do_put_role_policy(self) -> dict[str, Any]:
        return {**self._role(), "PolicyName": self._name("inline"), "PolicyDocument": self._document()}

    def do_put_group_policy(self) -> dict[str, Any]:
        return {**self._group(), "PolicyName": self._name("inline"), "PolicyDocument": self._document()}

    def do_delete_user_policy(self) -> dict[str, Any]:
        return {**self._user(), "PolicyName": self._name("inline")}

    def do_delete_role_policy(self) -> dict[str, Any]:
        return {**self._role(), "PolicyName": self._name("inline")}

    def do_delete_group_policy(self) -> dict[str, Any]:
        return {**self._group(), "PolicyName": self._name("inline")}

    def do_put_role_permissions_boundary(self) -> dict[str, Any]:
        return {**self._role(), "PermissionsBoundary": self._arn()}

    def do_tag_user(self) -> dict[str, Any]:
        return {**self._user(), "Tags": self._tags()}

    def do_untag_user(self) -> dict[str, Any]:
        return {**self._user(), "TagKeys": [self._name("key")]}

    def do_tag_role(self) -> dict[str, Any]:
        return {**self._role(), "Tags": self._tags()}

    def do_untag_role(self) -> dict[str, Any]:
        return {**self._role(), "TagKeys": [self._name("key")]}

    def do_update_user(self) -> dict[str, Any]:
        return {**self._user(), "NewUserName": self._name("user")}

    def do_create_state_machine(self) -> dict[str, Any]:
        definition = {"Comment": self._name("c"), "StartAt": "S", "States": {"S": {"Type": "Pass", "End": True}}}
        role = f"arn:aws:iam::{self._account}:role/{self._name('role')}"
        return {"name": self._name("machine"), "roleArn": role, "definition": json.dumps(definition)}

    def do_update_state_machine(self) -> dict[str, Any]:
        made = self.do_create_state_machine()
        return {"stateMachineArn": self._machine(), "definition": made["definition"]}

    def do_delete_state_machine(self) -> dict[str, Any]:
        return {"stateMachineArn": self._machine()}

    def do_start_execution(self) -> dict[str, Any]:
        return {"stateMachineArn": self._machine()}

    def do_tag_resource(self) -> dict[str, Any]:
        return {"resourceArn": self._machine(), "tags": [{"key": self._name("key"), "value": "v"}]}

    def do_untag_resource(self) -> dict[str, Any]:
        return {"resourceArn": self._machine(), "tagKeys": [self._name("key")]}

    def do_create_activity(self) -> dict[str, Any]:
        return {"name": self._name("activity")}

    def do_delete_activity(self) -> dict[str, Any]:
        return {"activityArn": f"arn:aws:states:{self._region}:{self._account}:activity:{self._name('activity')}"}


_OF_STATES = frozenset(
    (
        *("create_state_machine", "update_state_machine", "delete_state_machine", "start_execution"),
        *("tag_resource", "untag_resource", "create_activity", "delete_activity"),
    )
)


def _standing(iam: Any, states: Any) -> dict[str, Any]:
    """All that the account has, as its owner sees it."""
    details = iam.get_account_authorization_details()
    seen = {name: details[name] for name in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")}
    for role in seen["RoleDetailList"]:
        role.pop("RoleLastUsed", None)
    machines = states.list_state_machines()["stateMachines"]
    seen["machines"] = [states.describe_state_machine(stateMachineArn=one["stateMachineArn"]) for one in machines]
    seen["tags"] = [states.list_tags_for_resource(resourceArn=one["stateMachineArn"])["tags"] for one in machines]
    seen["activities"] = states.list_activities()["activities"]
    for one in seen["machines"]:
        one.pop("ResponseMetadata")
    return seen


def test_after_any_walk_a_start_brings_back_what_was_there(mortal: Sandbox) -> None:
    walker, outcomes = _Walker(mortal, seed=7), Counter[str]()
    for _ in range(STEPS):
        name, code = walker.step()
        assert code not in ("ServiceFailure", "InternalFailure"), name
        outcomes[code] += 1
    before = _standing(_client(mortal, "iam"), _client(mortal, "stepfunctions"))

    mortal.stop()
    again = Sandbox.start()

    assert again.notice == ""
    assert _standing(_client(again, "iam"), _client(again, "stepfunctions")) == before
    assert outcomes["done"] > STEPS // 5, outcomes


# --- damage ----------------------------------------------------------------------------------------------------------


def test_one_accounts_damage_sets_aside_that_account_alone(mortal: Sandbox, own_folder: SandboxFolder) -> None:
    from xsfn_helpers.sandbox.journal import _checksum

    operator, subject = (one.account_id for one in mortal.accounts.values())
    for account in mortal.accounts.values():
        client = client_with(mortal, "iam", account.access_key_id, account.secret_access_key)
        client.create_role(RoleName="kept", AssumeRolePolicyDocument=_trust())
    mortal.stop()
    # Whole for SQLite and its checksum, and yet nothing that can be read: as an older or newer kit might leave it.
    with sqlite3.connect(own_folder.journal) as database:
        body = json.dumps({"policies": [], "roles": [{"name": "half"}], "users": [], "groups": []})
        row = ("iam", operator, body, _checksum("iam", operator, body))
        database.execute("REPLACE INTO entries VALUES (?, ?, ?, ?)", row)
    database.close()

    again = Sandbox.start()

    names = {}
    for account in again.accounts.values():
        client = client_with(again, "iam", account.access_key_id, account.secret_access_key)
        names[account.account_id] = [role["RoleName"] for role in client.list_roles()["Roles"]]
    assert names == {operator: [], subject: ["kept"]}
    assert f"iam {operator}" in again.notice
    again.stop()
    assert Sandbox.start().notice == ""
