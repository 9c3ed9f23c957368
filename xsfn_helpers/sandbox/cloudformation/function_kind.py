"""Lambda's type of resource: the function.

Source: docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
"""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from xsfn_helpers.sandbox.cloudformation.failures import CallFailed
from xsfn_helpers.sandbox.cloudformation.kind import (
    Made,
    Properties,
    StackPlace,
    generated,
    gone_is_fine,
    tags_of,
)

if TYPE_CHECKING:
    from xsfn_helpers.sandbox.cloudformation.deployer_calls import Hands

_LOOK_AGAIN: Final = 0.1
_PASSED_ON: Final = (
    *("Runtime", "Role", "Handler", "Description", "Timeout", "MemorySize", "Environment"),
    *("Architectures", "PackageType"),
)
_CONFIGURED: Final = ("Runtime", "Role", "Handler", "Description", "Timeout", "MemorySize", "Environment")
_NUMBERS: Final = ("Timeout", "MemorySize")


@dataclass(frozen=True, slots=True)
class FunctionKind:
    """AWS::Lambda::Function; its physical id, and `Ref`, is its name."""

    properties: Mapping[str, bool] = field(
        default_factory=lambda: {
            "Code": True,
            "Role": True,
            **dict.fromkeys(("FunctionName", "Tags", *(name for name in _PASSED_ON if name != "Role")), False),
        }
    )
    replaced_by: tuple[str, ...] = ("FunctionName", "PackageType")

    def physical_id(self, place: StackPlace, logical: str, wanted: Properties) -> str:
        return str(wanted.get("FunctionName") or generated(place, logical, 64))

    def create(self, hands: Hands, physical: str, wanted: Properties, made: Made, *, again: bool) -> None:
        params = {
            "FunctionName": physical,
            "Code": {"ZipFile": _archive(hands, wanted)},
            "Tags": tags_of(wanted),
            **_given(wanted, _PASSED_ON),
        }
        patience = time.monotonic() + hands.spreading
        while True:
            try:
                about = hands.sdk("lambda", "create_function", **params)
                break
            except CallFailed as failure:
                if again and failure.code == "ResourceConflictException":
                    about = hands.sdk("lambda", "get_function_configuration", FunctionName=physical)
                    break
                # AWS's handler, too, waits for a role that IAM hasn't spread yet.
                if "cannot be assumed" not in str(failure) or time.monotonic() > patience:
                    raise
            time.sleep(_LOOK_AGAIN)
        made(physical, {"Arn": about["FunctionArn"]})

    def update(self, hands: Hands, physical: str, before: Properties, wanted: Properties) -> None:
        if tags_of(before) != tags_of(wanted):
            raise CallFailed("InvalidRequest", "The xsfn sandbox doesn't offer to change a function's tags.")
        if before.get("Code") != wanted.get("Code") or before.get("Handler") != wanted.get("Handler"):
            hands.sdk("lambda", "update_function_code", FunctionName=physical, ZipFile=_archive(hands, wanted))
        if any(before.get(name) != wanted.get(name) for name in _CONFIGURED):
            settings = {"Description": "", "Timeout": 3, "MemorySize": 128, "Environment": {"Variables": {}}}
            given = {**settings, **_given(wanted, _CONFIGURED)}
            hands.sdk("lambda", "update_function_configuration", FunctionName=physical, **given)

    def delete(self, hands: Hands, physical: str, had: Properties) -> None:
        gone_is_fine(hands.sdk, "lambda", "delete_function", FunctionName=physical)


def _given(wanted: Properties, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: int(wanted[name]) if name in _NUMBERS else wanted[name] for name in names if name in wanted}


def _archive(hands: Hands, wanted: Properties) -> bytes:
    """The zip file: as it lies in S3, or made of the code that stands in the template."""
    code = wanted["Code"]
    if "S3Bucket" in code and "S3Key" in code:
        answer = hands.sdk("s3", "get_object", Bucket=code["S3Bucket"], Key=code["S3Key"])
        content: bytes = answer["Body"].read()
        return content
    if "ZipFile" not in code:
        raise CallFailed("InvalidRequest", "Please provide a source for function code.")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        # CloudFormation names the file index, and a handler in any other module isn't found, as on AWS.
        archive.writestr(zipfile.ZipInfo("index.py"), str(code["ZipFile"]))
    return packed.getvalue()
