"""Killed at any moment, again and again: what was acknowledged is there afterwards, and nothing else.

`make test` kills a few times and `make soak` 200 times; KILLS=n in the environment kills that often,
KILLS_SEED=n at other moments.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.sandbox.ledger import Ledger
from tests.support.forks import starting_afresh
from tests.support.quiet import hold_to, skip_unless_quiet
from tests.support.soak import soaked
from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.sandbox.process.server import Sandbox

KILLS = int(os.environ.get("KILLS", "0")) or soaked(short=3, long=200)
SEED = int(os.environ.get("KILLS_SEED", "1"))
CLIENTS = 3
LONGEST_ROUND = 0.8
# From the next start to the first signed answer; the median of a few.
RECOVERY_SECONDS = 3.0
TIMED_KILLS = 3


def test_nothing_acknowledged_is_lost_and_nothing_gone_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XSFN_STATE_DIR", str(tmp_path / "state"))
    chance = random.Random(SEED)
    sandbox = Sandbox.start()
    ledgers = [Ledger(sandbox, number, SEED) for number in range(CLIENTS)]
    recoveries: list[float] = []
    outcomes: Counter[str] = Counter()
    again = 0
    try:
        for _ in range(KILLS):
            _work_until_killed(sandbox, ledgers, chance.uniform(0.02, LONGEST_ROUND))
            if chance.random() < 0.2:
                again += _kill_the_recovery(tmp_path / "state", chance.uniform(0.0, 1.0))
            back, first, seconds = _recovered(ledgers[0])
            recoveries.append(seconds)
            outcomes.update([first, *(ledger.settle() for ledger in ledgers[1:])])
            assert (back.endpoint_url, back.accounts, back.notice) == (sandbox.endpoint_url, sandbox.accounts, "")
            sandbox = back
    finally:
        sandbox.stop()

    assert len(recoveries) == KILLS
    with capsys.disabled():
        _report(ledgers, recoveries, outcomes, again)


@pytest.mark.timed
def test_it_is_back_soon_after_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    skip_unless_quiet()
    monkeypatch.setenv("XSFN_STATE_DIR", str(tmp_path / "state"))
    sandbox = Sandbox.start()
    ledger = Ledger(sandbox, 0, SEED)
    recoveries: list[float] = []
    try:
        for _ in range(TIMED_KILLS):
            _work_until_killed(sandbox, [ledger], LONGEST_ROUND)
            sandbox, _, seconds = _recovered(ledger)
            recoveries.append(seconds)
    finally:
        sandbox.stop()

    hold_to(statistics.median(recoveries), most=RECOVERY_SECONDS)


def _recovered(ledger: Ledger) -> tuple[Sandbox, str, float]:
    """The sandbox started again; what had become of the ledger's last call, and the seconds until that was known."""
    begun = time.monotonic()
    back = Sandbox.start()
    outcome = ledger.settle()
    return back, outcome, time.monotonic() - begun


def _work_until_killed(sandbox: Sandbox, ledgers: list[Ledger], seconds: float) -> None:
    with ThreadPoolExecutor(len(ledgers)) as clients:
        working = [clients.submit(ledger.work) for ledger in ledgers]
        time.sleep(seconds)
        os.kill(sandbox.pid, signal.SIGKILL)
    for work in working:
        work.result()


def _kill_the_recovery(folder: Path, seconds: float) -> int:
    """Start the sandbox and kill it while, or soon after, it reads its journal; how many processes it hit."""

    def start() -> None:
        try:
            with starting_afresh():  # its reading is to be met, and its command to be found
                Sandbox.start()
        except SandboxError:
            return  # what somebody sees whose sandbox is killed as it starts

    starting = threading.Thread(target=start)
    starting.start()
    time.sleep(seconds)
    killed = 0
    for pid in _processes_of(folder):
        os.kill(pid, signal.SIGKILL)
        killed += 1
    starting.join()
    for pid in _processes_of(folder):
        os.kill(pid, signal.SIGKILL)
    return killed


def _processes_of(folder: Path) -> list[int]:
    """Sandbox processes on this folder: its path is among their arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                arguments = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if b"xsfn_helpers.sandbox.process.main" in arguments and str(folder).encode() in arguments:
                found.append(int(entry.name))
    return found


def _report(ledgers: list[Ledger], recoveries: list[float], outcomes: Counter[str], again: int) -> None:
    calls = sum(ledger.acknowledged for ledger in ledgers)
    executions = sum(len(ledger.state.executions) + len(ledger.gone) for ledger in ledgers)
    not_happened = sum(count for outcome, count in outcomes.items() if outcome.endswith(" not happened"))
    sys.stdout.write(
        f"\n{KILLS} kills, {again} more during recovery; {calls} acknowledged calls, {executions} executions: 0 lost. "
        f"Of the calls under way, {sum(outcomes.values()) - not_happened} had happened, {not_happened} not. "
        f"Recovery: median {statistics.median(recoveries):.2f} s, at most {max(recoveries):.2f} s.\n"
    )
