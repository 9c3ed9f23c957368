"""JSONPath as Step Functions reads it: which paths give one value, names in any writing, and which step leads nowhere.

A definite path gives the value, every other a list of what it finds, as the Reference Path and Path sections of the
Amazon States Language say; the words for a path to nowhere are recorded (localstack: test_catch_states_runtime,
2023-11-23, and test_invalid_jsonpath, 2025-01-02).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from jsonpath_ng.jsonpath import Child, Fields, Index, JSONPath, Root, This
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.path.input_path import InputPath
from moto.stepfunctions.parser.asl.component.common.path.output_path import OutputPath
from moto.stepfunctions.parser.asl.component.common.string import string_expression
from moto.stepfunctions.parser.asl.component.common.timeouts.heartbeat import HeartbeatSecondsPath
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import TimeoutSecondsPath
from moto.stepfunctions.parser.asl.component.intrinsic.argument import argument
from moto.stepfunctions.parser.asl.component.state.choice.comparison.operator.implementations import (
    boolean_equals,
    numeric,
    string_operators,
    timestamp_operators,
)
from moto.stepfunctions.parser.asl.eval import states
from moto.stepfunctions.parser.asl.utils import json_path
from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

from xsfn_helpers.sandbox.moto_bridge.corrections.given_texts import plain

# Each imported moto's `extract_json` by name.
_USERS: Final = (
    *(argument, boolean_equals, json_path, numeric, states, string_expression),
    *(string_operators, timestamp_operators),
)
# A name after a dot: all but what ends it. jsonpath_ng reads plain ASCII ones only, and some words are its own.
_NAME: Final = re.compile(r"[^\s.\[\]()*,'\"`~|&+/<>=!?@$-][^\s.\[\]()*,'\"`|&+/<>=!?]*")
_PLAIN: Final = re.compile(r"[A-Za-z_@][A-Za-z0-9_@-]*", re.ASCII)
_ITS_OWN_WORDS: Final = frozenset(("contains", "parent", "where", "wherenot"))
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`", re.DOTALL)
_PATH_FIELDS: Final = (InputPath, OutputPath, TimeoutSecondsPath, HeartbeatSecondsPath)


def find_like_aws() -> None:
    """From now on, moto's paths find what AWS's find, and say where they lead nowhere."""
    parse: Callable[[str, bool | None], JSONPath] = json_path.parse
    json_path.parse = lambda path, debug=None: parse(_readable(path), debug)
    for module in _USERS:
        module.extract_json = _extract
    for kind in _PATH_FIELDS:
        kind._eval_body = _saying_where(kind._eval_body)


def _extract(path: str, data: Any) -> Any:
    expression = json_path.parse(path)
    found = [match.value for match in expression.find(data)]
    if _is_definite(expression):
        if not found:
            raise NoSuchJsonPathError(json_path=path, data=plain(data))
        return found[0]
    if not found and not json_path._contains_slice_or_wildcard_array(path):
        raise NoSuchJsonPathError(json_path=path, data=plain(data))
    if len(found) == 1 and json_path._is_singleton_array_access(path):
        # AWS goes its own way here: a last step with one index takes the value out of the list (recorded).
        return found[0]
    return found


def _is_definite(path: JSONPath) -> bool:
    """Whether the path can lead to one place only."""
    match path:
        case Child():
            return _is_definite(path.left) and _is_definite(path.right)
        case Fields():
            return len(path.fields) == 1 and path.fields != ("*",)
        case Index():
            return len(getattr(path, "indices", (0,))) == 1
        case Root() | This():
            return True
    return False


def _readable(path: str) -> str:
    """The path with quotes around each name that jsonpath_ng couldn't read: `$.年` is `$.'年'`."""
    parts, at = [], 0
    while at < len(path):
        if quoted := _QUOTED.match(path, at):
            parts.append(quoted[0])
            at = quoted.end()
        elif path[at] == "." and (name := _NAME.match(path, at + 1)):
            plain = _PLAIN.fullmatch(name[0]) and name[0] not in _ITS_OWN_WORDS
            parts.append(f".{name[0]}" if plain or name[0].isdecimal() else f".'{name[0]}'")
            at = name.end()
        else:
            parts.append(path[at])
            at += 1
    return "".join(parts)


def _saying_where(evaluate: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    def evaluate_path(component: Any, env: Any) -> None:
        try:
            evaluate(component, env)
        except FailureEventException as failure:
            if isinstance(nowhere := failure.__context__, NoSuchJsonPathError):
                for details in failure.failure_event.event_details.values():
                    details["cause"] = f"Invalid path '{nowhere.json_path}' : {_where(nowhere)}"
            raise

    return evaluate_path


def _where(nowhere: NoSuchJsonPathError) -> str:
    """Which step isn't there: one before the last is missing, the last has no results."""
    steps = _steps(json_path.parse(nowhere.json_path))
    value, so_far = nowhere.data, "$"
    for number, step in enumerate(steps):
        so_far += f"['{step}']" if isinstance(step, str) else f"[{step}]"
        is_last = number == len(steps) - 1
        if isinstance(step, str) and isinstance(value, Mapping):
            if step not in value and not is_last:
                return f"Missing property in path {so_far}"
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and -len(value) <= step < len(value):
            value = value[step]
        else:
            value = None
    return f"No results for path: {so_far}"


def _steps(path: JSONPath) -> list[str | int]:
    match path:
        case Child():
            return [*_steps(path.left), *_steps(path.right)]
        case Fields():
            return [str(path.fields[0])]
        case Index():
            return [int(getattr(path, "indices", (getattr(path, "index", 0),))[0])]
    return []
