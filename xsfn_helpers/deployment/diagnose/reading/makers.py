"""What has to be run in a repository first, where its templates are made by a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.diagnose.reading.folder import below

_BY_FILE: Final = {
    "cdk.json": mark("It is an app of the CDK: run `cdk synth` in it, then give the folder cdk.out."),
    "serverless.yml": mark(
        "The Serverless Framework makes its template: run `serverless package`, then give .serverless."
    ),
    "Pulumi.yaml": mark(
        "Pulumi's program isn't read. Once it is deployed, give the ARN of the state machine, and the AWS profiles."
    ),
}
_OLD_STATE: Final = mark(
    "It is a state of Terraform's that isn't read as it lies: give what `terraform show -json` (or `tofu show -json`) "
    "prints."
)
_NO_PLAN: Final = mark("Terraform's plan, or state, in it is empty.")
_PROGRAMS: Final = (".ts", ".py", ".java", ".cs", ".go", ".js")
_TELLING: Final = (b"aws-stepfunctions", b"aws_stepfunctions", b"awsstepfunctions", b"AWS.StepFunctions")
_MOST_PROGRAMS: Final = 500
_BEGINNING: Final = 65536


def how_to_make(paths: Sequence[Path]) -> str:
    """The sentence that says so; empty where nothing shows that a program makes them."""
    files = [one for path in paths for one in below(path, (*_PROGRAMS, ".json", ".yml", ".yaml"))]
    names = {one.name for one in files}
    for name, sentence in _BY_FILE.items():
        if name in names or any(one.endswith(f"_{name}") for one in names):
            return tr(sentence)
    programs = (one for one in files if one.suffix in _PROGRAMS)
    if any(_speaks_of_machines(one) for one in islice(programs, _MOST_PROGRAMS)):
        return tr(_BY_FILE["cdk.json"])
    return ""


def another_tools(value: Mapping[str, Any]) -> str:
    """The sentence about a file that another tool writes, or Terraform otherwise; empty where it isn't known."""
    if isinstance(value.get("deployment"), Mapping) and "version" in value:
        return tr(_BY_FILE["Pulumi.yaml"])
    if "terraform_version" in value and isinstance(value.get("modules"), list):
        return tr(_OLD_STATE)
    if "encrypted_data" in value or ("encryption_version" in value and "meta" in value):
        return tr(_OLD_STATE)
    if "format_version" in value and value.keys() <= {"format_version", "terraform_version"}:
        return tr(_NO_PLAN)
    return ""


def _speaks_of_machines(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            text = file.read(_BEGINNING)
    except OSError:
        return False
    return any(one in text for one in _TELLING)
