"""A definition as states and transitions: what the workflow graph draws and its text form tells."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from typing import Any, Final

from xsfn_helpers.common.json_text import Path
from xsfn_helpers.common.language import mark, tr

JSONPATH: Final = "JSONPath"
JSONATA: Final = "JSONata"
_ROLE_ARN: Final = re.compile(r"arn:[a-z-]+:iam::(?P<account>\d{12}):role/(?:.*/)?(?P<name>[^/]+)")


class Way(StrEnum):
    """How one state leads to another."""

    NEXT = "next"
    CHOICE = "choice"
    DEFAULT = "default"
    CATCH = "catch"


@dataclass(frozen=True, slots=True)
class Transition:
    """From a state to the state `target`; `label` is the choice's condition, or the errors that are caught."""

    way: Way
    target: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class TaskRole:
    """The role that a task assumes (`Credentials.RoleArn`): its ARN, or the expression that gives it at run time."""

    text: str
    at_run_time: bool

    @property
    def account(self) -> str:
        """The role's account; empty where the ARN is known only at run time, or isn't a role's."""
        found = None if self.at_run_time else _ROLE_ARN.fullmatch(self.text)
        return found["account"] if found else ""

    @property
    def name(self) -> str:
        found = None if self.at_run_time else _ROLE_ARN.fullmatch(self.text)
        return found["name"] if found else ""

    def __str__(self) -> str:
        if self.at_run_time:
            return tr("role known at run time, from {text}", text=self.text)
        if self.name:
            return tr("account {account}, role {name}", account=self.account, name=self.name)
        return tr("role {text}", text=self.text)


