"""DynamoDB: tables, and items put and got by their key. JSON 1.0
(docs.aws.amazon.com/amazondynamodb/latest/APIReference/)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from xsfn_helpers.sandbox.gateway.calls import Call, CallPlace, Context, Demand, Params, account_of, read_json, tag_keys
from xsfn_helpers.sandbox.gateway.errors import Refusal, not_offered
from xsfn_helpers.sandbox.gateway.request_model.constraints import check_constraints
from xsfn_helpers.sandbox.gateway.request_model.shapes import check_types
from xsfn_helpers.sandbox.http.wire import HttpRequest, HttpResponse
from xsfn_helpers.sandbox.journal import Journal
from xsfn_helpers.sandbox.services.journal_table import Shelf
from xsfn_helpers.sandbox.services.service import Asked, json_answer, refuse_unknown

# operation -> (does it change anything, the parameters the sandbox knows); the action has the operation's name
_OPERATIONS: Final = {
    "CreateTable": (True, "TableName AttributeDefinitions KeySchema BillingMode ProvisionedThroughput Tags"),
    "DescribeTable": (False, "TableName"),
    "DeleteTable": (True, "TableName"),
    "ListTables": (False, ""),
    "ListTagsOfResource": (False, "ResourceArn"),
    "PutItem": (True, "TableName Item ReturnValues ReturnConsumedCapacity"),
    "GetItem": (False, "TableName Key ConsistentRead ReturnConsumedCapacity"),
}
_TABLE: Final = re.compile(
    r"(?:arn:[a-z-]+:dynamodb:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):table/)?(?P<name>[A-Za-z0-9_.-]{3,255})"
)
_INVALID: Final = "ValidationException"
_MISSING: Final = "Requested resource not found"
_LARGEST_ITEM: Final = 400 * 1024
_TYPES: Final = frozenset(("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"))
_DEEPEST: Final = 32


class Tables:
    """Every account's tables and their items."""

    def __init__(self, journal: Journal) -> None:
        self._tables = Shelf(journal, "dynamodb table")
        self._items = Shelf(journal, "dynamodb item")

    def read(self, request: HttpRequest, place: CallPlace) -> Call:
        operation, params = read_json(request, "DynamoDB_20120810", "DynamoDB")
        if operation not in _OPERATIONS:
            raise not_offered("dynamodb", operation)
        mutates, known = _OPERATIONS[operation]
        check_constraints("dynamodb", operation, params)
        check_types("dynamodb", operation, params)
        refuse_unknown(params, known.split(), code=_INVALID, what=operation)
        action = f"dynamodb:{operation}"
        if operation == "ListTables":
            return Call(
                "dynamodb", operation, params, (Demand(action, _every_table(place), place.account_id),), mutates
            )
        arn = _arn(params["ResourceArn" if operation == "ListTagsOfResource" else "TableName"], place)
        context: Context = {}
        if operation == "CreateTable":
            tags = {tag["Key"]: tag.get("Value", "") for tag in params.get("Tags") or []}
            context = tag_keys(tags, refused=_INVALID)
        elif operation in ("PutItem", "GetItem"):
            context = self._context(arn, params.get("Item") or params.get("Key") or {})
        demand = Demand(action, arn, account_of(arn, default=place.account_id), context)
        return Call("dynamodb", operation, params, (demand,), mutates)

    def answer(self, asked: Asked) -> HttpResponse:
        body: dict[str, Any]
        match asked.call.operation:
            case "CreateTable":
                body = {"TableDescription": self._create(asked)}
            case "DescribeTable":
                body = {"Table": self._described(asked.resource)}
            case "DeleteTable":
                body = {"TableDescription": {**self._delete(asked.resource), "TableStatus": "DELETING"}}
            case "ListTables":
                place = asked.place
                prefix = f"arn:{place.partition}:dynamodb:{place.region}:{place.account_id}:table/"
                body = {"TableNames": [key.removeprefix(prefix) for key in self._tables.keys(prefix)]}
            case "ListTagsOfResource":
                tags = self._stored(asked.resource)["tags"]
                body = {"Tags": [{"Key": name, "Value": value} for name, value in tags.items()]}
            case "PutItem":
                body = self._put(asked)
            case _:
                body = self._got(asked)
        return json_answer(body, asked.request_id)

    def empty(self, account_ids: Collection[str]) -> None:
        self._tables.empty(account_ids)
        self._items.empty(account_ids)

    def tags_of(self, arn: str) -> Mapping[str, str]:
        stored = self._tables.get(arn)
        return dict(stored["tags"]) if stored else {}

    def _context(self, arn: str, attributes: Any) -> Context:
        """`dynamodb:LeadingKeys` and `dynamodb:Attributes` (DynamoDB Developer Guide, specifying-conditions.html)."""
        if not isinstance(attributes, dict):
            return {}
        context: Context = {"dynamodb:Attributes": list(attributes)}
        stored = self._tables.get(arn)
        leading = attributes.get(_keys(stored)[0]) if stored else None
        if isinstance(leading, dict) and len(leading) == 1:
            context["dynamodb:LeadingKeys"] = [str(value) for value in leading.values()]
        return context

    def _stored(self, arn: str) -> dict[str, Any]:
        stored: dict[str, Any] | None = self._tables.get(arn)
        if stored is None:
            raise Refusal("ResourceNotFoundException", _MISSING)
        return stored

    def _described(self, arn: str) -> dict[str, Any]:
        stored = self._tables.get(arn)
        if stored is None:
            name = arn.rpartition("/")[2]
            raise Refusal("ResourceNotFoundException", f"{_MISSING}: Table: {name} not found")
        return {**stored["about"], "ItemCount": len(self._items.keys(f"{arn}/"))}

    def _create(self, asked: Asked) -> dict[str, Any]:
        params, arn = asked.params, asked.resource
        _check_keys(params)
        about = {
            "TableName": arn.rpartition("/")[2],
            "TableArn": arn,
            "TableStatus": "ACTIVE",
            "CreationDateTime": datetime.now(UTC).timestamp(),
            "KeySchema": params["KeySchema"],
            "AttributeDefinitions": params["AttributeDefinitions"],
            "ItemCount": 0,
            "TableSizeBytes": 0,
            "BillingModeSummary": {"BillingMode": params.get("BillingMode", "PROVISIONED")},
        }
        with self._tables.changing:
            if self._tables.get(arn) is not None:
                raise Refusal("ResourceInUseException", f"Table already exists: {about['TableName']}")
            tags = {tag["Key"]: tag.get("Value", "") for tag in params.get("Tags") or []}
            self._tables.put(arn, {"about": about, "tags": tags})
        return about

    def _delete(self, arn: str) -> dict[str, Any]:
        with self._tables.changing:
            described = self._described(arn)
            # The table first: without it nobody finds its items, should we be ended in between.
            self._tables.remove([arn])
            self._items.remove(self._items.keys(f"{arn}/"))
        return described

    def _put(self, asked: Asked) -> dict[str, Any]:
        returned = asked.params.get("ReturnValues", "NONE")
        if returned not in ("NONE", "ALL_OLD"):
            raise Refusal(_INVALID, "Return values set to invalid value")
        item = asked.params.get("Item")
        with self._tables.changing:
            stored = self._stored(asked.resource)
            _check_attributes(item)
            if len(json.dumps(item).encode()) > _LARGEST_ITEM:
                raise Refusal(_INVALID, "Item size has exceeded the maximum allowed size")
            assert isinstance(item, dict)
            key = _item_key(asked.resource, stored, item, "item")
            before = self._items.get(key)
            self._items.put(key, item)
        return {"Attributes": before} if before is not None and returned == "ALL_OLD" else {}

    def _got(self, asked: Asked) -> dict[str, Any]:
        key = asked.params.get("Key")
        stored = self._stored(asked.resource)
        _check_attributes(key)
        assert isinstance(key, dict)
        if set(key) != set(_keys(stored)):
            raise Refusal(_INVALID, "The provided key element does not match the schema")
        item = self._items.get(_item_key(asked.resource, stored, key, "key"))
        return {"Item": item} if item is not None else {}


