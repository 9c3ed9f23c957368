"""What would run forever or take all memory is ended as on AWS, and nobody else notices."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.world import Outcome, World
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.process.server import Sandbox

RESULT_TOO_LARGE = (
    "The state/task '{}' returned a result with a size exceeding the maximum number of bytes service limit."
)


def machine(world: World, definition: dict[str, Any], **options: Any) -> str:
    """A machine in the Subject's account; its ARN."""
    world.create_role(Side.SUBJECT, world.scenario.subject_role_name)
    made = world.subject_states.create_state_machine(
        name=world.scenario.subject_machine_name,
        definition=json.dumps(definition),
        roleArn=world.scenario.subject_role_arn,
        **options,
    )
    return str(made["stateMachineArn"])


def run(world: World, definition: dict[str, Any], given: Any = None, *, seconds: float = 60) -> Outcome:
    arn = machine(world, definition)
    started = world.subject_states.start_execution(stateMachineArn=arn, input=json.dumps(given or {}))
    return world.outcome(Side.SUBJECT, started["executionArn"], seconds=seconds)


def states(**states: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def of_process(sandbox: Sandbox, field: str) -> int:
    """A number from what the system says of the sandbox's process: VmRSS in kB, Threads."""
    # Another test of this run may have started it anew since, with further accounts.
    running = Sandbox.find() or sandbox
    lines = Path(f"/proc/{running.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def item_map(processor: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"Type": "Map", "ItemProcessor": processor, "End": True, **options}


PASS = {"Type": "Pass", "End": True}
# A way out that is never taken: AWS wants one.
NEVER = [{"Variable": "$", "IsNull": True, "Next": "Done"}]


def endless(state: dict[str, Any]) -> dict[str, Any]:
    return states(
        Work={**state, "Next": "Again"}, Again={"Type": "Choice", "Choices": NEVER, "Default": "Work"}, Done=PASS
    )


def test_an_endless_loop_fails_at_event_25000(world: World) -> None:
    """Measured on AWS (floci-io/floci, issue 2734): the failure is event 25,000, and 24,999 is the last real one."""
    loop = {"Type": "Choice", "Choices": NEVER, "Default": "Loop"}

    outcome = run(world, states(Loop=loop, Done=PASS), seconds=120)

    cause = "The execution reached the maximum number of history events (25000)."
    assert (outcome.status, outcome.error, outcome.cause) == ("FAILED", "States.Runtime", cause)
    last, before = world.subject_states.get_execution_history(
        executionArn=outcome.arn, reverseOrder=True, maxResults=2
    )["events"]
    assert (last["id"], last["previousEventId"], last["type"]) == (25000, 24999, "ExecutionFailed")
    assert last["executionFailedEventDetails"] == {"error": "States.Runtime", "cause": cause}
    assert (before["id"], before["previousEventId"], before["type"]) == (24999, 24998, "ChoiceStateExited")


def test_a_retry_that_never_gives_up_ends_there_too(world: World) -> None:
    """Nothing catches it, and nothing goes on."""
    fails = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution",
        "Parameters": {"StateMachineArn": world.scenario.operator_machine_arn},
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Again"}],
    }
    both = {
        "Type": "Parallel",
        "Branches": [endless(fails), endless({"Type": "Pass"})],  # the second fills the history sooner than calls would
        "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1000}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Done"}],
        "End": True,
    }

    outcome = run(world, states(Both=both, Done=PASS), seconds=120)

    assert (outcome.status, outcome.error) == ("FAILED", "States.Runtime")
    assert outcome.cause == "The execution reached the maximum number of history events (25000)."


def test_a_payload_that_grows_is_cut_at_256_kib(world: World) -> None:
    double = {"Type": "Pass", "Parameters": {"a.$": "States.Format('{}{}', $.a, $.a)"}}

    outcome = run(world, endless(double), {"a": "x"})

    assert (outcome.status, outcome.error) == ("FAILED", "States.DataLimitExceeded")
    assert outcome.cause == RESULT_TOO_LARGE.format("Work")


def test_an_input_over_256_kib_is_refused(world: World) -> None:
    arn = machine(world, states(Pass=PASS))

    with pytest.raises(ClientError, match="length less than or equal to 262144"):
        world.subject_states.start_execution(stateMachineArn=arn, input=json.dumps("x" * 262_143))


@pytest.mark.parametrize(
    "parameters",
    [
        {f"k{number}.$": "$" for number in range(2_000)},
        {"a.$": f"States.Format('{'{}' * 2_000}', {', '.join(['$.a'] * 2_000)})"},
    ],
    ids=["references", "States.Format"],
)
def test_many_references_to_a_large_input_dont_take_all_memory(
    world: World, sandbox: Sandbox, parameters: dict[str, Any]
) -> None:
    """Each is a copy of the input: 400 MB, were they all made, and a definition has room for ten times as many."""
    before = of_process(sandbox, "VmRSS")

    outcome = run(world, states(Many={**PASS, "Parameters": parameters}), {"a": "x" * 200_000})

    assert (outcome.status, outcome.error) == ("FAILED", "States.DataLimitExceeded")
    assert outcome.cause == RESULT_TOO_LARGE.format("Many")
    assert of_process(sandbox, "VmRSS") - before < 300_000


