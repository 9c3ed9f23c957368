"""The diagnosis: every link of every task, the first broken one, its fix, and the risks of what works. Pure.

Its text gives the answer first, then every link, the fix, the risks, and what couldn't be seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from xsfn_helpers.common.arns import role_name
from xsfn_helpers.common.language import listed, mark, sentences, tr, tr_n
from xsfn_helpers.common.renderable import Renderable
from xsfn_helpers.deployment.diagnose.calls import calls_of
from xsfn_helpers.deployment.diagnose.evidence import LIMITS, Evidence, ExecutionSeen, NotSeen
from xsfn_helpers.deployment.diagnose.fixes.fix import Fix
from xsfn_helpers.deployment.diagnose.fixes.repair import fix_for
from xsfn_helpers.deployment.diagnose.judge import Answer
from xsfn_helpers.deployment.diagnose.least_privilege import needs
from xsfn_helpers.deployment.diagnose.links import TaskLink, links_of
from xsfn_helpers.deployment.diagnose.risks import LeastPrivilege, Risk, least_privilege, risks_of
from xsfn_helpers.deployment.diagnose.symptom import ReportedSymptom, symptom_of
from xsfn_helpers.deployment.diagnose.tasks import TaskCall, is_withheld, read_tasks
from xsfn_helpers.iam.explain import INFERRED

# Each fix is decided again before the next, so this many different things would have to be wrong at once.
_MOST_FIXES: Final = 25
_MOST_BESIDE: Final = 6
_MOST_UNREAD: Final = 3
MARKS: Final = {Answer.ALLOWED: "✓", Answer.REFUSED: "✗", Answer.UNKNOWN: "?", Answer.NOT_ASKED: "·"}


class Conclusion(StrEnum):
    FINE = mark("fine")
    BROKEN = mark("a link is broken")
    UNKNOWN = mark("can't tell")

    def __str__(self) -> str:
        """The verdict in the reader's language."""
        return tr(self.value)


@dataclass(frozen=True, slots=True)
class TaskDiagnosis:
    """One task and its links; `beyond` are actions that its data may make it need besides, told and not decided."""

    task: TaskCall
    links: tuple[TaskLink, ...]
    beyond: tuple[str, ...] = ()

    @property
    def broken(self) -> TaskLink | None:
        return next((link for link in self.links if link.broken), None)


@dataclass(frozen=True, slots=True)
class Diagnosis(Renderable):
    """What was found. `fixes` puts right one link after the other, the first broken one first; see `Fix`.

    `risks` and `least` (the smallest policies) are told of the setup as it is with all fixes made.

    `str()` is the report as text; in a notebook it shows as the same report in HTML.
    """

    evidence: Evidence
    tasks: tuple[TaskDiagnosis, ...]
    fixes: tuple[Fix, ...]
    risks: tuple[Risk, ...]
    least: tuple[LeastPrivilege, ...]
    symptom: ReportedSymptom | None

    @property
    def first_broken(self) -> TaskLink | None:
        """The first broken link of the first task that has one; None where none is known to be broken.

        A task that takes on a role comes before those of the state machine's own account.
        """
        return next((task.broken for task in to_another_first(self.tasks) if task.broken is not None), None)

    @property
    def links(self) -> Iterator[TaskLink]:
        for task in self.tasks:
            yield from task.links

    @property
    def verdict(self) -> Conclusion:
        if self.first_broken is not None:
            return Conclusion.BROKEN
        open_ = self.withheld or any(link.answer is Answer.UNKNOWN for link in self.links)
        return Conclusion.UNKNOWN if open_ else Conclusion.FINE

    @property
    def withheld(self) -> bool:
        """Whether the definition itself wasn't given, so that nothing is known of the tasks."""
        return is_withheld(self.evidence.machine.definition)

    @property
    def ok(self) -> bool:
        """Whether every link is decided, and allowed."""
        return self.verdict is Conclusion.FINE

    @property
    def headline(self) -> str:
        """The answer in a sentence or two."""
        return headline(self)

    @property
    def fix(self) -> Fix | None:
        """The fix of the first broken link; None where nothing is broken, or no change of what was seen helps."""
        first = self.first_broken
        if first is None or not self.fixes:
            return None
        fix = self.fixes[0]
        return fix if (fix.link, fix.task) == (first.number, first.task) else None

    @property
    def brief(self) -> str:
        """The answer, and a line for each link and risk; the whole report is `str()`."""
        return brief(self)

    @property
    def execution(self) -> ExecutionSeen | None:
        return self.evidence.execution

    @property
    def not_seen(self) -> tuple[NotSeen, ...]:
        """What couldn't be read, and what is left out of answers that stand without it."""
        return tuple(dict.fromkeys((*self.evidence.not_seen, *_left_out(self))))

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def analyse(evidence: Evidence, now: str) -> Diagnosis:
    """The diagnosis of this evidence at the time `now` (ISO 8601, UTC), which conditions may look at.

    Raises `ConfigError` for a definition that isn't JSON.
    """
    decided = _decided(read_tasks(evidence.machine.definition, evidence.execution), evidence, now)
    fixes = tuple(_fixes(evidence, now, decided))
    mended = evidence
    for fix in fixes:
        mended = fix.applied(mended)
    # Of what is broken, no risk can be told: it is about to change.
    tasks = read_tasks(mended.machine.definition, mended.execution)
    needed = needs(mended, tasks)
    withheld = is_withheld(evidence.machine.definition)
    return Diagnosis(
        evidence=evidence,
        tasks=decided,
        fixes=fixes,
        # Where the tasks aren't known, nothing can be told to be superfluous, and nothing to be enough.
        risks=() if withheld else risks_of(mended, tasks, needed),
        least=() if withheld else least_privilege(needed),
        symptom=symptom_of(evidence.execution) if evidence.execution else None,
    )


