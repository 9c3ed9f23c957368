"""A `Workflow` as DOT text: built with the graphviz package, drawn elsewhere (render.py).

Each state is a rounded box with its type, its name, what it does and, on a task that assumes a role, a badge. What a
Map or Parallel has inside stands in a frame below it, and the ways out of it meet in a point.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import graphviz

from xsfn_helpers.asl.history import Progress, Trace
from xsfn_helpers.asl.states import Scope, State, Transition, Way
from xsfn_helpers.common.json_text import Path
from xsfn_helpers.common.language import tr, tr_n
from xsfn_helpers.common.plain_text import one_line
from xsfn_helpers.display.markup import escape, wrap_name, wrap_words
from xsfn_helpers.display.palette import BORDER, BOX, CARD, INK, MUTED, ON_BADGE, ROLE
from xsfn_helpers.display.pictures.dot import FONT, ROOM
from xsfn_helpers.display.pictures.workflow import Workflow

_TITLE_WIDTH: Final = 36
_NAME_WIDTH: Final = 30
_DOING_WIDTH: Final = 36
_LABEL_WIDTH: Final = 26
_MOST_LINES: Final = 3


def workflow_dot(workflow: Workflow) -> str:
    """The DOT text of a workflow: the same text for the same workflow."""
    return _Drawing(workflow, workflow.trace).source()


@dataclass(frozen=True, slots=True)
class _Drawing:
    workflow: Workflow
    trace: Trace | None

    def source(self) -> str:
        workflow, scope = self.workflow, self.workflow.scope
        graph = graphviz.Digraph(
            "workflow",
            graph_attr={
                "id": "workflow",
                "label": f'<<FONT POINT-SIZE="15">{"<BR/>".join(_title(workflow.heading))}</FONT>>',
                "labelloc": "t",
                "bgcolor": CARD.light,
                "fontname": FONT,
                "fontcolor": INK.light,
                "pad": "0.2",
                "nodesep": "0.35",
                "ranksep": "0.35",
            },
            node_attr={"fontname": FONT, "fontsize": "12", "fontcolor": INK.light, "color": BORDER.light},
            edge_attr={"fontname": FONT, "fontsize": "10", "fontcolor": MUTED.light, "color": MUTED.light},
        )
        ids = {state.path: f"state-{number}" for number, state in enumerate(scope.everything(), start=1)}
        for name, told in (("start", tr("Start")), ("end", tr("End"))):
            graph.node(
                name,
                told,
                id=name,
                shape="circle",
                style="filled",
                fillcolor=ROLE.light,
                fontsize="11",
                margin="0.02",
                **{"class": "terminal"},
            )
        self._scope(graph, graph, scope, ids, before="start", after="end")
        return str(graph.source)

    def _scope(
        self,
        graph: graphviz.Digraph,
        around: graphviz.Digraph,
        scope: Scope,
        ids: dict[Path, str],
        *,
        before: str,
        after: str,
    ) -> None:
        """The states of one scope and the ways between them; `before` and `after` are nodes of the graph `around`."""
        named = {state.name: ids[state.path] for state in scope.states}
        for state in scope.states:
            self._state(graph, state, ids)
        self._edge(around, before, named[scope.start_at], taken=self._was_taken("", scope.start_at))
        for state in scope.states:
            tail = f"{ids[state.path]}-out" if state.inside else ids[state.path]
            for transition in state.transitions:
                self._edge(
                    graph,
                    tail,
                    named[transition.target],
                    taken=self._was_taken(state.name, transition.target),
                    label=_label(transition),
                    style="dashed" if transition.way is Way.CATCH else "solid",
                )
            if state.ends:
                self._edge(around, tail, after, taken=self._has_ended(state))

    def _state(self, graph: graphviz.Digraph, state: State, ids: dict[Path, str]) -> None:
        if not state.inside:
            self._box(graph, state, ids[state.path])
            return
        own = ids[state.path]
        frame = {"id": f"{own}-frame", "class": "inside", "label": "", "style": "rounded", "color": BORDER.light}
        with graph.subgraph(name=f"cluster_{own}", graph_attr=frame) as around:
            self._box(around, state, own)
            around.node(f"{own}-out", "", id=f"{own}-out", shape="point", width="0.08", **{"class": "join"})
            for number, scope in enumerate(state.inside, start=1):
                look = {
                    "id": f"{own}-inside-{number}",
                    "class": "scope",
                    "label": "",
                    "style": "rounded,dotted",
                    "color": BORDER.light,
                }
                with around.subgraph(name=f"cluster_{own}_{number}", graph_attr=look) as inner:
                    self._scope(inner, around, scope, ids, before=own, after=f"{own}-out")

    def _box(self, graph: graphviz.Digraph, state: State, own: str) -> None:
        from xsfn_helpers.display.pictures.workflow import PROGRESS_LOOKS

        look = PROGRESS_LOOKS[self.trace.of(state.name).progress] if self.trace else None
        graph.node(
            own,
            f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{"".join(self._rows(state))}</TABLE>>',
            id=own,
            shape="box",
            style=f"rounded,filled,{look.line}" if look else "rounded,filled",
            color=look.colour.light if look else BORDER.light,
            penwidth=look.width if look else "1.5",
            fillcolor=BOX.light,
            margin="0.08,0.04",
            **{"class": f"state {look_name(self.trace.of(state.name).progress) if self.trace else ''}".strip()},
        )

    def _rows(self, state: State) -> Iterator[str]:
        from xsfn_helpers.display.pictures.workflow import PROGRESS_LOOKS, marked

        yield _row([_font(MUTED.light, 10, [escape(tr("{type} state", type=state.type))])])
        yield _row([f"<B>{escape(line)}</B>" for line in wrap_words(state.name, _NAME_WIDTH, max_lines=_MOST_LINES)])
        if doing := _doing(state):
            lines = wrap_name(doing, _DOING_WIDTH)[:_MOST_LINES]
            yield _row([_font(INK.light, 10, [escape(line) for line in lines])])
        if state.role:
            yield self._badge(state)
        if self.trace:
            reached = self.trace.of(state.name)
            colour = PROGRESS_LOOKS[reached.progress].colour.light
            yield _row([_font(colour, 11, [f"<B>{escape(marked(reached))}</B>"])])
            if reached.error and state.type != "Fail":  # which says it anyway
                lines = wrap_name(reached.error, _DOING_WIDTH)[:_MOST_LINES]
                yield _row([_font(colour, 10, [escape(line) for line in lines])])

    def _badge(self, state: State) -> str:
        """The badge of Step Functions' editor: the role, and the account it opens."""
        assert state.role is not None
        where = [tr("account {account}", account=state.role.account)] if state.role.account else []
        name = wrap_name(state.role.name or one_line(state.role.text), _DOING_WIDTH)[:_MOST_LINES]
        lines = [f"<B>{escape(self.workflow.role_words(state))}</B>", *(escape(one) for one in [*where, *name])]
        lines = [f"&#160;{line}&#160;" for line in lines]  # the reader's font may be wider than Graphviz's
        text = f'<FONT COLOR="{ON_BADGE.light}" POINT-SIZE="10">{"<BR/>".join(lines)}</FONT>'
        return f'<TR><TD BGCOLOR="{MUTED.light}" STYLE="rounded" CELLPADDING="4">{text}</TD></TR>'

    def _edge(
        self, graph: graphviz.Digraph, tail: str, head: str, *, taken: bool, label: str = "", style: str = "solid"
    ) -> None:
        words = [f"&#160;{escape(line)}{ROOM}" for line in wrap_words(label, _LABEL_WIDTH, max_lines=_MOST_LINES)]
        look = {"color": INK.light, "penwidth": "2"} if taken else {}
        kind = "taken" if taken else "catch" if style == "dashed" else "way"
        graph.edge(
            tail,
            head,
            label=f"<{'<BR/>'.join(words)}>" if words else "",
            style=style,
            arrowhead="none" if head.endswith("-out") else "normal",
            **{"class": kind},
            **look,
        )

    def _was_taken(self, tail: str, head: str) -> bool:
        return self.trace is not None and (tail, head) in self.trace.ways

    def _has_ended(self, state: State) -> bool:
        if self.trace is None:
            return False
        ended = Progress.FAILED if state.type == "Fail" else Progress.SUCCEEDED
        return ended in self.trace.of(state.name).visits


