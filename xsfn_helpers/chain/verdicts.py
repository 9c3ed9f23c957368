"""Each link of the access chain, decided by the engine from the policies of roles that were read before. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from xsfn_helpers.chain.links import Actor, Link, Node, chain
from xsfn_helpers.chain.report import Check
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.chain.stored import StoredRole
from xsfn_helpers.common.arns import account_of
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.common.language import listed, tr
from xsfn_helpers.common.renderable import Renderable
from xsfn_helpers.iam import Decision, Outcome, Policies, Policy, PolicyKind, Principal, Request, decide, explain

if TYPE_CHECKING:
    from xsfn_helpers.iam import Explanation

_ASKERS: Final[Mapping[Actor, Node]] = {
    Actor.OPERATOR_ROLE: Node.OPERATOR_ROLE,
    Actor.EXECUTE_ROLE: Node.EXECUTE_ROLE,
}


MADE_BY: Final[Mapping[Node | None, str]] = {
    Node.OPERATOR_ROLE: "lab.prepare()",
    Node.SUBJECT_ROLE: "lab.prepare()",
    Node.EXECUTE_ROLE: "lab.stage(1).apply()",
}


@dataclass(frozen=True, slots=True)
class Verdict(Renderable):
    """Whether one link is allowed.

    `decision` is None when a role it needs doesn't exist, which `missing` names, and while an exercise asks for it:
    `withheld` then says so.
    """

    link: Link
    decision: Decision | None
    missing: Node | None = None
    withheld: str = ""

    @property
    def allowed(self) -> bool:
        return self.decision is not None and self.decision.allowed

    @property
    def explanation(self) -> Explanation | None:
        """The engine's explanation, worked out when asked for."""
        return explain(self.decision) if self.decision is not None else None

    @property
    def evidence(self) -> str:
        """One line: what decided."""
        if self.withheld:
            return self.withheld
        if self.decision is None:
            return tr("denied: the {missing} doesn't exist", missing=tr(str(self.missing)))
        if self.decision.allowed:
            return tr("allowed by {statements}", statements=tr(" and by ").join(map(str, self.decision.decided_by)))
        statements = listed(map(str, self.decision.decided_by))
        refused = tr("denied {aws_reason}", aws_reason=self.decision.aws_reason)
        return f"{refused}: {statements}" if statements else refused

    @property
    def hint(self) -> str:
        """What would turn a denial into an allow; empty when it is allowed."""
        if self.allowed or self.withheld:
            return ""
        if self.decision is None:
            return tr(
                "Create the {missing} first: {made_by}.", missing=tr(str(self.missing)), made_by=MADE_BY[self.missing]
            )
        if self.decision.outcome is Outcome.EXPLICITLY_DENIED:
            statements = listed(map(str, self.decision.decided_by))
            return tr("Take away the explicit Deny, which no Allow outweighs: {statements}.", statements=statements)
        edits = explain(self.decision).edits
        return (
            tr("Smallest change that would allow it: {edits}", edits=tr(" And ").join(map(str, edits)))
            if edits
            else tr("No single change helps.")
        )

    @property
    def check(self) -> Check:
        """That the link is allowed, as a check."""
        title = tr("Link {link}, by the policies", link=self.link)
        return Check(f"{self.link.id}.decided", title, self.allowed, self.evidence, self.hint)

    def __str__(self) -> str:
        explanation = self.explanation
        return f"{tr('Link {link}', link=self.link)}\n{explanation.text if explanation else self.evidence}"


StoredRoles = Mapping[Node, StoredRole | None]


def roles_of(link: Link) -> tuple[Node, ...]:
    """The roles whose policies a link is decided from: the asker's, then the deciders'."""
    asker = [_ASKERS[link.asker]] if link.asker in _ASKERS else []
    return tuple(dict.fromkeys([*asker, *(decider.role for decider in link.deciders)]))


def decide_from(scenario: Scenario, roles: StoredRoles, links: tuple[Link, ...] | None = None) -> tuple[Verdict, ...]:
    """All six links, or these instead, from roles that were read before."""
    return tuple(_decide(scenario, link, roles) for link in (chain(scenario) if links is None else links))


def _decide(scenario: Scenario, link: Link, roles: StoredRoles) -> Verdict:
    for node in roles_of(link):
        if roles[node] is None:
            return Verdict(link, None, node)
    asker = roles[_ASKERS[link.asker]] if link.asker in _ASKERS else None
    trusting = roles.get(link.target) if link.action == "sts:AssumeRole" else None
    request = Request(
        principal=_session(scenario, asker) if asker else Principal.parse(link.principal),
        action=link.action,
        resource=link.resource,
        resource_account=link.resource_account.id,
        context={
            "aws:RequestedRegion": scenario.region,
            **({f"aws:PrincipalTag/{key}": value for key, value in asker.tags.items()} if asker else {}),
            **link.context,
        },
    )
    policies = Policies(
        identity=_identity(asker, _ASKERS[link.asker]) if asker else (),
        resource=_trust(trusting, link.target) if trusting else None,
        boundaries=_boundary(asker, _ASKERS[link.asker]) if asker else (),
    )
    return Verdict(link, decide(request, policies))


def _session(scenario: Scenario, role: StoredRole) -> Principal:
    """A session of the role. Step Functions picks a random name for it, which no policy should depend on."""
    account = account_of(role.arn)
    arn = f"arn:{scenario.partition}:sts::{account}:assumed-role/{role.name}/any-session"
    return Principal.parse(arn, unique_id=role.unique_id, role_arn=role.arn)


def policies_of(role: StoredRole, node: Node) -> tuple[Policy, ...]:
    """Every policy of a role, named as the decisions name them: trust policy, permissions policies, boundary."""
    return (_trust(role, node), *_identity(role, node), *_boundary(role, node))


def _identity(role: StoredRole, node: Node) -> tuple[Policy, ...]:
    whose = tr(node)
    texts = {
        tr("{role}'s inline policy {policy}", role=whose, policy=name): role.written.get(name, json_text(one))
        for name, one in role.inline.items()
    }
    texts |= {
        tr("{role}'s managed policy {policy}", role=whose, policy=policy.name): json_text(policy.document)
        for policy in role.attached
    }
    return tuple(Policy.parse(text, kind=PolicyKind.IDENTITY, name=name) for name, text in texts.items())


def _trust(role: StoredRole, node: Node) -> Policy:
    text = role.written.get("") or json_text(role.trust)
    return Policy.parse(text, kind=PolicyKind.TRUST, name=tr("{role}'s trust policy", role=tr(node)))


def _boundary(role: StoredRole, node: Node) -> tuple[Policy, ...]:
    if role.boundary is None:
        return ()
    name = tr("{role}'s permissions boundary {policy}", role=tr(node), policy=role.boundary.name)
    return (Policy.parse(json_text(role.boundary.document), kind=PolicyKind.BOUNDARY, name=name),)
