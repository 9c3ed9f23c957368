"""`python -m tests.iam.differential --seed 7 --cases 200000`: as many cases as you like.

Exit code 1 if a difference is unexplained.
"""

from __future__ import annotations

import argparse
import json
import sys

from tests.iam.differential.compare import compare, smallest
from tests.iam.differential.independent import IndependentEngine, installed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--show", type=int, default=5, help="how many unexplained differences to show, made small")
    arguments = parser.parse_args()
    engine = IndependentEngine(installed())
    found = compare(engine, arguments.seed, arguments.cases)
    sys.stdout.write(f"{found}\n")
    for one in found.unexplained[: arguments.show]:
        small = smallest(engine, one)
        sys.stdout.write(
            f"case {one.number}: ours {small.ours}, the other {small.answer.outcome}{small.answer.error}\n"
            f"{json.dumps(small.question)}\n"
        )
    engine.close()
    return 1 if found.unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
