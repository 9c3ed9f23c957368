"""Runs that reach targets, and what each missing action does to them, as HTML tables.

Their text forms are their `str`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsfn_helpers.common.language import tr
from xsfn_helpers.common.stable_text import stable_cause
from xsfn_helpers.deployment.runs import RUNNING
from xsfn_helpers.display.markup import CELL, PLAIN_ROW, TABLE, escape, pill
from xsfn_helpers.display.palette import ALLOWED_BLUE, PENDING_GREY, REFUSED_VERMILION

if TYPE_CHECKING:
    from xsfn_helpers.deployment.fan_out import HubRun
    from xsfn_helpers.deployment.reach import Removals
    from xsfn_helpers.deployment.reach_runs import ReachRun, TaskEnd

_WRAPPED = f"{CELL};overflow-wrap:break-word"


def _done() -> str:
    return pill(tr("✓ succeeded"), ALLOWED_BLUE)


def _failed() -> str:
    return pill("✗ " + tr("failed"), REFUSED_VERMILION)


def run_html(run: ReachRun) -> str:
    """A row for the execution, and one for each of its tasks."""
    if run.succeeded:
        status = pill(f"✓ {run.status}", ALLOWED_BLUE)
    else:
        running = run.status == RUNNING
        status = pill(f"{'…' if running else '✗'} {run.status}", PENDING_GREY if running else REFUSED_VERMILION)
    execution = escape(tr("Operator execution"))
    head = (
        f'<tr style="{PLAIN_ROW}"><th scope="row" style="{CELL}">{execution}</th><td style="{CELL}">{status}</td></tr>'
    )
    return f'<table style="{TABLE}"><tbody>{head}{"".join(_task(task) for task in run.tasks)}</tbody></table>'


def _task(task: TaskEnd) -> str:
    why = escape(stable_cause(f"{task.error}: {task.cause}"))
    said = _done() if task.succeeded else f"{_failed()} {why}"
    return (
        f'<tr style="{PLAIN_ROW}"><td style="{CELL}">{escape(task.state)}</td><td style="{_WRAPPED}">{said}</td></tr>'
    )


def removals_html(removals: Removals) -> str:
    """A row for each action that was taken away, with what the run came to."""
    headings = (tr("Without"), tr("On"), tr("Result"), tr("In AWS's words"))
    head = "".join(f'<th scope="col" style="{CELL}">{name}</th>' for name in headings)
    refused, not_refused = pill(tr("✓ denied"), ALLOWED_BLUE), pill(tr("✗ not denied"), REFUSED_VERMILION)
    rows = "".join(
        f'<tr style="{PLAIN_ROW}"><td style="{CELL}">{escape(row.grant.action)}</td>'
        f'<td style="{CELL}">{escape(tr(row.grant.on))}</td>'
        f'<td style="{CELL}">{refused if row.refused else not_refused}</td>'
        f'<td style="{_WRAPPED}">{escape(row.words)}</td></tr>'
        for row in removals
    )
    return f'<table style="{TABLE}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def hub_run_html(run: HubRun) -> str:
    """A row for each Subject account with what the run came to there."""
    rows = "".join(
        f'<tr style="{PLAIN_ROW}"><th scope="row" style="{CELL}">{escape(end.account_id)}</th>'
        f'<td style="{CELL}">{_done() if end.succeeded else _failed()}</td>'
        f'<td style="{_WRAPPED}">{escape(end.words)}</td></tr>'
        for end in run
    )
    head = escape(str(run).splitlines()[0])
    return f'<p><b>{head}</b></p><table style="{TABLE}"><tbody>{rows}</tbody></table>'
