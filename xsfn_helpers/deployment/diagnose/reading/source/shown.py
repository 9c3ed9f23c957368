"""The resources that Terraform writes: of `terraform show -json` (a state or a plan), or of a state file. Pure.

In a plan, what Terraform knows only after apply is missing; where that is a reference to another resource's ARN, id or
name, the configuration tells which (`ShownBlock.refers`).
Source: developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from xsfn_helpers.common.arns import account_of
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.reading.texts import Written

_MODULE: Final = re.compile(r"module\.[\w-]+(?:\[[^\]]*\])?\.")
_CALLED: Final = re.compile(r"module\.([\w-]+)(?:\[[^\]]*\])?\.$")
_OUTPUT: Final = re.compile(r"(module\.([\w-]+)(?:\[[^\]]*\])?)\.([\w-]+)")
_INDEX: Final = re.compile(r"\[[^\]]*\]")
_ALIAS: Final = re.compile(r"\]\.([\w-]+)$")
_MOST_STEPS: Final = 20
_POLICIES: Final = ("aws_iam_role_policy", "aws_iam_role_policy_attachment", "aws_iam_policy_attachment")


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """One resource: `values` as far as Terraform knows them, `refers` by attribute to what it is made from.

    `unsure` says why nobody can tell yet whether there is such a resource, or what is in it; `looked_up`: it is a data
    source, which shows what was made elsewhere. `provider` is the alias of its provider. `planned`: what has no value
    shows only when Terraform has applied the plan.
    """

    address: str
    kind: str
    values: Mapping[str, Any]
    line: int
    refers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    file: str = ""
    unsure: str = ""
    looked_up: bool = False
    provider: str = ""
    planned: bool = False

    @property
    def module(self) -> str:
        return "".join(_MODULE.findall(self.address))

    def is_open(self, key: str) -> bool:
        """Whether an attribute is given, and its value shows only when Terraform has applied the plan."""
        given = key in self.refers or any(one.startswith(f"{key}.") for one in self.refers)
        return self.planned and given and key not in self.values


@dataclass(frozen=True, slots=True)
class ShownResources:
    """What one file shows: the resources, and those policies of roles that the plan takes away, by role."""

    blocks: tuple[ShownBlock, ...]
    taken_away: frozenset[tuple[str, str]] = frozenset()
    # By the alias of a provider: the account and the region that it tells.
    places: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def is_terraform(value: object) -> bool:
    """Whether a value is what Terraform writes of its resources."""
    if not isinstance(value, Mapping):
        return False
    shown = "format_version" in value and any(key in value for key in ("values", "planned_values"))
    return shown or ("terraform_version" in value and isinstance(value.get("resources"), list))


def shown_in(written: Written) -> ShownResources:
    """The resources of a plan or a state."""
    document = written.value
    if "format_version" not in document:
        blocks = tuple(_of_state_file(written))
        return ShownResources(blocks, places=_places(blocks, {}))
    configuration = _Configuration(_mapping(document.get("configuration")), _mapping(document.get("variables")))
    planned = isinstance(document.get("planned_values"), Mapping)
    key = "planned_values" if planned else "values"
    root = _mapping(document.get(key)).get("root_module")
    blocks = tuple(_of_module(root, (key, "root_module"), configuration, written, planned=planned))
    if planned:
        before = _mapping(_mapping(document.get("prior_state")).get("values")).get("root_module")
        path = ("prior_state", "values", "root_module")
        known = _of_module(before, path, configuration, written, planned=False)
        blocks += tuple(one for one in known if one.looked_up)
    return ShownResources(blocks, frozenset(_taken_away(document, blocks)), _places(blocks, configuration.places()))


def _of_module(
    module: Any, path: tuple[str | int, ...], configuration: _Configuration, written: Written, *, planned: bool
) -> Iterator[ShownBlock]:
    if not isinstance(module, Mapping):
        return
    for index, one in enumerate(_list(module.get("resources"))):
        if isinstance(one, Mapping) and isinstance(one.get("values"), Mapping):
            address = str(one.get("address"))
            yield ShownBlock(
                address,
                str(one.get("type")),
                one["values"],
                written.line(*path, "resources", index),
                configuration.references(address),
                looked_up=one.get("mode") == "data",
                provider=configuration.provider(address),
                planned=planned,
            )
    for index, child in enumerate(_list(module.get("child_modules"))):
        yield from _of_module(child, (*path, "child_modules", index), configuration, written, planned=planned)


def _of_state_file(written: Written) -> Iterator[ShownBlock]:
    for index, one in enumerate(written.value["resources"]):
        if not isinstance(one, Mapping):
            continue
        prefix = f"{one['module']}." if one.get("module") else ""
        alias = _ALIAS.search(str(one.get("provider") or ""))
        for instance in _list(one.get("instances")):
            values = instance.get("attributes") if isinstance(instance, Mapping) else None
            if not isinstance(values, Mapping):
                continue
            deposed = "deposed" in instance
            if deposed and one.get("type") not in _POLICIES:
                continue
            at = instance.get("index_key")
            part = "" if at is None else f'["{at}"]' if isinstance(at, str) else f"[{at}]"
            yield ShownBlock(
                f"{prefix}{one.get('type')}.{one.get('name')}{part}",
                str(one.get("type")),
                values,
                written.line("resources", index),
                unsure=tr("Terraform is about to destroy it") if deposed else "",
                looked_up=one.get("mode") == "data",
                provider=alias[1] if alias is not None else "",
            )


def _taken_away(document: Mapping[str, Any], blocks: tuple[ShownBlock, ...]) -> Iterator[tuple[str, str]]:
    """The role and the policy, by its name or ARN, of what the plan destroys and doesn't make again."""
    made = {one.address for one in blocks}
    for one in _list(document.get("resource_changes")):
        change = _mapping(one.get("change")) if isinstance(one, Mapping) else {}
        if "delete" not in _list(change.get("actions")) or one.get("address") in made:
            continue
        before = _mapping(change.get("before"))
        if one.get("type") in _POLICIES:
            roles = _list(before.get("roles")) or [before.get("role")]
            yield from ((str(role), str(before.get("policy_arn") or before.get("name"))) for role in roles)


