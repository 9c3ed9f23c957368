"""Whether a repair is one: the chain allowed and run for real, and nothing opened that was closed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

from xsfn_helpers.aws.reading import read_role
from xsfn_helpers.chain.all_requests import compare, roles_as_made
from xsfn_helpers.chain.guardrails import limit_checks
from xsfn_helpers.chain.report import Check
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.chain.verdicts import StoredRoles, Verdict, decide_from
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.language import listed, mark, tr
from xsfn_helpers.common.stable_text import stable
from xsfn_helpers.deployment.checks import trials
from xsfn_helpers.deployment.checks.run_evidence import ending, refused_check, run_checks, stop_check
from xsfn_helpers.deployment.practice.fault import Fault, Shows
from xsfn_helpers.deployment.practice.names import boundary_arn
from xsfn_helpers.deployment.practice.symptoms import save_subject_machine
from xsfn_helpers.deployment.snapshot import read_roles

if TYPE_CHECKING:
    from xsfn_helpers.deployment.deployment import Deployment

_KEEP_LOOKING: Final = mark("fault.hint() helps a step further; lab.evaluate(n) explains link n in full.")
_SOON: Final = mark(
    "The policies allow it: if you have changed one a moment ago, check again. "
    "fault.hint() helps a step further; lab.evaluate(n) explains link n in full."
)
_ONE_ROLE: Final = mark("The execute role is for the Operator role, and for no other principal.")
_ONE_USER: Final = mark("The Operator role is for one state machine. Another one with it can send any external ID.")
_ONE_MACHINE: Final = mark(
    "The execute role is for tasks of one state machine, whose ARN Step Functions sends as external ID."
)

_NO_MORE: Final = mark("The chain doesn't need it. Whether it gets through may depend on another account's policy.")


def prove(deployment: Deployment, fault: Fault) -> tuple[Check, ...]:
    """The checks of a repair. None of them gives the fault away.

    First what must be allowed, by policy and by trial; once all of it is, what must be denied, by policy and by trial.
    """
    roles = read_roles(deployment.environment.at_one_look())
    verdicts = {verdict.link.number: verdict for verdict in decide_from(deployment.scenario, roles)}
    checks = [_chain(verdicts, fault.links), _run(deployment, verdicts), *_own(deployment, fault, verdicts)]
    if all(check.passed for check in checks):
        checks += [
            *limit_checks(deployment.scenario, verdicts),
            _all_requests(deployment, roles),
            *_refused(deployment, fault),
        ]
    return tuple(checks)


def _all_requests(deployment: Deployment, roles: StoredRoles) -> Check:
    """Whether any request at all gets through that the recommended policies deny; if so, which."""
    scenario = deployment.scenario
    found = compare(scenario, roles, roles_as_made(scenario, deployment.blueprint))
    title = tr("No policy allows a request that the recommended one denies, of all possible requests")
    if found.wider:
        also = tr("; ").join(
            tr("the {policy} now also allows: {request}", policy=wider.place, request=wider) for wider in found.wider
        )
        return Check("limit.all-requests", title, False, also, tr(_NO_MORE))
    if found.undecided:
        return Check(
            "limit.all-requests", title, True, tr("not all could be tried: {why}", why="; ".join(found.undecided))
        )
    if found.narrower:
        denied = tr("; ").join(map(str, found.narrower))
        return Check(
            "limit.all-requests", title, True, tr("your repair is narrower, and denies: {requests}", requests=denied)
        )
    return Check("limit.all-requests", title, True, tr("your repair allows exactly the same requests"))


def _how_many(allowed: int, verdicts: Mapping[int, Verdict], expected: Collection[int]) -> str:
    """The denied links are named where a repair has changed which ones they are: that gives nothing away."""
    count = tr("{allowed} of {count} are", allowed=allowed, count=len(verdicts))
    denied = [number for number, verdict in verdicts.items() if not verdict.allowed]
    if not denied or set(denied) == set(expected):
        return count
    links = [tr("link {link}", link=number) for number in denied]
    return tr("{count}; denied: {links}", count=count, links=listed(links))


def _chain(verdicts: Mapping[int, Verdict], expected: Collection[int]) -> Check:
    allowed = sum(verdict.allowed for verdict in verdicts.values())
    passed = allowed == len(verdicts)
    return Check(
        "chain.decided",
        tr("All six links are allowed by the policies as stored"),
        passed,
        _how_many(allowed, verdicts, expected),
        "" if passed else tr(_KEEP_LOOKING),
    )


def _run(deployment: Deployment, verdicts: Mapping[int, Verdict]) -> Check:
    title = tr("A real run succeeds across both accounts, and its result comes back")
    try:
        run = deployment.run()
    except XsfnError as error:
        return Check("chain.live", title, False, stable(error.what), error.fix or tr(_KEEP_LOOKING))
    failed = [check for check in run_checks(run, verdicts) if not check.passed]
    if failed:
        allowed = all(verdict.allowed for verdict in verdicts.values())
        return Check("chain.live", title, False, ending(run), tr(_SOON if allowed else _KEEP_LOOKING))
    return Check("chain.live", title, True, ending(run))


def _own(deployment: Deployment, fault: Fault, verdicts: Mapping[int, Verdict]) -> Iterator[Check]:
    """What this fault in particular asks for."""
    if fault.shows is Shows.WHEN_STOPPED:
        machine, allowed = deployment.stages.subject_machine, verdicts[5].allowed
        stopped = stop_check(trials.stopped_run(deployment.environment, machine, allowed=allowed), verdicts)
        # Its own hint is the answer.
        yield stopped if stopped.passed else replace(stopped, hint=tr(_KEEP_LOOKING))
    if fault.shows is Shows.WHEN_SAVED:
        yield _saved(deployment)
    if fault.keeps_boundary:
        yield _bounded(deployment)


def _saved(deployment: Deployment) -> Check:
    title = tr("The Subject state machine can be saved again")
    try:
        save_subject_machine(deployment)
    except XsfnError as error:
        return Check("machine.saved", title, False, stable(error.what), tr(_KEEP_LOOKING))
    return Check("machine.saved", title, True, tr("AWS accepted it, unchanged"))


def _bounded(deployment: Deployment) -> Check:
    role = read_role(deployment.environment.iam(Side.OPERATOR), deployment.scenario.operator_role_name)
    arn = boundary_arn(deployment.scenario)
    there = role is not None and role.boundary is not None and role.boundary.arn == arn
    return Check(
        "boundary.kept",
        tr("The Operator role still has the platform team's boundary"),
        there,
        tr("the boundary is {arn}", arn=arn) if there else tr("the boundary is gone"),
        "" if there else tr("The guardrail stays, says the platform team: fault.inject() puts it back."),
    )


def _refused(deployment: Deployment, fault: Fault) -> Iterator[Check]:
    """The calls that must be denied, tried; all of them where the repair is about who may assume the role."""
    environment, machine = deployment.environment, deployment.stages.operator_machine
    yield refused_check(
        "direct-assume-role",
        tr("The Operator account's administrator can't assume the execute role"),
        lambda: trials.direct_assume_role(environment),
        hint=tr(_ONE_ROLE),
    )
    if 1 in fault.links:
        yield refused_check(
            "second-machine",
            tr("A second state machine can't have the Operator role, not even to send the right external ID"),
            lambda: trials.second_machine(environment),
            hint=tr(_ONE_USER),
        )
    if 2 not in fault.links:
        return
    # Both from one probe. Where it can't be made, each says so.
    external_ids = cache(lambda: trials.external_ids(machine))
    yield refused_check(
        "no-external-id",
        tr("The Operator role can't assume the execute role without an external ID"),
        lambda: external_ids()[1],
        hint=tr(_ONE_MACHINE),
    )
    yield refused_check(
        "wrong-external-id",
        tr("The Operator role can't assume the execute role with another state machine's external ID"),
        lambda: external_ids()[0],
        hint=tr(_ONE_MACHINE),
    )
    yield refused_check(
        "other-role",
        tr("Another role of the Operator account can't assume it, even with the right external ID"),
        lambda: trials.other_role(environment),
        hint=tr(_ONE_ROLE),
    )
