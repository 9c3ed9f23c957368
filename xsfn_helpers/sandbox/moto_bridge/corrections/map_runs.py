"""Distributed Maps: a Map Run over items given or read from S3, how many may fail, and where results are written.

What AWS runs as an execution of its own for each item runs inside the Map's execution here: it acts as the same role
and counts in the Map Run, but can't be listed or described by itself. That items whose failure is tolerated leave
nothing in the Map's output isn't established.

Recorded: localstack's test_base_scenarios (test_map_state_config_distributed_*, test_map_item_reader_*, 2023-12 to
2024-11) and test_sfn_api_map_run. Source: docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import HistoryEventType, MapRunStatus
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (
    DistributedIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (
    distributed_item_processor_worker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iterator import distributed_iterator_worker
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.job import JobPool
from moto.stepfunctions.parser.asl.component.state.exec.state_map.max_concurrency import DEFAULT_MAX_CONCURRENCY_VALUE
from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.resource_eval.resource_eval_s3 import (
    ResourceEvalS3,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.tolerated_failure import (
    ToleratedFailureCountStringJSONata,
)
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError
from moto.stepfunctions.parser.asl.eval.states import ItemData, MapData
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

from xsfn_helpers.sandbox.moto_bridge.corrections.batches import batch_items, batcher_of
from xsfn_helpers.sandbox.moto_bridge.corrections.wire_values import compact_json, milliseconds, utc_text
from xsfn_helpers.sandbox.moto_bridge.workers import MOST_ITERATIONS_AT_ONCE

_EXCEEDED: Final = "The specified tolerated failure threshold was exceeded"


def run_distributed() -> None:
    """From now on, moto's Distributed Maps run, fail and are counted as on AWS."""
    batch_items()
    DistributedIterationComponent._eval_body = _run
    for worker in (
        distributed_item_processor_worker.DistributedItemProcessorWorker,
        distributed_iterator_worker.DistributedIteratorWorker,
    ):
        worker._eval_job = _run_item
    ResourceEvalS3._handle_put_object = staticmethod(_write_results)


def count_in_jsonata() -> None:
    """From now on, a ToleratedFailureCount in JSONata is a count; moto's parser takes it for a percentage."""

    def count(preprocessor: Any, ctx: Any) -> ToleratedFailureCountStringJSONata:
        return ToleratedFailureCountStringJSONata(preprocessor.visitString_jsonata(ctx=ctx.string_jsonata()))

    Preprocessor.visitTolerated_failure_count_string_jsonata = count


def told(record: Any) -> dict[str, Any]:
    """What DescribeMapRun tells of a Map Run, times in milliseconds, and what ListMapRuns tells beside."""
    stopped = {"stopDate": milliseconds(record.stop_date)} if record.stop_date else {}
    return {
        "mapRunArn": record.map_run_arn,
        "executionArn": record.execution_arn,
        "stateMachineArn": record.map_state_machine_arn,
        "status": record.status.value,
        "startDate": milliseconds(record.start_date),
        **stopped,
        "maxConcurrency": record.max_concurrency,
        "toleratedFailurePercentage": float(record.tolerated_failure_percentage),
        "toleratedFailureCount": record.tolerated_failure_count,
        "itemCounts": dict(record.item_counter.describe()),
        "executionCounts": dict(record.execution_counter.describe()),
    }


def _run(component: Any, env: Any) -> None:
    given = env.stack.pop()
    record = given.map_run_record
    _report(env, HistoryEventType.MapRunStarted, mapRunStartedEventDetails={"mapRunArn": record.map_run_arn})
    events = env.event_manager
    try:
        items = _items(given, env)
        env.event_manager = _events_of_its_own(env)
        pool = _work(component, given, items, env)
    except FailureEventException as failure:
        env.event_manager = events
        _fail(env, record, failure)
        raise
    finally:
        env.event_manager = events
    failed = sum(job.items for job in pool.jobs if job.job_output is _Failed)
    if failed and _too_many(record, failed, len(items)):
        exceeded = _failure(env, "States.ExceedToleratedFailureThreshold", _EXCEEDED)
        _fail(env, record, exceeded)
        raise exceeded
    record.jobs = pool.jobs
    env.stack.append([job.job_output for job in pool.jobs if job.job_output is not _Failed])
    _report(env, HistoryEventType.MapRunSucceeded)
    record.set_stop(status=MapRunStatus.SUCCEEDED)


