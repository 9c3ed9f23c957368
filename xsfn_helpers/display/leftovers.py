"""Leftovers as HTML: what would be removed as a table, the rest as sentences; their text form is their `str`."""

from __future__ import annotations

from collections.abc import Iterable

from xsfn_helpers.chain.plan import Plan
from xsfn_helpers.display.markup import escape
from xsfn_helpers.display.plan import plan_html


def leftovers_html(plan: Plan, lines: Iterable[str]) -> str:
    """`lines` are the whole text form; what comes after the plan's own lines is told below the table."""
    below = list(lines)[len(str(plan).splitlines()) :]
    return plan_html(plan) + "".join(f"<p>{escape(line)}</p>" for line in below)