def _places(blocks: tuple[ShownBlock, ...], told: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """By a provider's alias: the account that it tells, or the ARNs of all that it made, and its region."""
    seen: dict[str, set[str]] = defaultdict(set)
    for one in blocks:
        arn = one.values.get("arn")
        if not one.looked_up and isinstance(arn, str) and account_of(arn).isdigit():
            seen[one.provider].add(account_of(arn))
    found = {}
    for alias in {one.provider for one in blocks if not one.looked_up} | {""}:
        account, region = told.get(alias, ("", ""))
        only = next(iter(seen[alias])) if len(seen[alias]) == 1 else ""
        found[alias] = (account or only, region)
    return found


@dataclass(frozen=True, slots=True)
class _Configuration:
    """What a plan tells of the source that it was made from."""

    document: Mapping[str, Any]
    variables: Mapping[str, Any]
    # The resources by their address, by the prefix of their module.
    _resources: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)

    def references(self, address: str) -> dict[str, tuple[str, ...]]:
        """By a resource's attribute: what its expression refers to, of a block in it by BLOCK.ARGUMENT.

        What a variable of a module, or an output, stands for is followed. Empty is the address of what isn't known: an
        expression may be about more than one thing.
        """
        prefix = "".join(_MODULE.findall(address))
        expressions = _mapping(self._resource(address).get("expressions"))
        return {
            key: self._followed(prefix, expression, 0)
            for key, expression in _expressions(expressions)
            if isinstance(expression.get("references"), list)
        }

    def provider(self, address: str) -> str:
        """The alias of a resource's provider."""
        key = str(self._resource(address).get("provider_config_key") or "")
        one = _mapping(_mapping(self.document.get("provider_config")).get(key))
        if not one and ":" in key:
            return key
        return str(one.get("alias") or "")

    def places(self) -> dict[str, tuple[str, str]]:
        found = {}
        for key, one in _mapping(self.document.get("provider_config")).items():
            if not isinstance(one, Mapping) or one.get("name") != "aws":
                continue
            expressions = _mapping(one.get("expressions"))
            allowed = _list(self._constant(expressions.get("allowed_account_ids")))
            taken = [one for one in _list(expressions.get("assume_role")) if isinstance(one, Mapping)]
            arn = str(self._constant(taken[0].get("role_arn"))) if taken else ""
            account = str(allowed[0]) if len(allowed) == 1 else account_of(arn)
            region = self._constant(expressions.get("region"))
            alias = key if ":" in key and not one.get("alias") else str(one.get("alias") or "")
            found[alias] = (account if account.isdigit() else "", region if isinstance(region, str) else "")
        return found

    def _constant(self, expression: Any) -> Any:
        """An expression's value where it is written out, or is that of a variable."""
        given = _mapping(expression)
        if "constant_value" in given:
            return given["constant_value"]
        names = _list(given.get("references"))
        known = len(names) == 1 and str(names[0]).startswith("var.")
        return _mapping(self.variables.get(str(names[0])[4:])).get("value") if known else None

    def _resource(self, address: str) -> Mapping[str, Any]:
        prefix = "".join(_MODULE.findall(address))
        if prefix not in self._resources:
            found = (one for one in _list(self._module(prefix).get("resources")) if isinstance(one, Mapping))
            self._resources[prefix] = {str(one.get("address")): one for one in found}
        return self._resources[prefix].get(_INDEX.sub("", _MODULE.sub("", address)), {})

    def _call(self, prefix: str) -> Mapping[str, Any]:
        """The block that uses a module, by the module's own prefix."""
        called = _CALLED.search(prefix)
        if called is None:
            return {}
        outer = self._module(prefix[: called.start()])
        return _mapping(_mapping(outer.get("module_calls")).get(called[1]))

    def _module(self, prefix: str) -> Mapping[str, Any]:
        if not prefix:
            return _mapping(self.document.get("root_module"))
        return _mapping(self._call(prefix).get("module"))

    def _followed(self, prefix: str, expression: Mapping[str, Any], steps: int) -> tuple[str, ...]:
        names = [str(one) for one in _list(expression.get("references"))]
        if not names or steps > _MOST_STEPS or not all(names[0].startswith(one) for one in names):
            return ("",) if names else ()
        name = names[0]
        if name.startswith("var.") and (called := _CALLED.search(prefix)) is not None:
            given = _mapping(_mapping(self._call(prefix).get("expressions")).get(name[4:]))
            return self._followed(prefix[: called.start()], given, steps + 1) or ("",)
        if (output := _OUTPUT.fullmatch(name)) is not None:
            inner = f"{prefix}{output[1]}."
            told = _mapping(_mapping(self._module(inner).get("outputs")).get(output[3]))
            return self._followed(inner, _mapping(told.get("expression")), steps + 1) or ("",)
        return (prefix + name,)


def _expressions(given: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every argument's expression; one of a block in it is named BLOCK.ARGUMENT."""
    for key, one in given.items():
        if isinstance(one, Mapping):
            yield key, one
        for inner in one if isinstance(one, list) else ():
            parts = inner.items() if isinstance(inner, Mapping) else ()
            yield from ((f"{key}.{name}", part) for name, part in parts if isinstance(part, Mapping))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
