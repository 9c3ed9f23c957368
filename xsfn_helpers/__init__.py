"""Run a Step Functions state machine in another AWS account, step by step, on two sandbox accounts.

from xsfn_helpers import open_lab

lab = open_lab()          # two accounts on this machine, IAM enforced
lab.at_stage(3)           # prerequisites and the article's three stages
print(lab.check())        # each link decided from the policies and tried live
run = lab.run()           # Operator starts Subject, across accounts
print(run.output["Output"]["Message"])
print(lab.clean())        # nothing stays
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from xsfn_helpers.article import Article
    from xsfn_helpers.attempts import attempt
    from xsfn_helpers.documents import json_text
    from xsfn_helpers.errors import XsfnError
    from xsfn_helpers.hub import open_hub
    from xsfn_helpers.lab import Lab, open_lab
    from xsfn_helpers.rehearsal import rehearse
    from xsfn_helpers.room.seat import join_room, leave_room
    from xsfn_helpers.scenario import Scenario, Side
    from xsfn_helpers.target_choice import choose_target

__all__ = [
    "Article",
    "Lab",
    "Scenario",
    "Side",
    "XsfnError",
    "attempt",
    "choose_target",
    "join_room",
    "json_text",
    "leave_room",
    "open_hub",
    "open_lab",
    "rehearse",
]

# Loaded when first used: a notebook that only prints a policy needs no boto3.
_HOMES: Final = {
    "Article": "xsfn_helpers.article",
    "Lab": "xsfn_helpers.lab",
    "Scenario": "xsfn_helpers.scenario",
    "Side": "xsfn_helpers.scenario",
    "XsfnError": "xsfn_helpers.errors",
    "attempt": "xsfn_helpers.attempts",
    "choose_target": "xsfn_helpers.target_choice",
    "join_room": "xsfn_helpers.room.seat",
    "json_text": "xsfn_helpers.documents",
    "leave_room": "xsfn_helpers.room.seat",
    "open_hub": "xsfn_helpers.hub",
    "open_lab": "xsfn_helpers.lab",
    "rehearse": "xsfn_helpers.rehearsal",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
