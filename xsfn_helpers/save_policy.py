"""One policy document saved where it lives, and nothing else changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsfn_helpers.aws_errors import told
from xsfn_helpers.faults.stored_documents import save_documents
from xsfn_helpers.ground import refuse_foreign
from xsfn_helpers.language import tr
from xsfn_helpers.policy_places import PolicyPlace
from xsfn_helpers.roles import read_role

if TYPE_CHECKING:
    from xsfn_helpers.lab import Lab


def save_policy(lab: Lab, place: PolicyPlace, text: str) -> str:
    """Save `text` in its place and say what was done. Where its role isn't made yet, its stage is applied with it.

    Raises `PolicyError` for a text that AWS would refuse, and `StepError` when AWS refuses the call, when the role
    isn't the lab's, or when something that comes before is missing.
    """
    ground, account = lab.ground, lab.scenario.account(place.side)
    name = place.role_name(lab.scenario)
    with lab.turn():
        with told(account):
            role = read_role(ground.iam(place.side), name)
        if role is None:
            with_text = lab.using(**{place.document: text})
            step = with_text.steps.stage(place.stage) if place.stage else with_text.steps.prerequisites
            step.apply()
            return tr("{title}: applied with this document.", title=step.title)
        if not ground.owns(role.tags):
            refuse_foreign(ground.not_ours(account, tr("role {name}", name=name), role.tags))
        save_documents(ground, lab.blueprint, {place.document: text})
    return tr("Saved in the {account}: the {title}.", account=account, title=place.title)
