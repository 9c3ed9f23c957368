"""What the editor of a policy shows, as plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from xsfn_helpers.chain.document_places import PolicyPlace
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.chain.what_if import WhatIf
from xsfn_helpers.common.language import tr
from xsfn_helpers.display.live.editing import Desk
from xsfn_helpers.display.live.judgement_view import Remark, RiskView, TurnView, remark_views, risk_views, turn_views


@dataclass(frozen=True, slots=True)
class EditorView:
    """Everything the front end draws but the picture. `answers` is the edit that this is the answer to."""

    title: str
    where: str
    label: str
    text: str
    answers: str
    accepted: bool
    verdict: str
    headline: str
    remarks: tuple[Remark, ...]
    notes: tuple[str, ...]
    risks: tuple[RiskView, ...]
    links: tuple[TurnView, ...]
    differs: tuple[str, ...]
    apply: str
    can_apply: bool
    can_reset: bool
    can_go_back: bool
    said: str
    trouble: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def editor_view(scenario: Scenario, place: PolicyPlace, desk: Desk, report: WhatIf) -> EditorView:
    """What to show of the text on the desk, judged."""
    (document,) = report.documents
    account = scenario.account(place.side)
    return EditorView(
        title=tr("Edit: {document}", document=place.title),
        where=tr("{account}, role {role}", account=account, role=place.role_name(scenario)),
        label=tr("The {document} as JSON", document=place.title),
        text=desk.text,
        answers=desk.answers,
        accepted=document.accepted,
        verdict=document.short_verdict,  # the fault itself stands below, with its place
        headline=report.headline,
        remarks=remark_views(document),
        notes=report.notes,
        risks=risk_views(report),
        links=turn_views(report),
        differs=document.differs,
        apply=tr("Apply in the {account}", account=account),
        can_apply=document.accepted and not document.is_stored,
        can_reset=desk.can_reset,
        can_go_back=desk.can_go_back,
        said=desk.said,
        trouble=desk.trouble,
    )
