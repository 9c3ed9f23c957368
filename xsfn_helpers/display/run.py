"""One run as HTML: how both executions ended, and their timeline; its text form is `str(run)` and the timeline's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xsfn_helpers.display.markup import CELL, PLAIN_ROW, TABLE, escape, pill
from xsfn_helpers.display.palette import ALLOWED_BLUE, PENDING_GREY, REFUSED_VERMILION, Colour
from xsfn_helpers.display.timeline import timeline_html

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xsfn_helpers.deployment.runs import Run, Timeline

_MARKED: Final[Mapping[str, tuple[str, Colour]]] = {
    "SUCCEEDED": ("✓", ALLOWED_BLUE),
    "RUNNING": ("…", PENDING_GREY),
    "": ("·", PENDING_GREY),
}
_ENDED_BADLY: Final = ("✗", REFUSED_VERMILION)


def summary_html(run: Run) -> str:
    """A row for each execution with its status and what `str(run)` says of it."""
    *operator, subject = str(run).splitlines()
    rows = _row(operator, run.status) + _row([subject], run.subject_status or "")
    return f'<table style="{TABLE}"><tbody>{rows}</tbody></table>'


def run_html(run: Run, timeline: Timeline) -> str:
    """How both executions ended, then the timeline."""
    return summary_html(run) + timeline_html(timeline)


def _row(lines: list[str], status: str) -> str:
    """`Operator execution: FAILED` and the lines below it: which execution, its status, and why."""
    who, _, told = lines[0].rpartition(": ")
    mark, colour = _MARKED.get(status, _ENDED_BADLY)
    why = "<br>".join(escape(line.strip()) for line in lines[1:])
    return (
        f'<tr style="{PLAIN_ROW}"><th scope="row" style="{CELL};white-space:nowrap">{escape(who)}</th>'
        f'<td style="{CELL}">{pill(f"{mark} {told}", colour)}</td>'
        f'<td style="{CELL};overflow-wrap:break-word">{why}</td></tr>'
    )
