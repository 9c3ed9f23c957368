"""AWS's own answers beside the engine's: each link simulated by IAM, each policy validated by Access Analyzer.

Where they disagree, the fault is the kit's, and there is a text to send in, with nothing private in it.
Sources: docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html (a role's trust policy isn't
simulated) and docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ValidatePolicy.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from importlib.metadata import version
from typing import Any, Final

from xsfn_helpers.aws.errors import translated
from xsfn_helpers.aws.simulation import NotSimulated, Simulated, simulate
from xsfn_helpers.chain.document_places import POLICY_PLACES, PolicyPlace
from xsfn_helpers.chain.links import Node
from xsfn_helpers.chain.report import Check, Report
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.chain.verdicts import StoredRoles, Verdict, decide_from
from xsfn_helpers.common.errors import AwsUnavailable, StepError
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.common.renderable import Renderable
from xsfn_helpers.common.stable_text import stable
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.snapshot import read_roles
from xsfn_helpers.iam import Decision, Policies, Policy, PolicyKind, decide

OUR_BUG: Final = mark(
    "That is a bug of this kit's: please report it with the text in .to_send (nothing of yours is "
    "in it but the policies, without ids and names; read it first)."
)
_OUTCOMES: Final = {"Allowed": "allowed", "ImplicitlyDenied": "implicitDeny", "ExplicitlyDenied": "explicitDeny"}
_SIDES: Final = {Node.OPERATOR_ROLE: Side.OPERATOR, Node.EXECUTE_ROLE: Side.SUBJECT}
# What the policy of one Access Analyzer calls the two kinds, and the resource that a trust policy is for.
_IDENTITY: Final[Mapping[str, Any]] = {"policyType": "IDENTITY_POLICY"}
_TRUST: Final[Mapping[str, Any]] = {
    "policyType": "RESOURCE_POLICY",
    "validatePolicyResourceType": "AWS::IAM::AssumeRolePolicyDocument",
}


@dataclass(frozen=True, slots=True)
class SecondOpinion(Renderable):
    """What both say. `notes` are what AWS wasn't, or couldn't be, asked; `to_send` is a text for each disagreement.

    `remarks` are what AWS adds where both agree: its organization denies the request, or its validation advises.
    """

    report: Report
    notes: tuple[str, ...]
    to_send: tuple[str, ...]
    remarks: tuple[str, ...] = ()

    @property
    def agree(self) -> bool:
        return self.report.ok

    def __str__(self) -> str:
        lines = [str(self.report), *(tr("Note: {remark}", remark=remark) for remark in self.remarks)]
        lines += [tr("Not asked: {note}", note=note) for note in self.notes]
        return "\n".join([*lines, *(tr("To send in:\n{text}", text=text) for text in self.to_send)])


@dataclass(frozen=True, slots=True)
class _Told:
    """One answer of each, or why there is none."""

    check: Check | None = None
    note: str = ""
    to_send: str = ""
    remark: str = ""


def second_opinion(environment: Environment) -> SecondOpinion:
    """Ask AWS about every link and policy as stored. Reads only."""
    roles = read_roles(environment)
    told_of = [_of_link(environment, roles, verdict) for verdict in decide_from(environment.scenario, roles)]
    told_of += list(_of_policies(environment, roles))
    notes = dict.fromkeys(one.note for one in told_of if one.note)
    return SecondOpinion(
        Report(tr("The engine beside AWS"), tuple(one.check for one in told_of if one.check)),
        tuple(notes),
        tuple(one.to_send for one in told_of if one.to_send),
        tuple(one.remark for one in told_of if one.remark),
    )


def _of_link(environment: Environment, roles: StoredRoles, verdict: Verdict) -> _Told:
    link, decision = verdict.link, verdict.decision
    node = next((decider.role for decider in link.deciders if decider.role in _SIDES), None)
    role = roles[node] if node else None
    if link.principal == "states.amazonaws.com":
        return _Told(
            note=tr("link {link}: AWS simulates no trust policy, and nothing else decides this link", link=link)
        )
    if decision is None or node is None or role is None:
        return _Told(note=tr("link {link}: {words}", link=link, words=verdict.evidence))
    side = _SIDES[node]
    own = _identity_side(decision)
    answer = simulate(
        environment.iam(side),
        environment.scenario.account(side),
        role.arn,
        actions=[link.action],
        resources=[own.request.resource],
        context={key: value for key, value in own.request.context.items() if isinstance(value, str)},
    )
    if isinstance(answer, NotSimulated):
        return _Told(note=tr("link {link}: AWS said {why}", link=link, why=answer.why))
    return _compared(environment, verdict, own, answer[0])


def _identity_side(decision: Decision) -> Decision:
    """The engine's answer to what AWS simulates: the asker's own side, on a resource that is there to be named."""
    request = replace(decision.request, resource=decision.request.resource.replace(":*", ":any"))
    policies = decision.policies
    if policies.resource is not None:
        caller = request.principal.account or request.resource_account
        statement = {"Effect": "Allow", "Principal": {"AWS": caller}, "Action": "sts:*"}
        document = {"Version": "2012-10-17", "Statement": statement}
        open_trust = Policy.parse(json.dumps(document), kind=PolicyKind.TRUST)
        policies = Policies(identity=policies.identity, boundaries=policies.boundaries, resource=open_trust)
    return decide(request, policies)


def _compared(environment: Environment, verdict: Verdict, own: Decision, answer: Simulated) -> _Told:
    link = verdict.link
    engine = _OUTCOMES[own.outcome.value]
    what = tr("the caller's own side of it") if own.is_trust else tr("all that decides it")
    evidence = tr(
        "{what}: the engine says {engine}, AWS says {decision}", what=what, engine=engine, decision=answer.decision
    )
    if answer.by_organisation and own.allowed:
        note = tr(
            "{evidence}, for a service control policy of the organization, which only AWS can see", evidence=evidence
        )
        return _remarked(Check(f"{link.id}.aws", tr("Link {link}", link=link), True, note))
    agree = own.allowed == answer.allowed
    check = Check(f"{link.id}.aws", tr("Link {link}", link=link), agree, evidence, "" if agree else tr(OUR_BUG))
    return _Told(check, to_send="" if agree else _to_send(environment, own, answer))


def _remarked(check: Check) -> _Told:
    """A check that passed, whose evidence is to be seen all the same."""
    return _Told(check, remark=f"{check.title}: {check.evidence}")


def _to_send(environment: Environment, own: Decision, answer: Simulated) -> str:
    request = own.request
    told_of = {
        "kit": version("xsfn-helpers"),
        "asked": {
            "principal": str(request.principal),
            "action": request.action,
            "resource": request.resource,
            "context": dict(request.context),
        },
        "identityPolicies": [policy.document for policy in own.policies.identity],
        "permissionBoundaries": [policy.document for policy in own.policies.boundaries],
        "engine": _OUTCOMES[own.outcome.value],
        "aws": answer.decision,
    }
    return redacted(json.dumps(told_of, indent=2), environment.scenario, environment.lab_id)


def _of_policies(environment: Environment, roles: StoredRoles) -> Iterator[_Told]:
    for place in POLICY_PLACES.values():
        text = place.stored_text(roles[place.node])
        if text is None:
            continue
        findings = _validated(environment, place, text)
        if isinstance(findings, str):
            yield _Told(note=f"Access Analyzer, {environment.scenario.account(place.side)}: {findings}")
        else:
            yield _judged(environment, place, text, findings)


def _validated(environment: Environment, place: PolicyPlace, text: str) -> list[Mapping[str, Any]] | str:
    """Access Analyzer's findings, or why there are none."""
    kind = _IDENTITY if place.kind is PolicyKind.IDENTITY else _TRUST
    account = environment.scenario.account(place.side)
    try:
        with translated(account):
            analyzer = environment.accounts.client(place.side, "accessanalyzer")
            pages = analyzer.get_paginator("validate_policy").paginate(policyDocument=text, **kind)
            return [finding for page in pages for finding in page["findings"]]
    except StepError as error:
        return stable(error.what).strip()
    except AwsUnavailable as error:
        return tr("it can't be reached here: {what}", what=error.what)


