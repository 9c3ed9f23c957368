"""The names that infrastructure code adds to the scenario's: one stack for each account."""

from __future__ import annotations

import re

from xsfn_helpers.scenario import Side


def stack_name(lab_id: str, side: Side) -> str:
    """The stack of one account. A stack's name takes letters, digits and hyphens only."""
    return f"xsfn-{re.sub('[^A-Za-z0-9]', '-', lab_id)}-{side.value}"
