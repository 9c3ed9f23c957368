"""Lambda: functions whose code really runs. REST and JSON (docs.aws.amazon.com/lambda/latest/api/)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import math
import re
import time
import zipfile
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from xsfn_helpers.sandbox.gateway.calls import (
    Call,
    CallPlace,
    Context,
    Demand,
    Params,
    account_of,
    json_object,
    pass_role,
    tag_keys,
)
from xsfn_helpers.sandbox.gateway.errors import Refusal, not_offered
from xsfn_helpers.sandbox.gateway.request_model.constraints import check_constraints
from xsfn_helpers.sandbox.gateway.request_model.shapes import check_types
from xsfn_helpers.sandbox.http.wire import HttpRequest, HttpResponse
from xsfn_helpers.sandbox.journal import Journal
from xsfn_helpers.sandbox.services.function_run import Function, Runner, log_tail
from xsfn_helpers.sandbox.services.journal_table import Shelf
from xsfn_helpers.sandbox.services.service import Asked, refuse_unknown

PRINCIPAL: Final = "lambda.amazonaws.com"
_LIST: Final = "/2015-03-31/functions"
_ONE: Final = re.compile(rf"{_LIST}/(?P<name>[^/]+)(?P<rest>|/invocations|/configuration|/code)")
# (method, what follows the function's name) -> (operation, action, does it change anything)
_OPERATIONS: Final = {
    ("GET", ""): ("GetFunction", "lambda:GetFunction", False),
    ("GET", "/configuration"): ("GetFunctionConfiguration", "lambda:GetFunctionConfiguration", False),
    ("DELETE", ""): ("DeleteFunction", "lambda:DeleteFunction", True),
    ("POST", "/invocations"): ("Invoke", "lambda:InvokeFunction", True),
    ("PUT", "/code"): ("UpdateFunctionCode", "lambda:UpdateFunctionCode", True),
    ("PUT", "/configuration"): ("UpdateFunctionConfiguration", "lambda:UpdateFunctionConfiguration", True),
}
_NAME: Final = re.compile(
    r"(?:arn:[a-z-]+:lambda:(?P<region>[a-z0-9-]+):)?(?:(?P<account>[0-9]{12}):)?(?:function:)?"
    r"(?P<name>[A-Za-z0-9_-]{1,64})(?::\$LATEST)?"
)
_CREATED_WITH: Final = (
    *("FunctionName", "Runtime", "Role", "Handler", "Code", "Description", "Timeout", "MemorySize", "Publish"),
    *("Environment", "Tags", "PackageType", "Architectures"),
)
_UPDATED_WITH: Final = {
    "UpdateFunctionCode": ("FunctionName", "ZipFile", "Publish", "DryRun", "Architectures"),
    "UpdateFunctionConfiguration": (
        *("FunctionName", "Role", "Handler", "Description", "Timeout", "MemorySize", "Runtime", "Environment"),
    ),
}
# The only version that functions have here.
_LATEST: Final = "$LATEST"
_RUNTIME: Final = re.compile(r"python3\.\d+")
_HANDLER: Final = re.compile(r"[\w./-]+\.\w+", re.ASCII)
_LARGEST_ARCHIVE: Final = 4 * 1024 * 1024
_LONGEST: Final = 900
# Less than AWS's 10,240: the sandbox shares the machine with the learner.
_LARGEST_MEMORY: Final = 1024
_INVALID: Final = "InvalidParameterValueException"
_SWITCHED_OFF: Final = (
    "The xsfn sandbox runs no functions in this room: its instructor can let them run with "
    "`xsfn room serve --functions`."
)
_NOT_ASSUMABLE: Final = "The role defined for the function cannot be assumed by Lambda."


class Functions:
    """Every account's functions."""

    def __init__(self, journal: Journal, may_run: Callable[[], bool] = lambda: True) -> None:
        self._may_run = may_run
        self._shelf = Shelf(journal, "lambda function")
        self._runner = Runner()

    def read(self, request: HttpRequest, place: CallPlace) -> Call:
        path = request.path.rstrip("/")
        if path == _LIST and request.method == "POST":
            return _create(json_object(request.body), place)
        if path == _LIST and request.method == "GET":
            return Call("lambda", "ListFunctions", {}, (Demand("lambda:ListFunctions", "*", place.account_id),), False)
        match = _ONE.fullmatch(path)
        if match is None or (request.method, match["rest"]) not in _OPERATIONS:
            raise not_offered("lambda", f"{request.method} {request.path}")
        operation, action, mutates = _OPERATIONS[request.method, match["rest"]]
        qualifier = dict(parse_qsl(request.query, keep_blank_values=True)).get("Qualifier", _LATEST)
        if qualifier != _LATEST:
            raise Refusal("ResourceNotFoundException", f"Function not found: {match['name']}:{qualifier}", 404)
        arn = _arn(unquote(match["name"]), place)
        params: dict[str, Any] = {"FunctionName": unquote(match["name"])}
        demands = [_demand(action, arn, place)]
        if operation == "Invoke":
            params |= _invocation(request)
        elif operation in _UPDATED_WITH:
            params = {**json_object(request.body), **params}
            _check_update(operation, params)
            if role := params.get("Role"):
                demands.append(pass_role(role, place, to=PRINCIPAL))
        return Call("lambda", operation, params, tuple(demands), mutates)

    def answer(self, asked: Asked) -> HttpResponse:
        match asked.call.operation:
            case "CreateFunction":
                return _json(self._create(asked), asked, status=201)
            case "ListFunctions":
                place = asked.place
                prefix = f"arn:{place.partition}:lambda:{place.region}:{place.account_id}:"
                return _json({"Functions": [self._shelf.get(key)["about"] for key in self._shelf.keys(prefix)]}, asked)
            case "Invoke":
                return self._invoke(asked)
            case "UpdateFunctionCode" | "UpdateFunctionConfiguration":
                return _json(self._update(asked), asked)
            case "DeleteFunction":
                with self._shelf.changing:
                    self._stored(asked)
                    self._shelf.remove([asked.resource])
                return HttpResponse(204, b"", {"x-amzn-requestid": asked.request_id})
        stored = self._stored(asked)
        if asked.call.operation == "GetFunctionConfiguration":
            return _json(stored["about"], asked)
        # Where AWS has a link to the code that works for ten minutes, the sandbox has none to give.
        return _json({"Configuration": stored["about"], "Tags": stored["tags"]}, asked)

    def empty(self, account_ids: Collection[str]) -> None:
        self._shelf.empty(account_ids)

    def tags_of(self, arn: str) -> Mapping[str, str]:
        stored = self._shelf.get(arn)
        return dict(stored["tags"]) if stored else {}

    def _stored(self, asked: Asked) -> dict[str, Any]:
        stored: dict[str, Any] | None = self._shelf.get(asked.resource)
        if stored is None:
            raise Refusal("ResourceNotFoundException", f"Function not found: {asked.resource}", 404)
        return stored

    def _create(self, asked: Asked) -> dict[str, Any]:
        params, arn = asked.params, asked.resource
        archive = _archive(params["Code"])
        if not asked.rights.assumable_by(PRINCIPAL, params["Role"], arn):
            raise Refusal(_INVALID, _NOT_ASSUMABLE)
        about = {
            "FunctionName": arn.rpartition(":")[2],
            "FunctionArn": arn,
            "Runtime": params["Runtime"],
            "Role": params["Role"],
            "Handler": params["Handler"],
            **_code_words(archive),
            "Description": params.get("Description", ""),
            "Timeout": params.get("Timeout", 3),
            "MemorySize": params.get("MemorySize", 128),
            "LastModified": _now(),
            "Version": "$LATEST",
            "PackageType": "Zip",
            "Architectures": params.get("Architectures", ["x86_64"]),
            "State": "Active",
            "LastUpdateStatus": "Successful",
        }
        if variables := (params.get("Environment") or {}).get("Variables"):
            about["Environment"] = {"Variables": variables}
        with self._shelf.changing:
            if self._shelf.get(arn) is not None:
                raise Refusal("ResourceConflictException", f"Function already exist: {about['FunctionName']}", 409)
            code = base64.b64encode(archive).decode("ascii")
            self._shelf.put(arn, {"about": about, "code": code, "tags": params.get("Tags") or {}})
        return about

    def _update(self, asked: Asked) -> dict[str, Any]:
        params = asked.params
        changes: dict[str, Any] = {"LastModified": _now()}
        archive = _archive({"ZipFile": params["ZipFile"]}) if "ZipFile" in params else None
        if archive is not None:
            changes |= _code_words(archive)
        changes |= {name: params[name] for name in _SETTINGS if params.get(name) is not None}
        variables = (params.get("Environment") or {}).get("Variables")
        if variables:
            changes["Environment"] = {"Variables": variables}
        if (role := params.get("Role")) and not asked.rights.assumable_by(PRINCIPAL, role, asked.resource):
            raise Refusal(_INVALID, _NOT_ASSUMABLE)
        with self._shelf.changing:
            stored = self._stored(asked)
            about = {**stored["about"], **changes}
            if variables is not None and not variables:
                about.pop("Environment", None)
            if params.get("DryRun") is not True:
                code = base64.b64encode(archive).decode("ascii") if archive is not None else stored["code"]
                self._shelf.put(asked.resource, {**stored, "about": about, "code": code})
        return about

    def _invoke(self, asked: Asked) -> HttpResponse:
        stored, params = self._stored(asked), asked.params
        about = stored["about"]
        headers = {"x-amzn-requestid": asked.request_id}
        if params["InvocationType"] == "DryRun":
            return HttpResponse(204, b"", headers)
        if not asked.rights.assumable_by(PRINCIPAL, about["Role"], asked.resource):
            raise Refusal("AccessDeniedException", _NOT_ASSUMABLE, 403)
        if not self._may_run():
            raise Refusal("AccessDeniedException", _SWITCHED_OFF, 403)
        function = Function(
            name=about["FunctionName"],
            arn=asked.resource,
            region=asked.place.region,
            handler=about["Handler"],
            archive=base64.b64decode(stored["code"]),
            timeout_seconds=about["Timeout"],
            memory_mb=about["MemorySize"],
            environment=about.get("Environment", {}).get("Variables", {}),
        )
        began = time.monotonic()
        invoked = self._runner.run(function, params["Payload"], asked.request_id)
        lasted = time.monotonic() - began
        headers |= {"content-type": "application/json", "x-amz-executed-version": "$LATEST"}
        if invoked.error:
            headers["x-amz-function-error"] = invoked.error
        if params["LogType"] == "Tail":
            log = _log_of(asked.request_id, invoked.log, seconds=lasted, memory_mb=about["MemorySize"])
            headers["x-amz-log-result"] = log_tail(log)
        return HttpResponse(200, invoked.payload.encode(), headers)


