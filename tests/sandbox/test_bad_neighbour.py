"""While one account does its worst, everybody else in the room goes the whole way, and hardly notices."""

from __future__ import annotations

import json
import random
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from tests.sandbox.bad_neighbour import KINDS
from tests.support import forks
from tests.support.people import ids_of, lab_of
from tests.support.soak import SOAKING, soaked
from xsfn_helpers.deployment.deployment import Stage
from xsfn_helpers.deployment.stages import STAGE_NUMBERS
from xsfn_helpers.lab.lab import Lab
from xsfn_helpers.sandbox.process.server import Sandbox

PEOPLE = soaked(short=2, long=20)
SECONDS = soaked(short=3, long=60)
# Before each step; people think.
THINKING = soaked(short=0, long=4)
SLOWEST = 1.0
# Who does its worst, how: all of it together in `make test`.
WORST = list(KINDS) if SOAKING else ["all"]


@contextmanager
def doing_its_worst(kind: str) -> Iterator[dict[str, int]]:
    """What the neighbour was answered, by code, is there at the end."""
    answered: dict[str, int] = {}
    neighbour = forks.Popen(
        [sys.executable, "-m", "tests.sandbox.bad_neighbour", kind, str(SECONDS)], stdout=-1, text=True
    )
    try:
        yield answered
        assert neighbour.stdout is not None
        answered.update(json.loads(neighbour.stdout.read()))
    finally:
        neighbour.kill()
        neighbour.wait()
        if neighbour.stdout is not None:
            neighbour.stdout.close()


def way(lab: Lab) -> Iterator[Callable[[], object]]:
    """The steps of one person; each fails where it doesn't come to what it should."""
    yield lab.prepare
    for number in STAGE_NUMBERS:
        stage = lab.stage(number)
        yield stage.apply
        yield partial(_check, stage)
    yield partial(_run, lab)


def _check(stage: Stage) -> None:
    report = stage.check()
    assert report.ok, str(report)


def _run(lab: Lab) -> None:
    run = lab.run()
    assert run.succeeded, str(run)


@pytest.mark.parametrize("kind", WORST)
def test_one_that_does_its_worst_keeps_nobody_from_their_way(besieged: Sandbox, kind: str) -> None:
    besieged.add_accounts([one for number in range(PEOPLE) for one in ids_of(number)])
    took: list[float] = []
    failed: list[str] = []
    end = time.monotonic() + SECONDS

    def walk(number: int) -> None:
        chance = random.Random(number)
        lab = lab_of(besieged, number)
        try:
            while True:
                for act in way(lab):
                    time.sleep(chance.uniform(0.5, 1.5) * THINKING)
                    began = time.monotonic()
                    act()
                    took.append(time.monotonic() - began)
                if not SOAKING or time.monotonic() > end:
                    return
                lab.set_stage(0)
        except Exception as error:
            failed.append(f"person {number}: {error!r}")

    people = [threading.Thread(target=walk, args=(number,)) for number in range(PEOPLE)]
    with doing_its_worst(kind) as answered:
        for one in people:
            one.start()
        for one in people:
            one.join()

    p95 = statistics.quantiles(took, n=20, method="inclusive")[-1]
    sys.stdout.write(
        f"{kind}: {len(took)} steps of {PEOPLE} others, p95 {p95:.2f} s; the neighbour was answered {answered}\n"
    )
    assert failed == []
    assert sum(answered.values()) > PEOPLE
    assert not SOAKING or p95 <= SLOWEST
