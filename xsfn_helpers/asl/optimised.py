"""The optimised integrations of Step Functions: what each way of waiting needs, of which role. A table. Pure.

Source of each row: AWS's page of that integration, section "IAM policies for calling …"; of what rows have in common:
…dg/integrate-optimized.html (which ways of waiting there are), …dg/service-integration-iam-templates.html (polling and
events of `.sync`), …dg/concepts-access-cross-acct-resources.html (across accounts it polls, as the target role).
Where AWS's example policy holds more than a call needs (all of Athena's catalogue, say), the rest is For.BEYOND.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from xsfn_helpers.asl.asked import By, For, Integration, Need, Pattern
from xsfn_helpers.common.language import mark

_DG: Final = "docs.aws.amazon.com/step-functions/latest/dg"
_RULES: Final = ("events:PutTargets", "events:PutRule", "events:DescribeRule")


def _call(action: str, form: str, *, given: str = "", context: tuple[tuple[str, str], ...] = ()) -> tuple[Need, ...]:
    return (Need(action, form, given=given, context=context),)


def _follow(form: str, *actions: str) -> tuple[Need, ...]:
    return tuple(Need(action, form, For.FOLLOW) for action in actions)


def _stop(form: str, *actions: str) -> tuple[Need, ...]:
    return tuple(Need(action, form, For.STOP) for action in actions)


def _rule(name: str, *, certain: bool = True) -> tuple[Need, ...]:
    """The managed rule, which CreateStateMachine makes: its rights are the state machine's own role's."""
    form = f"arn:{{p}}:events:{{r}}:{{a}}:rule/{name}"
    return tuple(Need(action, form, For.RULE, By.OWN, certain=certain) for action in _RULES)


def _pass(parameter: str, service: str) -> tuple[Need, ...]:
    to = (("iam:PassedToService", f"{service}.amazonaws.com"),)
    role = f"arn:{{p}}:iam::{{a}}:role/{{{parameter}}}"
    return (Need("iam:PassRole", role, For.HAND_OVER, given=parameter, context=to),)


def _beyond(form: str, *actions: str, given: str = "") -> tuple[Need, ...]:
    return tuple(Need(action, form, For.BEYOND, given=given, certain=False) for action in actions)


def _row(
    name: str,
    page: str,
    call: tuple[Need, ...],
    *,
    sync: tuple[Need, ...] | None = None,
    sync_2: tuple[Need, ...] | None = None,
    callback: bool = False,
    outside: str = "",
) -> Integration:
    """`sync` and `sync_2` are what these need besides the call."""
    needs = {Pattern.REQUEST_RESPONSE: call}
    if sync is not None:
        needs[Pattern.SYNC] = (*call, *sync)
    if sync_2 is not None:
        needs[Pattern.SYNC_2] = (*call, *sync_2)
    if callback:
        needs[Pattern.CALLBACK] = call
    return Integration(name, f"{_DG}/{page}.html", MappingProxyType(needs), outside)


def _states() -> Iterator[Integration]:
    executions = "{StateMachineArn|executions}:{Name=*}"
    follow = (
        *_follow(executions, "states:DescribeExecution"),
        *_stop(executions, "states:StopExecution"),
        *_rule("StepFunctionsGetEventsForStepFunctionsExecutionRule"),
    )
    call = _call("states:StartExecution", "{StateMachineArn}")
    yield _row("states:startExecution", "connect-stepfunctions", call, sync=follow, sync_2=follow, callback=True)


def _requests() -> Iterator[Integration]:
    function = "arn:{p}:lambda:{r}:{a}:function:{FunctionName}"
    yield _row("lambda:invoke", "connect-lambda", _call("lambda:InvokeFunction", function), callback=True)
    topic = (
        *_call("sns:Publish", "{TopicArn}", given="TopicArn"),
        *_call("sns:Publish", "{TargetArn}", given="TargetArn"),
        *_call("sns:Publish", "*", given="PhoneNumber"),
    )
    yield _row("sns:publish", "connect-sns", topic, callback=True)
    yield _row(
        "sqs:sendMessage", "connect-sqs", _call("sqs:SendMessage", "arn:{p}:sqs:{r}:{a}:{QueueUrl}"), callback=True
    )
    bus = "arn:{p}:events:{r}:{a}:event-bus/{Entries[].EventBusName=default}"
    yield _row("events:putEvents", "connect-eventbridge", _call("events:PutEvents", bus), callback=True)
    for name in ("GetItem", "PutItem", "UpdateItem", "DeleteItem"):
        table = "arn:{p}:dynamodb:{r}:{a}:table/{TableName}"
        yield _row(f"dynamodb:{name[0].lower()}{name[1:]}", "connect-ddb", _call(f"dynamodb:{name}", table))
    # The endpoint is API-ID.execute-api.REGION.amazonaws.com. Unless AuthType says so, the call isn't signed and
    # asks for no permission.
    api = "arn:{p}:execute-api:{r}:{a}:{ApiEndpoint|label}/{Stage=*}/{Method}/*"
    signed = _call("execute-api:Invoke", api, given="AuthType=IAM_ROLE|RESOURCE_POLICY")
    yield _row("apigateway:invoke", "connect-api-gateway", signed, callback=True)
    # AWS's example allows states:InvokeHTTPEndpoint on the state machine, the CDK on `*`: the machine is in both.
    http = (("states:HTTPEndpoint", "{ApiEndpoint}"), ("states:HTTPMethod", "{Method}"))
    kept = "arn:{p}:secretsmanager:{r}:{a}:secret:events!connection/*"
    for_http = (
        *_call("states:InvokeHTTPEndpoint", "{machine}", context=http),
        *_call(
            "events:RetrieveConnectionCredentials",
            "{Authentication.ConnectionArn}",
            given="Authentication.ConnectionArn",
        ),
        *_call(
            "events:RetrieveConnectionCredentials",
            "{InvocationConfig.ConnectionArn}",
            given="InvocationConfig.ConnectionArn",
        ),
        *_call("secretsmanager:GetSecretValue", kept),
        *_call("secretsmanager:DescribeSecret", kept),
    )
    yield _row("http:invoke", "call-https-apis", for_http)


def _data() -> Iterator[Integration]:
    job = "arn:{p}:glue:{r}:{a}:job/{JobName}"
    # AWS's policy: GetJobRun, GetJobRuns, BatchStopJobRun; of the reads, one run is what polling asks for.
    glue = (
        *_follow(job, "glue:GetJobRun"),
        Need("glue:GetJobRuns", job, For.FOLLOW, certain=False),
        *_stop(job, "glue:BatchStopJobRun"),
    )
    yield _row("glue:startJobRun", "connect-glue", _call("glue:StartJobRun", job), sync=glue)
    brew = "arn:{p}:databrew:{r}:{a}:job/{Name}"
    follow = (*_follow(brew, "databrew:ListJobRuns"), *_stop(brew, "databrew:StopJobRun"))
    yield _row("databrew:startJobRun", "connect-databrew", _call("databrew:StartJobRun", brew), sync=follow)
    group = "arn:{p}:athena:{r}:{a}:workgroup/{WorkGroup=primary}"
    some_group = "arn:{p}:athena:{r}:{a}:workgroup/*"
    query = (
        *_call("athena:StartQueryExecution", group),
        *_beyond("arn:{p}:athena:{r}:{a}:datacatalog/*", "athena:GetDataCatalog"),
        *_beyond("arn:{p}:s3:::*", *(f"s3:{one}" for one in _ATHENA_S3)),
        *_beyond("arn:{p}:glue:{r}:{a}:*", *(f"glue:{one}" for one in _ATHENA_GLUE)),
        *_beyond("*", "lakeformation:GetDataAccess"),
    )
    follow = (*_follow(group, "athena:GetQueryExecution"), *_stop(group, "athena:StopQueryExecution"))
    yield _row("athena:startQueryExecution", "connect-athena", query, sync=follow)
    yield _row("athena:stopQueryExecution", "connect-athena", _call("athena:StopQueryExecution", some_group))
    yield _row("athena:getQueryExecution", "connect-athena", _call("athena:GetQueryExecution", some_group))
    results = (*_call("athena:GetQueryResults", some_group), *_beyond("arn:{p}:s3:::*", "s3:GetObject"))
    yield _row("athena:getQueryResults", "connect-athena", results)


_ATHENA_S3: Final = (
    *("GetBucketLocation", "GetObject", "ListBucket", "ListBucketMultipartUploads", "ListMultipartUploadParts"),
    *("AbortMultipartUpload", "CreateBucket", "PutObject"),
)
_ATHENA_GLUE: Final = (
    *("GetDatabase", "GetDatabases", "GetTable", "GetTables", "GetPartition", "GetPartitions", "BatchGetPartition"),
)


def _compute() -> Iterator[Integration]:
    # A family without a revision stands for its newest one.
    cluster = (("ecs:cluster", "arn:{p}:ecs:{r}:{a}:cluster/{Cluster=default}"),)
    run = (
        *_call("ecs:RunTask", "arn:{p}:ecs:{r}:{a}:task-definition/{TaskDefinition|revision}", context=cluster),
        *_pass("Overrides.TaskRoleArn", "ecs-tasks"),
        *_pass("Overrides.ExecutionRoleArn", "ecs-tasks"),
        # The roles that the task definition names: they show in it, not in the task.
        *_beyond("arn:{p}:iam::{a}:role/*", "iam:PassRole"),
    )
    tasks = "arn:{p}:ecs:{r}:{a}:task/{Cluster|name=default}/*"
    follow = (*_follow(tasks, "ecs:DescribeTasks"), *_stop(tasks, "ecs:StopTask"), *_rule(_EVENTS["ecs"]))
    yield _row("ecs:runTask", "connect-ecs", run, sync=follow, callback=True)
    submit = (
        *_call("batch:SubmitJob", "arn:{p}:batch:{r}:{a}:job-definition/{JobDefinition|revision}"),
        *_call("batch:SubmitJob", "arn:{p}:batch:{r}:{a}:job-queue/{JobQueue}"),
    )
    jobs = "arn:{p}:batch:{r}:{a}:job/*"
    follow = (*_follow("*", "batch:DescribeJobs"), *_stop(jobs, "batch:TerminateJob"), *_rule(_EVENTS["batch"]))
    yield _row("batch:submitJob", "connect-batch", submit, sync=follow)
    project = "arn:{p}:codebuild:{r}:{a}:project/{ProjectName}"
    some = "arn:{p}:codebuild:{r}:{a}:project/*"
    for start, on, stop, get, rule in (
        ("startBuild", project, "StopBuild", "BatchGetBuilds", "StartBuild"),
        ("startBuildBatch", project, "StopBuildBatch", "BatchGetBuildBatches", "StartBuildBatch"),
        ("retryBuildBatch", some, "StopBuildBatch", "BatchGetBuildBatches", ""),
    ):
        follow = (*_follow(on, f"codebuild:{get}"), *_stop(on, f"codebuild:{stop}"))
        if rule:
            follow = (*follow, *_rule(f"StepFunctionsGetEventForCodeBuild{rule}Rule"))
        call = _call(f"codebuild:{start[0].upper()}{start[1:]}", on)
        yield _row(f"codebuild:{start}", "connect-codebuild", call, sync=follow)
    for name in ("StopBuild", "StopBuildBatch", "BatchDeleteBuilds", "DeleteBuildBatch"):
        yield _row(f"codebuild:{name[0].lower()}{name[1:]}", "connect-codebuild", _call(f"codebuild:{name}", some))
    reports = _call("codebuild:BatchGetReports", "arn:{p}:codebuild:{r}:{a}:report-group/*")
    yield _row("codebuild:batchGetReports", "connect-codebuild", reports)
    convert = (
        *_call("mediaconvert:CreateJob", "arn:{p}:mediaconvert:{r}:{a}:queues/{Queue=Default}"),
        *_pass("Role", "mediaconvert"),
    )
    jobs = "arn:{p}:mediaconvert:{r}:{a}:jobs/*"
    follow = (
        *_follow(jobs, "mediaconvert:GetJob"),
        *_stop(jobs, "mediaconvert:CancelJob"),
        *_rule("StepFunctionsGetEventsForMediaConvertJobRule"),
    )
    yield _row("mediaconvert:createJob", "connect-mediaconvert", convert, sync=follow)


_EVENTS: Final = {"ecs": "StepFunctionsGetEventsForECSTaskRule", "batch": "StepFunctionsGetEventsForBatchJobsRule"}


def _eks() -> Iterator[Integration]:
    cluster = "arn:{p}:eks:{r}:{a}:cluster/"
    # call and runJob speak to the Kubernetes API, which asks its own RBAC and no IAM action: …dg/connect-eks.html
    rbac = mark("the cluster's own access control (RBAC)")
    yield _row("eks:call", "connect-eks", (), outside=rbac)
    yield _row("eks:runJob", "connect-eks", (), sync=(), outside=rbac)
    linked = _beyond("arn:{p}:iam::{a}:role/aws-service-role/*", "iam:CreateServiceLinkedRole")
    create = (*_call("eks:CreateCluster", "*"), *_pass("RoleArn", "eks"), *linked)
    yield _row("eks:createCluster", "connect-eks", create, sync=_eks_job(f"{cluster}{{Name}}", "Cluster"))
    delete = _call("eks:DeleteCluster", f"{cluster}{{Name}}")
    yield _row("eks:deleteCluster", "connect-eks", delete, sync=_follow(f"{cluster}{{Name}}", "eks:DescribeCluster"))
    nodes = "arn:{p}:eks:{r}:{a}:nodegroup/{ClusterName}/{NodegroupName}/*"
    create = (
        *_call("eks:CreateNodegroup", f"{cluster}{{ClusterName}}"),
        *_pass("NodeRole", "eks"),
        *_beyond("arn:{p}:iam::{a}:role/*", "iam:GetRole", "iam:ListAttachedRolePolicies"),
        *linked,
    )
    yield _row("eks:createNodegroup", "connect-eks", create, sync=_eks_job(nodes, "Nodegroup"))
    delete = _call("eks:DeleteNodegroup", nodes)
    yield _row("eks:deleteNodegroup", "connect-eks", delete, sync=_follow(nodes, "eks:DescribeNodegroup"))
    profile = "arn:{p}:eks:{r}:{a}:fargateprofile/{ClusterName}/{FargateProfileName}/*"
    create = (
        *_call("eks:CreateFargateProfile", f"{cluster}{{ClusterName}}"),
        *_pass("PodExecutionRoleArn", "eks"),
        *linked,
    )
    yield _row("eks:createFargateProfile", "connect-eks", create, sync=_eks_job(profile, "FargateProfile"))
    delete = _call("eks:DeleteFargateProfile", profile)
    yield _row("eks:deleteFargateProfile", "connect-eks", delete, sync=_follow(profile, "eks:DescribeFargateProfile"))


def _eks_job(form: str, what: str) -> tuple[Need, ...]:
    return (*_follow(form, f"eks:Describe{what}"), *_stop(form, f"eks:Delete{what}"))


def _emr() -> Iterator[Integration]:
    page = "connect-emr"
    cluster = "arn:{p}:elasticmapreduce:{r}:{a}:cluster/{ClusterId}"
    some = "arn:{p}:elasticmapreduce:{r}:{a}:cluster/*"
    create = (
        *_call("elasticmapreduce:RunJobFlow", "*"),
        *_pass("ServiceRole", "elasticmapreduce"),
        # JobFlowRole names an instance profile: which role is in it doesn't show here.
        *_beyond("arn:{p}:iam::{a}:role/*", "iam:PassRole", given="JobFlowRole"),
        *_pass("AutoScalingRole", "application-autoscaling"),
    )
    follow = (
        *_follow(some, "elasticmapreduce:DescribeCluster"),
        *_stop(some, "elasticmapreduce:TerminateJobFlows"),
        *_rule("StepFunctionsGetEventForEMRRunJobFlowRule"),
    )
    yield _row("elasticmapreduce:createCluster", page, create, sync=follow)
    follow = (
        *_follow(cluster, "elasticmapreduce:DescribeStep"),
        *_stop(cluster, "elasticmapreduce:CancelSteps"),
        *_rule("StepFunctionsGetEventForEMRAddJobFlowStepsRule"),
    )
    add = (
        *_call("elasticmapreduce:AddJobFlowSteps", cluster),
        *_beyond("{ExecutionRoleArn}", "iam:PassRole", given="ExecutionRoleArn"),
    )
    yield _row("elasticmapreduce:addStep", page, add, sync=follow)
    yield _row("elasticmapreduce:cancelStep", page, _call("elasticmapreduce:CancelSteps", cluster))
    follow = (
        *_follow(cluster, "elasticmapreduce:DescribeCluster"),
        *_rule("StepFunctionsGetEventForEMRTerminateJobFlowsRule"),
    )
    end = _call("elasticmapreduce:TerminateJobFlows", cluster)
    yield _row("elasticmapreduce:terminateCluster", page, end, sync=follow)
    protect = _call("elasticmapreduce:SetTerminationProtection", cluster)
    yield _row("elasticmapreduce:setClusterTerminationProtection", page, protect)
    for name, modify, ls in (
        ("modifyInstanceFleetByName", "ModifyInstanceFleet", "ListInstanceFleets"),
        ("modifyInstanceGroupByName", "ModifyInstanceGroups", "ListInstanceGroups"),
    ):
        call = (*_call(f"elasticmapreduce:{modify}", cluster), *_call(f"elasticmapreduce:{ls}", cluster))
        yield _row(f"elasticmapreduce:{name}", page, call)
    page = "connect-emr-eks"
    linked = _beyond("arn:{p}:iam::{a}:role/aws-service-role/*", "iam:CreateServiceLinkedRole")
    virtual = "arn:{p}:emr-containers:{r}:{a}:/virtualclusters/{Id}"
    yield _row(
        "emr-containers:createVirtualCluster", page, (*_call("emr-containers:CreateVirtualCluster", "*"), *linked)
    )
    delete = _call("emr-containers:DeleteVirtualCluster", virtual)
    follow = _follow(virtual, "emr-containers:DescribeVirtualCluster")
    yield _row("emr-containers:deleteVirtualCluster", page, delete, sync=follow)
    as_role = (("emr-containers:ExecutionRoleArn", "{ExecutionRoleArn}"),)
    virtual = "arn:{p}:emr-containers:{r}:{a}:/virtualclusters/{VirtualClusterId}"
    runs = f"{virtual}/jobruns/*"
    follow = (*_follow(runs, "emr-containers:DescribeJobRun"), *_stop(runs, "emr-containers:CancelJobRun"))
    start = _call("emr-containers:StartJobRun", virtual, context=as_role)
    yield _row("emr-containers:startJobRun", page, start, sync=follow)


def _emr_serverless() -> Iterator[Integration]:
    page = "connect-emr-serverless"
    application = "arn:{p}:emr-serverless:{r}:{a}:/applications/{ApplicationId}"
    some = "arn:{p}:emr-serverless:{r}:{a}:/applications/*"
    rule = _rule("StepFunctionsGetEventsForEMRServerlessApplicationRule")
    linked = _beyond("arn:{p}:iam::{a}:role/aws-service-role/*", "iam:CreateServiceLinkedRole")
    create = (*_call("emr-serverless:CreateApplication", "arn:{p}:emr-serverless:{r}:{a}:/*"), *linked)
    follow = (
        *_follow(some, "emr-serverless:GetApplication"),
        *_stop(some, "emr-serverless:DeleteApplication"),
        *rule,
    )
    yield _row("emr-serverless:createApplication", page, create, sync=follow)
    for name, stop in (("StartApplication", "StopApplication"), ("StopApplication", ""), ("DeleteApplication", "")):
        follow = (*_follow(application, "emr-serverless:GetApplication"), *rule)
        if stop:
            follow = (*follow, *_stop(application, f"emr-serverless:{stop}"))
        call = _call(f"emr-serverless:{name}", application)
        yield _row(f"emr-serverless:{name[0].lower()}{name[1:]}", page, call, sync=follow)
    runs = f"{application}/jobruns/*"
    rule = _rule("StepFunctionsGetEventsForEMRServerlessJobRule")
    start = (*_call("emr-serverless:StartJobRun", application), *_pass("ExecutionRoleArn", "emr-serverless"))
    follow = (*_follow(runs, "emr-serverless:GetJobRun"), *_stop(runs, "emr-serverless:CancelJobRun"), *rule)
    yield _row("emr-serverless:startJobRun", page, start, sync=follow)
    run = f"{application}/jobruns/{{JobRunId}}"
    follow = (*_follow(run, "emr-serverless:GetJobRun"), *rule)
    yield _row("emr-serverless:cancelJobRun", page, _call("emr-serverless:CancelJobRun", run), sync=follow)


def _models() -> Iterator[Integration]:
    invoke = (
        *_call("bedrock:InvokeModel", "arn:{p}:bedrock:{r}::{ModelId|model}"),
        *_beyond("arn:{p}:s3:::*", "s3:GetObject", given="Input.S3Uri"),
        *_beyond("arn:{p}:s3:::*", "s3:PutObject", given="Output.S3Uri"),
        *_beyond(
            "arn:{p}:bedrock:{r}:{a}:guardrail/{GuardrailIdentifier}",
            "bedrock:ApplyGuardrail",
            given="GuardrailIdentifier",
        ),
    )
    yield _row("bedrock:invokeModel", "connect-bedrock", invoke, callback=True)
    jobs = "arn:{p}:bedrock:{r}:{a}:model-customization-job/*"
    customise = (
        *_call("bedrock:CreateModelCustomizationJob", "arn:{p}:bedrock:{r}::{BaseModelIdentifier|model}"),
        *_call("bedrock:CreateModelCustomizationJob", "arn:{p}:bedrock:{r}:{a}:custom-model/*"),
        Need("bedrock:CreateModelCustomizationJob", jobs, certain=False),
        *_pass("RoleArn", "bedrock"),
    )
    follow = (*_follow(jobs, "bedrock:GetModelCustomizationJob"), *_stop(jobs, "bedrock:StopModelCustomizationJob"))
    yield _row("bedrock:createModelCustomizationJob", "connect-bedrock", customise, sync=follow)
    page = "connect-sagemaker"
    sagemaker = "arn:{p}:sagemaker:{r}:{a}:"
    for what, kind, name, role, rule in (
        ("TrainingJob", "training-job", "{TrainingJobName}", "RoleArn", "TrainingJobs"),
        ("TransformJob", "transform-job", "{TransformJobName}", "", "TransformJobs"),
        ("ProcessingJob", "processing-job", "{ProcessingJobName}", "RoleArn", "ProcessingJobs"),
        ("LabelingJob", "labeling-job", "{LabelingJobName}", "RoleArn", "LabelingJobs"),
        ("HyperParameterTuningJob", "hyper-parameter-tuning-job", "{HyperParameterTuningJobName}", "", "TuningJobs"),
    ):
        form = f"{sagemaker}{kind}/{name}"
        call = _call(f"sagemaker:Create{what}", form)
        if role:
            call = (*call, *_pass(role, "sagemaker"))
        if what == "HyperParameterTuningJob":
            call = (*call, *_pass("TrainingJobDefinition.RoleArn", "sagemaker"))
        # Step Functions tags what it waits for: aws/aws-cdk#26012
        follow = (
            *_follow(form, f"sagemaker:Describe{what}"),
            *_stop(form, f"sagemaker:Stop{what}"),
            Need("sagemaker:AddTags", form, certain=False),
            Need("sagemaker:ListTags", form, For.FOLLOW, certain=False),
            # AWS's page shows the rules of two kinds; the others' names are those seen in templates.
            *_rule(f"StepFunctionsGetEventsForSageMaker{rule}Rule", certain=rule in ("TrainingJobs", "TransformJobs")),
        )
        yield _row(f"sagemaker:create{what}", page, call, sync=follow)
    for what, kind, name in (
        ("CreateEndpoint", "endpoint", "{EndpointName}"),
        ("UpdateEndpoint", "endpoint", "{EndpointName}"),
        ("CreateEndpointConfig", "endpoint-config", "{EndpointConfigName}"),
        ("CreateModel", "model", "{ModelName}"),
    ):
        call = _call(f"sagemaker:{what}", f"{sagemaker}{kind}/{name}")
        if what == "CreateModel":
            call = (*call, *_pass("ExecutionRoleArn", "sagemaker"))
        yield _row(f"sagemaker:{what[0].lower()}{what[1:]}", page, call)


def _all() -> Iterator[Integration]:
    for rows in (_states, _requests, _data, _compute, _eks, _emr, _emr_serverless, _models):
        yield from rows()


TABLE: Final[Mapping[str, Integration]] = MappingProxyType({row.name: row for row in _all()})
