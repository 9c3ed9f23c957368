"""The setup checked: each stage's things as they should be, each link decided from the policies and tried live.

The words depend on what stands, never on ids or times: the same setup gives the same report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from xsfn_helpers.aws.errors import cause_code
from xsfn_helpers.chain.links import Link
from xsfn_helpers.chain.plan import Action, Change
from xsfn_helpers.chain.report import Check, Report
from xsfn_helpers.chain.verdicts import Verdict
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.common.stable_text import stable
from xsfn_helpers.deployment.checks import trials
from xsfn_helpers.deployment.checks.run_evidence import (
    LOOK_ABOVE,
    RUN_LINKS,
    STOP_LINK,
    ending,
    refused_check,
    refused_run_check,
    run_checks,
    stop_check,
    untried,
)
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.runs import SUCCEEDED, Run
from xsfn_helpers.deployment.snapshot import decide_links
from xsfn_helpers.deployment.stages import STAGE_NUMBERS, Step, Steps

LAST_STAGE: Final = STAGE_NUMBERS[-1]
# The stage from which a link is allowed; before it, the link must be refused.
OPENED_BY: Final = {1: 0, 6: 0, 3: 1, 4: 1, 5: 1, 2: 2}
# The stage from which a whole run gets through.
_RUNS_FROM: Final = max(OPENED_BY.values())

# Ids and claims of each step's things, in the order of `Step.resources`.
_THINGS: Final = {
    0: (
        ("operator-role", mark("The Operator role is there and trusts Step Functions")),
        ("subject-role", mark("The Subject role is there and trusts Step Functions")),
        ("subject-machine", mark("The Subject state machine is there")),
    ),
    1: (
        ("execute-role-trust", mark("The execute role trusts the Operator role, for the Operator state machine only")),
        ("execute-role-permissions", mark("The execute role may start, watch and stop the Subject state machine")),
    ),
    2: (("operator-role-permissions", mark("The Operator role may assume the execute role")),),
    3: (("task-state", mark("The Operator state machine's task runs as the execute role")),),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """The lab has been checked, for whoever listens to the accounts' news."""

    report: Report


