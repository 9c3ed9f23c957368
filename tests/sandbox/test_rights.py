"""Decided on what is acted on, and limits that fail closed. Sources stand beside the rules in `sandbox/gateway`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.inside import (
    ACCOUNT,
    FAR,
    OTHER,
    REGION,
    Inside,
    allow,
    deny,
    fresh,
    inside,
    outcome,
    policy,
    refusal,
)

PASS = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})


@pytest.fixture(scope="module")
def box() -> Inside:
    return inside()


def machine(box: Inside, *, region: str = REGION) -> str:
    states = box.client("stepfunctions", region=region)
    made = states.create_state_machine(name=fresh("machine"), roleArn=box.role(allow()), definition=PASS)
    return str(made["stateMachineArn"])


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1"])
@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("s3", "list_buckets", "InvalidAccessKeyId"),
        ("iam", "list_roles", "InvalidClientTokenId"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("stepfunctions", "list_state_machines", "UnrecognizedClientException"),
        ("dynamodb", "list_tables", "UnrecognizedClientException"),
        ("sqs", "list_queues", "UnrecognizedClientException"),
        ("lambda", "list_functions", "UnrecognizedClientException"),
        ("cloudformation", "list_stacks", "InvalidClientTokenId"),
    ],
)
def test_in_another_partition_nobody_has_heard_of_a_key(
    box: Inside, region: str, service: str, operation: str, code: str
) -> None:
    assert outcome(getattr(box.client(service, region=region), operation)) == code


def test_a_call_names_what_is_in_its_own_region(box: Inside) -> None:
    arn = machine(box)
    execution = box.client("stepfunctions").start_execution(stateMachineArn=arn)["executionArn"]
    far = box.client("stepfunctions", region=FAR)
    activity = box.client("stepfunctions").create_activity(name=fresh("activity"))["activityArn"]

    got = {
        "describe": outcome(far.describe_execution, executionArn=execution),
        "history": outcome(far.get_execution_history, executionArn=execution),
        "as run": outcome(far.describe_state_machine_for_execution, executionArn=execution),
        "stop": outcome(far.stop_execution, executionArn=execution),
        "start": outcome(far.start_execution, stateMachineArn=arn),
        "update": outcome(far.update_state_machine, stateMachineArn=arn, definition=PASS),
        "machine": outcome(far.describe_state_machine, stateMachineArn=arn),
        "delete": outcome(far.delete_state_machine, stateMachineArn=arn),
        "activity": outcome(far.describe_activity, activityArn=activity),
        "tag": outcome(far.tag_resource, resourceArn=arn, tags=[{"key": "a", "value": "b"}]),
    }

    assert got == {
        "describe": "ExecutionDoesNotExist",
        "history": "ExecutionDoesNotExist",
        "as run": "ExecutionDoesNotExist",
        "stop": "ExecutionDoesNotExist",
        "start": "StateMachineDoesNotExist",
        "update": "StateMachineDoesNotExist",
        "machine": "StateMachineDoesNotExist",
        "delete": "InvalidArn",
        "activity": "ActivityDoesNotExist",
        "tag": "ResourceNotFound",
    }
    near = box.client("stepfunctions")
    assert near.describe_execution(executionArn=execution)["executionArn"] == execution
    assert near.get_execution_history(executionArn=execution)["events"]


def test_a_bucket_answers_in_its_own_region_alone(box: Inside) -> None:
    name = fresh("bucket")
    box.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    box.client("s3").put_object(Bucket=name, Key="k", Body=b"x")
    here_only = box.user(allow("s3:*"), deny("*", StringNotEquals={"aws:RequestedRegion": FAR}))

    assert outcome(box.client("s3", here_only).get_object, Bucket=name, Key="k") == "AccessDenied"
    # Signed for a region that the policy lets through, it is denied, or signed anew by the client and denied.
    assert outcome(box.client("s3", here_only, region=FAR).get_object, Bucket=name, Key="k") != "OK"


def test_who_expects_another_owner_of_a_bucket_is_refused(box: Inside) -> None:
    name = fresh("bucket")
    box.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})

    assert (
        outcome(box.client("s3").put_object, Bucket=name, Key="k", Body=b"", ExpectedBucketOwner=OTHER)
        == "AccessDenied"
    )
    assert outcome(box.client("s3").put_object, Bucket=name, Key="k", Body=b"", ExpectedBucketOwner=ACCOUNT) == "OK"


# --- limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{ACCOUNT}:policy/NoSuch",
        "arn:aws:iam::aws:policy/NoSuch",
        f"arn:aws:iam::{OTHER}:policy/Theirs",
        "arn:aws-cn:iam::aws:policy/AdministratorAccess",
    ],
)
def test_a_boundary_must_be_there(box: Inside, arn: str) -> None:
    box.client("iam", account=OTHER)
    if arn.endswith("Theirs"):
        outcome(box.client("iam", account=OTHER).create_policy, PolicyName="Theirs", PolicyDocument=policy(allow()))
    iam, role, user = box.client("iam"), box.role().rpartition("/")[2], fresh("user")
    iam.create_user(UserName=user)
    trust = policy({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
    missing = ("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.")

    assert (
        refusal(iam.create_role, RoleName=fresh("r"), AssumeRolePolicyDocument=trust, PermissionsBoundary=arn)
        == missing
    )
    assert refusal(iam.create_user, UserName=fresh("u"), PermissionsBoundary=arn) == missing
    assert refusal(iam.put_role_permissions_boundary, RoleName=role, PermissionsBoundary=arn) == missing
    assert refusal(iam.put_user_permissions_boundary, UserName=user, PermissionsBoundary=arn) == missing


def test_a_boundary_limits_users_as_it_limits_roles(box: Inside) -> None:
    iam = box.client("iam")
    limit = iam.create_policy(PolicyName=fresh("Limit"), PolicyDocument=policy(allow("iam:ListRoles")))["Policy"]["Arn"]
    name = fresh("user")
    made = iam.create_user(UserName=name, PermissionsBoundary=limit)["User"]
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(allow()))
    them = box.client("iam", box.key(name))

    assert made["PermissionsBoundary"]["PermissionsBoundaryArn"] == limit
    assert iam.get_user(UserName=name)["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == limit
    assert outcome(them.list_roles) == "OK"
    code, words = refusal(them.list_users)
    assert code == "AccessDenied"
    assert "no permissions boundary allows the iam:ListUsers action" in words
    box.bridge._reload("iam", ACCOUNT)  # as after a restart
    assert outcome(them.list_users) == "AccessDenied"
    iam.delete_user_permissions_boundary(UserName=name)
    assert outcome(them.list_users) == "OK"
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=limit)
    assert outcome(them.list_users) == "AccessDenied"


def test_a_boundary_that_is_gone_allows_nothing(box: Inside) -> None:
    iam = box.client("iam")
    limit = iam.create_policy(PolicyName=fresh("Limit"), PolicyDocument=policy(allow("iam:ListRoles")))["Policy"]["Arn"]
    keys = box.session(box.role(allow(), PermissionsBoundary=limit))
    del box.bridge._iam(ACCOUNT).managed_policies[limit]
    box.bridge._stored.forget([ACCOUNT])  # nobody changes memory behind the gateway but this test

    assert outcome(box.client("iam", keys).list_roles) == "AccessDenied"
    assert outcome(box.client("iam", keys).list_users) == "AccessDenied"


def test_who_may_only_change_bounded_users_changes_no_others(box: Inside) -> None:
    """The delegation of the IAM User Guide's access_policies_boundaries.html."""
    iam = box.client("iam")
    limit = iam.create_policy(PolicyName=fresh("Limit"), PolicyDocument=policy(allow("s3:*")))["Policy"]["Arn"]
    free, bounded, mine = fresh("free"), fresh("bounded"), fresh("mine")
    iam.create_user(UserName=free)
    iam.create_user(UserName=bounded, PermissionsBoundary=limit)
    delegate = box.client("iam", box.user(allow("iam:*", StringEquals={"iam:PermissionsBoundary": limit})))
    document = policy(allow())

    assert outcome(delegate.create_user, UserName=mine) == "AccessDenied"
    assert outcome(delegate.create_user, UserName=mine, PermissionsBoundary=limit) == "OK"
    assert outcome(delegate.put_user_policy, UserName=bounded, PolicyName="p", PolicyDocument=document) == "OK"
    assert outcome(delegate.put_user_policy, UserName=free, PolicyName="p", PolicyDocument=document) == "AccessDenied"


