"""The files of a repository, or of an export, found, read, and told apart by what they hold."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.asking.refusal import is_event
from xsfn_helpers.deployment.diagnose.reading.source.shown import is_terraform
from xsfn_helpers.deployment.diagnose.reading.templates.blanks import with_blanks
from xsfn_helpers.deployment.diagnose.reading.templates.parameter_files import (
    SAM_CONFIG,
    parameters_in,
    parameters_of_sam,
)
from xsfn_helpers.deployment.diagnose.reading.templates.parts import is_template
from xsfn_helpers.deployment.diagnose.reading.texts import UnreadableText, Written, decoded, parsed

# An account with thousands of roles takes some tens of megabytes; no template or definition does.
_LARGEST: Final = 256 * 1024 * 1024
_LARGEST_YAML: Final = 8 * 1024 * 1024
_JSON: Final = (".json", ".json5", ".jsonc", ".tfstate")
_EITHER: Final = (".yaml", ".yml", ".template", ".asl", ".tpl", ".tftpl")
_SOURCE: Final = (".tf", ".tofu", ".tfvars")
_WRAPPERS: Final = (".hcl",)
_SOURCE_IN_JSON: Final = (".tf.json", ".tofu.json", ".tfvars.json")
# Other people's code and what builds leave behind; folders with a dot before their name likewise.
_NOT_ENTERED: Final = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})
_MOST_FILES: Final = 20_000
# What package managers, compilers and the CDK keep beside one's own files. None of it decides a call.
_OF_TOOLS: Final = re.compile(
    r"(?i)(?:package|package-lock|npm-shrinkwrap|composer|lerna|nx|turbo|biome|deno|angular|nodemon|renovate|"
    r"jest\.config|cdk|cdk\.context|cdktf|tree|validation-report|performance-counters)\.json|"
    r"[tj]sconfig(?:[.-][\w-]+)*\.json|\.(?:eslintrc|prettierrc|babelrc|swcrc|releaserc|markdownlint)\.json|"
    r".+\.(?:assets|metadata)\.json|pnpm-(?:lock|workspace)\.yaml"
)
# What an answer of AWS's, a template or a policy begins with, whatever its file is called.
_OF_AWS: Final = re.compile(
    r"(?i)Statements?|Polic(?:y|ies)\w*|Roles?|Role(?:DetailList|Name)|Resources|Parameters|States|StartAt|events|"
    r"Records|stateMachine\w*|executionArn|definition|xsfn\..+"
)


class Holds(Enum):
    """What a file turned out to hold."""

    ASSEMBLY = auto()
    TEMPLATE = auto()
    TERRAFORM = auto()
    DEFINITION = auto()
    POLICY = auto()
    EVENTS = auto()
    SOURCE = auto()
    NOTHING_OF_AWS = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One readable file. `name` is its path as people are told of it."""

    path: Path
    name: str
    written: Written
    holds: Holds


