"""One at a time: two notebooks, or a notebook and a shell, that work on the same lab take turns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from filelock import FileLock, Timeout

from xsfn_helpers.common.errors import StepError
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.state_folder import StateFolder

# A check on AWS may wait for IAM for some minutes; in the sandbox a turn takes a second or two.
PATIENCE: Final = 300.0


@contextmanager
def locked(lab_id: str, *, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lab while its things are changed or tried; whoever holds it may take it again within.

    Waits for another holder; the turn of a process that ends, however it ends, is over. Raises `StepError` when it is
    still held after `patience` seconds.
    """
    folder = StateFolder.default()
    folder.make()
    lock = FileLock(folder.path / f"lab-{lab_id}.lock", timeout=patience, mode=0o600, is_singleton=True)
    try:
        lock.acquire()
    except Timeout:
        raise StepError(
            tr(
                "Another notebook or shell has been working on lab {lab_id!r} for {patience:g} s.",
                lab_id=lab_id,
                patience=patience,
            ),
            fix=tr("Wait for it, or interrupt it; a lab of your own has another lab_id and other names."),
        ) from None
    try:
        yield
    finally:
        lock.release()
