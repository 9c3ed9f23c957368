"""ItemBatcher: a Distributed Map's items in batches, one child execution for each.

moto's grammar hasn't got the field, so it goes past the parser in the state's Comment.
Source: docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html; recorded: localstack's
test_map_item_batching_base_json_max_per_batch_jsonata (2024-11)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from moto.stepfunctions.parser.asl.component.state.exec.state_map.state_map import StateMap
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.test_state.asl_parser import TestStateAmazonStateLanguageParser

from xsfn_helpers.sandbox.moto_bridge.corrections.wire_values import compact_json

_FIELD: Final = "ItemBatcher"
_MARK: Final = "ItemBatcher of this state: "
# The most that an execution's input may have.
_MOST_BYTES: Final = 256 * 1024


def batch_items() -> None:
    """From now on, definitions may have ItemBatchers, and Map states know theirs."""
    for parser in (AmazonStateLanguageParser, TestStateAmazonStateLanguageParser):
        parser.parse = staticmethod(_past(parser.parse))
    evaluate = StateMap._eval_execution

    def knowing_its_batcher(state: Any, env: Any) -> None:
        fields = _fields_in(state.comment.comment if state.comment else "")
        env.batcher = Batcher(fields, state._is_language_query_jsonpath()) if fields is not None else None
        evaluate(state, env)

    StateMap._eval_execution = knowing_its_batcher


def batcher_of(env: Any) -> Batcher | None:
    """The batcher of the Map state that is about to run in `env`."""
    found: Batcher | None = getattr(env, "batcher", None)
    return found


@dataclass(frozen=True, slots=True)
class Batcher:
    """One state's ItemBatcher, as it is written."""

    fields: Mapping[str, Any]
    jsonpath: bool

    def batches(self, items: list[Any], env: Any) -> list[Any]:
        """The inputs of the child executions."""
        found = self._evaluated(env)
        most = int(found.get("MaxItemsPerBatch") or len(items) or 1)
        most_bytes = min(int(found.get("MaxInputBytesPerBatch") or _MOST_BYTES), _MOST_BYTES)
        shared = {"BatchInput": found["BatchInput"]} if "BatchInput" in found else {}
        empty = len(compact_json({**shared, "Items": []}).encode())
        return [{**shared, "Items": batch} for batch in _cut(items, most, most_bytes - empty + 1)]

    def _evaluated(self, env: Any) -> dict[str, Any]:
        """Its fields with every expression evaluated, as a Pass state's would be."""
        template = {
            f"{name.removesuffix('Path')}.$" if name.endswith("Path") else name: value
            for name, value in self.fields.items()
        }
        own = {"Parameters": template} if self.jsonpath else {"QueryLanguage": "JSONata", "Output": template}
        state = {"Type": "Pass", "End": True, **own}
        text = compact_json({"StartAt": "Batch", "States": {"Batch": state}})
        parsed = AmazonStateLanguageParser.parse(text)[0].states.states["Batch"]
        frame = env.open_inner_frame()
        try:
            frame.states.reset(input_value=env.states.get_input())
            frame.stack.append(frame.states.get_input())
            if self.jsonpath:
                parsed.parameters.eval(env=frame)
                found: dict[str, Any] = frame.stack.pop()
            else:
                parsed.output.eval(env=frame)
                found = frame.states.get_input()
            return found
        finally:
            env.delete_frame(frame)


def _fields_in(comment: str) -> Mapping[str, Any] | None:
    """What was noted there; None in a comment that somebody wrote."""
    if not comment.startswith(_MARK):
        return None
    try:
        fields = json.loads(comment.removeprefix(_MARK))
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None


def _cut(items: list[Any], most: int, most_bytes: int) -> Iterator[list[Any]]:
    """The items in order, in batches as large as they may be, commas included; one item alone may be larger."""
    batch: list[Any] = []
    size = 0
    for item in items:
        own = len(compact_json(item).encode()) + 1
        if batch and (len(batch) >= most or size + own > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += own
    if batch:
        yield batch


def _past(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    def parse_without(definition: str) -> Any:
        return parse(_without_batchers(definition) if f'"{_FIELD}"' in definition else definition)

    return parse_without


def _without_batchers(definition: str) -> str:
    value = json.loads(definition)
    return json.dumps(_noted(value), ensure_ascii=False) if isinstance(value, dict) else definition


def _noted(value: Any) -> Any:
    """Every Map state with its batcher in its Comment."""
    if isinstance(value, list):
        return [_noted(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    noted = {name: _noted(inner) for name, inner in value.items()}
    if value.get("Type") == "Map" and isinstance(value.get(_FIELD), dict):
        del noted[_FIELD]
        noted["Comment"] = f"{_MARK}{json.dumps(value[_FIELD])}"
    return noted
