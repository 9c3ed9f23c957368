"""What every measured engine's script speaks: JSON lines in, JSON lines out. Standard library only.

{"do": "ways"} -> {"ways": […]}; {"do": "answer", "question"} -> {"allowed"}; and
{"do": "rate", "way", "question", "seconds"} -> {"rate"}: decisions per second.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

Question = dict[str, Any]
Work = Callable[[], object]
# Gets everything ready for a question and gives what is to be measured.
Prepare = Callable[[Question], Work]


def serve(allows: Callable[[Question], bool], ways: dict[str, Prepare]) -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    sys.stdout = sys.stderr  # an engine that prints must not get between the answers
    for line in sys.stdin:
        message = json.loads(line)
        try:
            match message["do"]:
                case "ways":
                    answer: dict[str, Any] = {"ways": list(ways)}
                case "answer":
                    answer = {"allowed": allows(message["question"])}
                case _:
                    answer = {"rate": rate(ways[message["way"]](message["question"]), message["seconds"])}
        except Exception as error:  # whatever an engine raises is told, and the next question comes
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def rate(work: Work, seconds: float) -> float:
    """How often `work` runs in a second. The clock is read every so many calls, so that it costs next to nothing."""
    work()
    began = time.perf_counter()
    work()
    at_once = max(1, min(1000, int(0.02 / max(time.perf_counter() - began, 1e-7))))
    done = 0
    began = time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        for _ in range(at_once):
            work()
        done += at_once
    return done / spent
