"""What can be changed while the sandbox runs: one small file in its state folder, which only its owner can write."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.common.language import tr
from xsfn_helpers.sandbox.gateway.propagation import LONGEST_SECONDS
from xsfn_helpers.sandbox.process.state import SandboxFolder


@dataclass(frozen=True, slots=True)
class Delays:
    """How many seconds a change in IAM takes to count: everywhere, and in the accounts that differ."""

    everywhere: float = 0.0
    by_account: Mapping[str, float] = field(default_factory=dict)
    # Whether Lambda functions run: besides the delays, the one thing that can be changed.
    functions: bool = True

    def of(self, account_id: str) -> float:
        return self.by_account.get(account_id, self.everywhere)

    @property
    def longest(self) -> float:
        return max(self.everywhere, *self.by_account.values(), 0.0)


class SandboxSettings:
    """The settings in a state folder; a missing or unreadable file means the defaults. Read again when changed."""

    def __init__(self, folder: SandboxFolder) -> None:
        self._folder = folder
        self._file = folder.settings
        self._read_at = -1
        self._delays = Delays()

    @property
    def propagation_seconds(self) -> float:
        """How long a change in IAM takes to count for decisions; 0, the default, is at once."""
        return self.delays.everywhere

    @property
    def delays(self) -> Delays:
        """How long a change in IAM takes to count for decisions, by account."""
        try:
            changed = self._file.stat().st_mtime_ns
        except OSError:
            return Delays()
        if changed != self._read_at:
            self._delays = self._stored()
            self._read_at = changed
        return self._delays

    @property
    def runs_functions(self) -> bool:
        """Whether the code of Lambda functions is run."""
        return self.delays.functions

    def let_functions_run(self, wanted: bool) -> None:
        """Run the code of Lambda functions from now on, or don't. Raises `SandboxError` where that can't be kept."""
        if wanted != self.runs_functions:
            self._write(replace(self.delays, functions=wanted))

    def delay(self, seconds: float, account_ids: Iterable[str] | None = None) -> None:
        """Let changes take so long, in these accounts or in all.

        Raises `SandboxError` beyond 0 to 2 minutes, and where the folder can't be used.
        """
        if not 0 <= seconds <= LONGEST_SECONDS:
            raise SandboxError(
                tr("{seconds} is not a propagation delay.", seconds=seconds),
                where="propagation seconds",
                fix=tr("Choose 0 (off) to {longest_seconds:.0f}.", longest_seconds=LONGEST_SECONDS),
            )
        if account_ids is None:
            later = Delays(float(seconds), functions=self.delays.functions)
        else:
            others = self.delays.by_account
            later = replace(self.delays, by_account={**others, **dict.fromkeys(account_ids, float(seconds))})
        self._write(later)

    def _write(self, delays: Delays) -> None:
        by_account = {one: seconds for one, seconds in delays.by_account.items() if seconds != delays.everywhere}
        kept = {"propagation_seconds": delays.everywhere, "by_account": by_account}
        self._folder.keep(self._file.name, kept if delays.functions else {**kept, "functions": False})

    def _stored(self) -> Delays:
        try:
            stored = json.loads(self._file.read_text(encoding="utf-8"))
            by_account = {account: _bounded(seconds) for account, seconds in stored.get("by_account", {}).items()}
            return Delays(_bounded(stored["propagation_seconds"]), by_account, stored.get("functions") is not False)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return Delays()


def _bounded(seconds: Any) -> float:
    return min(max(float(seconds), 0.0), LONGEST_SECONDS)
