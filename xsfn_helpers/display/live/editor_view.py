"""What the editor of a policy shows, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from xsfn_helpers.chain.document_places import PolicyPlace
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.chain.what_if import WhatIf
from xsfn_helpers.common.language import tr
from xsfn_helpers.display.live.editing import Desk
from xsfn_helpers.display.live.judgement_view import DeskView, RiskView, judged, remark_views, risk_views


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorView(DeskView):
    """The judgement of a policy, with whoever else would get in."""

    risks: tuple[RiskView, ...]


def editor_view(scenario: Scenario, place: PolicyPlace, desk: Desk, report: WhatIf) -> EditorView:
    """What to show of the text on the desk, judged."""
    (document,) = report.documents
    account = scenario.account(place.side)
    return EditorView(
        title=tr("Edit: {document}", document=place.title),
        where=tr("{account}, role {role}", account=account, role=place.role_name(scenario)),
        label=tr("The {document} as JSON", document=place.title),
        remarks=remark_views(document),
        risks=risk_views(report),
        **judged(desk, report, account, accepted=document.accepted),
    )
