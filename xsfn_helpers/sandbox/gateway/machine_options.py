"""What Step Functions asks of a state machine's logging and encryption, and of the place of what a call names.

Words: those that users of AWS report (aws/aws-cdk#26432, hashicorp/terraform-provider-aws#17682), and the service's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from xsfn_helpers.common.arns import Arn
from xsfn_helpers.sandbox.gateway.calls import Call, Params
from xsfn_helpers.sandbox.gateway.errors import Refusal

_LEVELS: Final = ("ALL", "ERROR", "FATAL", "OFF")
_KEY_TYPES: Final = ("AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY")
_GROUP: Final = re.compile(
    r"arn:(?P<partition>[a-z-]+):logs:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):log-group:.+"
)
# What the machine's role needs to have its logs delivered (step-functions/latest/dg/cw-logs.html); none of these is on
# anything less than everything.
_DELIVERY: Final = (
    *("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery"),
    *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"),
)
# What a call names, by the type in its ARN -> the error where it isn't there
_MISSING: Final = {
    "execution": ("ExecutionDoesNotExist", "Execution Does Not Exist"),
    "express": ("ExecutionDoesNotExist", "Execution Does Not Exist"),
    "stateMachine": ("StateMachineDoesNotExist", "State Machine Does Not Exist"),
    "activity": ("ActivityDoesNotExist", "Activity Does Not Exist"),
}
_TAGS: Final = frozenset(("TagResource", "UntagResource", "ListTagsForResource"))
# AWS's model gives these no error for what isn't there.
_DELETIONS: Final = frozenset(
    ("DeleteStateMachine", "DeleteActivity", "DeleteStateMachineAlias", "DeleteStateMachineVersion")
)


class RoleRights(Protocol):
    """What Step Functions may do as a machine's role."""

    def allowed_as_machine(self, role_arn: str, machine_arn: str, actions: Iterable[str], resource: str) -> bool: ...


def check_place(call: Call, *, partition: str, region: str) -> None:
    """Raise `Refusal` for a thing of another region or partition than the request's: there it doesn't exist."""
    arn = call.demands[0].resource
    parts = arn.split(":")
    if len(parts) < 6 or (parts[1], parts[3]) == (partition, region):
        return
    if call.operation in _DELETIONS:
        raise Refusal("InvalidArn", f"Invalid Arn: '{arn}'")
    code, words = _MISSING.get(parts[5], ("ResourceNotFound", "Resource not found"))
    if call.operation in _TAGS:
        code, words = "ResourceNotFound", "Resource not found"
    raise Refusal(code, f"{words}: '{arn}'")


def check_options(params: Params, role_arn: str, machine_arn: str, rights: RoleRights) -> None:
    """Raise `Refusal` for logs that couldn't be delivered, and for a key that isn't there."""
    check_encryption(params.get("encryptionConfiguration"))
    logging = params.get("loggingConfiguration") or {}
    level, destinations = logging.get("level"), logging.get("destinations") or []
    if level is not None and level not in _LEVELS:
        raise _outside("loggingConfiguration.level", level, _LEVELS)
    if len(destinations) > 1 or (level not in (None, "OFF") and not destinations):
        raise _invalid_logging("Must specify exactly one Log Destination.")
    for destination in destinations:
        _check_destination(destination, machine_arn)
    if destinations and level not in (None, "OFF"):
        if rights.allowed_as_machine(role_arn, machine_arn, _DELIVERY, "*"):
            return
        words = "The state machine IAM Role is not authorized to access the Log Destination"
        raise Refusal("AccessDeniedException", words)


def check_encryption(encryption: Mapping[str, Any] | None) -> None:
    """Raise `Refusal` for any key but AWS's own: the sandbox has no KMS, and so no other one is there."""
    if not encryption:
        return
    kind = encryption.get("type")
    if kind not in _KEY_TYPES:
        raise _outside("encryptionConfiguration.type", kind, _KEY_TYPES)
    if kind != "AWS_OWNED_KEY" or encryption.get("kmsKeyId") or encryption.get("kmsDataKeyReusePeriodSeconds"):
        raise Refusal(
            "InvalidEncryptionConfiguration",
            "Invalid Encryption Configuration: The xsfn sandbox doesn't offer KMS keys; leave encryptionConfiguration "
            "out, or give it the type AWS_OWNED_KEY alone.",
        )


def _check_destination(destination: Mapping[str, Any], machine_arn: str) -> None:
    arn = (destination.get("cloudWatchLogsLogGroup") or {}).get("logGroupArn") or ""
    found = _GROUP.fullmatch(arn)
    if found is None:
        raise _invalid_logging("Log Destination must be the ARN of a CloudWatch Logs log group.")
    if not arn.endswith(":*"):
        raise _invalid_logging("Log Group ARN must be provided with '*' qualifier.")
    machine = Arn.of(machine_arn)
    if (found["partition"], found["region"], found["account"]) != (machine.partition, machine.region, machine.account):
        raise _invalid_logging("Log Destination must be in the state machine's account and region.")


def _invalid_logging(words: str) -> Refusal:
    return Refusal("InvalidLoggingConfiguration", f"Invalid Logging Configuration: {words}")


def _outside(place: str, value: Any, values: Iterable[str]) -> Refusal:
    return Refusal(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{place}' failed to satisfy constraint: Member must satisfy "
        f"enum value set: [{', '.join(values)}]",
    )
