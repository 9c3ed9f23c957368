"""The sandbox's speed and size: cold start, a nested execution against its floor, throughput, memory.

`python -m benchmarks.bench_sandbox [--executions 1000]`. Everything runs in a state folder of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.sandbox.world import World, client_with
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.process.server import Sandbox

CLIENTS = (1, 8, 32)


def milliseconds(work: Callable[[], object], *, times: int) -> float:
    """Median time of one call."""
    return statistics.median(_timed(work) for _ in range(times)) * 1000


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@contextmanager
def fresh_sandbox() -> Iterator[Sandbox]:
    with tempfile.TemporaryDirectory(prefix="xsfn-bench-") as folder:
        os.environ["XSFN_STATE_DIR"] = folder
        sandbox = Sandbox.start()
        try:
            yield sandbox
        finally:
            sandbox.stop()


def cold_start() -> float:
    """Seconds from starting the process to the first signed answer."""
    with tempfile.TemporaryDirectory(prefix="xsfn-bench-") as folder:
        os.environ["XSFN_STATE_DIR"] = folder
        start = time.perf_counter()
        sandbox = Sandbox.start()
        account = sandbox.accounts[Side.OPERATOR]
        started = time.perf_counter() - start
        sts = client_with(sandbox, "sts", account.access_key_id, account.secret_access_key)
        answered = _timed(sts.get_caller_identity)
        sandbox.stop()
    return started + answered


def in_new_python(code: str, *, times: int = 5) -> float:
    """Median of the seconds that `code` prints, each in a Python of its own."""
    return statistics.median(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(times)
    )


IMPORT = "import time; t = time.perf_counter(); import xsfn_helpers; print(time.perf_counter() - t)"
OPEN_LAB = """
import time
import boto3, xsfn_helpers.lab.lab
t = time.perf_counter()
xsfn_helpers.open_lab()
print(time.perf_counter() - t)
"""


def nested_run(world: World) -> None:
    """Start the Operator machine and wait for its end, asking every 5 ms."""
    states = world.operator_states
    arn = states.start_execution(stateMachineArn=world.scenario.operator_machine_arn)["executionArn"]
    while (status := states.describe_execution(executionArn=arn)["status"]) == "RUNNING":
        time.sleep(0.005)
    assert status == "SUCCEEDED", status


def floor(world: World) -> Callable[[], None]:
    """The four signed calls that a nested execution can't do without, made one after another on open connections."""
    sandbox, scenario = world.sandbox, world.scenario
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{scenario.operator_account_id}:user/administrator"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": scenario.external_id}},
            }
        ],
    }
    arns = []
    for side in Side:
        role = world.client(side, "iam").create_role(RoleName="floor", AssumeRolePolicyDocument=json.dumps(trust))[
            "Role"
        ]
        arns.append(role["Arn"])
    world.subject_iam.put_role_policy(
        RoleName="floor",
        PolicyName="states",
        PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "states:*", "Resource": "*"}]}
        ),
    )
    sts = world.client(Side.OPERATOR, "sts")

    def assume(arn: str) -> dict[str, Any]:
        answer = sts.assume_role(RoleArn=arn, RoleSessionName="floor", ExternalId=scenario.external_id)
        return dict(answer["Credentials"])

    issued = assume(arns[1])
    states = client_with(
        sandbox, "stepfunctions", issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"]
    )

    def calls() -> None:
        assume(arns[0])
        assume(arns[1])
        arn = states.start_execution(stateMachineArn=scenario.subject_machine_arn)["executionArn"]
        states.describe_execution(executionArn=arn)

    return calls


def throughput(world: World, clients: int, seconds: float) -> float:
    """Nested executions a second that so many clients get done; each must succeed."""
    account = world.sandbox.accounts[Side.OPERATOR]
    handles = [
        world.make_client(world.sandbox, "stepfunctions", account.access_key_id, account.secret_access_key)
        for _ in range(clients)
    ]
    start = time.perf_counter()

    def work(states: Any) -> int:
        done = 0
        while time.perf_counter() < start + seconds:
            arn = states.start_execution(stateMachineArn=world.scenario.operator_machine_arn)["executionArn"]
            # The more clients, the longer each run takes: asking every 5 ms would measure the asking.
            while (status := states.describe_execution(executionArn=arn)["status"]) == "RUNNING":
                time.sleep(0.005 * clients)
            assert status == "SUCCEEDED", status
            done += 1
        return done

    with ThreadPoolExecutor(clients) as pool:
        done = sum(pool.map(work, handles))
    return done / (time.perf_counter() - start)


def memory_mb(sandbox: Sandbox) -> float:
    """Resident memory of the sandbox's process."""
    pages = int(Path(f"/proc/{sandbox.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def run_many(world: World, count: int) -> None:
    """So many nested executions, eight at a time."""
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda _: nested_run(world), range(count)):
            pass


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=1000, help="how many to run before memory is read again")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each throughput is measured")
    chosen = parser.parse_args(arguments)

    print("Sandbox (IAM enforced on every call)")
    print(f"  cold start to first signed answer     {statistics.median(cold_start() for _ in range(5)):8.2f} s")
    print(f"  import xsfn_helpers                   {in_new_python(IMPORT) * 1000:8.1f} ms")
    with fresh_sandbox() as sandbox:
        at_start = memory_mb(sandbox)
        print(f"  open_lab() on a running sandbox       {in_new_python(OPEN_LAB) * 1000:8.1f} ms")
        walkthrough = [sys.executable, "-m", "xsfn_helpers", "walkthrough", "--json"]
        took = _timed(lambda: subprocess.run(walkthrough, capture_output=True, check=True))
        print(f"  the whole walkthrough                 {took:8.2f} s")
        world = World.fresh(sandbox).build()
        calls = floor(world)
        for _ in range(10):
            calls()
            nested_run(world)
        least, nested = milliseconds(calls, times=100), milliseconds(lambda: nested_run(world), times=100)
        print(f"  floor: four signed calls, one client  {least:8.1f} ms")
        print(f"  one nested cross-account execution    {nested:8.1f} ms   {nested / least:.2f} times the floor")
        rates = {clients: throughput(world, clients, chosen.seconds) for clients in CLIENTS}
        peak = max(rates.values())
        for clients, rate in rates.items():
            print(
                f"  {clients:2} clients                            {rate:8.1f} runs/s   {rate / peak:4.0%} of the peak"
            )
        print(f"  memory at start                       {at_start:8.1f} MB")
        run_many(world, 1000)
        thousand = memory_mb(sandbox)
        print(f"  memory after 1,000 executions         {thousand:8.1f} MB")
        if chosen.executions > 1000:
            run_many(world, chosen.executions - 1000)
            later = memory_mb(sandbox)
            print(
                f"  memory after {chosen.executions:,} executions        {later:8.1f} MB   {later / thousand:.2f} times"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
