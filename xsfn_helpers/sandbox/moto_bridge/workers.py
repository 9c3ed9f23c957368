"""Branches and iterations in reasonable numbers: a small definition can ask for hundreds of thousands at once.

AWS runs up to 40 iterations of an inline Map at a time:
docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final

from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import (
    inline_iteration_component,
    iteration_worker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (
    distributed_item_processor_worker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iterator import distributed_iterator_worker
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branch_worker

MOST_ITERATIONS_AT_ONCE: Final = 40
# In all executions together; what comes beyond runs in the thread that would start another.
_MOST_WORKERS: Final = 400


def limit_workers() -> None:
    """From now on, moto starts a bounded number of threads for branches and iterations."""
    room = threading.BoundedSemaphore(_MOST_WORKERS)

    def thread(*, target: Callable[[], None], **options: Any) -> Any:
        if not room.acquire(blocking=False):
            return _Here(target)

        def work() -> None:
            try:
                target()
            finally:
                room.release()

        return threading.Thread(target=work, **options)

    for module in (branch_worker, inline_iteration_component):
        module.threading = SimpleNamespace(Thread=thread)
    for worker in (
        iteration_worker.IterationWorker,
        distributed_item_processor_worker.DistributedItemProcessorWorker,
        distributed_iterator_worker.DistributedIteratorWorker,
    ):
        worker._eval_pool = _in_a_loop(worker._eval_pool)


class _Here:
    """Stands for a thread, and works in the one that starts it."""

    native_id = None

    def __init__(self, target: Callable[[], None]) -> None:
        self._target = target

    def start(self) -> None:
        self._target()

    def is_alive(self) -> bool:
        return False


def _in_a_loop(evaluate: Callable[..., None]) -> Callable[..., None]:
    """moto's workers call themselves for the next item, a thousand of which Python doesn't allow."""

    def evaluate_all(worker: Any, job: Any, worker_frame: Any) -> None:
        jobs = getattr(worker, "jobs", None)
        if jobs is not None:
            jobs.append((job, worker_frame))
            return
        worker.jobs = [(job, worker_frame)]
        try:
            while worker.jobs:
                next_job, frame = worker.jobs.pop()
                evaluate(worker, job=next_job, worker_frame=frame)
        finally:
            del worker.jobs

    return evaluate_all
