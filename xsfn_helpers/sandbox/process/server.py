"""Start, find and stop the sandbox: one detached process per state folder, shared by a user's notebooks and shells.

A kernel can be restarted, or a terminal closed, and the two accounts stay as they are.
"""

from __future__ import annotations

import hmac
import http.client
import os
import secrets
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.common.language import tr
from xsfn_helpers.sandbox.gateway.organization import DEFAULT_ID
from xsfn_helpers.sandbox.http import addresses
from xsfn_helpers.sandbox.process.config import OPERATOR, SUBJECT, SandboxConfig
from xsfn_helpers.sandbox.process.control import tell
from xsfn_helpers.sandbox.process.launch import START_LIMIT, launch
from xsfn_helpers.sandbox.process.organization_file import OrganizationFile
from xsfn_helpers.sandbox.process.settings import SandboxSettings
from xsfn_helpers.sandbox.process.state import HEALTH_PATH, LOOPBACK, Running, SandboxAccount, SandboxFolder

if TYPE_CHECKING:
    from xsfn_helpers.sandbox.prepared import Transport

_STOP_LIMIT: Final = 10.0
_ANSWER_LIMIT: Final = 2.0
_LOWEST_PORT: Final = 1024

__all__ = ["Sandbox", "SandboxConfig"]


