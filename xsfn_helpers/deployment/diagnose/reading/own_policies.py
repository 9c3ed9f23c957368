"""The policies that resources have themselves: a function's, a queue's, a bucket's, a topic's. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from xsfn_helpers.common.arns import Arn
from xsfn_helpers.deployment.diagnose.evidence import ResourcePolicy, read_document


def owner_of(resource: str) -> str:
    """The ARN of what has the policy, of an object its bucket, without a version; empty where it isn't known."""
    found = Arn.parse(resource)
    if found is None or "*" in resource or "${" in resource:
        bucket, _, key = resource.partition("/")
        found = Arn.parse(bucket) if key and "*" not in bucket and "${" not in bucket else None
        return bucket if found is not None and found.service == "s3" else ""
    if found.service == "s3":
        return resource.partition("/")[0]
    if found.service == "lambda":
        return ":".join(resource.split(":")[:7])
    return resource


def policies_in(answer: Mapping[str, Any]) -> Iterator[tuple[str, ResourcePolicy]]:
    """What `aws lambda get-policy`, `s3api get-bucket-policy` and `sqs get-queue-attributes` answer, by ARN."""
    attributes = answer.get("Attributes")
    if isinstance(attributes, Mapping) and (arn := attributes.get("QueueArn") or attributes.get("TopicArn")):
        yield str(arn), ResourcePolicy(read_document(attributes.get("Policy")))
        return
    document = read_document(answer.get("Policy"))
    if document is None:
        return
    owners = {
        owner_of(str(arn))
        for one in _statements(document)
        if isinstance(one, Mapping)
        for arn in (one["Resource"] if isinstance(one.get("Resource"), list) else [one.get("Resource")])
    }
    if len(owners) == 1 and "" not in owners:
        yield owners.pop(), ResourcePolicy(document)


def key_policy_in(answer: Mapping[str, Any]) -> ResourcePolicy | None:
    """What `aws kms get-key-policy` answers, which doesn't tell the key."""
    document = read_document(answer.get("Policy"))
    if document is None or isinstance(answer.get("Policy"), Mapping):
        return None
    statements = [one for one in _statements(document) if isinstance(one, Mapping)]
    actions = [str(one.get("Action", one.get("NotAction", ""))) for one in statements]
    named = answer.get("PolicyName") == "default"
    of_key = bool(statements) and all(one.get("Resource") == "*" for one in statements) and "kms:" in "".join(actions)
    return ResourcePolicy(document) if named or of_key else None


def default_key_policy(partition: str, account: str) -> ResourcePolicy:
    """The policy of a key that was made without one: the account's own policies decide.

    Source: docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    root = {"AWS": f"arn:{partition}:iam::{account}:root"}
    statement = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    return ResourcePolicy({"Version": "2012-10-17", "Statement": [statement]})


def joined(known: ResourcePolicy | None, more: ResourcePolicy) -> ResourcePolicy:
    """Two documents about one resource: what any of them says counts."""
    if known is None or known.document is None or more.document is None:
        return more if known is None or known.document is None else known
    statements = [*_statements(known.document), *_statements(more.document)]
    whole, unsure = known.whole and more.whole, known.unsure or more.unsure
    return ResourcePolicy({**known.document, "Statement": statements}, whole, unsure)


def _statements(document: Mapping[str, Any]) -> list[Any]:
    found = document.get("Statement", [])
    return found if isinstance(found, list) else [found]
