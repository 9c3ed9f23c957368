"""iamspy (ZeusCloud's fork, which still installs): turns the account's authorization details into a model for Z3."""

from __future__ import annotations

import json
import logging
from typing import Any

from protocol import Question, Work, serve
from zeuscloud_iamspy import Model

logging.disable()
_ANYTHING: dict[str, Any] = {"Version": "2012-10-17", "Statement": []}


def compiled(question: Question) -> Work:
    asked = question["request"]
    account, session = asked["principal"].split(":")[4:6]
    role = f"arn:aws:iam::{account}:role/{session.split('/')[1]}"
    model = Model()
    model.load_gaad_json(
        {
            "UserDetailList": [],
            "GroupDetailList": [],
            "Policies": [],
            "RoleDetailList": [
                _role(role, _ANYTHING, question["identityPolicies"]),
                _role(asked["resource"], question["resourcePolicy"], []),
            ],
        }
    )
    conditions = [f"{key}={value}" for key, value in asked["context"].items()]
    return lambda: model.can_i(role, asked["action"], asked["resource"], conditions, strict_conditions=True)


def _role(arn: str, trust: dict[str, Any], policies: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "Path": "/",
        "RoleName": arn.rpartition("/")[2],
        "RoleId": "AROAEXAMPLE",
        "Arn": arn,
        "CreateDate": "2026-11-24T09:00:00Z",
        "AssumeRolePolicyDocument": trust,
        "InstanceProfileList": [],
        "RolePolicyList": [{"PolicyName": f"p{at}", "PolicyDocument": one} for at, one in enumerate(policies)],
        "RoleLastUsed": {},
    }


def raw(question: Question) -> Work:
    text = json.dumps(question)
    return lambda: compiled(json.loads(text))()


if __name__ == "__main__":
    serve(lambda question: bool(compiled(question)()), {"compiled": compiled, "raw JSON": raw})
