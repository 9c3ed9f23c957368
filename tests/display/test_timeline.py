"""One timeline of both executions: deterministic words, times only in the table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.deployment.runs import Timeline, TimelineEvent
from xsfn_helpers.display.timeline import timeline_html

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def event(
    side: Side, type_: str, timestamp: datetime, link: int | None = None, summary: str = "", *, failed: bool = False
) -> TimelineEvent:
    return TimelineEvent(side, "arn", 1, type_, timestamp, link, summary, failed)


def events(step: timedelta) -> tuple[TimelineEvent, ...]:
    return (
        event(Side.OPERATOR, "ExecutionStarted", START),
        event(Side.OPERATOR, "TaskSubmitted", START + step, 3, "started the Subject"),
        event(Side.SUBJECT, "ExecutionStarted", START + 2 * step, 6),
        event(Side.SUBJECT, "ExecutionFailed", START + 3 * step, None, "Boom:\n <b>no</b>", failed=True),
    )


TIMELINE = Timeline(events(timedelta(milliseconds=12.4)))


def test_the_text_has_order_side_type_link_failure_and_summary() -> None:
    assert TIMELINE.text == (
        "Timeline of both executions\n"
        "  1 Operator: ExecutionStarted\n"
        "  2 Operator: TaskSubmitted · link 3 · started the Subject\n"
        "  3     Subject: ExecutionStarted · link 6\n"
        "  4     Subject: ExecutionFailed · ✗ failed · Boom: <b>no</b>"
    )
    assert TIMELINE._repr_mimebundle_()["text/plain"] == TIMELINE.text


def test_the_text_is_the_same_for_a_slower_run_of_the_same_way() -> None:
    assert TIMELINE.text == Timeline(events(timedelta(seconds=9))).text


def test_the_table_has_relative_times_and_a_column_per_side() -> None:
    html = timeline_html(TIMELINE)
    rows = [row.split("<td ")[1:] for row in html.split("<tbody>")[1].split("</tr>")[:-1]]

    assert [cells[0].split(">")[1].split("<")[0] for cells in rows] == ["+0 ms", "+12 ms", "+25 ms", "+37 ms"]
    assert "TaskSubmitted" in rows[1][1]
    assert "link 3" in rows[1][1]
    assert rows[1][2].endswith("></td>")
    assert rows[3][1].endswith("></td>")
    assert "✗ failed" in rows[3][2]


def test_summaries_are_escaped() -> None:
    assert "<b>no</b>" not in timeline_html(TIMELINE)
    assert "Boom: &lt;b&gt;no&lt;/b&gt;" in timeline_html(TIMELINE).replace("<wbr>", "")


def test_no_events_is_a_timeline_too() -> None:
    assert Timeline(()).text == "Timeline of both executions"
    assert "<tbody></tbody>" in timeline_html(Timeline(()))
