"""Which IAM actions a call through an AWS SDK integration asks for, and on what. Pure.

Where IAM's action has the operation's name, the kept data say so (`scripts/renew_actions.py`); where it has another
one, the tables below do. Their source is AWS's own documentation of the operation, as botocore's models carry it (a
test compares them), and of the few services that don't say it there the pages of `TOLD_ELSEWHERE`. The rest is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from xsfn_helpers.asl.acted_on import acted_on, texts_of
from xsfn_helpers.asl.arn_forms import UNKNOWN, AskedResource, CallingPlace, values_at
from xsfn_helpers.asl.asked import AskedPermissions, By, For, Permission, TaskCaller, Unknown, qualified
from xsfn_helpers.asl.known_parts import ANY
from xsfn_helpers.asl.passed_roles import HANDS_OVER, known_roles, passed_roles
from xsfn_helpers.iam.actions import IamAction, Lines, action

_REFERENCE: Final = "docs.aws.amazon.com/service-authorization/latest/reference"
_PAGE: Final = "docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html"


def _rows(prefix: str, text: str) -> dict[str, tuple[str, ...]]:
    """Lines of an operation and its actions, of this prefix unless they bring their own."""
    found = {}
    for line in text.strip().splitlines():
        operation, *actions = line.split()
        found[operation.lower()] = tuple(one if ":" in one else f"{prefix}:{one}" for one in actions)
    return found


# SDK service -> operation -> all of the actions that it asks for.
RENAMED: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "accessanalyzer": _rows("access-analyzer", "GetFindingV2 GetFinding\nListFindingsV2 ListFindings"),
        "apigatewaymanagementapi": _rows(
            "execute-api",
            "PostToConnection ManageConnections\nGetConnection ManageConnections\nDeleteConnection ManageConnections",
        ),
        "batch": _rows(
            "batch", "CancelJobs CancelJob\nTerminateJobs TerminateJob\nTerminateServiceJobs TerminateServiceJob"
        ),
        "bedrockagentruntime": _rows("bedrock", "RetrieveAndGenerateStream RetrieveAndGenerate"),
        "bedrockruntime": _rows(
            "bedrock",
            "Converse InvokeModel\nConverseStream InvokeModelWithResponseStream\nStartAsyncInvoke InvokeModel",
        ),
        "budgets": _rows(
            "budgets",
            """
            CreateBudget ModifyBudget
            CreateNotification ModifyBudget
            CreateSubscriber ModifyBudget
            DeleteBudget ModifyBudget
            DeleteNotification ModifyBudget
            DeleteSubscriber ModifyBudget
            UpdateBudget ModifyBudget
            UpdateNotification ModifyBudget
            UpdateSubscriber ModifyBudget
            DescribeBudget ViewBudget
            DescribeBudgetNotificationsForAccount ViewBudget
            DescribeBudgetPerformanceHistory ViewBudget
            DescribeBudgets ViewBudget
            DescribeNotificationsForBudget ViewBudget
            DescribeSubscribersForNotification ViewBudget
            """,
        ),
        "cloudsearchdomain": _rows("cloudsearch", "UploadDocuments document"),
        "databasemigration": _rows(
            "dms",
            """
            DescribeDataProviders ListDataProviders
            DescribeExtensionPackAssociations ListExtensionPacks
            DescribeInstanceProfiles ListInstanceProfiles
            DescribeMetadataModelAssessments ListMetadataModelAssessments
            DescribeMetadataModelConversions ListMetadataModelConversions
            DescribeMetadataModelExportsAsScript ListMetadataModelExports
            DescribeMetadataModelExportsToTarget ListMetadataModelExports
            DescribeMigrationProjects ListMigrationProjects
            ModifyConversionConfiguration UpdateConversionConfiguration
            ModifyDataProvider UpdateDataProvider
            ModifyInstanceProfile UpdateInstanceProfile
            ModifyMigrationProject UpdateMigrationProject
            StartExtensionPackAssociation AssociateExtensionPack
            StartMetadataModelExportAsScript StartMetadataModelExportAsScripts
            """,
        ),
        "dynamodb": _rows("dynamodb", "TransactGetItems GetItem"),
        "kms": _rows("kms", "ReEncrypt ReEncryptFrom ReEncryptTo"),
        "lambda": _rows("lambda", "Invoke InvokeFunction\nInvokeWithResponseStream InvokeFunction"),
        "neptunedata": _rows(
            "neptune-db",
            """
            CancelGremlinQuery CancelQuery
            CancelOpenCypherQuery CancelQuery
            DeletePropertygraphStatistics DeleteStatistics
            DeleteSparqlStatistics DeleteStatistics
            ExecuteFastReset ResetDatabase
            ExecuteGremlinProfileQuery ReadDataViaQuery
            ExecuteOpenCypherExplainQuery ReadDataViaQuery
            GetGremlinQueryStatus GetQueryStatus
            GetMLDataProcessingJob GetMLDataProcessingJobStatus
            GetMLEndpoint GetMLEndpointStatus
            GetMLModelTrainingJob GetMLModelTrainingJobStatus
            GetMLModelTransformJob GetMLModelTransformJobStatus
            GetOpenCypherQueryStatus GetQueryStatus
            GetPropertygraphStatistics GetStatisticsStatus
            GetPropertygraphStream GetStreamRecords
            GetPropertygraphSummary GetGraphSummary
            GetRDFGraphSummary GetGraphSummary
            GetSparqlStream GetStreamRecords
            ListGremlinQueries GetQueryStatus
            ListOpenCypherQueries GetQueryStatus
            ManagePropertygraphStatistics ManageStatistics
            ManageSparqlStatistics ManageStatistics
            """,
        ),
        "neptunegraph": _rows("neptune-graph", "GetQuery GetQueryStatus"),
        "s3": _rows(
            "s3",
            """
            CompleteMultipartUpload PutObject
            CopyObject GetObject PutObject
            CreateMultipartUpload PutObject
            CreateSession s3express:CreateSession
            DeleteBucketAnalyticsConfiguration PutAnalyticsConfiguration
            DeleteBucketCors PutBucketCORS
            DeleteBucketEncryption PutEncryptionConfiguration
            DeleteBucketIntelligentTieringConfiguration PutIntelligentTieringConfiguration
            DeleteBucketInventoryConfiguration PutInventoryConfiguration
            DeleteBucketLifecycle PutLifecycleConfiguration
            DeleteBucketMetadataConfiguration DeleteBucketMetadataTableConfiguration
            DeleteBucketMetricsConfiguration PutMetricsConfiguration
            DeleteBucketOwnershipControls PutBucketOwnershipControls
            DeleteBucketReplication PutReplicationConfiguration
            DeleteBucketTagging PutBucketTagging
            DeleteObjects DeleteObject
            DeletePublicAccessBlock PutBucketPublicAccessBlock
            GetBucketAccelerateConfiguration GetAccelerateConfiguration
            GetBucketAnalyticsConfiguration GetAnalyticsConfiguration
            GetBucketEncryption GetEncryptionConfiguration
            GetBucketIntelligentTieringConfiguration GetIntelligentTieringConfiguration
            GetBucketInventoryConfiguration GetInventoryConfiguration
            GetBucketLifecycle GetLifecycleConfiguration
            GetBucketLifecycleConfiguration GetLifecycleConfiguration
            GetBucketMetadataConfiguration GetBucketMetadataTableConfiguration
            GetBucketMetricsConfiguration GetMetricsConfiguration
            GetBucketNotificationConfiguration GetBucketNotification
            GetBucketReplication GetReplicationConfiguration
            GetObjectLockConfiguration GetBucketObjectLockConfiguration
            GetPublicAccessBlock GetBucketPublicAccessBlock
            HeadBucket ListBucket
            HeadObject GetObject
            ListBucketAnalyticsConfigurations GetAnalyticsConfiguration
            ListBucketIntelligentTieringConfigurations GetIntelligentTieringConfiguration
            ListBucketInventoryConfigurations GetInventoryConfiguration
            ListBucketMetricsConfigurations GetMetricsConfiguration
            ListBuckets ListAllMyBuckets
            ListDirectoryBuckets s3express:ListAllMyDirectoryBuckets
            ListMultipartUploads ListBucketMultipartUploads
            ListObjectVersions ListBucketVersions
            ListObjects ListBucket
            ListObjectsV2 ListBucket
            ListParts ListMultipartUploadParts
            PutBucketAccelerateConfiguration PutAccelerateConfiguration
            PutBucketAnalyticsConfiguration PutAnalyticsConfiguration
            PutBucketEncryption PutEncryptionConfiguration
            PutBucketIntelligentTieringConfiguration PutIntelligentTieringConfiguration
            PutBucketInventoryConfiguration PutInventoryConfiguration
            PutBucketLifecycle PutLifecycleConfiguration
            PutBucketLifecycleConfiguration PutLifecycleConfiguration
            PutBucketMetricsConfiguration PutMetricsConfiguration
            PutBucketNotificationConfiguration PutBucketNotification
            PutBucketReplication PutReplicationConfiguration
            PutObjectLockConfiguration PutBucketObjectLockConfiguration
            PutPublicAccessBlock PutBucketPublicAccessBlock
            SelectObjectContent GetObject
            UploadPart PutObject
            UploadPartCopy GetObject PutObject
            """,
        ),
        "s3control": _rows(
            "s3",
            """
            DeleteAccessPointScope s3express:DeleteAccessPointScope
            DeleteBucketLifecycleConfiguration s3-outposts:PutLifecycleConfiguration
            DeleteBucketReplication s3-outposts:PutReplicationConfiguration
            DeletePublicAccessBlock PutAccountPublicAccessBlock
            GetAccessPointScope s3express:GetAccessPointScope
            GetBucket s3-outposts:GetBucket
            GetBucketLifecycleConfiguration s3-outposts:GetLifecycleConfiguration
            GetBucketReplication s3-outposts:GetReplicationConfiguration
            GetPublicAccessBlock GetAccountPublicAccessBlock
            ListAccessPointsForDirectoryBuckets s3express:ListAccessPointsForDirectoryBuckets
            PutAccessPointScope s3express:PutAccessPointScope
            PutBucketReplication s3-outposts:PutReplicationConfiguration
            PutPublicAccessBlock PutAccountPublicAccessBlock
            """,
        ),
        "securityhub": _rows(
            "securityhub",
            "BatchUpdateFindingsV2 BatchUpdateFindings\nGetFindingStatisticsV2 GetAdhocInsightResults\n"
            "GetFindingsV2 GetFindings",
        ),
        "sns": _rows("sns", "PublishBatch Publish"),
        "sqs": _rows(
            "sqs",
            "SendMessageBatch SendMessage\nDeleteMessageBatch DeleteMessage\n"
            "ChangeMessageVisibilityBatch ChangeMessageVisibility",
        ),
        "taxsettings": _rows(
            "tax",
            "BatchGetTaxExemptions GetExemptions\nGetTaxExemptionTypes GetExemptions\nListTaxExemptions GetExemptions\n"
            "PutTaxExemption UpdateExemptions",
        ),
        "verifiedpermissions": _rows(
            "verifiedpermissions",
            """
            BatchGetPolicy GetPolicy
            BatchIsAuthorized IsAuthorized
            BatchIsAuthorizedWithToken IsAuthorizedWithToken
            """,
        ),
        "vpclattice": _rows("vpc-lattice", "BatchUpdateRule UpdateRule"),
    }
)
# Which of them it is hangs on the statement, the query, the items.
BY_CONTENT: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "dynamodb": _rows(
            "dynamodb",
            "ExecuteStatement PartiQLSelect PartiQLInsert PartiQLUpdate PartiQLDelete\n"
            "BatchExecuteStatement PartiQLSelect PartiQLInsert PartiQLUpdate PartiQLDelete\n"
            "ExecuteTransaction PartiQLSelect PartiQLInsert PartiQLUpdate PartiQLDelete\n"
            "TransactWriteItems PutItem UpdateItem DeleteItem ConditionCheckItem",
        ),
        "neptunedata": _rows(
            "neptune-db",
            "ExecuteGremlinQuery ReadDataViaQuery WriteDataViaQuery DeleteDataViaQuery\n"
            "ExecuteGremlinExplainQuery ReadDataViaQuery WriteDataViaQuery DeleteDataViaQuery\n"
            "ExecuteOpenCypherQuery ReadDataViaQuery WriteDataViaQuery DeleteDataViaQuery",
        ),
        "neptunegraph": _rows("neptune-graph", "ExecuteQuery ReadDataViaQuery WriteDataViaQuery DeleteDataViaQuery"),
        # A table's or a keyspace's data plane speaks CQL; the control plane asks for one of these.
        "keyspaces": _rows(
            "cassandra",
            "CreateKeyspace Create CreateMultiRegionResource\nDeleteKeyspace Drop DropMultiRegionResource\n"
            "GetKeyspace Select SelectMultiRegionResource\nListKeyspaces Select SelectMultiRegionResource\n"
            "CreateTable Create CreateMultiRegionResource\nDeleteTable Drop DropMultiRegionResource\n"
            "GetTable Select SelectMultiRegionResource\nListTables Select SelectMultiRegionResource\n"
            "UpdateTable Alter AlterMultiRegionResource\nRestoreTable Restore RestoreMultiRegionTable",
        ),
    }
)
# Services whose documentation of an operation doesn't always name its action, and the page that does.
TOLD_ELSEWHERE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "apigatewaymanagementapi": f"{_REFERENCE}/list_amazonapigateway.html",
        "budgets": f"{_REFERENCE}/list_awsbudgetservice.html",
        "cloudsearchdomain": f"{_REFERENCE}/list_amazoncloudsearch.html",
        "dynamodb": "docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html, …/ql-iam.html",
        "keyspaces": f"{_REFERENCE}/list_amazonkeyspacesforapachecassandra.html",
        "s3": "docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html",
        "s3control": "docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html",
        "sns": "docs.aws.amazon.com/sns/latest/dg/sns-batch-api-actions.html",
        "sqs": f"{_REFERENCE}/list_amazonsqs.html",
    }
)
# (service, operation, parameter): with the parameter given, the first action is this one instead.
WITH_PARAMETER: Final[Mapping[tuple[str, str, str], str]] = MappingProxyType(
    {
        ("s3", operation, "VersionId"): f"s3:{name}"
        for operation, name in (
            ("getobject", "GetObjectVersion"),
            ("headobject", "GetObjectVersion"),
            ("deleteobject", "DeleteObjectVersion"),
            ("getobjectacl", "GetObjectVersionAcl"),
            ("putobjectacl", "PutObjectVersionAcl"),
            ("getobjecttagging", "GetObjectVersionTagging"),
            ("putobjecttagging", "PutObjectVersionTagging"),
            ("deleteobjecttagging", "DeleteObjectVersionTagging"),
            ("getobjectattributes", "GetObjectVersionAttributes"),
        )
    }
)


def asked_of_sdk(service: str, operation: str, arguments: object, caller: TaskCaller) -> AskedPermissions:
    """What `arn:aws:states:::aws-sdk:SERVICE:OPERATION` asks for."""
    found = _service(service)
    if found is None:
        return AskedPermissions(unknown=Unknown.SERVICE, page=_PAGE)
    name = operation.lower()
    method = found.get("v", {}).get(name)
    if method is not None:
        return _of_api_gateway(method, caller)
    choice = BY_CONTENT.get(service, {}).get(name)
    if choice is not None:
        return AskedPermissions(unknown=Unknown.BY_CONTENT, candidates=choice, page=_PAGE)
    names = RENAMED.get(service, {}).get(name)
    if names is None:
        if name in found["u"]:
            return AskedPermissions(unknown=Unknown.ACTION, page=_PAGE)
        if name not in found["o"]:
            return AskedPermissions(unknown=Unknown.OPERATION, page=_PAGE)
        names = (f"{found['p']}:{name}",)
    for parameter in ("VersionId",):
        instead = WITH_PARAMETER.get((service, name, parameter))
        if instead is not None and (given := values_at(arguments, parameter)) is not None:
            if given == (ANY,) and not isinstance(arguments, Mapping):
                return AskedPermissions(unknown=Unknown.BY_CONTENT, candidates=(*names, instead), page=_PAGE)
            names = (instead, *names[1:])
    actions = [one for each in names if (one := action(each)) is not None]
    assert len(actions) == len(names)  # the data and the tables are checked against each other by the tests
    permissions = [one for each in actions for one in _of_action(each, arguments, caller)]
    if service == "s3" and name in ("copyobject", "uploadpartcopy"):
        permissions = list(_of_copy(permissions, arguments, caller.acting.partition))
    passed = [
        one
        for one in _passed(found.get("r", {}).get(name, ()), actions, arguments, caller.acting)
        if one.resource.unknown or all(one.resource != other.resource for other in permissions)
    ]
    return AskedPermissions(tuple(dict.fromkeys((*permissions, *passed))), page=_PAGE)


def services() -> tuple[str, ...]:
    """The services' names in `aws-sdk:` resources."""
    return _lines().names


