"""Answers of the AWS CLI put together: roles with their policies, wherever each of them was said. Pure."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from xsfn_helpers.asl.states import read_states
from xsfn_helpers.common.arns import Arn, account_of, machine_arn, role_name
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.asking.refusal import RefusedCall, is_event
from xsfn_helpers.deployment.diagnose.asking.refused_link import denied_in
from xsfn_helpers.deployment.diagnose.evidence import (
    LIMITS,
    UNKNOWN,
    WITHHELD,
    AccountSeen,
    Evidence,
    ExecutionSeen,
    MachineSeen,
    NotSeen,
    PolicySeen,
    ResourcePolicy,
    RoleSeen,
    Spot,
    read_document,
)
from xsfn_helpers.deployment.diagnose.least_privilege import needs
from xsfn_helpers.deployment.diagnose.reading.export import MANIFEST, with_manifest
from xsfn_helpers.deployment.diagnose.reading.exported_roles import RolePieces
from xsfn_helpers.deployment.diagnose.reading.histories import told_by_history
from xsfn_helpers.deployment.diagnose.reading.own_policies import joined, key_policy_in, policies_in
from xsfn_helpers.deployment.diagnose.reading.pieces import Pieces
from xsfn_helpers.deployment.diagnose.references import wanted_machines, wanted_roles
from xsfn_helpers.deployment.diagnose.tasks import is_withheld, read_tasks

Answer = Mapping[str, Any]
_FAILED: Final = ("FAILED", "TIMED_OUT", "ABORTED")


@dataclass(frozen=True, slots=True)
class _Whole:
    """All that was taken, put together."""

    accounts: Mapping[str, AccountSeen]
    not_seen: tuple[NotSeen, ...]
    spots: Mapping[tuple[str, str], Spot]
    of_resources: Mapping[str, ResourcePolicy]
    unplaced: tuple[PolicySeen, ...] = ()
    placed: Mapping[str, tuple[PolicySeen, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class Assembly:
    """Takes answers one by one, in any order, and gives the evidence that they are together."""

    _roles: RolePieces = field(default_factory=RolePieces)
    _machines: dict[str, MachineSeen] = field(default_factory=dict)
    _deployed: set[str] = field(default_factory=set)
    _listed: dict[str, set[str]] = field(default_factory=dict)
    _executions: dict[str, Answer] = field(default_factory=dict)
    _histories: list[tuple[str, list[Answer]]] = field(default_factory=list)
    _pieces: list[Pieces] = field(default_factory=list)
    _manifest: Answer | None = None
    _unknown: list[str] = field(default_factory=list)
    _unread: list[tuple[str, str]] = field(default_factory=list)
    _limits: list[PolicySeen] = field(default_factory=list)
    _of_resources: dict[str, ResourcePolicy] = field(default_factory=dict)
    _key_policies: list[tuple[str, ResourcePolicy]] = field(default_factory=list)
    _whole: _Whole | None = None

    def take(self, name: str, answer: Answer) -> None:
        """One answer; `name` is its file's. Raises `ValueError`, `TypeError` or `KeyError` for a broken one."""
        self._whole = None
        if is_event(answer):
            return  # what it denies was taken from it already
        if (key_policy := key_policy_in(answer)) is not None:
            self._key_policies.append((name, key_policy))
            return
        if own := dict(policies_in(answer)):
            for arn, policy in own.items():
                self._of_resources[arn] = joined(self._of_resources.get(arn), policy)
            return
        for keys, method in _KINDS:
            if all(key in answer for key in keys):
                method(self, name, answer)
                return
        self._unknown.append(name)

    def add(self, pieces: Pieces) -> None:
        """What templates, Terraform and files by themselves say."""
        self._whole = None
        self._pieces.append(pieces)
        for arn, machine in pieces.machines.items():
            if arn in self._deployed:
                continue  # what AWS says of it is how it is
            before = self._machines.get(arn)
            if before is not None and before != machine and not (before.lost and machine.lost):
                why = tr("two files make it and say different things: which of them is deployed isn't known")
                self._unread.append((machine.name, why))
                machine = replace(machine, definition=WITHHELD, lost=why)
            self._machines[arn] = machine

    def unread(self, name: str, why: str) -> None:
        """A file that gives nothing, or not all that is in it, and why."""
        self._whole = None
        self._unread.append((name, why.rstrip(".")))

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
            _definition(answer["definition"]),
            str(answer.get("type", "STANDARD")),
            logs=logging.get("level", "OFF") != "OFF" if isinstance(logging, Mapping) else None,
            traces=bool(tracing.get("enabled")) if isinstance(tracing, Mapping) else None,
            key=key_of(answer),
        )
        self._deployed.add(arn)

    def _machine_list(self, _: str, answer: Answer) -> None:
        for one in _list(answer, "stateMachines"):
            arn = _text(one, "stateMachineArn")
            if _is_whole(answer):
                self._listed.setdefault(account_of(arn), set()).add(arn)

    def _execution(self, _: str, answer: Answer) -> None:
        self._executions[_text(answer, "executionArn")] = answer

    def _history(self, name: str, answer: Answer) -> None:
        self._histories.append((name, _list(answer, "events")))
        if not _is_whole(answer):
            self.unread(name, tr("the history goes on after it (nextToken): what happened later isn't known"))

    def _role(self, _: str, answer: Answer) -> None:
        self._roles.role(_mapping(answer, "Role"))

    def _role_list(self, _: str, answer: Answer) -> None:
        self._roles.listing(_list(answer, "Roles"), whole=_is_whole(answer))

    def _details(self, _: str, answer: Answer) -> None:
        self._roles.details(_list(answer, "RoleDetailList"), _list(answer, "Policies"), whole=_is_whole(answer))

    def _role_policy(self, name: str, answer: Answer) -> None:
        self._roles.inline(name, _text(answer, "RoleName"), _text(answer, "PolicyName"), answer["PolicyDocument"])

    def _policy_names(self, name: str, answer: Answer) -> None:
        self._roles.inline_names(name, [str(one) for one in answer["PolicyNames"]], whole=_is_whole(answer))

    def _attached(self, name: str, answer: Answer) -> None:
        arns = [_text(one, "PolicyArn") for one in _list(answer, "AttachedPolicies")]
        self._roles.attached(name, arns, whole=_is_whole(answer))

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

    def machines(self) -> list[MachineSeen]:
        """Every state machine that any file describes."""
        return list(self._machines.values())

    def lost(self) -> list[NotSeen]:
        """What was read of state machines and couldn't be used."""
        return [one for pieces in self._pieces for one in pieces.not_seen]

    def asked_about(self, asked: str | None) -> list[MachineSeen]:
        """The state machine of this ARN; without one, those with a task of another role, or all there are."""
        asked = asked or self._asked_before()
        if asked is not None and Arn.parse(asked) is not None and not role_name(asked):
            found = self._machines.get(machine_arn(asked))
            if found is None:
                fix = tr(
                    "Add the answer of `aws stepfunctions describe-state-machine`. Described are: {machines}.",
                    machines=_told(self._machines),
                )
                raise ConfigError(tr("No file describes {arn}.", arn=machine_arn(asked)), fix=fix)
            return [found]
        executed = {machine_arn(str(one.get("stateMachineArn"))) for one in self._failed()}
        if executed and self._machines and not executed & self._machines.keys():
            raise ConfigError(
                tr("The execution is of {arn}, which no file describes.", arn=_told(executed)),
                fix=tr(
                    "Add the answer of `aws stepfunctions describe-state-machine`. Described are: {machines}.",
                    machines=_told(self._machines),
                ),
            )
        if len(executed & self._machines.keys()) == 1:
            return [self._machines[arn] for arn in executed if arn in self._machines]
        if (events := self._lone_history()) is not None:
            fitting = [one for one in self._machines.values() if may_be_history_of(events, one)]
            if fitting:
                return fitting
        calling = [one for one in self._machines.values() if _calls_as_another(one)]
        return calling or list(self._machines.values())

    def evidence(self, asked: str | None) -> Evidence:
        """What the answers say together. Raises `ConfigError` where the state machine asked about isn't among them."""
        candidates = self.asked_about(asked)
        if len(candidates) != 1:
            raise ConfigError(
                tr("Which state machine is asked about isn't plain."),
                fix=tr("Give its ARN. The files describe: {machines}.", machines=_told(one.arn for one in candidates)),
            )
        return self.evidence_of(asked, candidates[0])

    def evidence_of(self, asked: str | None, machine: MachineSeen, *, with_gaps: bool = True) -> Evidence:
        """What the answers say together about one state machine, and the execution asked about.

        `with_gaps`: what its tasks name and no file tells is told as well, which takes long.
        """
        asked = asked or self._asked_before()
        if asked is not None and role_name(asked):
            asked = None
        if self._whole is None:
            self._whole = self._put_together()
        whole = self._whole
        execution, gaps = self._execution_of(asked, machine)
        asked = asked or (execution.arn if execution is not None else "") or machine.arn
        evidence = Evidence(
            asked,
            machine,
            whole.accounts,
            execution,
            (*whole.not_seen, *gaps),
            spots=whole.spots,
            unplaced=(*self._limits, *whole.unplaced),
            of_resources=whole.of_resources,
            placed=whole.placed,
        )
        if self._manifest is not None:
            return with_manifest(evidence, self._manifest)
        return _with_gaps(evidence) if with_gaps else evidence

    def _put_together(self) -> _Whole:
        roles, not_seen = self._roles.assembled()
        spots: dict[tuple[str, str], Spot] = {}
        for pieces in self._pieces:
            spots |= pieces.spots
        together = _together(self._pieces)
        own = dict(together.of_resources) | self._of_resources | self._of_keys()
        for arn, role in together.assembled().items():
            roles.setdefault(arn, role)
        not_seen += [
            NotSeen(UNKNOWN, tr("file {name}", name=name), tr("it is no answer that is known here"))
            for name in self._unknown
        ]
        not_seen += [NotSeen(UNKNOWN, tr("file {name}", name=name), why) for name, why in self._unread]
        not_seen += self.lost()
        accounts: dict[str, AccountSeen] = {}
        by_account: dict[str, dict[str, RoleSeen]] = defaultdict(dict)
        machines: dict[str, dict[str, MachineSeen]] = defaultdict(dict)
        for arn, role in roles.items():
            by_account[account_of(arn)][arn] = role
        for arn, one in self._machines.items():
            machines[account_of(arn)][arn] = one
        for account in sorted({*map(account_of, roles), *map(account_of, self._machines), *self._listed}):
            accounts[account] = AccountSeen(
                account,
                by_account[account],
                machines[account],
                all_roles=self._roles.complete(account),
                all_machines=frozenset(self._listed[account]) if account in self._listed else None,
            )
        placed = {account: tuple(limits) for account, limits in together.placed.items()}
        return _Whole(accounts, tuple(not_seen), spots, own, tuple(together.unplaced), placed)

    def _of_keys(self) -> dict[str, ResourcePolicy]:
        """Key policies, which don't say whose they are: the file's name holds the key's id, or there is one key."""
        keys = {one.key_arn for one in self._machines.values() if one.key_arn}
        found = {}
        for name, policy in self._key_policies:
            named = {arn for arn in keys if arn.rpartition("/")[2] in name}
            if not named and len(keys) == len(self._key_policies) == 1:
                named = keys
            if len(named) == 1:
                found[named.pop()] = policy
            else:
                self._unread.append((name, tr("its name must hold the id of the key")))
        return found

    def _asked_before(self) -> str | None:
        return str(self._manifest.get("asked", "")) or None if self._manifest is not None else None

    def _failed(self) -> list[Answer]:
        return [one for one in self._executions.values() if one.get("status") in _FAILED]

    def _execution_of(self, asked: str | None, machine: MachineSeen) -> tuple[ExecutionSeen | None, list[NotSeen]]:
        """The execution asked about, or the only failed one of this state machine; and what is missing of it."""
        gaps: list[NotSeen] = []
        if asked is None:
            failed = [one for one in self._failed() if machine_arn(_text(one, "stateMachineArn")) == machine.arn]
            if not failed and (lone := self._lone_history()) is not None:
                return self._unnamed(lone, machine)
            if not failed:
                return None, gaps
            latest = max(failed, key=lambda one: str(one.get("stopDate", "")))
            gaps += [
                NotSeen(
                    machine.account,
                    tr("the failed execution {arn}", arn=_text(one, "executionArn")),
                    tr("another one is told of; give its ARN"),
                )
                for one in failed
                if one is not latest
            ]
            asked = _text(latest, "executionArn")
        if ":execution:" not in asked and ":express:" not in asked:
            return None, gaps
        answer = self._executions.get(asked)
        events = self._events_of(asked)
        if answer is None and events is None and ":express:" in asked:
            # docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
            what = tr("the execution {arn}", arn=asked)
            why = tr("AWS describes no Express execution; its log has the words that it ended with")
            return None, [*gaps, NotSeen(machine.account, what, why)]
        if answer is None and events is None and self._manifest is None:
            raise ConfigError(tr("No file is about {arn}.", arn=asked), fix=tr("Add the answer of describe-execution."))
        if answer is None and events is None:
            return None, gaps
        if events is None:
            what = tr("the history of {arn} (states:GetExecutionHistory)", arn=asked)
            gaps.append(NotSeen(machine.account, what, tr("no file holds it")))
        return execution_seen(asked, answer, events), gaps

    def _lone_history(self) -> list[Answer] | None:
        """The history of an execution of which no answer tells whose it is."""
        alone = len(self._histories) == 1 and not self._executions and self._manifest is None
        return self._histories[0][1] if alone else None

    def _unnamed(self, events: list[Answer], machine: MachineSeen) -> tuple[ExecutionSeen, list[NotSeen]]:
        """The execution that a history by itself tells of."""
        execution = replace(execution_seen("", None, events), machine_arn=machine.arn)
        if may_be_history_of(events, machine):
            return execution, []
        what = tr("the history {name}", name=self._histories[0][0])
        why = tr(
            "its states aren't those of {machine}: it is another's, or the definition was changed", machine=machine.name
        )
        return execution, [NotSeen(machine.account, what, why)]

    def tells_of(self, execution: str) -> bool:
        """Whether a file describes this execution."""
        return execution in self._executions

    def denials(self) -> tuple[RefusedCall, ...]:
        """What AWS denied in the executions and histories that were given."""
        events = self._histories[0][1] if len(self._histories) == 1 else None
        seen = [execution_seen(arn, one, events) for arn, one in self._executions.items()]
        if not seen and events is not None:
            seen = [execution_seen("", None, events)]
        return tuple(dict.fromkeys(one for execution in seen for one in denied_in(execution)))

    def _events_of(self, asked: str) -> list[Answer] | None:
        """The history of this execution, which its answer doesn't say: the only one, or that of its name."""
        if len(self._histories) == 1:
            return self._histories[0][1]
        name = asked.rpartition(":")[2]
        named = [events for file, events in self._histories if name in file]
        return named[0] if len(named) == 1 else None


