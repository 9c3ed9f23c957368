"""Terraform's source as it lies in a repository: each folder a module, read as far as it can be. Pure.

Variables have their defaults, or what a `module` block hands over; what is known only to Terraform stays a symbol. A
policy that is attached on a condition nobody can decide here is one that wasn't read.
Source: developer.hashicorp.com/terraform/language
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import PurePosixPath
from typing import Any, Final

from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.reading.hcl import HclBlock, HclEvaluator, blocks_of, inside
from xsfn_helpers.deployment.diagnose.reading.intrinsics import symbol, unknown_in
from xsfn_helpers.deployment.diagnose.reading.pieces import StackSite

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


@dataclass(frozen=True, slots=True)
class SourceFolder:
    """The files of one module: its path, their texts by name, and how to read others."""

    path: str
    files: Mapping[str, str]
    read_file: Callable[[str], str | None] = field(compare=False)
    module: Callable[[str], ParsedFolder | None] = field(compare=False)


@dataclass(slots=True)
class ParsedFolder:
    """A module's blocks, each with its file; `unread` says of files why they gave none."""

    folder: SourceFolder
    blocks: list[tuple[str, HclBlock]] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: SourceFolder) -> ParsedFolder:
        found = cls(folder)
        for name, text in folder.files.items():
            found.blocks += [(name, block) for block in blocks_of(text, partial(found.note, name))]
        return found

    def note(self, name: str, why: str) -> None:
        """Something of this file that can't be read; the first three are told."""
        known = self.unread.get(name, "")
        if why not in known and known.count(". ") < 2:
            self.unread[name] = f"{known} {why}".strip()

    def labelled(self, kind: str, count: int) -> Iterator[tuple[str, HclBlock]]:
        return ((name, one) for name, one in self.blocks if one.labels[0] == kind and len(one.labels) == count + 1)

    def called(self) -> Iterator[str]:
        """The paths of the modules beside it that it uses."""
        for _, block in self.labelled("module", 1):
            source = HclEvaluator(lambda _: None, lambda _: None).of(block.attributes.get("source"))
            if isinstance(source, str) and source.startswith("."):
                yield source


