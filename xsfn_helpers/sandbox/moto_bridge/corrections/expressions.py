"""JSONata: moto has the places for it and nothing that evaluates it, and needs it for every `$variable`, too."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from jsonpath_ng import DatumInContext
from jsonpath_ng.ext import filter, string  # noqa: A004 - their own names
from moto.stepfunctions.parser.asl.component.intrinsic import jsonata as moto_functions
from moto.stepfunctions.parser.asl.eval import states, variable_store
from moto.stepfunctions.parser.asl.jsonata import jsonata as moto_jsonata
from moto.stepfunctions.parser.asl.utils import json_path

from xsfn_helpers.sandbox.guests.evaluator import Evaluator, NotEvaluated
from xsfn_helpers.sandbox.moto_bridge.corrections.limits import account_at_work
from xsfn_helpers.sandbox.moto_bridge.corrections.wire_values import compact_json

# moto's own, which takes twice as long for each further name behind the bracket where it isn't found in the end.
_SELECTS_MANY: Final = r"\$(?:\.[^[]+\[(?:\*|\d*:\d*)\]|\[\*\])(?:\.[^[]+)?$"
# moto's own, without the `$` alone: regular expressions and strings, which are skipped, and what is captured.
_VARIABLES: Final = re.compile(
    r"""(?:/(?:\\.|[^\\/])*/[a-zA-Z]*)|(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"""|(\$\$|\$[A-Za-z0-9_$]+(?:\.[A-Za-z0-9_][A-Za-z0-9_$]*)*)"""
)
_Value = TypeVar("_Value")


def evaluate_jsonata(evaluator: Evaluator) -> None:
    """From now on, JSONata expressions and variables have values, and no guest's pattern is matched in this process."""

    def evaluate(expression: str) -> Any:
        try:
            return evaluator.jsonata(account_at_work(), expression)
        except NotEvaluated as error:
            raise moto_jsonata.JSONataException(error.code, str(error)) from None

    moto_jsonata._eval_jsonata = evaluate
    # Inside a predicate `$` is what is looked at: no variable, and nothing to refuse.
    moto_jsonata._ILLEGAL_VARIABLE_REFERENCES = {"$$"}
    moto_jsonata._PATTERN_VARIABLE_REFERENCE = _VARIABLES
    _match_paths_elsewhere(evaluator)
    # moto writes some functions into the expression, and those it can't write say so as their result.
    for name in ("hash", "parse", "randomSeeded", "uuid"):
        del moto_functions._DECLARATION_BY_VARIABLE_REFERENCE[f"${name}"]
    for module in (states, variable_store):
        module.encode_jsonata_variable_declarations = _declarations
    variable_store.VariableStore.get_assigned_variables = _assigned


def _match_paths_elsewhere(evaluator: Evaluator) -> None:
    """JSONPath has regular expressions, too: `[?(@.a =~ "…")]` and `sub(/…/, …)`."""

    def found(value: Any, pattern: Any) -> bool:
        return isinstance(value, str) and _told(lambda: evaluator.finds(account_at_work(), str(pattern), value))

    def substituted(sub: Any, datum: Any) -> list[DatumInContext]:
        wrapped = DatumInContext.wrap(datum)
        value = _told(lambda: evaluator.substituted(account_at_work(), sub.expr, sub.repl, wrapped.value))
        return [] if value == wrapped.value else [DatumInContext.wrap(value)]

    filter.OPERATOR_MAP["=~"] = found
    string.Sub.find = substituted  # type: ignore[method-assign]
    json_path._PATTERN_SLICE_OR_WILDCARD_ACCESS = _SELECTS_MANY


def _told(evaluate: Callable[[], _Value]) -> _Value:
    try:
        return evaluate()
    except NotEvaluated as error:
        raise ValueError(str(error)) from None


def _declarations(bindings: Mapping[str, Any]) -> str:
    """`$name := value;` for each variable. moto forgets to escape what is inside a string."""
    return "".join(f"{name}:={compact_json(_there(name, value))};" for name, value in bindings.items())


def _there(name: str, value: Any) -> Any:
    """Of $states what there is: a result or an error, or neither (recorded: test_test_state_scenarios, 2025-11)."""
    if name != "$states" or not isinstance(value, dict):
        return value
    absent = {key for key in ("result", "errorOutput") if value.get(key) is None}
    if value.get("errorOutput") is not None:
        absent.add("result")
    return {key: inner for key, inner in value.items() if key not in absent}


def _assigned(store: Any) -> dict[str, str]:
    """What a state assigned, as its exit tells it: each value as JSON."""
    return {name: compact_json(store.get(name)) for name in store._declaration_tracing}
