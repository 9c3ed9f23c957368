"""The live run's kernel side: both histories while it goes on, how it ended and why, and the stop button."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest

from xsfn_helpers import Lab
from xsfn_helpers.deployment.runs import Run
from xsfn_helpers.display.live.run import PLACE, LiveRun

pytestmark = pytest.mark.usefixtures("no_http")

WAITING = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 30, "End": True}}}
ONLY_START_AND_FOLLOW = ("states:StartExecution", "states:DescribeExecution")


def state(live: LiveRun) -> dict[str, Any]:
    """What the front end is told."""
    found = live._frontend.state
    json.dumps(found)
    return dict(found)


def begun(lab: Lab) -> Run:
    """A run whose Subject execution has started."""
    run = lab.run(wait=False)
    while run.subject_execution_arn is None:
        time.sleep(0.02)
        run = run.refresh()
    return run


@pytest.fixture
def waiting_lab(lab: Lab) -> Lab:
    waiting = lab.using(subject_definition=WAITING)
    waiting.set_stage(3)
    return waiting


def without_stop(lab: Lab) -> None:
    """The execute role as in the article's first version: it can't stop what it started."""
    document = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": list(ONLY_START_AND_FOLLOW), "Resource": "*"},
    }
    lab.using(execute_role_permissions=document).stage(1).apply()


class TestARunThatSucceeds:
    def test_every_event_is_on_the_axis_with_its_link(self, standing_lab: Lab) -> None:
        run = standing_lab.run()
        shown = state(LiveRun(run))

        assert [(event["side"], event["type"]) for event in shown["events"]] == [
            (event.side.value, event.type) for event in run.events
        ]
        assert [event["link"] for event in shown["events"] if event["link"]] == [1, 2, 3, 6, 4]
        last = round((run.events[-1].timestamp - run.events[0].timestamp) / timedelta(milliseconds=1))
        assert shown["events"][-1]["at"] == last
        assert (shown["passed"], shown["links"], shown["ended"], shown["stop"]) == (5, 5, True, "")
        assert shown["trouble"] == ""

    def test_its_text_is_the_whole_timeline_and_what_is_stored_is_the_same_each_time(self, standing_lab: Lab) -> None:
        run = standing_lab.run()
        live = LiveRun(run)

        assert live.text == run._repr_mimebundle_()["text/plain"]
        assert live._repr_mimebundle_()["text/plain"] == PLACE

    def test_outside_a_notebook_a_live_run_is_a_run(
        self, standing_lab: Lab, capsys: pytest.CaptureFixture[str]
    ) -> None:
        run = standing_lab.run(live=True)

        assert run.succeeded
        assert capsys.readouterr().out == ""


class TestARunThatIsRefused:
    def test_tells_awss_words_the_engines_and_what_would_help(self, lab: Lab) -> None:
        lab.set_stage(3)
        lab.stage(2).undo()
        live = LiveRun(lab.run(wait=False))
        live.follow()
        shown = state(live)
        why = {fact["label"]: fact["text"] for fact in shown["why"]}

        assert shown["trouble"] == "Denied at link 2 of the access chain"
        assert shown["passed"] == 1
        assert "is not authorized to assume the task state's role" in why["AWS says"]
        assert why["The policies say"] == "denied because no identity-based policy allows the sts:AssumeRole action."
        assert why["What would help"].startswith("Smallest change that would allow it: in account 111111111111")
        assert [event["type"] for event in shown["events"] if event["failed"]] == ["TaskFailed", "ExecutionFailed"]


class TestStopping:
    def test_the_button_stops_both(self, waiting_lab: Lab) -> None:
        live = LiveRun(begun(waiting_lab)).watch()
        assert state(live)["stop"] == "stop"

        live.stop()
        ended = live.wait()

        assert (ended.status, ended.subject_status) == ("ABORTED", "ABORTED")
        assert state(live)["said"].startswith("Both executions are stopped: Step Functions stopped")
        assert state(live)["stop"] == ""

    def test_a_child_that_cant_be_stopped_is_told_with_the_reason(self, waiting_lab: Lab) -> None:
        without_stop(waiting_lab)
        live = LiveRun(begun(waiting_lab)).watch()

        live.stop()
        assert live._stopping is not None
        live._stopping.join()
        said = state(live)["said"]

        assert "the Subject execution is STILL RUNNING" in said
        assert "no identity-based policy allows the states:StopExecution action" in said
        assert state(live)["stop"] == "stop-child"

        live.stop_child()
        ended = live.wait()
        assert (ended.status, ended.subject_status) == ("ABORTED", "ABORTED")
        assert state(live)["said"] == "The Subject's administrator stopped the Subject execution."

    def test_pressing_twice_stops_once(self, waiting_lab: Lab) -> None:
        live = LiveRun(begun(waiting_lab))

        live.stop()
        first = live._stopping
        live.stop()

        assert live._stopping is first
        live.wait()

    def test_what_the_front_end_asks_for_is_done_and_nothing_else(self, waiting_lab: Lab) -> None:
        live = LiveRun(begun(waiting_lab))

        live._frontend._handle_custom_msg({"do": "__init__"}, [])
        live._frontend._handle_custom_msg("stop", [])
        assert live._stopping is None

        live._frontend._handle_custom_msg({"do": "stop"}, [])
        assert live.wait().status == "ABORTED"


def test_an_interrupted_wait_leaves_the_run_and_its_display_going(
    waiting_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Ctrl-C ends the waiting, not the execution; the display goes on telling the truth."""
    live = LiveRun(begun(waiting_lab))

    def interrupt(run: Run) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(live, "_saw", interrupt)
    with pytest.raises(KeyboardInterrupt):
        live.follow()
    monkeypatch.undo()

    assert live.run.refresh().status == "RUNNING"
    live.stop()
    live.wait()
    assert state(live)["executions"][0]["status"] == "ABORTED"
