"""On what the calls of SDKs are asked for: each required type of resource, over all of IAM's actions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from xsfn_helpers.asl import acted_on as rules
from xsfn_helpers.asl.acted_on import acted_on
from xsfn_helpers.asl.arn_forms import CallingPlace
from xsfn_helpers.asl.asked import For, TaskCaller
from xsfn_helpers.asl.integrations import asked_of
from xsfn_helpers.iam.actions import IamAction, ResourceType, action, actions_of, prefixes

PLACE = CallingPlace("222222222222", "eu-west-1", "aws")
CALLER = TaskCaller(PLACE, PLACE, "arn:aws:states:eu-west-1:222222222222:stateMachine:m")
HERE = "eu-west-1:222222222222"


def required(one: IamAction) -> list[ResourceType]:
    return [kind for kind in one.types if kind.required]


def of_several() -> Iterator[IamAction]:
    """Every action that has several required types, and isn't one whose types are known to be alternatives."""
    for prefix in prefixes():
        for one in actions_of(prefix):
            name = str(one).lower()
            known = rules._ALTERNATIVES.fullmatch(name) or name in rules._EITHER
            if (
                len(required(one)) > 1
                and not known
                and all((name, kind.name) not in rules._NOT_ASKED for kind in one.types)
            ):
                yield one


SEVERAL = list(of_several())


def arn_of(kind: ResourceType) -> str:
    here = {"Partition": "aws", "Region": "eu-west-1", "Account": "222222222222"}
    return re.sub(r"\$\{(\w+)\}", lambda found: here.get(found[1], "x1"), kind.arn)


def patterns(one: IamAction, arguments: object) -> list[tuple[str, bool]]:
    return [
        (arn, certain)
        for resource, certain in acted_on(one, arguments, PLACE)
        for arn in (resource.either or (resource.arn,))
    ]


def test_there_are_more_than_a_thousand() -> None:
    assert len(SEVERAL) > 1000


def test_every_required_type_that_the_arguments_name_is_asked_for() -> None:
    for one in SEVERAL:
        arns = [arn_of(kind) for kind in required(one)]
        named = [arn for arn in arns if not arn.startswith(("arn:aws:*", "arn:aws:x1"))]
        asked = patterns(one, {f"Given{at}": arn for at, arn in enumerate(arns)})
        certain = [arn for arn, sure in asked if sure]
        assert set(named) <= {*certain} or any(kind.name in ("recoveryPoint",) for kind in one.types), (one, asked)


def test_ec2_asks_for_every_required_type_whatever_the_arguments_name() -> None:
    for one in SEVERAL:
        if one.prefix == "ec2":
            asked = patterns(one, {"DryRun": False})
            for kind in required(one):
                assert any(sure and fnmatchcase(arn_of(kind), arn) for arn, sure in asked), (one, kind.name)


def test_whatever_is_asked_is_of_a_type_of_the_action() -> None:
    for prefix in prefixes():
        for one in actions_of(prefix):
            forms = [re.sub(r"\$\{\w+\}", "*", kind.arn) for kind in one.types]
            for arguments in ({}, {"Name": "n"}, "{% $all %}"):
                for arn, _ in patterns(one, arguments):
                    text = arn.replace("*", "x")
                    assert (
                        arn == "*"
                        or str(one).lower() in rules._TOKENS
                        or any(
                            fnmatchcase(text, form.replace("::", ":*:")) or fnmatchcase(text, form) for form in forms
                        )
                    ), (one, arn)


def test_a_required_type_that_nothing_names_is_no_denial_yet() -> None:
    """It may be an alternative of one that is named; of EC2 and of Glue's catalogue it is known that it isn't."""
    for one in SEVERAL:
        if one.prefix in ("ec2", "glue"):
            continue
        first, *others = required(one)
        asked = patterns(one, {"Given": arn_of(first)})
        for kind in others:
            unnamed = [name for name in re.findall(r"\$\{(\w+)\}", kind.arn) if name not in rules._OF_THE_PLACE]
            if unnamed and not fnmatchcase(arn_of(first), re.sub(r"\$\{\w+\}", "*", kind.arn)):
                form = re.sub(r"\$\{\w+\}", "*", kind.arn)
                sure = [arn for arn, certain in asked if certain and fnmatchcase(arn, form)]
                assert all(fnmatchcase(arn, re.sub(r"\$\{\w+\}", "*", first.arn)) for arn in sure), (one, kind.name)


