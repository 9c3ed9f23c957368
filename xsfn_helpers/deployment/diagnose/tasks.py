"""The tasks of a definition that call AWS: as which role, with which arguments, wherever they are nested. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from xsfn_helpers.asl.asked import Pattern
from xsfn_helpers.asl.credentials import CredentialsChoice, Option, Task
from xsfn_helpers.asl.distributed_map import is_distributed
from xsfn_helpers.asl.integrations import is_activity, pattern_of
from xsfn_helpers.asl.known_parts import ANY, known_part
from xsfn_helpers.asl.states import JSONATA, State, read_states
from xsfn_helpers.common.arns import account_of
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.json_text import JsonFault, Path, read_json
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.diagnose.evidence import AtRunTime, ExecutionSeen
from xsfn_helpers.deployment.diagnose.run_time import resolved

# What AWS says of a denied role: …/step-functions/latest/dg/concepts-access-cross-acct-resources.html (recorded)
_REFUSED_ROLE: Final = re.compile(
    r"is not authorized to assume the task state's role,\s*"
    r"(?P<role>arn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]*[\w+=,@/-])"
)


class CallPattern(StrEnum):
    """How a task waits, in words: docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html"""

    REQUEST_RESPONSE = mark("doesn't wait")
    RUN_A_JOB = mark("waits for the end (.sync)")
    CALLBACK = mark("waits for a token")
    FAN_OUT = mark("starts an execution for each batch of items")


@dataclass(frozen=True, slots=True)
class TaskCall:
    """One task. `role_arn` is the role it assumes, empty where it assumes none or nobody can know which.

    `known_role` is the role's ARN as far as it is known, `*` in the place of what isn't. `arguments` are a text where
    one expression gives all of them. `from_run` tells that the role, or the arguments, were taken from the execution
    that was asked about. `run` tells one run of a task from its others, for a Map makes many; `failed` has the words
    that this one ended with. `fan_out` is a Distributed Map, which asks for something of its own.
    """

    task: Task
    arguments: Mapping[str, Any] | str
    where: str
    distributed: bool
    role_arn: str
    from_run: bool = False
    run: str = ""
    failed: str = ""
    known_role: str = ""
    fan_out: Mapping[str, Any] | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        return self.task.name

    @property
    def choice(self) -> CredentialsChoice:
        return self.task.choice

    @property
    def resource(self) -> str:
        """The task's `Resource`; of a Distributed Map, what it is."""
        return tr("Distributed Map") if self.fan_out is not None else self.task.resource

    @property
    def way(self) -> Pattern:
        return pattern_of(self.task.resource)

    @property
    def pattern(self) -> CallPattern:
        if self.fan_out is not None:
            return CallPattern.FAN_OUT
        if self.way is Pattern.CALLBACK:
            return CallPattern.CALLBACK
        return CallPattern.RUN_A_JOB if self.way.runs_a_job else CallPattern.REQUEST_RESPONSE

    @property
    def is_given_at_run_time(self) -> bool:
        """Whether anything that the call is given shows only in the run, or at deployment."""
        written = json.dumps(self.arguments, default=str)
        return isinstance(self.arguments, str) or any(sign in written for sign in ('.$": ', "{%", "${"))

    @property
    def takes_on_a_role(self) -> bool:
        return self.choice.option is not Option.NONE

    @property
    def arguments_path(self) -> Path:
        """Where the arguments are in the definition."""
        return (*self.task.state.path, "Arguments" if self.task.state.language == JSONATA else "Parameters")

    @property
    def title(self) -> str:
        where = tr(", ").join(part for part in (self.where, self.run) if part)
        return f"{self.name}{f' ({where})' if where else ''}"


def is_withheld(definition: str) -> bool:
    """Whether there is no definition to look at: nothing, `{}` as of METADATA_ONLY, or no states.

    Source: docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html ("includedData")
    """
    try:
        found = json.loads(definition)
    except ValueError:
        return not definition.strip()
    return not (isinstance(found, Mapping) and isinstance(found.get("States"), Mapping))


def read_tasks(definition: str, execution: ExecutionSeen | None = None) -> tuple[TaskCall, ...]:
    """The tasks of a definition's text that make calls, and its Distributed Maps, in its order.

    What is known only at run time is taken from the execution, where one is given. Raises `ConfigError` for a
    definition that is no JSON.
    """
    if is_withheld(definition):
        if definition.strip():
            _parsed(definition)
        return ()
    document = _parsed(definition)
    calls = tuple(_calls(document, execution))
    if execution is None:
        return calls
    # The task that failed is the one that was asked about, and of its runs the one whose words are the execution's.
    refused = refused_role(execution)
    return tuple(sorted(calls, key=lambda call: _distance(call, execution, refused)))


def refused_role(execution: ExecutionSeen) -> str:
    """The role that AWS says couldn't be assumed, where the execution's end names it."""
    found = _REFUSED_ROLE.search(execution.cause)
    return found["role"] if found else ""


