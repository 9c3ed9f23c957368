"""What a supposition needs to know of the accounts besides the roles of the chain. Reads, never changes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from xsfn_helpers.asl.credentials import CredentialsChoice, Option, tasks
from xsfn_helpers.asl.validation import DefinitionFault, find_faults
from xsfn_helpers.aws.errors import translated
from xsfn_helpers.aws.reading import read_role
from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.chain.document_places import POLICY_PLACES, document_name
from xsfn_helpers.chain.document_review import trust_principals
from xsfn_helpers.chain.scenario import Account, Side
from xsfn_helpers.chain.snapshot import ChainSnapshot
from xsfn_helpers.chain.task_role import TakenRole
from xsfn_helpers.chain.verdicts import StoredRoles
from xsfn_helpers.chain.what_if import Hypothesis, judge
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.machine_history import read_machine
from xsfn_helpers.deployment.snapshot import read_snapshot

if TYPE_CHECKING:
    from xsfn_helpers.chain.what_if import WhatIf
    from xsfn_helpers.deployment.deployment import Deployment


_OWN_ARN: Final = re.compile(
    r"arn:[a-z-]+:(?:iam|sts)::(?P<account>\d{12}):(?P<kind>role|user|assumed-role)/(?P<rest>[!-~]+)"
)
_ROLE_ARN: Final = re.compile(r"arn:[a-z-]+:iam::(?P<account>\d{12}):role/(?:[!-~]+/)?(?P<name>[\w+=,.@-]+)")
_UNIQUE_ID: Final = re.compile(r"A(?:ROA|IDA)[A-Z0-9]+")


def what_if(deployment: Deployment, documents: Mapping[str, str | Mapping[str, Any]]) -> WhatIf:
    """What these documents would do to the chain, before anything is applied. Reads both accounts, changes nothing."""
    texts = as_texts(documents)
    standing = read_snapshot(deployment.environment)
    return judge(
        standing,
        suppose(deployment.environment, standing, texts),
        recommended=Blueprint.recommended(deployment.scenario),
        blueprint=deployment.blueprint,
    )


def suppose(environment: Environment, standing: ChainSnapshot, texts: Mapping[str, str]) -> Hypothesis:
    """What `judge` takes for these documents, by name. Raises `StepError` when the accounts may not be read."""
    missing = {
        principal
        for name, text in texts.items()
        if name in POLICY_PLACES and not POLICY_PLACES[name].policy
        for principal in principals_in(text)
        if not is_there(environment, standing, principal)
    }
    faults: dict[str, DefinitionFault] = {}
    stored: dict[str, str] = {}
    taken: TakenRole | None = None
    for name, text in texts.items():
        if name.endswith("_definition"):
            stored[name] = read_machine(environment, Side(name.partition("_")[0])).definition or ""
            found = find_faults(text)
            if found:
                faults[name] = found[0]
            elif name == "operator_definition":
                taken = _taken(environment, standing, text)
    return Hypothesis(texts, frozenset(missing), taken, faults, stored)


def read_taken_role(environment: Environment, choice: CredentialsChoice, roles: StoredRoles) -> TakenRole:
    """The role that `choice` names, looked up in its account when it isn't one of `roles`.

    Raises `StepError` in AWS's words when it may not be read.
    """
    if choice.option is Option.NONE:
        return TakenRole(
            choice, None, tr("The call is made as the Operator role itself: no policy in the other account allows it.")
        )
    if choice.option is Option.RUN_TIME:
        return TakenRole(choice, None, tr("Which role it is shows only at run time, from {value}.", value=choice.value))
    found = _ROLE_ARN.fullmatch(choice.value)
    if found is None:
        return TakenRole(choice, None, tr("{value!r} is no ARN of a role.", value=choice.value))
    side = next((side for side in Side if environment.scenario.account(side).id == found["account"]), None)
    if side is None:
        return TakenRole(
            choice,
            None,
            tr("Account {account} is none of the two, so it can't be looked into.", account=found["account"]),
        )
    account = environment.scenario.account(side)
    known = next((role for role in roles.values() if role is not None and role.arn == choice.value), None)
    with translated(account):
        role = known or read_role(environment.iam(side), found["name"])
    if role is None or role.arn != choice.value:
        return TakenRole(
            choice, None, tr("There is no role {role} in the {account}.", role=found["name"], account=account)
        )
    return TakenRole(
        choice, role, tr("Step Functions assumes the role {name} of the {account}.", name=role.name, account=account)
    )


def as_texts(documents: Mapping[str, str | Mapping[str, Any]]) -> dict[str, str]:
    """Documents by their proper names, as text. Raises `ConfigError` for a name there is no document of."""
    known = {name: document_name(name) for name in documents}
    return {
        known[name]: document if isinstance(document, str) else json_text(document)
        for name, document in documents.items()
    }


def principals_in(text: str) -> frozenset[str]:
    """The AWS principals of a trust policy's text; none where it can't be read."""
    with suppress(ValueError, RecursionError):
        document = json.loads(text)
        if isinstance(document, dict):
            return frozenset(value for _, value in trust_principals(document) if isinstance(value, str))
    return frozenset()


def is_there(environment: Environment, standing: ChainSnapshot, principal: str) -> bool:
    """Whether IAM would find this principal of a trust policy.

    Taken for there: whatever isn't a role or user of the two accounts, and so can't be looked up.
    """
    roles = [role for role in standing.roles.values() if role is not None]
    if any(principal in (role.arn, role.unique_id) for role in roles):
        return True
    if _UNIQUE_ID.fullmatch(principal):
        return principal in set(_unique_ids(environment))
    found = _OWN_ARN.fullmatch(principal)
    account = _account(environment, found["account"]) if found else None
    if found is None or account is None:
        return True
    iam = environment.iam(account.side)
    first, _, last = found["rest"].partition("/") if found["kind"] == "assumed-role" else found["rest"].rpartition("/")
    arns: Mapping[str, Callable[[], str]] = {
        "role": lambda: iam.get_role(RoleName=last)["Role"]["Arn"],
        "user": lambda: iam.get_user(UserName=last)["User"]["Arn"],
        "assumed-role": lambda: iam.get_role(RoleName=first)["Role"]["Arn"] and principal,
    }
    with translated(account):
        try:
            return arns[found["kind"]]() == principal
        except iam.exceptions.NoSuchEntityException:
            return False


def _account(environment: Environment, account_id: str) -> Account | None:
    sides = [environment.scenario.account(side) for side in Side]
    return next((account for account in sides if account.id == account_id), None)


def _unique_ids(environment: Environment) -> Iterator[str]:
    for side in Side:
        iam = environment.iam(side)
        with translated(environment.scenario.account(side)):
            for page in iam.get_paginator("list_roles").paginate():
                yield from (role["RoleId"] for role in page["Roles"])
            for users in iam.get_paginator("list_users").paginate():
                yield from (user["UserId"] for user in users["Users"])


def _taken(environment: Environment, standing: ChainSnapshot, text: str) -> TakenRole | None:
    """The role that the task which starts the Subject assumes; the first task's, where none of them says that."""
    found = tasks(text)
    if not found:
        return None
    task = next((task for task in found if task.starts == environment.scenario.subject_machine_arn), found[0])
    return read_taken_role(environment, task.choice, standing.roles)