@cache
def _lines() -> Lines:
    return Lines.read("xsfn_helpers.asl", "sdk_calls.gz")


@cache
def _service(name: str) -> Mapping[str, Any] | None:
    found = _lines().get(name)
    if found is None:
        return None
    lowered = {key: frozenset(one.lower() for one in found.get(key, ())) for key in ("o", "u")}
    by_name = {key: {name.lower(): one for name, one in found.get(key, {}).items()} for key in ("v", "r")}
    return {"p": found["p"], **lowered, **by_name}


def _of_api_gateway(method: tuple[str, str], caller: TaskCaller) -> AskedPermissions:
    verb, path = method
    place = caller.acting
    arn = f"arn:{place.partition}:apigateway:{place.region}::{re.sub(r'{[^}]*}', ANY, path)}"
    permission = Permission(f"apigateway:{verb}", AskedResource(arn, exact=ANY not in arn), For.CALL, By.ACTING)
    return AskedPermissions((permission,), page=_PAGE)


def _of_action(one: IamAction, arguments: object, caller: TaskCaller) -> Iterator[Permission]:
    for resource, certain in acted_on(one, arguments, caller.acting):
        yield qualified(Permission(str(one), resource, For.CALL, By.ACTING, certain=certain), arguments)
    for depends in one.depends_on:
        if depends != HANDS_OVER:
            yield Permission(depends, UNKNOWN, For.BEYOND, By.ACTING, certain=False)


