"""What a stack's resources are made with: calls to IAM and Step Functions as the one who deploys."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import botocore.session
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError, ParamValidationError
from botocore.loaders import Loader

from xsfn_helpers.sandbox.cloudformation.failures import GONE, CallFailed
from xsfn_helpers.sandbox.direct import answer_of, send
from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.gateway.gateway import Gateway
from xsfn_helpers.sandbox.prepared import straight_to

CLOUDFORMATION: Final = "cloudformation.amazonaws.com"
_DENIED: Final = ("AccessDenied", "AccessDeniedException")
_TAKEN: Final = (
    *("EntityAlreadyExists", "StateMachineAlreadyExists", "ResourceConflictException"),
    *("BucketAlreadyExists", "BucketAlreadyOwnedByYou"),
)


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

    def sdk(self, service: str, method: str, **params: Any) -> dict[str, Any]:
        """One call of another service, by its name in botocore. Raises `CallFailed`."""
        try:
            answer: dict[str, Any] = getattr(self.client(service), method)(**params)
        except ClientError as error:
            told, metadata = error.response["Error"], error.response["ResponseMetadata"]
            raise _failed(
                told["Code"],
                f"{told['Message']} (Service: {service.capitalize()}, Status Code: {metadata['HTTPStatusCode']}, "
                f"Request ID: {metadata.get('RequestId', '')}) (SDK Attempt Count: 1)",
            ) from None
        except ParamValidationError as error:
            raise _failed("InvalidRequest", str(error)) from None
        return answer

    def client(self, service: str) -> Any:
        """A client of botocore's whose calls are made in the same way: for services that aren't asked by forms."""
        session = botocore.session.Session()
        session.register_component("data_loader", _models())
        session.get_component("event_emitter").register_first("before-send", straight_to(self.gateway, via=self.via))
        return session.create_client(
            service,
            region_name=self.region,
            # Only a name in the signed request: nothing is resolved and no socket is opened.
            endpoint_url="http://sandbox.internal",
            aws_access_key_id=self.credentials.access_key,
            aws_secret_access_key=self.credentials.secret_key,
            aws_session_token=self.credentials.token,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def object_at(self, address: str) -> str:
        """The text of the object in S3 that this address names. Raises `Refusal` in CloudFormation's words."""
        bucket, key = _object_named(address)
        try:
            found: bytes = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
            return found.decode()
        except UnicodeDecodeError:
            raise Refusal("ValidationError", "Template format error: the object isn't text.") from None
        except ClientError as error:
            raise Refusal(
                "ValidationError",
                f"S3 error: {error.response['Error']['Message']}\nFor more information check "
                "http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
            ) from None


@cache
def _models() -> Loader:
    """The services' models, which take longer to read than any call takes: read once."""
    return Loader()


_IN_S3: Final = re.compile(r"(?:(?P<bucket>[a-z0-9.-]+)\.)?s3[.-](?:[a-z0-9-]+\.)*amazonaws\.com(?:\.cn)?")


def _object_named(address: str) -> tuple[str, str]:
    """Bucket and key, of AWS's own addresses and of the sandbox's."""
    parts = urlsplit(address)
    path = unquote(parts.path.removeprefix("/"))
    found = _IN_S3.fullmatch(parts.hostname or "")
    if found and found["bucket"]:
        return found["bucket"], path
    bucket, _, key = path.partition("/")
    if parts.scheme not in ("http", "https") or not bucket or not key:
        raise Refusal("ValidationError", "TemplateURL must be a supported URL.")
    return bucket, key


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
