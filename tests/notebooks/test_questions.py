"""Notebook 04 with its gaps filled: each folded answer is true, tried or evaluated; the other choice is told so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.notebooks.references import NOTEBOOKS
from tests.notebooks.test_teaching_frame import cells_of
from tests.support.isolation import isolated
from xsfn_helpers.deployment.checks.trust_evaluation import TrustEvaluation
from xsfn_helpers.deployment.checks.trust_trial import Gap, TrialAnswer

QUESTIONS: Final = NOTEBOOKS / "04-why-it-was-decided.ipynb"
GAP: Final = "expect=..."
# What the folded answer begins with: "Denied, in …", "It isn't: denied. …".
ANSWER: Final = re.compile(r"<details><summary>[^<]*</summary>.*?\b(allowed|denied)\b", re.DOTALL | re.IGNORECASE)
OTHER: Final = {"allowed": "denied", "denied": "allowed"}


def cells_with_answers() -> Iterator[tuple[str, str, str]]:
    """Id and code of each code cell, and the answer that its question folds; "" for none."""
    answer = ""
    for cell in cells_of(QUESTIONS):
        if cell.cell_type == "code":
            yield cell.id, cell.source, answer
        found = ANSWER.search(cell.source) if cell.cell_type == "markdown" else None
        answer = found[1].lower() if found else ""


def value_of(code: str, names: dict[str, Any]) -> Any:
    """Runs a cell; gives the value of its last line, as a notebook shows it."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, QUESTIONS.name, "exec"), names)
    return eval(compile(ast.Expression(last.value), QUESTIONS.name, "eval"), names) if last is not None else None


@pytest.fixture(scope="module")
def results() -> dict[str, tuple[str, Any, Any, Any]]:
    """Of each question with a gap: the folded answer, and what comes of the gap, of that answer and of the other."""
    names: dict[str, Any] = {}
    found = {}
    with isolated():
        for cell_id, code, answer in cells_with_answers():
            if GAP not in code:
                value_of(code, names)
                continue
            given = [value_of(code.replace(GAP, f"expect={guess}"), names) for guess in ("...", *_guesses(answer))]
            found[cell_id] = (answer, *given)
    return found


def _guesses(answer: str) -> tuple[str, str]:
    return f'"{answer}"', f'"{OTHER[answer]}"'


def test_a_gap_shows_no_answer(results: dict[str, tuple[str, Any, Any, Any]]) -> None:
    assert len(results) == 14
    for _, gap, _, _ in results.values():
        assert isinstance(gap, Gap)


def test_each_folded_answer_is_true(results: dict[str, tuple[str, Any, Any, Any]]) -> None:
    wrong = {
        cell_id: str(told)
        for cell_id, (answer, _, told, _) in results.items()
        if not (isinstance(told, TrustEvaluation) or (isinstance(told, TrialAnswer) and told.agree))
        or str(told).splitlines()[0] != f"✓ You expected {answer}, and it was."
    }

    assert wrong == {}


def test_the_other_choice_is_told_so(results: dict[str, tuple[str, Any, Any, Any]]) -> None:
    for answer, _, _, told in results.values():
        assert str(told).splitlines()[0] == f"✗ You expected {OTHER[answer]}, and it was {answer}."
