"""What was there before the lab and is used by it: left as it is unless told, and put back as it was.

Before an adopted thing is changed, how it was is kept in a file of the user's state folder, readable by its owner
alone; `undo` puts it back if nobody has changed it since.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.common.language import tr
from xsfn_helpers.common.state_folder import StateFolder

_SIDES: Final = {"operator": Side.OPERATOR, "subject": Side.SUBJECT, "execute": Side.SUBJECT}


@dataclass(frozen=True, slots=True)
class Adopted:
    """Which of the setup's roles and machines are adopted, and which of those may be changed."""

    keys: frozenset[str] = frozenset()
    may_change: frozenset[str] = frozenset()

    def role(self, scenario: Scenario, side: Side, name: str) -> str | None:
        """The key of an adopted role of this name, such as `execute_role`; None where it isn't adopted."""
        return self._key(scenario, side, name, "role")

    def machine(self, scenario: Scenario, side: Side, name: str) -> str | None:
        """The key of an adopted state machine of this name; None where it isn't adopted."""
        return self._key(scenario, side, name, "machine")

    def _key(self, scenario: Scenario, side: Side, name: str, kind: str) -> str | None:
        for key in self.keys:
            whose, _, of_kind = key.partition("_")
            if (of_kind, _SIDES[whose], getattr(scenario, f"{key}_name")) == (kind, side, name):
                return key
        return None

    def why(self, key: str) -> tuple[str, ...]:
        """What a plan says of an adopted thing that isn't as the lab would make it."""
        if key in self.may_change:
            return (tr("it existed before, and may be changed; how it was is kept, and clean restores it"),)
        return (
            tr(
                "it existed before, and is used as it is. The lab's would differ as below; "
                "lab.may_change({key!r}), or --change {key}, allows stages to change it:",
                key=key,
            ),
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """How one adopted thing was, and what it was changed to; None where there was nothing."""

    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Keeper:
    """The file of one lab with how adopted things were."""

    path: Path
    _folder: StateFolder

    @classmethod
    def of(cls, lab_id: str) -> Keeper:
        folder = StateFolder.default()
        return cls(folder.path / f"adopted-{lab_id}.json", folder)

    def keep(self, name: str, before: Any, after: Any) -> None:
        """Keep how `name` was, before it is changed. What is kept of it already is the older, and stays."""
        stored = self._read()
        first = stored[name]["before"] if name in stored else before
        self._write({**stored, name: {"before": first, "after": after}})

    def kept(self, name: str) -> Kept | None:
        stored = self._read().get(name)
        return None if stored is None else Kept(stored["before"], stored["after"])

    def forget(self, name: str) -> None:
        """What has been put back needs keeping no longer."""
        self._write({key: value for key, value in self._read().items() if key != name})

    def _read(self) -> dict[str, Any]:
        try:
            stored: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return stored

    def _write(self, stored: dict[str, Any]) -> None:
        self._folder.keep(self.path.name, stored)
