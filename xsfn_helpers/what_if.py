"""What a changed document would do, before anything is applied: whether AWS takes it, and what becomes of every link.

Works on roles that were read before; makes no call and changes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from xsfn_helpers.asl.credentials import Option
from xsfn_helpers.blueprint import Blueprint
from xsfn_helpers.changes import text_diff
from xsfn_helpers.checks import Check
from xsfn_helpers.faults.limits import limit_checks
from xsfn_helpers.iam import Policy, PolicyError, PolicyWarning, lint
from xsfn_helpers.iam.errors import MALFORMED
from xsfn_helpers.iam.json_text import Path, deepest_known, place_at
from xsfn_helpers.policy_diff import policy_diff, same_policy
from xsfn_helpers.policy_places import POLICY_PLACES, PolicyPlace, role_as_made
from xsfn_helpers.scenario import Scenario
from xsfn_helpers.standing import Standing
from xsfn_helpers.task_role import CALLS, TakenRole, decide_with
from xsfn_helpers.verdicts import Verdict, decide_from

if TYPE_CHECKING:
    from xsfn_helpers.asl.faults import DefinitionFault
    from xsfn_helpers.display.diagram import Diagram

_DELETED_ROLE_ID: Final = re.compile(r"AROA[A-Z0-9]+")


class Turn(StrEnum):
    """What becomes of a link."""

    BREAKS = "would break"
    OPENS = "would be allowed"
    STAYS_ALLOWED = "stays allowed"
    STAYS_REFUSED = "stays refused"
    NOT_MADE = "can't be judged yet"
    NOT_ASKED = "would not be asked"
    AT_RUN_TIME = "would be known only at run time"

    @property
    def changes(self) -> bool:
        return self in (Turn.BREAKS, Turn.OPENS, Turn.NOT_ASKED, Turn.AT_RUN_TIME)

    @property
    def is_open(self) -> bool:
        """Whether it can't be said that the link would be allowed, nor that it would be refused."""
        return self in (Turn.NOT_MADE, Turn.NOT_ASKED, Turn.AT_RUN_TIME)


@dataclass(frozen=True, slots=True)
class Effect:
    """One link as the accounts stand, and as it would be: `turn`, and `evidence` for it.

    `after` is None where the definition leaves nothing to decide; `hint` says what would turn a refusal into an allow.
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
    def mark(self) -> str:
        if self.turn.is_open:
            return "…"
        return "✓" if self.after is not None and self.after.allowed else "✗"


@dataclass(frozen=True, slots=True)
class Risk:
    """A limit that the policies wouldn't keep: who else would get in. `is_new` tells that they keep it today."""

    check: Check
    is_new: bool


