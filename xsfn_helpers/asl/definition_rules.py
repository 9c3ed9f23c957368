"""What Step Functions finds wrong with a state machine's definition, code, words and place as AWS gives them.

The texts are recorded (REC: localstack's AWS-validated snapshots), measured (MEAS: floci's reports of
validate-state-machine-definition, issues 2735, 2745, 2968 and pull request 2786) or quoted by users (COMM); the
comment at each rule says which. AWS itself warns that wording may change.
Source: docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinitionDiagnostic.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from xsfn_helpers.asl.json_errors import InvalidJson, read

SCHEMA: Final = "SCHEMA_VALIDATION_FAILED"
_TRANSITION: Final = "MISSING_TRANSITION_TARGET"

JSONPATH: Final = "JSONPath"
JSONATA: Final = "JSONata"
# Source: docs.aws.amazon.com/step-functions/latest/dg/stepfunctions-iam.html
MANAGED_RULE: Final = "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
MANAGED_RULE_ACTIONS: Final = ("events:PutTargets", "events:PutRule", "events:DescribeRule")


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that keeps a definition from being accepted."""

    code: str
    message: str
    location: str | None = None

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" at {self.location}" if self.location else "")

    def as_json(self) -> dict[str, str]:
        answer = {"severity": "ERROR", "code": self.code, "message": self.message}
        return answer if self.location is None else {**answer, "location": self.location}


@dataclass(frozen=True, slots=True)
class StateFields:
    """One state of a definition: where it stands, what is written there, and the query language in force."""

    path: str
    name: str
    body: Mapping[str, Any]
    language: str


def diagnose(text: str, *, express: bool = False) -> tuple[Diagnostic, ...]:
    """Everything wrong with the definition in `text`, in AWS's order; empty if there is nothing."""
    if not text.strip():
        return (Diagnostic(SCHEMA, "Definition must be a valid JSON object"),)  # REC
    try:
        definition = read(text)
    except InvalidJson as error:
        fault = error.fault
        message = f"{fault.message}\n at {fault.location}"
        return (Diagnostic("INVALID_JSON_DESCRIPTION", message, fault.location),)  # REC
    if not isinstance(definition, dict):
        return (Diagnostic(SCHEMA, "Definition must be a valid JSON object"),)
    found = list(_machine(definition, "", express=express))
    if not found:
        found = list(_transitions(definition, ""))
    return tuple(found)


def read_definition(text: str) -> tuple[Mapping[str, Any], tuple[Diagnostic, ...]]:
    """The object that a definition is, and what keeps the text from being one; what is in it isn't looked at."""
    try:
        definition = read(text)
    except InvalidJson:
        return {}, diagnose(text)
    if not isinstance(definition, dict):
        return {}, (Diagnostic(SCHEMA, "Definition must be a valid JSON object"),)
    return definition, ()


def diagnose_state(text: str, name: str) -> tuple[Mapping[str, Any], tuple[Diagnostic, ...]]:
    """The single state in `text`, which is called `name`, and everything wrong with it by itself."""
    body, faults = read_definition(text)
    if faults:
        return {}, faults
    language = _language(body, JSONPATH)
    return body, tuple(_state(StateFields(f"/States/{name}", name, body, language), JSONPATH, express=False))


def read_timestamp(text: str) -> datetime | None:
    """The moment that a Wait state's timestamp means; None for what is no such date or time."""
    if not _RFC3339.fullmatch(text):
        return None
    try:
        # More digits of a second than Python keeps are cut.
        return datetime.fromisoformat(re.sub(r"(\.[0-9]{6})[0-9]+", r"\1", text))
    except ValueError:
        return None


def states(definition: Mapping[str, Any]) -> Iterator[StateFields]:
    """Every state of a well-formed definition, those of branches and iterations included."""
    yield from _states(definition, "", str(definition.get("QueryLanguage", JSONPATH)))