@dataclass(slots=True)
class FolderFiles:
    """All that was found. `unread` has the names of the files that gave nothing, with the reason.

    `told` are the values that people gave for what is blank in them, `beside` the names of those that couldn't be
    about AWS, read or not.
    """

    files: list[FoundFile] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    sources: dict[Path, str] = field(default_factory=dict)
    parameters: dict[str, frozenset[str]] = field(default_factory=dict)
    beside: list[str] = field(default_factory=list)
    roots: tuple[Path, ...] = ()
    # What gives Terraform's modules their variables: Terragrunt's files.
    wrappers: dict[Path, str] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)

    def holding(self, *kinds: Holds) -> list[FoundFile]:
        return [one for one in self.files if one.holds in kinds]

    def at(self, path: Path) -> FoundFile | None:
        """The file of this path, read where it lies outside what was given, or has a name of no known kind."""
        wanted = path.resolve()
        known = next((one for one in self.files if one.path == wanted), None)
        if known is None and wanted.is_file():
            return self._read(wanted, self.name_of(wanted), force=True)
        return known

    def name_of(self, path: Path) -> str:
        for root in self.roots:
            if path.is_relative_to(root):
                return str(path.relative_to(root))
        return path.name

    def take(self, path: Path) -> None:
        name = self.name_of(path.resolve())
        found = self._read(path.resolve(), name, force=path.resolve() in self.roots)
        if found is not None:
            self.files.append(found)
        if (found is not None and found.holds is Holds.NOTHING_OF_AWS) or (
            name in self.unread and _OF_TOOLS.fullmatch(path.name)
        ):
            self.unread.pop(name, None)
            self.beside.append(name)

    def _read(self, path: Path, name: str, *, force: bool = False) -> FoundFile | None:
        suffix = path.suffix.lower()
        if suffix in _WRAPPERS:
            self._wrapper(path, name)
            return None
        if suffix in _SOURCE or path.name.endswith(_SOURCE_IN_JSON):
            self._source(path, name)
            return None
        if path.name == SAM_CONFIG:
            self._give(parameters_of_sam(self.text_of(path) or ""))
            return None
        if suffix not in _JSON + _EITHER and not force:
            return None
        try:
            size = path.stat().st_size
            if size > (_LARGEST if suffix in _JSON else _LARGEST_YAML):
                self.unread[name] = tr("It is too large to be an answer of the AWS CLI.")
                return None
            written = with_blanks(parsed(decoded(path.read_bytes()), as_yaml=suffix not in _JSON), self.told)
        except OSError as error:
            self.unread[name] = tr("It can't be read: {error}.", error=error.strerror or error)
            return None
        except UnreadableText as error:
            self.unread[name] = str(error)
            return None
        given = list(parameters_in(written.value))
        self._give(given)
        if not isinstance(written.value, dict):
            if given:
                return None
            if suffix in _JSON:
                self.unread[name] = tr("It holds no JSON object.")
            return None
        kind = _kind(written.value)
        if kind is Holds.OTHER and _is_of_tools(path.name, written.value):
            kind = Holds.NOTHING_OF_AWS
        return FoundFile(path, name, written, kind)

    def _give(self, parameters: Iterable[tuple[str, str]]) -> None:
        for name, value in parameters:
            self.parameters[name] = self.parameters.get(name, frozenset()) | {value}

    def _source(self, path: Path, name: str) -> None:
        try:
            self.sources[path] = decoded(path.read_bytes())
        except OSError as error:
            self.unread[name] = tr("It can't be read: {error}.", error=error.strerror or error)
        except UnreadableText as error:
            self.unread[name] = str(error)

    def _wrapper(self, path: Path, name: str) -> None:
        """Terragrunt's file; any other one in HCL (a lock, Packer's) has nothing to do with roles."""
        if "terragrunt" not in path.name:
            return
        try:
            self.wrappers[path] = decoded(path.read_bytes())
        except (OSError, UnreadableText):
            self.wrappers[path] = ""
        self.unread[name] = tr(
            "Terragrunt gives the module its variables: run `terragrunt show -json` of a plan, or of the state."
        )

    def text_of(self, path: Path) -> str | None:
        """The text of a file that another one names; None where it isn't there, or lies outside what was given."""
        wanted = path.resolve()
        if not any(wanted.is_relative_to(root) for root in self.roots) or not wanted.is_file():
            return None
        try:
            return decoded(wanted.read_bytes())
        except (OSError, UnreadableText):
            return None


def find(given: Sequence[Path], told: Mapping[str, str] | None = None) -> FolderFiles:
    """The files that these files and folders hold; `told` are values for what is blank in them.

    Raises `ConfigError` where one isn't there.
    """
    roots = []
    for one in given:
        if not one.exists():
            fix = tr("Give a folder, or a file, that is there.")
            raise ConfigError(tr("There is no such folder."), where=str(one), fix=fix)
        roots.append(one.resolve())
    found = FolderFiles(roots=tuple(root if root.is_dir() else root.parent for root in roots), told=told or {})
    paths = dict.fromkeys(path for root in roots for path in below(root, _JSON + _EITHER + _SOURCE + _WRAPPERS))
    if len(paths) > _MOST_FILES:
        raise ConfigError(
            tr("There are {count} files in it; at most {most} are read.", count=len(paths), most=_MOST_FILES),
            where=str(given[0]),
            fix=tr("Give the folder with the templates alone."),
        )
    for path in paths:
        found.take(path)
    return found


def below(root: Path, suffixes: Sequence[str]) -> Iterator[Path]:
    """The files below a folder whose names end so, without what others wrote; a file is itself."""
    if root.is_file():
        yield root
        return
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(
            one
            for one in folders
            if not one.startswith((".", "asset."))
            and one not in _NOT_ENTERED
            and not _is_environment(Path(folder, one))
        )
        yield from (
            Path(folder, one) for one in sorted(files) if Path(one).suffix.lower() in suffixes or one == SAM_CONFIG
        )


def _is_environment(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").exists()


def _kind(value: Mapping[str, Any]) -> Holds:
    if _is_assembly(value):
        return Holds.ASSEMBLY
    if is_template(value):
        return Holds.TEMPLATE
    if is_terraform(value):
        return Holds.TERRAFORM
    if isinstance(value.get("States"), Mapping) and "StartAt" in value:
        return Holds.DEFINITION
    if "Statement" in value and ("Version" in value or set(value) <= {"Id", "Statement"}):
        return Holds.POLICY
    if is_event(value):
        return Holds.EVENTS
    return Holds.OTHER


def _is_assembly(value: Mapping[str, Any]) -> bool:
    """A cloud assembly's manifest; CodeBuild's buildspec has a version and artifacts as well."""
    artifacts = value.get("artifacts")
    if not isinstance(artifacts, Mapping) or "version" not in value:
        return False
    return all(isinstance(one, Mapping) and "type" in one for one in artifacts.values())


def _is_of_tools(name: str, value: Mapping[str, Any]) -> bool:
    """Whether a file of no known kind is a tool's, by its name, and doesn't begin as what AWS's own do."""
    return bool(_OF_TOOLS.fullmatch(name)) and not any(_OF_AWS.fullmatch(str(key)) for key in value)
