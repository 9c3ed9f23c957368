"""SQS: standard queues, their messages sent, received and deleted. JSON 1.0
(docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/)."""

from __future__ import annotations

import hashlib
import re
import threading
import time
import uuid
from collections.abc import Collection, Mapping
from typing import Any, Final

from xsfn_helpers.sandbox.gateway.calls import Call, CallPlace, Context, Demand, account_of, read_json, tag_keys
from xsfn_helpers.sandbox.gateway.errors import Refusal, not_offered
from xsfn_helpers.sandbox.gateway.request_model.constraints import check_constraints
from xsfn_helpers.sandbox.gateway.request_model.types import check_types
from xsfn_helpers.sandbox.guests.shares import Share
from xsfn_helpers.sandbox.guests.turns import aside
from xsfn_helpers.sandbox.http.wire import HttpRequest, HttpResponse
from xsfn_helpers.sandbox.journal import Journal
from xsfn_helpers.sandbox.services.journal_table import Shelf
from xsfn_helpers.sandbox.services.service import Asked, json_answer, refuse_unknown

# operation -> (action, does it change anything, the parameters the sandbox knows)
_OPERATIONS: Final = {
    "CreateQueue": ("sqs:CreateQueue", True, "QueueName Attributes tags"),
    "DeleteQueue": ("sqs:DeleteQueue", True, "QueueUrl"),
    "ListQueues": ("sqs:ListQueues", False, "QueueNamePrefix"),
    "ListQueueTags": ("sqs:ListQueueTags", False, "QueueUrl"),
    "GetQueueUrl": ("sqs:GetQueueUrl", False, "QueueName QueueOwnerAWSAccountId"),
    "SendMessage": ("sqs:SendMessage", True, "QueueUrl MessageBody"),
    "ReceiveMessage": (
        "sqs:ReceiveMessage",
        True,
        "QueueUrl MaxNumberOfMessages VisibilityTimeout WaitTimeSeconds AttributeNames MessageSystemAttributeNames "
        "MessageAttributeNames",
    ),
    "DeleteMessage": ("sqs:DeleteMessage", True, "QueueUrl ReceiptHandle"),
}
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
_URL: Final = re.compile(r"https?://[^/]+/(?P<account>[0-9]{12})/(?P<name>[A-Za-z0-9_-]{1,80})")
_INVALID: Final = "InvalidParameterValue"
_VISIBILITY: Final = "VisibilityTimeout"
_DEFAULT_VISIBILITY: Final = 30
_LONGEST_VISIBILITY: Final = 43_200
_LONGEST_WAIT: Final = 20
# Who waits for a message has a thread: of each account, and in all.
_MOST_WAITING: Final = 4
_WAITING_IN_ALL: Final = 64
_LARGEST_MESSAGE: Final = 1024 * 1024
_MOST_MESSAGES: Final = 1000