def waits_for_own_executions(definition: Mapping[str, Any]) -> bool:
    """Whether a task runs a state machine of the same account with `.sync`, which needs a managed EventBridge rule.

    A task with `Credentials` doesn't count: across accounts Step Functions only polls (XACCT). That CreateStateMachine
    asks for the rule's permissions only where one doesn't have them is not documented.
    """
    return any(
        re.fullmatch(r"arn:[a-z-]+:states:[a-z0-9-]*:[0-9]*:states:startExecution\.sync(:2)?", resource)
        for state in states(definition)
        if isinstance(resource := state.body.get("Resource"), str) and "Credentials" not in state.body
    )


# --- the whole and its parts -----------------------------------------------------------------------------------------

_MACHINE_FIELDS: Final = frozenset(("Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"))
_PROCESSOR_FIELDS: Final = frozenset(("Comment", "ProcessorConfig", "StartAt", "States"))
_BRANCH_FIELDS: Final = frozenset(("Comment", "StartAt", "States"))


def _machine(definition: Mapping[str, Any], path: str, *, express: bool) -> Iterator[Diagnostic]:
    language = definition.get("QueryLanguage", JSONPATH)
    if language not in (JSONPATH, JSONATA):
        yield _one_of("QueryLanguage", (JSONPATH, JSONATA), path)
    yield from _scope(definition, path, str(language), fields=_MACHINE_FIELDS, express=express)


def _scope(
    scope: Mapping[str, Any], path: str, language: str, *, fields: frozenset[str], express: bool
) -> Iterator[Diagnostic]:
    """The machine itself, a branch, or what a Map runs for each item."""
    if missing := [name for name in ("States", "StartAt") if name not in scope]:
        yield _required(missing, path or "/")  # REC, in this order
        return
    yield from _unsupported(scope, fields, path or "/")
    inner = scope["States"]
    if not isinstance(inner, dict):
        yield _of_type("States", "an object", path)
        return
    if not inner:
        yield Diagnostic(SCHEMA, "Value cannot be empty", f"{path}/States")
    if not isinstance(scope["StartAt"], str):
        yield _of_type("StartAt", "a string", path)
    for name, body in inner.items():
        place = f"{path}/States/{name}"
        if isinstance(body, dict):
            yield from _state(StateFields(place, name, body, _language(body, language)), language, express=express)
        else:
            yield Diagnostic(SCHEMA, "Value must be an object", place)


def _language(body: Mapping[str, Any], outer: str) -> str:
    # MEAS: only the exact word JSONPath is JSONPath.
    return outer if "QueryLanguage" not in body else JSONPATH if body["QueryLanguage"] == JSONPATH else JSONATA


def _states(scope: Mapping[str, Any], path: str, language: str) -> Iterator[StateFields]:
    for name, body in scope["States"].items():
        place = f"{path}/States/{name}"
        yield StateFields(place, name, body, _language(body, language))
        # MEAS: what is inside a Map or Parallel inherits the machine's language, not that state's.
        for inner, inner_path, _ in _inner_scopes(body, place):
            yield from _states(inner, inner_path, language)


def _inner_scopes(body: Mapping[str, Any], path: str) -> Iterator[tuple[Mapping[str, Any], str, frozenset[str]]]:
    """(scope, its path, its fields) of everything that a state runs inside itself."""
    for field in ("ItemProcessor", "Iterator"):
        if isinstance(body.get(field), dict):
            yield body[field], f"{path}/{field}", _PROCESSOR_FIELDS
    branches = body.get("Branches")
    for index, branch in enumerate(branches if isinstance(branches, list) else ()):
        if isinstance(branch, dict):
            yield branch, f"{path}/Branches[{index}]", _BRANCH_FIELDS


# --- one state -------------------------------------------------------------------------------------------------------

