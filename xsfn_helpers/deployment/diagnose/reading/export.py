"""Evidence written to a folder: the AWS CLI's own shapes, and beside them what only the reader knew.

`read_files` reads the folder back to the same evidence. It holds no credentials; it does hold policies, definitions and
an execution's input, so it is as confidential as these are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.evidence import (
    AccountSeen,
    AtRunTime,
    Evidence,
    ExecutionSeen,
    MachineSeen,
    NotSeen,
    PolicySeen,
    RoleSeen,
    read_document,
)

MANIFEST: Final = "xsfn.evidence"
_VERSION: Final = 1


def export(evidence: Evidence, folder: Path) -> tuple[Path, ...]:
    """Write the evidence to a folder, which is made where it isn't there; the files written.

    Raises `ConfigError` where it can't be written, or holds other JSON files already.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.glob("*.json")):
            raise ConfigError(
                tr("There are .json files in it already."), where=str(folder), fix=tr("Give an empty folder.")
            )
        written = []
        for name, content in _files(evidence):
            path = folder / f"{name}.json"
            path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            written.append(path)
    except OSError as error:
        raise ConfigError(tr("The folder can't be written: {error}.", error=error), where=str(folder)) from error
    return tuple(written)


def _files(evidence: Evidence) -> Iterator[tuple[str, Any]]:
    yield "evidence", _manifest(evidence)
    for account in evidence.accounts.values():
        full = [role for role in account.roles.values() if role.in_full]
        if full:
            yield f"account-authorization-details.{account.id}", _details(full)
        listed = [role for role in account.roles.values() if not role.in_full]
        if listed:
            yield f"list-roles.{account.id}", {"Roles": [_role(role) for role in listed]}
        for machine in account.machines.values():
            yield f"describe-state-machine.{account.id}.{_file_name(machine.name)}", _machine(machine)


def _file_name(name: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in name)


def _machine(machine: MachineSeen) -> dict[str, Any]:
    found: dict[str, Any] = {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "roleArn": machine.role_arn,
        "type": machine.type,
        "definition": machine.definition,
    }
    if machine.logs is not None:
        found["loggingConfiguration"] = {"level": "ALL" if machine.logs else "OFF"}
    if machine.key:
        found["encryptionConfiguration"] = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": machine.key}
    if machine.traces is not None:
        found["tracingConfiguration"] = {"enabled": machine.traces}
    return found


def _role(role: RoleSeen) -> dict[str, Any]:
    return {"Arn": role.arn, "RoleName": role.name, "RoleId": role.unique_id, "AssumeRolePolicyDocument": role.trust}


def _details(roles: list[RoleSeen]) -> dict[str, Any]:
    managed = {
        policy.arn: policy
        for role in roles
        for policy in (*role.policies, role.boundary)
        if policy is not None and policy.arn and policy.document is not None
    }
    return {
        "RoleDetailList": [_detail(role) for role in roles],
        "Policies": [
            {
                "PolicyName": policy.name,
                "Arn": policy.arn,
                "PolicyVersionList": [{"Document": policy.document, "IsDefaultVersion": True}],
            }
            for policy in managed.values()
        ],
    }


def _detail(role: RoleSeen) -> dict[str, Any]:
    found = _role(role) | {
        "RolePolicyList": [
            {"PolicyName": one.name, "PolicyDocument": one.document}
            for one in role.policies
            if not one.arn and one.document is not None
        ],
        "AttachedManagedPolicies": [{"PolicyName": one.name, "PolicyArn": one.arn} for one in role.policies if one.arn],
        "Tags": [{"Key": key, "Value": value} for key, value in (role.tags or {}).items()],
    }
    if role.boundary is not None:
        found["PermissionsBoundary"] = {"PermissionsBoundaryArn": role.boundary.arn}
    return found


def _manifest(evidence: Evidence) -> dict[str, Any]:
    execution = evidence.execution
    return {
        MANIFEST: _VERSION,
        "asked": evidence.asked,
        "not_seen": [{"account": one.account, "what": one.what, "why": one.why} for one in evidence.not_seen],
        "accounts": {account.id: _account(account) for account in evidence.accounts.values()},
        "execution": None
        if execution is None
        else {
            "arn": execution.arn,
            "machine": execution.machine_arn,
            "status": execution.status,
            "input": execution.input,
            "error": execution.error,
            "cause": execution.cause,
            "failed_state": execution.failed_state,
            "tasks": {
                name: {"role": one.role_arn, "parameters": dict(one.parameters), "failed": one.failed}
                for name, one in execution.tasks.items()
            },
            "runs": {
                name: [{"role": one.role_arn, "parameters": dict(one.parameters), "failed": one.failed} for one in runs]
                for name, runs in execution.runs.items()
            },
            "has_history": execution.has_history,
        },
    }


