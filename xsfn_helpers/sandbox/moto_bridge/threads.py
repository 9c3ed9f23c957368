"""Fewer threads: what has no time limit runs in the thread that would only wait for it.

moto starts a thread for each program and each task, so that it can stop waiting when a limit is over; every hand-over
between threads costs a short run a good part of its time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec import execute_state

_untimed: ContextVar[bool] = ContextVar("the task being started has no time limit", default=False)


def spare_threads() -> None:
    """From now on, moto's threads are for work with a time limit only."""
    run_timed_program = Program.eval
    run_timed_task = execute_state.ExecutionState._evaluate_with_timeout

    def eval_program(program: Any, env: Any) -> None:
        if program.timeout_seconds is not None:
            run_timed_program(program, env)
            return
        env.next_state_name = program.start_at.start_at_name
        EvalComponent.eval(program, env)

    def evaluate_task(task: Any, env: Any) -> None:
        token = _untimed.set(task.timeout.is_default_value())
        try:
            run_timed_task(task, env)
        finally:
            _untimed.reset(token)

    Program.eval = eval_program
    execute_state.ExecutionState._evaluate_with_timeout = evaluate_task
    execute_state.Thread = _thread_for_task


class _SameThread:
    """Stands for a thread, and runs in the one that starts it."""

    def __init__(self, target: Callable[[], None]) -> None:
        self._target = target

    def start(self) -> None:
        token = _untimed.set(False)
        try:
            self._target()
        finally:
            _untimed.reset(token)

    def is_alive(self) -> bool:
        return False


def _thread_for_task(target: Callable[[], None], daemon: bool) -> Any:
    return _SameThread(target) if _untimed.get() else threading.Thread(target=target, daemon=daemon)
