"""Evidence read from exported files, as the AWS CLI prints them, or from a repository; no AWS at all.

What a file is shows in what it holds, never in its name. Known are the answers of `stepfunctions
describe-state-machine`, `list-state-machines`, `describe-execution` and `get-execution-history`, and of `iam
get-account-authorization-details`, `get-role`, `list-roles`, `list-role-policies`, `get-role-policy`,
`list-attached-role-policies`, `get-policy` and `get-policy-version`, as JSON or YAML; the folder that `--export`
writes; and what `reading.repository` reads: templates, cloud assemblies, Terraform's JSON, definitions and policies.
Three answers don't say whose they are: the two lists of a role's policies, and a policy's version. These are told apart
by their file's name, which must hold the role's or the policy's. A policy by itself likewise.
"""

from __future__ import annotations

from pathlib import Path

from xsfn_helpers.common.arns import Arn
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.diagnose.evidence import Evidence
from xsfn_helpers.deployment.diagnose.reading.repository import Told, read_repository


def read_files(folder: Path, asked: str | None = None, told: Told | None = None) -> Evidence:
    """The evidence in a folder's files, those of its sub-folders included.

    `asked` is the ARN of a state machine or an execution; without it, the only state machine that a task of another
    role is in. Raises `ConfigError` where nothing can be read, or the state machine isn't there. A file that isn't what
    it seems is named among what wasn't seen.
    """
    if not folder.is_dir():
        fix = tr("Give the folder with the exported JSON.")
        raise ConfigError(tr("There is no such folder."), where=str(folder), fix=fix)
    if asked is not None and ((arn := Arn.parse(asked)) is None or not arn.machine_name):
        raise ConfigError(tr("{arn!r} is no ARN of a state machine or an execution.", arn=asked))
    readings = read_repository([folder], asked, told)
    if len(readings) > 1:
        arns = tr(", ").join(sorted(one.evidence.machine.arn for one in readings))
        raise ConfigError(
            tr("Which state machine is asked about isn't plain."),
            fix=tr("Give its ARN. The files describe: {machines}.", machines=arns),
        )
    return readings[0].evidence
