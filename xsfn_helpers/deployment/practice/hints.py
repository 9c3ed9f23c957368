"""Help in three levels: a nudge, the rule and where it is broken, and the exact change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xsfn_helpers.chain.documents import Document
from xsfn_helpers.chain.plan import text_diff
from xsfn_helpers.chain.policy_diff import policy_diff, same_policy
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.common.renderable import Renderable
from xsfn_helpers.deployment.practice.edits import edits
from xsfn_helpers.deployment.practice.fault import Fault
from xsfn_helpers.deployment.practice.score import ANSWER_LEVEL
from xsfn_helpers.deployment.stored_documents import read_document, right_document

if TYPE_CHECKING:
    from xsfn_helpers.deployment.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Hint(Renderable):
    """One level of help. The last has the difference in the documents, and the repair as Python for a cell."""

    level: int
    text: str
    diff: tuple[str, ...] = ()
    code: str = ""

    @property
    def title(self) -> str:
        return tr("Hint {level} of {last}", level=self.level, last=ANSWER_LEVEL)

    def __str__(self) -> str:
        diff = [f"  {line}" for line in self.diff]
        code = [tr("In a cell:"), *(f"  {line}" for line in self.code.splitlines())] if self.code else []
        return "\n".join([f"{self.title}: {self.text}", *diff, *code])


def hint(deployment: Deployment, fault: Fault, level: int) -> Hint:
    """The help of this level; the third is worked out from what is stored now. Raises `ConfigError` for others."""
    if isinstance(level, bool) or level not in (1, 2, ANSWER_LEVEL):
        raise ConfigError(
            tr("There is no hint {level!r}.", level=level),
            fix=tr("The levels are 1, 2 and 3; the last is the answer."),
        )
    if level == 1:
        return Hint(1, fault.nudge)
    if level == 2:
        text = mark("{rule} Look at {where}. [{source}]") if fault.where else mark("{rule} [{source}]")
        return Hint(2, tr(text, rule=fault.rule, where=fault.where, source=fault.source))
    changes = tuple(_changes(deployment, fault))
    diff = tuple(line for change in changes for line in change.diff)
    code = "\n".join([*(repair.code for repair in fault.repairs), *(change.code for change in changes)])
    if not fault.where:
        text = tr("There is nothing to change. Run again.")
    elif diff or code:
        text = tr("The exact change, in {where}:", where=fault.where)
    else:
        text = tr("Everything is as it should be.")
    return Hint(ANSWER_LEVEL, text, diff, code)


@dataclass(frozen=True, slots=True)
class _DocumentChange:
    diff: tuple[str, ...]
    code: str


def _changes(deployment: Deployment, fault: Fault) -> Iterator[_DocumentChange]:
    for name in fault.touched:
        have, want = read_document(deployment.environment, name), right_document(deployment.blueprint, name)
        if name.endswith("_definition"):
            same, diff = have == want, text_diff(json_text(have), json_text(want))
        else:
            same, diff = same_policy(have, want), policy_diff(have, want)
        if not same:
            yield _DocumentChange((f"{name}:", *diff), _code(name, have, want))


def _code(name: str, have: Document, want: Document) -> str:
    lines = [edit.code("document") for edit in edits(have, want)]
    return "\n".join([f'document = fault.document("{name}")', *lines, f"fault.repair({name}=document)"])