def test_a_range_of_billions_isnt_made(world: World, sandbox: Sandbox) -> None:
    before = of_process(sandbox, "VmRSS")

    outcome = run(world, states(Range={**PASS, "Parameters": {"a.$": "States.ArrayRange(0, 9000000000, 1)"}}))

    assert outcome.status == "FAILED"
    assert "Arrays cannot contain more than 1000 items" in (outcome.cause or "")
    assert of_process(sandbox, "VmRSS") - before < 100_000


def test_a_loop_with_much_to_remember_ends_before_memory_does(world: World, sandbox: Sandbox) -> None:
    """The sandbox's own limit, said as such: 25,000 events of 200 KB each would be five gigabytes."""
    loop = {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)", "a.$": "$.a"}}
    before = of_process(sandbox, "VmRSS")

    outcome = run(world, endless(loop), {"n": 0, "a": "x" * 200_000})

    assert (outcome.status, outcome.error) == ("FAILED", "States.Runtime")
    assert outcome.cause == "The execution's history reached the most that the xsfn sandbox keeps (32 MiB)."
    assert of_process(sandbox, "VmRSS") - before < 300_000


@pytest.mark.parametrize("at_once", [0, 1])
def test_a_map_of_thousands_runs_with_few_threads(world: World, sandbox: Sandbox, at_once: int) -> None:
    definition = states(All=item_map(states(Pass=PASS), MaxConcurrency=at_once))
    arn = machine(world, definition)
    most = of_process(sandbox, "Threads")

    started = world.subject_states.start_execution(stateMachineArn=arn, input=json.dumps(list(range(3000))))
    execution = started["executionArn"]
    while world.subject_states.describe_execution(executionArn=execution)["status"] == "RUNNING":
        most = max(most, of_process(sandbox, "Threads"))
        time.sleep(0.02)

    described = world.subject_states.describe_execution(executionArn=execution)
    assert (described["status"], json.loads(described["output"])) == ("SUCCEEDED", list(range(3000)))
    assert most < 100


def test_maps_in_maps_in_maps_come_to_an_end(world: World, sandbox: Sandbox) -> None:
    """Forty at a time, each of which starts forty, each of which starts forty."""
    definition = states(Inner=PASS)
    for _ in range(4):
        forty = {"Type": "Pass", "Result": list(range(40)), "Next": "Map"}
        definition = states(Forty=forty, Map=item_map(definition))
    arn = machine(world, definition)
    most = 0

    started = world.subject_states.start_execution(stateMachineArn=arn)
    while (described := world.subject_states.describe_execution(executionArn=started["executionArn"]))[
        "status"
    ] == "RUNNING":
        most = max(most, of_process(sandbox, "Threads"))
        time.sleep(0.05)

    assert described["cause"] == "The execution reached the maximum number of history events (25000)."
    assert most < 500


def test_a_parallel_of_many_branches_runs(world: World) -> None:
    branches = [states(Wait={"Type": "Wait", "Seconds": 1, "Next": "End"}, End=PASS) for _ in range(500)]

    outcome = run(world, states(All={"Type": "Parallel", "Branches": branches, "End": True}))

    assert (outcome.status, outcome.output) == ("SUCCEEDED", [{}] * 500)


def test_endless_express_executions_leave_room_for_others(world: World, sandbox: Sandbox) -> None:
    """Who waits for one holds a thread of the server; not everybody can."""
    clients = [world.make_client(sandbox, "stepfunctions", *_keys(sandbox)) for _ in range(12)]
    for seconds in (3, 12, 48):  # a busy machine may need longer than a short wait until all twelve have asked
        ends = {"Type": "Wait", "Seconds": seconds, "End": True}
        arn = machine(world, states(Wait=ends), type="EXPRESS")
        refused: list[str] = []

        def wait(client: Any, arn: str = arn, refused: list[str] = refused) -> None:
            try:
                client.start_sync_execution(stateMachineArn=arn)
            except ClientError as error:
                refused.append(error.response["Error"]["Code"])

        with ThreadPoolExecutor(12) as crowd:
            began = time.monotonic()
            asked = [crowd.submit(wait, client) for client in clients]
            while sum(one.done() for one in asked) < 8:
                time.sleep(0.05)
            world.subject_iam.list_roles()
            waiting = sum(not one.done() for one in asked)
            took = time.monotonic() - began
        if took < seconds:
            break

    assert waiting == 4, "somebody else is answered while they wait"
    assert refused == ["ThrottlingException"] * 8


def _keys(sandbox: Sandbox) -> tuple[str, str]:
    account = sandbox.accounts[Side.SUBJECT]
    return account.access_key_id, account.secret_access_key
