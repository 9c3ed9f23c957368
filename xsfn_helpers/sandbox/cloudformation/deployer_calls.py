"""What a stack's resources are made with: calls to IAM and Step Functions as the one who deploys."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.credentials import ReadOnlyCredentials

from xsfn_helpers.sandbox.cloudformation.failures import GONE, CallFailed
from xsfn_helpers.sandbox.direct import answer_of, send
from xsfn_helpers.sandbox.gateway.gateway import Gateway

CLOUDFORMATION: Final = "cloudformation.amazonaws.com"
_DENIED: Final = ("AccessDenied", "AccessDeniedException")
_TAKEN: Final = ("EntityAlreadyExists", "StateMachineAlreadyExists")


@dataclass(frozen=True, slots=True)
class Hands:
    """Calls as `credentials`; `via` is the service in whose name they are made, empty for a service role's own."""

    gateway: Gateway
    credentials: ReadOnlyCredentials
    region: str
    via: str

    @property
    def spreading(self) -> float:
        """How many seconds a role that was just made may take to be seen by Step Functions."""
        return self.gateway.propagation.seconds

    def iam(self, operation: str, **params: Any) -> dict[str, str]:
        """One IAM call; the texts of its answer by element. Raises `CallFailed`."""
        form = {"Action": operation, "Version": "2010-05-08", **_flat(params)}
        status, found = answer_of(send(self.gateway, self.credentials, "iam", self.region, form, via=self.via))
        if status != 200:
            request = found.get("RequestId", "")
            raise _failed(
                found["Code"],
                f"{found['Message']} (Service: Iam, Status Code: {status}, Request ID: {request}) "
                "(SDK Attempt Count: 1)",
            )
        return found

    def states(self, operation: str, **params: Any) -> dict[str, Any]:
        """One Step Functions call. Raises `CallFailed`."""
        target = {"content-type": "application/x-amz-json-1.0", "x-amz-target": f"AWSStepFunctions.{operation}"}
        response = send(
            self.gateway, self.credentials, "states", self.region, json.dumps(params), headers=target, via=self.via
        )
        answer: dict[str, Any] = json.loads(response.body)
        if response.status != 200:
            code, request = answer["__type"], response.headers.get("x-amzn-requestid", "")
            raise _failed(
                code,
                f"{answer['message']} (Service: AWSStepFunctions; Status Code: {response.status}; Error Code: {code}; "
                f"Request ID: {request}; Proxy: null)",
            )
        return answer


def handler_message(message: str, handler_code: str) -> str:
    """What a resource's event says of its handler's failure."""
    return (
        f'Resource handler returned message: "{message}" '
        f"(RequestToken: {uuid.uuid4()}, HandlerErrorCode: {handler_code})"
    )


def _failed(code: str, message: str) -> CallFailed:
    """The codes are those of the handler contract:
    docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html"""
    if code in _DENIED:
        handler_code = "AccessDenied"
    elif code in _TAKEN:
        handler_code = "AlreadyExists"
    elif code in GONE:
        handler_code = "NotFound"
    else:
        handler_code = "InvalidRequest"
    return CallFailed(code, handler_message(message, handler_code))


def _flat(params: Mapping[str, Any]) -> dict[str, str]:
    """Parameters as the query protocol wants them: `Tags.member.1.Key`."""
    form: dict[str, str] = {}
    for name, value in params.items():
        if isinstance(value, list):
            for number, member in enumerate(value, 1):
                form |= {f"{name}.member.{number}.{key}".rstrip("."): text for key, text in member.items()}
        elif value is not None:
            form[name] = str(value)
    return form