@dataclass(frozen=True, slots=True)
class JudgedDocument:
    """One document: what AWS would refuse in it, what it would take although it means trouble, and what is different.

    `differs` are the lines in which it says something else than the recommended one, `-` recommended, `+` here.
    """

    name: str
    title: str
    text: str
    fault: PolicyError | DefinitionFault | None
    warnings: tuple[PolicyWarning, ...]
    differs: tuple[str, ...]
    is_stored: bool

    @property
    def accepted(self) -> bool:
        return self.fault is None

    @property
    def verdict(self) -> str:
        """One sentence on the document."""
        if self.fault is not None:
            return f"✗ AWS would refuse it: {_same_each_time(str(self.fault))}"
        if self.is_stored:
            return "✓ This is what is stored."
        return "✓ AWS would take it."


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What the documents would do to the chain. Nothing is applied.

    Of a document that AWS would refuse nothing comes: the links stay as they are.
    """

    standing: Standing
    documents: tuple[JudgedDocument, ...]
    effects: tuple[Effect, ...]
    risks: tuple[Risk, ...]
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
            return "AWS would refuse this, so nothing would change."
        turns = (Turn.BREAKS, Turn.OPENS, Turn.NOT_ASKED, Turn.AT_RUN_TIME)
        parts = [f"{_links(numbers)} {turn}" for turn in turns if (numbers := self._that(turn))]
        if any(risk.is_new for risk in self.risks):
            parts.append("it would let in more than the chain needs")
        if not parts:
            return "No link would change."
        sentence = " and ".join(parts)
        return f"{sentence[:1].upper()}{sentence[1:]}."

    @property
    def text(self) -> str:
        """Everything, in words: the same for the same documents and policies."""
        names = ", ".join(document.name.replace("_", " ") for document in self.documents)
        return "\n".join(
            [f"What if, nothing applied: {names or 'nothing changed'}", f"  {self.headline}", *self._lines()]
        )

    def __str__(self) -> str:
        return self.text

    @property
    def diagram(self) -> Diagram:
        """The access chain as it would be; a link that would change says how."""
        from xsfn_helpers.display.what_if_report import what_if_diagram

        return what_if_diagram(self)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        from xsfn_helpers.display.what_if_report import what_if_html

        return {"text/html": what_if_html(self), "text/plain": self.text}

    def _lines(self) -> Iterator[str]:
        yield from (f"  {note}" for note in self.notes)
        for document in self.documents:
            yield f"  {document.title}"
            yield f"    {document.verdict}"
            yield from (f"    ! {warning_line(warning)}" for warning in document.warnings)
            if document.differs:
                yield "    Beside the recommended one (- recommended, + here):"
                yield from (f"      {line}" for line in document.differs)
        yield "  Links"
        for effect in self.effects:
            yield f"    {effect_line(effect)}"
            if effect.hint:
                yield f"        {effect.hint}"
        if self.risks:
            yield "  Lets in more than the chain needs"
            for risk in self.risks:
                yield f"    ✗ {risk.check.title}: {risk.check.evidence}{'' if risk.is_new else ' (today already)'}"
                yield f"        {risk.check.hint}"


def effect_line(effect: Effect) -> str:
    """`2 ✗ would break: refused because …`"""
    return f"{effect.number} {effect.mark} {effect.turn}: {effect.evidence}"


def warning_line(warning: PolicyWarning) -> str:
    """`line 9, column 9: … [source]`"""
    return f"line {warning.line}, column {warning.column}: {warning.message} {warning.fix} [{warning.source}]"


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
            documents.append(_judged_definition(name, text, supposed, recommended))
            continue
        judged = _judged_policy(standing, place, text, supposed.missing, recommended)
        documents.append(judged)
        if judged.accepted:
            policies[name] = text
    roles, notes = dict(standing.roles), []
    for name, text in policies.items():
        place = POLICY_PLACES[name]
        role = roles[place.node]
        if role is None:
            role = role_as_made(scenario, blueprint, place.node)
            notes.append(f"The {place.node} isn't made yet: it is judged as {place.made_by} would make it.")
        roles[place.node] = place.put(role, text)
    before = {verdict.link.number: verdict for verdict in standing.verdicts}
    taken = supposed.taken if all(document.accepted for document in documents) else None
    if taken is None:
        after = {verdict.link.number: verdict for verdict in decide_from(scenario, roles)}
    else:
        notes.append(taken.words)
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
            return Effect(before, None, Turn.AT_RUN_TIME, "it depends on the role that the task takes on then")
        return Effect(before, None, Turn.NOT_ASKED, "the task takes on no role")
    evidence, hint = _same_each_time(after.evidence), _same_each_time(after.hint)
    if taken is not None and not after.allowed:
        if taken.choice.option is Option.NONE and after.link.number in CALLS:
            hint = _NO_ROLE
        elif after.missing is not None and taken.choice.option is Option.ARN:
            evidence, hint = f"refused: {taken.words.rstrip('.')}", _NO_SUCH_ROLE
    return Effect(before, after, _turn(before, after), evidence, hint)


def _turn(before: Verdict, after: Verdict) -> Turn:
    if after.allowed:
        return Turn.STAYS_ALLOWED if before.allowed else Turn.OPENS
    if before.allowed:
        return Turn.BREAKS
    return Turn.NOT_MADE if after.missing is not None else Turn.STAYS_REFUSED


_NO_ROLE: Final = (
    "Set the option: the task's Credentials.RoleArn names the execute role. Step Functions has no resource-based "
    "policies, so nothing in the Subject account could let the Operator role in by itself."
)
_NO_SUCH_ROLE: Final = "Correct the ARN in Credentials.RoleArn, or make that role."


def trust_principals(document: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Each AWS principal of a trust policy, and its path in the document."""
    statements = document.get("Statement")
    listed = isinstance(statements, list)
    for index, statement in enumerate(statements if isinstance(statements, list) else [statements]):
        if not isinstance(statement, Mapping):
            continue
        base: Path = ("Statement", index) if listed else ("Statement",)
        for element in ("Principal", "NotPrincipal"):
            principal = statement.get(element)
            values = principal.get("AWS") if isinstance(principal, Mapping) else None
            if isinstance(values, str):
                yield (*base, element, "AWS"), values
            elif isinstance(values, list):
                yield from (((*base, element, "AWS", at), value) for at, value in enumerate(values))


