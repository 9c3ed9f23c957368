"""The sandbox's process started, detached from whoever starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Final

from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.common.language import ENGLISH, VARIABLE, language, tr
from xsfn_helpers.sandbox.process.config import OPERATOR, SUBJECT, SandboxConfig
from xsfn_helpers.sandbox.process.state import Running, SandboxFolder

START_LIMIT: Final = 30.0
# Of the environment, what an interpreter needs to run where it is installed.
_NEEDED: Final = frozenset(
    (
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "TZDIR", "LANG", "LANGUAGE", "VIRTUAL_ENV"),
        *("XSFN_STATE_DIR", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT"),
    )
)
_NEEDED_BEGINNINGS: Final = ("LC_", "LD_", "DYLD_", "PYTHON", "CONDA_PREFIX", "COVERAGE_", "TESTS_")


def launch(folder: SandboxFolder, config: SandboxConfig, port: int, address: str | None = None) -> Running:
    """Start a sandbox on this folder; 0 is any port, and an address of None the one of last time.

    Raises `SandboxError` with what keeps it from starting.
    """
    argument = json.dumps(
        {
            "folder": str(folder.path),
            "region": config.region,
            "port": port,
            "address": address,
            "accounts": {
                OPERATOR: config.operator_account_id,
                SUBJECT: config.subject_account_id,
            },
            "further": config.further_account_ids,
            "language": language(),
        }
    )
    # What it needs and no more: functions run as the same user, who can read a process's environment. moto, too, would
    # let MOTO_* override the caller's account.
    environment = {name: value for name, value in os.environ.items() if _is_needed(name)}
    environment[VARIABLE] = ENGLISH  # AWS answers in English; only what keeps it from starting is told to somebody
    with folder.told():
        log = os.open(folder.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        # Ends as soon as the sandbox listens, which then goes on as a process of its own.
        launcher = subprocess.run(  # noqa: S603 - our own interpreter and module, no shell
            # -P: a file in the folder we start in must not be taken for a module.
            [sys.executable, "-P", "-m", "xsfn_helpers.sandbox.process.main", argument],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # a kernel restart or a closed terminal must not take it along
            env=environment,
            cwd=folder.path,
            timeout=START_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SandboxError(
            tr("The sandbox didn't start within {start_limit:.0f} seconds.", start_limit=START_LIMIT),
            fix=tr("Its log: {path}", path=folder.log),
        ) from None
    finally:
        os.close(log)
    running = folder.read()
    if launcher.returncode != 0 or running is None:
        raise _start_failure(launcher.stdout, folder)
    return running


def _is_needed(name: str) -> bool:
    return name in _NEEDED or name.startswith(_NEEDED_BEGINNINGS)


def _start_failure(said: bytes, folder: SandboxFolder) -> SandboxError:
    """What the process said of it; where it said nothing, the end of its log."""
    if said:
        return SandboxError(**json.loads(said))
    lines = folder.log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or [tr("(empty log)")]
    return SandboxError(
        tr("The sandbox process ended at start: {line}", line=lines[-1]), fix=tr("Its log: {path}", path=folder.log)
    )
