"""JSONata: moto has the places for it and nothing that evaluates it, and needs it for every `$variable`, too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from moto.stepfunctions.parser.asl.eval import states, variable_store
from moto.stepfunctions.parser.asl.jsonata import jsonata as moto_jsonata

from xsfn_helpers.sandbox.moto_bridge.wire_values import compact_json

# An expression that would run forever is cut.
_MOST_MILLISECONDS: Final = 5_000
_MOST_DEPTH: Final = 100


def evaluate_jsonata() -> None:
    """From now on, JSONata expressions and variables have values."""
    moto_jsonata._eval_jsonata = _evaluate
    for module in (states, variable_store):
        module.encode_jsonata_variable_declarations = _declarations


def _evaluate(expression: str) -> Any:
    # Takes a tenth of a second to import, and few state machines need it.
    from jsonata import JException, Jsonata

    try:
        compiled = Jsonata(expression)
        frame = compiled.create_frame()
        frame.set_runtime_bounds(_MOST_MILLISECONDS, _MOST_DEPTH)
        # Its own lists and numbers turned into plain ones.
        return json.loads(json.dumps(compiled.evaluate(None, frame)))
    except (JException, TypeError, ValueError, RecursionError) as error:
        raise moto_jsonata.JSONataException("UNKNOWN", str(error)) from None


def _declarations(bindings: Mapping[str, Any]) -> str:
    """`$name := value;` for each variable. moto forgets to escape what is inside a string."""
    return "".join(f"{name}:={compact_json(value)};" for name, value in bindings.items())
