"""One diagnosis of several: only what every guess of what the files don't tell gives is an answer. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.diagnosis import Diagnosis
from xsfn_helpers.deployment.diagnose.judge import Answer
from xsfn_helpers.deployment.diagnose.links import TaskLink


def agreed(diagnosis: Diagnosis, guesses: Sequence[Diagnosis]) -> Diagnosis:
    """The diagnosis with every link open whose answer isn't the same by all guesses."""
    if not guesses:
        return diagnosis
    answers = [{_key(link): link.answer for link in one.links} for one in guesses]
    tasks = tuple(
        replace(task, links=tuple(_agreed(link, [one.get(_key(link)) for one in answers]) for link in task.links))
        for task in diagnosis.tasks
    )
    changed = replace(diagnosis, tasks=tasks)
    same = changed.first_broken == diagnosis.first_broken
    return changed if same else replace(changed, fixes=())


def _key(link: TaskLink) -> tuple[str, int, str]:
    return link.task, link.number, link.action


def _agreed(link: TaskLink, others: Sequence[Answer | None]) -> TaskLink:
    if link.answer is Answer.UNKNOWN or all(other in (link.answer, None) for other in others):
        return link
    open_ = tr(
        "which accounts the files are deployed to, which they don't tell (--operator-account-id and "
        "--subject-account-id do)"
    )
    return replace(link, answer=Answer.UNKNOWN, why=tr("It hangs on {open}.", open=open_), slip=None, open=(open_,))
