"""Ports for notebooks' kernels that nothing else takes between their being found and the kernel's listening on them.

jupyter_client asks the system for a free one and lets it go again. Meanwhile any connection may be given it, and tests
make thousands: the kernel then dies. Systems give connections ports from 32768 (Linux) or 49152 (macOS) upwards.
"""

from __future__ import annotations

import os
import socket
from itertools import cycle
from typing import Any, Final

from jupyter_client.connect import LocalPortCache

_FIRST: Final = 20_000
_FOR_EACH: Final = 1_000


class KernelPorts(LocalPortCache):
    """Each test process of a run has a thousand to itself. Once there is an instance, jupyter_client asks it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
        self._own = cycle(range(_FIRST + number * _FOR_EACH, _FIRST + (number + 1) * _FOR_EACH))

    def find_available_port(self, ip: str) -> int:
        return next(port for port in self._own if port not in self.currently_used_ports and self._take(ip, port))

    def _take(self, ip: str, port: int) -> bool:
        with socket.socket() as probe:
            try:
                probe.bind((ip, port))
            except OSError:
                return False
        self.currently_used_ports.add(port)
        return True
