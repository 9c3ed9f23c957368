"""One diagnosis of several: only what every guess of what the files don't tell gives is an answer. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.diagnosis import Diagnosis
from xsfn_helpers.deployment.diagnose.judge import Answer
from xsfn_helpers.deployment.diagnose.links import TaskLink

Guess = tuple[tuple[TaskLink, ...] | None, tuple[str, ...]]


def agreed(diagnosis: Diagnosis, guesses: Iterable[Guess]) -> Diagnosis:
    """The diagnosis with every link open whose answer isn't the same by all guesses.

    A guess is looked at only while it can still open a link; with it goes what it is a guess of. None stands for
    guesses that nobody looks at.
    """
    certain = {_key(link): link.answer for link in diagnosis.links if link.answer in (Answer.ALLOWED, Answer.REFUSED)}
    opened: dict[tuple[str, int, str], tuple[str, ...]] = {}
    if certain:
        for links, about in guesses:
            if links is None:
                opened = {**dict.fromkeys(certain, about), **opened}
                break
            answers = {_key(link): link.answer for link in links}
            differing = [key for key, answer in certain.items() if answers.get(key, answer) is not answer]
            opened = {**dict.fromkeys(differing, about), **opened}
            if len(opened) == len(certain):
                break
    if not opened:
        return diagnosis
    tasks = tuple(
        replace(task, links=tuple(_opened(link, opened.get(_key(link), ())) for link in task.links))
        for task in diagnosis.tasks
    )
    changed = replace(diagnosis, tasks=tasks)
    same = changed.first_broken == diagnosis.first_broken
    return changed if same else replace(changed, fixes=())


def _key(link: TaskLink) -> tuple[str, int, str]:
    return link.task, link.number, link.action


def _opened(link: TaskLink, about: tuple[str, ...]) -> TaskLink:
    if link.answer is Answer.UNKNOWN or not about:
        return link
    open_ = tuple(map(tr, about))
    why = tr("It hangs on {open}.", open=tr("; ").join(open_))
    return replace(link, answer=Answer.UNKNOWN, why=why, slip=None, open=open_)