def to_another_first(tasks: Iterable[TaskDiagnosis]) -> list[TaskDiagnosis]:
    """The tasks in the order in which they are told of: those that take on a role first, as this is about them."""
    return sorted(tasks, key=lambda one: not one.task.takes_on_a_role)


def answers_of(evidence: Evidence, now: str) -> tuple[TaskLink, ...]:
    """Every link decided, and nothing else: no fix is looked for, and no risk."""
    tasks = _decided(read_tasks(evidence.machine.definition, evidence.execution), evidence, now)
    return tuple(link for task in tasks for link in task.links)


def _left_out(diagnosis: Diagnosis) -> Iterator[NotSeen]:
    """Policies that nobody read, and that could deny what is allowed without them."""
    for link in diagnosis.links:
        for what in link.unread:
            why = tr("not read: a Deny in it would deny {action}", action=link.action)
            yield NotSeen(link.accounts[-1], what, why)


def _decided(tasks: tuple[TaskCall, ...], evidence: Evidence, now: str) -> tuple[TaskDiagnosis, ...]:
    return tuple(
        TaskDiagnosis(task, links_of(task, evidence, now, first=at == 0), calls_of(task, evidence).beyond)
        for at, task in enumerate(tasks)
    )


def _fixes(evidence: Evidence, now: str, tasks: tuple[TaskDiagnosis, ...]) -> Iterator[Fix]:
    """Fix after fix, each decided on what the ones before it leave behind; `tasks` are those of the evidence."""
    done: set[tuple[str, ...]] = set()
    for _ in range(_MOST_FIXES):
        broken = next((task for task in to_another_first(tasks) if task.broken is not None), None)
        if broken is None or broken.broken is None:
            return
        fix = fix_for(broken.broken, broken.task, evidence, now)
        if fix is None:
            return
        # Of two alike statements, "statement 2" goes twice: what is left behind tells whether it was done before.
        key = (fix.summary, *(change.after for change in fix.changes))
        if key in done:
            return
        yield fix
        if not fix.changes:
            return
        done.add(key)
        evidence = fix.applied(evidence)
        tasks = _decided(read_tasks(evidence.machine.definition, evidence.execution), evidence, now)


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
    if diagnosis.evidence.machine.lost:
        machine = diagnosis.evidence.machine
        return tr("The definition of {machine} can't be read: {why}.", machine=machine.name, why=machine.lost)
    if diagnosis.withheld:
        return tr(
            "The definition wasn't given, as with METADATA_ONLY: nothing is known of its tasks. Give it as "
            "describe-state-machine answers with ALL_DATA."
        )
    if not diagnosis.tasks:
        return tr(
            "No task of state machine {machine} calls AWS, so there is no link that could be broken.",
            machine=diagnosis.evidence.machine.name,
        )
    unknown = sum(link.answer is Answer.UNKNOWN for link in diagnosis.links)
    if unknown:
        return tr("No link is known to be broken; of {count} nobody can tell from what could be seen.", count=unknown)
    if diagnosis.not_seen:
        return tr("Every link is allowed by the policies that were read.")
    return tr("Every link is allowed by the policies as they are.")