LOGS = (
    *("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery"),
    *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"),
)
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/vendedlogs/states/x"


def logs_to(*arns: str, level: str = "ALL") -> dict[str, Any]:
    destinations = [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}} for arn in arns]
    return {"level": level, "includeExecutionData": True, "destinations": destinations}


@pytest.mark.parametrize(
    ("logging", "code", "words"),
    [
        (logs_to(GROUP), "InvalidLoggingConfiguration", "Log Group ARN must be provided with '*' qualifier."),
        (logs_to(), "InvalidLoggingConfiguration", "Must specify exactly one Log Destination."),
        (
            logs_to(f"{GROUP}:*", f"{GROUP}y:*"),
            "InvalidLoggingConfiguration",
            "Must specify exactly one Log Destination.",
        ),
        (logs_to(f"{GROUP}:*".replace(REGION, FAR)), "InvalidLoggingConfiguration", "account and region"),
        (logs_to(f"{GROUP}:*".replace(ACCOUNT, OTHER)), "InvalidLoggingConfiguration", "account and region"),
        (logs_to("arn:aws:s3:::bucket:*"), "InvalidLoggingConfiguration", "ARN of a CloudWatch Logs log group"),
        (logs_to(f"{GROUP}:*", level="DEBUG"), "ValidationException", "[ALL, ERROR, FATAL, OFF]"),
        (
            logs_to(f"{GROUP}:*"),
            "AccessDeniedException",
            "The state machine IAM Role is not authorized to access the Log Destination",
        ),
    ],
)
def test_logs_that_could_not_be_delivered_are_refused(
    box: Inside, logging: dict[str, Any], code: str, words: str
) -> None:
    states, arn = box.client("stepfunctions"), machine(box)
    silent = box.role()
    states.update_state_machine(stateMachineArn=arn, roleArn=silent)

    made = refusal(
        states.create_state_machine, name=fresh("m"), roleArn=silent, definition=PASS, loggingConfiguration=logging
    )
    changed = refusal(states.update_state_machine, stateMachineArn=arn, loggingConfiguration=logging)

    assert made[0] == changed[0] == code
    assert words in made[1]
    assert words in changed[1]


