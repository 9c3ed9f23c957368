"""Words the engine's tests share: the two accounts, who lives in them, and short ways to write policies."""

from __future__ import annotations

from typing import Any

from xsfn_helpers.iam import Decision, Policies, Policy, PolicyKind, Principal, Request, decide

OPERATOR, SUBJECT, STRANGER = "111111111111", "222222222222", "333333333333"

OPERATOR_ROLE = f"arn:aws:iam::{OPERATOR}:role/operator-role"
OPERATOR_SESSION = f"arn:aws:sts::{OPERATOR}:assumed-role/operator-role/run-1"
EXECUTE_ROLE = f"arn:aws:iam::{SUBJECT}:role/execute-role"
EXECUTE_SESSION = f"arn:aws:sts::{SUBJECT}:assumed-role/execute-role/run-1"
ADA = f"arn:aws:iam::{SUBJECT}:user/ada"
ADA_OPERATOR = f"arn:aws:iam::{OPERATOR}:user/ada"
OPERATOR_MACHINE = f"arn:aws:states:ap-northeast-1:{OPERATOR}:stateMachine:operator-statemachine"
SUBJECT_MACHINE = f"arn:aws:states:ap-northeast-1:{SUBJECT}:stateMachine:subject-statemachine"
SUBJECT_EXECUTION = f"arn:aws:states:ap-northeast-1:{SUBJECT}:execution:subject-statemachine:run-1"
SUBJECT_EXECUTIONS = f"arn:aws:states:ap-northeast-1:{SUBJECT}:execution:subject-statemachine:*"
STATES = "states.amazonaws.com"
EXTERNAL_ID = {"sts:ExternalId": OPERATOR_MACHINE}

IDENTITY, TRUST, RESOURCE = PolicyKind.IDENTITY, PolicyKind.TRUST, PolicyKind.RESOURCE
BOUNDARY, SESSION, SCP = PolicyKind.BOUNDARY, PolicyKind.SESSION, PolicyKind.SCP

Statement = dict[str, Any]


def document(*statements: Statement, version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": list(statements)}


def policy(kind: PolicyKind, *statements: Statement, version: str = "2012-10-17", name: str = "") -> Policy:
    return Policy.parse(document(*statements, version=version), kind=kind, name=name)


def allow(action: Any = "sts:AssumeRole", resource: Any = "*", **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> Statement:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def trusts(principal: Any, action: Any = "sts:AssumeRole", **more: Any) -> Statement:
    """A trust policy's Allow: whom it trusts, and under which conditions."""
    return {"Effect": "Allow", "Principal": principal, "Action": action, **more}


def distrusts(principal: Any, action: Any = "sts:AssumeRole", **more: Any) -> Statement:
    return {"Effect": "Deny", "Principal": principal, "Action": action, **more}


def when(**operators: dict[str, Any]) -> dict[str, Any]:
    """`Condition=…` from operators; `ForAllValues_StringEquals` stands for `ForAllValues:StringEquals`."""
    return {"Condition": {name.replace("_", ":"): keys for name, keys in operators.items()}}


def identity(*statements: Statement, **more: Any) -> tuple[Policy, ...]:
    return (policy(IDENTITY, *statements, **more),)


def asked(
    caller: str,
    action: str = "sts:AssumeRole",
    resource: str = EXECUTE_ROLE,
    context: dict[str, Any] | None = None,
    *,
    account: str | None = None,
    **caller_facts: Any,
) -> Request:
    owner = account or resource.split(":")[4]
    return Request(Principal.parse(caller, **caller_facts), action, resource, owner, context or {})


def decided(request: Request, **policies: Any) -> Decision:
    return decide(request, Policies(**policies))
