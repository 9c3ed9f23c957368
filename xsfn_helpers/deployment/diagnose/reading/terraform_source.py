"""Terraform's source as it lies in a repository: each folder a module, read as far as it can be. Pure.

Variables have their defaults, or what a `module` block hands over; what is known only to Terraform stays a symbol. A
policy that is attached on a condition nobody can decide here is one that wasn't read.
Source: developer.hashicorp.com/terraform/language
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, Final

from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.reading.intrinsics import symbol, unknown_in
from xsfn_helpers.deployment.diagnose.reading.pieces import StackSite
from xsfn_helpers.deployment.diagnose.reading.source.hcl import HclBlock, HclEvaluator, inside
from xsfn_helpers.deployment.diagnose.reading.source.module_files import ParsedFolder, SourceFolder
from xsfn_helpers.deployment.diagnose.reading.source.policy_documents import as_list, nested, policy_document

# The kind of what stands for a module whose source isn't here.
MODULE: Final = "module"
KINDS: Final = ("aws_iam_", "aws_sfn_state_machine", "aws_lambda_permission")
# What decides as well, and is no reason to read a folder.
_BESIDE: Final = ("aws_kms_key", "aws_sqs_queue", "aws_sns_topic", "aws_s3_bucket_policy", "aws_organizations_policy")
_MOST_DEEP: Final = 6
_MOST_INSTANCES: Final = 200
# By kind: the argument with the name, the service, and what stands before the name in the ARN.
_ARNS: Final = {
    "aws_lambda_function": ("function_name", "lambda", "function:"),
    "aws_sns_topic": ("name", "sns", ""),
    "aws_sqs_queue": ("name", "sqs", ""),
    "aws_dynamodb_table": ("name", "dynamodb", "table/"),
    "aws_sfn_state_machine": ("name", "states", "stateMachine:"),
    "aws_cloudwatch_log_group": ("name", "logs", "log-group:"),
}
# What has a name that the provider makes where none is given.
_NAMED_BY_PROVIDER: Final = ("aws_iam_role", "aws_iam_policy", "aws_sfn_state_machine")
# What an argument is worth that Terraform leaves as it was deployed.
AS_DEPLOYED: Final = symbol("ignore_changes")
_DECIDING: Final = (
    "assume_role_policy",
    "definition",
    "inline_policy",
    "managed_policy_arns",
    "permissions_boundary",
    "policy",
    "policy_arn",
    "role_arn",
    "tags",
)
_NAMES: Final = ("id", "name", "function_name", "bucket")


@dataclass(frozen=True, slots=True)
class SourceBlock:
    """One resource of the source, with every argument worked out. `alias` is its provider's; `sure` that it is made."""

    address: str
    kind: str
    values: Mapping[str, Any]
    file: str
    line: int
    alias: str = ""
    sure: bool = True


