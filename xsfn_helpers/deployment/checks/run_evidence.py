"""Live trials told as checks: what a run shows of each link, and the calls that must be denied."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from xsfn_helpers.chain.links import Link
from xsfn_helpers.chain.report import Check
from xsfn_helpers.chain.targets import STARTED_BY_KEY
from xsfn_helpers.chain.verdicts import Verdict
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.common.stable_text import stable, stable_cause
from xsfn_helpers.deployment.checks.trials import CallAnswer
from xsfn_helpers.deployment.runs import SUCCEEDED, Run

# In the order in which a run meets them. Link 5 is only asked for when the parent is stopped.
RUN_LINKS: Final = (1, 2, 3, 6, 4)
STOP_LINK: Final = 5
_AFTER_ASSUMING: Final = (3, 4)
LOOK_ABOVE: Final = mark("Fix the failed checks above first.")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a trial shows of one link."""

    passed: bool
    evidence: str


def run_checks(run: Run, verdicts: Mapping[int, Verdict], numbers: Sequence[int] = RUN_LINKS) -> list[Check]:
    """The links that a run must have passed; `verdicts` gives the hint where one was denied."""
    return [_link_check(run, verdicts, number, _shown(run, number)) for number in numbers]


def refused_run_check(run: Run, link: Link) -> Check:
    """The run must have been denied at this link."""
    refused = run.broken_link == link.number
    return Check(
        f"{link.id}.live",
        tr("Link {link} is denied in a real run before its stage", link=link),
        refused,
        ending(run),
        ""
        if refused
        else tr(
            "Set the accounts to a stage at which this link is denied, or look at lab.evaluate({number}).",
            number=link.number,
        ),
    )


def stop_check(run: Run, verdicts: Mapping[int, Verdict]) -> Check:
    """The run was stopped, and its Subject execution with it."""
    if run.subject_status == "ABORTED" and run.status == "ABORTED":
        shown = Shown(True, tr("the Operator execution was stopped, and Step Functions stopped the Subject execution"))
    elif run.status == "ABORTED":
        shown = Shown(
            False,
            tr("the Operator execution was stopped, but the Subject execution stayed {subject}", subject=_subject(run)),
        )
    else:
        shown = Shown(False, tr("the run couldn't be stopped in time: {ending}", ending=ending(run)))
    return _link_check(run, verdicts, STOP_LINK, shown, text=mark("Link {link}, when the parent is stopped"))


def untried(links: Sequence[Link], evidence: str, hint: str) -> list[Check]:
    """Links whose trial couldn't be made."""
    return [
        Check(f"{link.id}.live", tr("Link {link}, in a real run", link=link), False, evidence, hint) for link in links
    ]


def refused_check(name: str, title: str, attempt: Callable[[], CallAnswer], *, hint: str) -> Check:
    """A call that must be denied; `hint` is for when it isn't. A trial that can't be made fails the check too."""
    try:
        answer = attempt()
    except XsfnError as error:
        return Check(f"refused.{name}", title, False, stable(error.what), error.fix or tr(LOOK_ABOVE))
    return Check(f"refused.{name}", title, answer.refused, answer.words, "" if answer.refused else hint)


def _link_check(
    run: Run,
    verdicts: Mapping[int, Verdict],
    number: int,
    shown: Shown,
    *,
    text: str = mark("Link {link}, in a real run"),
) -> Check:
    link = verdicts[number].link
    hint = "" if shown.passed else _hint(run, verdicts, number)
    return Check(f"{link.id}.live", tr(text, link=link), shown.passed, shown.evidence, hint)


def _hint(run: Run, verdicts: Mapping[int, Verdict], number: int) -> str:
    """The next step: what would open the link that denied, as far as the policies tell."""
    if run.broken_link is None and run.subject_status == "FAILED":
        return tr("No link was denied: the Subject state machine failed by itself. Its definition shows why.")
    if number == 4 and run.succeeded:
        return tr("Does the task's Resource end in .sync:2? With .sync, the Output is a string with JSON in it.")
    asked = run.broken_link or number
    return verdicts[asked].hint or tr(
        "The policies allow link {asked}: wait for the change to propagate, then check again.", asked=asked
    )


def _shown(run: Run, number: int) -> Shown:
    if number == run.broken_link:
        return Shown(False, ending(run))
    passed = {
        1: run.broken_link != 1 and any(event.type == "TaskStarted" for event in run.events),
        2: run.subject_execution_arn is not None or run.broken_link in _AFTER_ASSUMING,
        3: run.subject_execution_arn is not None and _knows_its_parent(run),
        6: run.subject_status == SUCCEEDED,
        4: run.succeeded and _has_parsed_output(run),
    }[number]
    if passed:
        return Shown(True, tr(_EVIDENCE[number]))
    if number == 4 and run.succeeded:
        return Shown(False, tr("the Operator execution succeeded, but its Output isn't parsed JSON"))
    if run.broken_link:
        return Shown(False, tr("not reached: link {broken_link} was denied", broken_link=run.broken_link))
    return Shown(False, ending(run))


_EVIDENCE: Final = {
    1: mark("the Operator execution began its task under the Operator role"),
    2: mark("the task went on as the execute role"),
    3: mark("the Subject execution exists in the Subject account, with the Operator execution's id in its input"),
    4: mark("the Operator execution saw the Subject execution succeed, and its Output came back as parsed JSON"),
    6: mark("the Subject execution ran under the Subject role and succeeded"),
}


def _knows_its_parent(run: Run) -> bool:
    given = run.subject_input
    return isinstance(given, dict) and given.get(STARTED_BY_KEY) == run.operator_execution_arn


def _has_parsed_output(run: Run) -> bool:
    return isinstance(run.output, dict) and isinstance(run.output.get("Output"), dict | list)


def ending(run: Run) -> str:
    """How the run ended, in AWS's words where it failed."""
    if run.error or run.cause:
        return ": ".join(stable_cause(text) for text in (run.error, run.cause) if text)
    return tr(
        "the Operator execution ended {status}, the Subject execution {subject}",
        status=run.status,
        subject=_subject(run),
    )


def _subject(run: Run) -> str:
    return run.subject_status or tr("never started")
