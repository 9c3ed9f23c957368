"""What has to be run in a repository first, where its templates are made by a program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.diagnose.reading.folder import below

_BY_FILE: Final = {
    "cdktf.json": mark("It is an app of CDK for Terraform: run `cdktf synth` in it, then give the folder cdktf.out."),
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
_TEXTS: Final = (*_PROGRAMS, ".md", ".feature", ".rst", ".txt", ".sh", ".tsx", ".mjs", ".rb", ".kt", ".rs")
# What a program says that makes state machines, and what makes templates of it.
_TELLING: Final = {
    b"cdktf": "cdktf.json",
    b"cdktn": "cdktf.json",
    b"aws-stepfunctions": "cdk.json",
    b"aws_stepfunctions": "cdk.json",
    b"awsstepfunctions": "cdk.json",
    b"AWS.StepFunctions": "cdk.json",
}
_IN_A_TEXT: Final = mark(
    "{file} has a definition in its text, and programs and documents aren't read: save the definition as "
    "NAME.asl.json, and give that."
)
_DEFINING: Final = (b"StartAt", b"States")
_MOST_FILES: Final = 500
_BEGINNING: Final = 262_144


def how_to_make(paths: Sequence[Path], at: Path | None = None) -> str:
    """The sentence that says so; empty where nothing shows that a program makes them.

    `at` is the file of a state machine, of which another project's program beside it says nothing.
    """
    files = [one for path in paths for one in below(path, (*_TEXTS, ".json", ".yml", ".yaml"))]
    for name, sentence in _BY_FILE.items():
        made = [one for one in files if one.name == name or one.name.endswith(f"_{name}")]
        if any(at is None or at.is_relative_to(one.resolve().parent) for one in made):
            return tr(sentence)
        if made:
            return ""
    telling = [one for one in files if one.suffix in _TEXTS][:_MOST_FILES]
    return _by_a_program(telling) or ("" if at is not None else _in_a_text(telling))


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


def _by_a_program(files: Iterable[Path]) -> str:
    found = {maker for file in files if file.suffix in _PROGRAMS for maker in _makers(_beginning(file))}
    return next((tr(sentence) for name, sentence in _BY_FILE.items() if name in found), "")


def _makers(text: bytes) -> set[str]:
    return {maker for word, maker in _TELLING.items() if word in text}


def _in_a_text(files: Iterable[Path]) -> str:
    """That a program, or a document, has a definition in its text; empty where none has."""
    found = next((file for file in files if all(word in _beginning(file) for word in _DEFINING)), None)
    return "" if found is None else tr(_IN_A_TEXT, file=found.name)


def _beginning(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_BEGINNING)
    except OSError:
        return b""
