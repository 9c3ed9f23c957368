"""Which services' resources may have a policy of their own, which could let a caller in as well. A table. Pure.

Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html, and of each service the
actions that write such a policy (Service Authorization Reference): a service without any has no such policies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from xsfn_helpers.iam.actions import action
from xsfn_helpers.iam.overlap import meets

_VARIABLE: Final = re.compile(r"\$\{\w+\}")
_ALL: Final[frozenset[str]] = frozenset()
_EVERY_RESOURCE: Final = (
    *("acm-pca", "agent-registry", "aiops", "apigateway", "appsync", "aps", "arc-region-switch", "aws-marketplace"),
    *("backup", "bedrock", "bedrock-agentcore", "billing", "cleanrooms-ml", "cloudfront", "cloudhsm", "cloudsearch"),
    *("cloudtrail", "cloudtrail-data", "codeartifact", "codebuild", "codeguru-profiler", "comprehend", "dsql"),
    *("dynamodb", "ecr", "ecr-public", "elasticfilesystem", "entityresolution", "es", "events", "execute-api", "fsx"),
    *("glacier", "kafka", "kinesis", "kms", "lambda", "lex", "logs", "lookoutequipment", "mediaconvert", "mediastore"),
    *("mpa", "network-firewall", "networkmanager", "odb", "omics", "osis", "payment-cryptography", "qbusiness", "ram"),
    *("redshift", "redshift-serverless", "refactor-spaces", "rekognition", "resource-explorer-2", "resource-groups"),
    *("route53-recovery-control-config", "route53resolver", "rum", "s3", "s3-object-lambda", "s3-outposts"),
    *("s3express", "s3files", "s3tables", "s3vectors", "schemas", "secretsmanager", "serverlessrepo"),
    *("servicecatalog", "servicediscovery", "ses", "signer", "sms-voice", "sns", "sqs", "ssm", "ssm-contacts"),
    *("ssm-incidents", "ssm-sap", "sts", "vpc-lattice", "waf", "waf-regional", "wafv2", "xray"),
)
# Prefix -> the types of resources that may have one; none given: all.
WITH: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        **dict.fromkeys(_EVERY_RESOURCE, _ALL),
        # The Data Catalog's; jobs have none: …/step-functions/latest/dg/connect-glue.html
        "glue": frozenset({"catalog", "rootcatalog", "database", "table", "connection", "userdefinedfunction"}),
        "sagemaker": frozenset(
            {"model-package-group", "model-package", "feature-group", "hub", "hub-content", "pipeline"}
        ),
    }
)
# Their actions that sound like it write something else: identity policies, shares, a delegation of the actions on
# policies (docs.aws.amazon.com/organizations/latest/userguide/orgs_delegate_policies.html).
WITHOUT: Final = frozenset({"ec2", "iam", "organizations", "states"})


# What such a policy can't give to another account, whatever it says:
# docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html and
# docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-customer-managed-policy-examples.html
# ("Limitations of custom policies"). Of keys the few that can be given are known; of queues those that can't.
_OF_KEYS_FOR_OTHERS: Final = frozenset(
    {
        *("kms:creategrant", "kms:decrypt", "kms:derivesharedsecret", "kms:describekey", "kms:encrypt"),
        *("kms:generatedatakey", "kms:generatedatakeypair", "kms:generatedatakeypairwithoutplaintext"),
        *("kms:generatedatakeywithoutplaintext", "kms:generatemac", "kms:generaterandom", "kms:getkeyrotationstatus"),
        *("kms:getpublickey", "kms:listgrants", "kms:reencryptfrom", "kms:reencryptto", "kms:retiregrant"),
        *("kms:revokegrant", "kms:sign", "kms:verify", "kms:verifymac"),
    }
)
_OF_QUEUES_FOR_THEIR_OWN: Final = frozenset(
    {
        *("sqs:addpermission", "sqs:cancelmessagemovetask", "sqs:createqueue", "sqs:deletequeue"),
        *("sqs:listmessagemovetasks", "sqs:listqueues", "sqs:listqueuetags", "sqs:removepermission"),
        *("sqs:setqueueattributes", "sqs:startmessagemovetask", "sqs:tagqueue", "sqs:untagqueue"),
    }
)


def works_across_accounts(action: str) -> bool:
    """Whether a policy of the resource can allow this (lower-case) action to another account."""
    if action.startswith("kms:"):
        return action in _OF_KEYS_FOR_OTHERS
    return action not in _OF_QUEUES_FOR_THEIR_OWN


def may_be_let_in_by_the_resource(name: str, resource: str = "") -> bool:
    """Whether what this action acts on may have a policy of its own; true of an action that nobody knows.

    `resource` is its ARN as far as it is known, `*` in the place of what isn't: an action may be one for many kinds of
    things, as sagemaker:AddTags is.
    """
    prefix = name.partition(":")[0].lower()
    if prefix in WITHOUT:
        return False
    one = action(name)
    if one is None:
        return True
    types = WITH.get(prefix)
    if types is None or not types:
        return types is not None
    kinds = [kind for kind in one.types if resource and meets(_VARIABLE.sub("*", kind.arn), resource)]
    return any(kind.name in types for kind in kinds or one.types)
