"""A `Diagram` as DOT text: built with the graphviz package, drawn elsewhere (render.py).

Each link is a chip (number, action, state) on the line from asker to target, because Graphviz places plain edge labels
beside or across lines. The colours and line styles come from the palette; nothing here knows what a state means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import graphviz

from xsfn_helpers.chain.links import Actor, Link, Node
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.language import tr
from xsfn_helpers.display.markup import escape, wrap_name, wrap_words
from xsfn_helpers.display.palette import BORDER, BOX, CARD, INK, MUTED, ON_BADGE, ROLE
from xsfn_helpers.display.pictures.boxes import NOT_MADE, ROLES, Box
from xsfn_helpers.display.pictures.diagram import Diagram

FONT: Final = "Helvetica,Arial,sans-serif"
# How boxes and lines look where nothing else is said.
NODES: Final[Mapping[str, str]] = {
    "shape": "box",
    "style": "filled",
    "color": BORDER.light,
    "fillcolor": BOX.light,
    "fontname": FONT,
    "fontsize": "12",
    "fontcolor": INK.light,
    "margin": "0.16,0.06",
}
EDGES: Final[Mapping[str, str]] = {
    "fontname": FONT,
    "fontsize": "10",
    "fontcolor": MUTED.light,
    "color": BORDER.light,
}
NAME_WIDTH: Final = 34
NOTE_WIDTH: Final = 28
NOTE_LINES: Final = 4
# Behind a text at a right edge: the reader's font may be wider than the one Graphviz measured with.
ROOM: Final = "&#160;&#160;&#160;"
_ASKERS: Final = {
    Actor.STEP_FUNCTIONS: Actor.STEP_FUNCTIONS.value,
    Actor.OPERATOR_ROLE: Node.OPERATOR_ROLE.value,
    Actor.EXECUTE_ROLE: Node.EXECUTE_ROLE.value,
}
# Rows of the picture, top to bottom and each from left to right.
_ROWS: Final = (
    (Actor.STEP_FUNCTIONS.value, "link 1", Node.OPERATOR_ROLE.value, Node.OPERATOR_MACHINE.value),
    ("link 6", "link 3", "link 4", "link 5"),
    (Node.SUBJECT_ROLE.value, Node.SUBJECT_MACHINE.value, Node.SUBJECT_EXECUTION.value),
)


def diagram_dot(diagram: Diagram) -> str:
    """The DOT text of a diagram: the same text for the same diagram."""
    graph = graphviz.Digraph(
        "access-chain",
        graph_attr={
            "id": "access-chain",
            "label": _label([f"<B>{escape(diagram.heading)}</B>"], size=15),
            "labelloc": "t",
            "labeljust": "l",
            "bgcolor": CARD.light,
            "fontname": FONT,
            "fontcolor": INK.light,
            "pad": "0.2",
            "nodesep": "0.3",
            "ranksep": "0.32",
            "newrank": "true",
        },
        node_attr=dict(NODES),
        edge_attr=dict(EDGES),
    )
    _step_functions(graph)
    links = {link.number: link for link in diagram.links}
    for side, inside in ((Side.OPERATOR, ()), (Side.SUBJECT, (3, 4, 5))):
        with graph.subgraph(name=f"cluster_{side}", graph_attr=_account_look(diagram, side)) as account:
            for box in diagram.boxes(side):
                _box(account, box)
            for number in inside:
                _chip(account, diagram, links[number])
    for number in (1, 2, 6):
        _chip(graph, diagram, links[number])
    for row in _ROWS:
        with graph.subgraph(graph_attr={"rank": "same"}) as same:
            for name in row:
                same.node(name)
    for link in diagram.links:
        _line(graph, diagram, link)
    for one, other, word in (
        (Node.OPERATOR_ROLE, Node.OPERATOR_MACHINE, tr("runs as")),
        (Node.SUBJECT_ROLE, Node.SUBJECT_MACHINE, tr("runs as")),
        (Node.SUBJECT_MACHINE, Node.SUBJECT_EXECUTION, tr("starts")),
    ):
        graph.edge(one.value, other.value, label=word, dir="none", **{"class": "relation"})
    return str(graph.source)


def _account_look(diagram: Diagram, side: Side) -> dict[str, str]:
    return {
        "id": f"account-{side}",
        "class": "account",
        "label": _label([f"<B>{escape(str(diagram.scenario.account(side)))}</B>{ROOM}"], size=13),
        "labeljust": "r",
        "style": "rounded",
        "color": BORDER.light,
        "penwidth": "1.5",
        "margin": "12",
    }


def _step_functions(graph: graphviz.Digraph) -> None:
    lines = [f"<B>{Actor.STEP_FUNCTIONS}</B>", _small([tr("AWS service")])]
    graph.node(
        Actor.STEP_FUNCTIONS.value,
        _label(lines),
        id="step-functions",
        fillcolor=ROLE.light,
        peripheries="2",
        **{"class": "service"},
    )


def _box(account: graphviz.Digraph, box: Box) -> None:
    title = [f"<B>{escape(line)}</B>" for line in wrap_words(box.title, 21, max_lines=2)]
    lines = [*title, _small(wrap_name(box.name, NAME_WIDTH))]
    if not box.made:
        lines.append(f'<FONT COLOR="{MUTED.light}" POINT-SIZE="10"><I>{escape(tr(NOT_MADE))}</I></FONT>')
    is_role = box.node in ROLES
    style = "rounded,filled" if is_role else "filled"
    account.node(
        box.node.value,
        _label(lines),
        id=box.node.value.lower().replace(" ", "-"),
        style=style if box.made else f"{style},dashed",
        fillcolor=ROLE.light if is_role else BOX.light,
        **{"class": "role" if is_role else "machine"},
    )


def _chip(graph: graphviz.Digraph, diagram: Diagram, link: Link) -> None:
    """The link's number on its state's colour, beside it the action, the state in words, and what is sent or noted."""
    state = diagram.state(link)
    colour = state.look.colour.light
    rows = [f"<B>{escape(link.action)}</B>", f'<FONT COLOR="{colour}"><B>{escape(state.marked)}</B></FONT>']
    if "sts:ExternalId" in link.context:
        rows.append(_small([tr("external ID ="), tr("ARN of OperatorStateMachine")]))
    if note := diagram.notes.get(link.number):
        lines = [f"<I>{escape(line)}</I>{ROOM}" for line in wrap_words(tr(note), NOTE_WIDTH, max_lines=NOTE_LINES)]
        rows.append(f'<FONT POINT-SIZE="10">{_stacked(lines)}</FONT>')
    cells = [f'<TD ALIGN="LEFT" BALIGN="LEFT">{row}{ROOM}</TD>' for row in rows]
    badge = (
        f'<TD ROWSPAN="{len(rows)}" BGCOLOR="{colour}" CELLPADDING="5">'
        f'<FONT COLOR="{ON_BADGE.light}" POINT-SIZE="14"><B>{link.number}</B></FONT></TD>'
    )
    body = f"<TR>{badge}{cells[0]}</TR>" + "".join(f"<TR>{cell}</TR>" for cell in cells[1:])
    graph.node(
        f"link {link.number}",
        f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{body}</TABLE>>',
        id=link.id,
        style=f"filled,{state.look.line}",
        color=colour,
        fillcolor=BOX.light,
        penwidth="1.5",
        fontsize="11",
        margin="0.02",
        **{"class": f"link {state.name.lower()}"},
    )


def _line(graph: graphviz.Digraph, diagram: Diagram, link: Link) -> None:
    """Asker to chip without an arrowhead, chip to target with the state's arrowhead."""
    state = diagram.state(link)
    look = {"color": state.look.colour.light, "style": state.look.line, "penwidth": "2", "class": state.name.lower()}
    chip = f"link {link.number}"
    graph.edge(_ASKERS[link.asker], chip, id=f"{link.id}-from", arrowhead="none", **look)
    graph.edge(chip, link.target.value, id=f"{link.id}-to", arrowhead=state.look.arrowhead, **look)


def _small(lines: Iterable[str]) -> str:
    return f'<FONT POINT-SIZE="10">{_stacked(escape(line) for line in lines)}</FONT>'


def _stacked(lines: Iterable[str]) -> str:
    return "<BR/>".join(lines)


def _label(lines: Iterable[str], *, size: int = 12) -> str:
    """A Graphviz HTML-like label; the lines are markup already."""
    return f'<<FONT POINT-SIZE="{size}">{_stacked(lines)}</FONT>>'
