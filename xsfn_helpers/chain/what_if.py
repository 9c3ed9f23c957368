"""What documents would do to the access chain, as data and in words: the documents, the links, who else gets in."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from xsfn_helpers.asl.credentials import Option
from xsfn_helpers.asl.definition_rules import MANAGED_RULE, MANAGED_RULE_ACTIONS, waits_for_own_executions
from xsfn_helpers.asl.validation import DefinitionFault
from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.chain.document_places import POLICY_PLACES, role_as_made
from xsfn_helpers.chain.document_review import JudgedDocument, judge_definition, judge_policy, warning_line
from xsfn_helpers.chain.guardrails import limit_checks
from xsfn_helpers.chain.links import Actor, Node, chain
from xsfn_helpers.chain.policy_diff import same_each_time
from xsfn_helpers.chain.report import Check
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.chain.snapshot import ChainSnapshot
from xsfn_helpers.chain.task_role import CALLS, TakenRole, decide_with
from xsfn_helpers.chain.verdicts import StoredRoles, Verdict, decide_from
from xsfn_helpers.common.language import listed, mark, tr
from xsfn_helpers.common.renderable import Renderable, picture, shown


class Turn(StrEnum):
    """What becomes of a link."""

    BREAKS = mark("would break")
    OPENS = mark("would be allowed")
    STAYS_ALLOWED = mark("stays allowed")
    STAYS_REFUSED = mark("stays denied")
    NOT_MADE = mark("can't be evaluated yet")
    NOT_ASKED = mark("would not be requested")
    AT_RUN_TIME = mark("would be known only at run time")

    @property
    def changes(self) -> bool:
        return self in (Turn.BREAKS, Turn.OPENS, Turn.NOT_ASKED, Turn.AT_RUN_TIME)

    @property
    def is_open(self) -> bool:
        """Whether it can't be said that the link would be allowed, nor that it would be denied."""
        return self in (Turn.NOT_MADE, Turn.NOT_ASKED, Turn.AT_RUN_TIME)


@dataclass(frozen=True, slots=True)
class Effect:
    """One link as the accounts stand, and as it would be: `turn`, and `evidence` for it.

    `after` is None where the definition leaves nothing to decide; `hint` says what would turn a denial into an allow.
    """

    before: Verdict
    after: Verdict | None
    turn: Turn
    evidence: str
    hint: str = ""

    @property
    def number(self) -> int:
        return self.before.link.number

    @property
    def words(self) -> str:
        """`would break: denied because …`, `stays allowed by …`."""
        state = self.turn.rpartition(" ")[2]
        if self.evidence.startswith(f"{state} "):
            return f"{self.turn}{self.evidence.removeprefix(state)}"  # English alone can say both in one
        # Without a role nobody has denied anything yet.
        evidence = (
            self.evidence.removeprefix(tr("denied: {words}", words="")) if self.turn is Turn.NOT_MADE else self.evidence
        )
        return f"{tr(self.turn)}: {evidence}"

    @property
    def now(self) -> str:
        """What decides the link as the accounts stand."""
        return same_each_time(self.before.evidence)

    @property
    def mark(self) -> str:
        if self.turn.is_open:
            return "…"
        return "✓" if self.after is not None and self.after.allowed else "✗"


@dataclass(frozen=True, slots=True)
class NewAccess:
    """A limit that the policies wouldn't keep: who else would get in. `is_new` tells that they keep it today."""

    check: Check
    is_new: bool


@dataclass(frozen=True, slots=True)
class WhatIf(Renderable):
    """What the documents would do to the chain. Nothing is applied.

    Of a document that AWS would deny nothing comes: the links stay as they are.
    """

    standing: ChainSnapshot
    documents: tuple[JudgedDocument, ...]
    effects: tuple[Effect, ...]
    risks: tuple[NewAccess, ...]
    notes: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether AWS would take every document."""
        return all(document.accepted for document in self.documents)

    @property
    def broken(self) -> tuple[int, ...]:
        """The links that are allowed today and wouldn't be."""
        return self._that(Turn.BREAKS)

    @property
    def opened(self) -> tuple[int, ...]:
        """The links that aren't allowed today and would be."""
        return self._that(Turn.OPENS)

    def _that(self, turn: Turn) -> tuple[int, ...]:
        return tuple(effect.number for effect in self.effects if effect.turn is turn)

    @property
    def headline(self) -> str:
        """The outcome in one sentence."""
        if not self.accepted:
            return tr("AWS would reject this, so nothing would change.")
        turns = (Turn.BREAKS, Turn.OPENS, Turn.NOT_ASKED, Turn.AT_RUN_TIME)
        parts = [
            tr("{links} {turn}", links=_links(numbers), turn=tr(turn))
            for turn in turns
            if (numbers := self._that(turn))
        ]
        if any(risk.is_new for risk in self.risks):
            parts.append(tr("it would let in more than the chain needs"))
        if not parts:
            return tr("No link would change.")
        sentence = listed(parts)
        return tr("{sentence}.", sentence=f"{sentence[:1].upper()}{sentence[1:]}")

    @property
    def text(self) -> str:
        """Everything, in words: the same for the same documents and policies."""
        names = ", ".join(document.name.replace("_", " ") for document in self.documents)
        return "\n".join(
            [
                tr("What if, nothing applied: {documents}", documents=names or tr("nothing changed")),
                f"  {self.headline}",
                *self._lines(),
            ]
        )

    def __str__(self) -> str:
        return self.text

    @property
    def diagram(self) -> Any:
        """The access chain as it would be; a link that would change says how."""
        return shown(picture, self)

    def _lines(self) -> Iterator[str]:
        yield from (f"  {note}" for note in self.notes)
        for document in self.documents:
            yield f"  {document.title}"
            yield f"    {document.verdict}"
            yield from (f"    ! {warning_line(warning)}" for warning in document.warnings)
            if document.differs:
                yield tr("    Beside the recommended one (- recommended, + here):")
                yield from (f"      {line}" for line in document.differs)
        yield tr("  Links")
        same = tuple(effect.number for effect in self.effects if effect.turn is Turn.STAYS_ALLOWED)
        for effect in self.effects:
            if effect.turn is Turn.STAYS_ALLOWED:
                continue
            yield f"    {effect.number} {effect.mark} {effect.words}"
            if effect.turn.changes:
                yield tr("        Now: {now}", now=effect.now)
                if effect.hint:
                    yield f"        {effect.hint}"
        if same:
            yield tr("    ✓ {links}: still allowed", links=_links(same))
        if self.risks:
            yield tr("  Lets in more than the chain needs")
            for risk in self.risks:
                line = f"    ✗ {risk.check.title}: {risk.check.evidence}"
                yield line if risk.is_new else tr("{line} (today already)", line=line)
                yield f"        {risk.check.hint}"