def _judged(environment: Environment, place: PolicyPlace, text: str, findings: list[Mapping[str, Any]]) -> _Told:
    """The engine takes what is stored; AWS's analyzer may advise against it, but an error of it is a disagreement."""
    errors = [finding for finding in findings if finding["findingType"] == "ERROR"]
    words = "; ".join(
        f"{finding['findingType'].lower().replace('_', ' ')} {finding['issueCode']}: {finding['findingDetails']}"
        for finding in findings
    )
    evidence = (
        tr("AWS's policy validation says {words}", words=words)
        if findings
        else tr("AWS's policy validation has nothing against it")
    )
    check = Check(f"{place.document}.aws", place.title, not errors, evidence, tr(OUR_BUG) if errors else "")
    if not errors:
        return _remarked(check) if findings else _Told(check)
    told_of = {
        "kit": version("xsfn-helpers"),
        "policy": json.loads(text),
        "kind": str(place.kind),
        "engine": "taken",
        "aws": [{key: finding[key] for key in ("findingType", "issueCode", "findingDetails")} for finding in errors],
    }
    return _Told(check, to_send=redacted(json.dumps(told_of, indent=2), environment.scenario, environment.lab_id))


_ACCOUNT: Final = re.compile(r"(?<![0-9A-Za-z])[0-9]{12}(?![0-9A-Za-z])")
_UNIQUE_ID: Final = re.compile(r"\b(A[A-Z]{3})[A-Z0-9]{12,}\b")
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_E_MAIL: Final = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_SESSION: Final = re.compile(r"(assumed-role/[\w+=,.@-]+)/[\w+=,.@-]+")


def redacted(text: str, scenario: Scenario, lab_id: str) -> str:
    """The same with the article's account IDs and names in place of this scenario's.

    What is told stays true of it: equal things stay equal, different ones different, except accounts that are neither
    of the two, which all become 000000000000.
    """
    article = Scenario(region=scenario.region)
    # The longest first: one name may begin with another.
    pairs = [(getattr(scenario, one.name), getattr(article, one.name)) for one in fields(Scenario)]
    pairs = sorted(((mine, its) for mine, its in pairs if mine != scenario.region), key=lambda pair: -len(pair[0]))
    known = re.compile("|".join(re.escape(mine) for mine, _ in pairs))
    by_name = dict(pairs)
    text = _SESSION.sub(r"\1/session", text)
    text = known.sub(lambda found: by_name[found.group()], text)
    kept = {article.operator_account_id, article.subject_account_id}
    text = _ACCOUNT.sub(lambda found: found.group() if found.group() in kept else "0" * 12, text)
    text = _UNIQUE_ID.sub(r"\1…", text)
    text = _E_MAIL.sub("somebody@example.com", _UUID.sub("…", text))
    return text.replace(f'"{lab_id}"', '"lab"') if lab_id else text
