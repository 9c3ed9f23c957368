"""What an expression in a definition gave in one execution, as far as its input alone tells. Pure.

Only plain paths are followed (`$.a.b[0]`, `$$.Execution.Input.a`, `{% $states.input.a %}`): whatever computes is left
to the execution's history, which says what came out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from xsfn_helpers.deployment.diagnose.evidence import ExecutionSeen, read_input

_WHOLE_INPUT: Final = ("$$.Execution.Input.", "$states.context.Execution.Input.")
_STATE_INPUT: Final = ("$states.input.", "$.")
_STEP: Final = re.compile(r"\.?(?P<name>[^.\[\]()'\"\s&|+*?]+)|\[(?P<index>\d+)\]|\['(?P<quoted>[^']+)'\]")


def resolved(expression: str, execution: ExecutionSeen, *, at_start: bool) -> str:
    """The text that `expression` stands for; empty where it can't be told.

    `at_start`: whether it stands in the execution's first state, whose input is the execution's.
    """
    text = expression.strip()
    if text.startswith("{%"):
        text = text.strip("{%} \t\r\n")
    prefixes = _WHOLE_INPUT + (_STATE_INPUT if at_start else ())
    for prefix in prefixes:
        if text.startswith(prefix):
            found = _follow(read_input(execution.input), text.removeprefix(prefix))
            return found if isinstance(found, str) else ""
    return ""


def _follow(value: object, path: str) -> object:
    at = 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            return None
        at = step.end()
        key = step["name"] or step["quoted"]
        if key is not None:
            value = value.get(key) if isinstance(value, Mapping) else None
        else:
            index = int(step["index"])
            value = value[index] if isinstance(value, list) and index < len(value) else None
    return value
