"""A diagnosis in HTML: the words of its text form, in order; a fragment for notebooks, and a page of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from xsfn_helpers.common.language import language, mark, tr
from xsfn_helpers.deployment.diagnose.diagnosis import (
    MARKS,
    Conclusion,
    about_the_run,
    asker_words,
    beyond_words,
    fix_notes,
    headline,
    risk_heading,
)
from xsfn_helpers.deployment.diagnose.judge import Answer
from xsfn_helpers.display.markup import CELL, PLAIN_ROW, TABLE, escape, pill
from xsfn_helpers.display.palette import ALLOWED_BLUE, PENDING_GREY, REFUSED_VERMILION
from xsfn_helpers.display.pictures.chain_sketch import chain_sketch, sketch_words
from xsfn_helpers.display.pictures.figure import svg_data
from xsfn_helpers.iam.explain import INFERRED

if TYPE_CHECKING:
    from xsfn_helpers.deployment.diagnose.diagnosis import Diagnosis, TaskDiagnosis
    from xsfn_helpers.deployment.diagnose.fixes.changes import Correction
    from xsfn_helpers.deployment.diagnose.fixes.fix import Fix
    from xsfn_helpers.deployment.diagnose.links import TaskLink

_COLOURS: Final = {
    Answer.ALLOWED: ALLOWED_BLUE,
    Answer.REFUSED: REFUSED_VERMILION,
    Answer.UNKNOWN: PENDING_GREY,
    Answer.NOT_ASKED: PENDING_GREY,
}
_LINK_HEADS: Final = (mark("Answer"), mark("Link"), mark("Principal, action, resource"), mark("Why"))
_RISK_HEADS: Final = (mark("Risk"), mark("Where"), mark("What it means, and what to do"))
_PAGE_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b2733; --paper: #fefefe; --line: #75808c; --soft: #f2f5f8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8edf3; --paper: #0d1218; --line: #8592a0; --soft: #1a222c; }
}
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; font: 1rem/1.5 Helvetica, Arial, sans-serif;
  color: var(--ink); background: var(--paper); overflow-wrap: anywhere; }
pre { background: var(--soft); padding: .8rem; overflow-x: auto; font-size: .85rem; white-space: pre-wrap; }
img { max-width: 100%; height: auto; }
@media (max-width: 30rem) { body { padding: .5rem; } }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1rem; }
"""


def diagnosis_page(diagnosis: Diagnosis) -> str:
    """The report as a page of its own: light and dark, no script, nothing loaded from elsewhere."""
    title = _title(diagnosis)
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        f'<!DOCTYPE html>\n<html lang="{language()}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_PAGE_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape(title)}</h1>\n{_body(diagnosis)}\n</main>\n</body>\n</html>\n"
    )


def diagnosis_html(diagnosis: Diagnosis) -> str:
    """The report for a notebook's output."""
    return f"<p><b>{escape(_title(diagnosis))}</b></p>{_body(diagnosis)}"


def _title(diagnosis: Diagnosis) -> str:
    return tr("Diagnosis of {arn}", arn=diagnosis.evidence.machine.name)


def _body(diagnosis: Diagnosis) -> str:
    return "\n".join(_parts(diagnosis))


def _parts(diagnosis: Diagnosis) -> Iterator[str]:
    machine, broken = diagnosis.evidence.machine, diagnosis.first_broken
    runs_as = tr("runs as {role}", role=machine.role_arn)
    yield f"<p>{escape(diagnosis.evidence.asked)}<br>{escape(runs_as)}</p>"
    unknown = diagnosis.verdict is Conclusion.UNKNOWN
    state = Answer.REFUSED if broken is not None else Answer.UNKNOWN if unknown else Answer.ALLOWED
    words = {Answer.REFUSED: tr("broken"), Answer.UNKNOWN: tr("can't tell"), Answer.ALLOWED: tr("fine")}[state]
    yield f"<p>{pill(f'{MARKS[state]} {words}', _COLOURS[state])} {escape(headline(diagnosis))}</p>"
    if run := about_the_run(diagnosis):
        yield f"<p>{escape(run)}</p>"
    for task in diagnosis.tasks:
        yield from _task(task, diagnosis)
    for number, fix in enumerate(diagnosis.fixes, start=1):
        yield from _fix(number, fix, of=len(diagnosis.fixes))
    if diagnosis.risks:
        yield f"<h2>{escape(risk_heading(diagnosis))}</h2>"
        rows = "".join(
            _row(
                f"! {risk.id}",
                tr("{thing}, account {account}", thing=risk.where, account=risk.account),
                f"{risk.message} {risk.fix} ({risk.source})",
            )
            for risk in diagnosis.risks
        )
        yield _table(tr("Risks"), _RISK_HEADS, rows)
    if diagnosis.least:
        yield _heading(tr("Least privilege for these tasks"))
        for one in diagnosis.least:
            text = one.text or tr("shows only at run time what it is about")
            yield f"<h3>{escape(one.role_arn)}</h3><pre>{escape(text)}</pre>"
    yield _heading(tr("What couldn't be seen"))
    unseen = [str(one) for one in diagnosis.not_seen]
    unseen += [
        tr(
            "Link {link} of task {task} stays open: it hangs on {open}.",
            link=link.number,
            task=link.task,
            open="; ".join(link.open),
        )
        for link in diagnosis.links
        if link.answer is Answer.UNKNOWN and link.open
    ]
    items = "".join(f"<li>{escape(one)}</li>" for one in unseen)
    yield f"<ul>{items}</ul>" if items else _paragraph(tr("Nothing that this diagnosis needs."))