def _of_copy(permissions: Iterable[Permission], arguments: object, partition: str) -> Iterator[Permission]:
    """CopyObject reads what `CopySource` names (`BUCKET/KEY`), and writes what Bucket and Key do."""
    source = (values_at(arguments, "CopySource") or (ANY,))[0].lstrip("/").partition("?")[0]
    for permission in permissions:
        if permission.action == "s3:GetObject":
            known = source != ANY and not source.startswith("arn:")
            resource = AskedResource(f"arn:{partition}:s3:::{source}", ANY not in source) if known else UNKNOWN
            yield Permission(permission.action, resource, permission.purpose, permission.by)
        else:
            yield permission


def _passed(
    paths: Sequence[str], actions: Sequence[IamAction], arguments: object, place: CallingPlace
) -> Iterator[Permission]:
    """A role that the call hands to the service needs iam:PassRole; one of unknown use is told, and not decided.

    Where none is given, what the call is about may name one, as a task definition of ECS does: that is told as well.
    """
    passes = any(HANDS_OVER in one.depends_on for one in actions)
    asked = list(passed_roles(paths, arguments, place, actions[0].prefix, passes=passes))
    yield from asked
    known = list(known_roles(texts_of(arguments)))
    if passes and not asked and not known:
        yield Permission(HANDS_OVER, UNKNOWN, For.BEYOND, By.ACTING, certain=False)
    for role in known:
        if all(one.resource.arn != role for one in asked):
            decided = passes and not paths
            purpose = For.HAND_OVER if decided else For.BEYOND
            yield Permission(HANDS_OVER, AskedResource(role), purpose, By.ACTING, certain=decided)