def look_name(progress: Progress) -> str:
    """The progress as a class name in the picture."""
    return progress.value.replace(" ", "-")


def _title(title: str) -> Iterator[str]:
    """In short lines: one wider than the graph would make all else smaller where there is little room."""
    for line in wrap_words(title, _TITLE_WIDTH, max_lines=_MOST_LINES):
        yield f"<B>{escape(line)}</B>{ROOM}"


def _label(transition: Transition) -> str:
    return tr("on error: {error}", error=transition.label) if transition.way is Way.CATCH else tr(transition.label)


def _doing(state: State) -> str:
    """What the box says below the name: of a Map or Parallel, how often what is inside is done."""
    if state.type == "Parallel":
        return tr_n("{count} branch", "{count} branches", len(state.inside))
    return tr(state.inside[0].title) if state.inside else _short(state.doing)


def _short(doing: str) -> str:
    """An integration without what all of them begin with; a function by its name."""
    parts = one_line(doing).split(":")
    if parts[:1] == ["arn"] and parts[2:3] == ["states"] and parts[3:5] == ["", ""]:
        return ":".join(parts[5:])
    if parts[:1] == ["arn"] and parts[2:3] == ["lambda"]:
        return tr("Lambda function {name}", name=":".join(parts[6:]))
    return one_line(doing)


def _font(colour: str, size: int, lines: Iterable[str]) -> str:
    return f'<FONT COLOR="{colour}" POINT-SIZE="{size}">{"<BR/>".join(lines)}</FONT>'


def _row(lines: Iterable[str]) -> str:
    return f"<TR><TD>{'<BR/>'.join(lines)}</TD></TR>"
