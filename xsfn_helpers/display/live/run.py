"""A run, live: both histories on one axis of time while it goes on, with a button that stops it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from threading import Lock, Thread
from typing import Any, Final

from xsfn_helpers.aws.errors import translated
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.chain.verdicts import Verdict
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.runs import RUNNING, Looked, Run
from xsfn_helpers.deployment.snapshot import decide_link
from xsfn_helpers.display.live.frontend import RunFrontend, bundle, when_asked
from xsfn_helpers.display.live.run_view import run_view
from xsfn_helpers.display.markup import escape

PLACE: Final = mark("Live view of this run. The result appears below.")
_STOP_LINK: Final = 5
_BY_BUTTON: Final = mark("stopped with the button in the notebook")
_IN_THE_SUBJECT: Final = mark("stopped by the Subject's administrator: its parent couldn't")


class LiveRun:
    """One run, shown while it goes on. `run` is the run as it was last seen.

    `watch` follows it in the background, so that the notebook goes on; `follow` waits for its end.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self._changing = Lock()
        self._refused: Verdict | None = None
        self._stopping: Thread | None = None
        self._watching: Thread | None = None
        self._said = ""
        self._frontend = RunFrontend()
        self._show()
        when_asked(self._frontend, {"stop": self.stop, "stop-child": self.stop_child})

    @property
    def text(self) -> str:
        """How the run stands; once it has ended, the whole timeline too, the same for every run that goes the same."""
        if not self._over(self.run):
            return f"{self.run}\n" + tr("(live: it goes on)")
        return f"{self.run}\n{self.run.timeline}"

    def __str__(self) -> str:
        return self.text

    def watch(self) -> LiveRun:
        """Follow the run in the background until both executions have ended."""
        if self._watching is None or not self._watching.is_alive():
            self._watching = Thread(target=self._watch, name="xsfn-live-run", daemon=True)
            self._watching.start()
        return self

    def follow(self, *, timeout: float = 60.0) -> Run:
        """Wait until the Operator execution has ended, and what the button began is done.

        Raises `RunError` when it hasn't ended after `timeout` seconds. It, or a Ctrl-C, ends the waiting only: the
        execution goes on, and so does the display.
        """
        try:
            self.run.wait(timeout=timeout, on_progress=self._saw)
            if self._stopping is not None:
                self._stopping.join()
        except BaseException:
            self.watch()
            raise
        return self.run

    def wait(self) -> Run:
        """The end of what `watch` follows and the button began; gives the run as it ended."""
        for thread in (self._watching, self._stopping):
            if thread is not None:
                thread.join()
        return self.run

    def stop(self) -> None:
        """Stop the Operator execution in the background; Step Functions then stops the Subject's (link 5)."""
        self._begin(tr("Stopping the Operator execution …"), self._stop)

    def stop_child(self) -> None:
        """Stop the Subject execution in the background, as its own account's administrator."""
        self._begin(tr("Stopping the Subject execution …"), self._stop_child)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        # The same words however far the run is at this moment, for whoever compares or stores them.
        return bundle(self._frontend, text=tr(PLACE), html=f"<p>{escape(tr(PLACE))}</p>")

    @staticmethod
    def _over(run: Run) -> bool:
        return run.ended and run.subject_status != RUNNING

    def _watch(self) -> None:
        while not self._over(self.run):
            time.sleep(self.run.environment.accounts.pace.poll)
            try:
                run = self.run.refresh()
            except XsfnError as error:
                self._say(tr("The run can't be followed: {error}", error=error))
                return
            self._saw(run)
            self.run.environment.accounts.events.publish(Looked(run))

    def _saw(self, run: Run) -> None:
        # An older look may come later, from the other thread.
        if len(run.events) < len(self.run.events):
            return
        if run.broken_link and self._refused is None:
            self._refused = decide_link(run.environment, run.broken_link)
        with self._changing:
            self.run = run
            self._show()

    def _begin(self, saying: str, work: Callable[[], None]) -> None:
        with self._changing:
            if self._stopping is not None and self._stopping.is_alive():
                return
            self._said = saying
            self._stopping = Thread(target=self._carefully, args=(work,), name="xsfn-stop", daemon=True)
            self._show()
            self._stopping.start()

    def _carefully(self, work: Callable[[], None]) -> None:
        try:
            work()
        except XsfnError as error:
            self._say(str(error))

    def _stop(self) -> None:
        pace = self.run.environment.accounts.pace
        ended = self.run.stop(cause=tr(_BY_BUTTON), timeout=2 + 20 * pace.poll)
        self._saw(ended)
        if ended.subject_execution_arn is None:
            self._say(tr("The Operator execution is stopped, before it had started the Subject's."))
        elif ended.subject_status == RUNNING:
            verdict = decide_link(ended.environment, _STOP_LINK)
            why = tr("the policies would allow it.")
            if not verdict.allowed:
                why = tr("{evidence}. {hint}", evidence=verdict.evidence, hint=verdict.hint)
            self._say(
                tr(
                    "The Operator execution is stopped, but the Subject execution is STILL RUNNING: Step Functions "
                    "couldn't stop it as the execute role (link {link}): {why}",
                    link=_STOP_LINK,
                    why=why,
                )
            )
        elif ended.subject_status == "ABORTED":
            self._say(
                tr(
                    "Both executions are stopped: Step Functions stopped the Subject execution as the execute role "
                    "(link {link}).",
                    link=_STOP_LINK,
                )
            )
        else:
            self._say(
                tr(
                    "The Operator execution is stopped; the Subject execution had ended {status}.",
                    status=ended.subject_status,
                )
            )

    def _stop_child(self) -> None:
        run, environment = self.run, self.run.environment
        if run.subject_execution_arn is None:
            return
        with translated(environment.scenario.subject):
            environment.states(Side.SUBJECT).stop_execution(
                executionArn=run.subject_execution_arn, cause=tr(_IN_THE_SUBJECT)
            )
        while run.subject_status == RUNNING:
            run = run.refresh()
        self._saw(run)
        self._say(tr("The Subject's administrator stopped the Subject execution."))

    def _say(self, said: str) -> None:
        with self._changing:
            self._said = said
            self._show()

    def _show(self) -> None:
        run = self.run
        stop = ""
        if not run.ended:
            stop = "stop"
        elif run.subject_status == RUNNING:
            stop = "stop-child"
        self._frontend.state = run_view(run, stop=stop, said=self._said, refused=self._refused).to_json()
