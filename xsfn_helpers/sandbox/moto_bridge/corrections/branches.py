"""Parallel branches and Map iterations: when one fails, the others are cut, and the history says which and where.

Recorded from AWS (localstack: test_timeouts, 2024-03-10; test_callback, 2024-04-29; test_error_output, 2024-11-13)
and measured there (floci: AslExecutorParallelCutTest): each branch or iteration that isn't over, in order,
leaves the event of its iteration and then the one of the state it was in; all of them, and the failure of the Parallel
or Map state, follow the failing one's last event.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from moto.stepfunctions.parser.api import HistoryEventType, MapIterationEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.inline_iteration_component import (
    InlineIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iteration_worker import IterationWorker
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.job import JobClosed, JobPool
from moto.stepfunctions.parser.asl.component.state.exec.state_map.max_concurrency import DEFAULT_MAX_CONCURRENCY_VALUE
from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel.branch_worker import BranchWorker
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel.branches_decl import (
    BranchesDecl,
    BranchWorkerPool,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel.state_parallel import StateParallel
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.component.state.wait.state_wait import StateWait
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError
from moto.stepfunctions.parser.asl.eval.states import ItemData, MapData

from xsfn_helpers.sandbox.moto_bridge.workers import MOST_ITERATIONS_AT_ONCE

# The states that AWS reports as aborted when they are cut; the others take no time.
_ABORTED: Final = (
    (StateTask, HistoryEventType.TaskStateAborted),
    (StateWait, HistoryEventType.WaitStateAborted),
    (StateParallel, HistoryEventType.ParallelStateAborted),
    (StateMap, HistoryEventType.MapStateAborted),
)


def cut_like_aws() -> None:
    """From now on, a failing branch or iteration stops the others at once, and what they started."""
    evaluate_state = CommonStateField._eval_body
    branch_ended = BranchWorkerPool.on_terminated

    def evaluate(state: Any, env: Any) -> None:
        env.current_state = state
        evaluate_state(state, env)
        env.current_state = None

    def on_terminated(pool: Any, env: Any) -> None:
        if isinstance(env.program_state(), ProgramError) and not pool._termination_event.is_set():
            pool.failed = env
        branch_ended(pool, env=env)

    CommonStateField._eval_body = evaluate
    BranchWorkerPool.on_terminated = on_terminated
    BranchesDecl._eval_body = _run_branches
    IterationWorker._eval_job = _run_iteration
    JobPool.close_job = _close_iteration
    InlineIterationComponent._eval_body = _run_iterations


def _run_branches(branches: Any, env: Any) -> None:
    given = env.stack.pop()
    pool = BranchWorkerPool(workers_num=len(branches.programs))
    frames = []
    for program in branches.programs:
        frame = env.open_inner_frame()
        frame.states.reset(input_value=given)
        frames.append(frame)
        BranchWorker(branch_worker_comm=pool, program=program, env=frame).start()
    pool.wait()
    failed = getattr(pool, "failed", None)
    if failed is None or not env.is_running():
        env.stack.append([frame.states.get_input() for frame in frames])
        for frame in frames:
            env.close_frame(frame)
        return
    context = EventHistoryContext(failed.event_history_context.source_event_id)
    _stop(frames)
    for frame in frames:
        _report_cut(env, context, frame)
    _go_on_after(env, context)
    details = pool.get_exit_event_details() or _WITHOUT_ERROR
    raise FailureEventException(
        FailureEvent(
            env=env,
            error_name=_error_name(details),
            event_type=HistoryEventType.ExecutionFailed,
            event_details=EventDetails(executionFailedEventDetails=details),
        )
    )


def _run_iterations(component: Any, env: Any) -> None:
    given = env.stack.pop()
    pool = JobPool(job_program=component._get_iteration_program(), job_inputs=given.input_items)
    jobs = pool._open_jobs[::-1]
    wanted = given.max_concurrency
    at_once = MOST_ITERATIONS_AT_ONCE if wanted == DEFAULT_MAX_CONCURRENCY_VALUE else wanted
    workers = min(at_once, MOST_ITERATIONS_AT_ONCE, len(jobs))
    for _ in range(workers):
        component._launch_worker(env=env, eval_input=given, job_pool=pool)
    pool.await_jobs()
    failed = getattr(pool, "failed", None)
    if failed is None or not env.is_running():
        env.stack.append([job.job_output for job in pool.get_closed_jobs()])
        return
    context = EventHistoryContext(failed.frame.event_history_context.source_event_id)
    cut = [job for job in jobs if hasattr(job, "frame") and not isinstance(job.frame.program_state(), ProgramEnded)]
    _stop(job.frame for job in cut)
    for job in cut:
        details = MapIterationEventDetails(name=given.state_name, index=job.job_index)
        if job is failed:
            event_type, key = HistoryEventType.MapIterationFailed, "mapIterationFailedEventDetails"
        else:
            event_type, key = HistoryEventType.MapIterationAborted, "mapIterationAbortedEventDetails"
        _report(env, context, event_type, EventDetails(**{key: details}))
        _report_cut(env, context, job.frame)
    _go_on_after(env, context)
    raise failed.job_output


def _run_iteration(worker: Any, env: Any, job: Any) -> None:
    """One iteration. How it failed is told by `_run_iterations`, which knows the others."""
    details = MapIterationEventDetails(name=worker._work_name, index=job.job_index)
    job.frame = env
    try:
        env.event_manager.add_event(
            env.event_history_context,
            HistoryEventType.MapIterationStarted,
            EventDetails(mapIterationStartedEventDetails=details),
        )
        env.states.context_object.context_object_data["Map"] = MapData(
            Item=ItemData(Index=job.job_index, Value=job.job_input)
        )
        env.states.reset(input_value=job.job_input)
        worker._eval_input(env_frame=env)
        job.job_program.eval(env)
        end = env.program_state()
        if not isinstance(end, ProgramEnded):
            raise _iteration_failed(env, end)
        _report(
            env,
            env.event_history_context,
            HistoryEventType.MapIterationSucceeded,
            EventDetails(mapIterationSucceededEventDetails=details),
        )
        job.job_output = env.states.get_input()
    except Exception as error:
        # moto's way to tell the pool of workers, which ends the Map with it.
        job.job_output = error


def _iteration_failed(env: Any, end: Any) -> FailureEventException:
    error = end.error if isinstance(end, ProgramError) else {}
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=_error_name(error),
            event_type=HistoryEventType.MapIterationFailed,
            event_details=EventDetails(executionFailedEventDetails=error),
        )
    )


# What a Catch finds of a failure that names neither (recorded: test_sqs_failure_in_wait_for_task_tok_no_error_field).
_WITHOUT_ERROR: Final = {"error": None, "cause": None}


def _error_name(details: Any) -> CustomErrorName | None:
    error = details.get("error")
    return None if error is None else CustomErrorName(error_name=error)


def _close_iteration(pool: Any, job: Any) -> None:
    with pool._mutex:
        if pool._is_terminated():
            return
        if isinstance(job.job_output, Exception):
            pool.failed = job
            pool._worker_exception = job.job_output
        else:
            pool._closed_jobs.add(JobClosed(job_index=job.job_index, job_output=job.job_output))
        pool._notify_on_termination()


def _stop(frames: Iterable[Any]) -> None:
    for frame in frames:
        frame.set_stop(stop_date=datetime.now(UTC), cause=None, error=None)


def _report_cut(env: Any, context: Any, frame: Any) -> None:
    """The event of the state that a branch or iteration was in, if it was in one that AWS reports."""
    state = getattr(frame, "current_state", None)
    event_type = next((event_type for kind, event_type in _ABORTED if isinstance(state, kind)), None)
    if event_type is not None:
        _report(env, context, event_type)


def _report(env: Any, context: Any, event_type: Any, details: Any = None) -> None:
    env.event_manager.add_event(context, event_type, details, update_source_event_id=False)


def _go_on_after(env: Any, context: Any) -> None:
    """What comes next follows the failing one's last event, whatever the others wrote since."""
    for frame in list(env._frames):
        env.delete_frame(frame)
    env.event_history_context.source_event_id = context.source_event_id
