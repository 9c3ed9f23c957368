"""Time limits and pauses as on AWS: an execution's end cuts whatever waits, and is recorded when it comes."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from typing import Any, Final

from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction

# How long an execution that has run out of time waits for its last state to let go and to stop what it started.
_LETTING_GO: Final = 5.0
_NOTICE: Final = 0.05


def keep_time() -> None:
    """From now on, TimeoutSeconds of a state machine ends it with its history whole, and pauses end with it."""
    run_program = Program.eval

    def eval_program(program: Any, env: Any) -> None:
        if program.timeout_seconds is None:
            run_program(program, env)
            return
        env.next_state_name = program.start_at.start_at_name
        worker = threading.Thread(target=EvalComponent.eval, args=(program, env), daemon=True)
        worker.start()
        worker.join(program.timeout_seconds.timeout_seconds)
        if worker.is_alive():
            env.set_timed_out()
            # moto would report the end now, before the worker has recorded it.
            worker.join(_LETTING_GO)

    def eval_retrier(retrier: Any, env: Any) -> None:
        token = _retrying.set(env)
        try:
            evaluate_retrier(retrier, env)
        finally:
            _retrying.reset(token)

    evaluate_retrier = retrier_decl.RetrierDecl._eval_body

    def wait(_: Any, env: Any, wait_seconds: float) -> None:
        # By the clock that nobody sets: one set back must not make a pause longer.
        end = time.monotonic() + wait_seconds
        while env.is_running() and (left := end - time.monotonic()) > 0:
            if env.program_state_event.wait(left):
                time.sleep(min(left, _NOTICE))  # of something else than an end

    Program.eval = eval_program
    WaitFunction._wait_interval = wait
    retrier_decl.RetrierDecl._eval_body = eval_retrier
    retrier_decl.time = _UntilTheEnd


_retrying: ContextVar[Any] = ContextVar("the environment whose state is about to be retried")


class _UntilTheEnd:
    """Stands where moto's Retry looks up `time`: it sleeps until the execution is stopped, at most."""

    @staticmethod
    def sleep(seconds: float) -> None:
        env = _retrying.get()
        end = time.monotonic() + seconds
        while env.is_running() and (left := end - time.monotonic()) > 0:
            env.program_state_event.wait(left)
