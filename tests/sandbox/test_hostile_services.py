"""Lambda, DynamoDB, S3 and SQS asked for what nobody would ask: a denial in AWS's form, never a failure of ours.

Without a network and a gateway, which have tests of their own. `make test` makes 4,000 requests; HOSTILE=10000 in the
environment makes that many, HOSTILE_SEED=n others.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

from tests.sandbox.test_hostile_parameters import ODDITIES, TEXTS
from xsfn_helpers.iam import Policies, Principal, Request, decide
from xsfn_helpers.sandbox.gateway.calls import CallPlace
from xsfn_helpers.sandbox.gateway.errors import Refusal, error_response
from xsfn_helpers.sandbox.http.wire import HttpRequest
from xsfn_helpers.sandbox.journal import Journal
from xsfn_helpers.sandbox.services.offered import Offered
from xsfn_helpers.sandbox.services.service import Asked, Asker

COUNT = int(os.environ.get("HOSTILE", "4000"))
SEED = int(os.environ.get("HOSTILE_SEED", "1"))
TARGETS = {"dynamodb": "DynamoDB_20120810", "sqs": "AmazonSQS"}
PLACE = CallPlace("111111111111", "ap-northeast-1", "aws", lambda kind, name: None)
PLAUSIBLE = ("things", "id", "S", "HASH", "https://sqs.ap-northeast-1.amazonaws.com/111111111111/things")
CALLER = Principal.parse("arn:aws:iam::111111111111:user/somebody")
METHODS = ("GET", "PUT", "POST", "DELETE", "HEAD")


class AnyRole:
    """A role that any service may assume."""

    def assumable_by(self, service_principal: str, role_arn: str, source_arn: str) -> bool:
        return True


class Mischief:
    """Random requests of one service: its model's parameters, some of them something else."""

    def __init__(self, service: str, seed: int) -> None:
        self._service = service
        self._chance = random.Random(f"{seed} {service}")
        self._model = ServiceModel(Loader().load_service_model(service, "service-2"))

    def request(self) -> HttpRequest:
        chance = self._chance
        if self._service in TARGETS:
            operation = chance.choice(self._model.operation_names)
            shape = self._model.operation_model(operation).input_shape
            body = json.dumps(self._value(shape, 0) if shape else {}).encode()
            return HttpRequest("POST", "/", "", {"x-amz-target": f"{TARGETS[self._service]}.{operation}"}, body)
        if self._service == "s3":
            names = "/".join(chance.choice(("things", *TEXTS))[:200] for _ in range(chance.choice((0, 1, 1, 2, 2, 3))))
            query = chance.choice(
                (
                    "",
                    "list-type=2",
                    "tagging",
                    urlencode({"list-type": "2", "prefix": "%", "max-keys": chance.choice(("-3", "x", "2"))}),
                    "&&=&%",
                )
            )
            body = chance.choice((b"", b"x", b"<Tags>", b"<!DOCTYPE a><Tags>", b"<LocationConstraint>eu-west-1"))
            path = "/" + quote(names.encode("utf-8", "surrogatepass"), safe="/~%")
            return HttpRequest(chance.choice(METHODS), path, query, {"x-amz-date": "now"}, body)
        path = chance.choice(
            ("", "/things", "/things/configuration", f"/{quote('arn:aws:lambda:::', safe='')}", "/a/b/c")
        )
        shape = self._model.operation_model("CreateFunction").input_shape
        body = json.dumps(self._value(shape, 0)).encode() if shape and path == "" else b""
        return HttpRequest(chance.choice(METHODS), f"/2015-03-31/functions{path}", "", {}, body)

    def _value(self, shape: Shape, depth: int) -> object:
        chance = self._chance
        if depth and chance.random() < 0.08:
            return chance.choice(ODDITIES)
        if depth > 6:
            return None
        if shape.type_name == "structure":
            return {
                name: self._value(member, depth + 1)
                for name, member in shape.members.items()
                if name in shape.required_members or chance.random() < 0.2
            }
        if shape.type_name == "list":
            return [self._value(shape.member, depth + 1) for _ in range(chance.choice((0, 1, 2, 30)))]
        if shape.type_name == "map":
            return {chance.choice((*TEXTS, "id")): self._value(shape.value, depth + 1)}
        if shape.type_name in ("string", "blob"):
            return chance.choice((chance.choice(PLAUSIBLE), chance.choice(TEXTS), *(getattr(shape, "enum", ()) or ())))
        return chance.choice((0, 1, -1, 900, 10**6, 2**40, True))


@pytest.mark.parametrize("service", ["lambda", "dynamodb", "s3", "sqs"])
def test_hostile_requests_are_refused_in_awss_form(service: str, tmp_path: Path) -> None:
    journal, _ = Journal.open(tmp_path / "journal.db")
    asked = Offered(journal, {}).service(service)
    assert asked is not None
    mischief = Mischief(service, SEED)
    answers: Counter[str] = Counter()
    for _ in range(COUNT // 4):
        request = mischief.request()
        try:
            call = asked.read(request, PLACE)
            for demand in call.demands:  # as the gateway decides it
                tags = {f"aws:ResourceTag/{key}": value for key, value in asked.tags_of(demand.resource).items()}
                decide(
                    Request(
                        CALLER, demand.action, demand.resource, demand.resource_account, {**tags, **demand.context}
                    ),
                    Policies(),
                )
            answer = asked.answer(Asked(call, PLACE, "request", AnyRole(), Asker("AKIAXSFNEXAMPLE", "")))
        except Refusal as refusal:
            answer = error_response(refusal, service=service, request_id="request")
        answers[f"{answer.status // 100}xx"] += 1
    journal.close()

    assert answers["5xx"] == 0
    assert answers["2xx"] > 0
    assert answers["4xx"] > answers["2xx"]
