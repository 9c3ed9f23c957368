"""What puts one broken link right: the changes, in words and as calls. Pure data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from xsfn_helpers.common.language import listed, tr
from xsfn_helpers.deployment.diagnose.evidence import Evidence
from xsfn_helpers.deployment.diagnose.fixes.changes import ApiCall, Correction

# The part of a name that CloudFormation makes, and a value that is filled in at deployment.
_MADE: Final = re.compile(r"[\w+=,.@-]+-X{12}\b|\$\{[\w.@-]+\}")
_MOST: Final = 3


@dataclass(frozen=True, slots=True)
class Fix:
    """The smallest change for one link. `changes` is empty where only a person can do it: then `summary` says what.

    `mends`: deciding again with the changes made no longer denies the link (else something else is wrong with it, too,
    and the next fix is about that). `continues_as` is the ARN of the state machine that takes the place of the one
    asked about. `known_later` are the values in it that stand for what shows only at deployment: there is no command to
    type, nor a template to copy, then.
    """

    link: int
    task: str
    summary: str
    changes: tuple[Correction, ...] = ()
    notes: tuple[str, ...] = ()
    mends: bool = False
    continues_as: str = ""
    known_later: tuple[str, ...] = ()

    @property
    def accounts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(change.account for change in self.changes))

    @property
    def calls(self) -> Iterator[ApiCall]:
        for change in self.changes:
            yield from change.calls

    def applied(self, evidence: Evidence) -> Evidence:
        """The evidence as it would be after all changes."""
        for change in self.changes:
            evidence = change.applied(evidence)
        return evidence


def with_what_is_known_later(fix: Fix, stand_ins: Iterable[str]) -> Fix:
    """The fix with a note of the names, accounts and values in it that nobody can type before the deployment."""
    sent = [text for change in fix.changes for text in (*(one.cli for one in change.calls), json.dumps(change.after))]
    text = " ".join((*sent, *(call.account for call in fix.calls)))
    made = list(dict.fromkeys(_MADE.findall(text)))
    known_later = (*made, *(one for one in sorted(stand_ins) if one in text))
    if not made:
        return replace(fix, known_later=known_later)
    note = tr(
        "Known once it is deployed: {values}. In the template that makes it, write a reference in its place (for a "
        "role `${{Role.Arn}}`), or give it a name; elsewhere write what it is then.",
        values=listed(made[:_MOST]) + (" …" if len(made) > _MOST else ""),
    )
    return replace(fix, notes=(*fix.notes, note), known_later=known_later)