def _judged_policy(
    standing: Standing, place: PolicyPlace, text: str, missing: Collection[str], recommended: Blueprint
) -> JudgedDocument:
    scenario = standing.scenario
    title = f"{place.title} ({scenario.account(place.side)})"
    wanted = recommended.text(place.document)
    stored = place.stored_text(standing.roles[place.node])
    fault: PolicyError | None = None
    warnings: tuple[PolicyWarning, ...] = ()
    try:
        policy = Policy.parse(text, kind=place.kind, name=place.title)
    except PolicyError as error:
        return JudgedDocument(place.document, title, text, error, (), text_diff(wanted, text), is_stored=False)
    if not place.policy:
        fault = _missing_principal(policy, text, missing)
    warnings = lint(policy, region=scenario.region)
    document = json.loads(text)
    same = same_policy(document, json.loads(wanted))
    return JudgedDocument(
        place.document,
        title,
        text,
        fault,
        warnings,
        () if same else policy_diff_from(json.loads(wanted), document),
        is_stored=stored is not None and json.loads(stored) == document,
    )


def policy_diff_from(recommended: Mapping[str, Any], here: Mapping[str, Any]) -> tuple[str, ...]:
    """The lines in which `here` differs, with the id of a deleted role as `AROA…`."""
    return tuple(_same_each_time(line) for line in policy_diff(recommended, here))


def _missing_principal(policy: Policy, text: str, missing: Collection[str]) -> PolicyError | None:
    """IAM saves a trust policy only when every principal in it exists.

    Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    for path, value in trust_principals(policy.document):
        if value in missing:
            place = place_at(text, deepest_known(text, path)[1])
            deleted = _DELETED_ROLE_ID.fullmatch(value)
            return PolicyError(
                f'Invalid principal in policy: "AWS":"{value}"',
                detail="It is the id of a role that was deleted." if deleted else "There is no such role or user.",
                code=MALFORMED,
                policy=policy.title,
                line=place.line,
                column=place.column,
                fix="Write the ARN of the role that is there now."
                if deleted
                else "Make it first, or correct its name.",
            )
    return None


def _judged_definition(name: str, text: str, supposed: Supposition, recommended: Blueprint) -> JudgedDocument:
    wanted = recommended.text(name)
    return JudgedDocument(
        name,
        f"definition of the {name.partition('_')[0].capitalize()} state machine",
        text,
        supposed.definition_faults.get(name),
        (),
        () if _same_json(text, wanted) else text_diff(wanted, text),
        is_stored=_same_json(text, supposed.stored_definitions.get(name, "")),
    )


def _risks(scenario: Scenario, before: Mapping[int, Verdict], after: Mapping[int, Verdict]) -> Iterator[Risk]:
    kept = {check.id for check in limit_checks(scenario, before) if check.passed}
    unknown = {check.id for check in limit_checks(scenario, before)}
    for check in limit_checks(scenario, after):
        if not check.passed:
            yield Risk(check, is_new=check.id in kept or check.id not in unknown)


def _same_json(one: str, other: str) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except (ValueError, RecursionError):
        return False


def _links(numbers: tuple[int, ...]) -> str:
    if len(numbers) == 1:
        return f"link {numbers[0]}"
    return f"links {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def _same_each_time(text: str) -> str:
    """The id of a deleted role is another one each time; the story is the same."""
    return _DELETED_ROLE_ID.sub("AROA…", text)
