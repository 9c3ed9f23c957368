"""A call that AWS may deny, told calmly: a denial is what the lesson is about, not an accident."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from xsfn_helpers.aws.errors import cause_code
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.renderable import Renderable
from xsfn_helpers.common.stable_text import stable

# AWS's codes for a request that isn't authenticated or allowed. Any other answer is about the request itself.
_DENIED: Final = frozenset(
    {"AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "UnrecognizedClientException", "Unauthorized"}
)


@dataclass(frozen=True, slots=True)
class Attempt(Renderable):
    """How a call was answered: allowed, or denied with code and message (without what changes from call to call).

    The answer is AWS's, or `by_lab`, which sends nothing that AWS would reject anyhow.
    """

    allowed: bool
    code: str = ""
    message: str = ""
    by_lab: bool = False

    @property
    def verdict(self) -> str:
        """`✓ AWS allowed it`, `✗ AWS denied it`; `✗ AWS rejected it` for what isn't about access."""
        if self.allowed:
            return tr("✓ AWS allowed it")
        if self.by_lab:
            return tr("✗ The lab rejected it")
        return tr("✗ AWS denied it") if self.code in _DENIED else tr("✗ AWS rejected it")

    def __str__(self) -> str:
        return self.verdict if self.allowed else f"{self.verdict}: {self.code}\n  {self.message}"


def attempt(call: Callable[..., object], /, **parameters: Any) -> Attempt:
    """Make one call, such as `attempt(client.start_execution, stateMachineArn=…)`, and tell how it was answered.

    What the call returns isn't kept, since it may hold credentials. An error that is neither AWS's nor the lab's is
    raised as it is.
    """
    from botocore.exceptions import ClientError

    try:
        call(**parameters)
    except ClientError as error:
        told = error.response["Error"]
        return Attempt(False, told["Code"], stable(told["Message"]))
    except XsfnError as error:
        # What AWS answered may come with the lab's advice.
        if code := cause_code(error):
            return Attempt(False, code, stable(str(error)))
        return Attempt(False, type(error).__name__, stable(str(error)), by_lab=True)
    return Attempt(True)
