"""Answers of the AWS CLI put together: roles with their policies, wherever each of them was said. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from xsfn_helpers.common.arns import account_of, machine_arn, role_name
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.diagnose.evidence import (
    UNKNOWN,
    AccountSeen,
    Evidence,
    ExecutionSeen,
    MachineSeen,
    NotSeen,
    PolicySeen,
    read_document,
)
from xsfn_helpers.deployment.diagnose.least_privilege import needs
from xsfn_helpers.deployment.diagnose.reading.export import MANIFEST, with_manifest
from xsfn_helpers.deployment.diagnose.reading.exported_roles import RolePieces
from xsfn_helpers.deployment.diagnose.reading.histories import tasks_of_history
from xsfn_helpers.deployment.diagnose.references import wanted_machines, wanted_roles
from xsfn_helpers.deployment.diagnose.tasks import read_tasks

Answer = Mapping[str, Any]


@dataclass(slots=True)
class Assembly:
    """Takes answers one by one, in any order, and gives the evidence that they are together."""

    _roles: RolePieces = field(default_factory=RolePieces)
    _machines: dict[str, MachineSeen] = field(default_factory=dict)
    _listed: dict[str, set[str]] = field(default_factory=dict)
    _executions: dict[str, Answer] = field(default_factory=dict)
    _events: list[Answer] = field(default_factory=list)
    _manifest: Answer | None = None
    _unknown: list[str] = field(default_factory=list)
    _limits: list[PolicySeen] = field(default_factory=list)

    def take(self, name: str, answer: Answer) -> None:
        """One answer; `name` is its file's. Raises `ValueError`, `TypeError` or `KeyError` for a broken one."""
        for keys, method in _KINDS:
            if all(key in answer for key in keys):
                method(self, name, answer)
                return
        self._unknown.append(name)

    def _machine(self, _: str, answer: Answer) -> None:
        arn = machine_arn(_text(answer, "stateMachineArn"))
        if not account_of(arn):
            raise ValueError(tr("{arn!r} is no ARN", arn=arn))
        if not role_name(_text(answer, "roleArn")):
            raise ValueError(tr("roleArn {arn!r} is no ARN of a role", arn=answer["roleArn"]))
        logging, tracing = answer.get("loggingConfiguration"), answer.get("tracingConfiguration")
        self._machines[arn] = MachineSeen(
            arn,
            _text(answer, "roleArn"),
            _text(answer, "definition"),
            str(answer.get("type", "STANDARD")),
            logs=logging.get("level", "OFF") != "OFF" if isinstance(logging, Mapping) else None,
            traces=bool(tracing.get("enabled")) if isinstance(tracing, Mapping) else None,
            key=key_of(answer),
        )

    def _machine_list(self, _: str, answer: Answer) -> None:
        for one in _list(answer, "stateMachines"):
            arn = _text(one, "stateMachineArn")
            if _is_whole(answer):
                self._listed.setdefault(account_of(arn), set()).add(arn)

    def _execution(self, _: str, answer: Answer) -> None:
        self._executions[_text(answer, "executionArn")] = answer

    def _history(self, _: str, answer: Answer) -> None:
        self._events += _list(answer, "events")

    def _role(self, _: str, answer: Answer) -> None:
        self._roles.role(_mapping(answer, "Role"))

    def _role_list(self, _: str, answer: Answer) -> None:
        self._roles.listing(_list(answer, "Roles"), whole=_is_whole(answer))

    def _details(self, _: str, answer: Answer) -> None:
        self._roles.details(_list(answer, "RoleDetailList"), _list(answer, "Policies"), whole=_is_whole(answer))

    def _role_policy(self, name: str, answer: Answer) -> None:
        self._roles.inline(name, _text(answer, "RoleName"), _text(answer, "PolicyName"), answer["PolicyDocument"])

    def _policy_names(self, name: str, answer: Answer) -> None:
        self._roles.inline_names(name, [str(one) for one in answer["PolicyNames"]])

    def _attached(self, name: str, answer: Answer) -> None:
        self._roles.attached(name, [_text(one, "PolicyArn") for one in _list(answer, "AttachedPolicies")])

    def _policy(self, _: str, answer: Answer) -> None:
        policy = _mapping(answer, "Policy")
        if "Arn" in policy and "DefaultVersionId" in policy:
            self._roles.policy(_text(policy, "Arn"), _text(policy, "DefaultVersionId"))
        elif "Content" in policy and "Arn" in policy.get("PolicySummary", {}):
            self._limits.append(_limit(policy["PolicySummary"], policy["Content"]))
        else:
            self._unknown.append(str(policy.get("PolicySummary", {}).get("Name", tr("a policy"))))

    def _version(self, name: str, answer: Answer) -> None:
        version = _mapping(answer, "PolicyVersion")
        self._roles.version(name, str(version.get("VersionId", "")), version["Document"], version)

    def _own(self, _: str, answer: Answer) -> None:
        self._manifest = answer

    # --- the whole

    def evidence(self, asked: str | None) -> Evidence:
        """What the answers say together. Raises `ConfigError` where the state machine asked about isn't among them."""
        if self._manifest is not None:
            asked = asked or str(self._manifest.get("asked", "")) or None
        roles, not_seen = self._roles.assembled()
        for name in self._unknown:
            why = tr("it is no answer that is known here")
            not_seen.append(NotSeen(UNKNOWN, tr("file {name}", name=name), why))
        accounts: dict[str, AccountSeen] = {}
        for account in sorted({*map(account_of, roles), *map(account_of, self._machines), *self._listed}):
            accounts[account] = AccountSeen(
                account,
                {arn: role for arn, role in roles.items() if account_of(arn) == account},
                {arn: machine for arn, machine in self._machines.items() if account_of(arn) == account},
                all_roles=self._roles.complete(account),
                all_machines=frozenset(self._listed[account]) if account in self._listed else None,
            )
        machine, execution = self._asked(asked)
        evidence = Evidence(
            asked or machine.arn, machine, accounts, execution, tuple(not_seen), unplaced=tuple(self._limits)
        )
        if self._manifest is not None:
            return with_manifest(evidence, self._manifest)
        return _with_gaps(evidence)

    def _asked(self, asked: str | None) -> tuple[MachineSeen, ExecutionSeen | None]:
        if asked is None:
            return self._only_machine(), None
        execution = None
        if ":execution:" in asked:
            answer = self._executions.get(asked)
            if answer is not None:
                tasks, failed = tasks_of_history(self._events)
                execution = ExecutionSeen(
                    asked,
                    machine_arn(_text(answer, "stateMachineArn")),
                    str(answer.get("status", "")),
                    str(answer.get("input", "{}")),
                    str(answer.get("error") or ""),
                    str(answer.get("cause") or ""),
                    tasks,
                    failed,
                )
            elif self._manifest is None:
                raise ConfigError(
                    tr("No file is about {arn}.", arn=asked), fix=tr("Add the answer of describe-execution.")
                )
        found = self._machines.get(machine_arn(asked))
        if found is None:
            fix = tr(
                "Add the answer of `aws stepfunctions describe-state-machine`. Described are: {machines}.",
                machines=_told(self._machines),
            )
            raise ConfigError(tr("No file describes {arn}.", arn=machine_arn(asked)), fix=fix)
        return found, execution

    def _only_machine(self) -> MachineSeen:
        calling = [one for one in self._machines.values() if any(t.takes_on_a_role for t in read_tasks(one.definition))]
        candidates = calling or list(self._machines.values())
        if len(candidates) == 1:
            return candidates[0]
        raise ConfigError(
            tr("Which state machine is asked about isn't plain."),
            fix=tr("Give its ARN. The files describe: {machines}.", machines=_told(one.arn for one in candidates)),
        )


