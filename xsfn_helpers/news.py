"""What happens in a lab, told as it happens to whoever wants to see it: the live displays.

Without listeners nothing is looked up and nothing costs time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xsfn_helpers.checks import Report
    from xsfn_helpers.runs import Run
    from xsfn_helpers.scenario import Side


@dataclass(frozen=True, slots=True)
class Called:
    """AWS has carried out a call that may have changed an account; `names` are the names and ARNs in it."""

    side: Side
    operation: str
    names: frozenset[str]

    @property
    def is_of_executions(self) -> bool:
        """Whether it only starts or stops something: what stands is as before."""
        return self.operation in ("StartExecution", "StopExecution", "StartSyncExecution")


@dataclass(frozen=True, slots=True)
class Checked:
    """The lab has been checked."""

    report: Report


@dataclass(frozen=True, slots=True)
class Looked:
    """A run as it stands now."""

    run: Run


Event = Called | Checked | Looked
Listener = Callable[[Event], None]


class News:
    """Tells its listeners each event at once, in the thread in which it happens."""

    def __init__(self) -> None:
        self._listeners: tuple[Listener, ...] = ()
        self._changing = Lock()

    @property
    def wanted(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` every event from now on; gives the call that ends it, which can be repeated."""
        with self._changing:
            self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            with self._changing:
                self._listeners = tuple(one for one in self._listeners if one != listener)

        return unsubscribe

    def tell(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)
