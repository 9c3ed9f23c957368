"""The live diagram: the access chain as both accounts stand, redrawn in place as steps, checks and runs go on."""

from __future__ import annotations

from collections.abc import Collection
from threading import Lock
from typing import Any

from xsfn_helpers.aws.events import Called, may_change
from xsfn_helpers.chain.report import Report
from xsfn_helpers.chain.snapshot import ChainSnapshot
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.checks.validation import Checked
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.runs import Looked, Run
from xsfn_helpers.deployment.snapshot import read_snapshot
from xsfn_helpers.display.live.chain_view import chain_view, run_in_words
from xsfn_helpers.display.live.frontend import ChainFrontend, bundle, when_asked
from xsfn_helpers.display.live.worker import Worker
from xsfn_helpers.display.pictures.chain_picture import picture
from xsfn_helpers.display.pictures.diagram import Diagram


class LiveDiagram:
    """The access chain of one lab, live. Shown several times, every showing changes.

    `text`, `diagram` and the picture in stored notebooks tell how the accounts stand at that moment.
    Raises `StepError` when the accounts can't be read at first; later it shows why.
    """

    def __init__(self, environment: Environment) -> None:
        self._ground = environment
        self._reading = Lock()
        self._changing = Lock()
        self._standing: ChainSnapshot = read_snapshot(environment)
        self._report: Report | None = None
        self._run: Run | None = None
        self._said = ""
        self._fault = ""
        self._just_read = True
        self._frontend = ChainFrontend()
        self._show()
        self._worker = Worker(self.refresh, "xsfn-live-diagram")
        self._unsubscribe = environment.accounts.events.subscribe(self._hear)
        when_asked(self._frontend, {"refresh": self._worker.wake})

    @property
    def diagram(self) -> Diagram:
        """How the accounts stand at this moment, as a picture and text that no longer change."""
        # Made and shown in one breath: once is enough. Later, anybody may have changed the accounts.
        if not self._just_read:
            self.refresh()
        self._just_read = False
        return picture(self._standing, self._report)

    @property
    def text(self) -> str:
        return self.diagram.text

    def __str__(self) -> str:
        return self.text

    def refresh(self) -> None:
        """Read both accounts again: needed after changes that weren't made through this lab's clients."""
        # One reading at a time, so that an older one never comes after a newer one.
        with self._reading:
            try:
                standing, fault = read_snapshot(self._ground), ""
            except XsfnError as error:
                standing, fault = self._standing, tr("The accounts can't be read: {error}", error=error)
            with self._changing:
                self._standing, self._fault = standing, fault
                self._show()

    def close(self) -> None:
        """Stop listening; what is shown stays as it is."""
        self._unsubscribe()

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        diagram = self.diagram
        return bundle(self._frontend, text=diagram.text, html=diagram.figure_html())

    def _hear(self, event: object) -> None:
        match event:
            case Called(side, operation):
                if may_change(self._ground.scenario, event):
                    self._just_read = False
                    with self._changing:
                        # What was tried, and what ran, was so before this change.
                        self._report, self._run = None, None
                        self._said = tr(
                            "{operation} in the {side} account", operation=operation, side=side.capitalize()
                        )
                    self._worker.wake()
            case Checked(report):
                with self._changing:
                    self._report = report
                    passed = sum(check.passed for check in report)
                    self._said = tr(
                        "{title}: {passed} of {count} passed", title=report.title, passed=passed, count=len(report)
                    )
                self._worker.wake()
            case Looked(run):
                with self._changing:
                    self._run = run
                    self._said = run_in_words(run)
                    self._show()

    def _show(self) -> None:
        view = chain_view(self._standing, report=self._report, run=self._run, said=self._said, fault=self._fault)
        self._frontend.state = view.to_json()
