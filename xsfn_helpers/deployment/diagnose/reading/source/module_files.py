"""The files of one module of Terraform's or OpenTofu's: its blocks, overrides merged. Pure.

Source: developer.hashicorp.com/terraform/language/files/override, opentofu.org/docs/language/files
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.reading.source.hcl import HclBlock, HclBody, HclEvaluator, blocks_of
from xsfn_helpers.deployment.diagnose.reading.source.hcl_json import json_blocks_of

_ENDINGS: Final = (".tofu.json", ".tofu", ".tf.json", ".tf")
# What decides, and so is looked for where an override has it.
_TELLING: Final = frozenset({"assume_role_policy", "definition", "inline_policy", "policy", "permissions_boundary"})


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
        texts = folder.files
        twins = {name: twin for name in texts if (twin := _twin(name, texts))}
        same = {name for name, twin in twins.items() if texts[name] == texts[twin]}
        doubtful = {one for name, twin in twins.items() if name not in same for one in (name, twin)}
        for name in twins.keys() - same:
            found.note(name, tr("Terraform reads it, OpenTofu {twin}; they say different things.", twin=twins[name]))
        for name in sorted(texts.keys() - same, key=lambda one: (_is_override(one), one)):
            for block in found._blocks_of(name):
                known = HclBlock(block.labels, block.line, _unknown) if name in doubtful else block
                if _is_override(name):
                    found._override(name, known)
                elif name not in doubtful or not found._has(block):
                    found.blocks.append((name, known))
        return found

    def note(self, name: str, why: str) -> None:
        """Something of this file that can't be read; the first three are told."""
        known = self.unread.get(name, "")
        if why not in known and known.count(". ") < 2:
            self.unread[name] = f"{known} {why}".strip()

    def labelled(self, kind: str, count: int) -> Iterator[tuple[str, HclBlock]]:
        return ((name, one) for name, one in self.blocks if one.labels[:1] == (kind,) and len(one.labels) == count + 1)

    def called(self) -> Iterator[str]:
        """The paths of the modules beside it that it uses."""
        for _, block in self.labelled("module", 1):
            source = HclEvaluator(lambda _: None, lambda _: None).of(block.attributes.get("source"))
            if isinstance(source, str) and source.startswith("."):
                yield source

    def _blocks_of(self, name: str) -> tuple[HclBlock, ...]:
        read = json_blocks_of if name.endswith(".json") else blocks_of
        return read(self.folder.files[name], partial(self.note, name))

    def _has(self, block: HclBlock) -> bool:
        return any(_heading(one) == _heading(block) for _, one in self.blocks)

    def _override(self, name: str, block: HclBlock) -> None:
        """Merge a block of an override file into the one that it is for."""
        if block.labels == ("locals",):
            self.blocks.insert(0, (name, block))  # the first that has a name counts
            return
        heading = _heading(block)
        at = next((at for at, (_, one) in enumerate(self.blocks) if _heading(one) == heading), None)
        if at is None:
            if block.labels[0] != "terraform":
                self.note(name, tr("There is no {block} that it could override.", block=".".join(block.labels)))
            return
        file, own = self.blocks[at]
        body = block.body
        decides = body.broken or _TELLING & {*body.attributes, *map(_kind, body.blocks)}
        merged = HclBlock(own.labels, block.line if decides else own.line, partial(_merged, own, block))
        self.blocks[at] = (name if decides else file, merged)


def _merged(own: HclBlock, override: HclBlock) -> HclBody:
    """A block's arguments with those of the override in their place; the blocks in it, by their kind, likewise."""
    if own.body.broken or override.body.broken:
        return HclBody(broken=True)
    replaced = {_kind(one) for one in override.blocks} - {"lifecycle"}
    kept = tuple(one for one in own.blocks if _kind(one) not in replaced)
    return HclBody({**own.attributes, **override.attributes}, (*kept, *override.blocks))


def _kind(block: HclBlock) -> str:
    """What kind of block another one holds; a dynamic one is one of what it makes."""
    return block.labels[-1] if block.labels[0] == "dynamic" else block.labels[0]


def _heading(block: HclBlock) -> tuple[str, ...]:
    """What tells a block of a file from others: of a provider its alias as well."""
    if block.labels[:1] != ("provider",):
        return block.labels
    alias = block.attributes.get("alias")
    return (*block.labels, str(alias.serialize()).strip('"') if alias is not None else "")


def _stem(name: str) -> str:
    return next((name.removesuffix(ending) for ending in _ENDINGS if name.endswith(ending)), name)


def _is_override(name: str) -> bool:
    stem = _stem(name).rpartition("/")[2]
    return stem == "override" or stem.endswith("_override")


def _twin(name: str, texts: Mapping[str, str]) -> str:
    """The file that OpenTofu reads in the place of this one; empty where there is none."""
    for ending, other in ((".tf.json", ".tofu.json"), (".tf", ".tofu")):
        if name.endswith(ending) and (twin := name.removesuffix(ending) + other) in texts:
            return twin
    return ""


def _unknown() -> HclBody:
    return HclBody(broken=True)
