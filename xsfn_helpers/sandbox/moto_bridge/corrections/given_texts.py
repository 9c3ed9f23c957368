"""An execution's input as it was written: AWS keeps its white space for as long as the value stays what it was.

Recorded: localstack's test_parallel_state_nested and test_map_state_config_* (2024-02 and 2024-03), where
ExecutionStarted, the states entered with the input and a Pass state's exit have the text, and a Map's result hasn't.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from xsfn_helpers.sandbox.moto_bridge.corrections.wire_values import compact_json


class _GivenObject(dict[str, Any]):
    """An object and the text that it was read from; a copy of it has the text, too, and nothing else does."""

    text: str

    def __deepcopy__(self, memo: dict[int, Any]) -> _GivenObject:
        copied = _GivenObject(copy.deepcopy(dict(self), memo))
        copied.text = self.text
        return copied


class _GivenArray(list[Any]):
    text: str

    def __deepcopy__(self, memo: dict[int, Any]) -> _GivenArray:
        copied = _GivenArray(copy.deepcopy(list(self), memo))
        copied.text = self.text
        return copied


def read_as_given(text: str) -> Any:
    """The value of a JSON text, which `written` writes as it came."""
    value = json.loads(text)
    if not isinstance(value, dict | list) or compact_json(value) == text:
        return value
    given: _GivenObject | _GivenArray = _GivenObject(value) if isinstance(value, dict) else _GivenArray(value)
    given.text = text
    return given


def is_given(value: Any) -> bool:
    """Whether the value remembers a text."""
    return isinstance(value, _GivenObject | _GivenArray)


def plain(value: Any) -> Any:
    """The value without the text, for causes, which are compact (recorded)."""
    if isinstance(value, _GivenObject):
        return dict(value)
    return list(value) if isinstance(value, _GivenArray) else value


def written(value: Any) -> str:
    """A value as histories and descriptions have it: as it came, if it came from a text and is what it was."""
    if isinstance(value, _GivenObject | _GivenArray) and json.loads(value.text) == value:
        return value.text
    return compact_json(value)
