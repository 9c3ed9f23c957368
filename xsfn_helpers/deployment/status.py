"""Where a lab stands: what is done, what comes next, and about how long the rest takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from xsfn_helpers.chain.scenario import Account
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.renderable import Renderable
from xsfn_helpers.deployment.stages import Steps

# What each step's notebook says it takes.
MINUTES: Final[Mapping[int, int]] = {0: 15, 1: 15, 2: 15, 3: 10}


@dataclass(frozen=True, slots=True)
class StepStatus:
    """One step, whether it is applied, and how many minutes it takes to read and do."""

    number: int
    title: str
    applied: bool
    minutes: int

    @property
    def call(self) -> str:
        """What applies it."""
        return f"lab.stage({self.number}).apply()" if self.number else "lab.prepare()"


@dataclass(frozen=True, slots=True)
class Status(Renderable):
    """The steps of a lab at one moment; its text is the whole of it. Shown in a notebook, it keeps up by itself.

    `room` says, to somebody in a room, which place is theirs and whether a fault waits in it.
    """

    lab_id: str
    operator: Account
    subject: Account
    steps: tuple[StepStatus, ...]
    room: tuple[str, ...] = ()
    live: Callable[[Status], dict[str, Any]] | None = field(default=None, repr=False, compare=False)

    @property
    def next(self) -> str:
        """The call that comes next."""
        return next((step.call for step in self.steps if not step.applied), "lab.run()")

    @property
    def done(self) -> int:
        return sum(step.applied for step in self.steps)

    @property
    def minutes_left(self) -> int:
        return sum(step.minutes for step in self.steps if not step.applied)

    @property
    def headline(self) -> str:
        return tr("{done} of {count} steps applied", done=self.done, count=len(self.steps))

    @property
    def time_left(self) -> str:
        return (
            tr("about {minutes_left} minutes", minutes_left=self.minutes_left)
            if self.minutes_left
            else tr("none: everything is built")
        )

    def __str__(self) -> str:
        lines = [
            tr(
                "Lab {lab_id!r}: {operator}, {subject}",
                lab_id=self.lab_id,
                operator=self.operator,
                subject=self.subject,
            )
        ]
        lines += [
            f"  ✓ {one.title}" if one.applied else tr("  … {title} (not applied)", title=one.title)
            for one in self.steps
        ]
        return "\n".join(
            [
                *lines,
                tr("Next: {next}", next=self.next),
                tr("Time left: {time_left}", time_left=self.time_left),
                *self.room,
            ]
        )


def read_status(lab_id: str, steps: Steps, *, operator: Account, subject: Account) -> Status:
    """Reads both accounts. Raises `StepError` in AWS's words when they may not be read."""
    return Status(
        lab_id,
        operator,
        subject,
        tuple(
            StepStatus(step.number, step.title, step.is_applied, MINUTES[step.number]) for step in steps.at_one_look()
        ),
    )
