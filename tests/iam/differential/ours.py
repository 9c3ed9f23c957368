"""This project's engine, asked as other tools ask it: one JSON line a case."""

from __future__ import annotations

import json

from tests.iam.differential.questions import DERIVED, Json
from xsfn_helpers.iam import Outcome
from xsfn_helpers.iam.jsonlines import decide_line


def outcome(question: Json) -> Outcome:
    """What the engine decides. Raises its errors: every generated case is valid and covered."""
    return decide_line(json.dumps(question)).outcome


def without_derived_keys(question: Json) -> Json:
    """The same question without the keys that follow from caller and resource.

    The ARN of a role with a path doesn't follow from its session's ARN, so there it stays.
    """
    asked = question["request"]
    follows = DERIVED if "/team/" not in str(asked["context"]) else DERIVED - {"aws:principalarn"}
    context = {key: value for key, value in asked["context"].items() if key.lower() not in follows}
    return {**question, "request": {**asked, "context": context}}
