"""What is inside a Map or Parallel speaks the machine's query language, not that state's.

Measured on AWS (floci, pull request 2786); recorded: localstack's test_validate_state_machine_definition_*, 2025-10.
(2025-10).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

_INSIDE: Final = ("visitItem_processor_decl", "visitIterator_decl", "visitBranches_decl")


def speak_the_machines_language_inside() -> None:
    """From now on, moto's parser lets inner states inherit from the machine."""
    for name in _INSIDE:
        setattr(Preprocessor, name, _with_the_machines(getattr(Preprocessor, name)))


def _with_the_machines(visit: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def visit_inside(preprocessor: Any, ctx: Any) -> Any:
        scopes = preprocessor._query_language_per_scope
        scopes.append(scopes[0])
        try:
            return visit(preprocessor, ctx)
        finally:
            scopes.pop()

    return visit_inside
