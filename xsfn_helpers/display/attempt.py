"""How one call was answered, as HTML; its text form is `str(attempt)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsfn_helpers.display.markup import escape, pill
from xsfn_helpers.display.palette import ALLOWED_BLUE, REFUSED_VERMILION

if TYPE_CHECKING:
    from xsfn_helpers.aws.attempt import Attempt


def attempt_html(attempt: Attempt) -> str:
    """Mark and word, and for a denial its code, with the message below."""
    if attempt.allowed:
        return f"<p>{pill(attempt.verdict, ALLOWED_BLUE)}</p>"
    return (
        f"<p>{pill(attempt.verdict, REFUSED_VERMILION)} <b>{escape(attempt.code)}</b></p>"
        f'<p style="overflow-wrap:anywhere">{escape(attempt.message)}</p>'
    )
