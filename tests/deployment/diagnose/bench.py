"""A setup diagnosed, and its fixes done with boto3 exactly as they are suggested."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

from tests.sandbox.world import World
from xsfn_helpers.aws.sandbox_accounts import SandboxAccounts
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.arns import role_name
from xsfn_helpers.deployment.diagnose import Diagnosis, Fix
from xsfn_helpers.deployment.diagnose.ask import diagnose_accounts
from xsfn_helpers.deployment.diagnose.asking.short import short_answer, subject_of
from xsfn_helpers.iam import Outcome
from xsfn_helpers.sandbox.process.server import Sandbox

_MOST = 12


@cache
def _accounts(sandbox: Sandbox) -> SandboxAccounts:
    """One for all: making clients takes longer than a diagnosis."""
    return SandboxAccounts(sandbox)


def diagnose(world: World, arn: str | None = None) -> Diagnosis:
    return diagnose_accounts(arn or world.scenario.operator_machine_arn, _accounts(world.sandbox))


def check_the_five_lines(found: Diagnosis) -> None:
    """What somebody on call reads: what was denied, by whom, which document, why, the smallest change, how sure."""
    lines = short_answer(found)
    link = subject_of(found)
    assert link is not None
    assert len(lines) == 5, lines
    denied, document, why, change, sure = lines
    for part in (link.action, link.resource, role_name(link.asker) or link.asker, f"link {link.number}", link.task):
        assert part in denied, (part, denied)
    assert any(f"account {account}" in document for account in found.evidence.accounts), document
    assert why.startswith("Why: ")
    assert found.fix is not None
    assert found.fix.summary in change
    first, more = "Smallest change that would allow it: ", "First change, and more is wrong with this link (--all): "
    assert change.startswith(first if found.fix.mends or not found.fix.changes else more), change
    assert all(note in change for note in found.fix.notes), change
    # The document that is named is the one to change.
    for one in found.fix.changes:
        new = one.thing.startswith("a new ") or f"a new {one.thing}" in change
        assert new or one.thing in document, (one.thing, document)
    denies = link.judgement is not None and link.judgement.decision.outcome is Outcome.EXPLICITLY_DENIED
    assert ("ask whose it is" in change) is (denies and bool(found.fix.changes)), change
    assert sure.startswith("How sure: certain")
    others = {(one.number, one.task) for one in found.links if one.broken} - {(link.number, link.task)}
    assert (f"{len(others)} other link" in sure) is bool(others)


def client(world: World, account: str, service: str) -> Any:
    side = next(side for side in Side if world.scenario.account(side).id == account)
    return world.client(side, service)


def carry_out(world: World, fix: Fix) -> None:
    """The calls of the fix, as they stand."""
    for call in fix.calls:
        getattr(client(world, call.account, call.service), call.operation)(**call.parameters)


def repair(world: World, arn: str, found: Diagnosis | None = None) -> tuple[str, list[Fix], Diagnosis]:
    """Diagnose and do what is suggested, until no link is broken.

    Takes what a diagnosis found already. Gives the ARN to start now, what was done, and the last diagnosis.
    """
    done: list[Fix] = []
    found = found or diagnose(world, arn)
    while (fix := found.fix) is not None:
        assert len(done) < _MOST, [one.summary for one in done]
        carry_out(world, fix)
        done.append(fix)
        arn = fix.continues_as or arn
        found = diagnose(world, arn)
    return arn, done, found


def run(world: World, arn: str, given: str = "{}") -> dict[str, Any]:
    """A run of the state machine, to its end."""
    states = world.operator_states
    execution = states.start_execution(stateMachineArn=arn, input=given)["executionArn"]
    end = time.monotonic() + 120
    while (found := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < end
        time.sleep(0.01)
    return dict(found)
