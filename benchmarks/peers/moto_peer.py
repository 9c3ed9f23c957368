"""moto's own check, as its enforcement uses it, asked for the caller's policies and for the trust policy."""

from __future__ import annotations

import json

from moto.iam.access_control import IAMPolicy, PermissionResult
from protocol import Question, Work, serve


def compiled(question: Question) -> Work:
    asked = question["request"]
    account, session = asked["principal"].split(":")[4:6]
    role = f"arn:aws:iam::{account}:role/{session.split('/')[1]}"
    identity = [IAMPolicy(json.dumps(one)) for one in question["identityPolicies"]]
    trust = IAMPolicy(json.dumps(question["resourcePolicy"]))
    action, resource, context = asked["action"], asked["resource"], asked["context"]

    def work() -> bool:
        said = [policy.is_action_permitted(action, resource) for policy in identity]
        if PermissionResult.DENIED in said or PermissionResult.PERMITTED not in said:
            return False
        return trust.is_action_permitted(action, resource, role, context) is PermissionResult.PERMITTED

    return work


def raw(question: Question) -> Work:
    text = json.dumps(question)
    return lambda: compiled(json.loads(text))()


if __name__ == "__main__":
    serve(lambda question: bool(compiled(question)()), {"compiled": compiled, "raw JSON": raw})