def test_logs_that_the_role_may_deliver_are_taken(box: Inside) -> None:
    states, role = box.client("stepfunctions"), box.role(allow(list(LOGS)))
    logging = logs_to(f"{GROUP}:*")
    made = states.create_state_machine(name=fresh("m"), roleArn=role, definition=PASS, loggingConfiguration=logging)

    told = states.describe_state_machine(stateMachineArn=made["stateMachineArn"])["loggingConfiguration"]
    assert told == logging


@pytest.mark.parametrize("missing", LOGS)
def test_each_right_to_deliver_logs_is_needed(box: Inside, missing: str) -> None:
    role = box.role(allow([one for one in LOGS if one != missing]))
    states = box.client("stepfunctions")

    got = outcome(
        states.create_state_machine,
        name=fresh("m"),
        roleArn=role,
        definition=PASS,
        loggingConfiguration=logs_to(f"{GROUP}:*"),
    )
    assert got == "AccessDeniedException"


def test_keys_are_not_offered_and_said_so(box: Inside) -> None:
    states = box.client("stepfunctions")
    key = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/there-is-none"}
    made = {"roleArn": box.role(), "definition": PASS}
    refused = [
        refusal(states.create_state_machine, name=fresh("m"), encryptionConfiguration=key, **made),
        refusal(states.update_state_machine, stateMachineArn=machine(box), encryptionConfiguration=key),
        refusal(states.create_activity, name=fresh("a"), encryptionConfiguration=key),
    ]

    assert {code for code, _ in refused} == {"InvalidEncryptionConfiguration"}
    assert all("doesn't offer KMS keys" in words for _, words in refused)
    own = {"type": "AWS_OWNED_KEY"}
    assert outcome(states.create_state_machine, name=fresh("m"), encryptionConfiguration=own, **made) == "OK"