# What a function is run with, as far as an update may change it in one word.
_SETTINGS: Final = ("Role", "Handler", "Description", "Timeout", "MemorySize", "Runtime", "Architectures")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _log_of(request_id: str, said: str, *, seconds: float, memory_mb: int) -> str:
    """The log with the lines that Lambda writes around a function's own. How much memory was used isn't measured here:
    docs.aws.amazon.com/lambda/latest/dg/python-logging.html"""
    own = f"{said}\n" if said and not said.endswith("\n") else said
    took, billed = f"{seconds * 1000:.2f} ms", f"{math.ceil(seconds * 1000)} ms"
    return (
        f"START RequestId: {request_id} Version: {_LATEST}\n{own}END RequestId: {request_id}\n"
        f"REPORT RequestId: {request_id}\tDuration: {took}\tBilled Duration: {billed}\tMemory Size: {memory_mb} MB\n"
    )


def _code_words(archive: bytes) -> dict[str, Any]:
    digest = base64.b64encode(hashlib.sha256(archive).digest()).decode("ascii")
    return {"CodeSize": len(archive), "CodeSha256": digest}


def _check_update(operation: str, params: Params) -> None:
    check_constraints("lambda", operation, params)
    check_types("lambda", operation, params)
    refuse_unknown(params, _UPDATED_WITH[operation], code=_INVALID, what=operation)
    if operation == "UpdateFunctionCode" and "ZipFile" not in params:
        raise Refusal(_INVALID, "In the xsfn sandbox, a function's code comes as ZipFile, and in no other way.")
    # What isn't named stays as it was checked before.
    _check({"Runtime": "python3.12", "Handler": "index.handler", **params})


