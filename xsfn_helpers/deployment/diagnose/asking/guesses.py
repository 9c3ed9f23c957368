"""One diagnosis of several: only what every guess of what the files don't tell gives is an answer. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.diagnosis import Diagnosis
from xsfn_helpers.deployment.diagnose.judge import Answer
from xsfn_helpers.deployment.diagnose.links import TaskLink

_Key = tuple[str, int, str, int]
Guess = tuple[tuple[TaskLink, ...] | None, tuple[str, ...]]


def agreed(diagnosis: Diagnosis, guesses: Iterable[Guess]) -> Diagnosis:
    """The diagnosis with every link open whose answer isn't the same by all guesses.

    A guess is looked at only while it can still open a link; with it goes what it is a guess of. None stands for
    guesses that nobody looks at.
    """
    own = _answers(diagnosis.links)
    certain = {key: answer for key, answer in own.items() if answer in (Answer.ALLOWED, Answer.REFUSED)}
    opened: dict[_Key, tuple[str, ...]] = {}
    if certain:
        for links, about in guesses:
            if links is None:
                opened = {**dict.fromkeys(certain, about), **opened}
                break
            answers = _answers(links)
            differing = [key for key, answer in certain.items() if answers.get(key, answer) is not answer]
            opened = {**dict.fromkeys(differing, about), **opened}
            if len(opened) == len(certain):
                break
    if not opened:
        return diagnosis
    about_each = iter([opened.get(key, ()) for key in own])
    tasks = tuple(
        replace(task, links=tuple(_opened(link, next(about_each)) for link in task.links)) for task in diagnosis.tasks
    )
    changed = replace(diagnosis, tasks=tasks)
    same = changed.first_broken == diagnosis.first_broken
    return changed if same else replace(changed, fixes=())


def _answers(links: Iterable[TaskLink]) -> dict[_Key, Answer]:
    """The answers, each by what is the same in every guess; a task asks for one action on several resources, too."""
    seen: Counter[tuple[str, int, str]] = Counter()
    found = {}
    for link in links:
        key = (link.task, link.number, link.action)
        found[*key, seen[key]] = link.answer
        seen[key] += 1
    return found


def _opened(link: TaskLink, about: tuple[str, ...]) -> TaskLink:
    if link.answer is Answer.UNKNOWN or not about:
        return link
    open_ = tuple(map(tr, about))
    why = tr("It hangs on {open}.", open=tr("; ").join(open_))
    return replace(link, answer=Answer.UNKNOWN, why=why, slip=None, open=open_)
