"""The worst that one account can do to all others, as a program: `python -m tests.sandbox.bad_neighbour KIND SECONDS`.

It acts as the Operator's administrator of the sandbox that runs, and prints how it was answered.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from tests.sandbox.world import client_with
from xsfn_helpers.sandbox.process.config import OPERATOR
from xsfn_helpers.sandbox.process.server import Sandbox

Definition = dict[str, Any]
PATH: Definition = {
    "StartAt": "P",
    "States": {"P": {"Type": "Pass", "Parameters": {"a.$": "States.Format('{}', $.x)"}, "End": True}},
}
JSONATA: Definition = {
    "QueryLanguage": "JSONata",
    "StartAt": "A",
    "States": {"A": {"Type": "Pass", "Output": "{% 1 %}", "End": True}},
}
_TASK = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": True}
# What moto's parser gives up on, at different depths of it.
HOSTILE: dict[str, Definition] = {
    "http:invoke in JSONata": {
        "QueryLanguage": "JSONata",
        "StartAt": "H",
        "States": {
            "H": {
                "Type": "Task",
                "Resource": "arn:aws:states:::http:invoke",
                "Arguments": {"Method": "GET"},
                "End": True,
            }
        },
    },
    "JSONPath's credentials in JSONata": {
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {"A": {**_TASK, "Arguments": {"StateMachineArn": "m"}, "Credentials": {"RoleArn.$": "$.role"}}},
    },
    "a JSONPath choice in JSONata": {
        "QueryLanguage": "JSONata",
        "StartAt": "C",
        "States": {
            "C": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "D"}]},
            "D": {"Type": "Succeed"},
        },
    },
    "an intrinsic function that is none": {
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "Parameters": {"a.$": "States.Nothing('"}, "End": True}},
    },
    "JSONPath within JSONata within a Map": {
        "QueryLanguage": "JSONata",
        "StartAt": "M",
        "States": {
            "M": {
                "Type": "Map",
                "ItemProcessor": {
                    "StartAt": "P",
                    "States": {"P": {**PATH["States"]["P"], "QueryLanguage": "JSONPath"}},
                },
                "End": True,
            }
        },
    },
}


def long_definition(states: int, *, broken: bool = False) -> str:
    named: Definition = {f"s{number}": {"Type": "Pass", "Next": f"s{number + 1}"} for number in range(states)}
    last = {"Type": "Pass", "Result": {"a": [1, None, "é"]}, "ResultPath": "$.b"}
    named[f"s{states}"] = {**last, "Parameters": {"x.$": "States.Nothing("}} if broken else {**last, "End": True}
    return json.dumps({"StartAt": "s0", "States": named})


_THREADS: Final = 8
_ROLE: Final = "bad-neighbour"
_NEVER_ENDS: Final = "(a+)+$"
_ENDLESS: Final = f"{{% $match('{'a' * 40}!', /{_NEVER_ENDS}/) %}}"
_TEMPLATE: Final = {
    "Parameters": {"P": {"Type": "String", "AllowedPattern": _NEVER_ENDS}},
    "Resources": {"R": {"Type": "AWS::IAM::Group"}},
}
Deed = Callable[[], object]


class Guest:
    """One account's administrator."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._account = sandbox.accounts[OPERATOR]
        self.role = f"arn:aws:iam::{self._account.account_id}:role/{_ROLE}"
        trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
        try:
            self.client("iam").create_role(
                RoleName=_ROLE, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityAlreadyExists":
                raise

    def client(self, service: str) -> Any:
        return client_with(self._sandbox, service, self._account.access_key_id, self._account.secret_access_key)

    def machine(self, definition: Definition, kind: str = "STANDARD") -> str:
        name = f"bad-{uuid.uuid4().hex}"
        made = self.client("stepfunctions").create_state_machine(
            name=name, type=kind, roleArn=self.role, definition=json.dumps(definition)
        )
        return str(made["stateMachineArn"])


def _definitions(guest: Guest) -> Iterator[Deed]:
    """Definitions that the parser gives up on, each another one."""
    states = guest.client("stepfunctions")

    def validate() -> None:
        hostile = random.choice(list(HOSTILE.values()))
        states.validate_state_machine_definition(definition=json.dumps({"Comment": uuid.uuid4().hex, **hostile}))

    yield from [validate] * _THREADS


def _patterns(guest: Guest) -> Iterator[Deed]:
    """Patterns that Python's own engine would try for longer than a life, in every place that takes one."""
    states, stacks = guest.client("stepfunctions"), guest.client("cloudformation")
    state = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": _ENDLESS, "End": True}
    arn = guest.machine({"StartAt": "P", "States": {"P": state}})

    def stack() -> None:
        stacks.create_stack(
            StackName=f"bad-{uuid.uuid4().hex}",
            TemplateBody=json.dumps(_TEMPLATE),
            Parameters=[{"ParameterKey": "P", "ParameterValue": "a" * 40 + "!"}],
            Capabilities=["CAPABILITY_IAM"],
        )

    yield from [lambda: states.test_state(definition=json.dumps(state), roleArn=guest.role)] * 3
    yield from [lambda: states.start_execution(stateMachineArn=arn)] * 3
    yield from [stack] * 2


def _shares(guest: Guest) -> Iterator[Deed]:
    """As much at once as it gets: waiting calls, executions, long definitions, messages."""
    states, queues = guest.client("stepfunctions"), guest.client("sqs")
    waits = {"Type": "Wait", "Seconds": 30, "End": True}
    waiting = {"StartAt": "W", "States": {"W": waits}}
    sync, standard = guest.machine(waiting, "EXPRESS"), guest.machine(waiting)
    empty, full = (queues.create_queue(QueueName=f"bad-{uuid.uuid4().hex}")["QueueUrl"] for _ in range(2))
    long = long_definition(8000)

    def define() -> None:
        states.validate_state_machine_definition(definition=long + " " * random.randrange(1000))

    yield from [lambda: states.start_sync_execution(stateMachineArn=sync)] * 6
    yield from [lambda: states.test_state(definition=json.dumps(waits), roleArn=guest.role)] * 6
    yield from [lambda: queues.receive_message(QueueUrl=empty, WaitTimeSeconds=20)] * 8
    yield from [lambda: states.start_execution(stateMachineArn=standard)] * 4
    yield from [lambda: queues.send_message(QueueUrl=full, MessageBody="x" * 200_000)] * 2
    yield from [define] * 8


KINDS: Final[dict[str, Callable[[Guest], Iterator[Deed]]]] = {
    "definitions": _definitions,
    "patterns": _patterns,
    "shares": _shares,
}


def main(kind: str, seconds: str) -> None:
    sandbox = Sandbox.find()
    assert sandbox is not None
    guest = Guest(sandbox)
    deeds = [deed for name in (KINDS if kind == "all" else [kind]) for deed in KINDS[name](guest)]
    answered: Counter[str] = Counter()
    end = time.monotonic() + float(seconds)

    def go_on(deed: Deed) -> None:
        while time.monotonic() < end:
            try:
                deed()
                said = "OK"
            except ClientError as error:
                said = error.response["Error"]["Code"]
            except BotoCoreError as error:
                said = type(error).__name__
            answered[said] += 1

    for deed in deeds:
        threading.Thread(target=go_on, args=(deed,), daemon=True).start()
    time.sleep(max(0.0, end - time.monotonic()))
    sys.stdout.write(json.dumps(answered))


if __name__ == "__main__":
    main(*sys.argv[1:])
