"""Signed calls straight to the gateway, for the few that every nested execution makes.

A botocore client would build, sign and read them in three times the time. They are signed with the task's credentials
and take the same door as any other request; only what botocore adds around them is left out.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError

from xsfn_helpers.sandbox.gateway import signature
from xsfn_helpers.sandbox.gateway.gateway import Gateway
from xsfn_helpers.sandbox.http.wire import HttpResponse

_HOST: Final = "sandbox.internal"
_DATES: Final = ("startDate", "stopDate")


class DirectStates:
    """StartExecution, DescribeExecution and StopExecution as `credentials`; answers as a boto3 client gives them."""

    def __init__(self, gateway: Gateway, credentials: ReadOnlyCredentials, region: str) -> None:
        self._gateway = gateway
        self._credentials = credentials
        self._region = region

    def start_execution(self, **params: Any) -> dict[str, Any]:
        return self._call("StartExecution", params)

    def describe_execution(self, **params: Any) -> dict[str, Any]:
        return self._call("DescribeExecution", params)

    def stop_execution(self, **params: Any) -> dict[str, Any]:
        return self._call("StopExecution", params)

    def _call(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"AWSStepFunctions.{operation}",
        }
        body = json.dumps(params)
        response = send(self._gateway, self._credentials, "states", self._region, body, headers=headers)
        answer: dict[str, Any] = json.loads(response.body)
        if response.status != 200:
            raise _client_error(answer["__type"], answer["message"], response, operation)
        for name in _DATES:
            if name in answer:
                answer[name] = datetime.fromtimestamp(answer[name], UTC)
        answer["ResponseMetadata"] = _metadata(response)
        return answer


def assume_role(gateway: Gateway, credentials: ReadOnlyCredentials, region: str, **params: str) -> ReadOnlyCredentials:
    """sts:AssumeRole as `credentials`; the new session's credentials. Raises `ClientError` where it is denied."""
    form = {"Action": "AssumeRole", "Version": "2011-06-15", **params}
    response = send(gateway, credentials, "sts", region, form)
    status, found = answer_of(response)
    if status != 200:
        raise _client_error(found["Code"], found["Message"], response, "AssumeRole")
    return ReadOnlyCredentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


def answer_of(response: HttpResponse) -> tuple[int, dict[str, str]]:
    """Status and texts, by element, of a query service's answer."""
    # The sandbox's own answer, so there is nothing hostile in it to parse.
    answer = ElementTree.fromstring(response.body)  # noqa: S314
    return response.status, {element.tag.rpartition("}")[2]: element.text or "" for element in answer.iter()}


def send(
    gateway: Gateway,
    credentials: ReadOnlyCredentials,
    service: str,
    region: str,
    body: str | Mapping[str, str],
    *,
    headers: Mapping[str, str] | None = None,
    via: str = "",
) -> HttpResponse:
    """One signed request: a form, or JSON with the headers that name its operation.

    `via` names the AWS service that makes the call in the name of `credentials`, as CloudFormation does.
    """
    if isinstance(body, str):
        sent, given = body.encode(), dict(headers or {})
    else:
        sent = urlencode(body).encode()
        given = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    request = signature.signed(credentials, service, region, headers={**given, "host": _HOST}, body=sent)
    return gateway.handle(request, via=via)


def _client_error(code: str, message: str, response: HttpResponse, operation: str) -> ClientError:
    error = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": _metadata(response)}
    return ClientError(error, operation)  # type: ignore[arg-type]


def _metadata(response: HttpResponse) -> dict[str, Any]:
    return {
        "RequestId": response.headers.get("x-amzn-requestid", ""),
        "HTTPStatusCode": response.status,
        "HTTPHeaders": {**response.headers, "content-length": str(len(response.body))},
        "RetryAttempts": 0,
    }