@dataclass(slots=True)
class Module:
    """One module with its variables' values. `site` tells where what a provider's alias makes is."""

    parsed: ParsedFolder
    site: Callable[[str], StackSite]
    given: Mapping[str, Any] = field(default_factory=dict)
    prefix: str = ""
    providers: Mapping[str, str] = field(default_factory=dict)
    depth: int = 0
    # The folder of the root module.
    root: str = ""
    _known: dict[tuple[str, ...], Any] = field(default_factory=dict)
    _children: dict[str, Module | None] = field(default_factory=dict)
    _resources: dict[tuple[str, str], tuple[str, HclBlock]] = field(init=False)
    _evaluator: HclEvaluator = field(init=False)

    def __post_init__(self) -> None:
        self._resources = {
            (one.labels[1], one.labels[2]): (name, one) for name, one in self.parsed.labelled("resource", 2)
        }
        self._evaluator = HclEvaluator(self._lookup, self._file)
        self.root = self.root or self.parsed.folder.path

    def resources(self) -> Iterator[SourceBlock]:
        """The resources that matter here, of this module and of those that it uses."""
        for (kind, name), (file, block) in self._resources.items():
            if kind.startswith((*KINDS, *_BESIDE)):
                yield from self._instances(kind, name, file, block)
        for file, block in self.parsed.labelled("module", 1):
            names, sure = self._repeated(block)
            for one in names[:_MOST_INSTANCES]:
                child = self._child(block.labels[1], one)
                if child is not None:
                    yield from (replace(made, sure=made.sure and sure) for made in child.resources())
                    continue
                values = _arguments(block, self._evaluator.within(one))
                address = _of_instance(f"{self.prefix}module.{block.labels[1]}", one)
                yield SourceBlock(address, MODULE, values, file, block.line, sure=sure)

    def alias_of(self, block: HclBlock) -> str:
        node = block.attributes.get("provider")
        written = str(node.serialize()).strip('"').removeprefix("${").removesuffix("}") if node is not None else ""
        alias = written.partition(".")[2]
        return self.providers.get(alias, alias)

    def _instances(self, kind: str, name: str, file: str, block: HclBlock) -> Iterator[SourceBlock]:
        address, alias = f"{self.prefix}{kind}.{name}", self.alias_of(block)
        names, sure = self._repeated(block)
        for one in names[:_MOST_INSTANCES]:
            evaluator = self._evaluator.within(one) if one else self._evaluator
            values = _arguments(block, evaluator)
            if kind in _NAMED_BY_PROVIDER:
                values["name"] = _name_of(values, _of_instance(address, one))
            yield SourceBlock(_of_instance(address, one), kind, values, file, block.line, alias, sure)

    def _repeated(self, block: HclBlock) -> tuple[list[dict[str, Any]], bool]:
        """What `each`, or `count`, is for every instance; and whether it is known that there are these."""
        if (count := block.attributes.get("count")) is not None:
            number = self._evaluator.of(count)
            if isinstance(number, int) and not isinstance(number, bool):
                return [{"count": {"index": index}} for index in range(min(number, _MOST_INSTANCES))], True
            return [{"count": {"index": symbol("count.index")}}], False
        if (each := block.attributes.get("for_each")) is not None:
            over = self._evaluator.of(each)
            if isinstance(over, Mapping):
                return [_each(key, value) for key, value in over.items()], True
            if isinstance(over, list):
                return [_each(one, one) for one in over], True
            return [_each(symbol("each.key"), symbol("each.value"))], False
        return [{}], True

    def _instance(self, block: HclBlock, key: str) -> dict[str, Any] | None:
        """What `each`, or `count`, is for the one of this index or key; None where it is known not to be there.

        Where it isn't known which there are, what one is like that is named so is known all the same.
        """
        names, sure = self._repeated(block)
        if "count" in block.attributes:
            there = key.isdigit() and (not sure or int(key) < len(names))
            return {"count": {"index": int(key)}} if there else None
        if not sure:
            return _each(key, symbol("each.value"))
        return next((one for one in names if str(one["each"]["key"]) == key), None)

    # --- what names stand for

    def _file(self, path: str) -> str | None:
        return None if "${" in path else self.parsed.folder.read_file(path)

    def _lookup(self, path: tuple[str, ...]) -> Any:
        if path not in self._known:
            self._known[path] = None  # one that is made from itself stays unknown
            self._known[path] = self._found(path)
        return self._known[path]

    def _found(self, path: tuple[str, ...]) -> Any:
        kind, rest = path[0], path[1:]
        if kind == "path":
            return os.path.relpath(self.root or ".", self.parsed.folder.path or ".") if rest == ("root",) else "."
        if kind == "var" and rest:
            return inside(self._variable(rest[0]), rest[1:])
        if kind == "local" and rest:
            return inside(self._local(rest[0]), rest[1:])
        if kind == "data" and len(rest) >= 2:
            return self._data(rest[0], rest[1], rest[2:])
        if kind == "module" and len(rest) >= 2:
            return self._output(rest[0], rest[1:])
        if kind.startswith("aws_") and rest:
            return self._attribute(kind, rest[0], rest[1:])
        return None

    def _variable(self, name: str) -> Any:
        if name in self.given:
            return self.given[name]
        block = next((one for _, one in self.parsed.labelled("variable", 1) if one.labels[1] == name), None)
        if block is None or "default" not in block.attributes:
            return None
        value = self._evaluator.of(block.attributes["default"])
        # An empty default is there to be filled in: what comes in its place, nobody knows.
        return None if value in ("", [], {}) else value

    def _local(self, name: str) -> Any:
        for _, block in self.parsed.labelled("locals", 0):
            if name in block.attributes:
                return self._evaluator.of(block.attributes[name])
        return None

    def output(self, name: str) -> Any:
        block = next((one for _, one in self.parsed.labelled("output", 1) if one.labels[1] == name), None)
        return (
            None if block is None or "value" not in block.attributes else self._evaluator.of(block.attributes["value"])
        )

    def _data(self, kind: str, name: str, rest: Sequence[str]) -> Any:
        """What stands at a path in a data source: of one that is read several times, by its index or key."""
        block = next((one for _, one in self.parsed.labelled("data", 2) if one.labels[1:] == (kind, name)), None)
        if block is None:
            return None
        if not {"count", "for_each"} & block.attributes.keys():
            return self._told_by(block, self._evaluator, rest)
        if rest:
            one = self._instance(block, rest[0])
            return None if one is None else self._told_by(block, self._evaluator.within(one), rest[1:])
        names, sure = self._repeated(block)
        if not sure or kind != "aws_iam_policy_document":
            return None
        made = [{"json": policy_document(block, self._evaluator.within(one))} for one in names]
        return (
            made
            if "count" in block.attributes
            else {one["each"]["key"]: each for one, each in zip(names, made, strict=True)}
        )

    def _told_by(self, block: HclBlock, evaluator: HclEvaluator, rest: Sequence[str]) -> Any:
        kind = block.labels[1]
        if not rest:
            return None
        site = self.site(self.alias_of(block))
        if kind == "aws_caller_identity" and rest[0] in ("account_id", "id"):
            return site.account
        if kind == "aws_region" and rest[0] in ("name", "id", "region"):
            return site.region
        if kind == "aws_partition" and rest[0] in ("partition", "id"):
            return site.partition
        if kind == "aws_partition" and rest[0] == "dns_suffix":
            return "amazonaws.com.cn" if site.partition == "aws-cn" else "amazonaws.com"
        if kind == "aws_iam_policy_document" and rest[0] in ("json", "minified_json"):
            return policy_document(block, evaluator)
        if kind == "aws_iam_role":
            written = _arguments(block, evaluator).get("name")
            return _role_attribute(site, written, "/", rest[0])
        if kind == "template_file" and rest[0] == "rendered":
            return self._rendered(block, evaluator)
        return None

    def _rendered(self, block: HclBlock, evaluator: HclEvaluator) -> Any:
        values = _arguments(block, evaluator)
        given = values.get("vars")
        text = values.get("template")
        if not isinstance(text, str):
            return None
        known = given if isinstance(given, Mapping) else {}
        return HclEvaluator(lambda path: known.get(path[0]), self._file).template(text)

    def _attribute(self, kind: str, name: str, rest: Sequence[str]) -> Any:
        """What stands at a path in a resource: of one that is made several times, by its index or key."""
        if (kind, name) not in self._resources:
            return None
        _, block = self._resources[kind, name]
        address = f"{self.prefix}{kind}.{name}"
        if not {"count", "for_each"} & block.attributes.keys():
            return inside(self._shown(block, self._evaluator, address), rest)
        names, sure = self._repeated(block)
        counted = "count" in block.attributes
        if not sure:
            one = self._instance(block, rest[0]) if rest else None
            if one is None:
                return None
            return inside(self._shown(block, self._evaluator.within(one), f"{address}[{rest[0]}]"), rest[1:])
        made = [self._shown(block, self._evaluator.within(one), _of_instance(address, one)) for one in names]
        whole: Any = made if counted else {one["each"]["key"]: each for one, each in zip(names, made, strict=True)}
        return inside(whole, rest)

    def _shown(self, block: HclBlock, evaluator: HclEvaluator, address: str) -> dict[str, Any]:
        """The attributes of a resource that its arguments tell."""
        kind = block.labels[1]
        site, given = self.site(self.alias_of(block)), block.attributes
        keys = ("name", "name_prefix", "path", "function_name", "bucket")
        written = {key: evaluator.of(given[key]) for key in keys if key in given}
        path = str(written.get("path") or "/")
        if kind in _NAMED_BY_PROVIDER:
            written["name"] = _name_of(written, address)
        known = written.get("name")
        if kind == "aws_iam_role":
            return {"arn": site.role(str(known), path), "name": known, "id": known, "path": path}
        if kind == "aws_iam_policy":
            arn = site.managed_policy(str(known), path)
            return {"arn": arn, "id": arn, "name": known, "path": path}
        if kind == "aws_iam_role_policy":
            return {"name": known} if isinstance(known, str) else {}
        if kind == "aws_s3_bucket" and "bucket" in written:
            arn = f"arn:{site.partition}:s3:::{written['bucket']}"
            return {"arn": arn, "id": written["bucket"], "bucket": written["bucket"]}
        if kind == "aws_kms_key":
            key = re.sub(r"[^\w-]+", "-", address)
            return {"arn": site.regional("kms", f"key/{key}"), "id": key, "key_id": key}
        if kind not in _ARNS:
            return {}
        key, service, before = _ARNS[kind]
        if written.get(key) is None:
            return {}
        arn = site.regional(service, f"{before}{written[key]}")
        own = dict.fromkeys(_NAMES, written[key]) | {"arn": arn}
        return own | ({"id": arn} if kind in ("aws_sfn_state_machine", "aws_sns_topic") else {})

    # --- modules

    def _output(self, name: str, rest: Sequence[str]) -> Any:
        """What a module that is used here gives back: of one that is made several times, by its index or key."""
        block = self._call(name)
        one: dict[str, Any] = {}
        if block is not None and (several := {"count", "for_each"} & block.attributes.keys()):
            names, _ = self._repeated(block)
            keys = [str(each["count"]["index"] if several == {"count"} else each["each"]["key"]) for each in names]
            if not rest or rest[0] not in keys:
                return None
            one, rest = names[keys.index(rest[0])], rest[1:]
        child = self._child(name, one)
        return None if child is None or not rest else inside(child.output(rest[0]), rest[1:])

    def _call(self, name: str) -> HclBlock | None:
        return next((one for _, one in self.parsed.labelled("module", 1) if one.labels[1] == name), None)

    def _child(self, name: str, one: Mapping[str, Any]) -> Module | None:
        address = _of_instance(f"{self.prefix}module.{name}", one)
        if address not in self._children:
            self._children[address] = None
            self._children[address] = self._read_child(name, one)
        return self._children[address]

    def _read_child(self, name: str, one: Mapping[str, Any]) -> Module | None:
        block = self._call(name)
        if block is None or self.depth >= _MOST_DEEP:
            return None
        evaluator = self._evaluator.within(one)
        source = evaluator.of(block.attributes.get("source"))
        folder = self.parsed.folder.module(source) if isinstance(source, str) and source.startswith(".") else None
        if folder is None:
            return None
        own = ("source", "version", "count", "for_each", "providers", "depends_on")
        return Module(
            folder,
            self.site,
            {key: evaluator.of(node) for key, node in block.attributes.items() if key not in own},
            _of_instance(f"{self.prefix}module.{name}", one) + ".",
            self._handed(block),
            self.depth + 1,
            self.root,
        )

    def _handed(self, block: HclBlock) -> dict[str, str]:
        """Which of this module's aliases stands behind each of the child's."""
        node = block.attributes.get("providers")
        if node is None:  # the default one is handed on by itself
            return {"": self.providers.get("", "")}
        given = HclEvaluator(lambda path: ".".join(path), lambda _: None).of(node)
        pairs = given.items() if isinstance(given, Mapping) else ()
        found = {key.partition(".")[2]: str(value).partition(".")[2] for key, value in pairs}
        return {key: self.providers.get(alias, alias) for key, alias in found.items()}