def _distance(call: TaskCall, execution: ExecutionSeen, refused: str) -> tuple[bool, bool, bool]:
    ours = bool(refused) and call.role_arn == refused
    told = execution.failed_state or (call.name if ours else "")
    return bool(told) and call.name != told, bool(refused) and not ours, not call.failed


def _parsed(definition: str) -> Any:
    try:
        return read_json(definition)
    except JsonFault as fault:
        raise ConfigError(
            tr("The definition isn't JSON: {fault}.", fault=fault.what), where=tr("state machine")
        ) from None


def _calls(document: Mapping[str, Any], execution: ExecutionSeen | None) -> Iterator[TaskCall]:
    for state in read_states(document).everything():
        if state.type == "Task" and not is_activity(state.doing):
            call = _task_call(Task(state), document)
            if execution is None:
                yield call
            else:
                yield from _as_it_ran(call, document, execution)
        elif state.type == "Map" and is_distributed(_at(document, state.path)):
            call = _task_call(Task(state), document)
            yield replace(call, fan_out=_at(document, state.path))


def _at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


def _task_call(task: Task, document: Mapping[str, Any]) -> TaskCall:
    body: Any = document
    where: list[str] = []
    distributed = False
    for step in task.state.path:
        if step in ("ItemProcessor", "Iterator"):
            distributed = distributed or is_distributed(body)
            where.append(tr("for each item"))
        elif isinstance(step, int):
            where.append(tr("branch {number}", number=step + 1))
        body = body[step]
    given = body.get("Arguments" if task.state.language == JSONATA else "Parameters")
    arguments: Mapping[str, Any] | str = given if isinstance(given, (Mapping, str)) else {}
    role_arn, known_role = "", ""
    if task.choice.option is not Option.NONE:
        # A value that is filled in at deployment keeps its name: the same name elsewhere is the same value.
        written = task.choice.option is Option.ARN
        known_role = task.choice.value if written else known_part(task.choice.value)
        filled_in = written and "${" not in task.choice.value
        role_arn = task.choice.value if filled_in else known_role if not written and ANY not in known_role else ""
    return TaskCall(task, arguments, tr(", ").join(where), distributed, role_arn, known_role=known_role)


def _as_it_ran(call: TaskCall, document: Mapping[str, Any], execution: ExecutionSeen) -> Iterator[TaskCall]:
    """The task in each of its runs that differ, with what the execution tells of it."""
    runs = execution.runs.get(call.name) or (execution.tasks.get(call.name) or AtRunTime(),)
    accounts = [account_of(run.role_arn) for run in runs]
    for at, run in enumerate(runs):
        once = bool(accounts[at]) and accounts.count(accounts[at]) == 1
        number = tr("run {number}", number=at + 1)
        named = tr("account {account}", account=accounts[at]) if once else number
        yield replace(_in_run(call, document, execution, run), run=named if len(runs) > 1 else "", failed=run.failed)


def _in_run(call: TaskCall, document: Mapping[str, Any], execution: ExecutionSeen, happened: AtRunTime) -> TaskCall:
    task = call.task
    at_start = task.name == document.get("StartAt") and len(task.state.path) == 2
    role_arn, from_run = call.role_arn, False
    if task.choice.option is Option.RUN_TIME and not role_arn:
        role_arn = (
            happened.role_arn
            or resolved(task.choice.value, execution, at_start=at_start)
            or _refused_role(call, document, execution)
        )
        from_run = bool(role_arn)
    arguments = call.arguments
    if isinstance(arguments, str):
        return replace(call, role_arn=role_arn, from_run=from_run, arguments=happened.parameters or arguments)
    unknown = {key.removesuffix(".$") for key, value in arguments.items() if _at_run_time(key, value)}
    known = {key: value for key in unknown if (value := happened.parameters.get(key)) is not None}
    for key in unknown - known.keys():
        if value := resolved(str(arguments.get(f"{key}.$", arguments.get(key))), execution, at_start=at_start):
            known[key] = value
    if known:
        kept = {key: value for key, value in arguments.items() if key.removesuffix(".$") not in known}
        arguments, from_run = {**kept, **known}, True
    return replace(call, role_arn=role_arn, from_run=from_run, arguments=arguments)


def _refused_role(call: TaskCall, document: Mapping[str, Any], execution: ExecutionSeen) -> str:
    """The role that AWS's sentence names, where it can only be this task that it is about."""
    role = refused_role(execution)
    if not role or not may_be(call.known_role, role):
        return ""
    if execution.failed_state:
        return role if execution.failed_state == call.name else ""
    others = [
        state
        for state in read_states(document).everything()
        if state.type == "Task" and state.path != call.task.state.path and may_be(_known_role(state), role)
    ]
    return "" if others else role


def _known_role(state: State) -> str:
    return known_part(state.role.text) if state.role is not None else ""


def may_be(known: str, arn: str) -> bool:
    """Whether a role that is known in part may be this one."""
    known = known_part(known)
    return re.fullmatch(".*".join(map(re.escape, known.split(ANY))), arn) is not None


def _at_run_time(key: str, value: object) -> bool:
    return key.endswith(".$") or (isinstance(value, str) and value.startswith("{%"))
