"""What the engine denies: policies AWS would deny, requests that make no sense, features it doesn't cover."""

from __future__ import annotations

from typing import Final

from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.language import tr

MALFORMED: Final = "MalformedPolicyDocument"


class PolicyError(XsfnError, ValueError):
    """A policy document that AWS would deny.

    `code` and `message` are what AWS answers (its words where they are known); `detail` says what
    in this very document is wrong; `line` and `column` (both from 1) point into the text that was given.
    """

    def __init__(
        self,
        message: str,
        *,
        detail: str = "",
        code: str = MALFORMED,
        policy: str = "",
        line: int | None = None,
        column: int | None = None,
        fix: str = "",
    ) -> None:
        self.message = message
        self.detail = detail
        self.code = code
        self.policy = policy
        self.line = line
        self.column = column
        place = tr("line {line}, column {column}", line=line, column=column) if line is not None else ""
        # AWS's messages end with or without a full stop; `message` stays as AWS writes it.
        stop = "" if not detail or message.endswith((".", "!")) else "."
        super().__init__(
            f"{code}: {message}{stop} {detail}".rstrip(),
            where=", ".join(part for part in (policy, place) if part),
            fix=fix,
        )


class Unsupported(PolicyError):
    """Something IAM has and this engine doesn't cover. It is denied in words, never guessed."""

    def __init__(
        self, what: str, *, policy: str = "", line: int | None = None, column: int | None = None, fix: str = ""
    ) -> None:
        super().__init__(what, code="Unsupported", policy=policy, line=line, column=column, fix=fix)

    def __str__(self) -> str:
        where = f" ({self.where})" if self.where else ""
        fix = f" {self.fix}" if self.fix else ""
        return f"{self.what}{where}{fix}"


class InvalidRequest(XsfnError, ValueError):
    """A request or principal that AWS could never have been asked."""


class TooMuchWork(InvalidRequest):
    """Patterns and values of which nobody can say within a second or so whether they match."""

    def __init__(self) -> None:
        super().__init__(tr("So many and long values, or patterns with ?, take too long to compare."))
