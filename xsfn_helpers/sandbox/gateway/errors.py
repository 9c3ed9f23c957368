"""Denials in AWS's words, and their shape on the wire for each protocol.

Texts: docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html and the services' own messages.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from xsfn_helpers.sandbox.http.wire import HttpRequest, HttpResponse

# The XML name space each query service answers in.
_NAMESPACES: Final = {
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
    "cloudformation": "http://cloudformation.amazonaws.com/doc/2010-05-15/",
}
_QUERY_SERVICES: Final = frozenset(_NAMESPACES)
# S3 answers in XML of its own, with codes in the query services' manner.
_PLAIN_CODES: Final = _QUERY_SERVICES | {"s3"}
# Of the services with codes that end in "Exception", those that deny with the status for it.
_FORBIDS_WITH_403: Final = frozenset(("lambda", "sqs"))
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(unsafe_hash=True)
class Refusal(Exception):
    """An error answer: AWS's code, its message and the HTTP status.

    Not frozen: Python itself sets the traceback of an exception that passes a context manager.
    """

    code: str
    message: str
    status: int = 400

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def extended_id(request_id: str) -> str:
    """S3's second id of a request."""
    return base64.b64encode(hashlib.sha256(request_id.encode()).digest()).decode("ascii")


def uses_query_protocol(service: str) -> bool:
    """Whether the service speaks AWS's query protocol (form in, XML out) rather than JSON."""
    return service in _QUERY_SERVICES


def xml_text(text: str) -> str:
    """`text` as XML's content; what XML can't hold at all becomes U+FFFD."""
    return escape(without_what_xml_forbids(text))


def without_what_xml_forbids(text: str) -> str:
    """`text` with U+FFFD for NUL and the like, over which every reader of XML would stumble."""
    return _NOT_XML.sub("\ufffd", text)


def error_response(
    refusal: Refusal, *, service: str, request_id: str, request: HttpRequest | None = None
) -> HttpResponse:
    """`refusal` as the service would send it; of a service that isn't here, in the protocol `request` came in."""
    if request is not None and service not in _HERE and (answer := _in_kind(refusal, service, request_id, request)):
        return answer
    if service == "s3":
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{xml_text(refusal.code)}</Code>'
            f"<Message>{xml_text(refusal.message)}</Message><RequestId>{request_id}</RequestId>"
            f"<HostId>{extended_id(request_id)}</HostId></Error>"
        )
        headers = {
            "content-type": "application/xml",
            "x-amz-request-id": request_id,
            "x-amz-id-2": extended_id(request_id),
        }
        return HttpResponse(refusal.status, body.encode(), headers)
    if service == "lambda":
        kind = "User" if refusal.status < 500 else "Service"
        text = json.dumps({"Type": kind, "Message": refusal.message, "message": refusal.message})
        headers = {"content-type": "application/json", "x-amzn-requestid": request_id}
        return HttpResponse(refusal.status, text.encode(), {**headers, "x-amzn-errortype": refusal.code})
    if uses_query_protocol(service):
        body = (
            f'<ErrorResponse xmlns="{_NAMESPACES[service]}">\n'
            f"  <Error>\n    <Type>{'Sender' if refusal.status < 500 else 'Receiver'}</Type>\n"
            f"    <Code>{xml_text(refusal.code)}</Code>\n"
            f"    <Message>{xml_text(refusal.message)}</Message>\n  </Error>\n"
            f"  <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n"
        )
        return HttpResponse(refusal.status, body.encode(), {"content-type": "text/xml", "x-amzn-requestid": request_id})
    body = json.dumps({"__type": refusal.code, "message": refusal.message})
    headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": request_id}
    if service == "sqs":
        # It once spoke the query protocol; clients go on seeing the codes of then.
        code = _SQS_QUERY_CODES.get(refusal.code, refusal.code)
        headers["x-amzn-query-error"] = f"{code};{'Sender' if refusal.status < 500 else 'Receiver'}"
    return HttpResponse(refusal.status, body.encode(), headers)