def _task(task: TaskDiagnosis, diagnosis: Diagnosis) -> Iterator[str]:
    yield _heading(tr("Task {task}", task=task.task.title))
    yield f"<p>{escape(task.task.resource)}, {escape(tr(task.task.pattern))}</p>"
    picture = svg_data(chain_sketch(task, diagnosis.evidence))
    alt = escape(sketch_words(task))
    yield f'<figure style="margin:0"><img alt="{alt}" src="{picture}" style="max-width:100%;height:auto"></figure>'
    yield _table(tr("Links of task {task}", task=task.task.title), _LINK_HEADS, "".join(map(_link_row, task.links)))
    if task.beyond:
        yield _paragraph(beyond_words(task))


def _link_row(link: TaskLink) -> str:
    state = pill(f"{MARKS[link.answer]} {tr(link.answer)}", _COLOURS[link.answer])
    asked = tr("{action} on {resource}", action=link.action, resource=link.resource) if link.resource else link.action
    said = "<br>" + escape(f"{tr(INFERRED)}: {link.aws_says}") if link.aws_says else ""
    return (
        f'<tr style="{PLAIN_ROW}"><td style="{CELL}">{state}</td><th scope="row" style="{CELL}">{link.number}</th>'
        f'<td style="{CELL};overflow-wrap:anywhere">{escape(asker_words(link))} → {escape(asked)}'
        f"<br>{escape(link.when)}</td>"
        f'<td style="{CELL};overflow-wrap:anywhere">{escape(link.why)}{said}</td></tr>'
    )


def _fix(number: int, fix: Fix, *, of: int) -> Iterator[str]:
    yield _heading(
        tr(
            "Fix {number} of {total}, for link {link} of task {task}",
            number=number,
            total=of,
            link=fix.link,
            task=fix.task,
        )
    )
    yield f"<p>{escape(fix.summary)}</p>"
    yield from (_paragraph(tr("Note: {note}", note=note)) for note in fix_notes(fix))
    for change in fix.changes:
        yield _change(change)
    if fix.changes and not fix.known_later:
        commands = [line for call in fix.calls for line in (tr("# account {account}", account=call.account), call.cli)]
        yield _folded(tr("As AWS CLI commands"), "\n".join(commands))
        yield _folded(tr("As part of a CloudFormation template"), _cloudformation(fix))


def _change(change: Correction) -> str:
    lines = "\n".join(change.diff)
    thing = tr("{thing}, account {account}", thing=change.thing, account=change.account)
    return f"<h3>{escape(thing)}</h3><pre>{escape(lines)}</pre>"


def _cloudformation(fix: Fix) -> str:
    return "\n".join(
        json.dumps(change.cloudformation, indent=2, ensure_ascii=False)
        if change.cloudformation
        else tr("(take {thing} out)", thing=change.thing)
        for change in fix.changes
    )


def _heading(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _folded(summary: str, code: str) -> str:
    return f"<details><summary>{escape(summary)}</summary><pre>{escape(code)}</pre></details>"


def _table(caption: str, heads: tuple[str, ...], rows: str) -> str:
    head = "".join(f'<th scope="col" style="{CELL};min-width:3em">{escape(tr(one))}</th>' for one in heads)
    return (
        f'<table style="{TABLE}"><caption style="text-align:left">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(*cells: str) -> str:
    first, *rest = (escape(one) for one in cells)
    inside = "".join(f'<td style="{CELL};overflow-wrap:anywhere">{one}</td>' for one in rest)
    return f'<tr style="{PLAIN_ROW}"><th scope="row" style="{CELL}">{first}</th>{inside}</tr>'