class Queues:
    """Every account's queues."""

    def __init__(self, journal: Journal) -> None:
        self._shelf = Shelf(journal, "sqs queue")
        self._sent = threading.Condition(self._shelf.changing)
        self._waiting = Share(each=_MOST_WAITING, few=1, in_all=_WAITING_IN_ALL)

    def read(self, request: HttpRequest, place: CallPlace) -> Call:
        operation, params = read_json(request, "AmazonSQS", "SQS")
        if operation not in _OPERATIONS:
            raise not_offered("sqs", operation)
        action, mutates, known = _OPERATIONS[operation]
        check_constraints("sqs", operation, params)
        check_types("sqs", operation, params)
        refuse_unknown(params, known.split(), code=_INVALID, what=operation)
        if operation == "ListQueues":
            # Decided on the ARN of a queue without a name, as AWS's denials show.
            every = f"arn:{place.partition}:sqs:{place.region}:{place.account_id}:"
            return Call("sqs", operation, params, (Demand(action, every, place.account_id),), mutates)
        arn = _arn(params, place)
        context: Context = {**tag_keys(params.get("tags") or {}, refused=_INVALID)}
        demand = Demand(action, arn, account_of(arn, default=place.account_id), context)
        return Call("sqs", operation, params, (demand,), mutates)

    def answer(self, asked: Asked) -> HttpResponse:
        arn, params = asked.resource, asked.params
        match asked.call.operation:
            case "CreateQueue":
                body = self._create(asked)
            case "ListQueues":
                body = self._listed(asked)
            case "GetQueueUrl":
                self._stored(arn)
                body = {"QueueUrl": _url(arn)}
            case "ListQueueTags":
                body = {"Tags": self._stored(arn)["tags"]}
            case "DeleteQueue":
                with self._shelf.changing:
                    self._stored(arn)
                    self._shelf.remove([arn])
                body = {}
            case "SendMessage":
                body = self._send(arn, params["MessageBody"])
            case "ReceiveMessage":
                body = self._receive(arn, params)
            case _:
                body = self._forget(arn, params["ReceiptHandle"])
        return json_answer(body, asked.request_id)

    def empty(self, account_ids: Collection[str]) -> None:
        self._shelf.empty(account_ids)

    def tags_of(self, arn: str) -> Mapping[str, str]:
        stored = self._shelf.get(arn)
        return dict(stored["tags"]) if stored else {}

    def _stored(self, arn: str) -> dict[str, Any]:
        stored: dict[str, Any] | None = self._shelf.get(arn)
        if stored is None:
            raise Refusal("QueueDoesNotExist", "The specified queue does not exist.")
        return stored

    def _listed(self, asked: Asked) -> dict[str, Any]:
        place, begin = asked.place, asked.params.get("QueueNamePrefix") or ""
        keys = self._shelf.keys(f"arn:{place.partition}:sqs:{place.region}:{place.account_id}:{begin}")
        # As SQS does: no list at all where there is nothing.
        return {"QueueUrls": [_url(key) for key in keys]} if keys else {}

    def _create(self, asked: Asked) -> dict[str, Any]:
        attributes = asked.params.get("Attributes") or {}
        refuse_unknown(attributes, (_VISIBILITY,), code="InvalidAttributeName", what="CreateQueue")
        visibility = _number(attributes.get(_VISIBILITY, _DEFAULT_VISIBILITY), _VISIBILITY, _LONGEST_VISIBILITY)
        with self._shelf.changing:
            existing = self._shelf.get(asked.resource)
            if existing is not None and existing["visibility"] != visibility:
                words = f"A queue already exists with the same name and a different value for attribute {_VISIBILITY}"
                raise Refusal("QueueNameExists", words)
            if existing is None:
                queue: dict[str, Any] = {
                    "visibility": visibility,
                    "tags": asked.params.get("tags") or {},
                    "messages": [],
                }
                self._shelf.put(asked.resource, queue)
        return {"QueueUrl": _url(asked.resource)}

    def _send(self, arn: str, body: str) -> dict[str, Any]:
        if not body or len(body.encode()) > _LARGEST_MESSAGE:
            words = (
                f"One or more parameters are invalid. Reason: Message must be shorter than {_LARGEST_MESSAGE} bytes."
            )
            raise Refusal(_INVALID, words if body else "The request must contain the parameter MessageBody.")
        message = {"id": str(uuid.uuid4()), "body": body, "visible": 0.0, "receipt": ""}
        with self._sent:
            queue = self._stored(arn)
            if len(queue["messages"]) >= _MOST_MESSAGES:
                raise Refusal("OverLimit", f"In the xsfn sandbox, a queue holds {_MOST_MESSAGES} messages.")
            queue["messages"].append(message)
            self._shelf.put(arn, queue)
            self._sent.notify_all()
        return {"MessageId": message["id"], "MD5OfMessageBody": _md5(body)}

    def _receive(self, arn: str, params: Mapping[str, Any]) -> dict[str, Any]:
        most = _number(params.get("MaxNumberOfMessages", 1), "MaxNumberOfMessages", 10, least=1)
        end = time.monotonic() + _number(params.get("WaitTimeSeconds", 0), "WaitTimeSeconds", _LONGEST_WAIT)
        account = account_of(arn, default="")
        patient = end > time.monotonic() and self._waiting.take(account)
        try:
            with self._sent:
                taken = self._take(arn, most, params.get(_VISIBILITY))
            if not taken and patient:
                with aside(), self._sent:
                    while not (taken := self._take(arn, most, params.get(_VISIBILITY))):
                        left = end - time.monotonic()
                        if left <= 0 or not self._sent.wait(left):
                            break
        finally:
            if patient:
                self._waiting.give_back(account)
        return {"Messages": taken} if taken else {}

    def _take(self, arn: str, most: int, visibility: Any) -> list[dict[str, Any]]:
        queue = self._stored(arn)
        hidden = _number(queue["visibility"] if visibility is None else visibility, _VISIBILITY, _LONGEST_VISIBILITY)
        now = time.time()
        ready = [message for message in queue["messages"] if message["visible"] <= now][:most]
        for message in ready:
            message["visible"], message["receipt"] = now + hidden, uuid.uuid4().hex
        if ready:
            self._shelf.put(arn, queue)
        return [
            {
                "MessageId": message["id"],
                "ReceiptHandle": message["receipt"],
                "MD5OfBody": _md5(message["body"]),
                "Body": message["body"],
            }
            for message in ready
        ]

    def _forget(self, arn: str, receipt: str) -> dict[str, Any]:
        with self._shelf.changing:
            queue = self._stored(arn)
            kept = [message for message in queue["messages"] if not receipt or message["receipt"] != receipt]
            if len(kept) < len(queue["messages"]):
                self._shelf.put(arn, {**queue, "messages": kept})
        return {}


def _arn(params: Mapping[str, Any], place: CallPlace) -> str:
    if "QueueUrl" in params:
        match = _URL.fullmatch(params["QueueUrl"])
        if match is None:
            raise Refusal("InvalidAddress", f"The address {params['QueueUrl']} is not valid for this endpoint.", 404)
        account, name = match["account"], match["name"]
    else:
        account, name = params.get("QueueOwnerAWSAccountId") or place.account_id, params.get("QueueName", "")
        if not re.fullmatch("[0-9]{12}", account):
            raise Refusal(_INVALID, f"Value {account} for parameter QueueOwnerAWSAccountId is invalid.")
        if not _NAME.fullmatch(name):
            words = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
            raise Refusal(_INVALID, words)
    return f"arn:{place.partition}:sqs:{place.region}:{account}:{name}"


def _url(arn: str) -> str:
    """A queue's name in requests, in AWS's form; nobody opens it."""
    _, _, _, region, account, name = arn.split(":")
    return f"https://sqs.{region}.amazonaws.com/{account}/{name}"


def _number(given: Any, name: str, most: int, *, least: int = 0) -> int:
    if isinstance(given, bool) or not re.fullmatch(r"[0-9]{1,9}", str(given)) or not least <= int(given) <= most:
        raise Refusal(
            _INVALID, f"Value {given} for parameter {name} is invalid. Reason: Must be between {least} and {most}."
        )
    return int(given)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
