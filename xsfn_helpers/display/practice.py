"""Break-and-fix as HTML: what was seen, what is stored, hints, solutions and the score card. Texts are their `str`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.practice.score import duration
from xsfn_helpers.display.markup import CELL, TABLE, code_block, escape, pill
from xsfn_helpers.display.palette import ALLOWED_BLUE, PENDING_GREY
from xsfn_helpers.display.timeline import timeline_html

if TYPE_CHECKING:
    from xsfn_helpers.deployment.practice.exercise import Solution
    from xsfn_helpers.deployment.practice.hints import Hint
    from xsfn_helpers.deployment.practice.scene import Scene
    from xsfn_helpers.deployment.practice.score import Row, ScoreCard
    from xsfn_helpers.deployment.practice.symptoms import Symptom

SOLVED: Final = mark("✓ solved")
SHOWN: Final = mark("· with the answer")
OPEN: Final = mark("… not solved yet")


def symptom_html(symptom: Symptom) -> str:
    """The lines of the symptom, and the timeline."""
    seen = "<br>".join(escape(line) for line in symptom.lines)
    return f'<p><b>{escape(symptom.title)}</b></p><p style="overflow-wrap:anywhere">{seen}</p>' + timeline_html(
        symptom.timeline
    )


def scene_html(scene: Scene) -> str:
    """Each document under its heading, to be unfolded."""
    return "".join(
        f"<details><summary>{escape(exhibit.heading)}</summary>{_code(exhibit.text)}</details>"
        for exhibit in scene.exhibits
    )


def hint_html(hint: Hint) -> str:
    """Level and text; the difference and the code, where there are any."""
    parts = [f"<p><b>{escape(hint.title)}</b>: {escape(hint.text)}</p>"]
    if hint.diff:
        parts.append(_code("\n".join(hint.diff)))
    if hint.code:
        cell = tr("In a cell:")
        parts += [f"<p>{escape(cell)}</p>", _code(hint.code)]
    return "".join(parts)


def solution_html(solution: Solution) -> str:
    """The rule, its source, and the exact change."""
    repaired = tr("{title}: repaired.", title=solution.title)
    rule = f"<p><b>{escape(repaired)}</b> {escape(solution.rule)} [{escape(solution.source)}]</p>"
    return rule + hint_html(solution.exact)


def score_card_html(card: ScoreCard) -> str:
    """A table with one row per fault: number and title, state, and what it took: help, tries and time."""
    headings = (tr("Fault"), tr("Result"), tr("It took"))
    head = "".join(f'<th scope="col" style="{CELL}">{heading}</th>' for heading in headings)
    rows = "".join(_row(_cells(row)) for row in card.rows)
    return (
        f"<p><b>{escape(card.headline)}</b></p>"
        f'<table style="{TABLE}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    )


def _cells(row: Row) -> list[str]:
    result = row.result
    fault = f"{row.number} · {escape(row.title)}"
    if result is None:
        return [fault, pill(tr(OPEN), PENDING_GREY), ""]
    state = pill(tr(SOLVED), ALLOWED_BLUE) if result.by_yourself else pill(tr(SHOWN), PENDING_GREY)
    return [fault, state, f"{result.effort}, <span>{duration(result.seconds)}</span>"]


def _row(cells: Iterable[str]) -> str:
    return "<tr>" + "".join(f'<td style="{CELL}">{cell}</td>' for cell in cells) + "</tr>"


def _code(text: str) -> str:
    return code_block(text)
