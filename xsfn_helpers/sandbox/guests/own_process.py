"""What a guest sends and what takes long: a module of ours works on it in a process of its own, which can be ended."""

from __future__ import annotations

import os
import subprocess
import sys


def answered_apart(module: str, given: bytes, *, seconds: float) -> bytes | None:
    """What `module`, run as a program, makes of its standard input; None where it failed, for want of memory, say.

    It has none of this process's environment but what finds Python. Raises `TimeoutError` after so many `seconds`.
    """
    environment = {name: value for name, value in os.environ.items() if name == "PATH" or name.startswith("PYTHON")}
    try:
        ran = subprocess.run(  # noqa: S603 - our own interpreter and module, no shell
            [sys.executable, "-P", "-m", module],
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd="/",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(seconds) from None
    return ran.stdout if ran.returncode == 0 else None
