"""The folders of a repository that hold Terraform's source: which are used by others, and what each provider is for."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.deployment.diagnose.reading.folder import FolderFiles, FoundFile, Holds
from xsfn_helpers.deployment.diagnose.reading.intrinsics import symbol
from xsfn_helpers.deployment.diagnose.reading.pieces import StackSite
from xsfn_helpers.deployment.diagnose.reading.source.hcl import values_of
from xsfn_helpers.deployment.diagnose.reading.source.module_files import ParsedFolder, SourceFolder
from xsfn_helpers.deployment.diagnose.reading.terraform_source import (
    KINDS,
    Module,
    SourceBlock,
    files_named,
    provider_accounts,
    provider_tags,
)
from xsfn_helpers.deployment.diagnose.reading.texts import UnreadableText, Written

_NO_VALUE: Final = object()


@dataclass(frozen=True, slots=True)
class SourceUnit:
    """What one provider of a root module makes: all of it is in one account."""

    file: FoundFile
    parsed: ParsedFolder
    alias: str
    account: str
    region: str

    @property
    def key(self) -> str:
        return f"{self.file.name} (provider aws.{self.alias})" if self.alias else self.file.name


class SourceFolders:
    """Terraform's source among the files that were found, by folder."""

    def __init__(self, found: FolderFiles, parameters: Mapping[str, str] | None = None) -> None:
        self._found, self._parameters = found, parameters or {}
        self._texts: dict[Path, dict[str, str]] = defaultdict(dict)
        self._values: dict[Path, dict[str, str]] = defaultdict(dict)
        self._unread_values: dict[str, str] = {}
        for path, text in found.sources.items():
            kept = self._values if ".tfvars" in path.name else self._texts
            kept[path.parent][found.name_of(path)] = text
        self._parsed: dict[Path, ParsedFolder] = {}
        self.units = tuple(self._units())

    @property
    def unread(self) -> dict[str, str]:
        """The files that can't be read, with the reason."""
        unread = {name: why for one in self._parsed.values() for name, why in one.unread.items()}
        return unread | self._unread_values

    def named(self) -> set[Path]:
        """The files whose text a module takes in: they say nothing by themselves."""
        folders = {unit.file.path: unit.parsed for unit in self.units}
        seen: set[Path] = set()
        return {path for folder, parsed in folders.items() for path in self._named(folder, parsed, seen)}

    def blocks(self, unit: SourceUnit, sites: dict[str, StackSite]) -> list[SourceBlock]:
        """The resources of one unit; `sites` has where each provider of its module works."""
        given = self._given(unit.file.path)
        module = Module(unit.parsed, lambda alias: sites.get(alias, sites[""]), given)
        tags = provider_tags(unit.parsed, given).get(unit.alias)
        return [
            _with_tags(one, tags)
            for one in module.resources()
            if one.alias == unit.alias or (one.alias not in sites and not unit.alias)
        ]

    def siblings(self, unit: SourceUnit) -> list[SourceUnit]:
        """The units of the same module, this one among them."""
        return [one for one in self.units if one.file.path == unit.file.path]

    def _units(self) -> Iterator[SourceUnit]:
        telling = [folder for folder, texts in self._texts.items() if _tells(texts)]
        used: set[Path] = set()
        roots = []
        for folder in self._texts:
            # A module is read where it is used; parsing takes long, so only where something in it matters.
            if any(text for text in self._texts[folder].values() if "module" in text) or folder in telling:
                parsed = self._at(folder)
                inner = {(folder / path).resolve() for path in parsed.called()} & self._texts.keys()
                used |= inner
                if folder in telling or inner & set(telling):
                    roots.append(folder)
        for folder in roots:
            if folder not in used:
                yield from self._of_root(folder)

    def _of_root(self, folder: Path) -> Iterator[SourceUnit]:
        parsed = self._at(folder)
        known = provider_accounts(parsed, self._given(folder))
        site = StackSite("", "0" * 12, "us-east-1")
        aliases = {one.alias for one in Module(parsed, lambda _: site).resources()}
        text = "\n".join(self._texts[folder].values())
        name = self._found.name_of(folder)
        file = FoundFile(folder, folder.name if name == "." else name, Written({}, text, {}), Holds.SOURCE)
        for alias in sorted(aliases | {""}):
            account, region = known.get(alias, ("", ""))
            yield SourceUnit(file, parsed, alias, account, region)

    def _given(self, folder: Path) -> dict[str, Any]:
        """The values of a root module's variables, as Terraform takes them in; None for one that may be another's.

        `terraform.tfvars` and `*.auto.tfvars` count by themselves, the later ones more; any other is given by hand, for
        one of several deployments: what it says differently, nobody knows.
        Source: developer.hashicorp.com/terraform/language/values/variables
        """
        counting: dict[str, Any] = {}
        by_hand: list[dict[str, Any]] = []
        texts = self._values.get(folder, {})
        for name in sorted(texts, key=lambda one: (".auto." in one, one)):
            file = name.rpartition("/")[2]
            try:
                values = json.loads(texts[name]) if file.endswith(".json") else values_of(texts[name])
            except (UnreadableText, ValueError) as error:
                self._unread_values[name] = str(error)
                continue
            if file.startswith("terraform.tfvars") or ".auto.tfvars" in file:
                counting |= values
            else:
                by_hand.append(values)
        open_ = {key: None for values in by_hand for key, one in values.items() if counting.get(key, _NO_VALUE) != one}
        return counting | open_ | dict(self._parameters)

    def _at(self, folder: Path) -> ParsedFolder:
        if folder not in self._parsed:
            self._parsed[folder] = ParsedFolder.of(
                SourceFolder(
                    str(folder),
                    self._texts[folder],
                    lambda path: self._found.text_of(folder / path),
                    lambda path: self._module(folder, path),
                )
            )
        return self._parsed[folder]

    def _module(self, folder: Path, path: str) -> ParsedFolder | None:
        inner = (folder / path).resolve()
        return self._at(inner) if inner in self._texts else None

    def _named(self, folder: Path, parsed: ParsedFolder, seen: set[Path]) -> Iterator[Path]:
        if folder in seen:
            return
        seen.add(folder)
        for path in files_named(parsed):
            yield (folder / path).resolve()
        for path in parsed.called():
            inner = (folder / path).resolve()
            if inner in self._parsed:
                yield from self._named(inner, self._parsed[inner], seen)


def _with_tags(block: SourceBlock, tags: Any) -> SourceBlock:
    """A resource with the tags that its provider gives everything; its own count more."""
    own = block.values.get("tags") or {}
    if tags is None:
        return block
    known = isinstance(tags, Mapping) and isinstance(own, Mapping)
    return replace(block, values={**block.values, "tags_all": {**tags, **own} if known else symbol("default_tags")})


def _tells(texts: dict[str, str]) -> bool:
    return any(kind in text for text in texts.values() for kind in KINDS)