_TYPES: Final = ("Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map")
_EVERY: Final = "Type Comment QueryLanguage"
_FLOWS: Final = "Next End Assign Output InputPath OutputPath"
_RUNS: Final = "Retry Catch ResultPath ResultSelector Parameters Arguments"
_FIELDS: Final = {
    kind: frozenset(f"{_EVERY} {names}".split())
    for kind, names in {
        "Task": f"{_FLOWS} {_RUNS} Resource Credentials TimeoutSeconds TimeoutSecondsPath HeartbeatSeconds "
        "HeartbeatSecondsPath",
        "Wait": f"{_FLOWS} Seconds SecondsPath Timestamp TimestampPath",
        "Pass": f"{_FLOWS} Result ResultPath Parameters",
        "Succeed": "Output InputPath OutputPath",
        "Fail": "Error ErrorPath Cause CausePath",
        "Choice": "Choices Default Assign Output InputPath OutputPath",
        "Parallel": f"{_FLOWS} {_RUNS} Branches",
        "Map": f"{_FLOWS} {_RUNS} ItemProcessor Iterator Items ItemsPath ItemSelector ItemReader ItemBatcher "
        "ResultWriter MaxConcurrency MaxConcurrencyPath ToleratedFailureCount ToleratedFailureCountPath "
        "ToleratedFailurePercentage ToleratedFailurePercentagePath Label",
    }.items()
}
_NEEDED: Final = {"Task": ("Resource",), "Choice": ("Choices",), "Parallel": ("Branches",)}
_NO_NEXT: Final = frozenset(("Succeed", "Fail", "Choice"))
_ONLY_JSONATA: Final = ("Output", "Arguments", "Items")
_ONLY_JSONPATH: Final = (
    *("InputPath", "OutputPath", "ResultPath", "ResultSelector", "Parameters", "ItemsPath", "SecondsPath"),
    *("TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath", "ErrorPath", "CausePath", "MaxConcurrencyPath"),
    *("ToleratedFailureCountPath", "ToleratedFailurePercentagePath"),
)
_TEMPLATES: Final = ("Parameters", "ResultSelector", "ItemSelector", "Credentials", "Assign")
_RFC3339: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})", re.ASCII)
_CATCHER_FIELDS: Final = frozenset(("ErrorEquals", "Next", "ResultPath", "Output", "Assign", "Comment"))
_RETRIER_FIELDS: Final = frozenset(
    ("ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment")
)


def _state(state: StateFields, outer: str, *, express: bool) -> Iterator[Diagnostic]:
    body, path = state.body, state.path
    kind = body.get("Type")
    if kind is None:
        yield _required(["Type"], path)
        return
    if kind not in _TYPES:
        yield _one_of("Type", _TYPES, path)  # REC
        return
    yield from _query_language(state, outer)
    yield from _unsupported(body, _FIELDS[kind], path)  # MEAS
    if missing := [name for name in _NEEDED.get(kind, ()) if name not in body]:
        yield _required(missing, path)
    if kind == "Map" and not {"ItemProcessor", "Iterator"} & body.keys():
        yield _required(["ItemProcessor"], path)
    if kind not in _NO_NEXT and "Next" not in body and body.get("End") is not True:
        yield _required(["Next"], path)
    for field in _TEMPLATES:
        yield from _paths_in(body.get(field), f"{path}/{field}", state.language)
    yield from _handlers(body, path)
    match kind:
        case "Task":
            yield from _task(body, path, express=express)
        case "Choice":
            yield from _choices(body.get("Choices"), f"{path}/Choices")
        case "Wait":
            stamp = body.get("Timestamp")
            evaluated = state.language == JSONATA and isinstance(stamp, str) and stamp.startswith("{%")
            if isinstance(stamp, str) and not evaluated and read_timestamp(stamp) is None:
                yield Diagnostic(SCHEMA, "String does not match RFC3339 timestamp", f"{path}/Timestamp")  # REC
        case "Parallel" if body.get("Branches") == []:
            yield Diagnostic(SCHEMA, "Value cannot be empty", f"{path}/Branches")  # REC
    for scope, place, fields in _inner_scopes(body, path):
        yield from _scope(scope, place, outer, fields=fields, express=express)


def _query_language(state: StateFields, outer: str) -> Iterator[Diagnostic]:
    body, path = state.body, state.path
    if "QueryLanguage" in body and body["QueryLanguage"] not in (JSONPATH, JSONATA):
        yield _one_of("QueryLanguage", (JSONPATH, JSONATA), path)
    if outer == JSONATA and body.get("QueryLanguage") == JSONPATH:
        words = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
        yield Diagnostic(SCHEMA, words, path)  # REC
    other, foreign = (JSONPATH, _ONLY_JSONPATH) if state.language == JSONATA else (JSONATA, _ONLY_JSONATA)
    for field in foreign:
        if field in body:
            words = (
                f"The QueryLanguage is set to '{state.language}', but field '{field}' is only supported for the "
                f"'{other}' QueryLanguage"
            )
            yield Diagnostic(SCHEMA, words, path)  # MEAS for JSONata's fields


