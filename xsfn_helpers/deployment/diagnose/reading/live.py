"""Evidence read from AWS (or the sandbox): reading calls only, and whatever may not be read is told, never guessed."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from xsfn_helpers.aws.errors import code_of, message_of
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.arns import Arn, account_of, machine_arn, role_name
from xsfn_helpers.common.errors import AwsUnavailable, ConfigError
from xsfn_helpers.common.language import listed, mark, tr
from xsfn_helpers.deployment.diagnose.calls import calls_of
from xsfn_helpers.deployment.diagnose.evidence import (
    UNKNOWN,
    AccountSeen,
    Evidence,
    ExecutionSeen,
    MachineSeen,
    NotSeen,
    ResourcePolicy,
    read_document,
)
from xsfn_helpers.deployment.diagnose.layers import places
from xsfn_helpers.deployment.diagnose.reading.assemble import execution_seen, key_of
from xsfn_helpers.deployment.diagnose.reading.live_machines import ListedMachines
from xsfn_helpers.deployment.diagnose.reading.live_roles import RoleReader
from xsfn_helpers.deployment.diagnose.reading.organization import read_rcps, read_scps
from xsfn_helpers.deployment.diagnose.reading.own_policies import owner_of
from xsfn_helpers.deployment.diagnose.references import wanted_machines, wanted_roles
from xsfn_helpers.deployment.diagnose.tasks import read_tasks

if TYPE_CHECKING:
    import boto3

    from xsfn_helpers.aws.accounts import Accounts

T = TypeVar("T")
_GONE: Final = frozenset({"NoSuchEntity", "StateMachineDoesNotExist", "ExecutionDoesNotExist", "ResourceNotFound"})
# What was found may name more to look at: a role that was probably meant, and then what that one starts.
_ROUNDS: Final = 3
_MOST_OWNERS: Final = 4
_TAGS: Final = "aws:resourcetag/"
_NO_POLICY: Final = frozenset({"NoSuchBucketPolicy", "ResourceNotFoundException"})


@dataclass(frozen=True, slots=True)
class _Words:
    """What is said of the thing asked about where it isn't there, or can't be read."""

    missing: str
    unreadable: str


_EXECUTION: Final = _Words(mark("There is no such execution."), mark("The execution can't be read: {error}."))
_MACHINE: Final = _Words(mark("There is no such state machine."), mark("The state machine can't be read: {error}."))


@dataclass(frozen=True, slots=True)
class Door:
    """The way into one account: its id, and clients by service. `organized` is False where no organization can be."""

    account: str
    client: Callable[[str], Any]
    organized: bool = True


@dataclass(frozen=True, slots=True)
class Doors:
    """The ways in, by account, and what is to be told of those that don't open."""

    by_account: Mapping[str, Door]
    closed: tuple[NotSeen, ...] = ()


def doors_of(accounts: Accounts, region: str, *, organized: bool = True) -> Doors:
    """The two accounts of a lab. Raises `AwsUnavailable` when neither can be looked into."""
    return _doors([_known_clients(accounts, side, region) for side in Side], organized=organized)


def doors_of_sessions(sessions: Iterable[boto3.Session], region: str, *, denied: Collection[str] = ()) -> Doors:
    """One door for each account that the sessions lead to; none into `denied` ones.

    Raises `AwsUnavailable` when none of them leads anywhere.
    """
    return _doors([_clients(session, region) for session in sessions], denied=denied)


def _doors(clients: Iterable[Callable[[str], Any]], *, denied: Collection[str] = (), organized: bool = True) -> Doors:
    doors: dict[str, Door] = {}
    closed: list[NotSeen] = []
    for client in clients:
        try:
            account = client("sts").get_caller_identity()["Account"]
        except (ClientError, BotoCoreError) as error:
            closed.append(NotSeen(UNKNOWN, tr("everything that one of the sessions leads to"), _told(error)))
            continue
        if account in denied:
            closed.append(NotSeen(account, tr("everything"), tr("it is on your list deny_accounts")))
            continue
        doors.setdefault(account, Door(account, client, organized))
    if not doors:
        fix = tr("Sign in again, or name another profile; `aws sts get-caller-identity` tells whether it works.")
        why = tr("; ").join(map(str, closed))
        raise AwsUnavailable(tr("No account can be looked into: {why}.", why=why), fix=fix)
    return Doors(doors, tuple(closed))


def _known_clients(accounts: Accounts, side: Side, region: str) -> Callable[[str], Any]:
    """The lab's own clients, where they are of this region, or none was told."""
    if region in ("", accounts.session(side).region_name):
        return lambda service: accounts.client(side, service)
    return _clients(accounts.session(side), region)


