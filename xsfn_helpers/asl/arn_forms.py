"""From a task's arguments to the ARN that a call acts on, as far as it is known before the run. Pure.

What isn't known stays as `*`: a resource is then a pattern, to be compared with a policy's patterns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from xsfn_helpers.asl.known_parts import ANY, known_part

# {Name}, {Name=default}, {Some.Nested.Name}, {Entries[].Name}, {Name|made of it}; {p}, {r}, {a}, {machine}: of the
# place.
_FIELD: Final = re.compile(r"\{(?P<path>[A-Za-z][\w.\[\]]*)(\|(?P<made>\w+))?(=(?P<default>[^}]*))?\}")
_QUEUE_URL: Final = re.compile(
    r"https://(sqs\.)?(?P<region>[a-z0-9-]+)\.(queue\.)?amazonaws\.com[^/]*/(?P<account>\d{12})/(?P<name>[^/]+)"
)
_MACHINE: Final = re.compile(
    r"(?P<base>arn:[a-z-]+:states:[a-z0-9*-]+:[\d*]+:)(stateMachine|express):(?P<name>[^:/]+)(:(?P<qualifier>[^:/]+))?"
)
# In the ARN of a function, unless it names a version or an alias.
_FUNCTION_COLONS: Final = 6
# ACCOUNT:function:NAME, which stands for a function's ARN: docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
_PART_OF_ARN: Final = re.compile(r"(?P<before>arn:[^:]*:lambda:[^:]*):[^:]*:function:(?P<part>\d{12}:function:.+)")
# Ids of inference profiles, whose calls act on models of several regions: docs.aws.amazon.com/bedrock/latest/userguide/
# inference-profiles-support.html
_PROFILE: Final = re.compile(r"(us|eu|apac|global|us-gov|jp|au|ca)\.")


@dataclass(frozen=True, slots=True)
class CallingPlace:
    """Where a call is made: the account of the role that makes it, region and partition."""

    account: str
    region: str
    partition: str


@dataclass(frozen=True, slots=True)
class AskedResource:
    """What a call acts on. `exact` is false where a `*` in `arn` stands for what shows only in the run.

    A `*` that is exact is an action's that can't be allowed on anything less. `either` are patterns of what it may be,
    where it is known to be one of these and no more.
    """

    arn: str
    exact: bool = True
    either: tuple[str, ...] = ()

    @property
    def unknown(self) -> bool:
        """Whether nothing at all is known of it."""
        return self.arn == ANY and not self.exact


UNKNOWN: Final = AskedResource(ANY, exact=False)


def one_of(*patterns: str) -> AskedResource:
    """A resource that shows only in the run, and is then of one of these patterns."""
    return AskedResource(ANY, exact=False, either=patterns)


def is_known(value: object) -> bool:
    """Whether an argument's value is there before the run: no path, no intrinsic, no JSONata, nothing to fill in."""
    if not isinstance(value, str) or not value or "${" in value:
        return False
    return not value.startswith(("$", "{%", "States."))


def values_at(arguments: object, path: str, default: str | None = None) -> tuple[str, ...] | None:
    """The values at a dotted path, `[]` being each item of a list; None where it isn't given and has no default.

    `*` stands for a value that shows only in the run, be it the value itself, a list of them, or what holds it; within
    a text, for that part of it.
    """
    here: list[object] = [arguments]
    for step in path.split("."):
        name, each = step.removesuffix("[]"), step.endswith("[]")
        found: list[object] = []
        for one in here:
            if not isinstance(one, Mapping):
                found.append(ANY)
            elif f"{name}.$" in one:
                found.append(one[f"{name}.$"])
            elif name in one:
                value = one[name]
                found += value if each and isinstance(value, Sequence) and not isinstance(value, str) else [value]
            elif default is not None:
                found.append(default)
        here = found
    return tuple(known_part(one) if isinstance(one, str) and one else ANY for one in here) or None


def formed(form: str, arguments: object, place: CallingPlace, machine: str = "") -> tuple[AskedResource, ...]:
    """The resources of a form; several where one of its fields has several values."""
    here = {"p": place.partition, "r": place.region, "a": place.account, "machine": machine}
    fields = [match for match in _FIELD.finditer(form) if match["path"] not in here]
    choices = [_values(field, arguments) for field in fields]
    several = max((len(values) for values in choices), default=1)
    each = ([values[min(turn, len(values) - 1)] for values in choices] for turn in range(several))
    return tuple(dict.fromkeys(_one(form, values, here) for values in each))


def without_qualifier(machine: str) -> tuple[str, str]:
    """A state machine's own ARN, and the version or alias of a qualified one.

    Both are authorised on the own ARN: docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html
    """
    found = _MACHINE.fullmatch(machine)
    if found is None or not found["qualifier"]:
        return machine, ""
    return machine.removesuffix(f":{found['qualifier']}"), found["qualifier"]


def function_called(function: AskedResource, arguments: object) -> AskedResource:
    """The version or alias of a function that is called, where `Qualifier` names one beside the function."""
    given = values_at(arguments, "Qualifier") if isinstance(arguments, Mapping) else None
    if (found := _PART_OF_ARN.fullmatch(function.arn)) is not None:
        function = AskedResource(f"{found['before']}:{found['part']}", exact=function.exact)
    if given is None or function.unknown or function.arn.count(":") != _FUNCTION_COLONS:
        return function
    return AskedResource(f"{function.arn}:{given[0]}", exact=function.exact and ANY not in given[0])


def _values(field: re.Match[str], arguments: object) -> tuple[str, ...]:
    found = values_at(arguments, field["path"], field["default"])
    if found is None:
        return (ANY,)
    if field["made"]:
        return tuple(one if one == ANY else _MADE[field["made"]](one) for one in found)
    return found


def _one(form: str, values: Sequence[str], here: Mapping[str, str]) -> AskedResource:
    if len(values) == 1 and values[0].startswith("arn:"):
        return AskedResource(values[0], exact=ANY not in values[0])
    if values and values[0].startswith(ANY) and (form.startswith("{") or ":{a}:" in form):
        # A name that isn't known may be an ARN, and one of another account.
        return UNKNOWN
    if len(values) == 1 and (url := _QUEUE_URL.fullmatch(values[0])) is not None:
        values, here = [url["name"]], {**here, "r": url["region"], "a": url["account"]}
    left = iter(values)
    text = _FIELD.sub(lambda field: here[field["path"]] if field["path"] in here else next(left), form)
    return AskedResource(text, exact=text == ANY or ANY not in text)


def _with_revision(value: str) -> str:
    """A family's newest revision is what runs: which one shows only in the run."""
    return value if re.search(r":\d+$", value) else f"{value}:{ANY}"


def _executions(machine: str) -> str:
    found = _MACHINE.fullmatch(machine)
    return f"{found['base']}execution:{found['name']}" if found else ANY


def _model(value: str) -> str:
    if value.startswith("arn:"):
        return value
    return ANY if _PROFILE.match(value) else f"foundation-model/{value}"


def _label(host: str) -> str:
    return host.partition(".")[0]


def _name(value: str) -> str:
    return value.rpartition("/")[2]


_MADE: Final[Mapping[str, Callable[[str], str]]] = {
    "revision": _with_revision,
    "executions": _executions,
    "model": _model,
    "label": _label,
    "name": _name,
}
