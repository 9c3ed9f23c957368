"""Requests of somebody who may ask, with parameters that nobody would send: each is answered in AWS's own form.

`make test` sends 1,000; HOSTILE=10000 in the environment sends that many, HOSTILE_SEED=n others.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import psutil
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

from tests.sandbox.raw_http import FORM, signed
from tests.sandbox.world import World
from xsfn_helpers.sandbox.process.server import Sandbox

COUNT = int(os.environ.get("HOSTILE", "1000"))
SEED = int(os.environ.get("HOSTILE_SEED", "1"))
SLOWEST_SECONDS = 5.0  # of a processor

TEXTS = (
    *("", " ", "\0", "\n", "*", "..", "../../etc/passwd", "None", "null", "${aws:username}", "{}", "[]", "%00", "%s%n"),
    *("ａｄｍｉｎ", "\ud800", "\u202e", "🜏" * 50, "a" * 129, "x" * 5000, "<a>&amp;]]>", "';--", "-1", "1e999", "NaN"),
    *("a-" * 40 + "!", "arn:aws:iam::111111111111:role/", "arn:aws:iam::111111111111:role/a/../b", ":::::::", "arn:"),
    *("arn:aws:states:ap-northeast-1:222222222222:stateMachine:x", "arn:aws:states:::stateMachine:", "true"),
    *(
        '{"Version":"2012-10-17","Statement":[]}',
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow"}}',
        '{"a":' * 900,
    ),
    *('{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}', '{"StartAt":1,"States":[]}', "[" * 2000, '"' * 999),
)
ODDITIES = (
    None,
    True,
    False,
    0,
    -1,
    2**63,
    1e308,
    0.5,
    [],
    {},
    [None],
    [[]],
    {"": None},
    "text",
    [{}],
    {"a": {"b": []}},
)


OFFERED = ("Role", "User", "Group", "Policy", "Policies", "AccessKey")


class Mischief:
    """Random requests: parameters as the service's model has them, some of them something else."""

    def __init__(self, world: World, seed: int) -> None:
        self._chance = random.Random(seed)
        scenario = world.scenario
        self._plausible = (
            *(scenario.subject_machine_arn, scenario.operator_machine_arn, scenario.execute_role_arn),
            *(scenario.operator_role_arn, scenario.operator_role_name, scenario.operator_machine_name),
            f"{scenario.operator_machine_arn.replace(':stateMachine:', ':execution:')}:run",
            f"{scenario.operator_machine_arn}:1",
        )
        loader = Loader()
        self._models = {
            service: ServiceModel(loader.load_service_model(model, "service-2"))
            for service, model in (("states", "stepfunctions"), ("iam", "iam"), ("sts", "sts"))
        }
        self._operations = {service: tuple(model.operation_names) for service, model in self._models.items()}
        # Most of IAM isn't offered; the more of the rest.
        iam = [name for name in self._operations["iam"] if any(word in name for word in OFFERED)]
        self._operations["iam"] = (*self._operations["iam"], *iam * 5)

    def request(self) -> tuple[str, str, dict[str, str], bytes]:
        """(service, operation, headers, body)"""
        service = self._chance.choice(("states", "states", "iam", "sts"))
        model = self._models[service]
        operation = self._chance.choice(self._operations[service])
        shape = model.operation_model(operation).input_shape
        params = self._value(shape, 0) if shape is not None else {}
        if service == "states":
            kind = (
                "application/x-amz-json-1.0"
                if self._chance.random() < 0.95
                else self._chance.choice((FORM, "text/html"))
            )
            headers = {"Content-Type": kind, "X-Amz-Target": f"AWSStepFunctions.{operation}"}
            return service, operation, headers, self._json(params)
        form = [("Action", operation), ("Version", model.api_version), *_flat("", params)]
        body = urlencode([tuple(part.encode("utf-8", "surrogatepass") for part in field) for field in form]).encode()
        return service, operation, {"Content-Type": FORM}, self._damaged(body)

    def _json(self, params: Any) -> bytes:
        if self._chance.random() < 0.05:
            return self._chance.choice(
                (b"", b"[]", b"null", b"9" * 5000, b"[" * 50_000, b"\xff\xfe", b'{"a":NaN}', b'"')
            )
        return self._damaged(json.dumps(params).encode())

    def _damaged(self, body: bytes) -> bytes:
        if body and self._chance.random() < 0.05:
            at = self._chance.randrange(len(body))
            return body[:at] + self._chance.randbytes(3) + body[at:]
        return body

    def _value(self, shape: Shape, depth: int) -> Any:
        chance = self._chance
        if depth and chance.random() < 0.08:
            return chance.choice(ODDITIES)
        if shape.type_name == "structure":
            members: dict[str, Shape] = shape.members
            return {
                name: self._value(member, depth + 1)
                for name, member in members.items()
                if name in shape.required_members or chance.random() < 0.3
            }
        if shape.type_name == "list":
            return [self._value(shape.member, depth + 1) for _ in range(chance.choice((0, 1, 2, 60)))]
        if shape.type_name == "map":
            return {chance.choice(TEXTS): self._value(shape.value, depth + 1)}
        if shape.type_name == "string":
            return chance.choice((chance.choice(self._plausible), chance.choice(TEXTS), *(shape.enum or ())))
        return chance.choice((0, 1, -1, 900, 10**6, 2**40, True))


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _flat(f"{prefix}.{name}" if prefix else name, item)
    elif isinstance(value, list):
        for index, item in enumerate(value, 1):
            yield from _flat(f"{prefix}.member.{index}", item)
    else:
        yield prefix, str(value)


def _processor_seconds(process: psutil.Process) -> float:
    """What it has worked, which other work on the machine doesn't make more."""
    times = process.cpu_times()
    return float(times.user + times.system)


def test_hostile_parameters_are_answered_in_awss_form(mortal: Sandbox) -> None:
    world = World.fresh(mortal).build()
    world.run()
    mischief = Mischief(world, SEED)
    answers: Counter[str] = Counter()
    faults: list[str] = []
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(mortal.endpoint_url).port or 0, timeout=60)
    server = psutil.Process(mortal.pid)
    for number in range(COUNT):
        service, operation, headers, body = mischief.request()
        before = _processor_seconds(server)
        connection.request("POST", "/", body, dict(signed(mortal, body, service=service, extra=headers)))
        response = connection.getresponse()
        answer = response.read()
        took = _processor_seconds(server) - before
        code = _code(service, answer)
        answers[f"{response.status // 100}xx"] += 1
        if response.status >= 500 or code is None or took > SLOWEST_SECONDS:
            faults.append(f"{number}: {operation} {response.status} {took:.1f} s {body[:1500]!r} -> {answer[:300]!r}")
    connection.close()

    assert faults == []
    assert answers.total() == COUNT
    assert answers["2xx"] > COUNT / 50
    assert World.fresh(mortal).build().run().status == "SUCCEEDED"


def _code(service: str, answer: bytes) -> str | None:
    """The error's code, empty for none; None for an answer that an AWS client couldn't read."""
    try:
        if service == "states":
            return str(json.loads(answer).get("__type", "")) if answer else ""
        return ElementTree.fromstring(answer).findtext(".//{*}Code", "")
    except (ValueError, AttributeError, ElementTree.ParseError):
        return None