def test_metadata_alone_has_no_definition_and_no_data(box: Inside) -> None:
    states, arn = box.client("stepfunctions"), machine(box)
    execution = states.start_execution(stateMachineArn=arn, input='{"secret": 1}')["executionArn"]

    assert states.describe_state_machine(stateMachineArn=arn, includedData="METADATA_ONLY")["definition"] == "{}"
    told = states.describe_execution(executionArn=execution, includedData="METADATA_ONLY")
    assert not {"input", "output"} & told.keys()
    assert (
        states.describe_state_machine_for_execution(executionArn=execution, includedData="METADATA_ONLY")["definition"]
        == "{}"
    )


# --- names and tags --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "target"),
    [
        ({"NewUserName": "dev-{n}-new"}, "user/dev-{n}-new"),
        ({"NewPath": "/admin/"}, "user/admin/dev-{n}"),
        ({"NewUserName": "boss-{n}", "NewPath": "/admin/team/"}, "user/admin/team/boss-{n}"),
    ],
)
def test_a_rename_or_a_move_asks_for_the_old_and_the_new(box: Inside, change: dict[str, str], target: str) -> None:
    number = fresh("x")
    name = f"dev-{number}"
    box.client("iam").create_user(UserName=name)
    change = {key: value.format(n=number) for key, value in change.items()}
    old, new = (f"arn:aws:iam::{ACCOUNT}:{one}" for one in (f"user/{name}", target.format(n=number)))
    only_old, only_new, both = (
        box.client("iam", box.user(allow("iam:UpdateUser", which))) for which in (old, new, [old, new])
    )

    code, words = refusal(only_old.update_user, UserName=name, **change)
    assert code == "AccessDenied"
    assert f"on resource: {new} " in words
    assert f"on resource: {old} " in refusal(only_new.update_user, UserName=name, **change)[1]
    assert outcome(both.update_user, UserName=name, **change) == "OK"


def test_a_rename_takes_nobody_s_place_and_leaves_nothing_behind(box: Inside) -> None:
    iam = box.client("iam")
    old, new, taken, group = fresh("old"), fresh("new"), fresh("Taken"), fresh("group")
    iam.create_user(UserName=taken)
    keys = box.user(allow("iam:ListUsers"), name=old)
    iam.tag_user(UserName=old, Tags=[{"Key": "team", "Value": "red"}])
    iam.create_group(GroupName=group)
    iam.put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=policy(allow("iam:ListRoles")))
    iam.add_user_to_group(GroupName=group, UserName=old)
    trust = policy(
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/{old}"}, "Action": "sts:AssumeRole"}
    )
    role = fresh("role")
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)

    assert outcome(iam.update_user, UserName=old, NewUserName=taken.lower()) == "EntityAlreadyExists"
    iam.update_user(UserName=old, NewUserName=new)
    heir = box.user(name=old)
    for _ in range(2):
        assert outcome(box.client("iam", keys).list_users) == "OK"
        assert outcome(box.client("iam", keys).list_roles) == "OK"
        assert iam.list_user_tags(UserName=new)["Tags"] == [{"Key": "team", "Value": "red"}]
        assert iam.list_user_tags(UserName=old)["Tags"] == []
        assert outcome(box.client("iam", heir).list_users) == "AccessDenied"
        assert outcome(box.client("iam", heir).list_roles) == "AccessDenied"
        assert new in json.dumps(iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])
        box.bridge._reload("iam", ACCOUNT)


