"""IAM and Step Functions of every account: what is on file, and an allowed call handed over."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from moto.core.config import default_user_config
from moto.iam.models import IAMBackend, iam_backends
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from xsfn_helpers.common.arns import service_of
from xsfn_helpers.sandbox.gateway.calls import Call, account_of
from xsfn_helpers.sandbox.gateway.errors import Refusal, error_response, not_offered, without_what_xml_forbids
from xsfn_helpers.sandbox.gateway.rules import aws_principals
from xsfn_helpers.sandbox.gateway.stored import NamedPolicy, StoredKey, StoredMachine, StoredRole, StoredUser
from xsfn_helpers.sandbox.guests.shares import Share
from xsfn_helpers.sandbox.guests.turns import aside
from xsfn_helpers.sandbox.http.wire import HttpResponse
from xsfn_helpers.sandbox.journal import Journal
from xsfn_helpers.sandbox.moto_bridge.administrator import Administrator, appoint
from xsfn_helpers.sandbox.moto_bridge.archive import Archive, end_what_was_running
from xsfn_helpers.sandbox.moto_bridge.corrections.limits import keep_limits
from xsfn_helpers.sandbox.moto_bridge.definitions import check_readable
from xsfn_helpers.sandbox.moto_bridge.executions import Executions
from xsfn_helpers.sandbox.moto_bridge.long_definitions import definitions_of
from xsfn_helpers.sandbox.moto_bridge.parsing import parse_once
from xsfn_helpers.sandbox.moto_bridge.references import attach_once, check_references
from xsfn_helpers.sandbox.moto_bridge.remembered import Remembered
from xsfn_helpers.sandbox.moto_bridge.responses import carry_out
from xsfn_helpers.sandbox.moto_bridge.snapshot import (
    NO_IAM,
    NO_STATES,
    check_readable_again,
    dump_iam,
    dump_states,
    load_iam,
    load_states,
)
from xsfn_helpers.sandbox.moto_bridge.threads import spare_threads
from xsfn_helpers.sandbox.moto_bridge.workers import limit_workers

_log = logging.getLogger(__name__)
# Kinds of journal entries.
_IAM: Final = "iam"
_STATES: Final = "states"
# Calls that run something and leave IAM and the machines as they are; executions have their own place in the journal.
_RUNS: Final = frozenset(
    (
        *("StartExecution", "StartSyncExecution", "StopExecution", "RedriveExecution", "TestState"),
        *("SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat", "GetActivityTask", "UpdateMapRun"),
    )
)
# Calls that take as long as what they run, each in a thread.
_WAITED_FOR: Final = frozenset(("StartSyncExecution", "TestState"))
_MOST_WAITING: Final = 4
_MOST_WAITING_IN_ALL: Final = 48
# What is deleted, and the parameter with its ARN, where moto keeps the tags.
_TAGGED: Final = {"DeleteStateMachine": "stateMachineArn", "DeleteActivity": "activityArn"}
_ALLOWS_NOTHING: Final = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "NotAction": "*", "Resource": "*"}}
)


class MotoBridge:
    """IAM and Step Functions of every account, as moto keeps them. Safe to use from several threads."""

    def __init__(self, account_ids: frozenset[str], partition: str, journal: Journal) -> None:
        """The accounts as `journal` left them; empty ones where it has nothing."""
        default_user_config["stepfunctions"] = {"execute_state_machine": True}
        self._account_ids = account_ids
        self._partition = partition
        self._iams: dict[str, IAMBackend] = {}
        self._regions: dict[tuple[str, str], Any] = {}
        self._stored = Remembered()
        self._owners: dict[str, str] = {}
        self._journal = journal
        # Held while IAM or a machine changes, never while something runs: a run changes nothing here.
        self._changing = threading.RLock()
        self._waiting = Share(each=_MOST_WAITING, few=1, in_all=_MOST_WAITING_IN_ALL)
        self._archive = Archive(journal)
        self._archive.install()
        parse_once()
        attach_once()
        keep_limits()
        limit_workers()
        spare_threads()
        self._executions = Executions(self._archive)
        end_what_was_running(journal)
        # What couldn't be read of single accounts, and where it is kept.
        self.set_aside: list[str] = []
        for kind in (_IAM, _STATES):
            for key in journal.keys(kind):
                self._begin_with(kind, key)

    def _begin_with(self, kind: str, key: str) -> None:
        """Load an entry; one that can't be read is set aside, and its account alone begins without it."""
        try:
            self._reload(kind, key)
        except Exception as error:
            _log.exception("what the journal has as %s of %s can't be read; it is set aside", kind, key)
            aside = (f"unreadable {kind}", f"{key} {time.strftime('%Y%m%d-%H%M%S')}")
            empty = NO_IAM if kind == _IAM else NO_STATES
            self._journal.put_all({aside: self._journal.get(kind, key), (kind, key): empty})
            self._reload(kind, key)
            self.set_aside.append(f"{kind} {key} ({error!r})")

    @property
    def partition(self) -> str:
        return self._partition

    @property
    def account_ids(self) -> frozenset[str]:
        return self._account_ids

    def add_accounts(self, account_ids: Iterable[str]) -> None:
        """Have these accounts, too, as the journal left them."""
        with self._changing:
            new = [account_id for account_id in account_ids if account_id not in self._account_ids]
            self._account_ids |= frozenset(new)
            for kind in (_IAM, _STATES):
                for key in self._journal.keys(kind):
                    if key.partition("/")[0] in new:
                        self._begin_with(kind, key)

    def empty(self, accounts: Iterable[tuple[str, Administrator]]) -> None:
        """Remove all that these accounts have but the administrators; what runs in them is stopped and forgotten.

        As with every deleted role, whoever trusted one by its ARN trusts its unique ID from now on, and so nobody.
        Raises `JournalUnwritable` where that couldn't be kept; then nothing has changed.
        """
        kept = dict(accounts)
        bodies: dict[tuple[str, str], Any] = {}
        with self._change(bodies):
            gone = {
                principal.arn: principal.id
                for account_id, administrator in kept.items()
                for principal in self._principals(account_id)
                if principal.name != administrator.user_name
            }
            touched = [entry for entry in self._show_unique_ids(gone) if entry[1] not in kept]
            states = [(_STATES, key) for key in self._journal.keys(_STATES) if key.partition("/")[0] in kept]
            bodies |= {entry: self._dump(*entry) for entry in touched}
            bodies |= {
                (_IAM, one): self._administrator_alone(one, administrator) for one, administrator in kept.items()
            }
            bodies |= dict.fromkeys(states, NO_STATES)
            try:
                self._journal.put_all(bodies, emptied_accounts=kept)
            finally:
                for entry in bodies:
                    self._reload(*entry)
        self._executions.stop_in(kept)
        self._journal.put_all({}, emptied_accounts=kept)  # what had just begun, and is stopped now

    def give_administrator(self, account_id: str, administrator: Administrator) -> None:
        """Let the account have this user, as a new account has."""
        iam = self._iam(account_id)
        appoint(administrator, iam)
        self._journal.put(_IAM, account_id, dump_iam(iam))
        self._stored.forget([account_id])

    def _administrator_alone(self, account_id: str, administrator: Administrator) -> Any:
        """The account's IAM with nothing else in it; the administrator is the one it was."""
        iam = self._iam(account_id)
        new = IAMBackend(iam.region_name, account_id)
        appoint(administrator, new, instead_of=iam.users.get(administrator.user_name))
        return dump_iam(new)

    def _principals(self, account_id: str) -> list[Any]:
        iam = self._iam(account_id)
        return [*list(iam.roles.values()), *list(iam.users.values())]

    def administrator_key(self, account_id: str, user_name: str) -> tuple[str, str] | None:
        """Id and secret of the first access key that the account's administrator can use, if there is one."""
        user = self._iam(account_id).users.get(user_name)
        active = [key for key in user.access_keys if key.status == "Active"] if user is not None else []
        return (active[0].access_key_id, active[0].secret_access_key) if active else None

    def wait_for_end(self, execution_arn: str, seconds: float) -> bool:
        """Wait until an execution is over, at most so long; gives whether it is."""
        return self._archive.wait_for_end(execution_arn, seconds)

    # --- what is on file ---------------------------------------------------------------------------------------------

    def key(self, access_key_id: str) -> StoredKey | None:
        # Whose it was last; else all are asked, as for every key of nobody's.
        last = self._owners.get(access_key_id)
        for account_id in (last,) if last else self._account_ids:
            if found := self._iam(account_id).access_keys.get(access_key_id):
                self._owners[access_key_id] = account_id
                return StoredKey(account_id, found.user_name, found.secret_access_key, found.status == "Active")
        return None

    def user(self, account_id: str, name: str) -> StoredUser | None:
        return self._stored.found(("user", account_id, name), lambda: self._user(account_id, name))

    def role(self, account_id: str, name: str) -> StoredRole | None:
        """The role of this name; IAM compares role names without regard to case."""
        return self._stored.found(("role", account_id, name.lower()), lambda: self._role(account_id, name))

    def _user(self, account_id: str, name: str) -> StoredUser | None:
        if account_id not in self._account_ids:
            return None
        iam = self._iam(account_id)
        user = iam.users.get(name)
        if user is None:
            return None
        groups = [group for group in list(iam.groups.values()) if user in group.users]
        policies = [*_policies_of(user), *(policy for group in groups for policy in _policies_of(group))]
        tags = {tag["Key"]: tag["Value"] for tag in iam.tagger.list_tags_for_resource(user.arn)["Tags"]}
        boundary = self._boundary(account_id, user.permissions_boundary_arn)
        return StoredUser(account_id, name, user.arn, user.id, tuple(policies), boundary, tags)

    def _role(self, account_id: str, name: str) -> StoredRole | None:
        found = self._moto_role(account_id, name)
        if found is None:
            return None
        return StoredRole(
            account_id=account_id,
            name=found.name,
            arn=found.arn,
            unique_id=found.id,
            identity_policies=tuple(_policies_of(found)),
            boundary=self._boundary(account_id, found.permissions_boundary_arn),
            tags={tag["Key"]: tag["Value"] for tag in found.tags},
            trust_policy=found.assume_role_policy_document,
            max_session_seconds=int(found.max_session_duration or 3600),
        )

    def iam_arn(self, account_id: str, kind: str, name: str) -> str | None:
        iam = self._iam(account_id)
        if kind == "role":
            found = self._moto_role(account_id, name)
        elif kind in ("user", "group"):
            found = (iam.users if kind == "user" else iam.groups).get(name)
        else:
            return None
        return str(found.arn) if found is not None else None

    def boundary_of(self, account_id: str, kind: str, name: str) -> str | None:
        """The ARN of a role's or user's permissions boundary."""
        found = self._moto_role(account_id, name) if kind == "role" else self._iam(account_id).users.get(name)
        return found.permissions_boundary_arn or None if found is not None else None

    def has_policy(self, account_id: str, arn: str) -> bool:
        """Whether the account can use the managed policy of this ARN: one of its own, or of AWS's."""
        return account_id in self._account_ids and arn in self._iam(account_id).managed_policies

    def named_like(self, account_id: str, kind: str, name: str) -> str | None:
        """The name of the user or group that has this name, whatever the case of its letters."""
        iam = self._iam(account_id)
        names = list(iam.users if kind == "user" else iam.groups)
        return next((one for one in names if one.lower() == name.lower()), None)

    def arn_of_unique_id(self, unique_id: str) -> str | None:
        for account_id in self._account_ids:
            for principal in self._principals(account_id):
                if principal.id == unique_id:
                    return str(principal.arn)
        return None

    def machine(self, account_id: str, region: str, arn: str) -> StoredMachine | None:
        backend = self._states(account_id, region)
        found = next((machine for machine in backend.state_machines if machine.arn == arn), None)
        if found is None:
            return None
        return StoredMachine(arn, found.name, found.definition, found.roleArn, found.type, self._tags(backend, arn))

    def has_activity(self, account_id: str, region: str, arn: str) -> bool:
        return arn in self._states(account_id, region).activities

    def owner_of_token(self, account_id: str, region: str, token: str) -> str | None:
        """The ARN of the state machine whose task waits with this token, or of the activity that it waits for."""
        for machine in self._states(account_id, region).state_machines:
            for execution in machine.executions:
                worker = execution.exec_worker
                waiting = worker.env.callback_pool_manager.get(token) if worker is not None else None
                if waiting is not None:
                    return str(getattr(waiting, "activity_arn", "") or machine.arn)
        return None

    def tags_of(self, account_id: str, region: str, arn: str) -> Mapping[str, str]:
        if account_id not in self._account_ids:
            return {}
        service = service_of(arn)
        if service == "states":
            return self._tags(self._states(account_id, region), arn)
        if service == "iam":
            holder = self._tagged(account_id, arn)
            # A path of another thing of the same name is not that thing's.
            tags = holder.tags if holder is not None and holder.arn == arn else ()
            # A managed policy's are kept by key, the others' as a list.
            listed = tags.values() if isinstance(tags, Mapping) else tags or ()
            return {tag["Key"]: tag["Value"] for tag in listed}
        return {}

    def _tagged(self, account_id: str, arn: str) -> Any:
        name = arn.rsplit("/", 1)[-1]
        if ":role/" in arn:
            return self._moto_role(account_id, name)
        if ":user/" in arn:
            return self._iam(account_id).users.get(name)
        return self._iam(account_id).managed_policies.get(arn)

    def _iam(self, account_id: str) -> IAMBackend:
        # moto looks through all accounts for one, and a key's owner is looked for in all accounts.
        found = self._iams.get(account_id)
        if found is None:
            found = self._iams[account_id] = iam_backends[account_id][self._partition]
        return found

    def _states(self, account_id: str, region: str) -> Any:
        found = self._regions.get((account_id, region))
        if found is None:
            found = self._regions[account_id, region] = stepfunctions_parser_backends[account_id][region]
        return found

    def _moto_role(self, account_id: str, name: str) -> Any:
        if account_id not in self._account_ids:
            return None
        wanted = name.lower()
        return next((role for role in list(self._iam(account_id).roles.values()) if role.name.lower() == wanted), None)

    def _boundary(self, account_id: str, arn: str | None) -> NamedPolicy | None:
        """A boundary's policy; one that isn't there any more allows nothing, for it was to limit."""
        if not arn:
            return None
        policy = self._iam(account_id).managed_policies.get(arn)
        return arn, _default_document(policy) if policy is not None else _ALLOWS_NOTHING

    @staticmethod
    def _tags(backend: Any, arn: str) -> dict[str, str]:
        return {tag["key"]: tag["value"] for tag in backend.tagger.list_tags_for_resource(arn)["tags"]}

    # --- calls -------------------------------------------------------------------------------------------------------

    def forward(self, call: Call, *, account_id: str, region: str, request_id: str) -> HttpResponse:
        """Carry out an allowed call and give back the answer."""
        if self._executions.answers(call.operation) and call.service == "states":
            answer = self._executions.answer(call, self._states(account_id, region))
            return _json_response(answer, request_id)
        if call.operation in _WAITED_FOR:
            with self._waiting.taken(account_id, Refusal("ThrottlingException", "Rate exceeded")), aside():
                return self._dispatch(call, account_id=account_id, region=region, request_id=request_id)
        if not call.mutates or call.operation in _RUNS:
            return self._dispatch(call, account_id=account_id, region=region, request_id=request_id)
        changed = [(_IAM, account_id)] if call.service == "iam" else [(_STATES, f"{account_id}/{region}")]
        if call.service == "states" and call.params.get("definition"):
            # Here already, for a large one takes a minute, and nobody else could change anything meanwhile.
            with definitions_of(account_id):
                check_readable(call.params["definition"])
        gone_machine = call.params["stateMachineArn"] if call.operation == "DeleteStateMachine" else None
        with self._change(changed):
            kept = False
            try:
                if call.service == "iam":
                    check_references(call.operation, call.params, self._iam(account_id))
                gone = self._about_to_go(call, account_id)
                response = self._dispatch(call, account_id=account_id, region=region, request_id=request_id)
                if response.status == 200:
                    self._clear_up(call, account_id, region)
                    if gone:
                        changed += self._show_unique_ids(gone)
                    bodies = {(kind, key): self._dump(kind, key) for kind, key in changed}
                    self._journal.put_all(bodies, gone_machine=gone_machine)
                    kept = True
            finally:
                if not kept:  # denied, failed or not written: whatever was done to memory hasn't happened
                    for kind, key in changed:
                        self._reload(kind, key)
            if kept and gone_machine is not None:
                self._executions.stop_all(gone_machine)
        return response

    @contextmanager
    def _change(self, entries: Iterable[tuple[str, str]]) -> Iterator[None]:
        """While these entries of the journal change, others don't; what was remembered of them is forgotten then."""
        with self._changing:
            try:
                yield
            finally:
                self._stored.forget(key for kind, key in entries if kind == _IAM)

    def _clear_up(self, call: Call, account_id: str, region: str) -> None:
        """Remove what moto leaves behind of a deleted thing, and would give to the next one of its name."""
        if call.operation in _TAGGED:
            self._states(account_id, region).tagger.delete_all_tags_for_resource(call.params[_TAGGED[call.operation]])
        elif call.operation == "DeleteUser":
            iam = self._iam(account_id)
            for key in [key for key in iam.access_keys.values() if key.user_name == call.params["UserName"]]:
                del iam.access_keys[key.access_key_id]
            for group in iam.groups.values():
                group.users[:] = [user for user in group.users if user.name != call.params["UserName"]]

    def _dump(self, kind: str, key: str) -> Any:
        """What the journal is to keep. Raises `Unreadable` for what it couldn't give back: then it isn't kept."""
        if kind == _IAM:
            dumped = dump_iam(self._iam(key))
            check_readable_again(dumped, self._iam(key))
            return dumped
        account_id, region = key.split("/")
        states = self._states(account_id, region)
        dumped = dump_states(states)
        check_readable_again(dumped, states)
        return dumped

    def _reload(self, kind: str, key: str) -> None:
        """Make memory what the journal says; entries of accounts that this sandbox doesn't have stay unread."""
        account_id, _, region = key.partition("/")
        if account_id not in self._account_ids:
            return
        stored = self._journal.get(kind, key)
        if kind == _IAM:
            load_iam(self._iam(account_id), stored or NO_IAM)
        else:
            load_states(self._states(account_id, region), stored or NO_STATES)

    def _dispatch(self, call: Call, *, account_id: str, region: str, request_id: str) -> HttpResponse:
        try:
            status, text = carry_out(
                call, account_id=account_id, region=region, partition=self._partition, request_id=request_id
            )
        except NotImplementedError:
            return error_response(
                not_offered(call.service, call.operation), service=call.service, request_id=request_id
            )
        if call.service == "iam":
            return HttpResponse(
                status,
                without_what_xml_forbids(text).encode(),
                {"x-amzn-requestid": request_id, "content-type": "text/xml"},
            )
        return HttpResponse(
            status, text.encode(), {"x-amzn-requestid": request_id, "content-type": "application/x-amz-json-1.0"}
        )

    def _about_to_go(self, call: Call, account_id: str) -> dict[str, str]:
        """What stands for the ARN of a principal afterwards, by that ARN: the unique ID of one that this call deletes,
        the new ARN of one that it renames or moves."""
        if call.operation == "UpdateUser":
            before, after = call.demands[0].resource, call.demands[-1].resource
            return {before: after} if after != before else {}
        if call.operation == "DeleteRole":
            found = self._moto_role(account_id, call.params["RoleName"])
        elif call.operation == "DeleteUser":
            found = self._iam(account_id).users.get(call.params["UserName"])
        else:
            return {}
        return {found.arn: found.id} if found is not None else {}

    def _show_unique_ids(self, gone: Mapping[str, str]) -> list[tuple[str, str]]:
        """A deleted principal's ARN turns into its unique ID in every trust policy that named it.

        So a role re-created under the same name isn't trusted until the policy is saved again, as on AWS
        (IAM User Guide, reference_policies_elements_principal.html). Gives the journal entries that this changed.
        """
        changed = []
        owners = {account_of(arn, default="") for arn in gone}
        for account_id in self._account_ids:
            for role in list(self._iam(account_id).roles.values()):
                text = role.assume_role_policy_document
                # Most in a full room name other accounts. JSON may write any character with a backslash.
                if "\\" not in text and not any(owner in text for owner in owners):
                    continue
                document = json.loads(text)
                held = [(holder, key, value) for holder, key, value in aws_principals(document) if value in gone]
                for holder, key, arn in held:
                    holder[key] = gone[arn]
                if held:
                    role.assume_role_policy_document = json.dumps(document, indent=2)
                    changed.append((_IAM, account_id))
        return changed


def _json_response(answer: Mapping[str, Any], request_id: str) -> HttpResponse:
    body = json.dumps(answer, separators=(",", ":")).encode()
    return HttpResponse(200, body, {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": request_id})


def _policies_of(holder: Any) -> list[NamedPolicy]:
    """Inline policies by name, then attached ones by ARN."""
    inline = list(holder.policies.items())
    attached = [(arn, _default_document(policy)) for arn, policy in holder.managed_policies.items()]
    return [*inline, *attached]


def _default_document(policy: Any) -> str:
    return str(next(version.document for version in policy.versions if version.version_id == policy.default_version_id))