def _told(arns: Iterable[str]) -> str:
    return tr(", ").join(sorted(arns)) or tr("none")


def _with_gaps(evidence: Evidence) -> Evidence:
    """What the tasks name and no file tells."""
    gaps = [
        NotSeen(account_of(arn), tr("the role {arn}", arn=arn), tr("no file tells of it"))
        for arn in wanted_roles(evidence)
        if evidence.role(arn) is None and not evidence.lacks_role(arn)
    ]
    gaps += [
        NotSeen(account_of(arn), tr("the state machine {arn}", arn=arn), tr("no file describes it"))
        for arn in wanted_machines(evidence)
        if evidence.state_machine(arn) is None and not evidence.lacks_machine(arn)
    ]
    asking = [
        evidence.role(arn) for arn in needs(evidence, read_tasks(evidence.machine.definition, evidence.execution))
    ]
    gaps += [
        NotSeen(role.account, policy.title_of(role.name), policy.why_not)
        for role in asking
        for policy in ((*role.policies, role.boundary) if role is not None else ())
        if role is not None and policy is not None and policy.document is None
    ]
    gaps += [
        NotSeen(
            role.account,
            tr("whether role {role} has other permission policies", role=role.name),
            tr("no file lists them all"),
        )
        for role in asking
        if role is not None and not role.policies_listed
    ]
    accounts = sorted({account_of(arn) for arn in wanted_roles(evidence)})
    for account in accounts:
        for what in (mark("service control policies"), mark("resource control policies")):
            gaps.append(NotSeen(account, tr(what), tr("no file tells of them")))
    return replace(evidence, not_seen=(*evidence.not_seen, *gaps))


