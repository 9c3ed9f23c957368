"""Run a Step Functions state machine in another AWS account, step by step, on two sandbox accounts.

from xsfn_helpers import open_lab

lab = open_lab()          # two accounts on this machine, IAM enforced
lab.set_stage(3)           # prerequisites and the article's three stages
print(lab.check())        # each link decided from the policies and tried live
run = lab.run()           # Operator starts Subject, across accounts
print(run.output["Output"]["Message"])
print(lab.clean())        # nothing stays
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from xsfn_helpers.common.browser import in_browser

if TYPE_CHECKING:
    from xsfn_helpers.aws.attempt import attempt
    from xsfn_helpers.aws.seat import join_room, leave_room
    from xsfn_helpers.aws.target_choice import choose_target
    from xsfn_helpers.chain.article import Article
    from xsfn_helpers.chain.scenario import Scenario, Side
    from xsfn_helpers.common.errors import XsfnError
    from xsfn_helpers.common.json_text import json_text
    from xsfn_helpers.lab.lab import Lab
    from xsfn_helpers.lab.opening import open_hub, open_lab
    from xsfn_helpers.lab.rehearsal import rehearse

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
    "Article": "xsfn_helpers.chain.article",
    "Lab": "xsfn_helpers.lab.lab",
    "Scenario": "xsfn_helpers.chain.scenario",
    "Side": "xsfn_helpers.chain.scenario",
    "XsfnError": "xsfn_helpers.common.errors",
    "attempt": "xsfn_helpers.aws.attempt",
    "choose_target": "xsfn_helpers.aws.target_choice",
    "join_room": "xsfn_helpers.aws.seat",
    "json_text": "xsfn_helpers.common.json_text",
    "leave_room": "xsfn_helpers.aws.seat",
    "open_hub": "xsfn_helpers.lab.opening",
    "open_lab": "xsfn_helpers.lab.opening",
    "rehearse": "xsfn_helpers.lab.rehearsal",
}


if in_browser():
    # Before anything starts a thread or makes a lock.
    import_module("xsfn_helpers.common.browser.start").begin()
# The module that registers how things look. Loaded when the first of them is shown: who only prints needs no pages.
RENDERERS: Final = "xsfn_helpers.display.renderers"
# Chapters that notebooks import as they are: `from xsfn_helpers import documents`.
_CHAPTERS: Final = {
    "documents": "xsfn_helpers.chain.documents",
    "tab": "xsfn_helpers.lab.tab",
    "targets": "xsfn_helpers.chain.targets",
}


def __getattr__(name: str) -> Any:
    if name in _CHAPTERS:
        return import_module(_CHAPTERS[name])
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
