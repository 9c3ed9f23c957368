"""One state machine as it is stored in Step Functions. Reads, never changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


@dataclass(frozen=True, slots=True)
class StoredMachine:
    """What Step Functions says about a state machine right now; `definition` is its ASL as text."""

    arn: str
    definition: str
    role_arn: str
    tags: Mapping[str, str]


def read_machine(states: SFNClient, arn: str) -> StoredMachine | None:
    """The state machine with its tags, or None when there is no such machine."""
    try:
        described = states.describe_state_machine(stateMachineArn=arn)
    except states.exceptions.StateMachineDoesNotExist:
        return None
    tags = states.list_tags_for_resource(resourceArn=arn)["tags"]
    return StoredMachine(arn, described["definition"], described["roleArn"], {tag["key"]: tag["value"] for tag in tags})
