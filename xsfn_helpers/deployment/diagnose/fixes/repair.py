"""The smallest fix of a broken link, found by trying on the evidence and deciding again. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from xsfn_helpers.deployment.diagnose.evidence import Evidence
from xsfn_helpers.deployment.diagnose.fixes.fix import Fix, with_what_is_known_later
from xsfn_helpers.deployment.diagnose.fixes.policy_fixes import policy_fixes
from xsfn_helpers.deployment.diagnose.fixes.slip_fixes import slip_fixes
from xsfn_helpers.deployment.diagnose.links import TaskLink, links_of
from xsfn_helpers.deployment.diagnose.tasks import TaskCall, read_tasks

Again = Callable[[Evidence], TaskLink | None]


def fix_for(
    link: TaskLink, task: TaskCall, evidence: Evidence, now: str, decided_again: Again | None = None
) -> Fix | None:
    """The first change that mends the link, or else the first that takes away what is wrong with it now.

    `decided_again` decides a link that the definition doesn't tell of. None where no change of what was seen helps.
    """
    halfway: Fix | None = None
    by_hand: Fix | None = None
    for draft in _drafts(link, task, evidence):
        if not draft.changes:
            by_hand = by_hand or draft
            continue
        mended = draft.applied(evidence)
        again = _again(link, task, mended, now) if decided_again is None else decided_again(mended)
        if again is None:
            continue
        if not again.broken:
            return with_what_is_known_later(replace(draft, mends=True), evidence.stand_ins)
        if again.why != link.why and halfway is None:
            halfway = draft
    return with_what_is_known_later(halfway, evidence.stand_ins) if halfway is not None else by_hand


def _drafts(link: TaskLink, task: TaskCall, evidence: Evidence) -> Iterator[Fix]:
    if link.slip is not None:
        yield from slip_fixes(link, link.slip, task, evidence)
    elif link.judgement is not None:
        yield from policy_fixes(link, link.judgement, evidence)


def _again(link: TaskLink, task: TaskCall, evidence: Evidence, now: str) -> TaskLink | None:
    """The same link with the evidence as it would be."""
    for other in read_tasks(evidence.machine.definition, evidence.execution):
        if other.task.state.path == task.task.state.path:
            links = [one for one in links_of(other, evidence, now) if one.number == link.number]
            same = [one for one in links if one.action == link.action]
            exactly = [one for one in same if one.resource == link.resource]
            return next(iter((*exactly, *same, *links)), None)
    return None
