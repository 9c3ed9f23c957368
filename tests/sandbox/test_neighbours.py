"""What one account does costs the others nothing: whatever it sends, and however much of it."""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.bad_neighbour import HOSTILE, JSONATA, PATH, Definition, long_definition
from tests.sandbox.world import World, client_with
from tests.support.soak import soaked
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.guests.processor_use import ProcessorUse
from xsfn_helpers.sandbox.guests.shares import Share
from xsfn_helpers.sandbox.guests.turns import Turns, begin_turn
from xsfn_helpers.sandbox.process.config import OPERATOR, SUBJECT
from xsfn_helpers.sandbox.process.server import Sandbox

THREADS = 16
SECONDS = soaked(short=6, long=60)
# For what takes a fraction of a second where nothing is in its way; a test machine with other work is slow.
PATIENCE = 15.0


def _client(sandbox: Sandbox, service: str, side: str = OPERATOR) -> Any:
    account = sandbox.accounts[side]
    return client_with(sandbox, service, account.access_key_id, account.secret_access_key)


def _validated(states: Any, definition: Definition) -> str:
    # Different each time: what was parsed once isn't parsed again.
    text = json.dumps({"Comment": uuid.uuid4().hex, **definition})
    return str(states.validate_state_machine_definition(definition=text)["result"])


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_a_definition_that_is_given_up_on_leaves_the_next_ones_as_they_are(
    sandbox: Sandbox, hostile: Definition
) -> None:
    mine, theirs = _client(sandbox, "stepfunctions"), _client(sandbox, "stepfunctions", SUBJECT)

    _validated(mine, hostile)

    assert [_validated(theirs, one) for one in (PATH, JSONATA)] == ["OK", "OK"]


