"""A `WhatIf` as a picture and as HTML; its text form is its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from xsfn_helpers.chain.document_review import JudgedDocument, warning_line
from xsfn_helpers.chain.what_if import Effect, NewAccess, Turn, WhatIf
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.display.markup import CELL, TABLE, breakable, code_block, escape, pill
from xsfn_helpers.display.palette import ALLOWED_BLUE, PENDING_GREY, REFUSED_VERMILION, LinkState
from xsfn_helpers.display.pictures.chain_picture import picture
from xsfn_helpers.display.pictures.diagram import Diagram

# What stays allowed steps back behind what changes.
_TURN_COLOURS: Final = {
    Turn.BREAKS: REFUSED_VERMILION,
    Turn.OPENS: ALLOWED_BLUE,
    Turn.STAYS_ALLOWED: PENDING_GREY,
    Turn.STAYS_REFUSED: REFUSED_VERMILION,
    Turn.NOT_MADE: PENDING_GREY,
    Turn.NOT_ASKED: PENDING_GREY,
    Turn.AT_RUN_TIME: PENDING_GREY,
}


def turn_state(effect: Effect) -> LinkState:
    """How the link would stand."""
    if effect.turn.is_open:
        return LinkState.PENDING
    return LinkState.ALLOWED if effect.after is not None and effect.after.allowed else LinkState.REFUSED


def what_if_diagram(report: WhatIf) -> Diagram:
    """The chain as it would be; a link that would change says how, a denied one why."""
    notes = {
        effect.number: f"{tr(effect.turn)}: {effect.evidence.removeprefix('denied').lstrip(': ')}"
        for effect in report.effects
        if effect.turn.changes or turn_state(effect) is not LinkState.ALLOWED
    }
    return replace(
        picture(report.standing),
        states={effect.number: turn_state(effect) for effect in report.effects},
        notes=notes,
        title=mark("What if: the access chain as it would be (nothing is applied)"),
    )


def what_if_html(report: WhatIf) -> str:
    """Outcome, documents, links, what else would get in, and the chain as a picture."""
    return words_html(report) + what_if_diagram(report).figure_html()


def words_html(report: WhatIf) -> str:
    """The same without the picture."""
    title, told = tr("What if"), tr("(nothing is applied): {headline}", headline=report.headline)
    parts = [
        f"<p><b>{escape(title)}</b> {escape(told)}</p>",
        *(f"<p>{escape(note)}</p>" for note in report.notes),
        *(_document(document) for document in report.documents),
        _table((tr("Link"), tr("Effect"), tr("Decision")), (_effect_cells(effect) for effect in report.effects)),
    ]
    if report.risks:
        rows = (_risk_cells(risk) for risk in report.risks)
        headings = (tr("Lets in more than the chain needs"), tr("Who"), tr("Why it matters"))
        parts.append(_table(headings, rows))
    return "".join(parts)


def _document(document: JudgedDocument) -> str:
    refused = not document.accepted
    word = (
        pill(tr("✗ AWS would reject it"), REFUSED_VERMILION)
        if refused
        else pill(document.verdict.rstrip("."), ALLOWED_BLUE)
    )
    said = f"<br>{escape(document.verdict)}" if refused else ""
    heading = tr("Warnings")
    warnings = "".join(f"<li>{escape(warning_line(warning))}</li>" for warning in document.warnings)
    parts = [
        f'<p style="overflow-wrap:anywhere"><b>{escape(document.title)}</b> {word}{said}</p>',
        f'<p>{escape(heading)}</p><ul style="overflow-wrap:anywhere">{warnings}</ul>' if warnings else "",
    ]
    if document.differs:
        lines = code_block("\n".join(document.differs))
        summary = escape(tr("Beside the recommended one (- recommended, + here)"))
        parts.append(f"<details><summary>{summary}</summary>{lines}</details>")
    return "".join(parts)


def _effect_cells(effect: Effect) -> Sequence[str]:
    more = [tr("Now: {now}", now=effect.now)] if effect.turn.changes else []
    more += [effect.hint] if effect.hint else []
    return [
        f"{effect.number} {breakable(effect.before.link.action)}",
        pill(f"{effect.mark} {tr(effect.turn)}", _TURN_COLOURS[effect.turn]),
        "<br>".join(map(breakable, [effect.evidence, *more])),
    ]


def _risk_cells(risk: NewAccess) -> Sequence[str]:
    word = pill(tr("✗ too wide"), REFUSED_VERMILION)
    return [
        f"{word} {escape(risk_title(risk))}",
        breakable(risk.check.evidence),
        breakable(risk.check.hint),
    ]


def risk_title(risk: NewAccess) -> str:
    """What would be open, and whether it is today already."""
    return risk.check.title if risk.is_new else tr("{line} (today already)", line=risk.check.title)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col" style="{CELL}">{heading}</th>' for heading in headings)
    style = f"{CELL};overflow-wrap:break-word"
    body = "".join("<tr>" + "".join(f'<td style="{style}">{cell}</td>' for cell in row) + "</tr>" for row in rows)
    return f'<table style="{TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