def _create(params: Params, place: CallPlace) -> Call:
    check_constraints("lambda", "CreateFunction", params)
    check_types("lambda", "CreateFunction", params)
    refuse_unknown(params, _CREATED_WITH, code=_INVALID, what="CreateFunction")
    _check(params)
    arn = _arn(params["FunctionName"], place)
    context: Context = {**tag_keys(params.get("Tags") or {}, refused=_INVALID)}
    demands = (_demand("lambda:CreateFunction", arn, place, context), pass_role(params["Role"], place, to=PRINCIPAL))
    return Call("lambda", "CreateFunction", params, demands, mutates=True)


def _check(params: Params) -> None:
    if params.get("PackageType", "Zip") != "Zip" or not _RUNTIME.fullmatch(params.get("Runtime") or ""):
        raise Refusal(
            _INVALID, f"The xsfn sandbox runs Python functions from a zip file; Runtime is {params.get('Runtime')}."
        )
    if not _HANDLER.fullmatch(params.get("Handler") or ""):
        raise Refusal(
            _INVALID, f"{params.get('Handler')} is not a handler: name a module and a function in it, 'index.handler'."
        )
    for name, least, most in (("Timeout", 1, _LONGEST), ("MemorySize", 128, _LARGEST_MEMORY)):
        if (given := params.get(name)) is not None and not least <= given <= most:
            raise Refusal(_INVALID, f"{name} is {given}; in the xsfn sandbox it is {least} to {most}.")
    variables = (params.get("Environment") or {}).get("Variables") or {}
    for name, value in variables.items() if isinstance(variables, dict) else [(str(variables), None)]:
        # The names must be ones an environment can have; Lambda keeps the AWS_ ones to itself.
        if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]\w+", name, re.ASCII) or "\0" in value:
            raise Refusal(_INVALID, f"{name} is not an environment variable that a function can have.")
        if name.startswith("AWS_"):
            words = (
                "Lambda was unable to configure your environment variables because the environment variables you have "
                "provided contains reserved keys that are currently not supported for modification. Reserved keys used "
                f"in this request: {name}"
            )
            raise Refusal(_INVALID, words)