def provider_accounts(parsed: ParsedFolder, given: Mapping[str, Any] | None = None) -> dict[str, tuple[str, str]]:
    """By a provider's alias: the account and the region that it tells, empty where it doesn't."""
    module = Module(parsed, lambda _: StackSite("", "", ""), given or {})
    found = {}
    for _, block in parsed.labelled("provider", 1):
        if block.labels[1] != "aws":
            continue
        values = _arguments(block, module._evaluator)
        assumed = next((_arguments(one, module._evaluator) for one in block.inner("assume_role")), {})
        arn = str(assumed.get("role_arn", ""))
        allowed = as_list(values.get("allowed_account_ids"))
        account = str(allowed[0]) if len(allowed) == 1 else arn.split(":")[4] if arn.count(":") >= 5 else ""
        region = str(values.get("region") or "")
        alias = str(values.get("alias") or "")
        found[alias] = (account if account.isdigit() else "", "" if "${" in region else region)
    return found


def provider_tags(parsed: ParsedFolder, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """By a provider's alias: the tags that everything gets which it makes; a symbol where they aren't known."""
    module = Module(parsed, lambda _: StackSite("", "", ""), given or {})
    found = {}
    for _, block in parsed.labelled("provider", 1):
        for one in nested(block, module._evaluator) if block.labels[1] == "aws" else ():
            if one.kind == "default_tags":
                tags = one.values().get("tags", symbol("default_tags"))
                found[str(module._evaluator.of(block.attributes.get("alias")) or "")] = tags
    return found


def files_named(parsed: ParsedFolder) -> Iterator[str]:
    """The paths of the files whose text the module takes in: definitions, policies."""
    asked: list[str] = []

    def note(path: str) -> str | None:
        asked.append(path)
        return parsed.folder.read_file(path)

    folder = SourceFolder(parsed.folder.path, parsed.folder.files, note, parsed.folder.module)
    site = StackSite("", "0" * 12, "us-east-1")
    for _ in Module(ParsedFolder(folder, parsed.blocks), lambda _: site).resources():
        pass
    return iter(dict.fromkeys(asked))


def joined(folder: str, path: str) -> str:
    """A path that a module in `folder` names, without its dots."""
    parts: list[str] = []
    for part in PurePosixPath(folder, path).parts:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _each(key: Any, value: Any) -> dict[str, Any]:
    return {"each": {"key": key, "value": value}}


def _of_instance(address: str, names: Mapping[str, Any]) -> str:
    """The address of what is made for one index, or one key."""
    if "count" in names:
        return f"{address}[{names['count']['index']}]"
    return f'{address}["{names["each"]["key"]}"]' if "each" in names else address


def _name_of(values: Mapping[str, Any], address: str) -> str:
    """The name that a resource is given; of one that the provider makes, its beginning."""
    name, before = values.get("name"), values.get("name_prefix")
    if isinstance(name, str) and name:
        return name
    return f"{before if isinstance(before, str) else ''}{symbol(f'{address}.name')}"


def _role_attribute(site: StackSite, name: Any, path: str, attribute: str) -> Any:
    if not isinstance(name, str):
        return None
    return {"arn": site.role(name, path), "name": name, "id": name}.get(attribute)


def _arguments(block: HclBlock, evaluator: HclEvaluator) -> dict[str, Any]:
    values = {
        key: evaluator.of(node) for key, node in block.attributes.items() if key not in ("provider", "depends_on")
    }
    for one in nested(block, evaluator):
        if one.evaluator is None:
            values.setdefault("dynamic", []).append(one.kind)
        elif one.kind not in ("lifecycle", "provisioner", "timeouts"):
            values.setdefault(one.kind, []).append(_arguments(one.block, one.evaluator))
    if block.body.broken:
        values["dynamic"] = ["inline_policy"]
    return values | dict.fromkeys(_left_alone(block), AS_DEPLOYED)


def _left_alone(block: HclBlock) -> Iterator[str]:
    """The arguments that decide and that `lifecycle` leaves as they are deployed, whatever the source says.

    Source: developer.hashicorp.com/terraform/language/meta-arguments/lifecycle
    """
    for one in block.inner("lifecycle"):
        given = one.attributes.get("ignore_changes")
        written = given.serialize() if given is not None else ""
        named = set(re.findall(r"[a-z_]+", written if isinstance(written, str) else " ".join(map(str, written))))
        yield from (key for key in _DECIDING if key in named or "all" in named)


def why_unsure(block: SourceBlock) -> str:
    """Why a policy of this resource can't be counted on; empty where it can."""
    if not block.sure:
        return tr("whether it is made shows only when Terraform runs")
    document = block.values.get("policy")
    if isinstance(document, str) and unknown_in(document) and not document.lstrip().startswith("{"):
        return tr("it shows only when Terraform has applied it")
    return ""
