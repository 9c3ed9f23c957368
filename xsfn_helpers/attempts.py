"""A call that AWS may refuse, told calmly: a refusal is what the lesson is about, not an accident."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xsfn_helpers.wording import stable


@dataclass(frozen=True, slots=True)
class Attempt:
    """How AWS answered: allowed, or refused with its code and message (without what changes from call to call)."""

    allowed: bool
    code: str = ""
    message: str = ""

    def __str__(self) -> str:
        return "✓ AWS allowed it" if self.allowed else f"✗ AWS refused it: {self.code}\n  {self.message}"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(str(self))


def attempt(call: Callable[..., object], /, **parameters: Any) -> Attempt:
    """Make one AWS call, such as `attempt(client.start_execution, stateMachineArn=…)`, and tell how AWS answered.

    What the call returns isn't kept, since it may hold credentials. An error that isn't AWS's is raised as it is.
    """
    from botocore.exceptions import ClientError

    try:
        call(**parameters)
    except ClientError as error:
        told = error.response["Error"]
        return Attempt(False, told["Code"], stable(told["Message"]))
    return Attempt(True)
