"""The stacks of a CDK cloud assembly (`cdk.out`): their templates, accounts and regions. Pure but for paths.

Source: docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.cloud_assembly_schema-readme.html
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.deployment.diagnose.reading.folder import FoundFile

# What the app puts into buckets for a stack stands in a file beside its template.
_ASSETS: Final = ".assets.json"
_STACK: Final = "aws:cloudformation:stack"
# aws://111111111111/eu-west-1; `unknown-account` where the app doesn't say
_ENVIRONMENT: Final = re.compile(r"aws://(?P<account>[^/]*)/(?P<region>[\w-]*)")


@dataclass(frozen=True, slots=True)
class StackArtifact:
    """One stack of an assembly; account and region are empty where the app leaves them to deployment."""

    name: str
    template: Path
    account: str
    region: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


def stacks_of(manifest: FoundFile) -> Iterator[StackArtifact]:
    """The stacks that a manifest.json names. Nested assemblies have manifests of their own."""
    for artifact in manifest.written.value["artifacts"].values():
        if not isinstance(artifact, Mapping) or artifact.get("type") != _STACK:
            continue
        properties = artifact.get("properties")
        if not isinstance(properties, Mapping) or not isinstance(properties.get("templateFile"), str):
            continue
        found = _ENVIRONMENT.fullmatch(str(artifact.get("environment", "")))
        account = found["account"] if found and found["account"].isdecimal() else ""
        region = found["region"] if found and not found["region"].startswith("unknown") else ""
        given = properties.get("parameters")
        yield StackArtifact(
            str(properties.get("stackName") or properties["templateFile"].split(".")[0]),
            manifest.path.parent / properties["templateFile"],
            account,
            region,
            given if isinstance(given, Mapping) else {},
        )


def assets_of(files: Iterable[FoundFile]) -> dict[Path, dict[str, Path]]:
    """By a folder with such lists: the files that its apps put into buckets as they are, by the keys they get there.

    Source: docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.cloud_assembly_schema.AssetManifest.html
    """
    found: dict[Path, dict[str, Path]] = defaultdict(dict)
    for file in files:
        if not file.path.name.endswith(_ASSETS):
            continue
        given = file.written.value.get("files")
        found.setdefault(file.path.parent, {})
        for one in given.values() if isinstance(given, Mapping) else ():
            source, places = (one.get("source"), one.get("destinations")) if isinstance(one, Mapping) else (None, None)
            if not isinstance(source, Mapping) or not isinstance(places, Mapping):
                continue
            if source.get("packaging", "file") != "file" or not isinstance(source.get("path"), str):
                continue
            for place in places.values():
                if isinstance(place, Mapping) and isinstance(place.get("objectKey"), str):
                    found[file.path.parent][place["objectKey"]] = file.path.parent / source["path"]
    return found
