"""What happens in a lab, told as it happens to whoever wants to see it: the live displays.

An event is any object; who makes one says what it means, and listeners take those they know.

Without listeners nothing is looked up and nothing costs time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

import botocore.session

from xsfn_helpers.chain.scenario import Scenario, Side


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


# A stack may hold any of the chain's things.
_OF_STACKS: Final = ("CreateStack", "UpdateStack", "DeleteStack")

Listener = Callable[[object], None]


def may_change(scenario: Scenario, called: Called) -> bool:
    """Whether a call may have changed how the accounts stand: it is about one of the chain's roles or machines, about
    a managed policy, or about a stack of things."""
    ours = {
        scenario.operator_role_name,
        scenario.execute_role_name,
        scenario.subject_role_name,
        scenario.operator_machine_name,
        scenario.subject_machine_name,
        scenario.operator_machine_arn,
        scenario.subject_machine_arn,
    }
    if called.is_of_executions:
        return False
    return (
        called.operation in _OF_STACKS or bool(ours & called.names) or any(":policy/" in name for name in called.names)
    )


class Events:
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

    def publish(self, event: object) -> None:
        for listener in self._listeners:
            listener(event)


def tell_changes(session: botocore.session.Session, side: Side, events: Events) -> None:
    """Let `events` hear of every call of this session, to IAM and what uses it, that is no mere reading.

    Calls that `events` itself gives rise to are readings, so it never hears of those.
    """

    def remember(**event: Any) -> None:
        event["context"][_NAMES] = frozenset(value for value in event["params"].values() if isinstance(value, str))

    def tell(**event: Any) -> None:
        operation = event["model"].name
        if event["http_response"].status_code < _FIRST_ERROR and not operation.startswith(READINGS):
            events.publish(Called(side, operation, event["context"].get(_NAMES, frozenset())))

    for service in ("iam", "sfn", "cloudformation"):
        session.register(f"before-parameter-build.{service}", remember)
        session.register(f"after-call.{service}", tell)


_FIRST_ERROR: Final = 300
READINGS: Final = ("Get", "List", "Describe", "Simulate", "Validate")
_NAMES: Final = "xsfn_names"
