"""One timeline of both executions, side by side: what happened in which account, and which link it belongs to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.display.markup import CELL, TABLE, escape, one_line, pill
from xsfn_helpers.display.palette import ALLOWED_BLUE, REFUSED_VERMILION

FAILED: Final = mark("✗ failed")


class Event(Protocol):
    """What a timeline needs of an event of an execution's history (`runs.TimelineEvent` is one)."""

    @property
    def side(self) -> Side: ...
    @property
    def type(self) -> str: ...
    @property
    def timestamp(self) -> datetime: ...
    @property
    def link(self) -> int | None: ...
    @property
    def summary(self) -> str: ...
    @property
    def failed(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Timeline:
    """The merged events of a run, in the order given.

    The text has no times, so that it is the same for every run that goes the same way; the table has milliseconds since
    the first event.
    """

    events: Sequence[Event]
    title: str = mark("Timeline of both executions")

    @property
    def heading(self) -> str:
        """The title on one line, as the reader is told it."""
        return one_line(tr(self.title))

    @property
    def text(self) -> str:
        """One line per event: position, side, type, link, summary; the Subject's events are set in."""
        return "\n".join([self.heading, *(_line(n, event) for n, event in enumerate(self.events, start=1))])

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        return {"text/html": timeline_html(self), "text/plain": self.text}


def timeline_html(timeline: Timeline) -> str:
    """A table with the time, the Operator's events on the left and the Subject's on the right."""
    # Both sides get the same room, whatever is written in them, and the time enough on the narrowest page.
    sides = "".join(f'<th scope="col" width="40%" style="{CELL}">{side.capitalize()}</th>' for side in Side)
    time = escape(tr("Time"))
    head = f'<th scope="col" width="50" style="{CELL}">{time}</th>{sides}'
    start = timeline.events[0].timestamp if timeline.events else None
    rows = "".join(_row(event, start or event.timestamp) for event in timeline.events)
    return (
        f"<p><b>{escape(timeline.heading)}</b></p>"
        f'<table width="100%" style="{TABLE}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    )


def _line(position: int, event: Event) -> str:
    indent = "" if event.side is Side.OPERATOR else "    "
    parts = [
        f"{position:>3} {indent}{event.side.capitalize()}: {event.type}",
        *([tr("link {number}", number=event.link)] if event.link is not None else []),
        *([tr(FAILED)] if event.failed else []),
        *([one_line(event.summary)] if event.summary else []),
    ]
    return " · ".join(parts)


def _row(event: Event, start: datetime) -> str:
    milliseconds = round((event.timestamp - start).total_seconds() * 1000)
    badges = [
        *([pill(tr("link {number}", number=event.link), ALLOWED_BLUE)] if event.link is not None else []),
        *([pill(tr(FAILED), REFUSED_VERMILION)] if event.failed else []),
    ]
    what = " ".join([f"<b>{escape(event.type)}</b>", *badges])
    summary = f"<br>{escape(one_line(event.summary))}" if event.summary else ""
    cells = [f"{what}{summary}" if side is event.side else "" for side in Side]
    style = f"{CELL};overflow-wrap:anywhere"
    return (
        f'<tr><td style="{CELL};white-space:nowrap">{milliseconds:+} ms</td>'
        + "".join(f'<td style="{style}">{cell}</td>' for cell in cells)
        + "</tr>"
    )
