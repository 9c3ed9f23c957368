"""Whether Step Functions would save a task that waits, as the state machine's own role, for another execution. Pure.

It does so by an EventBridge rule that it manages itself, in the state machine's own account:
docs.aws.amazon.com/step-functions/latest/dg/stepfunctions-iam.html
"""

from __future__ import annotations

import json
from dataclasses import replace

from xsfn_helpers.chain import Actor, Node, chain
from xsfn_helpers.sandbox.definition_rules import waits_for_own_executions
from xsfn_helpers.sandbox.machine_rules import MANAGED_RULE, MANAGED_RULE_ACTIONS
from xsfn_helpers.scenario import Scenario
from xsfn_helpers.verdicts import StoredRoles, decide_from


def lacks_managed_rule(scenario: Scenario, roles: StoredRoles, operator_definition: str) -> bool:
    """Whether the Operator role may not make the rule that the definition, in which nothing else is wrong, needs."""
    if roles[Node.OPERATOR_ROLE] is None or not waits_for_own_executions(json.loads(operator_definition)):
        return False
    call = next(link for link in chain(scenario) if link.asker is Actor.OPERATOR_ROLE)
    permission = next(decider for decider in call.deciders if decider.role is Node.OPERATOR_ROLE)
    operator = scenario.operator
    rule = f"arn:{scenario.partition}:events:{scenario.region}:{operator.id}:{MANAGED_RULE}"
    asked = tuple(
        # Step Functions asks as the Operator role, without the external id of an AssumeRole.
        replace(call, action=action, resource=rule, resource_account=operator, deciders=(permission,), context={})
        for action in MANAGED_RULE_ACTIONS
    )
    return not all(verdict.allowed for verdict in decide_from(scenario, roles, asked))
