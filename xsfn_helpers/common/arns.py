"""ARNs taken apart: whose they are, where, and what they name. Pure.

Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

_PARTS: Final = 6
# A part that is filled in at deployment stands as `${NAME}`.
_NAME: Final = r"(?P<name>(?:[\w+=,.@-]|\$\{[\w.@-]+\})+)"
_ROLE: Final = re.compile(rf"role/(?:[!-~]+/)?{_NAME}", re.ASCII)
_SESSION: Final = re.compile(rf"assumed-role/{_NAME}/.+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Arn:
    """The six parts of an ARN; `rest` is everything after the fifth colon."""

    partition: str
    service: str
    region: str
    account: str
    rest: str

    @classmethod
    def parse(cls, text: str) -> Arn | None:
        """The ARN that `text` is; None where it is none."""
        parts = text.split(":", _PARTS - 1)
        if len(parts) < _PARTS or parts[0] != "arn" or not parts[2] or not parts[5]:
            return None
        return cls(*parts[1:])

    @classmethod
    def of(cls, text: str) -> Arn:
        """The ARN that `text` is known to be. Raises `ValueError` where it is none."""
        found = cls.parse(text)
        if found is None:
            raise ValueError(f"{text!r} is no ARN")
        return found

    @property
    def kind(self) -> str:
        """What Step Functions' ARNs name: `stateMachine`, `execution`, `express` …; else the part before a slash."""
        return re.split("[:/]", self.rest, maxsplit=1)[0]

    @property
    def role_name(self) -> str:
        """The role's name without its path; empty where this is no role's ARN."""
        found = _ROLE.fullmatch(self.rest) if self.service == "iam" else None
        return found["name"] if found else ""

    @property
    def session_role(self) -> str:
        """The name of the role that an assumed-role session is of; empty for every other ARN."""
        found = _SESSION.fullmatch(self.rest) if self.service == "sts" else None
        return found["name"] if found else ""

    @property
    def machine_name(self) -> str:
        """The state machine's name, of its own ARN, a version's, an alias's or an execution's."""
        if self.service != "states" or self.kind not in ("stateMachine", "execution", "express"):
            return ""
        # The child executions of a Distributed Map are NAME/LABEL:
        # docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
        return self.rest.split(":")[1].partition("/")[0] if ":" in self.rest else ""

    def moved(self, *, account: str | None = None, region: str | None = None) -> Arn:
        """The same thing in another account or region."""
        return replace(self, account=account or self.account, region=self.region if region is None else region)

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.rest}"


def machine_arn(arn: str) -> str:
    """The state machine's own ARN, from that of a version, an alias or an execution; any other text as it is."""
    found = Arn.parse(arn)
    if found is None or not found.machine_name:
        return arn
    return str(replace(found, rest=f"stateMachine:{found.machine_name}"))


def account_of(arn: str) -> str:
    """The account an ARN belongs to; empty where it has none."""
    found = Arn.parse(arn)
    return found.account if found else ""


def service_of(arn: str) -> str:
    """The service whose thing an ARN names; empty where it is none."""
    found = Arn.parse(arn)
    return found.service if found else ""


def role_name(arn: str) -> str:
    """The name of the role that `arn` names; empty where it is no role's ARN."""
    found = Arn.parse(arn)
    return found.role_name if found else ""
