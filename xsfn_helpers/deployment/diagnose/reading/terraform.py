"""Roles, policies and state machines of `terraform show -json` (a state or a plan), a state file, or the source. Pure.

In a plan, what Terraform knows only after apply is missing; where that is a reference to another resource's ARN, id or
name, the configuration tells which, and its value is made from what is known of that resource.
Source: developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from xsfn_helpers.common.arns import account_of, role_name
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.diagnose.evidence import (
    WITHHELD,
    MachineSeen,
    NotSeen,
    PolicySeen,
    RoleSeen,
    Spot,
    read_document,
)
from xsfn_helpers.deployment.diagnose.reading.intrinsics import symbol, unknown_in
from xsfn_helpers.deployment.diagnose.reading.pieces import Pieces, StackSite, managed_policy, policy_seen
from xsfn_helpers.deployment.diagnose.reading.terraform_source import SourceBlock, why_unsure
from xsfn_helpers.deployment.diagnose.reading.texts import UnreadableText, Written, parsed

_MODULE: Final = re.compile(r"module\.[\w-]+(?:\[[^\]]*\])?\.")
_INDEX: Final = re.compile(r"\[[^\]]*\]")
_ATTACHED: Final = ("aws_iam_role_policy", "aws_iam_role_policy_attachment", "aws_iam_policy_attachment")
_LATER: Final = mark("it shows only when Terraform has applied it")


@dataclass(frozen=True, slots=True)
class _Block:
    """One resource: `values` as far as Terraform knows them, `refers` by attribute to what it is made from.

    `unsure` says why nobody can tell yet whether there is such a resource, or what is in it.
    """

    address: str
    kind: str
    values: Mapping[str, Any]
    line: int
    refers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    file: str = ""
    unsure: str = ""

    @property
    def module(self) -> str:
        return "".join(_MODULE.findall(self.address))


def is_terraform(value: object) -> bool:
    """Whether a value is what Terraform writes of its resources."""
    if not isinstance(value, Mapping):
        return False
    shown = "format_version" in value and any(key in value for key in ("values", "planned_values"))
    return shown or ("terraform_version" in value and isinstance(value.get("resources"), list))


def read_terraform(file: str, written: Written, site: StackSite, pieces: Pieces) -> None:
    """Put everything of a state or a plan into the pieces."""
    _Reader(file, site, pieces, tuple(_blocks(written))).read()


def read_source(blocks: Iterable[SourceBlock], site: StackSite, pieces: Pieces) -> None:
    """Put everything of a module's source into the pieces."""
    found = tuple(
        _Block(one.address, one.kind, one.values, one.line, file=one.file, unsure=why_unsure(one)) for one in blocks
    )
    _Reader("", site, pieces, found).read()


def _blocks(written: Written) -> Iterator[_Block]:
    document = written.value
    if "format_version" not in document:
        yield from _of_state_file(written)
        return
    references = _references(document.get("configuration", {}).get("root_module", {}), "")
    for key in ("planned_values", "values"):
        root = document.get(key)
        if isinstance(root, Mapping):
            yield from _of_module(root.get("root_module"), (key, "root_module"), references, written)
            return


def _of_module(
    module: Any, path: tuple[str | int, ...], references: Mapping[str, Mapping[str, tuple[str, ...]]], written: Written
) -> Iterator[_Block]:
    if not isinstance(module, Mapping):
        return
    for index, one in enumerate(module.get("resources", [])):
        if isinstance(one, Mapping) and isinstance(one.get("values"), Mapping):
            address = str(one.get("address"))
            yield _Block(
                address,
                str(one.get("type")),
                one["values"],
                written.line(*path, "resources", index),
                references.get(_INDEX.sub("", address), {}),
            )
    for index, child in enumerate(module.get("child_modules", [])):
        yield from _of_module(child, (*path, "child_modules", index), references, written)


def _of_state_file(written: Written) -> Iterator[_Block]:
    for index, one in enumerate(written.value["resources"]):
        if not isinstance(one, Mapping):
            continue
        prefix = f"{one['module']}." if one.get("module") else ""
        for instance in one.get("instances", []):
            values = instance.get("attributes") if isinstance(instance, Mapping) else None
            if isinstance(values, Mapping):
                address = f"{prefix}{one.get('type')}.{one.get('name')}"
                yield _Block(address, str(one.get("type")), values, written.line("resources", index))