def _clients(session: boto3.Session, region: str) -> Callable[[str], Any]:
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            known: Callable[..., Any] = session.client
            made[service] = known(service, region_name=region or None)
        return made[service]

    return client


def machines_in(doors: Doors) -> ListedMachines:
    """The state machines of the accounts that the doors lead to; nothing is asked yet."""
    return ListedMachines(
        {account: partial(door.client, "stepfunctions") for account, door in doors.by_account.items()}
    )


def read_live(asked: str, doors: Doors, machines: ListedMachines | None = None) -> Evidence:
    """The evidence about a state machine or an execution, by its ARN; `machines` are what was read of them already.

    Raises `ConfigError` where the ARN is no such thing, or nothing of it can be seen.
    """
    return _Reader(asked, doors, machines or machines_in(doors)).read()


class _Reader:
    def __init__(self, asked: str, ways: Doors, machines: ListedMachines) -> None:
        self._asked, self._doors, self._machines = asked, ways.by_account, machines
        doors = ways.by_account
        self._accounts: dict[str, AccountSeen] = {account: AccountSeen(account) for account in doors}
        self._not_seen: list[NotSeen] = list(ways.closed)
        self._roles = {account: RoleReader(account, door.client, self._note) for account, door in doors.items()}

    def read(self) -> Evidence:
        arn = Arn.parse(self._asked)
        if arn is None or not arn.machine_name or arn.kind not in ("stateMachine", "execution"):
            fix = tr("Give the ARN of a state machine, or of one of its executions.")
            raise ConfigError(tr("{arn!r} is no ARN of a state machine or an execution.", arn=self._asked), fix=fix)
        if arn.account not in self._doors:
            what = tr(
                "The state machine is in account {account}, which can't be looked into; {others} can.",
                account=arn.account,
                others=listed(self._doors),
            )
            fix = tr("Give a profile of that account, or exported files with --from-files.")
            raise ConfigError(what, fix=fix)
        for account in self._doors:
            self._list(account)
        execution = self._execution() if arn.kind == "execution" else None
        machine = self._operator_machine(execution.machine_arn if execution else self._asked)
        evidence = Evidence(self._asked, machine, self._accounts, execution)
        for _ in range(_ROUNDS):
            more = self._follow(evidence)
            evidence = replace(evidence, accounts=dict(self._accounts), not_seen=tuple(self._not_seen))
            if not more:
                break
        self._tags(evidence)
        self._closed_doors(evidence)
        for account in sorted({machine.account, *map(account_of, wanted_roles(evidence))} & self._doors.keys()):
            self._scps(account)
        of_resources = {arn: policy for arn in _owners(evidence) if (policy := self._own_policy(arn)) is not None}
        unseen = tuple(dict.fromkeys(self._not_seen))
        return replace(evidence, accounts=dict(self._accounts), not_seen=unseen, of_resources=of_resources)

    # --- what is there

    def _list(self, account: str) -> None:
        roles = self._try(account, tr("the list of roles (iam:ListRoles)"), self._roles[account].listed)
        machines = self._try(
            account, tr("the list of state machines (states:ListStateMachines)"), lambda: self._machines.listed(account)
        )
        self._accounts[account] = replace(
            self._accounts[account],
            roles={role.arn: role for role in roles or ()},
            all_roles=None if roles is None else frozenset(role.arn for role in roles),
            all_machines=None if machines is None else frozenset(machines),
        )

    def _states(self, account: str) -> Any:
        return self._doors[account].client("stepfunctions")

    # --- what resources say themselves

    def _own_policy(self, arn: str) -> ResourcePolicy | None:
        """The policy of a function, queue, topic or bucket; None where it can't be read."""
        account = Arn.of(arn).account
        what = tr("the policy of {arn}", arn=arn)
        # A bucket's ARN names no account: any of them may have it.
        for door in [door for door in self._doors.values() if account in ("", door.account)]:
            policy = self._try(door.account, what, lambda door=door: _read_own_policy(door.client, arn))  # type: ignore[misc]
            if policy is not None:
                return policy
        return None

    # --- the state machine and the execution asked about

    def _execution(self) -> ExecutionSeen:
        account = account_of(self._asked)
        states = self._states(account)
        found = self._needed(_EXECUTION, lambda: states.describe_execution(executionArn=self._asked))
        events = self._try(
            account,
            tr("the history of {arn} (states:GetExecutionHistory)", arn=self._asked),
            lambda: [
                event
                for page in states.get_paginator("get_execution_history").paginate(executionArn=self._asked)
                for event in page["events"]
            ],
        )
        return execution_seen(self._asked, found, events)

    def _operator_machine(self, arn: str) -> MachineSeen:
        account = account_of(arn)
        described = self._needed(_MACHINE, lambda: self._describe(account, arn))
        self._keep_machine(described)
        return described

    def _describe(self, account: str, arn: str) -> MachineSeen:
        found = self._machines.described(arn)
        logging = found.get("loggingConfiguration", {}).get("level", "OFF")
        return MachineSeen(
            machine_arn(found["stateMachineArn"]),
            found["roleArn"],
            found["definition"],
            found.get("type", "STANDARD"),
            logs=logging != "OFF",
            traces=bool(found.get("tracingConfiguration", {}).get("enabled", False)),
            key=self._key(account, key_of(found)),
        )

    def _key(self, account: str, given: str) -> str:
        """The key's ARN where an alias of it was given, and may be looked up."""
        if "alias/" not in given or (account_of(given) or account) not in self._doors:
            return given
        what = tr("the key of {alias} (kms:DescribeKey)", alias=given)
        kms = self._doors[account_of(given) or account].client("kms")
        found = self._try(account, what, lambda: kms.describe_key(KeyId=given)["KeyMetadata"]["Arn"])
        return given if found is None else str(found)

    def _keep_machine(self, machine: MachineSeen) -> None:
        account = self._accounts[machine.account]
        self._accounts[machine.account] = replace(account, machines={**account.machines, machine.arn: machine})

    def _tags(self, evidence: Evidence) -> None:
        """The tags of what is started, where a policy asks for them: else they decide nothing, and each is a call."""
        roles = filter(None, map(evidence.role, wanted_roles(evidence)))
        documents = [place.policy.document for role in roles for place in places(role)]
        if _TAGS not in json.dumps(documents).lower():
            return
        for found in filter(None, map(evidence.state_machine, wanted_machines(evidence))):
            tags = self._try(
                found.account,
                tr("the tags of {arn} (states:ListTagsForResource)", arn=found.arn),
                lambda arn=found.arn: self._states(account_of(arn)).list_tags_for_resource(resourceArn=arn)["tags"],  # type: ignore[misc]
            )
            if tags is not None:
                self._keep_machine(replace(found, tags={tag["key"]: tag["value"] for tag in tags}))

    # --- what the tasks name

    def _follow(self, evidence: Evidence) -> bool:
        """Read what the evidence names and doesn't have yet. Whether anything new was read."""
        more = False
        for arn in wanted_machines(evidence):
            account = account_of(arn)
            # One of another region is out of reach whatever it is.
            near = Arn.of(arn).region == evidence.machine.region
            if account in self._doors and near and not self._known(account, arn):
                more = self._read_machine(account, arn) or more
        for arn in wanted_roles(evidence):
            account = account_of(arn)
            role = self._accounts[account].roles.get(arn) if account in self._doors else None
            if account in self._doors and (role is None or not role.in_full) and not self._known(account, arn):
                more = self._read_role(account, arn) or more
        return more

    def _known(self, account: str, arn: str) -> bool:
        """Whether it was read, or whole lists don't have it: that needs no call any more."""
        seen = self._accounts[account]
        role = seen.roles.get(arn)
        if arn in seen.missing or arn in seen.machines or (role is not None and role.in_full):
            return True
        if name := role_name(arn):
            # Under another path it is worth a look, for the path may be what is wrong.
            return seen.all_roles is not None and name not in map(role_name, seen.all_roles)
        return seen.all_machines is not None and arn not in seen.all_machines

    def _read_machine(self, account: str, arn: str) -> bool:
        def missing() -> None:
            self._miss(account, arn)

        what = tr("the state machine {arn} (states:DescribeStateMachine)", arn=arn)
        found = self._try(account, what, lambda: self._describe(account, arn), missing)
        if found is not None:
            self._keep_machine(found)
        return found is not None

    def _read_role(self, account: str, arn: str) -> bool:
        found = self._try(
            account,
            tr("the role {arn} (iam:GetRole)", arn=arn),
            lambda: self._roles[account].in_full(role_name(arn)),
            lambda: self._miss(account, arn),
        )
        if found is None:
            return False
        if found.arn != arn:
            self._miss(account, arn)  # another path: the ARN that was named names nothing
        seen = self._accounts[account]
        self._accounts[account] = replace(seen, roles={**seen.roles, found.arn: found})
        return True

    def _miss(self, account: str, arn: str) -> None:
        seen = self._accounts[account]
        self._accounts[account] = replace(seen, missing=seen.missing | {arn})

    def _closed_doors(self, evidence: Evidence) -> None:
        """Accounts that the tasks name and that nobody can look into."""
        named = {*map(account_of, wanted_roles(evidence)), *map(account_of, wanted_machines(evidence))}
        for account in sorted(named - self._doors.keys() - {""}):
            what = [arn for arn in (*wanted_roles(evidence), *wanted_machines(evidence)) if account_of(arn) == account]
            self._not_seen.append(NotSeen(account, listed(what), tr("no session leads into this account")))

    def _scps(self, account: str) -> None:
        door = self._doors[account]
        scps: tuple[Any, ...] | None = ()
        rcps: tuple[Any, ...] | None = ()
        if door.organized:
            what = tr("service control policies (organizations:ListPoliciesForTarget)")
            scps = self._try(account, what, lambda: read_scps(door.client("organizations"), account))
            what = tr("resource control policies (organizations:ListPoliciesForTarget)")
            if scps is None:
                # Who may not read the ones may not read the others: one denial tells of both.
                self._not_seen.append(replace(self._not_seen[-1], what=what))
                rcps = None
            else:
                rcps = self._try(account, what, lambda: read_rcps(door.client("organizations"), account))
        self._accounts[account] = replace(self._accounts[account], scps=scps, rcps=rcps)

    # --- calls

    def _note(self, account: str, what: str, error: Exception) -> None:
        self._not_seen.append(NotSeen(account, what, _told(error)))

    def _try(
        self, account: str, what: str, call: Callable[[], T], missing: Callable[[], None] | None = None
    ) -> T | None:
        """What the call gives; None where it is denied, which is noted, or where there is no such thing."""
        try:
            return call()
        except ClientError as error:
            if missing is not None and code_of(error) in _GONE:
                missing()
                return None
            self._note(account, what, error)
        except BotoCoreError as error:
            self._note(account, what, error)
        return None

    def _needed(self, words: _Words, call: Callable[[], T]) -> T:
        """What the call gives. Without the thing asked about there is nothing to diagnose."""
        try:
            return call()
        except ClientError as error:
            if code_of(error) not in _GONE:
                raise ConfigError(
                    tr(words.unreadable, error=_told(error)),
                    where=self._asked,
                    fix=tr("Use an identity that may, or exported files with --from-files."),
                ) from error
            arns = self._accounts[account_of(self._asked)].all_machines or ()
            raise ConfigError(tr(words.missing), where=self._asked, fix=_instead(arns)) from None
        except BotoCoreError as error:
            raise AwsUnavailable(tr(words.unreadable, error=_told(error)), where=self._asked) from error


