"""The sandbox in the memory of the very program that asks it: the same gateway, without a process and without sockets.

boto3 signs as always; the signed request is handed over instead of sent. There is one in a process, for its services
are one's own in a process only.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from xsfn_helpers.common.browser.storage import KeptFolder, kept_folder
from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.common.language import ENGLISH, speaking, tr
from xsfn_helpers.sandbox.journal import JournalUnwritable, unusable
from xsfn_helpers.sandbox.prepared import Transport, straight_to
from xsfn_helpers.sandbox.process.config import SandboxConfig
from xsfn_helpers.sandbox.process.core import Core, assemble
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.state import WITHIN, Running, SandboxAccount, SandboxFolder

_NO_PORT: Final = 0
_LOCK_SECONDS: Final = 1.0


class InProcessSandbox(Sandbox):
    """A sandbox that ends with the program it is in; what it has accepted stays in its folder's journal."""

    _only: InProcessSandbox | None = None  # what the services behind the gateway are, too: one in a process

    def __init__(self, running: Running, folder: SandboxFolder, core: Core, kept: KeptFolder) -> None:
        super().__init__(running, folder)
        self._core = core
        self._kept = kept
        self._handed_over = straight_to(core.gateway)

    @property
    def endpoint_url(self) -> str:
        return f"http://{WITHIN}"

    @property
    def transport(self) -> Transport:
        return self._send

    @property
    def notice(self) -> str:
        """Besides what was found wrong at the start, why nothing is kept."""
        return " ".join(filter(None, (super().notice, self._kept.notice)))

    @classmethod
    def find(cls) -> Sandbox | None:
        """The sandbox of this process, or None. Raises `SandboxError` for somebody else's folder."""
        SandboxFolder.default().check()
        if cls._only is not None:
            cls._only._kept.check()
        return cls._only

    @classmethod
    def start(
        cls, config: SandboxConfig | None = None, *, port: int | None = None, address: str | None = None
    ) -> Sandbox:
        """Assemble the sandbox, or find the one of this process.

        Raises `SandboxError` for a port or an address, which it doesn't have, where this process has one with other
        accounts or in another region, where another holds the state folder, and where the journal can't be used.
        """
        if port is not None or address is not None:
            raise SandboxError(
                tr("The sandbox is a part of this program here: it has neither port nor address."),
                fix=tr("Leave them out."),
            )
        wanted = config or SandboxConfig()
        if (found := cls._only) is not None:
            found._kept.check()
            found._checked(wanted, None, None)._have(wanted.further_account_ids)
            found._kept.keep()
            return found
        folder = SandboxFolder.default()
        kept = kept_folder(folder.path)
        folder.make()
        cls._only = cls._assembled(folder, wanted, kept)
        kept.keep()
        return cls._only

    @classmethod
    def _assembled(cls, folder: SandboxFolder, wanted: SandboxConfig, kept: KeptFolder) -> InProcessSandbox:
        held = SandboxError(tr("Another program's sandbox holds this state folder."), where=str(folder.path))
        with ExitStack() as until_the_end:
            until_the_end.enter_context(folder.holding(folder.lock, seconds=_LOCK_SECONDS, otherwise=held))
            _log_to(folder)
            last = folder.read()
            had = tuple(account.account_id for account in last.further) if last else ()
            with folder.told():
                core = assemble(folder, wanted.also(had))
                running = Running(
                    port=_NO_PORT,
                    region=wanted.region,
                    pid=os.getpid(),
                    instance=secrets.token_hex(16),
                    accounts=core.accounts,
                    notice=core.notice,
                    further=core.further,
                )
                core.begin(running)
                folder.write(running)
            until_the_end.pop_all()  # the lock is the process's until it ends
        return cls(running, folder, core, kept)

    @classmethod
    def only_way(cls, request: AWSPreparedRequest, **more: Any) -> AWSResponse:
        """Answer a request of an AWS profile that leads here. Raises `SandboxError` for any other."""
        host = urlsplit(request.url).hostname or ""
        if cls._only is None or not host.endswith(WITHIN):
            raise SandboxError(
                tr("{host} can't be reached: a browser tab has no way to AWS.", host=host),
                fix=tr("For accounts of your own, run the lab on a computer with Python: `make lab`."),
            )
        return cls._only._send(request, **more)

    @classmethod
    def silent(cls) -> None:
        """There is no process that could keep silent."""
        return

    @classmethod
    def reset_last(cls) -> Sandbox | None:
        """The sandbox that ran last on this folder, with empty accounts; None where none ever ran."""
        folder = SandboxFolder.default()
        folder.check()
        if cls._only is None and folder.read() is None and not folder.journal.exists():
            return None
        return cls.start().reset()

    def add_accounts(self, account_ids: Iterable[str]) -> Mapping[str, SandboxAccount]:
        asked = tuple(account_ids)
        self._have(asked)
        return {one: self.further[one] for one in asked}

    def empty_accounts(self, account_ids: Iterable[str]) -> None:
        self._kept.check()
        try:
            self._core.office.empty(tuple(account_ids))
        except JournalUnwritable as error:
            raise unusable(self._folder.journal, error) from error
        self._kept.keep()

    def revived(self) -> Sandbox:
        return self

    def stop(self) -> None:
        """It ends with the program, and not before: whoever wants it away ends that."""
        raise SandboxError(
            tr("The sandbox is a part of this program, and ends with it."), fix=tr("Restart the notebook's kernel.")
        )

    def reset(self) -> Sandbox:
        """Empty accounts again, with the same keys."""
        self.empty_accounts([*(one.account_id for one in self.accounts.values()), *self.further])
        return self

    def _have(self, account_ids: Iterable[str]) -> None:
        self._core.office.add(tuple(account_ids))
        further = {**self.further, **{one.account_id: one for one in self._core.office.further}}
        self._running = replace(self._running, further=tuple(further.values()))

    def _send(self, request: AWSPreparedRequest, **more: Any) -> AWSResponse:
        """AWS answers in English, whatever the reader's language is; what it accepts is kept before the answer is."""
        self._kept.check()
        with speaking(ENGLISH):
            answer = self._handed_over(request, **more)
        self._kept.keep()
        return answer


def _log_to(folder: SandboxFolder) -> None:
    """What the services tell of themselves goes where a process's standard error does."""
    services = logging.getLogger("moto")
    services.propagate = False
    services.addHandler(logging.FileHandler(folder.log, mode="w", delay=True))
