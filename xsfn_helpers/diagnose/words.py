"""The diagnosis as text: the answer first, then every link, the fix, the risks, and what couldn't be seen. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from xsfn_helpers.diagnose.arns import role_name
from xsfn_helpers.diagnose.fix import Fix
from xsfn_helpers.diagnose.judge import Answer
from xsfn_helpers.diagnose.links import TaskLink

if TYPE_CHECKING:
    from xsfn_helpers.diagnose.diagnosis import Diagnosis

MARKS: Final = {Answer.ALLOWED: "✓", Answer.REFUSED: "✗", Answer.UNKNOWN: "?", Answer.NOT_ASKED: "·"}


def headline(diagnosis: Diagnosis) -> str:
    """The answer in one sentence or two."""
    broken = diagnosis.first_broken
    if broken is not None:
        where = " and ".join(broken.accounts)
        accounts = f"account {where}" if len(broken.accounts) == 1 else f"accounts {where}"
        return f"Link {broken.number} of task {broken.task} is broken ({accounts}). {broken.why}"
    if not diagnosis.tasks:
        return "No task of this state machine calls AWS, so there is no link that could be broken."
    unknown = sum(link.answer is Answer.UNKNOWN for link in diagnosis.links)
    if unknown:
        return f"No link is known to be broken; of {unknown} nobody can tell from what could be seen."
    return "Every link is allowed by the policies as they are."


def about_the_run(diagnosis: Diagnosis) -> str:
    """What the execution that was asked about adds to it; empty where none was."""
    symptom = diagnosis.symptom
    if symptom is None:
        return ""
    if symptom.by_itself:
        return f"{symptom.text} The chain let it through: the reason is the started state machine's own."
    broken = {link.number for link in diagnosis.links if link.broken}
    if symptom.link and symptom.link not in broken:
        seen = "allow" if diagnosis.ok else "no longer refuse"
        return (
            f"{symptom.text} AWS speaks of link {symptom.link}, which the policies as they are now {seen}: they were "
            "changed since, or the change hadn't spread yet. Wait a moment and start it again before changing anything."
        )
    if symptom.link:
        return f"{symptom.text} AWS speaks of link {symptom.link}."
    return symptom.text


def asker_words(link: TaskLink) -> str:
    return f"role {role_name(link.asker)}" if role_name(link.asker) else link.asker or "the task's role"


def link_line(link: TaskLink) -> str:
    """One link on one line: mark, number, who asks for what."""
    on = f" on {link.resource}" if link.resource else ""
    return f"{MARKS[link.answer]} {link.number} {asker_words(link)} → {link.action}{on}"


def fix_notes(fix: Fix) -> Iterator[str]:
    yield from fix.notes
    if fix.changes and not fix.mends:
        yield "That isn't all that is wrong with this link: the next fix goes on from there."


def risk_heading(diagnosis: Diagnosis) -> str:
    return "Risks that stay when that is fixed" if diagnosis.fixes else "Risks in what works"


def report(diagnosis: Diagnosis) -> str:
    """The whole report."""
    return "\n".join(_lines(diagnosis))


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    machine = diagnosis.evidence.machine
    yield f"Diagnosis of {diagnosis.evidence.asked}"
    yield f"  State machine {machine.name}, account {machine.account}, runs as {machine.role_arn}"
    yield headline(diagnosis)
    if run := about_the_run(diagnosis):
        yield run
    for task in diagnosis.tasks:
        yield ""
        yield f"Task {task.task.title}: {task.task.task.resource}, {task.task.pattern}"
        for link in task.links:
            yield f"  {link_line(link)}"
            yield f"      {link.answer}; {link.when}. {link.why}"
            if link.aws_says:
                yield f"      AWS says: {link.aws_says}"
    for number, fix in enumerate(diagnosis.fixes, start=1):
        yield ""
        yield from _fix_lines(number, fix, of=len(diagnosis.fixes))
    if diagnosis.risks:
        yield ""
        yield risk_heading(diagnosis)
        yield from (f"  ! {risk}" for risk in diagnosis.risks)
    if diagnosis.least:
        yield ""
        yield "Least privilege for these tasks"
        for one in diagnosis.least:
            yield f"  {one.role_arn}"
            text = one.text or "shows only at run time what it is about"
            yield from (f"    {line}" for line in text.splitlines())
    yield ""
    yield from _unseen(diagnosis)


def _fix_lines(number: int, fix: Fix, *, of: int) -> Iterator[str]:
    yield f"Fix {number} of {of}, for link {fix.link} of task {fix.task}"
    yield f"  {fix.summary}"
    yield from (f"  Note: {note}" for note in fix_notes(fix))
    for change in fix.changes:
        yield f"  {change.thing}, account {change.account}"
        yield from (f"    {line}" for line in change.diff)
    if fix.changes:
        yield "  As AWS CLI commands"
        yield from (f"    # account {call.account}\n    {call.cli}" for call in fix.calls)
        yield "  As part of a CloudFormation template"
        for change in fix.changes:
            text = json.dumps(change.cloudformation, indent=2, ensure_ascii=False)
            lines = text.splitlines() if change.cloudformation else [f"(take {change.thing} out)"]
            yield from (f"    {line}" for line in lines)


def _unseen(diagnosis: Diagnosis) -> Iterator[str]:
    yield "What couldn't be seen"
    if not diagnosis.not_seen:
        yield "  Nothing that this diagnosis needs."
    yield from (f"  ? {one}" for one in diagnosis.not_seen)
    for link in diagnosis.links:
        if link.answer is Answer.UNKNOWN and link.open:
            yield f"  Link {link.number} of task {link.task} stays open: it hangs on {'; '.join(link.open)}."