@dataclass(frozen=True, slots=True)
class State:
    """One state. `doing` is what it does besides its type: a task's resource, a wait's time, a failure's error.

    `ends` tells that its scope's work is over after it; `inside` are a Parallel's branches or what a Map does for each
    item. `path` leads to it in the document.
    """

    name: str
    type: str
    path: Path
    doing: str
    role: TaskRole | None
    transitions: tuple[Transition, ...]
    ends: bool
    retries: tuple[str, ...]
    inside: tuple[Scope, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Scope:
    """States that belong together: the whole machine, one branch, or the work for one item. `title` names it."""

    title: str
    start_at: str
    states: tuple[State, ...]

    def everything(self) -> Iterator[State]:
        """Every state, those inside others right after the one around them."""
        for state in self.states:
            yield state
            for scope in state.inside:
                yield from scope.everything()


def read_states(document: Mapping[str, Any]) -> Scope:
    """The states of a definition in which `find_faults` finds nothing."""
    language = _text(document.get("QueryLanguage")) or JSONPATH
    return _scope(document, (), "", language)


def _scope(scope: Mapping[str, Any], path: Path, title: str, language: str) -> Scope:
    states = _mapping(scope.get("States"))
    return Scope(
        title,
        _text(scope.get("StartAt")),
        tuple(_state(name, _mapping(body), (*path, "States", name), language) for name, body in states.items()),
    )


def _state(name: str, body: Mapping[str, Any], path: Path, outer: str) -> State:
    language = _text(body.get("QueryLanguage")) or outer
    return State(
        name=name,
        type=_text(body.get("Type")),
        path=path,
        doing=_doing(body),
        role=task_role(body, language),
        transitions=tuple(_transitions(body)),
        ends=body.get("End") is True or body.get("Type") in ("Succeed", "Fail"),
        retries=tuple(_errors(one) for one in _mappings(body.get("Retry"))),
        # What is inside a Map or Parallel has the machine's query language, not that state's.
        inside=tuple(_inside(body, path, outer)),
        language=language,
    )


def task_role(body: Mapping[str, Any], language: str) -> TaskRole | None:
    """The role in a task state's Credentials; None where there is none.

    Source: docs.aws.amazon.com/step-functions/latest/dg/state-task.html
    """
    credentials = _mapping(body.get("Credentials"))
    if isinstance(given := credentials.get("RoleArn.$"), str):
        return TaskRole(given, at_run_time=True)
    if isinstance(given := credentials.get("RoleArn"), str):
        is_expression = language == JSONATA and given.startswith("{%")
        return TaskRole(given, at_run_time=is_expression)
    return None


def _inside(body: Mapping[str, Any], path: Path, language: str) -> Iterator[Scope]:
    for field in ("ItemProcessor", "Iterator"):
        if isinstance(scope := body.get(field), Mapping):
            mode = _text(_mapping(scope.get("ProcessorConfig")).get("Mode"))
            distributed = mode == "DISTRIBUTED"
            title = tr("for each item, as an execution of its own") if distributed else tr("for each item")
            yield _scope(scope, (*path, field), title, language)
    branches = body.get("Branches")
    for index, branch in enumerate(branches if isinstance(branches, list) else ()):
        yield _scope(_mapping(branch), (*path, "Branches", index), tr("branch {number}", number=index + 1), language)


def _transitions(body: Mapping[str, Any]) -> Iterator[Transition]:
    for choice in _mappings(body.get("Choices")):
        yield Transition(Way.CHOICE, _text(choice.get("Next")), condition(choice))
    if "Default" in body:
        yield Transition(Way.DEFAULT, _text(body["Default"]), tr("otherwise"))
    if isinstance(body.get("Next"), str):
        yield Transition(Way.NEXT, body["Next"])
    for catcher in _mappings(body.get("Catch")):
        yield Transition(Way.CATCH, _text(catcher.get("Next")), _errors(catcher))


def _errors(handler: Mapping[str, Any]) -> str:
    names = handler.get("ErrorEquals")
    return ", ".join(map(str, names)) if isinstance(names, list) else ""


def _doing(body: Mapping[str, Any]) -> str:
    match body.get("Type"):
        case "Task":
            return _text(body.get("Resource"))
        case "Wait":
            return next((f"{field} {_shown(body[field])}" for field in _WAITS if field in body), "")
        case "Fail":
            return next((_shown(body[field]) for field in ("Error", "ErrorPath") if field in body), "")
        case _:
            return ""


_WAITS: Final = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")


# --- a choice's condition, as one reads it ---------------------------------------------------------------------------

_COMPARISONS: Final = {
    "GreaterThanEquals": "≥",
    "LessThanEquals": "≤",
    "GreaterThan": ">",
    "LessThan": "<",
    "Equals": "=",
    "Matches": "matches",
}
_COMPARATOR: Final = re.compile(
    rf"(?:String|Numeric|Boolean|Timestamp)(?P<comparison>{'|'.join(_COMPARISONS)})(?:Path)?"
)
_KINDS: Final = (
    mark("null"),
    mark("present"),
    mark("numeric"),
    mark("string"),
    mark("boolean"),
    mark("timestamp"),
)
_IS: Final = re.compile(rf"Is(?P<what>{'|'.join(kind.capitalize() for kind in _KINDS)})")


def condition(rule: Mapping[str, Any]) -> str:
    """A choice rule as a short text: `$.retries < 3 and $.name is present`, or its JSONata expression."""
    if isinstance(expression := rule.get("Condition"), str):
        return expression.strip("{%} \t\r\n") if expression.startswith("{%") else expression
    for word, joined in (("And", mark("{first} and {then}")), ("Or", mark("{first} or {then}"))):
        if word in rule:
            parts = [f"({condition(one)})" if _has_parts(one) else condition(one) for one in _mappings(rule[word])]
            return reduce(lambda first, then: tr(joined, first=first, then=then), parts) if parts else ""
    if "Not" in rule:
        return tr("not ({condition})", condition=condition(_mapping(rule["Not"])))
    return _comparison(rule)


def _has_parts(rule: Mapping[str, Any]) -> bool:
    """Whether a rule is made of several, so that beside others it needs parentheses."""
    inner = [*_mappings(rule.get("And")), *_mappings(rule.get("Or"))]
    return len(inner) > 1 or any(map(_has_parts, (*inner, *_mappings([rule.get("Not")]))))


def _comparison(rule: Mapping[str, Any]) -> str:
    variable = _text(rule.get("Variable"))
    for key, value in rule.items():
        if found := _COMPARATOR.fullmatch(key):
            shown = value if key.endswith("Path") and isinstance(value, str) else _shown(value)
            if found["comparison"] == "Matches":
                return tr("{variable} matches {pattern}", variable=variable, pattern=shown)
            return f"{variable} {_COMPARISONS[found['comparison']]} {shown}"
        if found := _IS.fullmatch(key):
            sentence = mark("{variable} is {what}") if value is True else mark("{variable} is not {what}")
            kind = found["what"].lower()
            return tr(sentence, variable=variable, what=tr(kind))
    return variable


# --- values that may be anything -------------------------------------------------------------------------------------


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _shown(value: Any) -> str:
    return value if isinstance(value, str) and value.startswith(("$", "{%")) else json.dumps(value, ensure_ascii=False)
