"""What would become of the chain, as plain data for the editors' front ends."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from xsfn_helpers.chain.document_review import JudgedDocument
from xsfn_helpers.chain.scenario import Account
from xsfn_helpers.chain.what_if import Effect, NewAccess, WhatIf
from xsfn_helpers.common.language import tr
from xsfn_helpers.display.live.editing import Desk
from xsfn_helpers.display.markup import sentence
from xsfn_helpers.display.what_if_report import risk_title, turn_state
from xsfn_helpers.iam import PolicyError


@dataclass(frozen=True, slots=True)
class Remark:
    """Something in the text at a line and column; `kind` is "fault" or "warning"."""

    kind: str
    line: int
    column: int
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class TurnView:
    """What would become of one link: `why`, and, where it changes, what decides it `now`; `hint` is how to mend it."""

    number: int
    action: str
    between: str
    state: str
    word: str
    changes: bool
    why: str
    now: str
    hint: str


@dataclass(frozen=True, slots=True)
class RiskView:
    title: str
    evidence: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskView:
    """What the front ends of both editors draw but the picture. `answers` is the edit that this is the answer to."""

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


def judged(desk: Desk, report: WhatIf, account: Account, *, accepted: bool) -> dict[str, Any]:
    """What both show in the same way: the text on the desk, judged, and what can be done with it."""
    document = report.documents[0]
    return {
        "text": desk.text,
        "answers": desk.answers,
        "accepted": accepted,
        "verdict": document.short_verdict,  # the fault itself stands below, with its place
        "headline": report.headline,
        "notes": report.notes,
        "links": turn_views(report),
        "differs": document.differs,
        "apply": tr("Apply in the {account}", account=account),
        "can_apply": accepted and not document.is_stored,
        "can_reset": desk.can_reset,
        "can_go_back": desk.can_go_back,
        "said": desk.said,
        "trouble": desk.trouble,
    }


def remark_views(document: JudgedDocument) -> tuple[Remark, ...]:
    """The fault first, then the warnings."""
    fault = document.fault
    found = [
        Remark("warning", warning.line, warning.column, f"{warning.message} {warning.fix}", warning.source)
        for warning in document.warnings
    ]
    if isinstance(fault, PolicyError):
        words = " ".join(filter(None, [f"{fault.code}: {fault.message}", fault.detail, fault.fix]))
        found.insert(0, Remark("fault", fault.line or 1, fault.column or 1, words, ""))
    elif fault is not None:
        words = " ".join(filter(None, [f"{fault.code}: {fault.message}", fault.detail]))
        found.insert(0, Remark("fault", fault.line, fault.column, words, ""))
    return tuple(found)


def turn_views(report: WhatIf) -> tuple[TurnView, ...]:
    return tuple(_turn(effect) for effect in report.effects)


def _turn(effect: Effect) -> TurnView:
    turn = effect.turn
    link = (effect.after or effect.before).link
    return TurnView(
        number=effect.number,
        action=effect.before.link.action,
        between=f"{tr(link.asker)} → {tr(link.target)}",
        state=turn_state(effect).name.lower(),
        word=f"{effect.mark} {tr(turn)}",
        changes=turn.changes,
        why=sentence(effect.evidence),
        now=tr("Now {now}.", now=effect.now) if turn.changes else "",
        hint=effect.hint,
    )


def risk_views(report: WhatIf) -> tuple[RiskView, ...]:
    return tuple(_risk(risk) for risk in report.risks)


def _risk(risk: NewAccess) -> RiskView:
    return RiskView(risk_title(risk), risk.check.evidence, risk.check.hint)
