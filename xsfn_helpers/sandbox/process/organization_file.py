"""The organization in the sandbox's state folder: a file that can be changed while the sandbox runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.common.language import tr
from xsfn_helpers.iam import PolicyError
from xsfn_helpers.sandbox.gateway.organization import Organization
from xsfn_helpers.sandbox.process.state import SandboxFolder

_NAME: Final = "organization.json"


class OrganizationFile:
    """`organization.json` in a state folder; without one, the accounts are in no organization."""

    def __init__(self, folder: SandboxFolder) -> None:
        self._folder = folder
        self._file = folder.path / _NAME
        self._read_at = -1
        self._found: Organization | None = None

    @property
    def organization(self) -> Organization | None:
        """The organization as the file has it now.

        Raises `SandboxError` where it can't be read: a limit that isn't known is not taken for none.
        """
        try:
            changed = self._file.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        if changed != self._read_at:
            try:
                self._found = Organization.read(json.loads(self._file.read_text(encoding="utf-8")))
            except (OSError, ValueError, KeyError, TypeError, AttributeError, PolicyError) as error:
                raise _unreadable(str(self._file), error) from error
            self._read_at = changed
        return self._found

    def keep(self, stored: Mapping[str, Any]) -> None:
        """From now on this is the organization. Raises `SandboxError` for one that can't be."""
        try:
            Organization.read(stored)
        except (ValueError, KeyError, TypeError, AttributeError, PolicyError) as error:
            raise _unreadable("organization", error) from error
        self._folder.keep(_NAME, dict(stored))

    def remove(self) -> None:
        """From now on there is none."""
        self._file.unlink(missing_ok=True)


def _unreadable(where: str, error: Exception) -> SandboxError:
    return SandboxError(tr("This describes no organization: {error}", error=error), where=where)
