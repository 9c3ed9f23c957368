"""The diagnosis as text: the answer first, then every link, the fix, the risks, and what couldn't be seen. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from xsfn_helpers.diagnose.arns import role_name
from xsfn_helpers.diagnose.fix import Fix
from xsfn_helpers.diagnose.judge import Answer
from xsfn_helpers.diagnose.links import TaskLink
from xsfn_helpers.language import listed, mark, sentences, tr, tr_n

if TYPE_CHECKING:
    from xsfn_helpers.diagnose.diagnosis import Diagnosis, TaskDiagnosis

MARKS: Final = {Answer.ALLOWED: "✓", Answer.REFUSED: "✗", Answer.UNKNOWN: "?", Answer.NOT_ASKED: "·"}


def headline(diagnosis: Diagnosis) -> str:
    """The answer in one sentence or two."""
    broken = diagnosis.first_broken
    if broken is not None:
        told = tr_n(
            "Link {link} of task {task} is broken (account {accounts}).",
            "Link {link} of task {task} is broken (accounts {accounts}).",
            len(broken.accounts),
            link=broken.number,
            task=broken.task,
            accounts=listed(broken.accounts),
        )
        return sentences(told, broken.why)
    if not diagnosis.tasks:
        return tr("No task of this state machine calls AWS, so there is no link that could be broken.")
    unknown = sum(link.answer is Answer.UNKNOWN for link in diagnosis.links)
    if unknown:
        return tr("No link is known to be broken; of {count} nobody can tell from what could be seen.", count=unknown)
    return tr("Every link is allowed by the policies as they are.")


def about_the_run(diagnosis: Diagnosis) -> str:
    """What the execution that was asked about adds to it; empty where none was."""
    symptom = diagnosis.symptom
    if symptom is None:
        return ""
    if symptom.by_itself:
        own = tr("The chain let it through: the reason is the started state machine's own.")
        return sentences(symptom.text, own)
    if not symptom.link:
        return symptom.text
    if symptom.link in {link.number for link in diagnosis.links if link.broken}:
        return sentences(symptom.text, tr("AWS speaks of link {link}.", link=symptom.link))
    changed = mark(
        "AWS speaks of link {link}, which the policies as they are now no longer refuse: they were changed since, or "
        "the change hadn't spread yet. Wait a moment and start it again before changing anything."
    )
    if diagnosis.ok:
        changed = mark(
            "AWS speaks of link {link}, which the policies as they are now allow: they were changed since, or the "
            "change hadn't spread yet. Wait a moment and start it again before changing anything."
        )
    return sentences(symptom.text, tr(changed, link=symptom.link))


def asker_words(link: TaskLink) -> str:
    """Who asks for it, as short as can be."""
    if name := role_name(link.asker):
        return tr("role {role}", role=name)
    return link.asker or tr("the task's role")


def link_line(link: TaskLink) -> str:
    """One link on one line: mark, number, who asks for what."""
    asked = tr("{action} on {resource}", action=link.action, resource=link.resource) if link.resource else link.action
    return f"{MARKS[link.answer]} {link.number} {asker_words(link)} → {asked}"


def fix_notes(fix: Fix) -> Iterator[str]:
    yield from fix.notes
    if fix.changes and not fix.mends:
        yield tr("That isn't all that is wrong with this link: the next fix goes on from there.")


def risk_heading(diagnosis: Diagnosis) -> str:
    return tr("Risks that stay when that is fixed") if diagnosis.fixes else tr("Risks in what works")


def report(diagnosis: Diagnosis) -> str:
    """The whole report."""
    return "\n".join(_lines(diagnosis))


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    machine = diagnosis.evidence.machine
    yield tr("Diagnosis of {arn}", arn=diagnosis.evidence.asked)
    about = tr(
        "State machine {machine}, account {account}, runs as {role}",
        machine=machine.name,
        account=machine.account,
        role=machine.role_arn,
    )
    yield f"  {about}"
    yield headline(diagnosis)
    if run := about_the_run(diagnosis):
        yield run
    for task in diagnosis.tasks:
        yield ""
        yield from _task_lines(task)
    for number, fix in enumerate(diagnosis.fixes, start=1):
        yield ""
        yield from _fix_lines(number, fix, of=len(diagnosis.fixes))
    if diagnosis.risks:
        yield ""
        yield risk_heading(diagnosis)
        yield from (f"  ! {risk}" for risk in diagnosis.risks)
    if diagnosis.least:
        yield ""
        yield tr("Least privilege for these tasks")
        for one in diagnosis.least:
            yield f"  {one.role_arn}"
            text = one.text or tr("shows only at run time what it is about")
            yield from (f"    {line}" for line in text.splitlines())
    yield ""
    yield from _unseen(diagnosis)


def _task_lines(diagnosed: TaskDiagnosis) -> Iterator[str]:
    task = diagnosed.task
    yield tr(
        "Task {task}: {resource}, {pattern}", task=task.title, resource=task.task.resource, pattern=tr(task.pattern)
    )
    for link in diagnosed.links:
        yield f"  {link_line(link)}"
        answered = tr("{answer}; {when}. {why}", answer=tr(link.answer), when=link.when, why=link.why)
        yield f"      {answered}"
        if link.aws_says:
            yield "      " + tr("AWS says: {said}", said=link.aws_says)


def _fix_lines(number: int, fix: Fix, *, of: int) -> Iterator[str]:
    yield tr(
        "Fix {number} of {total}, for link {link} of task {task}", number=number, total=of, link=fix.link, task=fix.task
    )
    yield f"  {fix.summary}"
    yield from ("  " + tr("Note: {note}", note=note) for note in fix_notes(fix))
    for change in fix.changes:
        yield "  " + tr("{thing}, account {account}", thing=change.thing, account=change.account)
        yield from (f"    {line}" for line in change.diff)
    if fix.changes:
        yield "  " + tr("As AWS CLI commands")
        for call in fix.calls:
            yield "    " + tr("# account {account}", account=call.account)
            yield f"    {call.cli}"
        yield "  " + tr("As part of a CloudFormation template")
        for change in fix.changes:
            text = json.dumps(change.cloudformation, indent=2, ensure_ascii=False)
            lines = text.splitlines() if change.cloudformation else [tr("(take {thing} out)", thing=change.thing)]
            yield from (f"    {line}" for line in lines)


def _unseen(diagnosis: Diagnosis) -> Iterator[str]:
    yield tr("What couldn't be seen")
    if not diagnosis.not_seen:
        yield "  " + tr("Nothing that this diagnosis needs.")
    yield from (f"  ? {one}" for one in diagnosis.not_seen)
    for link in diagnosis.links:
        if link.answer is Answer.UNKNOWN and link.open:
            yield f"  {still_open(link)}"


def still_open(link: TaskLink) -> str:
    """What keeps a link from being answered."""
    return tr(
        "Link {link} of task {task} stays open: it hangs on {open}.",
        link=link.number,
        task=link.task,
        open=tr("; ").join(link.open),
    )
