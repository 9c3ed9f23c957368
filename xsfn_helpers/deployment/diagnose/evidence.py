"""What is known of a setup: machines, roles, policies; and what couldn't be seen, and why. Pure.

A reader (live, or of exported files) fills it in; everything else only looks. Nothing here is guessed: a policy that
nobody could read is there by name, with the reason in the place of its document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import unquote

from xsfn_helpers.chain.documents import Document
from xsfn_helpers.common.arns import Arn, account_of, machine_arn, role_name
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.diagnose.asking.refusal import RefusedCall

_AWS_OWN: Final = "aws"
_KEY_ID: Final = re.compile(r"[\w-]+")
# Stands for an account that nobody could tell.
WITHHELD: Final = "{}"
UNKNOWN: Final = mark("unknown")
LIMITS: Final = (mark("service control policies"), mark("resource control policies"))
# What `Evidence.spots` calls the two documents that have no name of their own.
TRUST: Final = "trust policy"
DEFINITION: Final = "definition"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a document is written: the file, the line that it begins on, and those of its statements."""

    file: str
    line: int
    statements: tuple[int, ...] = ()

    def line_of(self, statement: int | None) -> int:
        """The line of a statement by its index; the document's own where that isn't known."""
        known = statement is not None and 0 <= statement < len(self.statements)
        return self.statements[statement] if known and statement is not None else self.line


@dataclass(frozen=True, slots=True)
class PolicySeen:
    """One policy. `arn` is empty for an inline one; `document` is None where it couldn't be read, for `why_not`.

    `unsure` says why nobody can tell whether its role has it at all.
    """

    name: str
    arn: str = ""
    document: Document | None = None
    why_not: str = ""
    unsure: str = ""

    @property
    def is_awss_own(self) -> bool:
        """Whether AWS manages it, so that nobody else can change it."""
        return bool(self.arn) and account_of(self.arn) == _AWS_OWN

    def title_of(self, role: str) -> str:
        """What it is called as a permissions policy, or a boundary, of this role."""
        if self.arn:
            return tr("managed policy {policy} of role {role}", policy=self.name, role=role)
        return tr("inline policy {policy} of role {role}", policy=self.name, role=role)


@dataclass(frozen=True, slots=True)
class RoleSeen:
    """One role. `policies_listed`: whether these are all its permissions policies; `tags` is None where unknown.

    `tags_listed`: whether it has no other tags than these; what a stack is deployed with adds to them.

    `in_full` is False for a role of which only a list's line was read: name, id and trust policy. `unsure` says why
    nobody can tell whether there is such a role.
    """

    arn: str
    unique_id: str = ""
    trust: Document | None = None
    policies: tuple[PolicySeen, ...] = ()
    policies_listed: bool = True
    boundary: PolicySeen | None = None
    tags: Mapping[str, str] | None = None
    tags_listed: bool = True
    in_full: bool = True
    unsure: str = ""

    @property
    def name(self) -> str:
        return role_name(self.arn) or self.arn

    @property
    def account(self) -> str:
        return account_of(self.arn)


@dataclass(frozen=True, slots=True)
class MachineSeen:
    """One state machine. `definition` is its text; `logs` and `traces` are None where that isn't known.

    `tags_listed`: whether it has no other tags than these.

    `key` is the KMS key that it is encrypted with, empty where AWS's own. `lost` says why its definition, which is
    `WITHHELD` then, couldn't be read, and `may_be_in` names a file that may be it, by its name alone. Where nothing
    tells its role (`role_told`), `role_arn` stands for it, and `role_written` is what is written for it, as far as it
    is: `${Role}`, of a parameter without a value.
    """

    arn: str
    role_arn: str
    definition: str
    type: str = "STANDARD"
    logs: bool | None = None
    traces: bool | None = None
    tags: Mapping[str, str] | None = None
    tags_listed: bool = True
    key: str = ""
    lost: str = ""
    role_told: bool = True
    role_written: str = ""
    may_be_in: str = ""

    @property
    def name(self) -> str:
        found = Arn.parse(self.arn)
        return found.machine_name if found else self.arn

    @property
    def account(self) -> str:
        return account_of(self.arn)

    @property
    def region(self) -> str:
        found = Arn.parse(self.arn)
        return found.region if found else ""

    @property
    def key_arn(self) -> str:
        """The ARN of its key; empty where it has none, or only an alias of it is known."""
        own, found = Arn.parse(self.arn), Arn.parse(self.key)
        if found is not None:
            return self.key if found.service == "kms" and found.rest.startswith("key/") else ""
        if own is None or not _KEY_ID.fullmatch(self.key):
            return ""
        return f"arn:{own.partition}:kms:{own.region}:{own.account}:key/{self.key}"


