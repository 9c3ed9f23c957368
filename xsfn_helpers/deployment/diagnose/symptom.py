"""What a failed execution said, and which link of the chain it speaks of. Pure.

Sources of the words: docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html, and
recorded answers (see the sandbox's facts).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.common.stable_text import stable_cause
from xsfn_helpers.deployment.diagnose.evidence import ExecutionSeen

_WORDS: Final = (
    (1, re.compile(r"nor the regional one is authorized to assume the provided role")),
    (2, re.compile(r"is not authorized to assume the task state's role")),
    (4, re.compile(r"not authorized to perform: states:DescribeExecution")),
    (5, re.compile(r"not authorized to perform: states:StopExecution")),
    (3, re.compile(r"not authorized to perform: |DoesNotExist|Does Not Exist")),
)
_BY_ITSELF: Final = mark("the started execution ended {child} by itself")


@dataclass(frozen=True, slots=True)
class ReportedSymptom:
    """How an execution ended. `link` is the link that its words speak of, 0 where they speak of none.

    `by_itself` tells that the started execution was let through, and failed by its own doing.
    """

    status: str
    error: str
    cause: str
    link: int
    by_itself: bool

    @property
    def text(self) -> str:
        words = ": ".join(part for part in (self.error, self.cause) if part)
        if words:
            return tr("The execution ended {status}, {words}.", status=self.status, words=words)
        if self.status == "RUNNING":
            return tr("As far as the history goes, the execution hadn't ended.")
        return tr("The execution ended {status}.", status=self.status)


def symptom_of(execution: ExecutionSeen) -> ReportedSymptom:
    """What the execution's end tells."""
    cause = execution.cause
    by_itself = _is_childs_own(cause)
    said = f"{execution.error} {cause}"
    link = 0 if by_itself else next((number for number, words in _WORDS if words.search(said)), 0)
    shown = stable_cause(cause, _BY_ITSELF) if cause else ""
    return ReportedSymptom(execution.status, execution.error, shown, link, by_itself)


def _is_childs_own(cause: str) -> bool:
    """A started execution that failed leaves its whole description as cause."""
    try:
        child = json.loads(cause)
    except ValueError:
        return False
    return isinstance(child, dict) and "Status" in child and "ExecutionArn" in child
