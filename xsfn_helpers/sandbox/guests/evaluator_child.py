"""Evaluates guests' expressions and patterns, in a process of its own: `python -I evaluator_child.py`.

One question a line on standard input, one answer a line on standard output, both JSON. Whoever asks ends the process
where it takes too long; should nobody be there any more to do so, the system does. Python's regular expressions and
JSONata have no bound of their own, and stop every thread of the process they run in.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import sys
import uuid
from collections.abc import Callable, Mapping
from typing import Any

# What is no JSON, such as a function.
UNSUPPORTED = "UNSUPPORTED"
_MEMORY = 768 * 1024 * 1024
_MOST_DEPTH = 100
_SPARE_SECONDS = 5.0
_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def _hash(value: str, algorithm: str) -> str:
    if algorithm not in _HASHES:
        raise ValueError(f"The hash algorithm {algorithm} is none of {', '.join(_HASHES)}.")
    return hashlib.new(_HASHES[algorithm], value.encode()).hexdigest()


def _random(seed: float | None = None) -> float:
    return random.Random(seed).random()  # noqa: S311 - what is asked for is a number that a seed repeats


# What Step Functions has beside JSONata's own: docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "hash": _hash,
    "parse": json.loads,
    "random": _random,
    "uuid": lambda: str(uuid.uuid4()),
}


def _jsonata(expression: str, milliseconds: int) -> Any:
    # Takes a tenth of a second to import, and who matches a pattern doesn't need it.
    from jsonata import JException, Jsonata

    try:
        compiled = Jsonata(expression)
        frame = compiled.create_frame()
        frame.set_runtime_bounds(milliseconds, _MOST_DEPTH)
        for name, function in _FUNCTIONS.items():
            frame.bind(name, Jsonata.JLambda(function))
        return {"value": compiled.evaluate(None, frame)}
    except JException as error:
        return {"code": error.error, "error": f"{error.error}: {error}"}


def _match(pattern: str, text: str) -> Any:
    return {"value": re.fullmatch(pattern, text) is not None}


def _search(pattern: str, text: str) -> Any:
    return {"value": re.search(pattern, text) is not None}


def _substitute(pattern: str, text: str, replacement: str) -> Any:
    return {"value": re.sub(pattern, replacement, text)}


_DEEDS: Mapping[str, Callable[..., Any]] = {
    "jsonata": _jsonata,
    "match": _match,
    "search": _search,
    "substitute": _substitute,
}


def answer(question: Mapping[str, Any]) -> str:
    """The answer to one question, as JSON text."""
    try:
        found = _DEEDS[question["do"]](**question["with"])
        try:
            # Its own lists and numbers are turned into plain ones by this.
            return json.dumps(found)
        except TypeError as error:
            return json.dumps({"code": UNSUPPORTED, "error": str(error)})
    except re.error as error:
        return json.dumps({"code": "PATTERN", "error": str(error)})
    except MemoryError:
        return json.dumps({"code": "UNKNOWN", "error": "The expression needs more memory than there is."})
    except (TypeError, ValueError, RecursionError, ArithmeticError, LookupError, AttributeError) as error:
        return json.dumps({"code": "UNKNOWN", "error": str(error)})


def main() -> None:
    """Answer questions until nobody asks any more."""
    # Here, for a browser tab has neither limits nor signals, and evaluates in its own process.
    import resource
    import signal

    for what, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        try:
            resource.setrlimit(what, (most, most))
        except (ValueError, OSError):  # a system that doesn't know this limit; time is kept from outside all the same
            sys.stderr.write(f"limit {what} can't be set here\n")
    os.nice(5)  # what answers everybody comes first
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which ends us, whatever we are at
    for line in sys.stdin:
        question = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, question["seconds"] + _SPARE_SECONDS)
        told = answer(question)
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout.write(f"{told}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
