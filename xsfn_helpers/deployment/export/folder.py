"""An export on disk: all of it or nothing, and never over a file that is somebody else's."""

from __future__ import annotations

import hashlib
import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.export.routes import Route

MANIFEST: Final = ".xsfn-export.json"
_NEXT: Final = {
    Route.CLOUDFORMATION: mark(
        "deploy operator.yaml, then subject.yaml, whose trust policy names a role of the first."
    ),
    Route.TERRAFORM: mark("terraform init, then terraform apply; it finds the order by itself."),
    Route.CDK: mark(
        "pip install -r requirements.txt, then npx aws-cdk deploy Operator with the Operator account's credentials, "
        "and npx aws-cdk deploy Subject --exclusively with the Subject account's."
    ),
}


@dataclass(frozen=True, slots=True)
class Export:
    """What has been written. `export["subject.yaml"]` is a file's text."""

    route: Route
    folder: Path
    names: tuple[str, ...]

    def __getitem__(self, name: str) -> str:
        """Raises `ConfigError` for a file that isn't part of the export or is gone."""
        if name not in self.names:
            raise ConfigError(
                tr("There is no {name!r} in this export.", name=name),
                fix=tr("There are: {names}.", names=", ".join(self.names)),
            )
        return _text(self.folder / name)

    def show(self, name: str) -> Excerpt:
        """A part of the export's files by its name: a resource, a block, a class or what is assigned to a name.

        `A/B` is the part B within A. Raises `ConfigError` where there is none.
        """
        for file in self.names:
            lines = self[file].splitlines()
            for part in name.split("/"):
                lines = _part(lines, part)
            if lines:
                return Excerpt(textwrap.dedent("\n".join(lines)))
        raise ConfigError(
            tr("Nothing in this export is called {name!r}.", name=name),
            fix=tr("`export[file]` is a file's whole text. There are: {names}.", names=", ".join(self.names)),
        )

    def stack(self, side: Side | str) -> dict[str, Any]:
        """What CreateStack takes for one account, but for the stack's name. For an export of CloudFormation."""
        name = f"{Side(side).value}.parameters.json"
        parameters = _parameters(self[name], name)
        lab_ids = [one["ParameterValue"] for one in parameters if one["ParameterKey"] == "LabId"]
        return {
            "TemplateBody": self[f"{Side(side).value}.yaml"],
            "Parameters": parameters,
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "Tags": [{"Key": "xsfn:lab", "Value": lab_id} for lab_id in lab_ids],
        }

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __str__(self) -> str:
        lines = [tr("Exported as {route}:", route=self.route.value), *(f"  {name}" for name in self.names)]
        return "\n".join([*lines, tr("Next: {steps}", steps=tr(_NEXT[self.route]))])

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of a file, to be shown as it is written there."""

    text: str

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def _part(lines: Sequence[str], name: str) -> list[str]:
    """The line where `name` is given to something, with the lines that are set in below it, and the one that closes."""
    escaped = re.escape(name)
    opens = re.compile(rf'\s*(?:class {escaped}\b|(?:self\.)?{escaped}(?: = |\(|:(?: |$))|.*"{escaped}" {{$)')
    for at, line in enumerate(lines):
        if opens.match(line):
            depth = len(line) - len(line.lstrip())
            end = at + 1
            while end < len(lines) and (not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > depth):
                end += 1
            if end < len(lines) and lines[end].strip() in ("}", ")", "]"):
                end += 1
            found = list(lines[at:end])
            while found and not found[-1].strip():
                found.pop()
            return found
    return []


def write_export(route: Route, folder: Path, texts: Mapping[str, str]) -> Export:
    """Write all `texts`, or nothing.

    A file that is there is replaced only if an earlier export wrote it and nobody has changed it since. Raises
    `ConfigError`, naming the files, where another is in the way, and where the folder can't be written.
    """
    own = _manifest(folder)
    in_the_way = []
    for name, text in texts.items():
        path = folder / name
        if path.is_symlink() or (path.exists() and not _is_ours(path, text, own.get(name))):
            in_the_way.append(name)
    if in_the_way:
        raise ConfigError(
            tr("{names}: there already, and not as an export wrote it.", names=", ".join(in_the_way)),
            where=str(folder),
            fix=tr("Nothing was written. Choose another folder (--to), or move these files away."),
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            _write(folder / name, text)
        digests = {**own, **{name: _digest(text) for name, text in texts.items()}}
        _write(folder / MANIFEST, f"{json.dumps(digests, indent=2)}\n")
    except OSError as error:
        raise ConfigError(
            tr("The export can't be written: {reason}.", reason=error.strerror), where=str(folder)
        ) from error
    return Export(route, folder, tuple(texts))


def _parameters(text: str, name: str) -> list[dict[str, str]]:
    try:
        found: Any = json.loads(text)
        return [{key: one[key] for key in ("ParameterKey", "ParameterValue")} for one in found]
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(
            tr("This isn't a list of parameters: {error}.", error=error),
            where=name,
            fix=tr('Each is written {"ParameterKey": "…", "ParameterValue": "…"}.'),
        ) from error


def _is_ours(path: Path, wanted: str, digest: str | None) -> bool:
    if not path.is_file():
        return False
    there = _text(path)
    return there == wanted or _digest(there) == digest


def _manifest(folder: Path) -> dict[str, str]:
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    try:
        found = json.loads(_text(path))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ConfigError(
            tr("This isn't the record that an export left."), where=str(path), fix=tr("Choose another folder.")
        )
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(tr("The file can't be read: {error}.", error=error), where=str(path)) from error


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
