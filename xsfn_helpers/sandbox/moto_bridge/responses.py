"""An allowed call carried out by moto's own methods, and their results written as AWS writes them.

moto would have each call as an HTTP request, and read it anew: of a JSON text with `&` and `=` in it, it takes parts
for parameters. Here its methods get the very parameters that were decided on, and nothing of a web server is built.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from moto.core.exceptions import ServiceException
from moto.core.parse import QueryParser
from moto.core.serialize import JSONSerializer, QuerySerializer, SerializationContext, XFormedAttributePicker
from moto.core.utils import camelcase_to_underscores, get_service_model
from moto.iam.responses import IamResponse
from moto.stepfunctions.responses import StepFunctionResponse
from werkzeug.exceptions import HTTPException

from xsfn_helpers.sandbox.gateway.calls import Call

# What the gateway calls a service -> what botocore does.
_MODELS: Final = {"iam": "iam", "states": "stepfunctions"}


def carry_out(call: Call, *, account_id: str, region: str, partition: str, request_id: str) -> tuple[int, str]:
    """Status and body of moto's answer. Raises `NotImplementedError` for an operation that it doesn't have."""
    model = get_service_model(_MODELS[call.service]).operation_model(call.operation)
    is_iam = call.service == "iam"
    responder = IamResponse() if is_iam else _Steps()
    responder.current_account, responder.region, responder.partition = account_id, region, partition
    responder.uri_match = {}
    responder.params = QueryParser(model).parse({"values": call.params}) if is_iam else call.params
    method = getattr(responder, _method_name(call.operation), None)
    if method is None:
        raise NotImplementedError(call.operation)
    try:
        result = method().result
    except ServiceException as error:
        result = error
    except HTTPException as error:
        return error.code or 500, str(error.description)
    transformers = responder.RESPONSE_KEY_PATH_TO_TRANSFORMER
    serializer = (_Xml if is_iam else _Json)(
        operation_model=model,
        context=SerializationContext(request_id),
        value_picker=XFormedAttributePicker(response_transformers=transformers),
    )
    answer = serializer.serialize(result)
    return answer["status_code"], answer["body"]


@cache
def _method_name(operation: str) -> str:
    return str(camelcase_to_underscores(operation))


class _Steps(StepFunctionResponse):
    """Step Functions' methods, on parameters that are JSON already."""

    params: Mapping[str, Any]

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        return self.params.get(param_name, if_none)


class _QuickValues:
    """Takes what bears the very name it is looked for under; moto looks for it under eleven others as well."""

    def get_value(self, value: Any, key: str, shape: Any) -> Any:
        if type(value) is dict and key in value and key not in _transformed():
            return value[key]
        return super().get_value(value, key, shape)  # type: ignore[misc]


@cache
def _transformed() -> frozenset[str]:
    """The fields that some answers of IAM leave out or write in another way."""
    return frozenset(path.rpartition(".")[2] for path in IamResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER)


class _Json(_QuickValues, JSONSerializer):
    """Step Functions' answers."""


class _Xml(_QuickValues, QuerySerializer):
    """IAM's answers. Names come from the service's model, and need no look; texts are escaped."""

    def _serialize_body(self, body: Mapping[str, Any]) -> str:
        return "".join(part for name, value in body.items() for part in _element(name, value))


def _element(name: str, value: Any) -> Iterator[str]:
    """One XML element, or one for each item of a list; a name that begins with `@` is an attribute of its parent."""
    if isinstance(value, list):
        for item in value:
            yield from _element(name, item)
        return
    if not isinstance(value, Mapping):
        text = "" if value is None else ("true" if value else "false") if isinstance(value, bool) else str(value)
        yield f"<{name}>{escape(text)}</{name}>" if text else f"<{name}/>"
        return
    inside = "".join(part for key, item in value.items() if key[0] != "@" for part in _element(key, item))
    given = "".join(f" {key[1:]}={quoteattr(str(item))}" for key, item in value.items() if key[0] == "@")
    yield f"<{name}{given}>{inside}</{name}>" if inside else f"<{name}{given}/>"
