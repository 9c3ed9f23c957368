"""Keeps moto's start short, and possible in a browser tab: stands in for what it imports and the sandbox never uses.

Its Step Functions borrows one enumeration from Batch, which loads all of EC2 (1 s). Its IAM imports `cryptography` to
look at server certificates, and that one can't be had in WebAssembly. Neither is among what the sandbox offers.
Imported before anything else of moto.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from types import ModuleType

from xsfn_helpers.common.browser import in_browser


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


def _stand_in_for_certificates() -> None:
    package, x509 = ModuleType("cryptography"), ModuleType("cryptography.x509")
    hazmat, backends = ModuleType("cryptography.hazmat"), ModuleType("cryptography.hazmat.backends")
    package.__path__ = hazmat.__path__ = []
    package.x509 = x509  # type: ignore[attr-defined]
    backends.default_backend = None  # type: ignore[attr-defined]
    for module in (package, x509, hazmat, backends):
        sys.modules.setdefault(module.__name__, module)


_stand_in()
if in_browser():
    _stand_in_for_certificates()
