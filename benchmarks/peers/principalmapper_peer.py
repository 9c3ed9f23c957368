"""principalmapper (pmapper): its local authorization check, which knows trust policies and two accounts."""

from __future__ import annotations

import collections
import collections.abc
import json
import logging

for name in ("Mapping", "MutableMapping"):
    if not hasattr(collections, name):  # gone since Python 3.10, and this package still asks for them here
        setattr(collections, name, getattr(collections.abc, name))

from principalmapper.common import Node, Policy  # noqa: E402
from principalmapper.querying.query_interface import local_check_authorization_full  # noqa: E402
from protocol import Question, Work, serve  # noqa: E402

logging.disable()


def compiled(question: Question) -> Work:
    asked = question["request"]
    account, session = asked["principal"].split(":")[4:6]
    role = f"arn:aws:iam::{account}:role/{session.split('/')[1]}"
    node = Node(
        arn=role,
        id_value="AROAEXAMPLE",
        attached_policies=[Policy(role, f"p{at}", one) for at, one in enumerate(question["identityPolicies"])],
        group_memberships=[],
        trust_policy={"Version": "2012-10-17", "Statement": []},
        instance_profile=None,
        num_access_keys=0,
        active_password=False,
        is_admin=False,
        permissions_boundary=None,
        has_mfa=False,
        tags={},
    )
    trust, context = question["resourcePolicy"], asked["context"]
    action, resource, owner = asked["action"], asked["resource"], asked["resourceAccount"]
    return lambda: local_check_authorization_full(node, action, resource, dict(context), trust, owner)


def raw(question: Question) -> Work:
    text = json.dumps(question)
    return lambda: compiled(json.loads(text))()


if __name__ == "__main__":
    serve(lambda question: bool(compiled(question)()), {"compiled": compiled, "raw JSON": raw})