def _archive(code: Any) -> bytes:
    """The zip file in a request, unread: only its table of contents is looked at, for Python loads it as it is."""
    text = code.get("ZipFile") if isinstance(code, dict) else None
    if not isinstance(text, str) or code.keys() - {"ZipFile"}:
        raise Refusal(_INVALID, "In the xsfn sandbox, a function's code comes as Code.ZipFile, and in no other way.")
    try:
        archive = base64.b64decode(text, validate=True)
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            size = sum(entry.file_size for entry in opened.infolist())
    except (binascii.Error, ValueError, OSError, zipfile.BadZipFile, NotImplementedError):
        raise Refusal(
            _INVALID, "Could not unzip uploaded file. Please check your file, then try to upload again."
        ) from None
    if max(len(archive), size) > _LARGEST_ARCHIVE:
        raise Refusal(
            "RequestEntityTooLargeException", f"In the xsfn sandbox, code has at most {_LARGEST_ARCHIVE} bytes.", 413
        )
    return archive


def _invocation(request: HttpRequest) -> dict[str, Any]:
    kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
    if kind not in ("RequestResponse", "DryRun"):
        raise Refusal(_INVALID, f"The xsfn sandbox doesn't offer invocations of type {kind}.")
    try:
        payload = json.loads(request.body) if request.body.strip() else {}
    except (ValueError, RecursionError) as error:
        raise Refusal("InvalidRequestContentException", f"Could not parse request body into json: {error}") from None
    return {"InvocationType": kind, "LogType": request.headers.get("x-amz-log-type", "None"), "Payload": payload}


def _arn(named: str, place: CallPlace) -> str:
    match = _NAME.fullmatch(named)
    if match is None or (match["region"] or place.region) != place.region:
        raise Refusal(
            "ValidationException",
            f"1 validation error detected: Value '{named}' at 'functionName' failed to satisfy constraint: Member must "
            r"satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\d{1}:)?"
            r"(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?",
        )
    account = match["account"] or place.account_id
    return f"arn:{place.partition}:lambda:{place.region}:{account}:function:{match['name']}"


def _demand(action: str, arn: str, place: CallPlace, context: Context | None = None) -> Demand:
    return Demand(action, arn, account_of(arn, default=place.account_id), context or {})


def _json(body: Any, asked: Asked, *, status: int = 200) -> HttpResponse:
    headers = {"content-type": "application/json", "x-amzn-requestid": asked.request_id}
    return HttpResponse(status, json.dumps(body).encode(), headers)
