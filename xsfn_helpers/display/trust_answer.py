"""A question about a trust policy, answered twice, as a table; its text form is `str(answer)`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from xsfn_helpers.common.language import tr
from xsfn_helpers.display.attempt import attempt_html
from xsfn_helpers.display.markup import CELL, PLAIN_ROW, TABLE, code_block, escape
from xsfn_helpers.display.verdict import explanation_rows, state_pill
from xsfn_helpers.iam import explain

if TYPE_CHECKING:
    from xsfn_helpers.deployment.checks.trust_trial import TrialAnswer


def answer_html(answer: TrialAnswer) -> str:
    """The prediction, the evaluation of the trust policy in question, and the answer of the real call."""
    state = state_pill(allowed=answer.decision.allowed)
    policy = json.dumps(answer.trust["Statement"], indent=2)
    code = code_block(policy)
    engine = tr("Evaluated from the policies:")
    rows = [
        _row(tr("The trust policy"), code),
        explanation_rows(explain(answer.decision).text.splitlines()),
        _row(tr("The real call"), f'<div style="margin:-8px 0">{attempt_html(answer.aws)}</div>'),
    ]
    prediction = f"<p><b>{escape(answer.prediction)}</b></p>" if answer.prediction else ""
    return (
        f"{prediction}<p><b>{escape(engine)}</b> {state}</p>"
        f'<table style="{TABLE}"><tbody>{"".join(rows)}</tbody></table>'
        f"<p>{escape(answer.agreement)}</p>"
    )


def _row(head: str, beside: str) -> str:
    return (
        f'<tr style="{PLAIN_ROW}"><th scope="row" style="{CELL};white-space:nowrap">{head}</th>'
        f'<td style="{CELL};overflow-wrap:break-word">{beside}</td></tr>'
    )