def _links(numbers: tuple[int, ...]) -> str:
    if len(numbers) == 1:
        return tr("link {number}", number=numbers[0])
    return tr("links {numbers}", numbers=listed(map(str, numbers)))


_NO_ROLE: Final = mark(
    "Set the option: the task's Credentials.RoleArn names the execute role. Step Functions has no "
    "resource-based policies, so nothing in the Subject account could let the Operator role in by "
    "itself."
)
_NO_RULE: Final = mark(
    "! AWS would reject this when it is saved: to wait for an execution as the execution role "
    "(.sync), Step Functions creates an EventBridge rule, and the Operator role may not "
    "(events:PutRule, PutTargets, DescribeRule)."
)
_NO_SUCH_ROLE: Final = mark("Correct the ARN in Credentials.RoleArn, or create that role.")


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What is supposed: texts in place of documents, and what is known besides.

    `missing` are principals of the trust policies that aren't there (IAM saves no trust policy that names one);
    `taken` is the role that the Operator's task would assume; of definitions, by name, what is wrong with them, and
    what is stored.
    """

    texts: Mapping[str, str]
    missing: Collection[str] = frozenset()
    taken: TakenRole | None = None
    definition_faults: Mapping[str, DefinitionFault] = field(default_factory=dict)
    stored_definitions: Mapping[str, str] = field(default_factory=dict)


def judge(standing: ChainSnapshot, supposed: Hypothesis, *, recommended: Blueprint, blueprint: Blueprint) -> WhatIf:
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
                    "The {node} doesn't exist yet: it is evaluated as {made_by} would create it.",
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
            return Effect(before, None, Turn.AT_RUN_TIME, tr("it depends on the role that the task assumes then"))
        return Effect(before, None, Turn.NOT_ASKED, tr("the task assumes no role"))
    evidence, hint = same_each_time(after.evidence), same_each_time(after.hint)
    if taken is not None and not after.allowed:
        if taken.choice.option is Option.NONE and after.link.number in CALLS:
            hint = tr(_NO_ROLE) if after.link.number == CALLS[0] else ""
        elif after.missing is not None and taken.choice.option is Option.ARN:
            evidence, hint = tr("denied: {words}", words=taken.words.rstrip(".。")), tr(_NO_SUCH_ROLE)
    return Effect(before, after, _turn(before, after), evidence, hint)


def _turn(before: Verdict, after: Verdict) -> Turn:
    if after.allowed:
        return Turn.STAYS_ALLOWED if before.allowed else Turn.OPENS
    if before.allowed:
        return Turn.BREAKS
    return Turn.NOT_MADE if after.missing is not None else Turn.STAYS_REFUSED


def _risks(scenario: Scenario, before: Mapping[int, Verdict], after: Mapping[int, Verdict]) -> Iterator[NewAccess]:
    kept = {check.id for check in limit_checks(scenario, before) if check.passed}
    unknown = {check.id for check in limit_checks(scenario, before)}
    for check in limit_checks(scenario, after):
        if not check.passed:
            yield NewAccess(check, is_new=check.id in kept or check.id not in unknown)


def lacks_managed_rule(scenario: Scenario, roles: StoredRoles, operator_definition: str) -> bool:
    """Whether the Operator role may not make the rule that the definition, in which nothing else is wrong, needs."""
    if roles[Node.OPERATOR_ROLE] is None or not waits_for_own_executions(json.loads(operator_definition)):
        return False
    call = next(link for link in chain(scenario) if link.asker is Actor.OPERATOR_ROLE)
    permission = next(decider for decider in call.deciders if decider.role is Node.OPERATOR_ROLE)
    operator = scenario.operator
    rule = f"arn:{scenario.partition}:events:{scenario.region}:{operator.id}:{MANAGED_RULE}"
    asked = tuple(
        # Step Functions asks as the Operator role, without the external ID of an AssumeRole.
        replace(call, action=action, resource=rule, resource_account=operator, deciders=(permission,), context={})
        for action in MANAGED_RULE_ACTIONS
    )
    return not all(verdict.allowed for verdict in decide_from(scenario, roles, asked))