def _task(body: Mapping[str, Any], path: str, *, express: bool) -> Iterator[Diagnostic]:
    resource = body.get("Resource")
    if isinstance(resource, str):
        yield from _resource(resource, f"{path}/Resource", express=express)
    elif "Resource" in body:
        yield _of_type("Resource", "a string", path)
    if "Credentials" not in body:
        return
    credentials = body["Credentials"]
    if not isinstance(credentials, dict):
        yield _of_type("Credentials", "an object", path)
        return
    if not {"RoleArn", "RoleArn.$"} & credentials.keys():
        words = "The field 'RoleArn' is required but was missing"
        yield Diagnostic(SCHEMA, words, f"{path}/Credentials")  # REC, whatever else is there
        return
    # An unknown key beside RoleArn isn't established; denied as everywhere else (MEAS).
    yield from _unsupported(credentials, frozenset(("RoleArn", "RoleArn.$")), f"{path}/Credentials")


_SERVICE: Final = re.compile(r"arn:[a-z-]+:states:[a-z0-9-]*:[0-9]*:(?P<service>[a-z0-9-]+):(?P<rest>[A-Za-z0-9:.]+)")
_ACTIVITY: Final = re.compile(r"arn:[a-z-]+:states:[a-z0-9-]+:[0-9]{12}:activity:.+")
# The account isn't looked at (recorded: localstack's test_map_state_failure_count, 2025-12, with one in words).
_LAMBDA: Final = re.compile(r"arn:[a-z-]+:lambda:[a-z0-9-]+:[a-z0-9-]+:function:.+")
_PATTERNS: Final = ("", ".sync", ".sync:2", ".waitForTaskToken")
# The optimized integrations that can be named without asking AWS which actions it has today.
_ACTIONS: Final = {
    "states": ("startExecution",),
    "lambda": ("invoke",),
    "dynamodb": ("getItem", "putItem", "updateItem", "deleteItem"),
    "sns": ("publish",),
    "sqs": ("sendMessage",),
    "events": ("putEvents",),
    "batch": ("submitJob",),
    "ecs": ("runTask",),
    "http": ("invoke",),
}
_OTHER_SERVICES: Final = frozenset(
    (
        *("aws-sdk", "apigateway", "athena", "bedrock", "codebuild", "databrew", "eks", "elasticmapreduce"),
        *("emr-containers", "emr-serverless", "glue", "mediaconvert", "s3", "sagemaker"),
    )
)


def _resource(resource: str, path: str, *, express: bool) -> Iterator[Diagnostic]:
    unknown = Diagnostic(
        SCHEMA,
        f"The resource provided {resource} is not recognized. The value is not a valid resource ARN, or the resource "
        "is not available in this region.",
        path,
    )  # REC
    if _ACTIVITY.fullmatch(resource):
        if express:
            yield Diagnostic(SCHEMA, "Express state machine does not support Activity ARN", path)  # REC
        return
    if _LAMBDA.fullmatch(resource):
        return
    match = _SERVICE.fullmatch(resource)
    if match is None:
        yield unknown
        return
    service, rest = match["service"], match["rest"]
    action, dot, pattern = rest.partition(".")
    pattern = dot + pattern
    if pattern not in _PATTERNS or not (action in _ACTIONS.get(service, ()) or service in _OTHER_SERVICES):
        yield unknown
    elif express and pattern:
        # REC, the blank after the longer one included.
        words = "'.waitForTaskToken' service integration " if "wait" in pattern else "'.sync' service integration"
        yield Diagnostic(SCHEMA, f"Express state machine does not support {words}", path)


def _choices(choices: Any, path: str) -> Iterator[Diagnostic]:
    if not isinstance(choices, list):
        return
    if not choices:
        yield Diagnostic(SCHEMA, "Value cannot be empty", path)
    for index, choice in enumerate(choices):
        if isinstance(choice, dict) and "Next" not in choice:
            yield _required(["Next"], f"{path}[{index}]")  # COMM: cfn-lint issue 4077


