"""What the map shows: the chain as both accounts of the sandbox stand, and the run that goes on. Reads, never changes.

Nothing is read while nothing has changed: the sandbox keeps whatever it accepts in one file.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

from xsfn_helpers.aws.accounts import Accounts, SandboxPlace, accounts_place
from xsfn_helpers.aws.errors import translated
from xsfn_helpers.aws.sandbox_accounts import SandboxAccounts
from xsfn_helpers.aws.seat import Seat, stored_seat
from xsfn_helpers.aws.settings import Platform, Settings, load_settings
from xsfn_helpers.chain.links import Node
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.chain.snapshot import ChainSnapshot
from xsfn_helpers.common.browser import in_browser
from xsfn_helpers.common.errors import SandboxError, XsfnError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment import runs
from xsfn_helpers.deployment.adopted import Adopted
from xsfn_helpers.deployment.checks.probes import PREFIX
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.practice.score import book_of
from xsfn_helpers.deployment.runs import Run
from xsfn_helpers.deployment.snapshot import read_snapshot
from xsfn_helpers.sandbox.process.here import sandbox_here
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.state import SandboxFolder

START: Final = "from xsfn_helpers import open_lab\nlab = open_lab()"
# A sandbox that was killed leaves its files as they are: so many seconds later it is asked whether it lives.
_TRUST: Final = 2.0
# The room's sandbox is on another machine, and serves many: it is read as often, and no oftener.
_ROOM_PACE: Final = 5.0
# So many of the lab's own probes may have run since the reader's last run.
_PROBES_IN_A_ROW: Final = 20


@dataclass(frozen=True, slots=True)
class MapAnswer:
    """What the pane shows. `state` is "live", "stopped", "elsewhere" or "trouble"; only "live" has a view.

    `lines` and `code` say what to do where there is no view; `text` is the map in words.
    """

    state: str
    headline: str = ""
    lines: tuple[str, ...] = ()
    code: str = ""
    text: str = ""
    view: dict[str, Any] | None = None
    version: str = field(init=False)

    def __post_init__(self) -> None:
        told = json.dumps([self.state, self.headline, self.lines, self.text, self.view], sort_keys=True)
        object.__setattr__(self, "version", hashlib.sha256(told.encode()).hexdigest()[:16])

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("state", "headline", "lines", "code", "text", "view", "version")}


class _AsItRuns(Sandbox):
    """A sandbox that is looked at only: where it has ended, it stays so."""

    def revived(self) -> NoReturn:
        raise SandboxError(tr("The sandbox has ended."), fix=tr("Run `lab = open_lab()`."))


def _as_it_runs() -> Sandbox | None:
    return sandbox_here().find() if in_browser() else _AsItRuns.find()


class AccountsReader:
    """Reads both accounts of the lab that notebooks below `folder` open. For one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._traces: tuple[object, ...] = ()
        self._looked = 0.0
        self._environment: Environment | None = None
        self._place: object = None
        self._standing: ChainSnapshot | None = None
        self._run: Run | None = None
        self._last_run: str | None = None  # the ARN of the last execution that was known; "" for none
        self._shown: MapAnswer | None = None

    def look(self) -> MapAnswer:
        """What there is now. An account that can't be read is told in what is shown."""
        try:
            settings = load_settings({}, folder=self._folder)
            if settings.target is Platform.AWS:
                return self._forget(_elsewhere())
            seat = stored_seat()
            if self._is_unchanged(seat):
                assert self._shown is not None
                return self._shown
            self._looked = time.monotonic()
            place: SandboxPlace | None = seat or _as_it_runs()
            self._shown = self._forget(stopped()) if place is None else self._read(self._ground(settings, place))
        except SandboxError:
            self._shown = self._forget(stopped())
        except XsfnError as error:
            self._shown = self._trouble(error)
        return self._shown

    def _is_unchanged(self, seat: Seat | None) -> bool:
        """Whether what was shown last still counts, as far as that can be told without reading."""
        traces, self._traces = self._traces, _traces()
        running = self._run is not None and (not self._run.ended or self._run.subject_status == runs.RUNNING)
        since = time.monotonic() - self._looked
        if self._shown is None or running:
            return False
        if in_browser():
            return traces == self._traces  # it ends with whoever looks
        return since < _ROOM_PACE if seat else traces == self._traces and since < _TRUST

    def _ground(self, settings: Settings, place: SandboxPlace) -> Environment:
        settings = settings.on_sandbox(accounts_place(place))
        key = (place.endpoint_url, settings.scenario, settings.lab_id, tuple(place.accounts.values()))
        if self._environment is None or key != self._place:
            accounts: Accounts = SandboxAccounts(place)
            self._environment = Environment(settings.scenario, accounts, settings.lab_id, Adopted(settings.adopted))
            self._place, self._standing, self._run, self._last_run = key, None, None, None
        return self._environment

    def _read(self, environment: Environment) -> MapAnswer:
        from xsfn_helpers.display.live.chain_view import chain_view, run_in_words
        from xsfn_helpers.display.pictures.chain_picture import picture

        standing = _but_for_an_exercise(environment, read_snapshot(environment.at_one_look()))
        withheld = standing.is_withheld
        run = self._newest_run(environment, standing)
        if run is None and self._run is not None and self._standing is not None:
            # What ran, ran before this change.
            run = self._run.refresh() if _is_same(standing, self._standing) else None
        self._standing, self._run = standing, run
        said = run_in_words(run, and_where=not withheld) if run else ""
        diagram = picture(standing)
        text = f"{diagram.text}\n{run if not withheld else said}" if run else diagram.text
        return MapAnswer("live", text=text, view=chain_view(standing, run=run, said=said).to_json())

    def _newest_run(self, environment: Environment, standing: ChainSnapshot) -> Run | None:
        """The newest run, where it is new to the map; at the map's first look, only one that still goes on."""
        if Node.OPERATOR_MACHINE not in standing.machines:
            self._last_run = ""
            return None
        scenario = environment.scenario
        with translated(scenario.operator):
            found = environment.states(Side.OPERATOR).list_executions(
                stateMachineArn=scenario.operator_machine_arn, maxResults=_PROBES_IN_A_ROW
            )["executions"]
        newest = next((one["executionArn"] for one in found if not one["name"].startswith(PREFIX)), "")
        first, known = self._last_run is None, newest == self._last_run
        self._last_run = newest
        if not newest or known:
            return None
        run = runs.look(environment, newest)
        return None if first and run.ended else run

    def _forget(self, shown: MapAnswer) -> MapAnswer:
        self._environment = self._standing = self._run = self._last_run = None
        return shown

    def _trouble(self, error: XsfnError) -> MapAnswer:
        """The last view with what is wrong above it; without one, what is wrong."""
        from xsfn_helpers.display.live.chain_view import chain_view

        what = tr("The accounts can't be read: {error}", error=error)
        if self._standing is None:
            return MapAnswer("trouble", tr("The map can't be shown"), (what,))
        return MapAnswer("live", text=what, view=chain_view(self._standing, fault=what).to_json())