@dataclass(frozen=True, slots=True)
class Validation:
    """The checks of one lab; `steps` are its stages as they should be."""

    environment: Environment
    steps: Steps

    def report(self, *, stage: int = LAST_STAGE, live: bool = True, run: Run | None = None) -> Report:
        """Everything that must hold when stages up to `stage` are applied and later ones aren't.

        That includes the links that must still be denied. `live=False` leaves out the real calls. `run` is a run that
        has just ended, to take as the trial instead of a new one. What a trial needs is made and removed again.
        Raises `StepError` for a stage that doesn't exist.
        """
        if stage != 0:
            self.steps.stage(stage)
        steps = self.steps.at_one_look()
        verdicts = _verdicts(steps.environment)
        checks = [*_things(steps, stage), *(_decided(verdict, stage) for verdict in verdicts.values())]
        if live:
            checks += self._live(verdicts, stage, run, steps)
            checks += self._refused(stage)
        return Report(
            tr("All checks") if stage == LAST_STAGE else tr("Checks at stage {stage}", stage=stage), tuple(checks)
        )

    def before(self, stage: int) -> Report:
        """What must be denied before `stage` is applied: the links it opens, and a whole run."""
        verdicts = _verdicts(self.environment)
        opened = [verdict for verdict in verdicts.values() if OPENED_BY[verdict.link.number] == stage]
        checks = [_decided(verdict, stage - 1) for verdict in opened]
        checks.append(self._no_run_before(stage, verdicts))
        return Report(
            tr("Before stage {stage}", stage=stage),
            tuple(replace(check, id=f"before-stage-{stage}.{check.id}") for check in checks),
        )

    def trial(self, verdicts: Mapping[int, Verdict] | None = None) -> Run:
        """One real run, as patient with IAM as the policies give reason to be."""
        return trials.run(self.environment, allowed=self.allows_a_run(verdicts))

    def allows_a_run(self, verdicts: Mapping[int, Verdict] | None = None) -> bool:
        """Whether the policies as stored let a whole run through."""
        decided = verdicts or _verdicts(self.environment)
        return all(decided[number].allowed for number in RUN_LINKS)

    def _live(self, verdicts: Mapping[int, Verdict], stage: int, run: Run | None, seen: Steps) -> list[Check]:
        numbers = (*RUN_LINKS, STOP_LINK) if stage >= _RUNS_FROM else (1, 2, 6)
        try:
            if stage == LAST_STAGE:
                return self._run_links(verdicts, run, seen)
            with trials.machine_in_place(self.steps.operator_machine):
                if stage >= _RUNS_FROM:
                    return self._run_links(verdicts, run, seen)
                tried = self.trial(verdicts)
            allowed, refused = run_checks(tried, verdicts, [1]), refused_run_check(tried, verdicts[2].link)
            return [*allowed, refused, self._subject_alone(verdicts[6].link)]
        except XsfnError as error:
            return untried(
                [verdicts[number].link for number in numbers], stable(error.what), error.fix or tr(LOOK_ABOVE)
            )

    def _run_links(self, verdicts: Mapping[int, Verdict], run: Run | None, seen: Steps) -> list[Check]:
        tried = run or self.trial(verdicts)
        checks = run_checks(tried, verdicts)
        if "subject_machine" in self.environment.adopted.keys:
            # Its trial would change the Subject machine for a while, and this one isn't the lab's.
            return checks
        if not tried.succeeded:
            return [
                *checks,
                *untried([verdicts[STOP_LINK].link], tr("not tried: the run didn't succeed"), tr(LOOK_ABOVE)),
            ]
        try:
            stopped = trials.stopped_run(self.environment, seen.subject_machine)
        except XsfnError as error:
            return [*checks, *untried([verdicts[STOP_LINK].link], stable(error.what), error.fix or tr(LOOK_ABOVE))]
        return [*checks, stop_check(stopped, verdicts)]

    def _subject_alone(self, link: Link) -> Check:
        status = trials.subject_alone(self.environment)
        passed = status == SUCCEEDED
        return Check(
            f"{link.id}.live",
            tr("Link {link}, started from its own account", link=link),
            passed,
            tr("the Subject execution ran under the Subject role and succeeded")
            if passed
            else tr("the Subject execution ended {status}", status=status),
            "" if passed else tr("lab.evaluate(6) says whether the Subject role trusts Step Functions."),
        )

    def _no_run_before(self, stage: int, verdicts: Mapping[int, Verdict]) -> Check:
        title = tr("No run succeeds before stage {stage}", stage=stage)
        hint = tr(
            "Stage {stage} seems to be applied already: lab.set_stage({before}) undoes it.",
            stage=stage,
            before=stage - 1,
        )
        try:
            if stage == LAST_STAGE:
                tried = self.trial(verdicts)
            else:
                with trials.machine_in_place(self.steps.operator_machine):
                    tried = self.trial(verdicts)
        except XsfnError as error:
            no_machine = stage == LAST_STAGE and cause_code(error) == "StateMachineDoesNotExist"
            return Check("run", title, no_machine, stable(error.what), "" if no_machine else error.fix)
        refused = stage != LAST_STAGE and tried.broken_link == 2
        return Check("run", title, refused, ending(tried), "" if refused else hint)

    def _refused(self, stage: int) -> Iterator[Check]:
        environment = self.environment
        # Both from one probe. Where it can't be made, each says so.
        external_ids = cache(lambda: trials.external_ids(self.steps.operator_machine))
        soon = tr("(If you fixed it a moment ago, check again: IAM changes take a while to propagate.)")
        wants_role = tr(
            "Let the trust policy of stage 1 name the Operator role, and no one else, as principal. {soon}", soon=soon
        )
        wants_id = tr(
            "Let the trust policy of stage 1 require StringEquals sts:ExternalId {external_id}. {soon}",
            external_id=environment.scenario.external_id,
            soon=soon,
        )
        yield refused_check(
            "direct-assume-role",
            tr("The Operator account's administrator can't assume the execute role, even with the right external ID"),
            lambda: trials.direct_assume_role(environment),
            hint=wants_role,
        )
        yield refused_check(
            "start-without-a-role",
            tr("The Operator account's administrator can't start the Subject state machine without assuming a role"),
            lambda: trials.direct_start_execution(environment),
            hint=tr("Step Functions has no resource policies, so AWS never allows this: please report it."),
        )
        if stage < _RUNS_FROM:
            return
        # An adopted state machine isn't the lab's to be given another definition, not even for a moment.
        if "operator_machine" not in environment.adopted.keys:
            yield refused_check(
                "wrong-external-id",
                tr("The Operator role can't assume the execute role with another state machine's external ID"),
                lambda: external_ids()[0],
                hint=wants_id,
            )
            yield refused_check(
                "no-external-id",
                tr("The Operator role can't assume the execute role without an external ID"),
                lambda: external_ids()[1],
                hint=wants_id,
            )
        yield refused_check(
            "second-machine",
            tr("A second state machine can't have the Operator role, not even to send the right external ID"),
            lambda: trials.second_machine(environment),
            hint=tr(
                "Let aws:SourceArn in the Operator role's trust policy name {machine_arn} only. {soon}",
                machine_arn=environment.scenario.operator_machine_arn,
                soon=soon,
            ),
        )
        yield refused_check(
            "other-role",
            tr("Another role of the Operator account can't assume the execute role, even with the right external ID"),
            lambda: trials.other_role(environment),
            hint=wants_role,
        )