def key_of(answer: Answer) -> str:
    """The KMS key of one's own that a state machine is encrypted with; empty where it is AWS's."""
    given = answer.get("encryptionConfiguration")
    if not isinstance(given, Mapping) or given.get("type") != "CUSTOMER_MANAGED_KMS_KEY":
        return ""
    return str(given.get("kmsKeyId", "")) or tr("a key that isn't named")


def _is_whole(answer: Answer) -> bool:
    """Whether an answer is a list's only page: else what isn't in it may be on another."""
    return not any(answer.get(key) for key in ("IsTruncated", "Marker", "NextToken", "nextToken"))


def _limit(summary: Answer, content: object) -> PolicySeen:
    """A policy of an organization, which doesn't say whom it is attached to."""
    arn, document = _text(summary, "Arn"), read_document(content)
    why_not = "" if document is not None else tr("it is no policy document")
    return PolicySeen(str(summary.get("Name") or arn), arn, document, why_not)


def _text(answer: object, key: str) -> str:
    value = answer[key] if isinstance(answer, Mapping) else None
    if not isinstance(value, str):
        raise ValueError(tr("{key} is no text", key=key))
    return value


def _list(answer: Answer, key: str) -> list[Answer]:
    value = answer.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        raise ValueError(tr("{key} is no list of objects", key=key))
    return value


def _mapping(answer: Answer, key: str) -> Answer:
    value = answer[key]
    if not isinstance(value, Mapping):
        raise ValueError(tr("{key} is no object", key=key))
    return value


# By what an answer holds; the first that fits counts.
_KINDS: Final[tuple[tuple[tuple[str, ...], Callable[[Assembly, str, Answer], None]], ...]] = (
    ((MANIFEST,), Assembly._own),
    (("stateMachineArn", "definition"), Assembly._machine),
    (("executionArn", "stateMachineArn"), Assembly._execution),
    (("events",), Assembly._history),
    (("RoleDetailList",), Assembly._details),
    (("RoleName", "PolicyName", "PolicyDocument"), Assembly._role_policy),
    (("Role",), Assembly._role),
    (("Roles",), Assembly._role_list),
    (("PolicyVersion",), Assembly._version),
    (("Policy",), Assembly._policy),
    (("PolicyNames",), Assembly._policy_names),
    (("AttachedPolicies",), Assembly._attached),
    (("stateMachines",), Assembly._machine_list),
)
