"""The workflow graph of a state machine, as Step Functions' own editor draws it, and how far a run has got in it.

The text comes first: states, transitions and roles are data; `.text`, `.alt` and `.dot` are three ways to say them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from xsfn_helpers.asl.history import Progress, Reached, Trace, trace
from xsfn_helpers.asl.states import Scope, State, Way, read_states
from xsfn_helpers.asl.validation import DefinitionFault, find_faults
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.json_text import json_text, plain, read_json
from xsfn_helpers.common.language import language, mark, tr
from xsfn_helpers.common.plain_text import one_line
from xsfn_helpers.display.excerpt import excerpt
from xsfn_helpers.display.markup import CODE, escape, pill
from xsfn_helpers.display.palette import ALLOWED_BLUE, PENDING_GREY, REFUSED_VERMILION, Colour
from xsfn_helpers.display.pictures.figure import figure_html
from xsfn_helpers.display.pictures.picture import Picture


@dataclass(frozen=True, slots=True)
class ProgressLook:
    """How a state's progress is drawn: a mark, a colour, a Graphviz line style and its width, and words for them."""

    mark: str
    colour: Colour
    line: str
    width: str
    in_words: str


PROGRESS_LOOKS: Final[Mapping[Progress, ProgressLook]] = {
    Progress.SUCCEEDED: ProgressLook("✓", ALLOWED_BLUE, "solid", "2", mark("solid line")),
    Progress.CAUGHT: ProgressLook("↷", REFUSED_VERMILION, "dotted", "2", mark("dotted line")),
    Progress.FAILED: ProgressLook("✗", REFUSED_VERMILION, "dashed", "3", mark("thick dashed line")),
    Progress.IN_PROGRESS: ProgressLook("▶", ALLOWED_BLUE, "dashed", "3", mark("thick dashed line")),
    Progress.ABORTED: ProgressLook("■", PENDING_GREY, "dashed", "2", mark("dashed line")),
    Progress.NOT_REACHED: ProgressLook("…", PENDING_GREY, "dotted", "1", mark("thin dotted line")),
}


def marked(reached: Reached) -> str:
    """Mark and words: `✓ succeeded`, `✗ failed (1 of 3)`."""
    return f"{PROGRESS_LOOKS[reached.progress].mark} {reached}"