def _verdicts(environment: Environment) -> Mapping[int, Verdict]:
    return {verdict.link.number: verdict for verdict in decide_links(environment)}


def _things(steps: Steps, stage: int) -> Iterator[Check]:
    for step in steps:
        if step.number <= stage:
            for (name, claim), change in zip(_THINGS[step.number], step.plan(), strict=True):
                yield _thing(step, name, claim, change)


def _thing(step: Step, name: str, claim: str, change: Change) -> Check:
    passed = change.action.is_there
    how = "lab.prepare()" if step.number == 0 else f"lab.stage({step.number}).apply()"
    if passed:
        left = change.action is Action.LEAVE
        text = (
            mark("{thing} in {account} is as it should be")
            if left
            else mark("{thing} in {account} existed before, and is used as it is")
        )
        evidence = tr(text, thing=change.thing, account=change.account)
    elif change.action is Action.CREATE:
        evidence = tr("there is no {thing} in {account}", thing=change.thing, account=change.account)
    else:
        evidence = "\n".join(
            [
                tr("{thing} in {account} differs from the lab's version:", thing=change.thing, account=change.account),
                *change.details,
            ]
        )
    if passed:
        hint = ""
    elif change.action is Action.NOT_OURS:
        hint = tr("The lab leaves it alone: remove or rename it, or choose another name for the lab's.")
    else:
        hint = tr("{how} fixes it; on the command line, xsfn walkthrough does.", how=how)
    return Check(f"stage-{step.number}.{name}", tr(claim), passed, evidence, hint)


def _decided(verdict: Verdict, stage: int) -> Check:
    link = verdict.link
    opened_by = OPENED_BY[link.number]
    if stage >= opened_by:
        return verdict.check
    hint = tr(
        "Stage {opened_by} seems to be applied already: lab.set_stage({stage}) undoes it.",
        opened_by=opened_by,
        stage=stage,
    )
    return Check(
        f"{link.id}.decided",
        tr("Link {link} is denied by the policies before stage {opened_by}", link=link, opened_by=opened_by),
        not verdict.allowed,
        verdict.evidence,
        hint if verdict.allowed else "",
    )
