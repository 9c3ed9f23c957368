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
    ResourcePolicy,
    RoleSeen,
    Spot,
    read_document,
)
from xsfn_helpers.deployment.diagnose.reading.intrinsics import symbol, unknown_in
from xsfn_helpers.deployment.diagnose.reading.own_policies import default_key_policy, owner_of
from xsfn_helpers.deployment.diagnose.reading.pieces import Pieces, StackSite, managed_policy, policy_seen
from xsfn_helpers.deployment.diagnose.reading.terraform_source import AS_DEPLOYED, MODULE, SourceBlock, why_unsure
from xsfn_helpers.deployment.diagnose.reading.texts import UnreadableText, Written, parsed

_MODULE: Final = re.compile(r"module\.[\w-]+(?:\[[^\]]*\])?\.")
_INDEX: Final = re.compile(r"\[[^\]]*\]")
_PERMISSION_KEYS: Final = {
    "source_arn": ("ArnLike", "aws:SourceArn"),
    "source_account": ("StringEquals", "aws:SourceAccount"),
    "principal_org_id": ("StringEquals", "aws:PrincipalOrgID"),
    "event_source_token": ("StringEquals", "lambda:EventSourceToken"),
    "function_url_auth_type": ("StringEquals", "lambda:FunctionUrlAuthType"),
}
# What leaves a role no policies but those that it names, by kind, with the argument that names them.
_EXCLUSIVE: Final = {
    "aws_iam_role_policies_exclusive": "policy_names",
    "aws_iam_role_policy_attachments_exclusive": "policy_arns",
}
_TOLD_BY_DATA: Final = ("aws_iam_role", "aws_iam_policy", "aws_sfn_state_machine")
_LEFT_ALONE: Final = mark("lifecycle.ignore_changes leaves it as it was deployed, which no file shows")
_LATER: Final = mark("it shows only when Terraform has applied it")


@dataclass(frozen=True, slots=True)
class _Block:
    """One resource: `values` as far as Terraform knows them, `refers` by attribute to what it is made from.

    `unsure` says why nobody can tell yet whether there is such a resource, or what is in it; `looked_up`: it is a data
    source, which shows what was made elsewhere.
    """

    address: str
    kind: str
    values: Mapping[str, Any]
    line: int
    refers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    file: str = ""
    unsure: str = ""
    looked_up: bool = False

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
    pieces.is_shown = True
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
                looked_up=one.get("mode") == "data",
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
                line, looked_up = written.line("resources", index), one.get("mode") == "data"
                yield _Block(address, str(one.get("type")), values, line, looked_up=looked_up)


