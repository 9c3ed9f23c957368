"""What each service's own model says of a request's parameters: there, long enough, of the right pattern and kind.

The models are the ones that AWS publishes with botocore. AWS checks them before it looks at anything else, and answers
"N validation errors detected: …" (recorded: localstack's test_sfn_api and test_sts). Only the parameters themselves are
checked, not what is inside lists and structures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from botocore.loaders import Loader

from xsfn_helpers.sandbox.gateway.errors import Refusal, uses_query_protocol

_BY_THEIR_NAME: Final = ("iam", "sts", "cloudformation", "lambda", "dynamodb", "sqs")
_MODELS: Final = {"states": "stepfunctions", **{name: name for name in _BY_THEIR_NAME}}
# Read elsewhere, which finds more: only that they are there is a matter of the model.
_DOCUMENTS: Final = frozenset(("PolicyDocument", "AssumeRolePolicyDocument", "definition"))
# AWS lists these in an order of its own (recorded: test_state_machine_status_filter).
_RECORDED_ORDER: Final = {
    "statusFilter": ("SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"),
}
# Services whose lists and structures nothing else looks at; of one of those, only that it is there counts.
_JSON: Final = ("dynamodb",)
_WHOLE: Final = "whole"
_CONVERTED: Final[dict[type, str]] = {int: "NUMBER_VALUE", float: "NUMBER_VALUE", str: "STRING_VALUE"}


@dataclass(frozen=True, slots=True)
class _Member:
    """One parameter, as its model describes it. `pattern` is what AWS shows, `matches` what decides."""

    name: str
    kind: str
    required: bool
    least: int | None
    most: int | None
    pattern: str
    matches: Callable[[str], object] | None
    values: tuple[str, ...]
    secret: bool

    def violated(self, value: Any) -> str | None:
        """The constraint that `value` doesn't keep, in AWS's words; None if it keeps all."""
        if value is None:
            return "Member must not be null" if self.required else None
        if self.kind == _WHOLE:
            return None
        if self.kind == "string":
            return self._violated_by_text(value)
        number = int(value)
        if self.most is not None and number > self.most:
            return f"Member must have value less than or equal to {self.most}"
        if self.least is not None and number < self.least:
            return f"Member must have value greater than or equal to {self.least}"
        return None

    def _violated_by_text(self, value: str) -> str | None:
        if self.values:
            values = _RECORDED_ORDER.get(self.name, self.values)
            return None if value in values else f"Member must satisfy enum value set: [{', '.join(values)}]"
        if self.most is not None and len(value) > self.most:
            return f"Member must have length less than or equal to {self.most}"
        if self.least is not None and len(value) < self.least:
            return f"Member must have length greater than or equal to {self.least}"
        if self.matches is not None and not self.matches(value):
            return f"Member must satisfy regular expression pattern: {self.pattern}"
        return None


def check_constraints(service: str, operation: str, params: Mapping[str, Any]) -> None:
    """Raise `Refusal` if a parameter isn't what the service's model asks for; an unknown operation passes."""
    query = uses_query_protocol(service)
    faults = []
    for member in _members(service).get(operation, ()):
        value = params.get(member.name)
        if value is not None and member.kind != _WHOLE:
            _check_kind(member, value, query=query)
        if constraint := member.violated(value):
            shown = "null" if value is None else f"'{value}'"
            # Of what may be secret, AWS doesn't show the value.
            shown = "Value" if member.secret and value is not None else f"Value {shown}"
            place = f"{member.name[0].lower()}{member.name[1:]}"
            faults.append(f"{shown} at '{place}' failed to satisfy constraint: {constraint}")
    if faults:
        count = f"{len(faults)} validation error{'s' if len(faults) > 1 else ''} detected"
        raise Refusal("ValidationError" if query else "ValidationException", f"{count}: {'; '.join(faults)}")


def _check_kind(member: _Member, value: Any, *, query: bool) -> None:
    if query:  # a form has only texts
        if member.kind != "string" and not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise Refusal("MalformedInput", f"{member.name} must be a whole number, not '{value}'.")
        return
    wanted: type = str if member.kind == "string" else int
    if not isinstance(value, wanted) or isinstance(value, bool):
        given = _CONVERTED.get(type(value), type(value).__name__.upper())
        what = "a String" if wanted is str else "an Integer"
        raise Refusal("SerializationException", f"{member.name}: {given} can not be converted to {what}")


@cache
def _members(service: str) -> dict[str, tuple[_Member, ...]]:
    """Every operation's constrained parameters. The model itself, megabytes of it, isn't kept."""
    if service not in _MODELS:
        return {}
    model = Loader().load_service_model(_MODELS[service], "service-2")
    shapes = model["shapes"]
    return {
        name: tuple(_constrained(shapes[operation["input"]["shape"]], shapes, whole=service in _JSON))
        for name, operation in model["operations"].items()
        if "input" in operation
    }


def _constrained(structure: Mapping[str, Any], shapes: Mapping[str, Any], *, whole: bool) -> Iterator[_Member]:
    """`whole`: lists and structures, too, which in a form come in pieces."""
    required = structure.get("required", ())
    for name, reference in structure["members"].items():
        shape = shapes[reference["shape"]]
        if shape["type"] not in ("string", "integer", "long"):
            if name in required and whole:
                yield _Member(name, _WHOLE, True, None, None, "", None, (), False)
            continue
        limits = {} if name in _DOCUMENTS else shape
        pattern = limits.get("pattern", "")
        yield _Member(
            name=name,
            kind="string" if shape["type"] == "string" else "integer",
            required=name in required,
            least=limits.get("min"),
            most=limits.get("max"),
            pattern=pattern,
            matches=_matcher(pattern),
            values=tuple(shape.get("enum", ())),
            secret=bool(shape.get("sensitive")),
        )


def _matcher(pattern: str) -> Callable[[str], object] | None:
    """The model's pattern, which is Java's; None where it is empty."""
    if not pattern:
        return None
    translated = pattern.replace(r"\p{ASCII}", r"[\x00-\x7f]").replace(r"\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}", r"\w\W")
    return re.compile(translated, re.ASCII if r"\w\W" not in translated else 0).fullmatch
