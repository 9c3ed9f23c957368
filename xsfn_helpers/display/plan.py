"""A `Plan` as an HTML table; its text form is `str(plan)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xsfn_helpers.chain.plan import Action, Change, Plan
from xsfn_helpers.display.markup import CELL, PLAIN_ROW, TABLE, code_block, escape, pill
from xsfn_helpers.display.palette import ALLOWED_BLUE, PENDING_GREY, REFUSED_VERMILION, Colour

if TYPE_CHECKING:
    from collections.abc import Mapping

_COLOURS: Final[Mapping[Action, Colour]] = {
    Action.CREATE: ALLOWED_BLUE,
    Action.CHANGE: ALLOWED_BLUE,
    Action.LEAVE: PENDING_GREY,
    Action.REMOVE: REFUSED_VERMILION,
    Action.NOT_OURS: REFUSED_VERMILION,
    Action.ADOPT: PENDING_GREY,
    Action.PUT_BACK: ALLOWED_BLUE,
    Action.MISSING: REFUSED_VERMILION,
}


def plan_html(plan: Plan) -> str:
    """A row for each thing: sign and verb, the thing, its account, and below it the reasons or the difference."""
    if not plan.changes:
        return f"<p>{escape(str(plan))}</p>"
    rows = "".join(_row(change, done=plan.done) for change in plan)
    return f'<p><b>{escape(plan.title)}</b></p><table style="{TABLE}"><tbody>{rows}</tbody></table>'


def _row(change: Change, *, done: bool) -> str:
    verb = f"{change.action.sign} {change.verb(done=done)}"
    details = "\n".join(change.details)
    # A difference has the whole width: beside what else is in the row it would be a column of syllables.
    cell = f"{CELL};border-bottom:0" if details else CELL
    below = f'<tr style="{PLAIN_ROW}"><td colspan="3" style="{CELL}">{code_block(details)}</td></tr>' if details else ""
    return (
        f'<tr style="{PLAIN_ROW}"><td style="{cell}">{pill(verb, _COLOURS[change.action])}</td>'
        f'<td style="{cell};overflow-wrap:break-word">{escape(change.thing)}</td>'
        f'<td style="{cell}">{escape(str(change.account))}</td></tr>{below}'
    )
