"""The policies that a template gives queues, buckets, topics, tables, buses, secrets, functions and keys. Pure.

Source: docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference, of each type of resource.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from xsfn_helpers.deployment.diagnose.evidence import ResourcePolicy, read_document
from xsfn_helpers.deployment.diagnose.reading.own_policies import default_key_policy, owner_of
from xsfn_helpers.deployment.diagnose.reading.pieces import StackSite
from xsfn_helpers.deployment.diagnose.reading.templates.parts import listed_in

KEY: Final = "AWS::KMS::Key"
# Which property tells whose policy it is, and the service.
_APART: Final[Mapping[str, tuple[str, str]]] = {
    "AWS::SQS::QueuePolicy": ("Queues", "sqs"),
    "AWS::SQS::QueueInlinePolicy": ("Queue", "sqs"),
    "AWS::S3::BucketPolicy": ("Bucket", "s3"),
    "AWS::SNS::TopicPolicy": ("Topics", "sns"),
    "AWS::SNS::TopicInlinePolicy": ("TopicArn", "sns"),
    "AWS::SecretsManager::ResourcePolicy": ("SecretId", "secretsmanager"),
    "AWS::Kinesis::ResourcePolicy": ("ResourceArn", "kinesis"),
}
_DOCUMENTS: Final = ("PolicyDocument", "ResourcePolicy")
_PERMISSION: Final = "AWS::Lambda::Permission"
_BUS_POLICY: Final = "AWS::Events::EventBusPolicy"


def written_policies(
    kind: str, properties: Mapping[str, Any], arn: str, site: StackSite
) -> Iterator[tuple[str, ResourcePolicy]]:
    """What a resource of this type, of this ARN, says of the policies of resources, by their ARNs."""
    if kind == _PERMISSION:
        yield from _permission(properties, site)
    elif kind == KEY:
        own = read_document(properties.get("KeyPolicy"))
        if "KeyPolicy" not in properties:
            yield arn, default_key_policy(site.partition, site.account)
        elif own is not None:
            yield arn, ResourcePolicy(own)
    elif kind in _APART:
        yield from _apart(properties, site, *_APART[kind])
    elif kind == "AWS::DynamoDB::Table":
        given = properties.get("ResourcePolicy")
        document = read_document(given.get("PolicyDocument")) if isinstance(given, Mapping) else None
        if document is not None and arn:
            yield arn, ResourcePolicy(document)
    elif kind == "AWS::Events::EventBus" and (document := read_document(properties.get("Policy"))) is not None:
        yield arn, ResourcePolicy(document, whole=False)
    elif kind == _BUS_POLICY and isinstance(properties.get("Statement"), Mapping):
        bus = site.regional("events", f"event-bus/{properties.get('EventBusName', 'default')}")
        if "${" not in bus:
            document = {"Version": "2012-10-17", "Statement": [properties["Statement"]]}
            yield bus, ResourcePolicy(document, whole=False)


def _apart(
    properties: Mapping[str, Any], site: StackSite, key: str, service: str
) -> Iterator[tuple[str, ResourcePolicy]]:
    document = next((found for name in _DOCUMENTS if (found := read_document(properties.get(name))) is not None), None)
    for one in listed_in(properties.get(key)):
        arn = f"arn:{site.partition}:s3:::{one}" if service == "s3" else str(one)
        if service == "sqs":
            arn = site.regional("sqs", str(one).rpartition("/")[2])
        if document is not None and "${" not in arn:
            yield arn, ResourcePolicy(document)


def _permission(properties: Mapping[str, Any], site: StackSite) -> Iterator[tuple[str, ResourcePolicy]]:
    """One statement of a function's policy, which other stacks and people may have added to."""
    function, principal = str(properties.get("FunctionName", "")), str(properties.get("Principal", ""))
    arn = function if function.startswith("arn:") else site.regional("lambda", f"function:{function}")
    if "${" in function or not function:
        return
    who = {"Service": principal} if principal.endswith(".amazonaws.com") else {"AWS": principal}
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": who,
        "Action": properties.get("Action", "lambda:InvokeFunction"),
        "Resource": arn,
    }
    keys = {"SourceArn": ("ArnLike", "aws:SourceArn"), "SourceAccount": ("StringEquals", "aws:SourceAccount")}
    keys |= {"PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID")}
    keys |= {"EventSourceToken": ("StringEquals", "lambda:EventSourceToken")}
    keys |= {"FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType")}
    for key, (test, variable) in keys.items():
        if key in properties:
            statement.setdefault("Condition", {}).setdefault(test, {})[variable] = properties[key]
    document = {"Version": "2012-10-17", "Statement": [statement]}
    yield owner_of(arn), ResourcePolicy(document, whole=False)