@dataclass(frozen=True, slots=True)
class AtRunTime:
    """What one task did in an execution: the role that it took on, and the parameters of its call.

    `failed` has the words that it ended with; empty where it didn't fail.
    """

    role_arn: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)
    failed: str = ""


@dataclass(frozen=True, slots=True)
class ExecutionSeen:
    """One execution: how it ended, and what its tasks did, by the names of their states. `input` is JSON text.

    `tasks` has what a task did last, or when it failed; `runs` has every one of its runs that differs from the others,
    for a Map runs one task for many accounts. `has_history` tells whether the history was read.
    """

    arn: str
    machine_arn: str
    status: str
    input: str = "{}"
    error: str = ""
    cause: str = ""
    tasks: Mapping[str, AtRunTime] = field(default_factory=dict)
    failed_state: str = ""
    runs: Mapping[str, tuple[AtRunTime, ...]] = field(default_factory=dict)
    has_history: bool = True


@dataclass(frozen=True, slots=True)
class AccountSeen:
    """One account as far as it was seen. The two listings are None where nobody could list; `scps` and `rcps` likewise.

    These have one tuple for each level of the organization, the root first; () where there is no organization.
    """

    id: str
    roles: Mapping[str, RoleSeen] = field(default_factory=dict)
    machines: Mapping[str, MachineSeen] = field(default_factory=dict)
    all_roles: frozenset[str] | None = None
    all_machines: frozenset[str] | None = None
    missing: frozenset[str] = frozenset()
    scps: tuple[tuple[PolicySeen, ...], ...] | None = None
    rcps: tuple[tuple[PolicySeen, ...], ...] | None = None


@dataclass(frozen=True, slots=True)
class NotSeen:
    """Something that couldn't be read, in which account, and why."""

    account: str
    what: str
    why: str

    def __str__(self) -> str:
        return tr("account {account}: {what} ({why})", account=tr(self.account), what=self.what, why=self.why)


