"""The accounts of a running sandbox: more of them at any time, and each empty again on request."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final

from xsfn_helpers.common.aws_names import check_account_id
from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.common.language import listed, tr
from xsfn_helpers.iam.grammar import CURRENT_VERSION
from xsfn_helpers.sandbox.gateway.propagation import Propagation
from xsfn_helpers.sandbox.gateway.sessions import new_key_id, new_secret
from xsfn_helpers.sandbox.journal import Journal
from xsfn_helpers.sandbox.moto_bridge import Administrator, MotoBridge
from xsfn_helpers.sandbox.process.state import Running, SandboxAccount, SandboxFolder
from xsfn_helpers.sandbox.services.offered import Offered

ADMINISTRATOR: Final = "administrator"
_ADMINISTRATOR_ACCESS: Final = json_text(
    {"Version": CURRENT_VERSION, "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)
# The journal's note of accounts that are being emptied.
_EMPTYING: Final = ("emptying", "")


class AccountOffice:
    """Opens accounts and empties them, one request at a time."""

    def __init__(
        self, folder: SandboxFolder, journal: Journal, bridge: MotoBridge, others: Offered, propagation: Propagation
    ) -> None:
        self._folder = folder
        self._journal = journal
        self._bridge = bridge
        self._others = others
        self._propagation = propagation
        self._running: Running | None = None
        self._lock = threading.Lock()

    def begin(self, running: Running) -> None:
        """Take over the accounts of `running`; what an end of the process interrupted is brought to its end."""
        self._running = running
        if interrupted := self._journal.get(*_EMPTYING):
            self.empty(tuple(one for one in interrupted if one in self._bridge.account_ids))

    def add(self, account_ids: tuple[str, ...]) -> None:
        """Open these accounts besides the others, each with an administrator, and note them in the state folder.

        Those that are there stay as they are. Raises `InvalidScenario` for ids that AWS wouldn't have.
        """
        for account_id in account_ids:
            check_account_id(account_id, where="further account IDs")
        with self._lock:
            assert self._running is not None
            new = [one for one in dict.fromkeys(account_ids) if one not in self._bridge.account_ids]
            if new:
                self._bridge.add_accounts(new)
                opened = tuple(open_account(self._bridge, account_id, None) for account_id in new)
                self._running = replace(self._running, further=(*self._running.further, *opened))
                self._folder.write(self._running)

    def empty(self, account_ids: tuple[str, ...]) -> None:
        """Remove all that these accounts have but their administrators, whose keys stay as they were given.

        Their role sessions end with the roles. A kill in the middle doesn't leave it half done: the next start goes on.
        Raises `SandboxError` for accounts that the sandbox doesn't have.
        """
        with self._lock:
            accounts = self._known(account_ids)
            self._journal.put(*_EMPTYING, list(account_ids))
            ids = frozenset(account_ids)
            self._others.empty(ids)  # first of all the stacks, for one that is being worked on makes roles
            self._bridge.empty([(account.account_id, _administrator(account)) for account in accounts])
            self._propagation.forget(ids)
            self._journal.remove(_EMPTYING[0], [_EMPTYING[1]])

    def _known(self, account_ids: Iterable[str]) -> Collection[SandboxAccount]:
        assert self._running is not None
        known = {one.account_id: one for one in (*self._running.accounts.values(), *self._running.further)}
        if strangers := [one for one in account_ids if one not in known]:
            raise SandboxError(
                tr("The sandbox doesn't have these accounts: {ids}.", ids=listed(strangers)),
                fix=tr("`xsfn sandbox status` tells which it has."),
            )
        return [known[one] for one in dict.fromkeys(account_ids)]


def open_account(bridge: MotoBridge, account_id: str, known: SandboxAccount | None) -> SandboxAccount:
    """The account with its administrator, whose keys outlive restarts and resets: clients made before go on.

    Who deleted the administrator or its keys gets them back with the next start; on AWS the root user would help out.
    """
    if key := bridge.administrator_key(account_id, ADMINISTRATOR):
        return SandboxAccount(account_id, *key)
    if known is None:
        known = SandboxAccount(account_id, new_key_id("AKIA"), new_secret())
    bridge.give_administrator(account_id, _administrator(known))
    return known


def _administrator(account: SandboxAccount) -> Administrator:
    return Administrator(ADMINISTRATOR, _ADMINISTRATOR_ACCESS, account.access_key_id, account.secret_access_key)
