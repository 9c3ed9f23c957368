"""The CDK app of an export carried out: a template for each account. Needs Node.js, which the CDK is written for."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.errors import ConfigError, ToolMissing
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.export.folder import Export

# The first import unpacks the library, which takes a slow machine a while.
_LIMIT: Final = 300.0


@dataclass(frozen=True, slots=True)
class Synthesis:
    """What the CDK makes of an app: CloudFormation, as text, for each account."""

    templates: Mapping[Side, str]


def missing_tool() -> ToolMissing | None:
    """What keeps the CDK from running here, in one line; None if nothing does."""
    if shutil.which("node") is None:
        return ToolMissing(
            tr("The CDK needs Node.js, which isn't installed here."),
            fix=tr("Install it (nodejs.org), or take another route: cloudformation and terraform need neither."),
        )
    if importlib.util.find_spec("aws_cdk") is None:
        return ToolMissing(
            tr("The CDK isn't installed here."),
            fix=tr("Type: pip install 'xsfn-helpers[cdk]'; or take another route: cloudformation or terraform."),
        )
    return None


def synthesise(export: Export, *, context: Mapping[str, str] | None = None) -> Synthesis:
    """Run the app as `cdk synth` does, with `context` as its option -c.

    Raises `ToolMissing` where the CDK can't run, `ConfigError` in the CDK's words for an app it doesn't take.
    """
    if missing := missing_tool():
        raise missing
    with tempfile.TemporaryDirectory(prefix="xsfn-cdk-") as out:
        settings = {
            "CDK_OUTDIR": out,
            "CDK_CONTEXT_JSON": json.dumps(dict(context or {})),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = subprocess.run(
            [sys.executable, "app.py"],
            cwd=export.folder,
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            timeout=_LIMIT,
            check=False,
        )
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.strip()] or [tr("(it said nothing)")]
            raise ConfigError(tr("The CDK app failed: {reason}", reason=lines[-1]), where="app.py")
        return Synthesis({side: _template(Path(out), side) for side in Side})


def _template(out: Path, side: Side) -> str:
    path = out / f"{side.value.capitalize()}.template.json"
    if not path.is_file():
        raise ConfigError(tr("The CDK app makes no stack {name!r}.", name=side.value.capitalize()), where="app.py")
    return path.read_text(encoding="utf-8")
