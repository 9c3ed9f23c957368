"""How both accounts stand, as the diagram of the access chain."""

from __future__ import annotations

from xsfn_helpers.chain.report import Report
from xsfn_helpers.chain.snapshot import ChainSnapshot
from xsfn_helpers.common.language import tr
from xsfn_helpers.display.palette import LinkState
from xsfn_helpers.display.pictures.diagram import Diagram


def picture(standing: ChainSnapshot, report: Report | None = None) -> Diagram:
    """The diagram of `standing`. A `report` adds what was tried: a link whose live check failed is shown denied."""
    states: dict[int, LinkState] = {}
    notes: dict[int, str] = {}
    failed = {check.id: check for check in report or () if not check.passed}
    tried = {check.id for check in report or ()}
    for verdict in standing.verdicts:
        number = verdict.link.number
        live = f"link-{number}.live"
        if verdict.withheld:
            notes[number] = verdict.withheld
        elif verdict.missing is not None:
            notes[number] = tr("the {missing} doesn't exist yet", missing=tr(verdict.missing))
        elif not verdict.allowed or live in failed:
            states[number] = LinkState.REFUSED
            notes[number] = failed[live].evidence if live in failed else verdict.evidence
        else:
            states[number] = LinkState.ALLOWED
            if live in tried:
                notes[number] = tr("tried live")
    return Diagram(standing.scenario, states=states, notes=notes, absent=standing.absent)
