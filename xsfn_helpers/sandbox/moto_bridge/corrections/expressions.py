"""JSONata: moto has the places for it and nothing that evaluates it, and needs it for every `$variable`, too."""

from __future__ import annotations

import hashlib
import json
import random
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from moto.stepfunctions.parser.asl.component.intrinsic import jsonata as moto_functions
from moto.stepfunctions.parser.asl.eval import states, variable_store
from moto.stepfunctions.parser.asl.jsonata import jsonata as moto_jsonata

from xsfn_helpers.sandbox.moto_bridge.corrections.wire_values import compact_json

# An expression that would run forever is cut.
_MOST_MILLISECONDS: Final = 5_000
_MOST_DEPTH: Final = 100


_HASHES: Final = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def _hash(value: str, algorithm: str) -> str:
    if algorithm not in _HASHES:
        raise ValueError(f"The hash algorithm {algorithm} is none of {', '.join(_HASHES)}.")
    return hashlib.new(_HASHES[algorithm], value.encode()).hexdigest()


def _random(seed: float | None = None) -> float:
    return random.Random(seed).random()  # noqa: S311 - what is asked for is a number that a seed repeats


# What Step Functions has beside JSONata's own: docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "hash": _hash,
    "parse": json.loads,
    "random": _random,
    "uuid": lambda: str(uuid.uuid4()),
}


def evaluate_jsonata() -> None:
    """From now on, JSONata expressions and variables have values."""
    moto_jsonata._eval_jsonata = _evaluate
    # moto writes some functions into the expression, and those it can't write say so as their result.
    for name in ("hash", "parse", "randomSeeded", "uuid"):
        del moto_functions._DECLARATION_BY_VARIABLE_REFERENCE[f"${name}"]
    for module in (states, variable_store):
        module.encode_jsonata_variable_declarations = _declarations
    variable_store.VariableStore.get_assigned_variables = _assigned


def _evaluate(expression: str) -> Any:
    # Takes a tenth of a second to import, and few state machines need it.
    from jsonata import JException, Jsonata

    try:
        compiled = Jsonata(expression)
        frame = compiled.create_frame()
        frame.set_runtime_bounds(_MOST_MILLISECONDS, _MOST_DEPTH)
        for name, function in _FUNCTIONS.items():
            frame.bind(name, Jsonata.JLambda(function))
        # Its own lists and numbers turned into plain ones.
        return json.loads(json.dumps(compiled.evaluate(None, frame)))
    except JException as error:
        raise moto_jsonata.JSONataException(error.error, f"{error.error}: {error}") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise moto_jsonata.JSONataException("UNKNOWN", str(error)) from None


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
