"""The errors a person meets, as one small family.

XsfnError
├── InvalidScenario      a name, id or region that AWS, or the chain, would deny
├── ConfigError          a setting that doesn't exist, can't be read or contradicts the running sandbox
├── PolicyError          a policy document that AWS would deny        (xsfn_helpers.iam)
│   └── Unsupported      a policy feature the decision engine doesn't cover
├── SandboxError         the sandbox couldn't be started, found or reached
├── RoomError            a shared room can't be opened, joined or reached
├── AwsUnavailable       AWS can't be reached, or there are no credentials that it takes
├── AgreementNeeded      something in AWS accounts would be changed, and nobody has said yes to it
├── StepError            a stage couldn't be applied or undone
├── RunError             a run hasn't ended in the time given
├── ToolMissing          a program that this needs, such as Node.js, isn't installed
└── NoDotProgram         Graphviz isn't installed: the picture is missing, the text is there

Each says what was wrong, where, and what to do.
"""

from __future__ import annotations

from xsfn_helpers.common.language import sentences


class XsfnError(Exception):
    """What was wrong, where, and what to do about it.

    `what` is a full sentence; `where` names the field, file or account (may be empty);
    `fix` is the next step for the reader (may be empty).
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what = what
        self.where = where
        self.fix = fix
        super().__init__(what)  # pickle and copy call it again with just this, then set the rest

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        return f"{where}{sentences(self.what, self.fix)}"


class InvalidScenario(XsfnError, ValueError):
    """A name, account ID or region that AWS, or the access chain, would deny."""


class ConfigError(XsfnError, ValueError):
    """A setting (keyword, option, environment variable, line of xsfn.toml) that can't be used."""


class SandboxError(XsfnError, RuntimeError):
    """The sandbox couldn't be started, found or reached."""


class RoomError(XsfnError, RuntimeError):
    """A shared room couldn't be opened, joined or reached, or denies what it was asked."""


class AwsUnavailable(XsfnError, RuntimeError):
    """AWS can't be reached, or there are no credentials that it takes. Nothing was changed by this call."""


class AgreementNeeded(XsfnError, RuntimeError):
    """A call would change an AWS account, and nobody has said yes to that. It wasn't sent."""


class StepError(XsfnError, RuntimeError):
    """A stage couldn't be applied, checked or undone."""


class RunError(XsfnError, TimeoutError):
    """A run hasn't ended in the time it was given; it still goes on."""


class ToolMissing(XsfnError, RuntimeError):
    """A program or library that this needs isn't installed; everything else works without it."""


class NoDotProgram(XsfnError, RuntimeError):
    """Graphviz's `dot` isn't installed, so there is no picture; the text form is complete without it."""
