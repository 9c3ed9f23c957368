"""One diagnosis of several: only what every guess of what the files don't tell gives is an answer. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.diagnose.diagnosis import Diagnosis
from xsfn_helpers.deployment.diagnose.judge import Answer
from xsfn_helpers.deployment.diagnose.links import TaskLink

ACCOUNTS: Final = mark(
    "which accounts the files are deployed to, which they don't tell (--operator-account-id and "
    "--subject-account-id do)"
)
REGION: Final = mark("which region the files are deployed to, which they don't tell (--region does)")


def agreed(diagnosis: Diagnosis, guesses: Iterable[tuple[TaskLink, ...] | None], *, of: str = ACCOUNTS) -> Diagnosis:
    """The diagnosis with every link open whose answer isn't the same by all guesses `of` what the files don't tell.

    A guess is looked at only while it can still open a link. None stands for guesses that nobody looks at.
    """
    certain = {_key(link): link.answer for link in diagnosis.links if link.answer in (Answer.ALLOWED, Answer.REFUSED)}
    opened: set[tuple[str, int, str]] = set()
    if certain:
        for links in guesses:
            if links is None:
                opened |= certain.keys()
                break
            answers = {_key(link): link.answer for link in links}
            opened |= {key for key, answer in certain.items() if answers.get(key, answer) is not answer}
            if len(opened) == len(certain):
                break
    if not opened:
        return diagnosis
    tasks = tuple(
        replace(task, links=tuple(_opened(link, tr(of)) if _key(link) in opened else link for link in task.links))
        for task in diagnosis.tasks
    )
    changed = replace(diagnosis, tasks=tasks)
    same = changed.first_broken == diagnosis.first_broken
    return changed if same else replace(changed, fixes=())


def _key(link: TaskLink) -> tuple[str, int, str]:
    return link.task, link.number, link.action


def _opened(link: TaskLink, open_: str) -> TaskLink:
    if link.answer is Answer.UNKNOWN:
        return link
    return replace(link, answer=Answer.UNKNOWN, why=tr("It hangs on {open}.", open=open_), slip=None, open=(open_,))