def _references(module: Any, prefix: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """By a resource's address, by attribute: the addresses, with attributes, that its expression refers to."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    if not isinstance(module, Mapping):
        return found
    for one in module.get("resources", []):
        expressions = one.get("expressions", {}) if isinstance(one, Mapping) else {}
        found[prefix + str(one.get("address"))] = {
            key: tuple(prefix + str(name) for name in expression["references"])
            for key, expression in expressions.items()
            if isinstance(expression, Mapping) and isinstance(expression.get("references"), list)
        }
    for name, call in module.get("module_calls", {}).items():
        if isinstance(call, Mapping):
            found |= _references(call.get("module"), f"{prefix}module.{name}.")
    return found


@dataclass(slots=True)
class _Reader:
    file: str
    site: StackSite
    pieces: Pieces
    blocks: tuple[_Block, ...]
    _by_address: dict[str, _Block] = field(init=False)
    # Whether every policy says whose it is: else one may be of any role.
    _all_listed: bool = True

    def __post_init__(self) -> None:
        self._by_address = {_INDEX.sub("", block.address): block for block in self.blocks}

    def read(self) -> None:
        kinds = {
            "aws_iam_role": self._role,
            "aws_iam_role_policy": self._role_policy,
            "aws_iam_policy": self._policy,
            "aws_iam_role_policy_attachment": self._attachment,
            "aws_iam_policy_attachment": self._attachments,
            "aws_sfn_state_machine": self._machine,
        }
        self._all_listed = not any(
            block.kind in _ATTACHED and unknown_in([block.values.get("role"), block.values.get("roles")])
            for block in self.blocks
        )
        for block in self.blocks:
            if (read := kinds.get(block.kind)) is not None:
                read(block)

    def _spot(self, block: _Block) -> Spot:
        return Spot(block.file or self.file, block.line)

    def _text(self, block: _Block, key: str) -> str:
        """An attribute's text; what it refers to where Terraform doesn't know it yet; else empty."""
        value = block.values.get(key)
        if isinstance(value, str) and value:
            return value
        for reference in block.refers.get(key, ()):
            address, _, attribute = reference.rpartition(".")
            other = self._by_address.get(_INDEX.sub("", address))
            if other is not None and attribute in ("arn", "id", "name"):
                return self._attribute(other, attribute)
        return ""

    def _attribute(self, block: _Block, attribute: str) -> str:
        known = block.values.get(attribute)
        if isinstance(known, str) and known:
            return known
        if block.kind == "aws_iam_role":
            return self._role_arn(block) if attribute == "arn" else self._name(block)
        if block.kind == "aws_iam_policy":
            return self.site.managed_policy(self._name(block), str(block.values.get("path") or "/"))
        if block.kind == "aws_sfn_state_machine":
            return self.site.regional("states", f"stateMachine:{self._name(block)}")
        return ""

    def _name(self, block: _Block) -> str:
        name = block.values.get("name")
        return name if isinstance(name, str) and name else block.address.rpartition(".")[2].partition("[")[0]

    def _role_arn(self, block: _Block) -> str:
        arn = block.values.get("arn")
        if isinstance(arn, str) and arn:
            return arn
        return self.site.role(self._name(block), str(block.values.get("path") or "/"))

    def _role(self, block: _Block) -> None:
        arn, values = self._role_arn(block), block.values
        tags = values.get("tags_all") or values.get("tags") or {}
        boundary = self._text(block, "permissions_boundary")
        role = RoleSeen(
            arn,
            str(values.get("unique_id") or ""),
            read_document(values.get("assume_role_policy")),
            boundary=managed_policy(boundary) if boundary else None,
            policies_listed=self._all_listed and "inline_policy" not in values.get("dynamic", []),
            tags={str(key): str(value) for key, value in tags.items()} if isinstance(tags, Mapping) else None,
        )
        self.pieces.add_role(role, self._spot(block))
        for one in values.get("inline_policy") or []:
            if isinstance(one, Mapping) and one.get("policy"):
                name = str(one.get("name"))
                self.pieces.attach(arn, _policy_of(name, one["policy"]), self._spot(block))
        given_arns = values.get("managed_policy_arns") or []
        for given in given_arns if isinstance(given_arns, list) else [given_arns]:
            self.pieces.attach(arn, managed_policy(str(given)))

    def _by_name(self, block: _Block, name: str) -> str:
        """The ARN of the role of this name: of the same module before others."""
        roles = [one for one in self.blocks if one.kind == "aws_iam_role" and self._name(one) == name]
        roles.sort(key=lambda one: one.module != block.module)
        return self._role_arn(roles[0]) if roles else self.site.role(name)

    def _role_policy(self, block: _Block) -> None:
        role = self._text(block, "role")
        if not role:
            return
        name = self._name(block)
        document = block.values.get("policy")
        policy = _policy_of(name, document) if document else PolicySeen(name, why_not=tr(_LATER))
        if block.unsure:
            policy = PolicySeen(name, why_not=block.unsure)
        self.pieces.attach(self._by_name(block, role), policy, self._spot(block))

    def _policy(self, block: _Block) -> None:
        arn = self._attribute(block, "arn")
        document = _policy_of("", block.values.get("policy")).document
        if document is not None and not block.unsure:
            self.pieces.managed[arn] = document
        self.pieces.spots[arn, arn.rpartition("/")[2]] = self._spot(block)

    def _attachment(self, block: _Block) -> None:
        role, policy = self._text(block, "role"), self._text(block, "policy_arn")
        if role:
            seen = managed_policy(policy) if policy else PolicySeen(block.address, why_not=tr(_LATER))
            if block.unsure:
                seen = PolicySeen(seen.name, why_not=block.unsure)
            self.pieces.attach(self._by_name(block, role), seen)

    def _attachments(self, block: _Block) -> None:
        policy = self._text(block, "policy_arn")
        if block.unsure:
            return
        for role in block.values.get("roles") or []:
            if policy and isinstance(role, str):
                self.pieces.attach(self._by_name(block, role), managed_policy(policy))

    def _machine(self, block: _Block) -> None:
        arn = self._attribute(block, "arn")
        if arn in self.pieces.machines:  # made for each of several things, under names that show only in the end
            arn = f"{arn}-{block.address.rpartition('.')[2]}"
        what, lost = tr("the definition of {arn}", arn=arn), ""
        try:
            given = block.values.get("definition")
            if not isinstance(given, str) or not given:
                raise UnreadableText(tr(_LATER))
            if given.lstrip().startswith("${"):
                raise UnreadableText(tr(_LATER))
            definition = json.dumps(parsed(given, as_yaml=False).value)
        except UnreadableText as error:
            why = f"{block.file or self.file}: {str(error).rstrip('.')}"
            self.pieces.not_seen.append(NotSeen(account_of(arn), what, why))
            definition, lost = WITHHELD, why
        logging = block.values.get("logging_configuration") or [{}]
        tracing = block.values.get("tracing_configuration") or [{}]
        encryption = block.values.get("encryption_configuration") or [{}]
        machine = MachineSeen(
            arn,
            self._text(block, "role_arn"),
            definition,
            str(block.values.get("type") or "STANDARD"),
            logs=_first(logging).get("level", "OFF") not in ("OFF", None, ""),
            traces=bool(_first(tracing).get("enabled")),
            tags={},
            key=str(_first(encryption).get("kms_key_id") or ""),
            lost=lost,
        )
        if not role_name(machine.role_arn):
            self.pieces.not_seen.append(NotSeen(account_of(arn), tr("the role of {arn}", arn=arn), tr(_LATER)))
            machine = replace(machine, role_arn=self.site.role(symbol(f"role of {self._name(block)}")))
        self.pieces.add_machine(machine, self._spot(block))


def _first(blocks: object) -> Mapping[str, Any]:
    one = blocks[0] if isinstance(blocks, list) and blocks else blocks
    return one if isinstance(one, Mapping) else {}


def _policy_of(name: str, given: object) -> PolicySeen:
    """A policy whose statements are all known to be there; of one that isn't so, nobody knows what it says."""
    found = policy_seen(name, given)
    statements = found.document.get("Statement") if found.document is not None else None
    listed = statements if isinstance(statements, list) else [statements]
    if found.document is not None and not all(isinstance(one, Mapping) for one in listed):
        return PolicySeen(name, why_not=tr(_LATER))
    return found