def test_a_new_user_inherits_no_groups_and_no_tags(box: Inside) -> None:
    iam, name, group = box.client("iam"), fresh("user"), fresh("admins")
    iam.create_group(GroupName=group)
    iam.put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=policy(allow()))
    iam.create_user(UserName=name, Tags=[{"Key": "team", "Value": "red"}])
    iam.add_user_to_group(GroupName=group, UserName=name)
    if outcome(iam.delete_user, UserName=name) != "OK":
        iam.remove_user_from_group(GroupName=group, UserName=name)
        iam.delete_user(UserName=name)
    keys = box.user(name=name)
    for _ in range(2):
        assert outcome(box.client("iam", keys).list_users) == "AccessDenied"
        assert iam.list_user_tags(UserName=name)["Tags"] == []
        box.bridge._reload("iam", ACCOUNT)


@pytest.mark.parametrize("kind", ["user", "group"])
def test_names_are_taken_whatever_their_case(box: Inside, kind: str) -> None:
    iam, name = box.client("iam"), fresh("Name")
    make, key = getattr(iam, f"create_{kind}"), f"{kind.title()}Name"
    make(**{key: name})

    assert outcome(make, **{key: name.upper()}) == "EntityAlreadyExists"


def test_removing_tags_tells_their_keys(box: Inside) -> None:
    iam, states = box.client("iam"), box.client("stepfunctions")
    arn, role, user = machine(box), box.role().rpartition("/")[2], fresh("user")
    iam.create_user(UserName=user)
    made = iam.create_policy(PolicyName=fresh("P"), PolicyDocument=policy(allow()))["Policy"]["Arn"]
    states.tag_resource(resourceArn=arn, tags=[{"key": "keep", "value": "x"}, {"key": "free", "value": "x"}])
    keys = box.user(allow(), deny("*", **{"ForAnyValue:StringEquals": {"aws:TagKeys": "keep"}}))
    iam, states = box.client("iam", keys), box.client("stepfunctions", keys)

    def removed(key: str) -> list[str]:
        return [
            outcome(iam.untag_role, RoleName=role, TagKeys=[key]),
            outcome(iam.untag_user, UserName=user, TagKeys=[key]),
            outcome(iam.untag_policy, PolicyArn=made, TagKeys=[key]),
            outcome(states.untag_resource, resourceArn=arn, tagKeys=[key]),
        ]

    assert removed("keep") == [*["AccessDenied"] * 3, "AccessDeniedException"]
    assert removed("free") == ["OK"] * 4


def test_tags_are_put_on_what_is_there(box: Inside) -> None:
    states, iam = box.client("stepfunctions"), box.client("iam")
    tags = [{"key": "team", "value": "red"}]
    for kind in ("stateMachine", "activity"):
        arn = f"arn:aws:states:{REGION}:{ACCOUNT}:{kind}:{fresh('later')}"
        missing = ("ResourceNotFound", f"Resource not found: '{arn}'")
        assert refusal(states.tag_resource, resourceArn=arn, tags=tags) == missing
        assert refusal(states.untag_resource, resourceArn=arn, tagKeys=["team"]) == missing
        assert refusal(states.list_tags_for_resource, resourceArn=arn) == missing
    named = [{"Key": "team", "Value": "red"}]
    assert outcome(iam.tag_user, UserName=fresh("later"), Tags=named) == "NoSuchEntity"
    assert outcome(iam.tag_role, RoleName=fresh("later"), Tags=named) == "NoSuchEntity"
    later = f"arn:aws:iam::{ACCOUNT}:policy/{fresh('later')}"
    assert outcome(iam.tag_policy, PolicyArn=later, Tags=named) == "NoSuchEntity"