class _Failed:
    """Stands for the result of an item that has none."""


def _items(given: Any, env: Any) -> list[Any]:
    if given.item_reader is None:
        held: list[Any] = given.input_items
        return held
    try:
        given.item_reader.eval(env=env)
    except ClientError as error:
        raise _failure(env, "States.ItemReaderFailed", error.response["Error"]["Message"]) from None
    read: list[Any] = env.stack.pop()
    return read


def _events_of_its_own(env: Any) -> EventManager:
    """The events of what runs for the items are in histories of their own, not in the Map's."""
    manager = EventManager()
    # As every manager has: what bounds histories asks for it.
    manager.owner, manager.weight, manager.recording = env, 0, threading.RLock()
    return manager


def _work(component: Any, given: Any, items: list[Any], env: Any) -> JobPool:
    batcher = batcher_of(env)
    if batcher is not None:
        # Each batch is made of what the selector makes of the items.
        items = batcher.batches(_selected(given, items, env), env)
        given.item_selector = given.parameters = None
    pool = JobPool(job_program=component._get_iteration_program(), job_inputs=items)
    pool.jobs = pool._open_jobs[::-1]
    for job in pool.jobs:
        job.items = len(job.job_input["Items"]) if batcher is not None else 1
    wanted = given.map_run_record.max_concurrency
    at_once = MOST_ITERATIONS_AT_ONCE if wanted == DEFAULT_MAX_CONCURRENCY_VALUE else wanted
    for _ in range(min(at_once, MOST_ITERATIONS_AT_ONCE, len(items))):
        component._launch_worker(env=env, eval_input=given, job_pool=pool)
    pool.await_jobs()
    if (error := pool.get_worker_exception()) is not None:
        raise error
    return pool


def _selected(given: Any, items: list[Any], env: Any) -> list[Any]:
    """The items as ItemSelector has them."""
    selector = given.item_selector or given.parameters
    if selector is None:
        return items
    selected = []
    for index, item in enumerate(items):
        frame = env.open_inner_frame()
        data = frame.states.context_object.context_object_data
        data["Map"] = MapData(Item=ItemData(Index=index, Value=item))
        # Paths lead into the Map's own input, `$$.Map.Item.Value` to the item.
        frame.states.reset(input_value=env.states.get_input())
        frame.stack.append(frame.states.get_input())
        selector.eval(env=frame)
        selected.append(frame.stack.pop())
        env.delete_frame(frame)
    return selected


def _run_item(worker: Any, env: Any, job: Any) -> None:
    record = worker._map_run_record
    counters = ((record.item_counter, job.items), (record.execution_counter, 1))
    for counter, count in counters:
        counter.total.offset(count)
        counter.running.offset(count)
    job.started, job.job_output = datetime.now(UTC), _Failed
    try:
        data = env.states.context_object.context_object_data
        data["Map"] = MapData(Item=ItemData(Index=job.job_index, Value=job.job_input))
        env.states.reset(input_value=job.job_input)
        env.stack.append(env.states.get_input())
        worker._eval_input(env_frame=env)
        job.given = env.states.get_input()
        job.job_program.eval(env)
        end = env.program_state()
        if isinstance(end, ProgramEnded):
            job.job_output = env.states.get_input()
        else:
            job.error = end.error if isinstance(end, ProgramError) else {}
    except Exception as error:
        # Whatever it is, it is this item's alone: the Map Run counts it.
        pair = error.extract_error_cause_pair() if isinstance(error, FailureEventException) else None
        name, cause = pair or ("States.Runtime", str(error))
        job.error = {"error": name, "cause": cause}
    finally:
        job.stopped = datetime.now(UTC)
        for counter, count in counters:
            counter.running.offset(-count)
            if job.job_output is _Failed:
                counter.failed.offset(count)
            else:
                counter.succeeded.offset(count)
                counter.results_written.offset(count)