ALIAS = {"AliasName": "alias/a", "TargetKeyId": "k1"}
ATTACH = {"PolicyId": "p-1", "TargetId": "ou-ab-1"}
LISTENER = f"arn:aws:elasticloadbalancing:{HERE}:listener/app/a/1/2"
MOVE = {"AccountId": "333333333333", "SourceParentId": "r-ab", "DestinationParentId": "ou-ab-1"}
POINT = f"arn:aws:backup:{HERE}:recovery-point:1"
RUN = {"ImageId": "ami-1", "SubnetId": "subnet-1", "SecurityGroupIds": ["sg-1", "sg-2"]}
SET = "arn:aws:sso:::permissionSet/i1/s1"


@pytest.mark.parametrize(
    ("call", "arguments", "arns"),
    [
        ("ec2:attachVolume", {"InstanceId": "i-1", "VolumeId": "vol-1"}, "ec2:{h}:instance/i-1 ec2:{h}:volume/vol-1"),
        ("ec2:stopInstances", {"InstanceIds": ["i-1", "i-2"]}, "ec2:{h}:instance/i-1 ec2:{h}:instance/i-2"),
        ("ec2:createSnapshot", {"VolumeId": "vol-1"}, "ec2:eu-west-1::snapshot/* ec2:{h}:volume/vol-1"),
        (
            "ec2:runInstances",
            RUN,
            "ec2:eu-west-1::image/ami-1 ec2:{h}:instance/* ec2:{h}:network-interface/* ec2:{h}:security-group/sg-1"
            " ec2:{h}:security-group/sg-2 ec2:{h}:subnet/subnet-1 ec2:{h}:volume/*?",
        ),
        (
            "ssoadmin:createAccountAssignment",
            {"InstanceArn": "arn:aws:sso:::instance/i1", "PermissionSetArn": SET, "TargetId": "333333333333"},
            "sso:::account/333333333333 sso:::instance/i1 sso:::permissionSet/i1/s1",
        ),
        ("dynamodb:query", {"TableName": "t"}, "dynamodb:{h}:table/t"),
        ("dynamodb:query", {"TableName": "t", "IndexName": "i"}, "dynamodb:{h}:table/t/index/i"),
        ("dynamodb:query", {"TableName": "t", "IndexName.$": "$.i"}, "dynamodb:{h}:table/t/index/*"),
        (
            "dynamodb:restoreTableFromBackup",
            {"BackupArn": f"arn:aws:dynamodb:{HERE}:table/t/backup/1", "TargetTableName": "u"},
            "dynamodb:{h}:table/t/backup/1 dynamodb:{h}:table/u",
        ),
        (
            "glue:getTable",
            {"DatabaseName": "d", "Name": "t"},
            "glue:{h}:database/d glue:{h}:catalog glue:{h}:table/d/t",
        ),
        ("glue:getTables", {"DatabaseName": "d"}, "glue:{h}:database/d glue:{h}:catalog glue:{h}:table/d/*"),
        ("glue:startJobRun", {"JobName": "j"}, "glue:{h}:job/j"),
        ("s3:getObject", {"Bucket": "b", "Key": "k"}, "s3:::b/k"),
        ("s3:copyObject", {"Bucket": "b", "Key": "k", "CopySource": "c/x"}, "s3:::c/x s3:::b/k"),
        ("kms:createAlias", ALIAS, "kms:{h}:alias/a kms:{h}:key/k1"),
        ("kms:encrypt", {"KeyId": "alias/a"}, "kms:{h}:key/*"),
        (
            "organizations:moveAccount",
            MOVE,
            "organizations::*:account/o-*/333333333333 organizations::*:ou/o-*/ou-ab-1 organizations::*:root/o-*/r-ab",
        ),
        (
            "organizations:moveAccount",
            {"AccountId.$": "$.a", "SourceParentId.$": "$.s", "DestinationParentId": "ou-ab-1"},
            "organizations::*:account/o-*/* organizations::*:ou/o-*/ou-ab-1"
            " organizations::*:ou/o-*/ou-*|organizations::*:root/o-*/r-*",
        ),
        (
            "organizations:attachPolicy",
            {"PolicyId": "p-1", "TargetId.$": "$.t"},
            "organizations::*:policy/o-*/*/p-1"
            " organizations::*:account/o-*/*|organizations::*:ou/o-*/ou-*|organizations::*:root/o-*/r-*",
        ),
        ("organizations:attachPolicy", ATTACH, "organizations::*:policy/o-*/*/p-1 organizations::*:ou/o-*/ou-ab-1"),
        (
            "rds:createDBSnapshot",
            {"DbInstanceIdentifier": "d", "DbSnapshotIdentifier": "s"},
            "rds:{h}:db:d rds:{h}:snapshot:s",
        ),
        (
            "batch:submitJob",
            {"JobQueue": "q", "JobDefinition": "d:1"},
            "batch:{h}:job-queue/q batch:{h}:job-definition/d:1?",
        ),
        (
            "ssm:sendCommand",
            {"DocumentName": "AWS-RunShellScript", "InstanceIds": ["i-1"]},
            "ssm:eu-west-1::document/AWS-RunShellScript ec2:{h}:instance/i-1",
        ),
        (
            "ssm:sendCommand",
            {"DocumentName": "d", "InstanceIds": ["mi-1"]},
            "ssm:{h}:document/d ssm:{h}:managed-instance/mi-1",
        ),
        ("ssm:startAutomationExecution", {"DocumentName": "d"}, "ssm:{h}:automation-definition/d:*|ssm:{h}:document/d"),
        (
            "elasticloadbalancingv2:modifyListener",
            {"ListenerArn": LISTENER},
            "elasticloadbalancing:{h}:listener/app/a/1/2",
        ),
        ("backup:startCopyJob", {"RecoveryPointArn": POINT}, "backup:{h}:recovery-point:1"),
        ("bedrockruntime:invokeModel", {"ModelId": "amazon.titan"}, "bedrock:eu-west-1::foundation-model/amazon.titan"),
        ("sfn:describeExecution", {"ExecutionArn": f"arn:aws:states:{HERE}:execution:m:x"}, "states:{h}:execution:m:x"),
        ("scheduler:createSchedule", {"Name": "n", "GroupName": "g"}, "scheduler:{h}:schedule/g/n"),
        ("scheduler:createSchedule", {"Name": "n"}, "scheduler:{h}:schedule/default/n"),
        ("scheduler:createSchedule", {"Name": "n", "GroupName.$": "$.g"}, "scheduler:{h}:schedule/*/n"),
        ("scheduler:createScheduleGroup", {"Name": "g"}, "scheduler:{h}:schedule-group/g"),
        ("sfn:sendTaskSuccess", {"TaskToken.$": "$.t"}, "states:{h}:stateMachine:*|states:{h}:activity:*"),
    ],
)
def test_a_call_is_asked_for_on(call: str, arguments: dict[str, Any], arns: str) -> None:
    """By the Service Authorization Reference; `?` after what isn't certain, `|` between alternatives."""
    found = asked_of(f"arn:aws:states:::aws-sdk:{call}", arguments, CALLER)
    asked = [
        "|".join(arn.removeprefix("arn:aws:") for arn in one.resource.either or (one.resource.arn,))
        + ("" if one.certain else "?")
        for one in found.permissions
        if one.purpose is For.CALL
    ]

    assert asked == arns.format(h=HERE).split()


def test_every_row_of_the_tables_names_types_and_variables_that_the_reference_has() -> None:
    for scope, variable in (*rules._PARAMETERS, *rules._DEFAULTS):
        prefix = re.split("[: ]", scope)[0]
        kinds = {kind for one in actions_of(prefix) for kind in one.types}
        assert any(f"${{{variable}}}" in kind.arn for kind in kinds), (scope, variable)
        assert ":" not in scope or action(scope) is not None, scope
    for prefix, name in (*rules._IDS, *rules._BY_ARN, *rules._INSTEAD):
        assert any(kind.name == name for one in actions_of(prefix) for kind in one.types), (prefix, name)
    for whole, name in (*rules._NOT_ASKED, *rules._NEARLY_ALWAYS):
        found = action(whole)
        assert found is not None
        assert any(kind.name == name for kind in found.types), (whole, name)
