"""What a Distributed Map asks for besides its tasks: all of the state machine's own role. Pure.

Source: docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html, and for buckets encrypted with a KMS
key the same page. Its child executions belong to `stateMachine:NAME/LABEL`, and are authorised on the machine's ARN.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from xsfn_helpers.asl.arn_forms import UNKNOWN, AskedResource, CallingPlace, formed, without_qualifier
from xsfn_helpers.asl.asked import AskedPermissions, By, For, Permission, Unknown

_PAGE: Final = "docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html"
_OBJECT: Final = "arn:{p}:s3:::{Bucket}/{Key}"
_READERS: Final = {
    "s3:getObject": ("s3:GetObject", _OBJECT),
    "s3:listObjectsV2": ("s3:ListBucket", "arn:{p}:s3:::{Bucket}"),
}
_WRITES: Final = ("s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload")
_KMS: Final = ("kms:Decrypt", "kms:GenerateDataKey")


def is_distributed(state: Mapping[str, Any]) -> bool:
    """Whether a Map's iterations are executions of their own."""
    processor = state.get("ItemProcessor")
    config = processor.get("ProcessorConfig") if isinstance(processor, Mapping) else None
    return isinstance(config, Mapping) and config.get("Mode") == "DISTRIBUTED"


def child_machine(machine: str, label: str) -> str:
    """The ARN under which AWS lists a Distributed Map's executions."""
    return f"{without_qualifier(machine)[0]}/{label}"


def asked_of_map(state: Mapping[str, Any], machine: str, place: CallingPlace) -> AskedPermissions:
    """What a Distributed Map needs of the state machine's own role; `machine` is the ARN of the latter."""
    reader, writer = state.get("ItemReader"), state.get("ResultWriter")
    found = list(_of_executions(machine, str(state.get("Label", "*"))))
    unknown = None
    if isinstance(reader, Mapping):
        known = _READERS.get(_integration(reader))
        if known is None:
            unknown = Unknown.INTEGRATION
        else:
            found += _on(known[0], known[1], _arguments(reader), place)
            found += [Permission(action, UNKNOWN, For.BEYOND, By.OWN, certain=False) for action in _KMS[:1]]
    if isinstance(writer, Mapping) and (writer.get("Resource") or _arguments(writer)):
        # The prefix is a folder, in which AWS makes one for each run.
        arguments = _arguments(writer)
        form = "arn:{p}:s3:::{Bucket}/{Prefix}/*" if "Prefix" in arguments else "arn:{p}:s3:::{Bucket}/*"
        for action in _WRITES:
            found += _on(action, form, arguments, place)
        found += [Permission(action, UNKNOWN, For.BEYOND, By.OWN, certain=False) for action in _KMS]
    return AskedPermissions(tuple(dict.fromkeys(found)), unknown, page=_PAGE)


def _of_executions(machine: str, label: str) -> Iterator[Permission]:
    own, _ = without_qualifier(machine)
    executions = own.replace(":stateMachine:", ":execution:", 1)
    yield Permission("states:StartExecution", AskedResource(own), For.CALL, By.OWN)
    some = AskedResource(f"{executions}:*", exact=False)
    yield Permission("states:DescribeExecution", some, For.FOLLOW, By.OWN, certain=False)
    yield Permission("states:StopExecution", some, For.STOP, By.OWN, certain=False)
    redriven = AskedResource(f"{executions}/{label}:*", exact=False)
    yield Permission("states:RedriveExecution", redriven, For.REDRIVE, By.OWN)


def _on(action: str, form: str, arguments: object, place: CallingPlace) -> Iterator[Permission]:
    for resource in formed(form, arguments, place):
        yield Permission(action, resource, For.CALL, By.OWN)


def _integration(part: Mapping[str, Any]) -> str:
    return str(part.get("Resource", "")).partition(":states:::")[2]


def _arguments(part: Mapping[str, Any]) -> Any:
    return part.get("Arguments", part.get("Parameters", {}))
