"""An execution's input as it was written: AWS keeps its white space for as long as the value stays what it was.

Recorded: localstack's test_parallel_state_nested and test_map_state_config_* (2024-02 and 2024-03), where
ExecutionStarted, the states entered with the input and a Pass state's exit have the text, and a Map's result hasn't.
"""

from __future__ import annotations

import copy
import json
from typing import Any, Final

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
    return _remembering(value, text)


def read_each_as_given(text: str) -> Any:
    """The same, where each part remembers its own text, too: so TestState shows what a path selects.

    Recorded: localstack's test_state_map_context_object and test_state_machine_with_state_error (2025-11 and 2025-12).
    """
    try:
        return _DECODER.decode(text)
    except RecursionError:
        return read_as_given(text)


def _array(given: tuple[str, int], *args: Any, **kwargs: Any) -> tuple[Any, int]:
    values, end = json.decoder.JSONArray(given, *args, **kwargs)  # type: ignore[attr-defined]
    return _remembering(values, given[0][given[1] - 1 : end]), end


def _object(given: tuple[str, int], *args: Any, **kwargs: Any) -> tuple[Any, int]:
    values, end = json.decoder.JSONObject(given, *args, **kwargs)  # type: ignore[attr-defined]
    return _remembering(values, given[0][given[1] - 1 : end]), end


def _remembering(value: Any, text: str) -> Any:
    given: _GivenObject | _GivenArray = _GivenObject(value) if isinstance(value, dict) else _GivenArray(value)
    given.text = text
    return given


def _decoder() -> Any:
    decoder: Any = json.JSONDecoder()
    decoder.parse_array, decoder.parse_object = _array, _object
    # The one that is written in Python asks for these.
    decoder.scan_once = json.scanner.py_make_scanner(decoder)  # type: ignore[attr-defined]
    return decoder


_DECODER: Final = _decoder()


def is_given(value: Any) -> bool:
    """Whether the value, or one in a list, remembers a text."""
    return isinstance(value, _GivenObject | _GivenArray) or (isinstance(value, list) and any(map(is_given, value)))


def plain(value: Any) -> Any:
    """The value without the text, for causes, which are compact (recorded)."""
    if isinstance(value, _GivenObject):
        return dict(value)
    return list(value) if isinstance(value, _GivenArray) else value


def written(value: Any) -> str:
    """A value as histories and descriptions have it: as it came, if it came from a text and is what it was."""
    if isinstance(value, _GivenObject | _GivenArray) and json.loads(value.text) == value:
        return value.text
    if isinstance(value, list) and is_given(value):
        # Recorded of the branches of a Parallel state (test_parallel_state_nested).
        return f"[{','.join(map(written, value))}]"
    return compact_json(value)