def _references(module: Any, prefix: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """By a resource's address, by attribute: the addresses, with attributes, that its expression refers to."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    if not isinstance(module, Mapping):
        return found
    for one in module.get("resources", []):
        expressions = one.get("expressions", {}) if isinstance(one, Mapping) else {}
        found[prefix + str(one.get("address"))] = {
            key: tuple(prefix + str(name) for name in expression["references"])
            for key, expression in _expressions(expressions)
            if isinstance(expression.get("references"), list)
        }
    for name, call in module.get("module_calls", {}).items():
        if isinstance(call, Mapping):
            found |= _references(call.get("module"), f"{prefix}module.{name}.")
    return found


def _expressions(given: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every argument's expression; one of a block in it is named BLOCK.ARGUMENT."""
    for key, one in given.items():
        if isinstance(one, Mapping):
            yield key, one
        for inner in one if isinstance(one, list) else ():
            yield from ((f"{key}.{name}", part) for name, part in inner.items() if isinstance(part, Mapping))


@dataclass(slots=True)
class _Reader:
    file: str
    site: StackSite
    pieces: Pieces
    blocks: tuple[_Block, ...]
    _by_address: dict[str, _Block] = field(init=False)
    # By a role's name, and whether it is about managed policies: the only ones that it is left with.
    _kept: dict[tuple[str, bool], set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_address = {_INDEX.sub("", block.address): block for block in self.blocks}
        for block in self.blocks:
            key = _EXCLUSIVE.get(block.kind, "")
            given = block.values.get(key)
            if key and isinstance(given, list) and not any(map(unknown_in, given)):
                self._kept[self._text(block, "role_name"), key == "policy_arns"] = set(map(str, given))

    def read(self) -> None:
        kinds = {
            "aws_iam_role": self._role,
            "aws_iam_role_policy": self._role_policy,
            "aws_iam_policy": self._policy,
            "aws_iam_role_policy_attachment": self._attachment,
            "aws_iam_policy_attachment": self._attachments,
            "aws_iam_role_policy_attachments_exclusive": self._only,
            "aws_sfn_state_machine": self._machine,
            "aws_lambda_permission": self._permission,
            "aws_kms_key": self._key,
            "aws_kms_key_policy": self._key_policy,
            "aws_sqs_queue_policy": lambda block: self._own_policy(block, "queue_url", "policy"),
            "aws_sqs_queue": lambda block: self._own_policy(block, "arn", "policy"),
            "aws_sns_topic_policy": lambda block: self._own_policy(block, "arn", "policy"),
            "aws_sns_topic": lambda block: self._own_policy(block, "arn", "policy"),
            "aws_s3_bucket_policy": lambda block: self._own_policy(block, "bucket", "policy"),
            "aws_organizations_policy": self._limit,
            MODULE: self._module,
        }
        for block in self.blocks:
            if block.looked_up and block.kind not in _TOLD_BY_DATA:
                continue  # a data source doesn't tell what its policy is
            if (read := kinds.get(block.kind)) is not None:
                read(block)

    def _key_of(self, block: _Block, encryption: Mapping[str, Any]) -> str:
        """The KMS key of one's own that a state machine is encrypted with; empty where it is AWS's."""
        given = str(encryption.get("kms_key_id") or "")
        if given or not encryption or encryption.get("type") == "AWS_OWNED_KEY":
            return given
        known = replace(block, refers={"kms_key_id": block.refers.get("encryption_configuration.kms_key_id", ())})
        return self._text(known, "kms_key_id") or tr("a key that isn't named")

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
        if block.kind == "aws_kms_key":
            key = re.sub(r"[^\w-]+", "-", block.address)
            return self.site.regional("kms", f"key/{key}") if attribute == "arn" else key
        if block.kind in ("aws_sqs_queue", "aws_sns_topic") and attribute == "arn":
            return self.site.regional(block.kind.split("_")[1], self._name(block))
        return ""

    def _name(self, block: _Block) -> str:
        """Its name; of one that the provider makes, what is known of it."""
        name, before = block.values.get("name"), block.values.get("name_prefix")
        if isinstance(name, str) and name:
            return name
        return f"{before if isinstance(before, str) else ''}{symbol(f'{block.address}.name')}"

    def _role_arn(self, block: _Block) -> str:
        arn = block.values.get("arn")
        if isinstance(arn, str) and arn:
            return arn
        return self.site.role(self._name(block), str(block.values.get("path") or "/"))

    def _role(self, block: _Block) -> None:
        arn, values = self._role_arn(block), block.values
        tags = values.get("tags_all") or values.get("tags") or {}
        boundary, inline = self._text(block, "permissions_boundary"), values.get("inline_policy")
        role = RoleSeen(
            arn,
            str(values.get("unique_id") or ""),
            read_document(values.get("assume_role_policy")),
            boundary=managed_policy(boundary) if boundary else None,
            policies_listed="inline_policy" not in values.get("dynamic", []) and inline != AS_DEPLOYED,
            unsure=block.unsure,
            tags={str(key): str(value) for key, value in tags.items()} if isinstance(tags, Mapping) else None,
        )
        if block.looked_up:
            self.pieces.add_looked_up(role)
            return
        self.pieces.add_role(role, self._spot(block))
        if role.trust is None:
            what = tr("the trust policy of {arn}", arn=arn)
            self.pieces.not_seen.append(NotSeen(role.account, what, _why_not(values.get("assume_role_policy"))))
        for one in inline if isinstance(inline, list) else ():
            if isinstance(one, Mapping) and one.get("policy"):
                policy = _policy_of(str(one.get("name")), one["policy"])
                self.pieces.attach(arn, self._unless_taken_away(policy, self._name(block)), self._spot(block))
        given_arns = values.get("managed_policy_arns") or []
        for given in given_arns if isinstance(given_arns, list) else [given_arns]:
            self.pieces.attach(arn, managed_policy(str(given)))

    def _unless_taken_away(self, policy: PolicySeen, role: str) -> PolicySeen:
        """A policy; unsure where another resource takes away from this role all but those that it names."""
        kept = self._kept.get((role, bool(policy.arn)))
        if kept is None or (policy.arn or policy.name) in kept:
            return policy
        return replace(policy, unsure=tr("another resource of Terraform's takes it away from the role"))

    def _only(self, block: _Block) -> None:
        """Managed policies of a role beside which it has no others: what isn't attached yet is."""
        given = block.values.get("policy_arns")
        for one in given if isinstance(given, list) else [""]:
            known = isinstance(one, str) and one
            policy = managed_policy(one) if known else PolicySeen(block.address, why_not=tr(_LATER))
            self._attach(block, self._text(block, "role_name"), policy)

    def _by_name(self, block: _Block, name: str) -> str:
        """The ARN of the role of this name: of the same module before others."""
        roles = [one for one in self.blocks if one.kind == "aws_iam_role" and self._name(one) == name]
        roles.sort(key=lambda one: one.module != block.module)
        return self._role_arn(roles[0]) if roles else self.site.role(name)

    def _role_policy(self, block: _Block) -> None:
        given, document = block.values.get("name"), block.values.get("policy")
        name = given if isinstance(given, str) and given else block.address
        policy = _policy_of(name, document) if document else PolicySeen(name, why_not=tr(_LATER))
        self._attach(block, self._text(block, "role"), policy, self._spot(block))

    def _attach(self, block: _Block, role: str, policy: PolicySeen, spot: Spot | None = None) -> None:
        """A policy for the role of this name, which may be one of several where it shows only in the end."""
        policy = self._unless_taken_away(policy, role)
        policy = replace(policy, unsure=block.unsure or policy.unsure)
        if (role and not unknown_in(role)) or any(
            self._name(one) == role for one in self.blocks if one.kind == "aws_iam_role"
        ):
            self.pieces.attach(self._by_name(block, role), policy, spot)
        else:
            self.pieces.attach_to_some(self.site.role(role or "*", "*"), policy)

    def _policy(self, block: _Block) -> None:
        arn = self._attribute(block, "arn")
        document = _policy_of("", block.values.get("policy")).document
        if document is not None and not block.unsure:
            self.pieces.managed[arn] = document
        self.pieces.spots[arn, arn.rpartition("/")[2]] = self._spot(block)

    def _attachment(self, block: _Block) -> None:
        self._attach(block, self._text(block, "role"), self._attached(block))

    def _attached(self, block: _Block) -> PolicySeen:
        policy = self._text(block, "policy_arn")
        return managed_policy(policy) if policy else PolicySeen(block.address, why_not=tr(_LATER))

    def _attachments(self, block: _Block) -> None:
        given = block.values.get("roles")
        roles = given if isinstance(given, list) else [] if given is None and "roles" not in block.refers else [""]
        for role in roles:
            self._attach(block, role if isinstance(role, str) else "", self._attached(block))

    # --- what decides besides

    def _permission(self, block: _Block) -> None:
        """One statement of a function's policy; others may add to it."""
        function = self._text(block, "function_name")
        arn = function if function.startswith("arn:") else self.site.regional("lambda", f"function:{function}")
        known = {key: value for key, value in block.values.items() if isinstance(value, str) and value}
        if not function or unknown_in(function) or block.unsure:
            return
        if "qualifier" in known:
            arn = f"{arn}:{known['qualifier']}"
        self.pieces.add_resource_policy(
            owner_of(arn), permission_of(arn, {**known, "principal": known.get("principal", "")})
        )

    def _key(self, block: _Block) -> None:
        given = block.values.get("policy")
        document = read_document(given)
        if document is not None and not block.unsure:
            self.pieces.add_resource_policy(self._attribute(block, "arn"), ResourcePolicy(document))
        elif not given and not any(
            one.kind == "aws_kms_key_policy" or "policy" in one.refers for one in self.blocks if "kms" in one.kind
        ):
            self.pieces.add_resource_policy(
                self._attribute(block, "arn"), default_key_policy(self.site.partition, self.site.account)
            )

    def _key_policy(self, block: _Block) -> None:
        key, document = self._text(block, "key_id"), read_document(block.values.get("policy"))
        arn = key if key.startswith("arn:") else self.site.regional("kms", f"key/{key}")
        if key and document is not None and not block.unsure:
            self.pieces.of_resources[arn] = ResourcePolicy(document)

    def _own_policy(self, block: _Block, owner: str, key: str) -> None:
        given, document = (
            self._text(block, owner) or self._attribute(block, owner),
            read_document(block.values.get(key)),
        )
        service = block.kind.split("_")[1]
        arn = given
        if service == "s3" and not given.startswith("arn:"):
            arn = f"arn:{self.site.partition}:s3:::{given}"
        if service == "sqs" and not given.startswith("arn:"):
            arn = self.site.regional("sqs", given.rpartition("/")[2])
        if given and document is not None and not unknown_in(arn) and not block.unsure:
            self.pieces.add_resource_policy(arn, ResourcePolicy(document))

    def _limit(self, block: _Block) -> None:
        """An organization's policy, with what it is attached to."""
        kind, name = str(block.values.get("type") or "SERVICE_CONTROL_POLICY"), self._name(block)
        attached = [one for one in self.blocks if one.kind == "aws_organizations_policy_attachment"]
        own = (str(block.values.get("id") or ""), symbol(f"{block.address}.id"))
        targets = [
            str(one.values.get("target_id") or "")
            for one in attached
            if self._refers_to(one, "policy_id", block) or str(one.values.get("policy_id")) in own
        ]
        self.pieces.limit(kind, name, block.values.get("content"), targets)

    def _refers_to(self, block: _Block, key: str, other: _Block) -> bool:
        return any(one.rpartition(".")[0] == other.address for one in block.refers.get(key, ()))

    def _module(self, block: _Block) -> None:
        """A module whose source isn't here may attach anything to a role whose name it is given."""
        source = block.values.get("source")
        why = tr("the module's source, {source}, isn't among the files", source=source)
        if source is None:
            why = tr("the block that uses the module can't be read")
        self.pieces.not_seen.append(NotSeen(self.site.account, f"{block.file}: {block.address}", why))
        for value in block.values.values():
            if isinstance(value, str) and (definition := _definition_in(value)):
                self._machine_of_module(block, definition)
        if source is None:
            self.pieces.attach_to_some(self.site.role("*", "*"), PolicySeen(block.address, why_not=why))
        given = set(_texts_in(block.values))
        for role in self.blocks:
            if role.kind == "aws_iam_role" and self._name(role) in given:
                self.pieces.attach(self._role_arn(role), PolicySeen(block.address, why_not=why))

    def _machine_of_module(self, block: _Block, definition: str) -> None:
        """A definition that is handed to a module: what else the state machine is like, and its role, aren't here."""
        known = {key: one for key, one in block.values.items() if key.endswith("name") and isinstance(one, str)}
        label = block.address.rpartition(".")[2]
        name = known.get("name") or next((one for key, one in known.items() if "role" not in key), label)
        arn = self.site.regional("states", f"stateMachine:{name}")
        role = self.site.role(symbol(f"role of {label}"))
        what, why = tr("the role of {arn}", arn=arn), tr("it is made by a module that isn't among the files")
        self.pieces.not_seen.append(NotSeen(account_of(arn), what, why))
        self.pieces.add_machine(MachineSeen(arn, role, definition, role_told=False), self._spot(block))

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
                raise UnreadableText(_why_not(given))
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
            key=self._key_of(block, _first(encryption)),
            lost=lost,
        )
        if not role_name(machine.role_arn):
            self.pieces.not_seen.append(NotSeen(account_of(arn), tr("the role of {arn}", arn=arn), tr(_LATER)))
            stands = self.site.role(symbol(f"role of {self._name(block)}"))
            machine = replace(machine, role_arn=stands, role_told=False)
        self.pieces.add_machine(machine, self._spot(block))


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping | list):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _texts_in(one)
    elif isinstance(value, str):
        yield value