def test_definitions_of_sixteen_at_once_have_nothing_to_do_with_each_other(sandbox: Sandbox) -> None:
    refused: list[str] = []
    sent = Counter[str]()
    end = time.monotonic() + SECONDS

    def send(number: int) -> None:
        chance = random.Random(number)
        states = _client(sandbox, "stepfunctions", (OPERATOR, SUBJECT)[number % 2])
        while time.monotonic() < end:
            _validated(states, chance.choice(list(HOSTILE.values())))
            for name, good in (("JSONPath", PATH), ("JSONata", JSONATA)):
                sent[name] += 1
                if _validated(states, good) != "OK":
                    refused.append(name)

    crowd = [threading.Thread(target=send, args=(number,)) for number in range(THREADS)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()

    assert refused == []
    assert sent.total() >= THREADS


# --- shares ----------------------------------------------------------------------------------------------------------


def test_an_account_has_its_share_and_one_of_many_has_less() -> None:
    share = Share(each=4, few=1, in_all=10)

    assert [share.take("a") for _ in range(5)] == [True] * 4 + [False]
    assert [share.take("b") for _ in range(2)] == [True, False], "half is taken: few for each from here on"
    assert [share.take(one) for one in "cdefgh"] == [True] * 5 + [False], "and no more than there are"
    share.give_back("a")
    assert share.take("h")
    assert not share.take("a")


def test_a_place_given_back_goes_to_who_waits() -> None:
    share = Share(each=1, few=1, in_all=4)
    assert share.take("a")
    later = threading.Timer(0.1, share.give_back, ["a"])
    later.start()

    assert share.take("a", patience=60)
    later.join()


def test_what_an_account_used_of_the_processor_fades() -> None:
    now = [100.0]
    use = ProcessorUse(lambda: now[0])
    use.charge("a", 5.0)
    use.charge("b", 0.1)
    assert (use.is_much("a"), use.is_much("b")) == (True, False)

    now[0] += 4
    assert use.is_much("a"), "a quarter of it"
    now[0] += 4
    assert not use.is_much("a")


def test_who_used_much_lets_those_go_first_who_ask_and_did_not() -> None:
    now = [100.0]
    use = ProcessorUse(lambda: now[0])
    use.charge("a", 5.0)
    assert not use.others_ask("a"), "alone, it may have all of it"

    use.asks("b")
    assert use.others_ask("a")
    now[0] += 1.5
    assert not use.others_ask("a"), "whoever asked goes on thinking"

    use.asks("c")
    use.charge("c", 5.0)
    assert not use.others_ask("a"), "two of a kind share as before"


def test_it_has_one_request_at_work_meanwhile_and_none_waits_for_ever() -> None:
    turns = Turns(nullcontext)
    turns.processor.charge("a", 60.0)
    turns.processor.asks("b")
    assert not turns.gives_way("a"), "one at a time"

    with turns.request():
        begin_turn("a")
        assert turns.gives_way("a")
        turns.processor.asks("b")
        later = threading.Thread(target=_one_request, args=(turns, "a"))
        later.start()
        later.join(60)
        assert not later.is_alive()


def _one_request(turns: Turns, account_id: str) -> None:
    with turns.request():
        begin_turn(account_id)


@contextmanager
def _at_once(deeds: list[Callable[[], Any]]) -> Iterator[None]:
    """All of these under way, whatever becomes of them."""

    def quietly(deed: Callable[[], Any]) -> None:
        try:
            deed()
        except Exception as error:
            told.append(error)

    told: list[Exception] = []
    guests = [threading.Thread(target=quietly, args=(deed,), daemon=True) for deed in deeds]
    for guest in guests:
        guest.start()
    time.sleep(2)
    yield


def _seconds_for_others(sandbox: Sandbox) -> float:
    began = time.monotonic()
    _client(sandbox, "sts", SUBJECT).get_caller_identity()
    return time.monotonic() - began


def test_who_waits_for_many_things_keeps_nobody_else_waiting(besieged: Sandbox) -> None:
    """Express executions, states under test and messages that don't come, of one account: quick calls have a thread."""
    world = World.fresh(besieged)
    world.create_role(Side.OPERATOR, world.scenario.operator_role_name)
    role = world.scenario.operator_role_arn
    waits = {"Type": "Wait", "Seconds": 40, "End": True}
    states = _client(besieged, "stepfunctions")
    arn = states.create_state_machine(
        name="sync", type="EXPRESS", roleArn=role, definition=json.dumps({"StartAt": "W", "States": {"W": waits}})
    )["stateMachineArn"]
    url = _client(besieged, "sqs").create_queue(QueueName="empty")["QueueUrl"]

    def ask(service: str, operation: str, **params: Any) -> Callable[[], Any]:
        return lambda: getattr(_client(besieged, service), operation)(**params)

    deeds = [ask("stepfunctions", "start_sync_execution", stateMachineArn=arn) for _ in range(6)]
    deeds += [ask("stepfunctions", "test_state", definition=json.dumps(waits), roleArn=role) for _ in range(6)]
    deeds += [ask("sqs", "receive_message", QueueUrl=url, WaitTimeSeconds=20) for _ in range(8)]
    with _at_once(deeds):
        assert _seconds_for_others(besieged) < PATIENCE
        theirs = _client(besieged, "stepfunctions", SUBJECT)
        assert theirs.list_state_machines()["stateMachines"] == []
    with pytest.raises(ClientError, match="ThrottlingException"):
        _client(besieged, "stepfunctions").start_sync_execution(stateMachineArn=arn)


def test_a_long_definition_is_parsed_elsewhere_and_runs_as_any_other(mortal: Sandbox) -> None:
    world = World.fresh(mortal)
    world.create_role(Side.OPERATOR, world.scenario.operator_role_name)
    states, role = _client(mortal, "stepfunctions"), world.scenario.operator_role_arn

    arn = states.create_state_machine(name="long", definition=long_definition(700), roleArn=role)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=arn, input='{"a": 1}')["executionArn"]
    outcome = world.outcome(Side.OPERATOR, execution)

    assert (outcome.status, outcome.output) == ("SUCCEEDED", {"a": 1, "b": {"a": [1, None, "é"]}})
    with pytest.raises(ClientError, match="InvalidDefinition"):
        states.create_state_machine(name="broken", definition=long_definition(700, broken=True), roleArn=role)


def test_long_definitions_of_one_keep_nobody_else_waiting(besieged: Sandbox) -> None:
    world = World.fresh(besieged)
    world.create_role(Side.OPERATOR, world.scenario.operator_role_name)
    role = world.scenario.operator_role_arn

    def create(number: int) -> Callable[[], Any]:
        text = long_definition(8000) + " " * number
        return lambda: _client(besieged, "stepfunctions").create_state_machine(
            name=f"long{number}", definition=text, roleArn=role
        )

    with _at_once([create(number) for number in range(8)]):
        assert _seconds_for_others(besieged) < PATIENCE
        assert _validated(_client(besieged, "stepfunctions", SUBJECT), PATH) == "OK"