@dataclass(frozen=True, slots=True)
class ResourcePolicy:
    """The policy that a resource has itself: None where it has none. `whole`: whether nothing can add to it.

    `unsure` says why nobody can tell whether the resource has it.
    """

    document: Document | None
    whole: bool = True
    unsure: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that a diagnosis looks at. `asked` is the ARN that it was asked about.

    `spots` tells where documents are written, by the ARN of what they belong to and their name (`TRUST`, `DEFINITION`).
    `refused` is what AWS's own words, given beside it, say was refused.
    `unplaced` are policies of an organization of which it isn't known whom they limit. `of_resources` are the policies
    that resources have themselves, by ARN. `placed` are policies of an organization that limit an account for certain,
    by its id, beside others that weren't read. `stand_ins` are ids that stand for accounts that nothing tells,
    `made_by` says what has to be run first so that more can be read. `parameters` are the names of the parameters whose
    values can be told. `not_about_aws` names files that decide nothing. `taken` are sentences: which real name is taken
    for what a template makes, where its name alone tells it.
    """

    asked: str
    machine: MachineSeen
    accounts: Mapping[str, AccountSeen]
    execution: ExecutionSeen | None = None
    not_seen: tuple[NotSeen, ...] = ()
    spots: Mapping[tuple[str, str], Spot] = field(default_factory=dict)
    refused: tuple[RefusedCall, ...] = ()
    unplaced: tuple[PolicySeen, ...] = ()
    of_resources: Mapping[str, ResourcePolicy] = field(default_factory=dict)
    placed: Mapping[str, tuple[PolicySeen, ...]] = field(default_factory=dict)
    stand_ins: frozenset[str] = frozenset()
    made_by: str = ""
    parameters: frozenset[str] = frozenset()
    not_about_aws: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()

    def account(self, account_id: str) -> AccountSeen:
        """The account; one of which nothing was seen where it is another."""
        return self.accounts.get(account_id) or AccountSeen(account_id)

    def role(self, arn: str) -> RoleSeen | None:
        """The role of exactly this ARN, if it was read."""
        return self.account(account_of(arn)).roles.get(arn)

    def lacks_role(self, arn: str) -> bool:
        """Whether it is certain that there is no role of this ARN.

        No account has two roles of one name, whatever their paths:
        docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
        """
        account = self.account(account_of(arn))
        if arn in account.roles:
            return False
        twins = (one for one in account.roles.values() if one.name == role_name(arn))
        if any(one.trust is not None and not one.unsure and "${" not in one.arn for one in twins):
            return True
        return arn in account.missing or (account.all_roles is not None and arn not in account.all_roles)

    def state_machine(self, arn: str) -> MachineSeen | None:
        """The state machine that this ARN, or that of its version or alias, is of."""
        return self.account(account_of(arn)).machines.get(machine_arn(arn))

    def lacks_machine(self, arn: str) -> bool:
        """Whether it is certain that there is no such state machine; listings cover the machine's region alone."""
        own, account = machine_arn(arn), self.account(account_of(arn))
        if own in account.machines:
            return False
        if own in account.missing:
            return True
        found = Arn.parse(own)
        same_region = found is not None and found.region == self.machine.region
        return same_region and account.all_machines is not None and own not in account.all_machines

    def state_machine_is_there(self, arn: str) -> bool:
        """Whether it is certain that this state machine exists, read or merely listed."""
        account = self.account(account_of(arn))
        return arn in account.machines or (account.all_machines is not None and arn in account.all_machines)

    def with_role(self, role: RoleSeen) -> Evidence:
        """The same with this role as it would be."""
        account = self.account(role.account)
        listed = None if account.all_roles is None else account.all_roles | {role.arn}
        return self._with(
            replace(
                account,
                roles={**account.roles, role.arn: role},
                all_roles=listed,
                missing=account.missing - {role.arn},
            )
        )

    def with_machine(self, machine: MachineSeen, *, replaces: bool = False) -> Evidence:
        """The same with this state machine as it would be, and as the one asked about if it `replaces` that."""
        account = self.account(machine.account)
        listed = None if account.all_machines is None else account.all_machines | {machine.arn}
        changed = self._with(
            replace(
                account,
                machines={**account.machines, machine.arn: machine},
                all_machines=listed,
                missing=account.missing - {machine.arn},
            )
        )
        if replaces:
            return replace(changed, machine=machine, asked=machine.arn)
        return replace(changed, machine=machine) if machine.arn == self.machine.arn else changed

    def _with(self, account: AccountSeen) -> Evidence:
        return replace(self, accounts={**self.accounts, account.id: account})


def read_input(text: str) -> object:
    """An execution's input as a value; an empty object where it isn't JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return {}


def read_document(given: object) -> Document | None:
    """A policy document as boto3 or the AWS CLI gives it: decoded, or still text; None for anything else."""
    if isinstance(given, str):
        try:
            given = json.loads(unquote(given) if given.startswith("%") else given)
        except ValueError:
            return None
    return given if isinstance(given, dict) else None