def _handlers(body: Mapping[str, Any], path: str) -> Iterator[Diagnostic]:
    for field, fields, needed in (
        ("Retry", _RETRIER_FIELDS, ("ErrorEquals",)),
        ("Catch", _CATCHER_FIELDS, ("ErrorEquals", "Next")),
    ):
        handlers = body.get(field)
        for index, handler in enumerate(handlers if isinstance(handlers, list) else ()):
            place = f"{path}/{field}[{index}]"
            if not isinstance(handler, dict):
                yield Diagnostic(SCHEMA, "Value must be an object", place)
                continue
            if missing := [name for name in needed if name not in handler]:
                yield _required(missing, place)
            yield from _unsupported(handler, fields, place)  # COMM


def _paths_in(template: Any, path: str, language: str) -> Iterator[Diagnostic]:
    """Fields whose name ends in `.$` hold a path or an intrinsic function (REC)."""
    if language != JSONPATH:
        return
    if isinstance(template, dict):
        for key, value in template.items():
            if not key.endswith(".$"):
                yield from _paths_in(value, path, language)
            elif not isinstance(value, str) or not value.startswith(("$", "States.")):
                words = f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
                yield Diagnostic(SCHEMA, words, path)
    elif isinstance(template, list):
        for item in template:
            yield from _paths_in(item, path, language)


# --- transitions (MEAS) ----------------------------------------------------------------------------------------------


def _transitions(scope: Mapping[str, Any], path: str) -> Iterator[Diagnostic]:
    inner: Mapping[str, Mapping[str, Any]] = scope["States"]
    targets = [(scope["StartAt"], f"{path}/StartAt")]
    for name, body in inner.items():
        targets += _targets(body, f"{path}/States/{name}")
    for target, place in targets:
        if target not in inner:
            yield Diagnostic(_TRANSITION, f"Missing 'Next' target: {target}", place)
    ends = any(body.get("End") is True or body["Type"] in ("Succeed", "Fail") for body in inner.values())
    if not ends and not path:
        yield Diagnostic("MISSING_END_STATE", "Workflow has no terminal state")
    else:
        yield from _unreachable(scope, path)
    for name, body in inner.items():
        for nested, place, _ in _inner_scopes(body, f"{path}/States/{name}"):
            yield from _transitions(nested, place)


def _unreachable(scope: Mapping[str, Any], path: str) -> Iterator[Diagnostic]:
    inner = scope["States"]
    reached: set[str] = set()
    ahead = [scope["StartAt"]]
    while ahead:
        name = ahead.pop()
        if name in inner and name not in reached:
            reached.add(name)
            ahead += [target for target, _ in _targets(inner[name], "")]
    for name in inner:
        if name not in reached:
            yield Diagnostic(_TRANSITION, f'State "{name}" is not reachable.', f"{path}/States/{name}")


def _targets(body: Mapping[str, Any], path: str) -> list[tuple[str, str]]:
    """Where a state can go next, and where that is written."""
    found = [(body[field], f"{path}/{field}") for field in ("Next", "Default") if isinstance(body.get(field), str)]
    for field in ("Choices", "Catch"):
        for index, item in enumerate(body.get(field) or ()):
            if isinstance(item, dict) and isinstance(item.get("Next"), str):
                found.append((item["Next"], f"{path}/{field}[{index}]/Next"))
    return found


# --- words -----------------------------------------------------------------------------------------------------------


def _required(names: list[str], path: str) -> Diagnostic:
    return Diagnostic(SCHEMA, f"These fields are required: [{', '.join(names)}]", path)


def _unsupported(given: Mapping[str, Any], known: frozenset[str], path: str) -> Iterator[Diagnostic]:
    for name in given:
        if name not in known:
            yield Diagnostic(SCHEMA, f"Field '{name}' is not supported", path)


def _one_of(field: str, values: tuple[str, ...], path: str) -> Diagnostic:
    words = f"The field '{field}' should have one of these values: [{', '.join(values)}]"
    return Diagnostic(SCHEMA, words, f"{path}/{field}")


def _of_type(field: str, kind: str, path: str) -> Diagnostic:
    return Diagnostic(SCHEMA, f"The field '{field}' must be {kind}", f"{path}/{field}")
