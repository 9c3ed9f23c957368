"""Least privilege, computed from the chain: what each role needs for these tasks, and not a thing more. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xsfn_helpers.chain.documents import POLICY_VERSION, Document
from xsfn_helpers.common.arns import account_of
from xsfn_helpers.common.aws_names import STATES_PRINCIPAL
from xsfn_helpers.deployment.diagnose.calls import calls_of
from xsfn_helpers.deployment.diagnose.evidence import Evidence
from xsfn_helpers.deployment.diagnose.tasks import TaskCall

# Pairs of action and resource; the resource is empty where it is known only at run time.
Needs = tuple[tuple[str, str], ...]


def needs(evidence: Evidence, tasks: Iterable[TaskCall]) -> Mapping[str, Needs]:
    """What each role of the chain needs, by the role's ARN, in the order of the tasks."""
    own = evidence.machine.role_arn
    found: dict[str, dict[tuple[str, str], None]] = {own: {}}
    for task in tasks:
        acting = task.role_arn if task.takes_on_a_role else own
        if task.takes_on_a_role:
            known = task.role_arn or (task.known_role if ":role/" in task.known_role else "")
            found[own][("sts:AssumeRole", known)] = None
        if acting:
            found.setdefault(acting, {})
        asked = calls_of(task, evidence)
        for call in asked.calls:
            if asker := own if call.own else acting:
                found[asker][(call.action, call.resource)] = None
        if acting and (asked.unknown is not None or asked.candidates):
            found[acting][(task.task.resource, "")] = None
    return {arn: tuple(pairs) for arn, pairs in found.items()}


def perhaps_needed(evidence: Evidence, tasks: Iterable[TaskCall], role_arn: str) -> frozenset[str]:
    """Actions of which it hangs on the data whether this role needs them for its tasks."""
    own = evidence.machine.role_arn
    acting = (task for task in tasks if (task.role_arn if task.takes_on_a_role else own) == role_arn)
    return frozenset(action for task in acting for action in calls_of(task, evidence).beyond)


def minimal_policy(pairs: Needs) -> Document | None:
    """The smallest permissions policy for these; None where part of it is known only at run time, or there is none."""
    if not pairs or any(not resource for _, resource in pairs):
        return None
    by_resource: dict[str, list[str]] = {}
    for action, resource in pairs:
        by_resource.setdefault(resource, []).append(action)
    statements = [
        {"Effect": "Allow", "Action": actions[0] if len(actions) == 1 else actions, "Resource": resource}
        for resource, actions in by_resource.items()
    ]
    return {"Version": POLICY_VERSION, "Statement": statements}


def task_role_trust(evidence: Evidence) -> Document:
    """The narrowest trust policy of a role that this state machine's tasks assume.

    Source: docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html
    """
    return _trust(
        {"AWS": evidence.machine.role_arn},
        {"StringEquals": {"sts:ExternalId": evidence.machine.arn}},
    )


def service_role_trust(machine_arn: str) -> Document:
    """The narrowest trust policy of a state machine's own role.

    Source: docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
    """
    account = account_of(machine_arn)
    return _trust(
        {"Service": STATES_PRINCIPAL},
        {"StringEquals": {"aws:SourceAccount": account}, "ArnLike": {"aws:SourceArn": machine_arn}},
    )


def _trust(principal: Mapping[str, str], condition: Mapping[str, object]) -> Document:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}
    return {"Version": POLICY_VERSION, "Statement": [statement]}
