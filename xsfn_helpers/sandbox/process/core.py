"""The two accounts as the journal has them, behind one gateway: no process, no socket, no signal.

`main` puts a process and a listener round it; `in_process` keeps it in the memory of the program that asks it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from xsfn_helpers.common.language import listed, tr
from xsfn_helpers.common.regions import partition_of
from xsfn_helpers.sandbox.cloudformation import Stacks
from xsfn_helpers.sandbox.gateway.gateway import Gateway
from xsfn_helpers.sandbox.gateway.propagation import Propagation
from xsfn_helpers.sandbox.gateway.sessions import SessionOffice
from xsfn_helpers.sandbox.guests.evaluator import Evaluator
from xsfn_helpers.sandbox.journal import Journal, JournalUnwritable, unusable
from xsfn_helpers.sandbox.moto_bridge import MotoBridge, behave_like_aws, run_tasks_through
from xsfn_helpers.sandbox.process.account_office import AccountOffice, open_account
from xsfn_helpers.sandbox.process.config import OPERATOR, SUBJECT, SandboxConfig
from xsfn_helpers.sandbox.process.organization_file import OrganizationFile
from xsfn_helpers.sandbox.process.settings import SandboxSettings
from xsfn_helpers.sandbox.process.state import Running, SandboxAccount, SandboxFolder
from xsfn_helpers.sandbox.services.functions import Functions
from xsfn_helpers.sandbox.services.offered import Offered
from xsfn_helpers.sandbox.tasks import TaskClients


@dataclass(frozen=True, slots=True)
class Core:
    """Everything that answers. `notice` tells what was found wrong with the journal; empty as a rule."""

    gateway: Gateway
    office: AccountOffice
    journal: Journal
    accounts: Mapping[str, SandboxAccount]
    further: tuple[SandboxAccount, ...]
    notice: str
    _folder: SandboxFolder
    _stacks: Stacks

    def begin(self, running: Running) -> None:
        """Go on with what the last end interrupted, as `running`. Raises `SandboxError`."""
        try:
            self.office.begin(running)
        except JournalUnwritable as error:
            raise unusable(self._folder.journal, error) from error
        self._stacks.work_through(self.gateway)


def assemble(folder: SandboxFolder, config: SandboxConfig) -> Core:
    """The accounts as the journal in `folder` has them; once in a process. Raises `SandboxError` or `OSError`."""
    previous = folder.read()
    journal, notice = Journal.open(folder.journal)
    ids = {OPERATOR: config.operator_account_id, SUBJECT: config.subject_account_id}
    further_ids = config.further_account_ids
    # By id: a name's account may be another one than last time.
    known = {one.account_id: one for one in (*previous.accounts.values(), *previous.further)} if previous else {}
    try:
        bridge = MotoBridge(frozenset((*ids.values(), *further_ids)), partition_of(config.region), journal)
        accounts = {name: open_account(bridge, account_id, known.get(account_id)) for name, account_id in ids.items()}
        further = tuple(open_account(bridge, account_id, known.get(account_id)) for account_id in further_ids)
        sessions = SessionOffice(_session_key(journal))
    except JournalUnwritable as error:
        raise unusable(folder.journal, error) from error
    settings = SandboxSettings(folder)
    propagation = Propagation(lambda account_id: settings.delays.of(account_id), lambda: settings.delays.longest)
    evaluator = Evaluator()
    stacks = Stacks(journal, evaluator)
    if not folder.is_held(folder.room_lock):
        settings.let_functions_run(True)  # that they don't is a room's affair
    functions = Functions(journal, lambda: settings.runs_functions)
    others = Offered(journal, {"cloudformation": stacks, "lambda": functions})
    organization = OrganizationFile(folder)
    gateway = Gateway(bridge, sessions, propagation, others, lambda: organization.organization)
    office = AccountOffice(folder, journal, bridge, others, propagation)
    behave_like_aws(bridge.wait_for_end, evaluator)
    run_tasks_through(TaskClients(gateway))
    told = " ".join(filter(None, (notice, _set_aside(bridge))))
    return Core(gateway, office, journal, accounts, further, told, folder, stacks)


def _set_aside(bridge: MotoBridge) -> str:
    if not bridge.set_aside:
        return ""
    return tr(
        "Parts of the sandbox's journal couldn't be read and were set aside within it; they begin empty, and the rest "
        "is as it was: {parts}.",
        parts=listed(bridge.set_aside),
    )


def _session_key(journal: Journal) -> str:
    """What seals sessions; as it is kept, they outlive a restart, but not a reset."""
    key = journal.get("session key", "")
    if key is None:
        key = secrets.token_hex(32)
        journal.put("session key", "", key)
    return str(key)