def _calls_as_another(machine: MachineSeen) -> bool:
    """Whether a task assumes a role; one whose definition can't be read may do so."""
    if is_withheld(machine.definition):
        return True
    return any(task.takes_on_a_role for task in read_tasks(machine.definition))


def execution_seen(arn: str, answer: Answer | None, events: list[Answer] | None) -> ExecutionSeen:
    """An execution from the two answers that tell of it; what the first doesn't say, the history may."""
    told = told_by_history(events or [])
    answer = answer or {}
    return ExecutionSeen(
        arn,
        machine_arn(str(answer.get("stateMachineArn") or arn)),
        str(answer.get("status") or told.status),
        str(answer.get("input") or told.input or "{}"),
        str(answer.get("error") or told.error),
        str(answer.get("cause") or told.cause),
        told.tasks,
        told.failed,
        told.runs,
        has_history=events is not None,
    )


def may_be_history_of(events: list[Answer], machine: MachineSeen) -> bool:
    """Whether every state that a history entered is one of this state machine's."""
    names = {
        str(entered.get("name", ""))
        for one in events
        if isinstance(entered := one.get("stateEnteredEventDetails"), Mapping)
    }
    if is_withheld(machine.definition):
        return False
    return names <= {state.name for state in read_states(json.loads(machine.definition)).everything()}


def _together(pieces: list[Pieces]) -> Pieces:
    """Roles of several files: one may attach policies to another's role."""
    whole = Pieces()
    for one in pieces:
        whole.take_in(one)
    return whole


def _definition(given: object) -> str:
    """The definition's text; somebody may have pasted it as an object."""
    if isinstance(given, Mapping):
        return json.dumps(given)
    if not isinstance(given, str):
        raise ValueError(tr("{key} is no text", key="definition"))
    return given


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
            tr("whether role {role} has other permissions policies", role=role.name),
            tr("no file lists them all"),
        )
        for role in asking
        if role is not None and not role.policies_listed
    ]
    accounts = sorted({account_of(arn) for arn in wanted_roles(evidence)})
    for account in accounts:
        for what in LIMITS:
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
