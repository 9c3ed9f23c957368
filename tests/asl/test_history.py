"""How far a run got, from its history: what became of each state, with which error, and which ways were taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from xsfn_helpers.asl.history import START, Progress, Reached, Trace, trace


@dataclass
class History:
    """The events of one execution; each follows the one before it, unless told `after` which."""

    events: list[dict[str, Any]] = field(default_factory=list)

    def add(self, kind: str, name: str = "", *, after: int | None = None, error: str = "") -> int:
        """One event; gives its id."""
        number = len(self.events) + 1
        details = {key: value for key, value in (("name", name), ("error", error)) if value}
        self.events.append(
            {
                "id": number,
                "type": kind,
                "previousEventId": number - 1 if after is None else after,
                **({"anyEventDetails": details} if details else {}),
            }
        )
        return number

    def passed(self, name: str, *, after: int | None = None) -> int:
        """A Pass state, entered and left."""
        self.add("PassStateEntered", name, after=after)
        return self.add("PassStateExited", name)

    @property
    def trace(self) -> Trace:
        return trace(self.events)


def begun() -> History:
    history = History()
    history.add("ExecutionStarted", after=0)
    return history


def test_a_run_without_trouble_has_every_state_and_way() -> None:
    history = begun()
    history.passed("First")
    history.passed("Second")
    history.add("ExecutionSucceeded")

    found = history.trace

    assert found.ended is Progress.SUCCEEDED
    assert {name: str(reached) for name, reached in found.states.items()} == {
        "First": "succeeded",
        "Second": "succeeded",
    }
    assert found.ways == {(START, "First"), ("First", "Second"), ("Second", START)}
    assert found.of("Third") == Reached(Progress.NOT_REACHED, {})


def test_a_task_that_fails_says_with_which_error() -> None:
    history = begun()
    history.add("TaskStateEntered", "Ask")
    history.add("TaskScheduled")
    history.add("TaskFailed", error="States.TaskFailed")
    history.add("ExecutionFailed", error="States.TaskFailed")

    assert history.trace.of("Ask") == Reached(Progress.FAILED, {Progress.FAILED: 1}, "States.TaskFailed")
    assert history.trace.ended is Progress.FAILED
    assert history.trace.ways == {(START, "Ask")}


def test_an_error_that_is_caught_leads_on() -> None:
    history = begun()
    history.add("TaskStateEntered", "Ask")
    history.add("TaskScheduled")
    history.add("TaskTimedOut", error="States.Timeout")
    history.add("TaskStateExited", "Ask")
    history.passed("Mend")
    history.add("ExecutionSucceeded")

    assert history.trace.of("Ask") == Reached(Progress.CAUGHT, {Progress.CAUGHT: 1}, "States.Timeout")
    assert ("Ask", "Mend") in history.trace.ways
    assert history.trace.ended is Progress.SUCCEEDED


def test_a_retry_that_succeeds_leaves_no_error() -> None:
    history = begun()
    history.add("TaskStateEntered", "Ask")
    history.add("TaskScheduled")
    history.add("TaskFailed", error="Busy")
    history.add("TaskScheduled")
    history.add("TaskSucceeded")
    history.add("TaskStateExited", "Ask")

    assert history.trace.of("Ask") == Reached(Progress.SUCCEEDED, {Progress.SUCCEEDED: 1})


def test_what_goes_on_and_what_was_stopped_are_told_apart() -> None:
    history = begun()
    history.add("WaitStateEntered", "Wait")

    assert history.trace.of("Wait").progress is Progress.IN_PROGRESS
    assert history.trace.ended is Progress.IN_PROGRESS

    history.add("ExecutionAborted")
    assert history.trace.of("Wait").progress is Progress.ABORTED
    assert history.trace.ended is Progress.ABORTED


def test_a_state_that_fails_by_itself_has_the_executions_error() -> None:
    history = begun()
    entered = history.add("ChoiceStateEntered", "Which")
    history.add("ExecutionFailed", after=entered, error="States.NoChoiceMatched")

    assert history.trace.of("Which") == Reached(Progress.FAILED, {Progress.FAILED: 1}, "States.NoChoiceMatched")


def test_an_end_that_names_no_state_counts_for_the_last_one() -> None:
    """AWS records some ends with `previousEventId` 0."""
    history = begun()
    history.add("ChoiceStateEntered", "Which")
    history.add("ExecutionFailed", after=0, error="States.Runtime")

    assert history.trace.of("Which").progress is Progress.FAILED


def test_a_branch_that_fails_fails_the_parallel_and_cuts_the_others_off() -> None:
    history = begun()
    history.add("ParallelStateEntered", "Both")
    started = history.add("ParallelStateStarted")
    history.add("WaitStateEntered", "Slow", after=started)
    history.add("TaskStateEntered", "Quick", after=started)
    history.add("TaskScheduled")
    history.add("TaskFailed", error="Broken")
    history.add("ParallelStateFailed")
    history.add("ExecutionFailed", error="Broken")

    found = {name: reached.progress for name, reached in history.trace.states.items()}
    assert found == {"Both": Progress.FAILED, "Slow": Progress.ABORTED, "Quick": Progress.FAILED}
    assert history.trace.of("Quick").error == "Broken"


def test_a_branch_cut_off_in_a_parallel_whose_error_is_caught_was_aborted() -> None:
    history = begun()
    history.add("ParallelStateEntered", "Both")
    started = history.add("ParallelStateStarted")
    history.add("WaitStateEntered", "Slow", after=started)
    history.add("FailStateEntered", "Quick", after=started)
    history.add("ParallelStateFailed", error="Broken")
    history.add("ParallelStateExited", "Both")
    history.passed("Mend")

    found = {name: reached.progress for name, reached in history.trace.states.items()}
    assert found == {
        "Both": Progress.CAUGHT,
        "Slow": Progress.ABORTED,
        "Quick": Progress.FAILED,
        "Mend": Progress.SUCCEEDED,
    }


def test_of_many_items_the_gravest_is_shown_with_its_share() -> None:
    history = begun()
    history.add("MapStateEntered", "Each")
    started = history.add("MapStateStarted")
    for _ in range(2):
        iteration = history.add("MapIterationStarted", "Each", after=started)
        history.passed("Item", after=iteration)
        history.add("MapIterationSucceeded", "Each")
    iteration = history.add("MapIterationStarted", "Each", after=started)
    history.add("TaskStateEntered", "Item", after=iteration)
    history.add("TaskScheduled")
    history.add("TaskFailed", error="Bad")
    history.add("MapIterationFailed", "Each")
    history.add("MapStateFailed")
    history.add("ExecutionFailed", error="Bad")

    item = history.trace.of("Item")
    assert str(item) == "failed (1 of 3)"
    assert item.error == "Bad"
    assert history.trace.of("Each").progress is Progress.FAILED


def test_a_loop_goes_both_ways() -> None:
    history = begun()
    history.passed("Ask")
    history.passed("Wait")
    history.passed("Ask")
    history.add("ExecutionSucceeded")

    assert str(history.trace.of("Ask")) == "succeeded (2 of 2)"
    assert {("Ask", "Wait"), ("Wait", "Ask"), ("Ask", START)} <= history.trace.ways


def test_the_order_in_which_events_are_given_does_not_matter() -> None:
    history = begun()
    history.passed("First")
    history.passed("Second")

    assert trace(history.events[::-1]) == history.trace
