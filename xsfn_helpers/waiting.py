"""Why it takes a moment: a wait told while it lasts, with its reason and its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from xsfn_helpers.language import mark, tr
from xsfn_helpers.scenario import Account


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is waited for and why, and for how long so far, of at most how many seconds."""

    account: Account
    what: str
    reason: str
    waited: float
    at_most: float

    def __str__(self) -> str:
        return tr(
            "… {what} in {account}: {reason} ({waited:.0f} s of at most {at_most:.0f} s)",
            what=self.what,
            account=self.account,
            reason=self.reason,
            waited=self.waited,
            at_most=self.at_most,
        )


IAM_SPREADS: Final = mark(
    "IAM is still spreading a change of a moment ago, which takes seconds, at times a minute or two"
)
