"""The stacks of a CDK cloud assembly (`cdk.out`): their templates, accounts and regions. Pure but for paths.

Source: docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.cloud_assembly_schema-readme.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.deployment.diagnose.reading.folder import FoundFile

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
