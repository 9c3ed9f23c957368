"""The id of a lab in AWS accounts: random, made once for each pair of accounts, and kept in the user's state folder.

What carries it in its tag was made by this lab, for nobody else has the id. A chosen id says less: anybody may choose
the same.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Final

from xsfn_helpers.aws.ledger import Ledger
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.state_folder import StateFolder

# What everybody's id was once.
COMMON: Final = "xsfn"
_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
_LENGTH: Final = 12
_OWN: Final = re.compile(rf"{COMMON}-[{_LETTERS}]{{{_LENGTH}}}")


def lab_id_of(scenario: Scenario, ledger: Ledger) -> tuple[str, bool]:
    """The id of the lab in these accounts, and whether it is random. Makes one where there is none.

    Who has made something here before ids were random goes on with `xsfn`; the ledger tells what was theirs.
    Raises `SandboxError` where the state folder can't be used.
    """
    accounts = (scenario.operator_account_id, scenario.subject_account_id)
    path = ledger.folder.path / f"lab-id-{'-'.join(accounts)}"
    if (kept := _kept(path)) is not None:
        return kept, True
    begun = any(
        entry.lab == COMMON and entry.account in accounts and entry.what.startswith("Create") for entry in ledger
    )
    return (COMMON, False) if begun else (_make(path, ledger.folder), True)


def _make(path: Path, folder: StateFolder) -> str:
    made = f"{COMMON}-{''.join(secrets.choice(_LETTERS) for _ in range(_LENGTH))}"
    folder.make()
    with folder.told():
        partial = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(made)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            # Of two that make one at the same moment, one is first, and the other takes that one's.
            os.link(partial, path)
        except FileExistsError:
            made = _kept(path) or made
        finally:
            partial.unlink()
    return made


def _kept(path: Path) -> str | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return text if _OWN.fullmatch(text) else None
