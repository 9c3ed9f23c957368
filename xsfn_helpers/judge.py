"""What a changed document would do, before anything is applied: whether AWS takes it, and what becomes of every link.

Works on roles that were read before; makes no call and changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from xsfn_helpers.asl.credentials import Option
from xsfn_helpers.asl.faults import DefinitionFault
from xsfn_helpers.blueprint import Blueprint
from xsfn_helpers.faults.limits import limit_checks
from xsfn_helpers.judged_document import judge_definition, judge_policy
from xsfn_helpers.language import mark, tr
from xsfn_helpers.managed_rule import lacks_managed_rule
from xsfn_helpers.policy_diff import same_each_time
from xsfn_helpers.policy_places import POLICY_PLACES, role_as_made
from xsfn_helpers.scenario import Scenario
from xsfn_helpers.standing import Standing
from xsfn_helpers.task_role import CALLS, TakenRole, decide_with
from xsfn_helpers.verdicts import Verdict, decide_from
from xsfn_helpers.what_if import Effect, Risk, Turn, WhatIf

_NO_ROLE: Final = mark(
    "Set the option: the task's Credentials.RoleArn names the execute role. Step Functions has no "
    "resource-based policies, so nothing in the Subject account could let the Operator role in by "
    "itself."
)
_NO_RULE: Final = mark(
    "! AWS would refuse to save this: to wait for an execution as the state machine's own role "
    "(.sync), Step Functions makes a rule in EventBridge, which the Operator role may not "
    "(events:PutRule, PutTargets, DescribeRule)."
)
_NO_SUCH_ROLE: Final = mark("Correct the ARN in Credentials.RoleArn, or make that role.")


@dataclass(frozen=True, slots=True)
class Supposition:
    """What is supposed: texts in place of documents, and what is known besides.

    `missing` are principals of the trust policies that aren't there (IAM saves no trust policy that names one);
    `taken` is the role that the Operator's task would take on; of definitions, by name, what is wrong with them, and
    what is stored.
    """

    texts: Mapping[str, str]
    missing: Collection[str] = frozenset()
    taken: TakenRole | None = None
    definition_faults: Mapping[str, DefinitionFault] = field(default_factory=dict)
    stored_definitions: Mapping[str, str] = field(default_factory=dict)


def judge(standing: Standing, supposed: Supposition, *, recommended: Blueprint, blueprint: Blueprint) -> WhatIf:
    """What the supposed documents would do to the chain as it stands.

    A role that doesn't exist yet is judged as its stage would make it from `blueprint`, with the supposed document.
    """
    scenario = standing.scenario
    documents, policies = [], {}
    for name, text in supposed.texts.items():
        place = POLICY_PLACES.get(name)
        if place is None:
            documents.append(
                judge_definition(
                    name,
                    text,
                    fault=supposed.definition_faults.get(name),
                    stored=supposed.stored_definitions.get(name, ""),
                    recommended=recommended,
                )
            )
            continue
        judged = judge_policy(
            scenario,
            place,
            text,
            stored=place.stored_text(standing.roles[place.node]),
            missing=supposed.missing,
            recommended=recommended,
        )
        documents.append(judged)
        if judged.accepted:
            policies[name] = text
    roles, notes = dict(standing.roles), []
    for name, text in policies.items():
        place = POLICY_PLACES[name]
        role = roles[place.node]
        if role is None:
            role = role_as_made(scenario, blueprint, place.node)
            notes.append(
                tr(
                    "The {node} isn't made yet: it is judged as {made_by} would make it.",
                    node=place.node,
                    made_by=place.made_by,
                )
            )
        roles[place.node] = place.put(role, text)
    before = {verdict.link.number: verdict for verdict in standing.verdicts}
    taken = supposed.taken if all(document.accepted for document in documents) else None
    if taken is None:
        after = {verdict.link.number: verdict for verdict in decide_from(scenario, roles)}
    else:
        notes.append(taken.words)
        if lacks_managed_rule(scenario, roles, supposed.texts["operator_definition"]):
            notes.append(tr(_NO_RULE))
        after = dict(decide_with(scenario, roles, taken))
    return WhatIf(
        standing=standing,
        documents=tuple(documents),
        effects=tuple(_effect(verdict, after.get(number), taken) for number, verdict in before.items()),
        risks=tuple(_risks(scenario, before, after)),
        notes=tuple(notes),
    )


def _effect(before: Verdict, after: Verdict | None, taken: TakenRole | None) -> Effect:
    if after is None:
        if taken is not None and taken.choice.option is Option.RUN_TIME:
            return Effect(before, None, Turn.AT_RUN_TIME, tr("it depends on the role that the task takes on then"))
        return Effect(before, None, Turn.NOT_ASKED, tr("the task takes on no role"))
    evidence, hint = same_each_time(after.evidence), same_each_time(after.hint)
    if taken is not None and not after.allowed:
        if taken.choice.option is Option.NONE and after.link.number in CALLS:
            hint = tr(_NO_ROLE) if after.link.number == CALLS[0] else ""
        elif after.missing is not None and taken.choice.option is Option.ARN:
            evidence, hint = tr("refused: {words}", words=taken.words.rstrip(".。")), tr(_NO_SUCH_ROLE)
    return Effect(before, after, _turn(before, after), evidence, hint)


def _turn(before: Verdict, after: Verdict) -> Turn:
    if after.allowed:
        return Turn.STAYS_ALLOWED if before.allowed else Turn.OPENS
    if before.allowed:
        return Turn.BREAKS
    return Turn.NOT_MADE if after.missing is not None else Turn.STAYS_REFUSED


def _risks(scenario: Scenario, before: Mapping[int, Verdict], after: Mapping[int, Verdict]) -> Iterator[Risk]:
    kept = {check.id for check in limit_checks(scenario, before) if check.passed}
    unknown = {check.id for check in limit_checks(scenario, before)}
    for check in limit_checks(scenario, after):
        if not check.passed:
            yield Risk(check, is_new=check.id in kept or check.id not in unknown)
