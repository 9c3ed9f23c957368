"""A `HubDiagram` as DOT text. A spoke is one box with a chip for each link, so that ten of them stay readable."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import graphviz

from xsfn_helpers.common.language import tr
from xsfn_helpers.display.markup import escape, wrap_name, wrap_words
from xsfn_helpers.display.palette import BORDER, CARD, INK, ON_BADGE, ROLE, LinkState
from xsfn_helpers.display.pictures.dot import EDGES, FONT, NAME_WIDTH, NODES, ROOM
from xsfn_helpers.display.pictures.hub_diagram import HubDiagram, SpokePicture, link_words

if TYPE_CHECKING:
    from xsfn_helpers.chain.links import Link

_NOTE_WIDTH: Final = 60
# The first of a spoke's links is drawn as the line to it.
_TO_THE_SPOKE: Final = 2


def hub_dot(diagram: HubDiagram) -> str:
    """The DOT text of a diagram: the same text for the same diagram."""
    graph = graphviz.Digraph(
        "hub",
        graph_attr={
            "id": "hub",
            "label": f'<<FONT POINT-SIZE="15"><B>{escape(diagram.heading)}</B></FONT>>',
            "labelloc": "t",
            "labeljust": "l",
            "rankdir": "LR",
            "newrank": "true",
            "bgcolor": CARD.light,
            "fontname": FONT,
            "fontcolor": INK.light,
            "pad": "0.2",
            "nodesep": "0.14",
            "ranksep": "0.9",
        },
        node_attr=dict(NODES),
        edge_attr=dict(EDGES),
    )
    _operator(graph, diagram)
    alone = len(diagram.spokes) == 1
    column = ["operator machine", "operator role"]
    if not alone:
        _meanings(graph, diagram)
        column.append("meanings")
    with graph.subgraph(graph_attr={"rank": "same"}) as same:
        for name in column:
            same.node(name)
    for spoke in diagram.spokes:
        _spoke(graph, spoke, in_words=alone)
        state = spoke.states.get(_TO_THE_SPOKE, LinkState.PENDING)
        graph.edge(
            "operator role:e",
            f"{_id(spoke)}:w",
            id=f"{_id(spoke)}-link-2",
            color=state.look.colour.light,
            style=state.look.line,
            arrowhead=state.look.arrowhead,
            penwidth="2",
            **{"class": state.name.lower()},
        )
    return str(graph.source)


def _operator(graph: graphviz.Digraph, diagram: HubDiagram) -> None:
    scenario = diagram.scenario
    look = {
        "id": "account-operator",
        "class": "account",
        "label": f'<<FONT POINT-SIZE="13"><B>{escape(str(scenario.operator))}</B></FONT>>',
        "labeljust": "l",
        "style": "rounded",
        "color": BORDER.light,
        "penwidth": "1.5",
        "margin": "12",
    }
    link, state = diagram.operators_link, diagram.operators_state
    with graph.subgraph(name="cluster_operator", graph_attr=look) as account:
        account.node(
            "operator machine",
            _label(["<B>OperatorStateMachine</B>", *_small(wrap_name(scenario.operator_machine_name, NAME_WIDTH))]),
            id="operator-machine",
            **{"class": "machine"},
        )
        chip = f'<FONT COLOR="{state.look.colour.light}"><B>{link.number} {escape(state.marked)}</B></FONT>'
        account.node(
            "operator role",
            _label(
                [
                    "<B>Operator role</B>",
                    *_small(wrap_name(scenario.operator_role_name, NAME_WIDTH)),
                    f'<FONT POINT-SIZE="10">{chip}&#160; {escape(tr(link.asker))} → {escape(link.action)}</FONT>',
                ]
            ),
            id="operator-role",
            style="rounded,filled",
            fillcolor=ROLE.light,
            **{"class": "role"},
        )
        account.edge(
            "operator machine", "operator role", label="  " + tr("runs as"), dir="none", **{"class": "relation"}
        )


def _meanings(graph: graphviz.Digraph, diagram: HubDiagram) -> None:
    """What the numbers in each Subject account stand for, below the Operator's account."""
    heading = tr("In each Subject account")
    rows = [
        _row(f"<B>{escape(heading)}</B>", 1),
        *(_row(escape(meaning), 1) for meaning in diagram.meanings),
    ]
    graph.node(
        "meanings",
        f'<<FONT POINT-SIZE="11"><TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{"".join(rows)}'
        "</TABLE></FONT>>",
        id="meanings",
        style="filled",
        color=CARD.light,
        fillcolor=CARD.light,
    )
    graph.edge("operator role", "meanings", style="invis")


def _spoke(graph: graphviz.Digraph, spoke: SpokePicture, *, in_words: bool) -> None:
    """The account's name and its links: a row each in words, or a chip each and the words of what was denied."""
    columns = 2 if in_words else len(spoke.links) + 1
    rows = [_row(f"<B>{escape(str(spoke.account))}</B>", columns)]
    if in_words:
        rows += [
            f'<TR>{_chip(spoke, link)}<TD ALIGN="LEFT" BALIGN="LEFT">{_said(spoke, link)}{ROOM}</TD></TR>'
            for link in spoke.links
        ]
    else:
        # The last cell takes what width is left, so that the chips keep theirs.
        rows.append(f"<TR>{''.join(_chip(spoke, link) for link in spoke.links)}<TD></TD></TR>")
        rows += [_row(_said(spoke, link), columns) for link in spoke.refused]
    if spoke.note:
        lines = [f"<I>{escape(line)}</I>" for line in wrap_words(spoke.note, _NOTE_WIDTH, max_lines=3)]
        rows.append(_row(f'<FONT POINT-SIZE="10">{"<BR/>".join(lines)}</FONT>', columns))
    graph.node(
        _id(spoke),
        f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="4" CELLPADDING="2">{"".join(rows)}</TABLE>>',
        id=_id(spoke),
        margin="0.06,0.02",
        style="rounded,filled",
        penwidth="1.5",
        **{"class": "account"},
    )


def _chip(spoke: SpokePicture, link: Link) -> str:
    state = spoke.state(link)
    text = f'<FONT COLOR="{ON_BADGE.light}" POINT-SIZE="11"><B>{link.number} {state.look.mark}</B></FONT>'
    size = 'FIXEDSIZE="TRUE" WIDTH="38" HEIGHT="20"'
    return f'<TD BGCOLOR="{state.look.colour.light}" {size} ALIGN="CENTER">{text}</TD>'


def _said(spoke: SpokePicture, link: Link) -> str:
    """A link and its state in words."""
    state = spoke.state(link)
    _, _, words = link_words(link).partition(" ")
    lines = [escape(line) for line in wrap_words(words, _NOTE_WIDTH, max_lines=3)]
    marked = f'<FONT COLOR="{state.look.colour.light}"><B>{escape(state.marked)}</B></FONT>'
    return f'<FONT POINT-SIZE="10">{marked}&#160; {"<BR/>".join(lines)}</FONT>'


def _row(content: str, columns: int) -> str:
    return f'<TR><TD COLSPAN="{columns}" ALIGN="LEFT" BALIGN="LEFT">{content}{ROOM}</TD></TR>'


def _id(spoke: SpokePicture) -> str:
    return f"spoke-{spoke.account.id}"


def _small(lines: Iterable[str]) -> list[str]:
    return [f'<FONT POINT-SIZE="10">{escape(line)}</FONT>' for line in lines]


def _label(lines: Iterable[str]) -> str:
    """A Graphviz HTML-like label; the lines are markup already."""
    return f"<{'<BR/>'.join(lines)}>"
