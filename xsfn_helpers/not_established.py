"""What isn't established of AWS, told to the reader: the few points of the walkthrough, or all of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Self

from xsfn_helpers.language import tr
from xsfn_helpers.sandbox.choices import CHOICES, Choice, as_markdown

# Those that somebody who does the walkthrough on accounts of their own is likely to meet.
LIKELY_MET: Final = ("one-text", "describe-refused", "external-id", "session-name", "session-length")


@dataclass(frozen=True, slots=True)
class NotEstablished:
    """Points that nobody has written down of AWS, each with what the sandbox does there."""

    choices: tuple[Choice, ...]

    @classmethod
    def likely_met(cls) -> Self:
        """The few of the walkthrough."""
        return cls(tuple(choice for choice in CHOICES if choice.id in LIKELY_MET))

    @classmethod
    def everything(cls) -> Self:
        """All of them, in the order in which a learner may meet them."""
        return cls(CHOICES)

    @property
    def title(self) -> str:
        count, whole = len(self.choices), len(CHOICES)
        if count == whole:
            return tr("Not established of AWS: all {whole} points.", whole=whole)
        return tr(
            "Not established of AWS: {count} of {whole} points. lab.not_established(everything=True) has the rest.",
            count=count,
            whole=whole,
        )

    def __str__(self) -> str:
        lines = [self.title]
        for choice in self.choices:
            lines += [
                f"  ? {tr(choice.question)}",
                tr("    The sandbox {answer}.", answer=tr(choice.answer)),
                tr("    Why: {why}.", why=tr(choice.why)),
            ]
        return "\n".join(lines)

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        return {"text/markdown": f"{self.title}\n\n{as_markdown(self.choices)}", "text/plain": str(self)}