def _but_for_an_exercise(environment: Environment, standing: ChainSnapshot) -> ChainSnapshot:
    """What is shown while a fault waits to be found: no evaluation, which would tell where it is.

    An exercise that was left for another notebook's stage has nothing to run.
    """
    if Node.OPERATOR_MACHINE not in standing.machines or all(verdict.allowed for verdict in standing.verdicts):
        return standing
    attempt = book_of(environment).read().attempt
    if attempt is None or attempt.solved or attempt.solution_shown:
        return standing
    return standing.withholding(
        tr("A fault is in place, so links aren't evaluated here. Find it, or end the exercise: practice.restore()")
    )


def _is_same(one: ChainSnapshot, other: ChainSnapshot) -> bool:
    return (one.scenario, one.roles, one.machines) == (other.scenario, other.roles, other.machines)


def _traces() -> tuple[object, ...]:
    """What tells that the sandbox has accepted something, or was started or ended: its files' times and sizes."""
    folder = SandboxFolder.default()
    journal = folder.journal
    return tuple(map(_trace, (folder.file, journal, journal.with_name(f"{journal.name}-wal"))))


def _trace(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def stopped() -> MapAnswer:
    """What there is to do so that there is a map."""
    lines = (
        tr("Run the first code cell of a notebook. The map of both accounts appears here, and changes as cells run."),
    )
    return MapAnswer("stopped", tr("Start the lab"), lines, START, tr("The lab isn't started: run `lab = open_lab()`."))


def _elsewhere() -> MapAnswer:
    what = tr(
        "This lab works in two AWS accounts. The map reads the sandbox only, so that no AWS call is made unasked."
    )
    return MapAnswer(
        "elsewhere",
        tr("No map of AWS accounts"),
        (what, tr("For a map in the notebook, run:")),
        "lab.live_diagram()",
        what,
    )