@dataclass(frozen=True, slots=True)
class Workflow(Picture):
    """The graph of a definition, given as JSON text or as the value it stands for.

    `events` is the history of one of its executions, as GetExecutionHistory gives it: the states are then coloured by
    what became of them. `account_id` is the state machine's own, to tell a role of another account from one of its own.
    A definition that Step Functions would deny has `faults`, each with its place, and shows these instead.
    """

    definition: str | Mapping[str, Any]
    events: Sequence[Mapping[str, Any]] | None = None
    title: str = mark("Workflow")
    account_id: str = ""

    @property
    def written(self) -> str:
        """The definition's text, in which lines and columns count."""
        return self.definition if isinstance(self.definition, str) else json_text(self.definition)

    @property
    def faults(self) -> tuple[DefinitionFault, ...]:
        """What Step Functions would deny; empty when it would take the definition."""
        return _read(self.written, language()).faults

    @property
    def heading(self) -> str:
        """The title on one line, as the reader is told it."""
        return one_line(tr(self.title))

    @property
    def scope(self) -> Scope:
        """The states and where they begin. Raises `XsfnError` for a definition with faults."""
        reading = _read(self.written, language())
        if reading.scope is None:
            raise XsfnError(f"{reading.faults[0]}", where=self.title, fix=tr("Correct the definition first."))
        return reading.scope

    @property
    def trace(self) -> Trace | None:
        """What the events say of the states; None where no events were given."""
        return None if self.events is None else trace(self.events)

    @property
    def text(self) -> str:
        """The whole graph in words, one line for each state and each way on; the same for the same input."""
        if self.faults:
            lines = [tr("{title}: Step Functions would reject this definition", title=self.heading)]
            for fault in self.faults:
                there = excerpt(self.written, fault.line, fault.column)
                lines += [f"  {one_line(str(fault))}", *(f"    {line}" for line in there)]
            return "\n".join(lines)
        return "\n".join([self.heading, *self._run_line(), *(f"  {line}" for line in self._scope_lines(self.scope))])

    @property
    def alt(self) -> str:
        """What the picture says, as running text for a screen reader."""
        if self.faults:
            undrawn = tr("{title} can't be drawn.", title=self.heading)
            return " ".join([undrawn, *(one_line(str(one)) for one in self.faults)])
        lines = [*self._run_line(), *self._scope_lines(self.scope)]
        told = [self.heading, *(line.strip().rstrip(".:") for line in lines)]
        return " ".join(tr("{line}.", line=line) for line in told)

    @property
    def legend(self) -> str:
        """How the progress that is shown is drawn, in words; empty where no run is shown."""
        history = self.trace
        if history is None:
            return ""
        there = {history.of(state.name).progress for state in self.scope.everything()}
        looks = {progress: look for progress, look in PROGRESS_LOOKS.items() if progress in there}
        drawn = (f"{look.mark} {tr(progress)}: {tr(look.in_words)}" for progress, look in looks.items())
        return tr("{legend}.", legend="; ".join(drawn))

    def figure_html(self) -> str:
        """The picture as a figure with alternative text; of a definition with faults, where and why."""
        if self.faults:
            return _faults_html(self.heading, self.written, self.faults)
        return figure_html(self.svg, alt=self.alt, caption=self.legend, text=self.text)

    def _run_line(self) -> list[str]:
        if self.events is None:
            return []
        return ["  " + tr("Run: {ended}", ended=_ended(self.events))]

    def _scope_lines(self, scope: Scope) -> Iterator[str]:
        history = self.trace
        yield tr('Start → "{state}"', state=one_line(scope.start_at))
        for state in scope.states:
            # A history tells of a state once, wherever its name stands.
            state_progress = f" | {_progress(history.of(state.name))}" if history else ""
            doing = f" {one_line(state.doing)}" if state.doing else ""
            yield f'"{one_line(state.name)}": {state.type}{doing}{state_progress}'
            if state.role:
                yield f"  {self.role_words(state)}: {one_line(str(state.role))}"
            for errors in state.retries:
                yield "  " + tr("retried on {errors}", errors=one_line(errors))
            for inner in state.inside:
                yield f"  {tr(inner.title)}:"
                yield from (f"    {line}" for line in self._scope_lines(inner))
            yield from (f"  {way}" for way in _ways(state))

    def role_words(self, state: State) -> str:
        """What taking on the task's role means: access to another account, or not."""
        if state.role is None or (state.role.account and state.role.account == self.account_id):
            return tr("role of its own account")
        return tr("cross-account access") if state.role.account else tr("role for the call")


def _progress(reached: Reached) -> str:
    return f"{marked(reached)}: {one_line(reached.error)}" if reached.error else marked(reached)


def _ways(state: State) -> Iterator[str]:
    words = {Way.CHOICE: mark("if {label}"), Way.CATCH: mark("on error {label}")}
    for transition in state.transitions:
        label = one_line(tr(transition.label))
        told = tr(words[transition.way], label=label) if label and transition.way in words else label
        yield f'{f"{told} " if told else ""}→ "{one_line(transition.target)}"'
    if state.ends:
        yield tr("→ End")


def _ended(events: Sequence[Mapping[str, Any]]) -> str:
    return tr(trace(events).ended) if events else tr("never started")


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a text says: the states, or why there are none."""

    faults: tuple[DefinitionFault, ...]
    scope: Scope | None


@lru_cache(maxsize=8)
def _read(text: str, spoken: str) -> _Reading:
    """Kept for the language it is told in, `spoken`."""
    faults = find_faults(text)
    return _Reading(faults, None if faults else read_states(plain(read_json(text))))


def _faults_html(title: str, text: str, faults: Sequence[DefinitionFault]) -> str:
    items = []
    for fault in faults:
        there = "\n".join(excerpt(text, fault.line, fault.column))
        code = f'<pre style="{CODE};margin:4px 0;overflow-x:auto">{escape(there)}</pre>'
        items.append(f'<li style="overflow-wrap:anywhere">{escape(one_line(str(fault)))}{code}</li>')
    refused, why = pill(tr("✗ denied"), REFUSED_VERMILION), escape(tr("Step Functions would reject this definition."))
    return f"<p><b>{escape(title)}</b> {refused} {why}</p><ol>{''.join(items)}</ol>"
