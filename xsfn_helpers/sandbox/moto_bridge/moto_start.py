"""Keeps moto's start short: its Step Functions borrows one enumeration from Batch, which loads all of EC2 (1 s).

Imported before anything else of moto. Batch isn't among the sandbox's services, so nobody misses it.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from types import ModuleType


class JobStatus(StrEnum):
    """What `moto.batch.utils` has under this name, as far as moto's Step Functions uses it."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


def _stand_in() -> None:
    package, utils = ModuleType("moto.batch"), ModuleType("moto.batch.utils")
    package.__path__ = []
    utils.JobStatus = JobStatus  # type: ignore[attr-defined]
    sys.modules.setdefault(package.__name__, package)
    sys.modules.setdefault(utils.__name__, utils)


_stand_in()