class Sandbox:
    """A running sandbox."""

    def __init__(self, running: Running, folder: SandboxFolder) -> None:
        self._running = running
        self._folder = folder

    def __repr__(self) -> str:
        ids = " and ".join(account.account_id for account in self.accounts.values())
        more = f" and {len(self.further)} more" if self.further else ""
        return f"<Sandbox {self.endpoint_url}, accounts {ids}{more}>"

    @property
    def endpoint_url(self) -> str:
        return self._running.endpoint_url

    @property
    def transport(self) -> Transport | None:
        """What answers a request that botocore has signed; None: it is sent to `endpoint_url` as it would be to AWS."""
        return None

    @property
    def url_for_clients(self) -> str:
        """The endpoint for clients that are left as they are.

        For StartSyncExecution and TestState they put `sync-` before the address, where botocore puts it before a user's
        name if there is one; no name that begins with it could be looked up on every machine.
        """
        return self.endpoint_url.replace("://", "://aws@", 1)

    @property
    def address(self) -> str:
        """The address it listens on besides loopback; empty as a rule."""
        return self._running.address

    @property
    def shared_url(self) -> str:
        """Where others on the network reach it; empty where it listens on loopback alone."""
        if not self.address:
            return ""
        host = addresses.own_address() if self.address == addresses.EVERY else self.address
        return f"http://{host}:{self._running.port}"

    @property
    def region(self) -> str:
        return self._running.region

    @property
    def pid(self) -> int:
        return self._running.pid

    @property
    def accounts(self) -> Mapping[str, SandboxAccount]:
        return self._running.accounts

    @property
    def further(self) -> Mapping[str, SandboxAccount]:
        """The accounts besides the two, by id."""
        return {account.account_id: account for account in self._running.further}

    @property
    def notice(self) -> str:
        """What the sandbox has to tell about its start, such as a journal it couldn't read; empty as a rule."""
        return self._running.notice

    @property
    def config(self) -> SandboxConfig:
        return SandboxConfig(
            operator_account_id=self.accounts[OPERATOR].account_id,
            subject_account_id=self.accounts[SUBJECT].account_id,
            region=self.region,
            further_account_ids=tuple(self.further),
        )

    @property
    def propagation_seconds(self) -> float:
        """How long a change in IAM takes to count for decisions, as on AWS; 0, the default, is at once."""
        return SandboxSettings(self._folder).propagation_seconds

    def organize(
        self,
        *,
        scps: Mapping[str, Sequence[Any]] | None = None,
        rcps: Mapping[str, Sequence[Any]] | None = None,
        members: Iterable[str] | None = None,
        organization_id: str = DEFAULT_ID,
    ) -> None:
        """Put accounts into an organization, all of them unless told; from now on its policies count.

        `scps` and `rcps` are documents by account id, or under `root` for all. The sandbox keeps them in its state
        folder (`organization.json`), and needs no restart. Again replaces what was; raises `SandboxError` for
        documents that AWS wouldn't take.
        """
        accounts = [one.account_id for one in self.accounts.values()] + list(self.further)
        OrganizationFile(self._folder).keep(
            {
                "id": organization_id,
                "members": list(accounts if members is None else members),
                "scps": {place: list(documents) for place, documents in (scps or {}).items()},
                "rcps": {place: list(documents) for place, documents in (rcps or {}).items()},
            }
        )

    def leave_organization(self) -> None:
        """Let the accounts be in no organization again."""
        OrganizationFile(self._folder).remove()

    def delay_propagation(self, seconds: float, account_ids: Iterable[str] | None = None) -> None:
        """From now on, changes in IAM take so many seconds (0 to 120) to count: in these accounts, or in all.

        Raises `SandboxError` for others.
        """
        SandboxSettings(self._folder).delay(seconds, account_ids)

    def to_json(self) -> dict[str, Any]:
        """What `xsfn sandbox start --json` prints; the keys are for this sandbox only and mean nothing to AWS."""
        further = [account.to_json() for account in self.further.values()]
        return {
            "endpoint_url": self.url_for_clients,
            "region": self.region,
            "pid": self.pid,
            "accounts": {name: account.to_json() for name, account in self.accounts.items()},
            **({"further_accounts": further} if further else {}),
        }

    @classmethod
    def find(cls) -> Sandbox | None:
        """The sandbox that runs on this state folder, or None. Raises `SandboxError` for somebody else's folder."""
        folder = SandboxFolder.default()
        folder.check()
        running = folder.read()
        return cls(running, folder) if running is not None and _lives(running, folder) else None

    @classmethod
    def start(
        cls, config: SandboxConfig | None = None, *, port: int | None = None, address: str | None = None
    ) -> Sandbox:
        """Start the sandbox, or find the one that runs.

        Takes the accounts and region (the article's by default) and a port (any free one by default). Further accounts
        stay once they are there; one that runs without them opens them. `address` is an IPv4 address of this machine on
        which others may reach the sandbox, besides loopback (0.0.0.0 is all it has); it is kept for later starts, until
        one with 127.0.0.1, which is loopback alone. Everybody there can then ask, but only with an account's keys.
        Raises `SandboxError` where a sandbox with other accounts, region, port or address runs already, the port is
        taken, this machine doesn't have the address, or the process can't start.
        """
        wanted = config or SandboxConfig()
        if address is not None:
            address = addresses.checked(address)
        if port is not None and not _LOWEST_PORT <= port <= 65535:
            raise SandboxError(
                tr("{port} is not a port the sandbox can use.", port=port),
                where="port",
                fix=tr("Choose {lowest} to 65535.", lowest=_LOWEST_PORT),
            )
        folder = SandboxFolder.default()
        folder.make()
        with _starting(folder):
            found = cls.find()
            if found is not None:
                found._checked(wanted, port, address)._have(wanted.further_account_ids)
                return found
            return cls(launch(folder, wanted.also(_had(folder)), port or 0, address), folder)

    def _checked(self, wanted: SandboxConfig, port: int | None, address: str | None) -> Sandbox:
        has, asked = self.config, wanted
        if replace(has, further_account_ids=()) != replace(asked, further_account_ids=()):
            raise SandboxError(
                tr(
                    "A sandbox with accounts {operator_account_id} and {subject_account_id} in {region} is running; "
                    "asked for {asked_operator_account_id} and {asked_subject_account_id} in {asked_region}.",
                    operator_account_id=has.operator_account_id,
                    subject_account_id=has.subject_account_id,
                    region=has.region,
                    asked_operator_account_id=asked.operator_account_id,
                    asked_subject_account_id=asked.subject_account_id,
                    asked_region=asked.region,
                ),
                fix=tr("Stop it first (xsfn sandbox stop), or ask for what it has."),
            )
        if port is not None and port != self._running.port:
            raise SandboxError(
                tr("The sandbox is running on port {port}, not {asked}.", port=self._running.port, asked=port),
                fix=tr("Stop it first (xsfn sandbox stop), or leave the port out."),
            )
        if address is not None and address != self.address:
            raise SandboxError(
                tr(
                    "The sandbox is listening on {has}, not {asked}.",
                    has=self.address or LOOPBACK,
                    asked=address or LOOPBACK,
                ),
                fix=tr("Stop it first (xsfn sandbox stop), or leave the address out."),
            )
        return self

    def add_accounts(self, account_ids: Iterable[str]) -> Mapping[str, SandboxAccount]:
        """Open these accounts besides the others, and give them by id; those that are there already, too.

        Nothing is interrupted; a sandbox that has ended is started again. They stay, whoever starts the sandbox.
        Raises `InvalidScenario` for ids that AWS wouldn't have, `SandboxError` where the sandbox can't be reached.
        """
        asked = tuple(account_ids)
        wanted = self.config.also(asked).further_account_ids
        with self._at_work():
            self._have(wanted)
            known = {**{one.account_id: one for one in self.accounts.values()}, **self.further}
        return {account_id: known[account_id] for account_id in asked}

    def empty_accounts(self, account_ids: Iterable[str]) -> None:
        """Remove all that these accounts have; their administrators and their keys stay, and so do other accounts.

        What runs in them is stopped, and their role sessions end. Once begun, it is brought to its end, even if the
        sandbox is killed meanwhile. Raises `SandboxError` for accounts that it doesn't have.
        """
        with self._at_work():
            tell(self._running, "empty", account_ids)

    def revived(self) -> Sandbox:
        """This sandbox, started again if it has ended. Raises `SandboxError` where it can't be."""
        return self.start(self.config)

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """Nobody else starts or ends the sandbox meanwhile, and it runs, though it may have ended before."""
        with _starting(self._folder):
            last = self._folder.read() or self._running
            if not _lives(last, self._folder):
                last = launch(self._folder, self.config.also(_had(self._folder)), last.port)
            self._running = last
            yield

    def _have(self, account_ids: Iterable[str]) -> None:
        """Open those of these accounts that aren't there."""
        if missing := [account_id for account_id in account_ids if account_id not in self.further]:
            tell(self._running, "add", missing)
            self._running = self._folder.read() or self._running

    def stop(self) -> None:
        """End the process; the accounts are kept for the next start. Raises `SandboxError` if it doesn't end."""
        with _starting(self._folder):
            self._end()

    @classmethod
    def silent(cls) -> int | None:
        """The id of a sandbox's process that holds this state folder and doesn't answer, being busy or suspended.

        0 where it isn't known which process that is; None where nothing is in the way.
        """
        folder = SandboxFolder.default()
        folder.check()
        if not folder.is_held() or cls.find() is not None or not folder.is_held():
            return None
        last = folder.read()
        return folder.holder() or (last.pid if last else 0)

    @classmethod
    def end_silent(cls) -> None:
        """End the process that holds this state folder and doesn't answer; what it acknowledged is kept.

        Raises `SandboxError` where it doesn't end, or it isn't known which process that is.
        """
        folder = SandboxFolder.default()
        with _starting(folder):
            _end_holder(folder, folder.read())

    @classmethod
    def reset_last(cls) -> Sandbox | None:
        """Start the sandbox that ran last on this folder, with empty accounts; None where none ever ran.

        For accounts that a sandbox couldn't start with any more, too.
        """
        folder = SandboxFolder.default()
        folder.check()
        last = folder.read()
        if last is None and not folder.journal.exists():
            return None
        with _starting(folder):
            if folder.is_held():
                _end_holder(folder, last)
            with folder.told():
                folder.forget_accounts()
            config = cls(last, folder).config if last else SandboxConfig()
            return cls(launch(folder, config, last.port if last else 0), folder)

    def reset(self) -> Sandbox:
        """Empty accounts again, at the same address and with the same keys."""
        with _starting(self._folder):
            last = self._end()
            with self._folder.told():
                self._folder.forget_accounts()
            return Sandbox(launch(self._folder, self.config, last.port), self._folder)

    def _end(self) -> Running:
        """End the process of this folder, which may be a later one than we know of, and tell what it was."""
        last = self._folder.read() or self._running
        _end_holder(self._folder, last)
        return last


