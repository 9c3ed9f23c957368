"""Who is in the room, and how far they are. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from xsfn_helpers.aws import settings
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.errors import ConfigError, InvalidScenario, RoomError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.stages import STAGE_NUMBERS

LONGEST_NAME: Final = 40
# What a lab may call its roles and machines.
SCENARIO_NAMES: Final = tuple(one.name for one in fields(Scenario) if one.name.endswith("_name"))
STEPS: Final = (0, *STAGE_NUMBERS)
# Somebody whose lab hasn't been heard of for so many seconds has closed the laptop.
PRESENT_SECONDS: Final = 90.0
_MOST_TITLES: Final = 20
_LONGEST_TITLE: Final = 300
SUCCEEDED: Final = "SUCCEEDED"
# How an execution is (API_DescribeExecution); empty before the first.
_RUN_STATUSES: Final = ("", "RUNNING", SUCCEEDED, "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE")
LAB_ID: Final = "lab_id"


@dataclass(frozen=True, slots=True)
class CheckedStage:
    """The last report: how many checks hold, of how many, and the titles of those that don't."""

    passed: int
    count: int
    failed: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"passed": self.passed, "count": self.count, "failed": list(self.failed)}

    @property
    def all_hold(self) -> bool:
        return self.count > 0 and self.passed == self.count


@dataclass(frozen=True, slots=True)
class ParticipantProgress:
    """How far somebody is, as their lab has told it. `steps`: whether the prerequisites and each stage are applied.

    `names` are the scenario's and the lab's, where they differ from the article's; `moved` is when something new was
    achieved, in seconds of the clock.
    """

    steps: tuple[bool, ...] = (False,) * len(STEPS)
    checks: CheckedStage | None = None
    run: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    moved: float = 0.0

    @property
    def built(self) -> bool:
        return all(self.steps)

    @property
    def green(self) -> bool:
        """Everything is built, and every check of the last report holds."""
        return self.built and self.checks is not None and self.checks.all_hold

    def told(self, news: Mapping[str, Any], *, at: float) -> ParticipantProgress:
        """With what a lab tells of itself. Raises `RoomError` for what no lab tells."""
        later = self
        if (steps := news.get("steps")) is not None:
            later = replace(later, steps=_steps(steps))
        if (checks := news.get("checks")) is not None:
            later = replace(later, checks=_checked(checks))
        if (run := news.get("run")) is not None:
            later = replace(later, run=_run_status(run))
        if (names := news.get("names")) is not None:
            later = replace(later, names=checked_names(names))
        return replace(later, moved=at) if later.is_beyond(self) else later

    def is_beyond(self, before: ParticipantProgress) -> bool:
        """Whether this is progress: a step more, more checks that hold, or a run that succeeds."""
        held = before.checks.passed if before.checks else 0
        return (
            sum(self.steps) > sum(before.steps)
            or (self.checks is not None and self.checks.passed > held)
            or (self.run == SUCCEEDED and before.run != SUCCEEDED)
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "steps": list(self.steps),
            "checks": self.checks.to_json() if self.checks else None,
            "run": self.run,
            "names": dict(self.names),
            "moved": self.moved,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> ParticipantProgress:
        checks = stored["checks"]
        return cls(
            tuple(stored["steps"]),
            CheckedStage(checks["passed"], checks["count"], tuple(checks["failed"])) if checks else None,
            stored["run"],
            stored["names"],
            stored["moved"],
        )


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody in the room, on a numbered place with two accounts; further ones where they asked for them."""

    number: int
    name: str
    joined: float
    seen: float
    progress: ParticipantProgress
    further: int = 0

    @property
    def id(self) -> str:
        return f"place-{self.number}"

    @property
    def operator_account_id(self) -> str:
        return f"1{self.number:011d}"

    @property
    def subject_account_id(self) -> str:
        return f"2{self.number:011d}"

    @property
    def further_account_ids(self) -> tuple[str, ...]:
        """More Subject accounts: the place in the middle, counted from 1."""
        return tuple(f"3{self.number:05d}{count:06d}" for count in range(1, self.further + 1))

    @property
    def account_ids(self) -> tuple[str, ...]:
        return (self.operator_account_id, self.subject_account_id, *self.further_account_ids)

    def is_present(self, now: float) -> bool:
        return now - self.seen <= PRESENT_SECONDS

    def idle_minutes(self, now: float) -> int:
        """For how many whole minutes nothing new has been achieved."""
        return int(max(0.0, now - max(self.progress.moved, self.joined)) // 60)


def checked_name(name: object) -> str:
    """The name as it is kept: in composed form, without spaces around it. Raises `RoomError` for what is no name."""
    if not isinstance(name, str):
        raise RoomError(tr("A name is a text."), fix=tr("Choose another one."))
    told = " ".join(unicodedata.normalize("NFC", name).split())
    if not 1 <= len(told) <= LONGEST_NAME:
        raise RoomError(
            tr("A name has 1 to {longest} characters.", longest=LONGEST_NAME), fix=tr("Choose another one.")
        )
    # Cc, Cf …: what can't be seen, or turns the line around.
    if any(unicodedata.category(one)[0] == "C" for one in told):
        raise RoomError(tr("A name has no invisible characters."), fix=tr("Choose another one."))
    return told


def same_name(name: str) -> str:
    """What two names have in common that nobody could tell apart on the page."""
    return unicodedata.normalize("NFKC", name).casefold()


def _steps(value: object) -> tuple[bool, ...]:
    if not isinstance(value, list) or len(value) != len(STEPS) or not all(isinstance(one, bool) for one in value):
        raise _not_told("steps")
    return tuple(value)


def _checked(value: object) -> CheckedStage:
    if not isinstance(value, dict):
        raise _not_told("checks")
    passed, count, failed = value.get("passed"), value.get("count"), value.get("failed", [])
    if type(passed) is not int or type(count) is not int or not 0 <= passed <= count <= 10_000:
        raise _not_told("checks")
    if not isinstance(failed, list) or not all(isinstance(one, str) for one in failed):
        raise _not_told("checks")
    return CheckedStage(passed, count, tuple(_visible(one[:_LONGEST_TITLE]) for one in failed[:_MOST_TITLES]))


def _visible(text: str) -> str:
    """Without what can't be seen, or turns the line around."""
    return "".join(one for one in text if unicodedata.category(one)[0] != "C")


def _run_status(value: object) -> str:
    if value not in _RUN_STATUSES:
        raise _not_told("run")
    return str(value)


def checked_names(value: object) -> dict[str, str]:
    """The names that a lab goes by, held to what they are held to at home: the room makes files and calls of them."""
    if not isinstance(value, dict) or not value.keys() <= {*SCENARIO_NAMES, LAB_ID}:
        raise _not_told("names")
    try:
        Scenario(**{name: told for name, told in value.items() if name != LAB_ID})
        if LAB_ID in value:
            settings.lab_id(settings.Choice(value[LAB_ID], "names"))
    except (ConfigError, InvalidScenario) as error:
        raise RoomError(error.what, where="progress", fix=error.fix) from error
    return dict(value)


def _not_told(what: str) -> RoomError:
    return RoomError(
        tr("{what} can't be read.", what=what), where="progress", fix=tr("Update xsfn, here or in the room.")
    )
