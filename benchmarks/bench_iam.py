"""Decisions per second for the kit's link 2: a cross-account sts:AssumeRole with an external ID.

Four ways to ask, the best of several rounds each:
  compiled      policies and request made once, decided again and again
  per request   policies compiled once, each request made and decided
  explained     as compiled, with the whole text of the explanation
  raw JSON      one JSON line in, read, validated, decided; then the same with the answer's JSON text out,
                and with policies that were never seen before (nothing is found in the cache)

Run it with `python -m benchmarks.bench_iam`; `--json` prints the figures alone.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from typing import Any

from xsfn_helpers.chain import documents
from xsfn_helpers.chain.links import chain
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.iam import Policies, Policy, PolicyKind, Principal, Request, decide, explain
from xsfn_helpers.iam.jsonlines import answer, decide_line

ROUNDS = 5
SECONDS_A_ROUND = 0.4


def per_second(work: Callable[[], object]) -> float:
    """How often `work` runs in a second: the best round counts, the others were disturbed."""
    best = 0.0
    for _ in range(ROUNDS):
        done = 0
        began = time.perf_counter()
        while (spent := time.perf_counter() - began) < SECONDS_A_ROUND:
            for _ in range(200):
                work()
            done += 200
        best = max(best, done / spent)
    return best


def line_2() -> dict[str, Any]:
    """Link 2 of the default scenario as `xsfn decide` takes it: a run's session asks, with the external ID."""
    scenario = Scenario()
    link = chain(scenario)[1]
    role = scenario.operator_role_name
    return {
        "request": {
            "principal": f"arn:aws:sts::{scenario.operator_account_id}:assumed-role/{role}/run",
            "action": link.action,
            "resource": link.resource,
            "resourceAccount": link.resource_account.id,
            "context": dict(link.context),
        },
        "identityPolicies": [documents.operator_role_permissions(scenario)],
        "resourcePolicy": documents.execute_role_trust(scenario),
        "permissionBoundaries": [],
        "sessionPolicies": [],
        "serviceControlPolicies": [],
    }


def figures() -> dict[str, float]:
    """Decisions per second, by way of asking."""
    line = line_2()
    asked = line["request"]
    policies = Policies(
        identity=tuple(Policy.parse(one, kind=PolicyKind.IDENTITY) for one in line["identityPolicies"]),
        resource=Policy.parse(line["resourcePolicy"], kind=PolicyKind.TRUST),
    )
    principal = Principal.parse(asked["principal"])

    def request() -> Request:
        return Request(principal, asked["action"], asked["resource"], asked["resourceAccount"], asked["context"])

    once = request()
    text = json.dumps(line)
    assert decide(once, policies).allowed
    assert decide_line(text).allowed

    unseen = text.replace("AssumeSubjectExecuteRole", "NUMBERa").replace("OperatorStateMachine", "NUMBERb")
    numbers = iter(range(10**9))
    return {
        "compiled": per_second(lambda: decide(once, policies)),
        "per request": per_second(lambda: decide(request(), policies)),
        "explained": per_second(lambda: explain(decide(once, policies)).text),
        "raw JSON, decided": per_second(lambda: decide_line(text)),
        "raw JSON, answered": per_second(lambda: answer(text)),
        "raw JSON, unseen policies": per_second(lambda: answer(unseen.replace("NUMBER", f"n{next(numbers)}"))),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    arguments = parser.parse_args()
    found = figures()
    if arguments.json:
        print(json.dumps({name: round(value) for name, value in found.items()}))
        return
    print(f"link 2, decisions per second (Python {platform.python_version()})")
    for name, value in found.items():
        print(f"  {name:<28}{value:>10,.0f}")


if __name__ == "__main__":
    main()
