"""Assign: a state's variables have their new values once it has its output, not before.

Recorded: localstack's test_state_assign_evaluation_order (2024-11). Source:
docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html (Assign and Output are evaluated in parallel)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.stepfunctions.parser.asl.component.common.assign.assign_decl import AssignDecl
from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField


def assign_at_the_end() -> None:
    """From now on, what a state assigns is seen by the states after it only."""
    evaluate_state = CommonStateField._eval_body

    def assign(declaration: Any, env: Any) -> None:
        values: dict[str, Any] = {}
        for binding in declaration.declaration_bindings:
            binding.eval(env=env)
            values.update(env.stack.pop())
        store = env.variable_store
        for name in values.keys() & store._outer_scope.keys():
            store.set(name, values[name])  # which raises: a variable of an outer scope can't be assigned
        store.to_assign = values

    def evaluate(state: Any, env: Any) -> None:
        env.variable_store.to_assign = {}
        evaluate_state(state, env)

    AssignDecl._eval_body = assign
    CommonStateField._eval_body = evaluate
    for kind in (CommonStateField, StateChoice):
        kind._set_next = _assigning(kind._set_next)


def _assigning(go_on: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    def assign_and_go_on(state: Any, env: Any) -> None:
        store = env.variable_store
        for name, value in store.to_assign.items():
            store.set(name, value)
        store.to_assign = {}
        go_on(state, env)

    return assign_and_go_on
