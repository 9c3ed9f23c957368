"""One timeline of both executions, side by side: what happened in which account, and which link it belongs to."""

from __future__ import annotations

from datetime import datetime

from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.plain_text import one_line
from xsfn_helpers.deployment.runs import Timeline, TimelineEvent
from xsfn_helpers.display.markup import CELL, TABLE, breakable, escape, pill
from xsfn_helpers.display.palette import ALLOWED_BLUE, REFUSED_VERMILION


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


def _row(event: TimelineEvent, start: datetime) -> str:
    milliseconds = round((event.timestamp - start).total_seconds() * 1000)
    badges = [
        *([pill(tr("link {number}", number=event.link), ALLOWED_BLUE)] if event.link is not None else []),
        *([pill(event.ending, REFUSED_VERMILION)] if event.failed else []),
    ]
    what = " ".join([f"<b>{escape(event.type)}</b>", *badges])
    summary = f"<br>{breakable(one_line(event.summary))}" if event.summary else ""
    cells = [f"{what}{summary}" if side is event.side else "" for side in Side]
    style = f"{CELL};overflow-wrap:break-word"
    return (
        f'<tr><td style="{CELL};white-space:nowrap">{milliseconds:+} ms</td>'
        + "".join(f'<td style="{style}">{cell}</td>' for cell in cells)
        + "</tr>"
    )
