"""What is evaluated only: nobody signs in from elsewhere here, and no organization owns these accounts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import EllipsisType
from typing import Any, Final

from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.common.renderable import Renderable
from xsfn_helpers.iam import Decision, explain

EXPECTATIONS: Final = ("allowed", "denied")
_SAID: Final = {"allowed": mark("allowed"), "denied": mark("denied")}


@dataclass(frozen=True, slots=True)
class Gap(Renderable):
    """A prediction that doesn't exist yet: nothing was tried, and no answer is shown."""

    choices: tuple[str, ...]

    def __str__(self) -> str:
        return tr(
            "Your prediction first: replace ... with {choices}, and run the cell again.",
            choices=tr(" or ").join(f'"{choice}"' for choice in self.choices),
        )


@dataclass(frozen=True, slots=True)
class TrustEvaluation(Renderable):
    """One question, answered from policies alone. `rcp` is a policy of the organization that has the role's account."""

    trust: Mapping[str, Any]
    rcp: Mapping[str, Any] | None
    decision: Decision
    expected: str = ""

    def __str__(self) -> str:
        told = [prediction(self.expected, allowed=self.decision.allowed)] if self.expected else []
        told.append(tr("The trust policy: {statement}", statement=json.dumps(self.trust["Statement"])))
        if self.rcp is not None:
            told.append(tr("The resource control policy: {statement}", statement=json.dumps(self.rcp["Statement"])))
        told.append(tr("Evaluated from the policies: {text}", text=explain(self.decision).text))
        return "\n".join(told)


def checked(expect: str | EllipsisType) -> Gap | str:
    """The reader's own answer, or the gap where it belongs. Raises `ConfigError` for what is no answer."""
    if isinstance(expect, EllipsisType):
        return Gap(EXPECTATIONS)
    if expect and expect not in EXPECTATIONS:
        raise ConfigError(
            tr("There is no answer {expect!r}.", expect=expect),
            where="expect",
            fix=tr("Replace it with one of {names}.", names=", ".join(map(repr, EXPECTATIONS))),
        )
    return expect


def prediction(expected: str, *, allowed: bool) -> str:
    """What was expected, beside what it was; empty where nothing was."""
    if not expected:
        return ""
    came = EXPECTATIONS[0] if allowed else EXPECTATIONS[1]
    if expected == came:
        return tr("✓ You expected {expected}, and it was.", expected=tr(_SAID[came]))
    return tr("✗ You expected {expected}, and it was {came}.", expected=tr(_SAID[expected]), came=tr(_SAID[came]))
