"""The workflow graph of one of the setup's two state machines, as it is stored, or as its stage would make it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.machine_history import read_machine
from xsfn_helpers.display.pictures.workflow import Workflow

if TYPE_CHECKING:
    from xsfn_helpers.deployment.deployment import Deployment
    from xsfn_helpers.deployment.runs import Run


def workflow_of(deployment: Deployment, side: Side, run: Run | None = None) -> Workflow:
    """The graph of the Operator's or the Subject's machine; a `run` colours each state by what became of it."""
    stages = deployment.stages
    machine = stages.operator_machine if side is Side.OPERATOR else stages.subject_machine
    read = read_machine(deployment.environment, machine.side, run)
    title = tr("Workflow of {name} ({account})", name=machine.name, account=machine.account)
    if read.definition is None:
        return Workflow(
            machine.definition, read.events, tr("{title}, doesn't exist yet", title=title), machine.account.id
        )
    return Workflow(read.definition, read.events, title, machine.account.id)