def _account(account: AccountSeen) -> dict[str, Any]:
    return {
        "all_roles": None if account.all_roles is None else sorted(account.all_roles),
        "all_machines": None if account.all_machines is None else sorted(account.all_machines),
        "missing": sorted(account.missing),
        "scps": _levels(account.scps),
        "rcps": _levels(account.rcps),
        "roles": {
            role.arn: {
                "policies_listed": role.policies_listed,
                "tags_known": role.tags is not None and role.tags_listed,
                "unread": [
                    {"name": one.name, "arn": one.arn, "why": one.why_not}
                    for one in (*role.policies, role.boundary)
                    if one is not None and one.document is None
                ],
                "unsure": [
                    {"name": one.name, "arn": one.arn, "why": one.unsure} for one in role.policies if one.unsure
                ],
                "may_not_be": role.unsure,
            }
            for role in account.roles.values()
            if role.in_full
        },
        "machine_tags": {machine.arn: machine.tags for machine in account.machines.values()},
    }


def _levels(levels: tuple[tuple[PolicySeen, ...], ...] | None) -> list[list[dict[str, Any]]] | None:
    if levels is None:
        return None
    return [[{"name": one.name, "arn": one.arn, "document": one.document} for one in level] for level in levels]


def _read_levels(given: Any) -> tuple[tuple[PolicySeen, ...], ...] | None:
    if given is None:
        return None
    return tuple(
        tuple(PolicySeen(one["name"], one["arn"], read_document(one["document"])) for one in level) for level in given
    )


def with_manifest(evidence: Evidence, manifest: Mapping[str, Any]) -> Evidence:
    """The evidence of the other files, and what the manifest adds. Raises `ConfigError` where that is broken."""
    if manifest.get(MANIFEST) != _VERSION:
        raise ConfigError(
            tr("Its version is {version!r}; known here is {known}.", version=manifest.get(MANIFEST), known=_VERSION),
            where="evidence.json",
        )
    try:
        accounts = {
            str(name): _with_account(evidence.account(str(name)), given) for name, given in manifest["accounts"].items()
        }
        not_seen = tuple(NotSeen(one["account"], one["what"], one["why"]) for one in manifest["not_seen"])
        machine = accounts[evidence.machine.account].machines[evidence.machine.arn]
        execution = evidence.execution or _execution(manifest["execution"], evidence.asked)
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigError(tr("It isn't what --export writes: {error}.", error=error), where="evidence.json") from error
    return replace(
        evidence,
        machine=machine,
        accounts={**evidence.accounts, **accounts},
        not_seen=(*evidence.not_seen, *not_seen),
        execution=execution,
    )


def _with_account(account: AccountSeen, given: Mapping[str, Any]) -> AccountSeen:
    roles = {arn: _with_role(role, given["roles"].get(arn)) for arn, role in account.roles.items()}
    tags = given["machine_tags"]
    return replace(
        account,
        roles=roles,
        machines={arn: replace(machine, tags=tags.get(arn)) for arn, machine in account.machines.items()},
        all_roles=None if given["all_roles"] is None else frozenset(given["all_roles"]),
        all_machines=None if given["all_machines"] is None else frozenset(given["all_machines"]),
        missing=frozenset(given["missing"]),
        scps=_read_levels(given["scps"]),
        rcps=_read_levels(given.get("rcps")),  # an older folder doesn't have them
    )


def _with_role(role: RoleSeen, given: Mapping[str, Any] | None) -> RoleSeen:
    if given is None:
        return role
    unread = {(one["name"], one["arn"]): one["why"] for one in given["unread"]}
    unsure = {(one["name"], one["arn"]): one["why"] for one in given.get("unsure", [])}
    told = [
        replace(
            one,
            why_not=unread.get((one.name, one.arn), one.why_not),
            unsure=unsure.get((one.name, one.arn), one.unsure),
        )
        for one in role.policies
    ]
    known = {(one.name, one.arn) for one in (*role.policies, role.boundary) if one is not None}
    told += [PolicySeen(*key, why_not=why) for key, why in unread.items() if key not in known]
    boundary = role.boundary
    if boundary is not None:
        boundary = replace(boundary, why_not=unread.get((boundary.name, boundary.arn), boundary.why_not))
    return replace(
        role,
        policies=tuple(told),
        policies_listed=bool(given["policies_listed"]),
        tags=role.tags if given["tags_known"] else None,
        boundary=boundary,
        unsure=str(given.get("may_not_be", "")),
    )


def _execution(given: Mapping[str, Any] | None, asked: str) -> ExecutionSeen | None:
    if given is None or given["arn"] != asked:
        return None
    return ExecutionSeen(
        given["arn"],
        given["machine"],
        given["status"],
        given["input"],
        given["error"],
        given["cause"],
        {name: _run(one) for name, one in given["tasks"].items()},
        given["failed_state"],
        {name: tuple(map(_run, runs)) for name, runs in given.get("runs", {}).items()},
        given.get("has_history", True),
    )


def _run(given: Mapping[str, Any]) -> AtRunTime:
    return AtRunTime(given["role"], given["parameters"], given.get("failed", ""))
