"""The exported Terraform read back: what each resource is to be, once everything it refers to is known.

Read by a parser of HCL; `terraform plan` would work out the same.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.export.expressions import evaluate, interpolated, unquoted
from xsfn_helpers.deployment.export.folder import Export

VALUES: Final = "terraform.tfvars"
_META: Final = ("__is_block__", "provider", "depends_on", "lifecycle")
_Labelled = Mapping[tuple[str, ...], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Block:
    """One resource: its address (`aws_iam_role.operator`), its provider's alias, and its arguments unread."""

    address: str
    alias: str
    body: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return self.address.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Configuration:
    """All files of one export together. `made` gives an attribute of a resource that exists."""

    export: Export
    variables: Mapping[str, Any]
    local_values: Mapping[str, Any]
    documents: _Labelled
    resources: Mapping[str, Block]
    providers: Mapping[str, Mapping[str, Any]]
    partition: str
    made: Callable[[str, str], Any]
    _known: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, export: Export, *, partition: str, made: Callable[[str, str], Any]) -> Configuration:
        """Raises `ConfigError` in Terraform's words for files it wouldn't take and values its variables deny."""
        parsed = [_parsed(export, name) for name in export if name.endswith(".tf")]
        resources = {
            ".".join(labels): Block(
                ".".join(labels), str(body.get("provider", "")).strip("${}").partition(".")[2], body
            )
            for labels, body in _blocks(parsed, "resource", 2)
        }
        configuration = cls(
            export=export,
            variables={},
            local_values=dict(pair for file in parsed for one in file.get("locals", []) for pair in one.items()),
            documents=dict(_blocks(parsed, "data", 2)),
            resources=resources,
            providers={unquoted(body["alias"]): body for _, body in _blocks(parsed, "provider", 1)},
            partition=partition,
            made=made,
        )
        declared = {name: body for (name,), body in _blocks(parsed, "variable", 1)}
        configuration = replace(configuration, variables=_variables(declared, _parsed(export, VALUES)))
        for name, body in declared.items():
            configuration._validate(name, body)
        return configuration

    def arguments(self, block: Block) -> dict[str, Any]:
        """A resource's arguments, each reference followed."""
        return {key: self._evaluate(value) for key, value in block.body.items() if key not in _META}

    def account_ids(self, alias: str) -> list[str]:
        """The accounts that a provider may work in."""
        found: list[str] = self._evaluate(self.providers[alias]["allowed_account_ids"])
        return found

    def _validate(self, name: str, body: Mapping[str, Any]) -> None:
        for rule in body.get("validation", []):
            if self._evaluate(rule["condition"]) is not True:
                message = self._evaluate(rule["error_message"])
                raise ConfigError(f"Invalid value for variable {name}: {message}", where=VALUES)

    def _evaluate(self, value: Any) -> Any:
        return evaluate(value, self._lookup, {"templatefile": self._template, "regex": _regex})

    def _lookup(self, name: str) -> Any:
        if name not in self._known:
            if name.startswith("aws_"):
                return self._attribute(name)
            self._known[name] = self._found(name)
        return self._known[name]

    def _found(self, name: str) -> Any:
        kind, _, rest = name.partition(".")
        if kind == "var" and rest in self.variables:
            return self.variables[rest]
        if kind == "local" and rest in self.local_values:
            return self._evaluate(self.local_values[rest])
        if name == "path.module":
            return "."
        if name == "data.aws_partition.current.partition":
            return self.partition
        labels = tuple(rest.split(".")[:2])
        if kind == "data" and labels in self.documents and rest.endswith(".json"):
            return json.dumps(self._document(self.documents[labels]), indent=2)
        raise ConfigError(f'Reference to undeclared name: "{name}".', where="Terraform")

    def _attribute(self, name: str) -> Any:
        kind, label, attribute = name.split(".")
        if f"{kind}.{label}" not in self.resources:
            raise ConfigError(f'Reference to undeclared resource: "{kind}" "{label}".', where="Terraform")
        return self.made(f"{kind}.{label}", attribute)

    def _template(self, path: str, values: Mapping[str, Any]) -> str:
        def given(name: str) -> Any:
            if name not in values:
                raise ConfigError(f'Invalid value for "vars" parameter: there is no "{name}".', where=path)
            return values[name]

        return interpolated(self.export[path.removeprefix("./")], given, {})

    def _document(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A policy as the data source `aws_iam_policy_document` writes it."""
        return {"Version": "2012-10-17", "Statement": [self._statement(one) for one in body["statement"]]}

    def _statement(self, body: Mapping[str, Any]) -> dict[str, Any]:
        found = self._evaluate({key: value for key, value in body.items() if key not in ("principals", "condition")})
        statement: dict[str, Any] = {"Sid": found["sid"], "Effect": found.get("effect", "Allow")}
        for principal in self._evaluate(body.get("principals", [])):
            held = statement.setdefault("Principal", {})
            held[principal["type"]] = _lone(principal["identifiers"])
        statement["Action"] = _lone(found["actions"])
        if "resources" in found:
            statement["Resource"] = _lone(found["resources"])
        for condition in self._evaluate(body.get("condition", [])):
            tests = statement.setdefault("Condition", {}).setdefault(condition["test"], {})
            tests[condition["variable"]] = _lone(condition["values"])
        return statement


def _parsed(export: Export, name: str) -> Mapping[str, Any]:
    import hcl2  # slow to load, and only this route needs it
    from lark.exceptions import LarkError

    try:
        found: Mapping[str, Any] = hcl2.load(io.StringIO(export[name]))
    except LarkError as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(tr("This isn't HCL: {reason}", reason=reason), where=name) from error
    return found


def _blocks(
    parsed: list[Mapping[str, Any]], kind: str, labels: int
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    for file in parsed:
        for block in file.get(kind, []):
            found: tuple[str, ...] = ()
            for _ in range(labels):
                (label,) = (key for key in block if key != "__is_block__")
                found, block = (*found, unquoted(label)), block[label]
            yield found, block


def _variables(declared: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """Each declared variable's value: given, else its default."""
    missing = [name for name, body in declared.items() if name not in given and "default" not in body]
    if missing:
        raise ConfigError(
            f'No value for required variable: the root module input variable "{missing[0]}" is not set.', where=VALUES
        )
    return {
        name: evaluate(given[name] if name in given else body["default"], _no_reference, {})
        for name, body in declared.items()
    }


def _regex(pattern: str, text: str) -> str | None:
    """None where Terraform's function fails, which is what `can` asks."""
    found = re.search(pattern, text)
    return found.group() if found else None


def _no_reference(name: str) -> Any:
    raise ConfigError(f'Variables not allowed: "{name}" may not be used here.', where=VALUES)


def _lone(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values
