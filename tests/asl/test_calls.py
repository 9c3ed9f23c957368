"""What tasks ask AWS for: the table against IAM's own list of actions, and rows of it against AWS's pages."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Any

import botocore.session
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xsfn_helpers.asl import sdk_calls
from xsfn_helpers.asl.arn_forms import CallingPlace, formed
from xsfn_helpers.asl.asked import AskedPermissions, By, For, Need, Pattern, TaskCaller, Unknown
from xsfn_helpers.asl.distributed_map import asked_of_map, child_machine
from xsfn_helpers.asl.integrations import asked_of
from xsfn_helpers.asl.optimised import TABLE
from xsfn_helpers.iam.actions import IamAction, action

OWN = CallingPlace("111111111111", "eu-west-1", "aws")
OTHER = CallingPlace("222222222222", "eu-west-1", "aws")
PARENT = "arn:aws:states:eu-west-1:111111111111:stateMachine:parent"
CHILD = "arn:aws:states:eu-west-1:222222222222:stateMachine:child"
EXECUTIONS = "arn:aws:states:eu-west-1:222222222222:execution:child"
ACROSS = TaskCaller(OTHER, OWN, PARENT, credentials=True)
WITHIN = TaskCaller(OWN, OWN, PARENT)
ROWS = [(row, way, need) for row in TABLE.values() for way, needs in row.needs.items() for need in needs]


def known(name: str) -> IamAction:
    found = action(name)
    assert found is not None, f"IAM has no {name}"
    return found


# --- the table itself


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.name)
def test_every_row_has_a_page_and_names_actions_that_iam_has(row: Any) -> None:
    assert row.page.startswith("docs.aws.amazon.com/step-functions/latest/dg/")
    for needs in row.needs.values():
        for need in needs:
            assert str(known(need.action)) == need.action


# The reference lists neither the resource nor the condition keys of AWS's own policy for it: …/call-https-apis.html
ELSEWHERE = {"states:InvokeHTTPEndpoint"}
# Nor these resources, which AWS's own policies have: …/emr-serverless-iam.html, …/connect-sns.html (a phone's number)
NOT_LISTED = {
    ("emr-serverless:CreateApplication", "arn:{p}:emr-serverless:{r}:{a}:/*"),
    ("sns:Publish", "*"),
    ("bedrock:CreateModelCustomizationJob", "arn:{p}:bedrock:{r}:{a}:model-customization-job/*"),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.name)
def test_every_condition_key_is_one_of_its_action(row: Any) -> None:
    for needs in row.needs.values():
        for need in needs:
            one = known(need.action)
            keys = {*one.keys, *(key for kind in one.types for key in kind.keys)}
            assert need.action in ELSEWHERE or {key for key, _ in need.context} <= keys


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.name)
def test_every_row_acts_on_a_kind_of_resource_that_its_action_can_be_allowed_on(row: Any) -> None:
    for need in dict.fromkeys(need for needs in row.needs.values() for need in needs):
        listed = need.action not in ELSEWHERE and (need.action, need.form) not in NOT_LISTED
        if listed and need.purpose is not For.BEYOND:
            fits(need)


def fits(need: Need) -> None:
    one = known(need.action)
    names = re.findall(r"\{(\w[\w.\[\]]*)", need.form)
    arguments: dict[str, Any] = {}
    for name in names:
        if name not in ("p", "r", "a", "machine"):
            put(arguments, name)
    for resource in formed(need.form, arguments, OTHER, PARENT):
        if one.on_all_only:
            assert resource.arn == "*", f"{need.action} can be allowed on * only, not on {resource.arn}"
            continue
        forms = [re.sub(r"\$\{\w+\}", "*", kind.arn) for kind in one.types]
        arn = resource.arn.replace("*", "x")
        assert resource.unknown or any(fnmatchcase(arn, form) for form in forms), (need.action, resource.arn, forms)


def put(arguments: dict[str, Any], path: str) -> None:
    *steps, last = path.split(".")
    here = arguments
    for step in steps:
        inner: dict[str, Any] = {}
        here[step.removesuffix("[]")] = [inner] if step.endswith("[]") else inner
        here = inner
    whole = {"StateMachineArn": CHILD, "ApiEndpoint": "abc.execute-api.eu-west-1.amazonaws.com"}
    if last.endswith("Arn") and last not in whole and not last.endswith(("RoleArn",)):
        whole[last] = {"ConnectionArn": "arn:aws:events:eu-west-1:222222222222:connection/c/1"}.get(
            last, "arn:aws:sns:eu-west-1:222222222222:topic"
        )
    here[last] = whole.get(last, "name")


def test_what_waits_for_a_job_needs_more_than_the_call() -> None:
    for row in TABLE.values():
        for way, needs in row.needs.items():
            if way.runs_a_job and not row.outside:
                assert any(need.purpose is For.FOLLOW and need.certain for need in needs), row.name


def test_every_integration_of_the_page_has_a_row() -> None:
    services = {name.partition(":")[0] for name in TABLE}

    # docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
    assert services == {
        "apigateway", "athena", "batch", "bedrock", "codebuild", "databrew", "dynamodb", "ecs", "eks",
        "elasticmapreduce", "emr-containers", "emr-serverless", "events", "glue", "http", "lambda", "mediaconvert",
        "sagemaker", "sns", "sqs", "states",
    }  # fmt: skip


def test_every_row_that_waits_does_so_in_a_way_that_the_page_lists() -> None:
    callback = {"apigateway", "bedrock", "ecs", "events", "lambda", "sns", "sqs", "states"}
    job = {
        "athena", "batch", "bedrock", "codebuild", "databrew", "ecs", "eks", "elasticmapreduce", "emr-containers",
        "emr-serverless", "glue", "mediaconvert", "sagemaker", "states",
    }  # fmt: skip
    for row in TABLE.values():
        service = row.name.partition(":")[0]
        assert Pattern.CALLBACK not in row.needs or service in callback
        assert Pattern.SYNC not in row.needs or service in job
        assert Pattern.SYNC_2 not in row.needs or row.name == "states:startExecution"


# --- the SDKs' calls


@pytest.mark.parametrize("table", [sdk_calls.RENAMED, sdk_calls.BY_CONTENT], ids=["renamed", "by content"])
def test_every_action_of_another_name_is_one_that_iam_has(table: Any) -> None:
    for service, rows in table.items():
        for operation, actions in rows.items():
            assert service in sdk_calls.services()
            for name in actions:
                assert str(known(name)).lower() == name.lower(), (service, operation)


def test_services_are_named_as_step_functions_names_them() -> None:
    # docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
    assert set(sdk_calls.services()) >= {
        "accessanalyzer", "acmpca", "amp", "applicationdiscovery", "cloudwatchlogs", "config",
        "cognitoidentityprovider", "costandusagereport", "costexplorer", "databasemigration", "directory",
        "dynamodbstreams", "efs", "emr",
        "elasticloadbalancingv2", "elasticsearch", "eventbridge", "iotjobsdataplane", "lexmodelbuilding", "lexruntime",
        "mwaa", "resourcegroupstaggingapi", "sesv2", "sfn", "ssoadmin", "transcribe",
    }  # fmt: skip


def test_every_operation_of_another_name_is_one_that_the_service_has() -> None:
    for table in (sdk_calls.RENAMED, sdk_calls.BY_CONTENT):
        for service, rows in table.items():
            for operation in rows:
                found = asked_of_sdk(service, operation)
                assert found.unknown in (None, Unknown.BY_CONTENT), (service, operation)
                raw = sdk_calls._service(service)
                assert raw is not None
                assert operation in raw["u"] or operation in raw["o"], (service, operation)


def test_every_action_of_another_name_stands_in_awss_documentation_of_the_operation() -> None:
    loader = botocore.session.get_session().get_component("data_loader")
    kept = {
        **sdk_calls.RENAMED,
        **{name: {**sdk_calls.RENAMED.get(name, {}), **rows} for name, rows in sdk_calls.BY_CONTENT.items()},
    }
    models = {}
    for service in loader.list_available_services("service-2"):
        # Only the models that are asked about are read: all of them take half a minute.
        if plain(service) in SPELT or plain(service) in kept:
            models[SPELT.get(plain(service), plain(service))] = loader.load_service_model(service, "service-2")
    for name in kept.keys() - sdk_calls.TOLD_ELSEWHERE.keys():
        operations = {key.lower(): one for key, one in models[name]["operations"].items()}
        for operation, actions in kept[name].items():
            told = re.sub("<[^>]+>", "", operations[operation]["documentation"]).lower()
            assert all(each.lower() in told for each in actions), (name, operation)


# botocore's names of services that the SDK for Java spells otherwise
SPELT = {"dms": "databasemigration"}


def plain(name: str) -> str:
    return name.replace("-", "")


def asked_of_sdk(service: str, operation: str, arguments: object = None) -> AskedPermissions:
    return asked_of(f"arn:aws:states:::aws-sdk:{service}:{operation}", arguments or {}, ACROSS)


def test_every_call_of_every_service_names_actions_that_iam_has_or_is_unknown() -> None:
    calls = 0
    for service in sdk_calls.services():
        raw = sdk_calls._service(service)
        assert raw is not None
        for operation in (*raw["o"], *raw["u"], *raw["v"]):
            found = asked_of_sdk(service, operation)
            calls += 1
            assert found.unknown or found.permissions, (service, operation)
            for one in found.permissions:
                known(one.action)
    assert calls > 19_000


@pytest.mark.parametrize(
    ("resource", "actions"),
    [
        ("efs:describeFileSystems", "elasticfilesystem:DescribeFileSystems"),
        ("mwaa:listEnvironments", "airflow:ListEnvironments"),
        ("bedrockagent:startIngestionJob", "bedrock:StartIngestionJob"),
        ("bedrockruntime:converse", "bedrock:InvokeModel"),
        ("ssoadmin:createAccountAssignment", "sso:CreateAccountAssignment"),
        ("s3control:putPublicAccessBlock", "s3:PutAccountPublicAccessBlock"),
        ("resourcegroupstaggingapi:tagResources", "tag:TagResources"),
        ("rdsdata:executeStatement", "rds-data:ExecuteStatement"),
        ("s3:listBuckets", "s3:ListAllMyBuckets"),
        ("s3:getBucketReplication", "s3:GetReplicationConfiguration"),
        ("s3:copyObject", "s3:GetObject s3:PutObject"),
        ("sfn:startSyncExecution", "states:StartSyncExecution"),
        ("cloudwatchlogs:describeLogGroups", "logs:DescribeLogGroups"),
        ("kms:reEncrypt", "kms:ReEncryptFrom kms:ReEncryptTo"),
        ("sqs:sendMessageBatch", "sqs:SendMessage"),
        ("emr:runJobFlow", "elasticmapreduce:RunJobFlow"),
        ("elasticloadbalancingv2:describeRules", "elasticloadbalancing:DescribeRules"),
        ("iotdataplane:publish", "iot:Publish"),
        ("cloudcontrol:getResource", "cloudformation:GetResource"),
        ("apigateway:getRestApis", "apigateway:GET"),
    ],
)
def test_a_call_of_an_sdk_asks_for(resource: str, actions: str) -> None:
    found = asked_of(f"arn:aws:states:::aws-sdk:{resource}", {}, ACROSS)

    assert found.unknown is None
    assert [one.action for one in found.permissions if one.purpose is For.CALL] == actions.split()


@pytest.mark.parametrize(
    ("resource", "arguments", "arn"),
    [
        ("s3:getObject", {"Bucket": "b", "Key": "k/1"}, "arn:aws:s3:::b/k/1"),
        ("s3:listObjectsV2", {"Bucket": "b"}, "arn:aws:s3:::b"),
        ("s3:getObject", {"Bucket": "b", "Key.$": "$.k"}, "*"),
        ("ssm:getParameter", {"Name": "/a/b"}, "arn:aws:ssm:eu-west-1:222222222222:parameter/a/b"),
        (
            "secretsmanager:getSecretValue",
            {"SecretId": "s"},
            "arn:aws:secretsmanager:eu-west-1:222222222222:secret:s-??????",
        ),
        ("secretsmanager:getSecretValue", {"SecretId": "{% $id %}"}, "*"),
        ("dynamodb:query", {"TableName": "t"}, "arn:aws:dynamodb:eu-west-1:222222222222:table/t"),
        (
            "sqs:sendMessage",
            {"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/333333333333/q"},
            "arn:aws:sqs:eu-west-1:333333333333:q",
        ),
        ("sfn:startSyncExecution", {"StateMachineArn": f"{CHILD}:3"}, CHILD),
        ("sfn:describeExecution", {"ExecutionArn": f"{EXECUTIONS}:x"}, f"{EXECUTIONS}:x"),
        ("organizations:moveAccount", {"AccountId.$": "$.id"}, "*"),
    ],
)
def test_a_call_of_an_sdk_acts_on(resource: str, arguments: dict[str, Any], arn: str) -> None:
    found = asked_of(f"arn:aws:states:::aws-sdk:{resource}", arguments, ACROSS)

    assert [one.resource.arn for one in found.permissions if one.purpose is For.CALL] == [arn]


def test_a_version_of_an_object_has_an_action_of_its_own() -> None:
    found = asked_of_sdk("s3", "getObject", {"Bucket": "b", "Key": "k", "VersionId": "1"})

    assert [one.action for one in found.permissions] == ["s3:GetObjectVersion"]


def test_a_role_that_the_call_hands_over_needs_pass_role() -> None:
    role = "arn:aws:iam::222222222222:role/r"
    found = asked_of_sdk("lambda", "createFunction", {"FunctionName": "f", "Role": role})

    assert ("iam:PassRole", role, For.HAND_OVER) in [
        (one.action, one.resource.arn, one.purpose) for one in found.permissions
    ]


@pytest.mark.parametrize("given_role", [{"IamRoleArn": "${Exporter}"}, {"IamRoleArn.$": "$.exporter"}])
def test_a_role_that_is_handed_over_and_shows_only_later_needs_pass_role_whichever_it_is(
    given_role: dict[str, str],
) -> None:
    found = asked_of_sdk("rds", "startExportTask", given_role)

    [passed] = [one for one in found.permissions if one.action == "iam:PassRole"]
    assert passed.resource.unknown
    assert passed.purpose is For.HAND_OVER


def test_a_call_that_passes_a_role_and_is_given_none_may_need_pass_role_all_the_same() -> None:
    found = asked_of_sdk("ecs", "runTask", {"TaskDefinition": "ledgers"})

    assert [one.purpose for one in found.permissions if one.action == "iam:PassRole"] == [For.BEYOND]


# --- unknown, and said so


@pytest.mark.parametrize(
    ("resource", "unknown"),
    [
        ("${FunctionArn}", Unknown.NO_RESOURCE),
        ("arn:aws:states:::foo:bar", Unknown.INTEGRATION),
        ("arn:aws:states:::lambda:invoke.sync", Unknown.PATTERN),
        ("arn:aws:states:::aws-sdk:glue:startJobRun.sync", Unknown.PATTERN),
        ("arn:aws:states:::aws-sdk:foo:bar", Unknown.SERVICE),
        ("arn:aws:states:::aws-sdk:s3:copyAll", Unknown.OPERATION),
        ("arn:aws:states:::aws-sdk:dynamodb:executeStatement", Unknown.BY_CONTENT),
        ("arn:aws:states:::aws-sdk:connectparticipant:sendMessage", Unknown.ACTION),
    ],
)
def test_what_no_source_has_is_unknown(resource: str, unknown: Unknown) -> None:
    assert asked_of(resource, {}, ACROSS).unknown is unknown


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60), st.sampled_from(["", "arn:aws:states:::", "arn:aws:states:::aws-sdk:"]))
def test_any_text_at_all_is_unknown_or_an_action_that_iam_has(text: str, start: str) -> None:
    found = asked_of(f"{start}{text}", {}, ACROSS)

    for one in found.permissions:
        known(one.action)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(TABLE)),
    st.sampled_from(list(Pattern)),
    st.dictionaries(st.text(max_size=8), st.text(max_size=8)),
)
def test_whatever_the_arguments_a_row_or_unknown(name: str, way: Pattern, arguments: dict[str, str]) -> None:
    found = asked_of(f"arn:aws:states:::{name}{way}", arguments, WITHIN)

    assert (found.unknown is Unknown.PATTERN) == (way not in TABLE[name].needs)


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.name)
def test_with_arguments_that_show_only_in_the_run_no_resource_is_made_up(row: Any) -> None:
    for way in row.needs:
        for one in asked_of(f"arn:aws:states:::{row.name}{way}", "{% $all %}", ACROSS).permissions:
            assert not one.resource.exact or one.resource.arn in ("*", PARENT), one


# --- rows that AWS's pages spell out


def asked(resource: str, arguments: object, caller: TaskCaller = ACROSS) -> list[tuple[str, str]]:
    found = asked_of(f"arn:aws:states:::{resource}", arguments, caller)
    assert found.unknown is None
    return [(one.action, one.resource.arn) for one in found.permissions if one.certain]


def test_a_started_execution_is_followed_and_stopped_on_its_own_arn() -> None:
    assert asked("states:startExecution.sync:2", {"StateMachineArn": CHILD}) == [
        ("states:StartExecution", CHILD),
        ("states:DescribeExecution", f"{EXECUTIONS}:*"),
        ("states:StopExecution", f"{EXECUTIONS}:*"),
    ]
    assert asked("states:startExecution.sync:2", {"StateMachineArn": CHILD, "Name": "nightly"})[1:] == [
        ("states:DescribeExecution", f"{EXECUTIONS}:nightly"),
        ("states:StopExecution", f"{EXECUTIONS}:nightly"),
    ]


@pytest.mark.parametrize("qualifier", ["PROD", "3"])
def test_an_alias_or_a_version_is_authorised_on_the_state_machines_own_arn(qualifier: str) -> None:
    found = asked_of(
        "arn:aws:states:::states:startExecution.sync:2", {"StateMachineArn": f"{CHILD}:{qualifier}"}, ACROSS
    )
    start, describe, _ = found.permissions

    assert (start.resource.arn, start.context) == (CHILD, (("states:StateMachineQualifier", qualifier),))
    assert (describe.resource.arn, describe.context) == (f"{EXECUTIONS}:*", ())


def test_the_managed_rule_is_the_own_roles_and_not_asked_for_across_accounts() -> None:
    found = asked_of("arn:aws:states:::ecs:runTask.sync", {"TaskDefinition": "t:3"}, WITHIN)
    rule = [one for one in found.permissions if one.purpose is For.RULE]

    assert {one.by for one in rule} == {By.OWN}
    assert {one.resource.arn.rpartition("/")[2] for one in rule} == {"StepFunctionsGetEventsForECSTaskRule"}
    across = asked_of("arn:aws:states:::ecs:runTask.sync", {"TaskDefinition": "t:3"}, ACROSS)
    assert not [one for one in across.permissions if one.purpose is For.RULE]
    assert {one.by for one in across.permissions} == {By.ACTING}


@pytest.mark.parametrize(
    ("resource", "arguments", "lacking"),
    [
        ("glue:startJobRun.sync", {"JobName": "etl"}, "glue:GetJobRun"),
        ("athena:startQueryExecution.sync", {"WorkGroup": "w"}, "athena:GetQueryExecution"),
        ("ecs:runTask.sync", {"Cluster": "c", "TaskDefinition": "t"}, "ecs:DescribeTasks"),
        ("emr-serverless:startJobRun.sync", {"ApplicationId": "a"}, "emr-serverless:GetJobRun"),
        ("bedrock:createModelCustomizationJob.sync", {}, "bedrock:GetModelCustomizationJob"),
    ],
)
def test_polling_needs_a_right_of_its_own(resource: str, arguments: dict[str, Any], lacking: str) -> None:
    assert lacking in [name for name, _ in asked(resource, arguments)]
    assert lacking not in [name for name, _ in asked(resource.removesuffix(".sync"), arguments)]


def test_an_http_task_asks_for_the_endpoint_the_connection_and_its_secret() -> None:
    connection = "arn:aws:events:eu-west-1:222222222222:connection/c/1"
    given = {
        "ApiEndpoint": "https://api.example.com/x",
        "Method": "GET",
        "Authentication": {"ConnectionArn": connection},
    }

    assert [name for name, _ in asked("http:invoke", given)] == [
        "states:InvokeHTTPEndpoint",
        "events:RetrieveConnectionCredentials",
        "secretsmanager:GetSecretValue",
        "secretsmanager:DescribeSecret",
    ]
    first = asked_of("arn:aws:states:::http:invoke", given, ACROSS).permissions[0]
    assert dict(first.context) == {"states:HTTPEndpoint": "https://api.example.com/x", "states:HTTPMethod": "GET"}


def test_events_without_a_bus_go_to_the_default_one() -> None:
    bus = "arn:aws:events:eu-west-1:222222222222:event-bus/"

    assert asked("events:putEvents", {"Entries": [{"EventBusName": "a"}, {"Source": "s"}]}) == [
        ("events:PutEvents", f"{bus}a"),
        ("events:PutEvents", f"{bus}default"),
    ]


def test_a_role_given_to_a_task_of_ecs_is_passed_to_ecs() -> None:
    given = {"TaskDefinition": "t:1", "Overrides": {"TaskRoleArn": "arn:aws:iam::222222222222:role/t"}}
    found = asked_of("arn:aws:states:::ecs:runTask", given, ACROSS).permissions
    passed = next(one for one in found if one.purpose is For.HAND_OVER)

    assert (passed.action, passed.resource.arn) == ("iam:PassRole", "arn:aws:iam::222222222222:role/t")
    assert passed.context == (("iam:PassedToService", "ecs-tasks.amazonaws.com"),)


def test_an_activity_asks_for_nothing() -> None:
    assert asked_of("arn:aws:states:eu-west-1:111111111111:activity:by-hand", {}, WITHIN) == AskedPermissions()


def test_a_cluster_decides_for_itself_who_may_call_it() -> None:
    assert asked_of("arn:aws:states:::eks:call", {}, ACROSS).outside


# --- Distributed Map


def test_a_distributed_map_starts_its_own_state_machine() -> None:
    state = {
        "Type": "Map",
        "Label": "Accounts",
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED"}},
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "Parameters": {"Bucket": "items", "Key": "all.json"},
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": "out", "Prefix": "runs"},
        },
    }
    found = asked_of_map(state, PARENT, OWN)
    asked_for = [(one.action, one.resource.arn) for one in found.permissions]

    assert {one.by for one in found.permissions} == {By.OWN}
    assert ("states:StartExecution", PARENT) in asked_for
    assert ("states:RedriveExecution", "arn:aws:states:eu-west-1:111111111111:execution:parent/Accounts:*") in asked_for
    assert ("s3:GetObject", "arn:aws:s3:::items/all.json") in asked_for
    assert ("s3:PutObject", "arn:aws:s3:::out/runs/*") in asked_for
    for one in found.permissions:
        known(one.action)
    assert child_machine(f"{PARENT}:PROD", "Accounts") == f"{PARENT}/Accounts"


def test_a_call_whose_resource_no_argument_names_is_asked_for_all_the_same() -> None:
    for resource, name in (("http:invoke", "events:RetrieveConnectionCredentials"), ("sns:publish", "sns:Publish")):
        found = asked_of(f"arn:aws:states:::{resource}", {}, ACROSS).permissions

        assert [one.resource.unknown for one in found if one.action == name] == [True]