@pytest.mark.parametrize("key", ["aws:team", "AWS:team", "aws:"])
def test_tags_of_aws_are_aws_s_alone(box: Inside, key: str) -> None:
    iam, states, arn = box.client("iam"), box.client("stepfunctions"), machine(box)
    named, tags = [{"Key": key, "Value": "x"}], [{"key": key, "value": "x"}]
    trust = policy({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
    role = box.role()
    bucket = {"LocationConstraint": REGION, "Tags": named}
    table = {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    got = [
        outcome(iam.create_role, RoleName=fresh("r"), AssumeRolePolicyDocument=trust, Tags=named),
        outcome(iam.tag_role, RoleName=role.rpartition("/")[2], Tags=named),
        outcome(iam.create_user, UserName=fresh("u"), Tags=named),
        outcome(iam.create_policy, PolicyName=fresh("p"), PolicyDocument=policy(allow()), Tags=named),
        outcome(states.tag_resource, resourceArn=arn, tags=tags),
        outcome(states.create_activity, name=fresh("a"), tags=tags),
        outcome(box.client("sts").assume_role, RoleArn=role, RoleSessionName="session", Tags=named),
        outcome(box.client("s3").create_bucket, Bucket=fresh("b"), CreateBucketConfiguration=bucket),
        outcome(box.client("sqs").create_queue, QueueName=fresh("q"), tags={key: "x"}),
        outcome(box.client("dynamodb").create_table, TableName=fresh("table"), Tags=named, **table),
        outcome(box.client("cloudformation").create_stack, StackName="S", TemplateBody="{}", Tags=named),
    ]
    assert got == [
        *["InvalidInput"] * 4,
        *["ValidationException"] * 2,
        "InvalidParameterValue",
        "InvalidTag",
        "InvalidParameterValue",
        "ValidationException",
        "ValidationError",
    ]


# --- lists -----------------------------------------------------------------------------------------------------------

_HERE = f"{REGION}:{ACCOUNT}"
# (service, call, its parameters, action, what AWS decides on as its own denials tell)
LISTS: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("stepfunctions", "list_state_machines", {}, "states:ListStateMachines", f"arn:aws:states:{_HERE}:stateMachine:*"),
    ("stepfunctions", "list_activities", {}, "states:ListActivities", f"arn:aws:states:{_HERE}:activity:*"),
    (
        "stepfunctions",
        "validate_state_machine_definition",
        {"definition": PASS},
        "states:ValidateStateMachineDefinition",
        f"arn:aws:states:{_HERE}:stateMachine:*",
    ),
    ("iam", "list_roles", {}, "iam:ListRoles", f"arn:aws:iam::{ACCOUNT}:role/"),
    ("iam", "list_roles", {"PathPrefix": "/team/"}, "iam:ListRoles", f"arn:aws:iam::{ACCOUNT}:role/team/"),
    ("iam", "list_users", {}, "iam:ListUsers", f"arn:aws:iam::{ACCOUNT}:user/"),
    ("iam", "list_groups", {}, "iam:ListGroups", f"arn:aws:iam::{ACCOUNT}:group/"),
    ("iam", "list_policies", {}, "iam:ListPolicies", "policy path /"),
    ("iam", "get_account_summary", {}, "iam:GetAccountSummary", "*"),
    ("dynamodb", "list_tables", {}, "dynamodb:ListTables", f"arn:aws:dynamodb:{_HERE}:table/*"),
    ("sqs", "list_queues", {}, "sqs:listqueues", f"arn:aws:sqs:{_HERE}:"),
    ("lambda", "list_functions", {}, "lambda:ListFunctions", "*"),
    ("cloudformation", "list_stacks", {}, "cloudformation:ListStacks", f"arn:aws:cloudformation:{_HERE}:stack/*/*"),
    (
        "cloudformation",
        "describe_stacks",
        {},
        "cloudformation:DescribeStacks",
        f"arn:aws:cloudformation:{_HERE}:stack/*/*",
    ),
]


@pytest.mark.parametrize(("service", "call", "params", "action", "resource"), LISTS, ids=lambda one: str(one)[:40])
def test_lists_are_decided_on_aws_s_own_resource_and_denied_by_its_name(
    box: Inside, service: str, call: str, params: dict[str, Any], action: str, resource: str
) -> None:
    nobody = box.client(service, box.user())
    _, words = refusal(getattr(nobody, call), **params)
    assert f"is not authorized to perform: {action} on resource: {resource} because" in words
    if resource.startswith("arn:"):
        enough = box.client(service, box.user(allow(action, f"{resource}*")))
        assert outcome(getattr(enough, call), **params) == "OK"
        other = box.client(service, box.user(allow(action, f"{resource}*".replace(ACCOUNT, OTHER))))
        assert outcome(getattr(other, call), **params) != "OK"


def test_a_workers_answer_is_decided_on_the_activity(box: Inside) -> None:
    """Not on the state machine, as somebody tried: aws/aws-cdk#8486."""
    states = box.client("stepfunctions")
    activity = states.create_activity(name=fresh("work"))["activityArn"]
    task = {"Type": "Task", "Resource": activity, "TimeoutSeconds": 30, "End": True}
    made = states.create_state_machine(
        name=fresh("machine"),
        roleArn=box.role(allow()),
        definition=json.dumps({"StartAt": "A", "States": {"A": task}}),
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=made)["executionArn"]
    answer = {"taskToken": states.get_activity_task(activityArn=activity)["taskToken"], "output": "1"}
    of_the_machine = box.client("stepfunctions", box.user(allow("states:SendTask*", made)))
    of_the_activity = box.client("stepfunctions", box.user(allow("states:SendTask*", activity)))

    _, words = refusal(of_the_machine.send_task_success, **answer)
    assert f"states:SendTaskSuccess on resource: {activity} because" in words
    assert outcome(of_the_activity.send_task_success, **answer) == "OK"
    states.stop_execution(executionArn=execution)


def test_buckets_are_listed_without_a_resource(box: Inside) -> None:
    """As S3 words it; policies for `arn:aws:s3:::*` are enough (S3 User Guide, example-policies-s3.html)."""
    _, words = refusal(box.client("s3", box.user()).list_buckets)

    assert "perform: s3:ListAllMyBuckets because no identity-based policy allows" in words
    assert outcome(box.client("s3", box.user(allow("s3:ListAllMyBuckets", "arn:aws:s3:::*"))).list_buckets) == "OK"


def test_revealing_secrets_is_a_right_of_its_own(box: Inside) -> None:
    role = box.role()
    keys = box.user(allow(["states:TestState", "iam:PassRole"]))
    state = {"definition": json.dumps({"Type": "Pass", "End": True}), "roleArn": role}

    assert outcome(box.client("stepfunctions", keys).test_state, **state) == "OK"
    code, words = refusal(box.client("stepfunctions", keys).test_state, revealSecrets=True, **state)
    assert code == "AccessDeniedException"
    assert "states:RevealSecrets" in words


def test_a_trust_policy_is_not_simulated(box: Inside) -> None:
    """AWS discards it: the identity side alone decides (aws/aws-cli#10314)."""
    trust = policy(
        {"Effect": "Deny", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/other"}, "Action": "sts:AssumeRole"}
    )
    role = f"arn:aws:iam::{ACCOUNT}:role/R"
    found = box.client("iam").simulate_custom_policy(
        PolicyInputList=[policy(allow("sts:AssumeRole", role))],
        ActionNames=["sts:AssumeRole", "s3:GetObject"],
        ResourceArns=[role],
        ResourcePolicy=trust,
        CallerArn=f"arn:aws:iam::{ACCOUNT}:user/other",
        ResourceOwner=f"arn:aws:iam::{OTHER}:root",
    )["EvaluationResults"]

    assert [one["EvalDecision"] for one in found] == ["allowed", "implicitDeny"]
    assert [len(one["MatchedStatements"]) for one in found] == [1, 0]
