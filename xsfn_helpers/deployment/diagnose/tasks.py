"""The tasks of a definition that call AWS: as which role, with which arguments, wherever they are nested. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from xsfn_helpers.asl.credentials import CredentialsChoice, Option, Task, tasks
from xsfn_helpers.asl.states import JSONATA
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.json_text import JsonFault, Path
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.calls import CallPattern, is_activity, pattern_of
from xsfn_helpers.deployment.diagnose.evidence import ExecutionSeen
from xsfn_helpers.deployment.diagnose.run_time import resolved

_DISTRIBUTED: Final = "DISTRIBUTED"


@dataclass(frozen=True, slots=True)
class TaskCall:
    """One task. `role_arn` is the role it takes on, empty where it takes on none or nobody can know which.

    `from_run` tells that the role, or the arguments, were taken from the execution that was asked about.
    """

    task: Task
    arguments: Mapping[str, Any]
    where: str
    distributed: bool
    role_arn: str
    from_run: bool = False

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
        return f"{self.name}{f' ({self.where})' if self.where else ''}"


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
    calls = tuple(_task_call(task, document, execution) for task in found if not is_activity(task.resource))
    if execution is not None and execution.failed_state:
        # The task that failed is the one that was asked about.
        return tuple(sorted(calls, key=lambda call: call.name != execution.failed_state))
    return calls


def _task_call(task: Task, document: Mapping[str, Any], execution: ExecutionSeen | None) -> TaskCall:
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
    role_arn = choice.value if choice.option is Option.ARN else ""
    if execution is not None:
        happened = execution.tasks.get(task.name)
        at_start = task.name == document.get("StartAt") and len(task.state.path) == 2
        if choice.option is Option.RUN_TIME:
            role_arn = (happened.role_arn if happened else "") or resolved(choice.value, execution, at_start=at_start)
            from_run = bool(role_arn)
        told = happened.parameters if happened else {}
        unknown = {key.removesuffix(".$") for key, value in arguments.items() if _at_run_time(key, value)}
        known = {key: value for key in unknown if (value := told.get(key)) is not None}
        for key in unknown - known.keys():
            if value := resolved(str(arguments.get(f"{key}.$", arguments.get(key))), execution, at_start=at_start):
                known[key] = value
        if known:
            arguments, from_run = {**arguments, **known}, True
    return TaskCall(task, arguments, tr(", ").join(where), distributed, role_arn, from_run)


def _at_run_time(key: str, value: object) -> bool:
    return key.endswith(".$") or (isinstance(value, str) and value.startswith("{%"))