def _instead(arns: Collection[str]) -> str:
    if not arns:
        return tr("Look at its account, region and name.")
    return tr("There are: {arns}.", arns=tr(", ").join(sorted(arns)[:10]))


def _told(error: Exception) -> str:
    if isinstance(error, ClientError):
        return f"{code_of(error)}: {message_of(error)}".rstrip(".")
    return str(error).rstrip(".")


def _owners(evidence: Evidence) -> list[str]:
    """What the tasks act on, where its own policy can be asked for; a few, for each is a call."""
    tasks = read_tasks(evidence.machine.definition, evidence.execution)
    calls = [call for task in tasks for call in calls_of(task, evidence).calls if call.has_resource_policy]
    owners = dict.fromkeys(owner_of(call.resource) for call in calls if call.resource)
    started = [found for arn in wanted_machines(evidence) if (found := evidence.state_machine(arn)) is not None]
    owners |= dict.fromkeys(one.key_arn for one in (evidence.machine, *started))
    known = {arn: Arn.parse(arn) for arn in owners if arn}
    return [arn for arn, found in known.items() if found is not None and found.service in _ASK][:_MOST_OWNERS]


def _read_own_policy(client: Callable[[str], Any], arn: str) -> ResourcePolicy:
    """The policy of a function, queue, topic or bucket. Raises `ClientError` where it may not be read."""
    service = Arn.of(arn).service
    try:
        return ResourcePolicy(read_document(_ASK[service](client(service), arn)))
    except ClientError as error:
        if code_of(error) in _NO_POLICY:
            return ResourcePolicy(None)
        raise


def _of_queue(sqs: Any, arn: str) -> Any:
    _, _, _, _, account, name = arn.split(":", 5)
    url = sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {}).get("Policy")


# Of these the whole policy can be asked for, by the ARN of the resource alone.
_ASK: Final[dict[str, Callable[[Any, str], Any]]] = {
    "kms": lambda known, arn: known.get_key_policy(KeyId=arn, PolicyName="default")["Policy"],
    "lambda": lambda known, arn: known.get_policy(FunctionName=arn)["Policy"],
    "s3": lambda known, arn: known.get_bucket_policy(Bucket=arn.rpartition(":")[2])["Policy"],
    "sns": lambda known, arn: known.get_topic_attributes(TopicArn=arn)["Attributes"].get("Policy"),
    "sqs": _of_queue,
}