def _definition_in(text: str) -> str:
    """The definition of a state machine that a text is; empty where it is none."""
    if '"StartAt"' not in text or text.lstrip().startswith("${"):
        return ""
    try:
        value = parsed(text, as_yaml=False).value
    except UnreadableText:
        return ""
    return json.dumps(value) if isinstance(value, Mapping) and isinstance(value.get("States"), Mapping) else ""


def permission_of(arn: str, known: Mapping[str, str]) -> ResourcePolicy:
    """What one `aws_lambda_permission` says, as a policy of the function."""
    principal = known.get("principal", "")
    who = {"Service": principal} if principal.endswith((".amazonaws.com", ".amazonaws.com.cn")) else {"AWS": principal}
    action = known.get("action", "lambda:InvokeFunction")
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": who, "Action": action, "Resource": arn}
    for key, (test, variable) in _PERMISSION_KEYS.items():
        if key in known:
            statement.setdefault("Condition", {}).setdefault(test, {})[variable] = known[key]
    return ResourcePolicy({"Version": "2012-10-17", "Statement": [statement]}, whole=False)


def _first(blocks: object) -> Mapping[str, Any]:
    one = blocks[0] if isinstance(blocks, list) and blocks else blocks
    return one if isinstance(one, Mapping) else {}


def _why_not(given: object) -> str:
    """Why a document that stands there as a symbol isn't known."""
    return tr(_LEFT_ALONE if given == AS_DEPLOYED else _LATER)


def _policy_of(name: str, given: object) -> PolicySeen:
    """A policy whose statements are all known to be there; of one that isn't so, nobody knows what it says."""
    if given == AS_DEPLOYED:
        return PolicySeen(name, why_not=tr(_LEFT_ALONE))
    found = policy_seen(name, given)
    statements = found.document.get("Statement") if found.document is not None else None
    listed = statements if isinstance(statements, list) else [statements]
    if found.document is not None and not all(isinstance(one, Mapping) for one in listed):
        return PolicySeen(name, why_not=tr(_LATER))
    return found
