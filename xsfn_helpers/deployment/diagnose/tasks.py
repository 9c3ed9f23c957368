"""The tasks of a definition that call AWS: as which role, with which arguments, wherever they are nested. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from xsfn_helpers.asl.credentials import CredentialsChoice, Option, Task, tasks
from xsfn_helpers.asl.integrations import CallPattern, is_activity, pattern_of
from xsfn_helpers.asl.states import JSONATA
from xsfn_helpers.common.arns import account_of
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.json_text import JsonFault, Path
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.evidence import AtRunTime, ExecutionSeen
from xsfn_helpers.deployment.diagnose.run_time import resolved

_DISTRIBUTED: Final = "DISTRIBUTED"
_REFUSED_ROLE: Final = re.compile(r"is not authorized to assume the task state's role,\s*(?P<target>arn:[^\s\"'\\]+)")


@dataclass(frozen=True, slots=True)
class TaskCall:
    """One task. `role_arn` is the role it takes on, empty where it takes on none or nobody can know which.

    `from_run` tells that the role, or the arguments, were taken from the execution that was asked about. `run` tells
    one run of a task from its others, for a Map makes many; `failed` has the words that this one ended with.
    """

    task: Task
    arguments: Mapping[str, Any]
    where: str
    distributed: bool
    role_arn: str
    from_run: bool = False
    run: str = ""
    failed: str = ""

    @property
    def name(self) -> str:
        return self.task.name

    @property
    def choice(self) -> CredentialsChoice:
        return self.task.choice

    @property
    def pattern(self) -> CallPattern:
        return pattern_of(self.task.resource)

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


def read_tasks(definition: str, execution: ExecutionSeen | None = None) -> tuple[TaskCall, ...]:
    """The tasks of a definition's text that make calls, in its order.

    What is known only at run time is taken from the execution, where one is given. Raises `ConfigError` for a
    definition that is no JSON.
    """
    try:
        found = tasks(definition)
    except JsonFault as fault:
        raise ConfigError(
            tr("The definition isn't JSON: {fault}.", fault=fault.what), where=tr("state machine")
        ) from None
    document = json.loads(definition)
    refused = refused_role(execution) if execution is not None else ""
    calls: list[TaskCall] = []
    for task in found:
        if not is_activity(task.resource):
            runs = _runs_of(task, execution)
            calls += [
                _named(_task_call(task, document, execution, run, refused), runs, at) for at, run in enumerate(runs)
            ]
    if execution is not None:
        # The task that failed is the one that was asked about, and of its runs the one whose words are the execution's.
        calls.sort(key=lambda call: _distance(call, execution, refused))
    return tuple(calls)


def refused_role(execution: ExecutionSeen) -> str:
    """The role that AWS says couldn't be assumed, where the execution's end names it."""
    found = _REFUSED_ROLE.search(execution.cause)
    return found["target"].rstrip(".") if found else ""


def _distance(call: TaskCall, execution: ExecutionSeen, refused: str) -> tuple[bool, bool, bool]:
    ours = bool(refused) and call.role_arn == refused
    told = execution.failed_state or (call.name if ours else "")
    return bool(told) and call.name != told, bool(refused) and not ours, not call.failed


def _runs_of(task: Task, execution: ExecutionSeen | None) -> tuple[AtRunTime | None, ...]:
    if execution is None:
        return (None,)
    return execution.runs.get(task.name) or (execution.tasks.get(task.name),)


def _named(call: TaskCall, runs: tuple[AtRunTime | None, ...], at: int) -> TaskCall:
    """The call with what tells its run from the task's others: the account, or its number."""
    if len(runs) == 1:
        return call
    accounts = [account_of(run.role_arn) for run in runs if run is not None]
    account = accounts[at] if at < len(accounts) else ""
    once = bool(account) and accounts.count(account) == 1
    number = tr("run {number}", number=at + 1)
    return replace(call, run=tr("account {account}", account=account) if once else number)


def _task_call(
    task: Task,
    document: Mapping[str, Any],
    execution: ExecutionSeen | None,
    happened: AtRunTime | None,
    refused: str,
) -> TaskCall:
    body: Any = document
    where: list[str] = []
    distributed = False
    for step in task.state.path:
        if step in ("ItemProcessor", "Iterator"):
            config = body[step].get("ProcessorConfig")
            distributed = distributed or (isinstance(config, Mapping) and config.get("Mode") == _DISTRIBUTED)
            where.append(tr("for each item"))
        elif isinstance(step, int):
            where.append(tr("branch {number}", number=step + 1))
        body = body[step]
    given = body.get("Arguments" if task.state.language == JSONATA else "Parameters")
    arguments: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    choice, from_run = task.choice, False
    # A value that is filled in at deployment isn't known yet.
    role_arn = choice.value if choice.option is Option.ARN and "${" not in choice.value else ""
    if execution is not None:
        at_start = task.name == document.get("StartAt") and len(task.state.path) == 2
        if choice.option is Option.RUN_TIME:
            role_arn = (happened.role_arn if happened else "") or resolved(choice.value, execution, at_start=at_start)
            if not role_arn and execution.failed_state in ("", task.name):
                # AWS's own words name the role, where neither history nor input does.
                role_arn = refused
            from_run = bool(role_arn)
        told = happened.parameters if happened else {}
        unknown = {key.removesuffix(".$") for key, value in arguments.items() if _at_run_time(key, value)}
        known = {key: value for key in unknown if (value := told.get(key)) is not None}
        for key in unknown - known.keys():
            if value := resolved(str(arguments.get(f"{key}.$", arguments.get(key))), execution, at_start=at_start):
                known[key] = value
        if known:
            arguments, from_run = {**arguments, **known}, True
    failed = happened.failed if happened else ""
    return TaskCall(task, arguments, tr(", ").join(where), distributed, role_arn, from_run, failed=failed)


def _at_run_time(key: str, value: object) -> bool:
    return key.endswith(".$") or (isinstance(value, str) and value.startswith("{%"))
