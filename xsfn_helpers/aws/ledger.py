"""The ledger: every change made in AWS accounts, written down before it is asked for, so that nothing is forgotten.

One file of JSON lines in the user's state folder, readable by its owner alone and only ever added to. It holds names
and times, never a document, an input or a key. With the tags it finds what a killed process left behind, also after
the notebook is gone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.common.state_folder import StateFolder

_FILE: Final = "aws-ledger.jsonl"
# The parameters of AWS calls that name a thing. Everything else, documents above all, stays out.
_NAMING: Final = (
    *("RoleName", "PolicyName", "PolicyArn", "name", "stateMachineArn", "executionArn"),
    *("FunctionName", "TableName", "Bucket", "QueueName", "StackName"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: at what time which lab asked for what in which account, or what somebody said yes to.

    `what` is an AWS operation such as `CreateRole`, or `agreed` and `withdrawn`; `names` are the operation's own.
    """

    at: str
    lab: str
    account: str
    region: str
    what: str
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger in `folder`, the user's state folder unless told."""

    folder: StateFolder

    @classmethod
    def default(cls) -> Ledger:
        return cls(StateFolder.default())

    @property
    def path(self) -> Path:
        return self.folder.path / _FILE

    def note(self, *, lab: str, account: str, region: str, what: str, names: Mapping[str, Any]) -> None:
        """Add one line. Raises `SandboxError` where the state folder can't be used: then the change isn't made."""
        known = {key: str(names[key]) for key in _NAMING if key in names}
        entry = Entry(datetime.now(UTC).isoformat(timespec="seconds"), lab, account, region, what, known)
        self.folder.make()
        with self.folder.told():
            # One write to a file opened for appending: lines of two processes never mix.
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                os.write(descriptor, (json.dumps(asdict(entry)) + "\n").encode())
            finally:
                os.close(descriptor)

    def __iter__(self) -> Iterator[Entry]:
        """Every line that can be read, oldest first; one that was cut off by a full disk is passed over."""
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return
        for line in lines:
            try:
                yield Entry(**json.loads(line))
            except (ValueError, TypeError):
                continue