def _end_holder(folder: SandboxFolder, last: Running | None) -> None:
    """End the process that holds the folder, and wait until it is gone. Raises `SandboxError` where it stays.

    Only a process that proves to be the sandbox is ours to end, or one that is known to hold the folder: a pid alone
    may be somebody else's by now.
    """
    holder = folder.holder()
    pid = holder or (last.pid if last else 0)
    still = SandboxError(
        tr(
            "The sandbox process {pid} didn't end within {stop_limit:.0f} seconds.",
            pid=pid or "?",
            stop_limit=_STOP_LIMIT,
        ),
        fix=tr("End it with: kill -9 {pid}", pid=pid) if pid else "",
    )
    answers = last is not None and _lives(last, folder)
    if answers or holder is not None:
        _signal(pid, signal.SIGTERM)
    with suppress(_StillHeld), folder.holding(folder.lock, seconds=_STOP_LIMIT, otherwise=_StillHeld("")):
        return
    # Suspended, or so busy that it doesn't come to it. What it has acknowledged is on disk.
    if folder.holder() != holder or holder is None:
        raise still
    _signal(holder, signal.SIGKILL)
    with folder.holding(folder.lock, seconds=_STOP_LIMIT, otherwise=still):
        return


class _StillHeld(SandboxError):
    """The process hasn't ended yet."""


def _signal(pid: int, which: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, which)


def _had(folder: SandboxFolder) -> tuple[str, ...]:
    """The further accounts of the sandbox that ran last."""
    last = folder.read()
    return tuple(account.account_id for account in last.further) if last else ()


def _starting(folder: SandboxFolder) -> AbstractContextManager[None]:
    """Only one at a time starts or ends the sandbox of a folder. Raises `SandboxError` after long waiting."""
    busy = SandboxError(
        tr(
            "Another program has been starting or stopping the sandbox for {start_limit:.0f} seconds.",
            start_limit=START_LIMIT,
        ),
        where=str(folder.path),
        fix=tr("Interrupt it, and try again."),
    )
    return folder.holding(folder.start_lock, seconds=START_LIMIT, otherwise=busy)


def _lives(running: Running, folder: SandboxFolder) -> bool:
    """Whether the process that wrote the state is there: it holds the folder, and proves to know its secret."""
    if not folder.is_held():
        return False
    challenge = secrets.token_hex(16)
    # Not urllib: a proxy of the user's must take no part.
    connection = http.client.HTTPConnection(LOOPBACK, running.port, timeout=_ANSWER_LIMIT)
    try:
        connection.request("GET", f"{HEALTH_PATH}?{challenge}")
        answer = connection.getresponse().read(100).strip()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return hmac.compare_digest(answer, running.proof(challenge).encode())