def _too_many(record: Any, failed: int, of: int) -> bool:
    count, percentage = record.tolerated_failure_count, record.tolerated_failure_percentage
    if not count and not percentage:
        return True
    return bool((count and failed > count) or (percentage and 100 * failed > percentage * of))


def _fail(env: Any, record: Any, failure: FailureEventException) -> None:
    error, cause = failure.extract_error_cause_pair() or (None, None)
    details = {name: value for name, value in (("error", error), ("cause", cause)) if value}
    _report(env, HistoryEventType.MapRunFailed, mapRunFailedEventDetails=details)
    record.set_stop(status=MapRunStatus.FAILED)


def _failure(env: Any, error: str, cause: str) -> FailureEventException:
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=CustomErrorName(error),
            event_type=HistoryEventType.MapRunFailed,
            event_details={"mapRunFailedEventDetails": {"error": error, "cause": cause}},
        )
    )


def _report(env: Any, event_type: Any, **details: Any) -> None:
    env.event_manager.add_event(context=env.event_history_context, event_type=event_type, event_details=details or None)


# --- results ---------------------------------------------------------------------------------------------------------


def _write_results(env: Any, resource_runtime_part: Any, state_credentials: Any) -> None:
    """A manifest, and a file for each outcome that there was: …dg/input-output-resultwriter.html"""
    parameters = env.stack.pop()
    env.stack.pop()
    record = env.map_run_record_pool_manager.get_all()[-1]
    s3 = ResourceEvalS3._get_s3_client(resource_runtime_part=resource_runtime_part, state_credentials=state_credentials)
    prefix = parameters.get("Prefix", "")
    folder = f"{prefix}/" if prefix and not prefix.endswith("/") else prefix
    folder += record.map_run_arn.rpartition(":")[2]
    files: dict[str, list[dict[str, Any]]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    for status in ("FAILED", "SUCCEEDED"):
        rows = [_row(record, job) for job in record.jobs if (job.job_output is _Failed) == (status == "FAILED")]
        if rows:
            body, key = compact_json(rows).encode(), f"{folder}/{status}_0.json"
            s3.put_object(Bucket=parameters["Bucket"], Key=key, Body=body)
            files[status].append({"Key": key, "Size": len(body)})
    manifest = {
        "DestinationBucket": parameters["Bucket"],
        "MapRunArn": record.map_run_arn,
        "ResultFiles": files,
    }
    key = f"{folder}/manifest.json"
    s3.put_object(Bucket=parameters["Bucket"], Key=key, Body=json.dumps(manifest).encode())
    details = {"Bucket": parameters["Bucket"], "Key": key}
    env.stack.append({"MapRunArn": record.map_run_arn, "ResultWriterDetails": details})


def _row(record: Any, job: Any) -> Mapping[str, Any]:
    own = {
        "Input": compact_json(getattr(job, "given", job.job_input)),
        "InputDetails": {"Included": True},
        "StartDate": utc_text(job.started),
        "StateMachineArn": record.map_state_machine_arn,
        "StopDate": utc_text(job.stopped),
    }
    if job.job_output is _Failed:
        error = job.error or {}
        return {**own, "Status": "FAILED", "Error": error.get("error"), "Cause": error.get("cause")}
    return {**own, "Status": "SUCCEEDED", "Output": compact_json(job.job_output), "OutputDetails": {"Included": True}}