def _every_table(place: CallPlace) -> str:
    """What AWS decides ListTables on: its denials name `table/*`."""
    return f"arn:{place.partition}:dynamodb:{place.region}:{place.account_id}:table/*"


def _arn(named: str, place: CallPlace) -> str:
    match = _TABLE.fullmatch(named)
    if match is None or (match["region"] or place.region) != place.region:
        raise Refusal(_INVALID, f"Invalid table name: {named}")  # AWS's words for each case aren't established
    account = match["account"] or place.account_id
    return f"arn:{place.partition}:dynamodb:{place.region}:{account}:table/{match['name']}"


def _keys(stored: Mapping[str, Any]) -> list[str]:
    """The names of a table's key attributes, the partition key first."""
    schema = stored["about"]["KeySchema"]
    return [str(key["AttributeName"]) for key in sorted(schema, key=lambda key: str(key["KeyType"]))]


def _check_keys(params: Params) -> None:
    schema, defined = params.get("KeySchema"), params.get("AttributeDefinitions")
    if not _is_list_of(schema, ("AttributeName", "KeyType")) or not _is_list_of(
        defined, ("AttributeName", "AttributeType")
    ):
        raise Refusal(
            _INVALID, "One or more parameter values were invalid: KeySchema or AttributeDefinitions is incomplete"
        )
    assert isinstance(schema, list)
    assert isinstance(defined, list)
    if [key["KeyType"] for key in schema] not in (["HASH"], ["HASH", "RANGE"]):
        raise Refusal(_INVALID, "Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    names = {key["AttributeName"] for key in schema}
    if any(one["AttributeType"] not in ("S", "N", "B") for one in defined):
        raise Refusal(_INVALID, "One or more parameter values were invalid: a key attribute is of type S, N or B")
    if names != {one["AttributeName"] for one in defined}:
        raise Refusal(
            _INVALID,
            "One or more parameter values were invalid: Some index key attributes are not defined in "
            f"AttributeDefinitions. Keys: [{', '.join(sorted(names))}], AttributeDefinitions: "
            f"[{', '.join(sorted(one['AttributeName'] for one in defined))}]",
        )


def _is_list_of(value: Any, fields: tuple[str, ...]) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and all(isinstance(one.get(field), str) for field in fields) for one in value)
    )