def unread_words(diagnosis: Diagnosis) -> str:
    """What couldn't be read, each kind of policy with its accounts; empty where all was read.

    Three kinds at most: an organization's policies first, which can deny what every other policy allows.
    """
    accounts: dict[str, list[str]] = {}
    for one in diagnosis.not_seen:
        accounts.setdefault(one.what, []).append(one.account)
    kinds: dict[tuple[str, ...], list[str]] = {}
    organizations = tuple(map(tr, LIMITS))
    for what in sorted(accounts, key=lambda one: not one.startswith(organizations)):
        kinds.setdefault(tuple(dict.fromkeys(accounts[what])), []).append(what)
    told = [
        tr("{what} (account {accounts})", what=listed(what), accounts=listed([tr(one) for one in whose]))
        for whose, what in list(kinds.items())[:_MOST_UNREAD]
    ]
    if more := sum(len(what) for what in list(kinds.values())[_MOST_UNREAD:]):
        told.append(tr("{count} more", count=more))
    return tr("; ").join(told)


def brief(diagnosis: Diagnosis) -> str:
    """The answer, a line for each link, each risk, and how much couldn't be seen."""
    lines = [headline(diagnosis)]
    for task in diagnosis.tasks:
        lines += [f"  {link_line(link)}" for link in task.links]
    lines += [tr("Risk: {risk}", risk=risk) for risk in diagnosis.risks]
    if diagnosis.not_seen:
        lines.append(tr("Not read, and left out of this: {what}.", what=unread_words(diagnosis)))
    return "\n".join(lines)


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
    spoken_of = [link for link in diagnosis.links if link.number == symptom.link]
    changed = mark("AWS speaks of link {link}, of which nobody can tell from what could be seen whether it holds now.")
    if spoken_of and all(link.answer is Answer.ALLOWED for link in spoken_of):
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


def beyond_words(diagnosed: TaskDiagnosis) -> str:
    """What the task may need besides its links, by its data."""
    actions = tr(", ").join(diagnosed.beyond)
    return tr("By what it is given it may need besides, which isn't decided here: {actions}.", actions=actions)


def fix_notes(fix: Fix) -> Iterator[str]:
    yield from fix.notes
    if fix.changes and not fix.mends:
        yield tr("That isn't all that is wrong with this link: the next fix goes on from there.")


def risk_heading(diagnosis: Diagnosis) -> str:
    return tr("Risks that stay when that is fixed") if diagnosis.fixes else tr("Risks in what works")


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    machine = diagnosis.evidence.machine
    yield tr("Diagnosis of {arn}", arn=diagnosis.evidence.asked)
    about = tr(
        "State machine {machine}, account {account}, runs as {role}",
        machine=machine.name,
        account=machine.account,
        role=machine.role_arn if machine.role_told else tr("a role that nothing tells"),
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
    yield tr("Task {task}: {resource}, {pattern}", task=task.title, resource=task.resource, pattern=tr(task.pattern))
    for link in diagnosed.links:
        yield f"  {link_line(link)}"
        answered = tr("{answer}; {when}. {why}", answer=tr(link.answer), when=link.when, why=link.why)
        yield f"      {answered}"
        if link.aws_says:
            yield f"      {tr(INFERRED)}: {link.aws_says}"
    if diagnosed.beyond:
        yield "  " + beyond_words(diagnosed)


def _fix_lines(number: int, fix: Fix, *, of: int) -> Iterator[str]:
    yield tr(
        "Fix {number} of {total}, for link {link} of task {task}", number=number, total=of, link=fix.link, task=fix.task
    )
    yield f"  {fix.summary}"
    yield from ("  " + tr("Note: {note}", note=note) for note in fix_notes(fix))
    for change in fix.changes:
        yield "  " + tr("{thing}, account {account}", thing=change.thing, account=change.account)
        yield from (f"    {line}" for line in change.diff)
    if fix.changes and not fix.known_later:
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
    yield from (f"  {one}" for one in diagnosis.evidence.taken)
    if beside := diagnosis.evidence.not_about_aws:
        named = listed(beside[:_MOST_BESIDE])
        if len(beside) > _MOST_BESIDE:
            named += tr(" (and {count} more)", count=len(beside) - _MOST_BESIDE)
        yield "  " + tr("Not about AWS, and so not looked at: {files}.", files=named)


def still_open(link: TaskLink) -> str:
    """What keeps a link from being answered."""
    return tr(
        "Link {link} of task {task} stays open: it hangs on {open}.",
        link=link.number,
        task=link.task,
        open=tr("; ").join(link.open),
    )