def _in_kind(refusal: Refusal, service: str, request_id: str, request: HttpRequest) -> HttpResponse | None:
    """The denial in the protocol of this request; None for JSON, which is everybody else's.

    Source: smithy.io/2.0/aws/protocols, where each protocol's errors are described.
    """
    sent_as = request.headers.get("content-type", "")
    error = f"<Error><Code>{xml_text(refusal.code)}</Code><Message>{xml_text(refusal.message)}</Message></Error>"
    if request.headers.get("smithy-protocol") == "rpc-v2-cbor":
        headers = {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        fields = {"__type": refusal.code, "message": refusal.message}
        return HttpResponse(refusal.status, _cbor(fields), {**headers, "x-amzn-requestid": request_id})
    if service in ("ec2", "sdb"):
        body = f"<Response><Errors>{error}</Errors><RequestID>{request_id}</RequestID></Response>"
    elif sent_as.startswith("application/x-www-form-urlencoded") or service in _XML_BY_PATH:
        body = f"<ErrorResponse>{error}<RequestId>{request_id}</RequestId></ErrorResponse>"
    elif "x-amz-target" in request.headers:
        return None
    else:
        text = json.dumps({"message": refusal.message, "code": refusal.code})
        headers = {"content-type": "application/json", "x-amzn-errortype": refusal.code}
        return HttpResponse(refusal.status, text.encode(), {**headers, "x-amzn-requestid": request_id})
    return HttpResponse(refusal.status, body.encode(), {"content-type": "text/xml", "x-amzn-requestid": request_id})


def _cbor(fields: Mapping[str, str]) -> bytes:
    """A short map of texts: RFC 8949, major types 5 and 3."""
    texts = [text.encode() for pair in fields.items() for text in pair]
    return bytes([0xA0 + len(fields)]) + b"".join(b"\x79" + len(text).to_bytes(2, "big") + text for text in texts)


# The services of the sandbox, each of which has its own form of errors above.
_HERE: Final = frozenset(("iam", "sts", "states", "cloudformation", "s3", "lambda", "dynamodb", "sqs"))
# Of the services that are asked by path, those that answer in XML.
_XML_BY_PATH: Final = frozenset(("cloudfront", "route53", "s3express", "s3-outposts"))
_SQS_QUERY_CODES: Final = {
    "AccessDeniedException": "AccessDenied",
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
}


def access_denied(service: str, *, caller: str, action: str, resource: str, reason: str = "") -> Refusal:
    """AWS's "User: … is not authorized to perform: …"; `reason` is its "because …" or "with an explicit deny …"."""
    if service == "sqs":
        # As its users quote it: "… is not authorized to perform: sqs:sendmessage on resource: …".
        action, reason = action.lower(), reason.replace(action, action.lower())
    shown = f'"{resource}"' if service == "s3" else resource
    message = f"User: {caller} is not authorized to perform: {action}"
    if action != "s3:ListAllMyBuckets":  # of which S3 names no resource
        message = f"{message} on resource: {shown}"
    if reason:
        message = f"{message} {reason}"
    if service in _PLAIN_CODES:
        return Refusal("AccessDenied", message, 403)
    # Step Functions and DynamoDB answer access denied with 400.
    return Refusal("AccessDeniedException", message, 403 if service in _FORBIDS_WITH_403 else 400)


def missing_authentication(service: str) -> Refusal:
    if service in _PLAIN_CODES:
        return Refusal("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    return Refusal("MissingAuthenticationTokenException", "Missing Authentication Token", 403)


def incomplete_signature(service: str, detail: str) -> Refusal:
    code = "IncompleteSignature" if service in _PLAIN_CODES else "IncompleteSignatureException"
    return Refusal(code, detail, 403)


def unknown_key(service: str) -> Refusal:
    if service == "s3":
        return Refusal("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403)
    code = "InvalidClientTokenId" if service in _PLAIN_CODES else "UnrecognizedClientException"
    return Refusal(code, "The security token included in the request is invalid.", 403)


def expired_session(service: str) -> Refusal:
    code = "ExpiredToken" if service in _PLAIN_CODES else "ExpiredTokenException"
    return Refusal(code, "The security token included in the request is expired", 403)


def signature_mismatch(service: str, detail: str | None = None) -> Refusal:
    code = "SignatureDoesNotMatch" if service in _PLAIN_CODES else "InvalidSignatureException"
    text = detail or (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        "Key and signing method. Consult the service documentation for details."
    )
    return Refusal(code, text, 403)


def not_offered(service: str, operation: str) -> Refusal:
    """The sandbox's own word for what it doesn't have: said plainly, so that nobody looks for a permission."""
    return Refusal(
        "InvalidAction" if service in _PLAIN_CODES else "UnknownOperationException",
        f"The xsfn sandbox doesn't offer {service}:{operation}. It has the parts of IAM, STS, Step Functions and "
        "CloudFormation that a cross-account execution needs, and of Lambda, DynamoDB, S3 and SQS what tasks call.",
        400,
    )


def not_written(service: str, reason: str) -> Refusal:
    """The journal couldn't take the change, so it wasn't made."""
    code = "ServiceUnavailable" if service in _PLAIN_CODES else "ServiceUnavailableException"
    return Refusal(
        code,
        f"The sandbox couldn't write its journal ({reason}); nothing was changed. Free some disk space and try again.",
        503,
    )
