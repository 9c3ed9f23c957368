"""How long changes in IAM take to be seen, and how a wait is told while it lasts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from xsfn_helpers.chain.scenario import Account
from xsfn_helpers.common.language import mark, tr

T = TypeVar("T")


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


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two looks at an execution, and seconds a fresh IAM change may take to be seen everywhere.

    IAM is eventually consistent: docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html
    """

    poll: float
    propagation: float

    def pauses(self) -> Iterator[float]:
        """Seconds before each look at something that ends by itself: often at first, and seldom at what takes longer.

        A hundred who wait would else keep the sandbox busy that they wait for. On AWS it is soon `poll` seconds.
        """
        pause, longest = self.poll / 4, max(self.poll, _LONGEST_PAUSE)
        while True:
            yield pause
            pause = min(pause * 2, longest)

    def wait_until(
        self,
        done: Callable[[T], bool],
        look: Callable[[], T],
        *,
        timeout: float,
        seen: T | None = None,
        pause_first: bool = False,
    ) -> tuple[T, bool]:
        """Look until what is seen is `done`, for at most `timeout` seconds: the last look, and whether it is done.

        `seen` is what was seen a moment ago. `pause_first` is for what can't be done yet, so that the first look isn't
        in vain. Raises what `look` raises.
        """
        deadline, pauses = time.monotonic() + timeout, self.pauses()
        if pause_first:
            time.sleep(next(pauses))
        last = look() if seen is None else seen
        while not done(last):
            if time.monotonic() > deadline:
                return last, False
            time.sleep(next(pauses))
            last = look()
        return last, True


_LONGEST_PAUSE: Final = 0.2
