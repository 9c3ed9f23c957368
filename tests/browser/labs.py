"""Cells and labs of the browser tests: the notebook's lab and the test's are the same things in the same sandbox."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Final

from tests.conftest import fresh_names
from xsfn_helpers import Lab, open_lab

WAITING: Final = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}
# The execute role without states:StopExecution: it can't stop what it started.
NO_STOP: Final = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Action": ["states:StartExecution", "states:DescribeExecution"],
        "Resource": "*",
    },
}


@dataclass(frozen=True, slots=True)
class SharedLab:
    """A lab with names of its own, in the test's hand and, by `opening`, in a notebook's."""

    lab: Lab
    names: dict[str, str]

    def opening(self, more: str = "") -> str:
        """The first cell: the same lab, in the notebook's kernel."""
        return f"from xsfn_helpers import open_lab\nlab = open_lab(**{self.names!r})\n{textwrap.dedent(more)}"


def shared_lab() -> SharedLab:
    names = fresh_names()
    return SharedLab(open_lab(**names), names)
