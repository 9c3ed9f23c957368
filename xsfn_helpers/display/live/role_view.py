"""A role's policies line by line, with the lines that decide the links marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xsfn_helpers.chain.snapshot import ChainSnapshot
from xsfn_helpers.chain.verdicts import MADE_BY, policies_of
from xsfn_helpers.common.language import tr
from xsfn_helpers.display.pictures.boxes import title_of
from xsfn_helpers.iam import Decision, Policy, explain
from xsfn_helpers.iam.explain import LayerVerdict as LayerVerdict

ALLOWS = "allow"
DENIES = "deny"
ALMOST = "almost"


@dataclass(frozen=True, slots=True)
class Mark:
    """What one statement says of one link."""

    link: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class LineView:
    """One line; `kind` is that of the statement around it, `marks` stand at the statement's first line."""

    text: str
    kind: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class PolicyView:
    title: str
    lines: tuple[LineView, ...]


@dataclass(frozen=True, slots=True)
class RoleView:
    """One role; `hint` tells how to make one that isn't there."""

    id: str
    title: str
    arn: str
    hint: str
    policies: tuple[PolicyView, ...]


Place = tuple[str, int]
"""A policy's title and a statement's position in it."""


def role_views(standing: ChainSnapshot) -> tuple[RoleView, ...]:
    """The three roles with their policies, marked with what they say of each link."""
    marks: dict[Place, list[Mark]] = {}
    for verdict in standing.verdicts:
        if verdict.decision is not None:
            for place, mark in _marks(verdict.link.number, verdict.decision):
                marks.setdefault(place, []).append(mark)
    views = []
    for node, role in standing.roles.items():
        policies = policies_of(role, node) if role else ()
        views.append(
            RoleView(
                id=node.value.lower().replace(" ", "-"),
                title=title_of(node),
                arn=role.arn if role else "",
                hint="" if role else tr("It doesn't exist yet: {made_by} creates it.", made_by=MADE_BY[node]),
                policies=tuple(PolicyView(policy.title, _lines(policy, marks)) for policy in policies),
            )
        )
    return tuple(views)


def _marks(link: int, decision: Decision) -> Iterator[tuple[Place, Mark]]:
    if decision.allowed:
        for ref in decision.decided_by:
            yield (ref.policy.title, ref.statement.index), Mark(link, ALLOWS, tr("✓ allows link {link}", link=link))
        return
    for layer in explain(decision).layers:
        for result in layer.statements:
            statement = result.ref.statement
            place = (result.ref.policy.title, statement.index)
            if result.applies and statement.allows:
                yield place, Mark(link, ALLOWS, tr("✓ allows link {link}, which needs more than this", link=link))
            elif result.applies:
                yield place, Mark(link, DENIES, tr("✗ denies link {link}", link=link))
            elif layer.needed and layer.verdict is LayerVerdict.NO_MATCH and statement.allows and result.action_matches:
                why = "; ".join(result.failures(decision.request))
                yield place, Mark(link, ALMOST, tr("… would allow link {link}, but: {why}", link=link, why=why))


def _lines(policy: Policy, marks: Mapping[Place, list[Mark]]) -> tuple[LineView, ...]:
    texts = policy.text.splitlines()
    kinds = [""] * len(texts)
    first: dict[int, tuple[Mark, ...]] = {}
    for statement in policy.statements:
        here = marks.get((policy.title, statement.index), [])
        line = policy.line_of(statement)
        if here and line is not None:
            first[line - 1] = tuple(here)
            kinds[line - 1 : _end(texts, line - 1)] = [_strongest(here)] * (_end(texts, line - 1) - line + 1)
    return tuple(
        LineView(text, kind, first.get(at, ())) for at, (text, kind) in enumerate(zip(texts, kinds, strict=True))
    )


def _end(texts: list[str], start: int) -> int:
    """Where a block of indented JSON that begins at `start` is over: the line after its closing bracket."""
    indent = len(texts[start]) - len(texts[start].lstrip())
    for at in range(start + 1, len(texts)):
        if len(texts[at]) - len(texts[at].lstrip()) <= indent:
            return at + 1
    return len(texts)


def _strongest(marks: list[Mark]) -> str:
    kinds = {mark.kind for mark in marks}
    return next(kind for kind in (DENIES, ALMOST, ALLOWS) if kind in kinds)
