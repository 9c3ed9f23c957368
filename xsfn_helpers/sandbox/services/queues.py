"""SQS: standard queues, their messages sent, received and deleted. JSON 1.0
(docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/)."""

from __future__ import annotations

import hashlib
import re
import threading
import time
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from xsfn_helpers.common.arns import Arn
from xsfn_helpers.sandbox.gateway.calls import Call, CallPlace, Context, Demand, account_of, read_json, tag_keys
from xsfn_helpers.sandbox.gateway.errors import Refusal, not_offered
from xsfn_helpers.sandbox.gateway.request_model.constraints import check_constraints
from xsfn_helpers.sandbox.gateway.request_model.shapes import check_types
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
_LARGEST_QUEUE: Final = 64 * 1024 * 1024


class Queues:
    """Every account's queues."""

    def __init__(self, journal: Journal) -> None:
        self._shelf = Shelf(journal, "sqs queue")
        self._messages = _Messages(journal)
        for arn in self._shelf.every():
            # Until 0.1 a queue's entry held its messages.
            if (messages := self._shelf.get(arn).pop("messages", None)) is not None:
                for message in messages:
                    self._messages.add(arn, message["body"])
                self._shelf.put(arn, {key: value for key, value in self._shelf.get(arn).items() if key != "messages"})
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
                    self._messages.remove_all(arn)
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
        with self._shelf.changing:
            self._messages.empty(account_ids)
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
                }
                self._shelf.put(asked.resource, queue)
        return {"QueueUrl": _url(asked.resource)}

    def _send(self, arn: str, body: str) -> dict[str, Any]:
        if not body or len(body.encode()) > _LARGEST_MESSAGE:
            words = (
                f"One or more parameters are invalid. Reason: Message must be shorter than {_LARGEST_MESSAGE} bytes."
            )
            raise Refusal(_INVALID, words if body else "The request must contain the parameter MessageBody.")
        with self._sent:
            self._stored(arn)
            message_id = self._messages.add(arn, body)
            self._sent.notify_all()
        return {"MessageId": message_id, "MD5OfMessageBody": _md5(body)}

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
        return [
            {
                "MessageId": message_id,
                "ReceiptHandle": receipt,
                "MD5OfBody": _md5(body),
                "Body": body,
            }
            for message_id, receipt, body in self._messages.take(arn, most, hidden)
        ]

    def _forget(self, arn: str, receipt: str) -> dict[str, Any]:
        with self._shelf.changing:
            self._stored(arn)
            self._messages.remove(arn, receipt)
        return {}


@dataclass(slots=True)
class _Message:
    """What memory holds of a message: all but its body. `visible_at` is on the clock that nobody sets."""

    key: str
    size: int
    visible_at: float = 0.0
    receipt: str = ""


class _Messages:
    """The messages of all queues, an entry each, so that sending and receiving write what is new and nothing else.

    Used while the queues' shelf is held.
    """

    def __init__(self, journal: Journal) -> None:
        self._bodies = Shelf(journal, "sqs message")
        self._hidden = Shelf(journal, "sqs message hidden")
        self._of: dict[str, dict[str, _Message]] = {}

    def add(self, arn: str, body: str) -> str:
        """Keep a message at the queue's end; its id. Raises `Refusal` where the queue is full."""
        known = self._known(arn)
        if len(known) >= _MOST_MESSAGES:
            raise Refusal("OverLimit", f"In the xsfn sandbox, a queue holds {_MOST_MESSAGES} messages.")
        size = len(body.encode())
        if sum(message.size for message in known.values()) + size > _LARGEST_QUEUE:
            raise Refusal("OverLimit", f"In the xsfn sandbox, a queue holds {_LARGEST_QUEUE >> 20} MiB.")
        message_id = str(uuid.uuid4())
        key = f"{arn}/{_after(known)} {message_id}"
        self._bodies.put(key, body)
        known[key] = _Message(key, size)
        return message_id

    def take(self, arn: str, most: int, hidden: int) -> list[tuple[str, str, str]]:
        """(id, receipt, body) of messages that are visible, oldest first; they are hidden for so many seconds."""
        known, now = self._known(arn), time.monotonic()
        taken = []
        for message in [one for one in known.values() if one.visible_at <= now][:most]:
            receipt = uuid.uuid4().hex
            self._hidden.put(message.key, {"until": time.time() + hidden, "seconds": hidden, "receipt": receipt})
            message.visible_at, message.receipt = now + hidden, receipt
            taken.append((message.key.rpartition(" ")[2], receipt, self._bodies.get(message.key)))
        return taken

    def remove(self, arn: str, receipt: str) -> None:
        known = self._known(arn)
        self._forget(known, [one.key for one in known.values() if receipt and one.receipt == receipt])

    def remove_all(self, arn: str) -> None:
        known = self._known(arn)
        self._forget(known, list(known))
        del self._of[arn]

    def empty(self, account_ids: Collection[str]) -> None:
        for shelf in (self._bodies, self._hidden):
            shelf.empty(account_ids)
        for arn in [arn for arn in self._of if account_of(arn, default="") in account_ids]:
            del self._of[arn]

    def _forget(self, known: dict[str, _Message], keys: Collection[str]) -> None:
        self._bodies.remove(keys)
        self._hidden.remove(keys)
        for key in keys:
            del known[key]

    def _known(self, arn: str) -> dict[str, _Message]:
        if arn not in self._of:
            keys = self._bodies.keys(f"{arn}/")
            self._of[arn] = {key: self._read(key) for key in keys}
        return self._of[arn]

    def _read(self, key: str) -> _Message:
        message = _Message(key, len(self._bodies.get(key).encode()))
        if told := self._hidden.get(key):
            # A clock that was set back meanwhile hides nothing for longer than was asked for.
            left = min(told["until"] - time.time(), told["seconds"])
            message.visible_at, message.receipt = time.monotonic() + left, told["receipt"]
        return message


def _after(known: dict[str, _Message]) -> str:
    """A number behind those of all these messages, so that keys are in the order of sending."""
    last = next(reversed(known), "").rpartition("/")[2].partition(" ")[0]
    return f"{int(last or 0) + 1:012d}"


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
    queue = Arn.of(arn)
    return f"https://sqs.{queue.region}.amazonaws.com/{queue.account}/{queue.rest}"


def _number(given: Any, name: str, most: int, *, least: int = 0) -> int:
    if isinstance(given, bool) or not re.fullmatch(r"[0-9]{1,9}", str(given)) or not least <= int(given) <= most:
        raise Refusal(
            _INVALID, f"Value {given} for parameter {name} is invalid. Reason: Must be between {least} and {most}."
        )
    return int(given)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
