"""The option "IAM role for cross-account access" of a task state: `Credentials.RoleArn`, read and written in the text.

Only that member of the text changes; every other character stays as its writer left it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from xsfn_helpers.asl.states import JSONATA, State, TaskRole, read_states
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.json_text import Path, end_of_value, offsets, read_json
from xsfn_helpers.common.language import mark, tr


class Option(StrEnum):
    """What the option is set to. The last two are what Step Functions' own editor calls them:
    docs.aws.amazon.com/step-functions/latest/dg/tutorial-access-cross-acct-resources.html
    """

    NONE = mark("No role: the call is made with the state machine's own role")
    ARN = mark("Provide IAM role ARN")
    RUN_TIME = mark("Get IAM role ARN at runtime from state input")


@dataclass(frozen=True, slots=True)
class CredentialsChoice:
    """The option as it is set; `value` is the role's ARN, or the path or expression that gives it."""

    option: Option
    value: str = ""

    @classmethod
    def of(cls, role: TaskRole | None) -> CredentialsChoice:
        if role is None:
            return cls(Option.NONE)
        return cls(Option.RUN_TIME if role.at_run_time else Option.ARN, role.text)


@dataclass(frozen=True, slots=True)
class Task:
    """One task state: where it is in the text, what it calls, and as whom.

    `starts` is the ARN of the state machine that it starts; empty where it starts none, or one known only at run time.
    """

    state: State
    starts: str = ""

    @property
    def name(self) -> str:
        return self.state.name

    @property
    def resource(self) -> str:
        return self.state.doing

    @property
    def choice(self) -> CredentialsChoice:
        return CredentialsChoice.of(self.state.role)


def tasks(text: str) -> tuple[Task, ...]:
    """The task states of a definition, those inside others included. Raises `JsonFault` for what isn't JSON."""
    document = read_json(text)
    if not isinstance(document, Mapping):
        return ()
    found = (state for state in read_states(document).everything() if state.type == "Task")
    return tuple(Task(state, _started(document, state.path)) for state in found)


def _started(document: Any, path: Path) -> str:
    for step in path:
        document = document[step]
    given = document.get("Parameters", document.get("Arguments"))
    arn = given.get("StateMachineArn") if isinstance(given, Mapping) else None
    return arn if isinstance(arn, str) and arn.startswith("arn:") else ""


def with_choice(text: str, task: Task, choice: CredentialsChoice) -> str:
    """The text with the option of `task` set to `choice`.

    Raises `ConfigError` for a choice that Step Functions would deny there: no ARN, or a path that is none.
    """
    if choice == task.choice:
        return text
    member = (*task.state.path, "Credentials")
    there = member in offsets(text)
    if choice.option is Option.NONE:
        return _without(text, member) if there else text
    key, value = _written(choice, task.state.language)
    if (*member, key) in offsets(text):
        return _replaced(text, (*member, key), json.dumps(value, ensure_ascii=False))
    credentials = _object(text, member, key, value)
    return _replaced(text, member, credentials) if there else _inserted(text, task.state.path, credentials)


def with_value(text: str, path: Path, value: str) -> str:
    """The text with the value at `path`, which must be there, replaced by `value` (JSON)."""
    return _replaced(text, path, value)


def _written(choice: CredentialsChoice, language: str) -> tuple[str, str]:
    """The key and the value under Credentials.

    Source: docs.aws.amazon.com/step-functions/latest/dg/state-task.html ("Credentials", its three forms).
    """
    value = choice.value.strip()
    if not value:
        raise ConfigError(
            tr("The option has no role yet."), where="Credentials", fix=tr("Give the role's ARN, or choose none.")
        )
    if choice.option is Option.ARN:
        return "RoleArn", value
    if language == JSONATA:
        if not (value.startswith("{%") and value.endswith("%}")):
            raise ConfigError(
                tr("{value!r} is no JSONata expression.", value=value), where="Credentials", fix=tr(_JSONATA_FORM)
            )
        return "RoleArn", value
    if not value.startswith(("$", "States.")):
        raise ConfigError(
            tr("{value!r} is no path into the state's input.", value=value), where="Credentials", fix=tr(_PATH_FORM)
        )
    return "RoleArn.$", value


_PATH_FORM: Final = mark("A path begins with $, such as $.roleArn.")
_JSONATA_FORM: Final = mark("An expression stands in {% … %}, such as {% $states.input.roleArn %}.")


# --- the text, cut and joined ----------------------------------------------------------------------------------------


def _span(text: str, path: Path) -> tuple[int, int]:
    """Where the value at `path` begins and ends."""
    at = offsets(text)[path][1]
    return at, end_of_value(text, at)


def _replaced(text: str, path: Path, value: str) -> str:
    start, end = _span(text, path)
    return text[:start] + value + text[end:]


def _members(text: str, path: Path) -> list[Path]:
    """The members of the object at `path`, in the order of the text."""
    return [known for known in offsets(text) if len(known) == len(path) + 1 and known[:-1] == path]


def _indent(text: str, member: Path) -> str | None:
    """The line break and the blanks before a member; None where it doesn't begin its line."""
    key_at = offsets(text)[member][0]
    before = text[:key_at]
    blanks = before[len(before.rstrip(" \t")) :]
    return f"\n{blanks}" if before.endswith(f"\n{blanks}") else None


def _object(text: str, member: Path, key: str, value: str) -> str:
    """`{"RoleArn": …}` in the style of the text around it."""
    inside = f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
    around = _indent(text, member if member in offsets(text) else _members(text, member[:-1])[0])
    if around is None:
        return f"{{{inside}}}"
    outer = _indent(text, member[:-1]) or "\n"
    step = around[len(outer) :] or "  "
    return f"{{{around}{step}{inside}{around}}}"


def _inserted(text: str, state: Path, credentials: str) -> str:
    """After `Resource`, as Step Functions' own editor writes it, or else after the last member."""
    members = _members(text, state)
    after = next((member for member in members if member[-1] == "Resource"), members[-1])
    end = _span(text, after)[1]
    return f'{text[:end]},{_indent(text, after) or " "}"Credentials": {credentials}{text[end:]}'


def _without(text: str, member: Path) -> str:
    """The member taken out with its comma. A task has a Type, so it is never the only one."""
    members = _members(text, member[:-1])
    at = members.index(member)
    end = _span(text, member)[1]
    if at:
        return text[: _span(text, members[at - 1])[1]] + text[end:]
    return text[: offsets(text)[member][0]] + text[offsets(text)[members[1]][0] :]