def _item_key(arn: str, stored: Mapping[str, Any], item: Mapping[str, Any], what: str) -> str:
    """Where an item is kept: its table and the values of its key attributes."""
    types = {one["AttributeName"]: one["AttributeType"] for one in stored["about"]["AttributeDefinitions"]}
    values = []
    for name in _keys(stored):
        if name not in item:
            raise Refusal(_INVALID, f"One or more parameter values were invalid: Missing the key {name} in the {what}")
        [(kind, value)] = item[name].items()
        if kind != types[name]:
            raise Refusal(
                _INVALID,
                f"One or more parameter values were invalid: Type mismatch for key {name} expected: {types[name]} "
                f"actual: {kind}",
            )
        values.append(str(Decimal(value).normalize()) if kind == "N" else value)
    return f"{arn}/{json.dumps(values)}"


def _check_attributes(attributes: Any) -> None:
    if not isinstance(attributes, dict) or not attributes:
        raise Refusal(_INVALID, "One or more parameter values were invalid: an item has attributes")
    for value in attributes.values():
        _check_value(value, _DEEPEST)


def _check_value(value: Any, depth: int) -> None:
    """Each value is an object with one type and what belongs to it."""
    if not isinstance(value, dict) or len(value) != 1 or not value.keys() <= _TYPES:
        raise Refusal(_INVALID, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
    if depth == 0:
        raise Refusal(_INVALID, "Nesting Levels have exceeded supported limits")
    [(kind, content)] = value.items()
    if kind in ("M", "L"):
        if not isinstance(content, dict if kind == "M" else list):
            raise _not_a(kind)
        for inner in content.values() if isinstance(content, dict) else content:
            _check_value(inner, depth - 1)
    elif kind in ("SS", "NS", "BS"):
        if not isinstance(content, list) or not content or len(set(map(str, content))) < len(content):
            raise _not_a(kind)
        for inner in content:
            _check_scalar(kind[0], inner)
    else:
        _check_scalar(kind, content)


def _check_scalar(kind: str, content: Any) -> None:
    if kind in ("BOOL", "NULL"):
        if not isinstance(content, bool):
            raise _not_a(kind)
        return
    if not isinstance(content, str):
        raise _not_a(kind)
    if kind == "N":
        try:
            sound = Decimal(content).is_finite()
        except InvalidOperation:
            sound = False
        if not sound:
            raise Refusal(_INVALID, f"The parameter cannot be converted to a numeric value: {content}")
    if kind == "B":
        try:
            base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError):
            raise _not_a(kind) from None


def _not_a(kind: str) -> Refusal:
    return Refusal("SerializationException", f"The value of an attribute of type {kind} isn't one.")