@dataclass(slots=True)
class Module:
    """One module with its variables' values. `site` tells where what a provider's alias makes is."""

    parsed: ParsedFolder
    site: Callable[[str], StackSite]
    given: Mapping[str, Any] = field(default_factory=dict)
    prefix: str = ""
    providers: Mapping[str, str] = field(default_factory=dict)
    depth: int = 0
    _known: dict[tuple[str, ...], Any] = field(default_factory=dict)
    _children: dict[str, Module | None] = field(default_factory=dict)
    _resources: dict[tuple[str, str], tuple[str, HclBlock]] = field(init=False)
    _evaluator: HclEvaluator = field(init=False)

    def __post_init__(self) -> None:
        self._resources = {
            (one.labels[1], one.labels[2]): (name, one) for name, one in self.parsed.labelled("resource", 2)
        }
        self._evaluator = HclEvaluator(self._lookup, self._file)

    def resources(self) -> Iterator[SourceBlock]:
        """The resources that matter here, of this module and of those that it uses."""
        for (kind, name), (file, block) in self._resources.items():
            if kind.startswith((*KINDS, *_BESIDE)):
                yield from self._instances(kind, name, file, block)
        for file, block in self.parsed.labelled("module", 1):
            child = self._child(block.labels[1])
            names, sure = self._repeated(block)
            if child is None and names:
                values = _arguments(block, self._evaluator)
                yield SourceBlock(f"{self.prefix}module.{block.labels[1]}", MODULE, values, file, block.line, sure=sure)
            elif child is not None and names:
                yield from (replace(one, sure=one.sure and sure) for one in child.resources())

    def alias_of(self, block: HclBlock) -> str:
        node = block.attributes.get("provider")
        written = str(node.serialize()).strip('"').removeprefix("${").removesuffix("}") if node is not None else ""
        alias = written.partition(".")[2]
        return self.providers.get(alias, alias)

    def _instances(self, kind: str, name: str, file: str, block: HclBlock) -> Iterator[SourceBlock]:
        address, alias = f"{self.prefix}{kind}.{name}", self.alias_of(block)
        names, sure = self._repeated(block)
        for index, one in enumerate(names[:_MOST_INSTANCES]):
            evaluator = self._evaluator.within(one) if one else self._evaluator
            values = _arguments(block, evaluator)
            part = f"[{index}]" if len(names) > 1 else ""
            yield SourceBlock(f"{address}{part}", kind, values, file, block.line, alias, sure)

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
                return [{"each": {"key": key, "value": value}} for key, value in over.items()], True
            if isinstance(over, list):
                return [{"each": {"key": one, "value": one}} for one in over], True
            return [{"each": {"key": symbol("each.key"), "value": symbol("each.value")}}], False
        return [{}], True

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
            return "."
        if kind == "var" and rest:
            return inside(self._variable(rest[0]), rest[1:])
        if kind == "local" and rest:
            return inside(self._local(rest[0]), rest[1:])
        if kind == "data" and len(rest) >= 2:
            return self._data(rest[0], rest[1], rest[2:])
        if kind == "module" and len(rest) >= 2:
            child = self._child(rest[0])
            at = [part for part in rest[1:] if not part.isdigit()]
            return None if child is None or not at else inside(child.output(at[0]), at[1:])
        if kind.startswith("aws_") and rest:
            return self._attribute(kind, rest[0], [part for part in rest[1:] if not part.isdigit()])
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
        block = next((one for _, one in self.parsed.labelled("data", 2) if one.labels[1:] == (kind, name)), None)
        if block is None or not rest:
            return None
        site = self.site(self.alias_of(block))
        if kind == "aws_caller_identity" and rest[0] in ("account_id", "id"):
            return site.account
        if kind == "aws_region" and rest[0] in ("name", "id", "region"):
            return site.region
        if kind == "aws_partition" and rest[0] in ("partition", "id"):
            return site.partition
        if kind == "aws_iam_policy_document" and rest[0] in ("json", "minified_json"):
            return self._document(block)
        if kind == "aws_iam_role":
            written = _arguments(block, self._evaluator).get("name")
            return _role_attribute(site, written, "/", rest[0])
        if kind == "template_file" and rest[0] == "rendered":
            return self._rendered(block)
        return None

    def _rendered(self, block: HclBlock) -> Any:
        values = _arguments(block, self._evaluator)
        given = values.get("vars")
        text = values.get("template")
        if not isinstance(text, str):
            return None
        known = given if isinstance(given, Mapping) else {}
        return HclEvaluator(lambda path: known.get(path[0]), self._file).template(text)

    def _document(self, block: HclBlock) -> Any:
        """A policy document's JSON; None where parts of it come from somewhere else."""
        if {"source_policy_documents", "override_policy_documents", "source_json"} & block.attributes.keys():
            return None
        if any(one.labels[0] == "dynamic" for one in block.blocks):
            return None
        statements = []
        for one in block.inner("statement"):
            if any(inner.labels[0] == "dynamic" for inner in one.blocks):
                return None
            statements.append(self._statement(one))
        return json.dumps({"Version": "2012-10-17", "Statement": statements})

    def _statement(self, block: HclBlock) -> dict[str, Any]:
        values = {key: self._evaluator.of(node) for key, node in block.attributes.items()}
        named = {
            "actions": "Action",
            "not_actions": "NotAction",
            "resources": "Resource",
            "not_resources": "NotResource",
        }
        found: dict[str, Any] = {"Effect": values.get("effect", "Allow")}
        found |= {title: values[key] for key, title in named.items() if key in values}
        if isinstance(values.get("sid"), str) and values["sid"]:
            found["Sid"] = values["sid"]
        for kind, title in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
            for one in block.inner(kind):
                given = {key: self._evaluator.of(node) for key, node in one.attributes.items()}
                if given.get("type") == "*":
                    found[title] = "*"
                elif found.get(title) != "*":
                    who = found.setdefault(title, {})
                    who[str(given.get("type"))] = [
                        *who.get(str(given.get("type")), []),
                        *_list(given.get("identifiers")),
                    ]
        conditions: dict[str, dict[str, list[Any]]] = {}
        for one in block.inner("condition"):
            given = {key: self._evaluator.of(node) for key, node in one.attributes.items()}
            keys = conditions.setdefault(str(given.get("test")), {})
            keys.setdefault(str(given.get("variable")), []).extend(_list(given.get("values")))
        return found | ({"Condition": conditions} if conditions else {})

    def _attribute(self, kind: str, name: str, rest: Sequence[str]) -> Any:
        if (kind, name) not in self._resources or not rest:
            return None
        _, block = self._resources[kind, name]
        if "for_each" in block.attributes and kind != "aws_iam_role":
            return None
        site = self.site(self.alias_of(block))
        evaluator = self._evaluator
        given = block.attributes
        written = {key: evaluator.of(given[key]) for key in ("name", "path", "function_name", "bucket") if key in given}
        path = written.get("path", "/")
        if kind == "aws_iam_role":
            return _role_attribute(site, written.get("name", f"{name}"), str(path), rest[0])
        if kind == "aws_iam_policy" and rest[0] in ("arn", "id"):
            return site.managed_policy(str(written.get("name", name)), str(path))
        if kind == "aws_s3_bucket" and "bucket" in written:
            arn = f"arn:{site.partition}:s3:::{written['bucket']}"
            return {"arn": arn, "id": written["bucket"], "bucket": written["bucket"]}.get(rest[0])
        if kind == "aws_kms_key" and rest[0] in ("arn", "id", "key_id"):
            key = f"{self.prefix}{kind}.{name}".replace(".", "-")
            return site.regional("kms", f"key/{key}") if rest[0] == "arn" else key
        if kind in _ARNS:
            key, service, before = _ARNS[kind]
            known = written.get(key)
            if known is None and kind != "aws_sfn_state_machine":
                return None
            if rest[0] == "arn" or (rest[0] == "id" and kind in ("aws_sfn_state_machine", "aws_sns_topic")):
                return site.regional(service, f"{before}{known or name}")
            return known if rest[0] in _NAMES else None
        return None

    # --- modules

    def _child(self, name: str) -> Module | None:
        if name not in self._children:
            self._children[name] = None
            self._children[name] = self._read_child(name)
        return self._children[name]

    def _read_child(self, name: str) -> Module | None:
        block = next((one for _, one in self.parsed.labelled("module", 1) if one.labels[1] == name), None)
        if block is None or self.depth >= _MOST_DEEP:
            return None
        written = block.attributes.get("source")
        source = self._evaluator.of(written) if written is not None else None
        folder = self.parsed.folder.module(source) if isinstance(source, str) and source.startswith(".") else None
        if folder is None:
            return None
        values = {key: self._evaluator.of(node) for key, node in block.attributes.items() if key != "providers"}
        return Module(
            folder,
            self.site,
            {key: value for key, value in values.items() if key not in ("source", "version", "count", "for_each")},
            f"{self.prefix}module.{name}.",
            self._handed(block),
            self.depth + 1,
        )

    def _handed(self, block: HclBlock) -> dict[str, str]:
        """Which of this module's aliases stands behind each of the child's."""
        node = block.attributes.get("providers")
        if node is None:
            return {}
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
        allowed = _list(values.get("allowed_account_ids"))
        account = str(allowed[0]) if len(allowed) == 1 else arn.split(":")[4] if arn.count(":") >= 5 else ""
        region = str(values.get("region") or "")
        alias = str(values.get("alias") or "")
        found[alias] = (account if account.isdigit() else "", "" if "${" in region else region)
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


def _role_attribute(site: StackSite, name: Any, path: str, attribute: str) -> Any:
    if not isinstance(name, str):
        return None
    return {"arn": site.role(name, path), "name": name, "id": name}.get(attribute)


def _arguments(block: HclBlock, evaluator: HclEvaluator) -> dict[str, Any]:
    values = {
        key: evaluator.of(node) for key, node in block.attributes.items() if key not in ("provider", "depends_on")
    }
    for one in block.blocks:
        if one.labels[0] == "dynamic":
            values.setdefault("dynamic", []).append(one.labels[1] if len(one.labels) > 1 else "")
        elif one.labels[0] not in ("lifecycle", "provisioner", "timeouts"):
            values.setdefault(one.labels[0], []).append(_arguments(one, evaluator))
    return values


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def why_unsure(block: SourceBlock) -> str:
    """Why a policy of this resource can't be counted on; empty where it can."""
    if not block.sure:
        return tr("whether it is made shows only when Terraform runs")
    document = block.values.get("policy")
    if isinstance(document, str) and unknown_in(document) and not document.lstrip().startswith("{"):
        return tr("it shows only when Terraform has applied it")
    return ""
