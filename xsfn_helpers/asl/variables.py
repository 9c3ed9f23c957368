"""Which variables the states of a definition refer to, as DescribeStateMachine tells it. Pure.

Recorded: localstack's test_sfn_api_variable_references (2024-11-20).
Source: docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from xsfn_helpers.asl.definition_rules import JSONATA, StateFields, states

# Not $$.Execution, $.field or $[0]: a variable has a name at once.
_VARIABLE: Final = re.compile(r"(?<!\$)\$([^\W\d]\w*)")
# In JSONata a name before a parenthesis is a function's; one that is bound inside the expression is nobody else's.
_IN_JSONATA: Final = re.compile(r"(?<!\$)\$([^\W\d]\w*)(?!\w|\s*\()")
_BOUND: Final = re.compile(r"\$(\w+)\s*:=|(?:function|λ)\s*\(([^)]*)\)")
_TEXT: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_RESERVED: Final = "states"
_SCOPES: Final = ("ItemProcessor", "Iterator", "Branches")
# What is a path without a name that ends in Path.
_PATHS: Final = ("Variable",)


def variable_references(definition: Mapping[str, Any]) -> dict[str, list[str]]:
    """Names of states -> the variables each refers to, in alphabetical order; states without any are left out."""
    found = {state.name: sorted(set(_of_state(state))) for state in states(definition)}
    return {name: variables for name, variables in found.items() if variables}


def _of_state(state: StateFields) -> Iterator[str]:
    own = {name: value for name, value in state.body.items() if name not in _SCOPES}
    yield from _expressions(own) if state.language == JSONATA else _references(own)


def _expressions(value: Any) -> Iterator[str]:
    """JSONata: every text that is an expression."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _expressions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _expressions(inner)
    elif isinstance(value, str) and value.startswith("{%"):
        expression = _TEXT.sub("''", value)
        bound = {name.strip(" $") for pair in _BOUND.findall(expression) for one in pair for name in one.split(",")}
        yield from (name for name in _IN_JSONATA.findall(expression) if name not in bound and name != _RESERVED)


def _references(value: Any) -> Iterator[str]:
    """JSONPath: the paths, and what a template has under a key that ends in .$."""
    if isinstance(value, list):
        for inner in value:
            yield from _references(inner)
    if not isinstance(value, Mapping):
        return
    for name, inner in value.items():
        if isinstance(inner, Mapping | list):
            yield from _references(inner)
        elif isinstance(inner, str) and (name.endswith(("Path", ".$")) or name in _PATHS):
            yield from _VARIABLE.findall(_TEXT.sub("''", inner))
