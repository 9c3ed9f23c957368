"""Evidence read from a folder of exported JSON, as the AWS CLI prints it; no AWS at all.

What a file is shows in what it holds, never in its name. Known are the answers of `stepfunctions
describe-state-machine`, `list-state-machines`, `describe-execution` and `get-execution-history`, and of `iam
get-account-authorization-details`, `get-role`, `list-roles`, `list-role-policies`, `get-role-policy`,
`list-attached-role-policies`, `get-policy` and `get-policy-version`; and the folder that `--export` writes. Three
answers don't say whose they are: the two lists of a role's policies, and a policy's version. These are told apart by
their file's name, which must hold the role's or the policy's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.common.arns import Arn
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.deployment.diagnose.evidence import Evidence
from xsfn_helpers.deployment.diagnose.reading.assemble import Assembly

# An account with thousands of roles takes some tens of megabytes.
_LARGEST: Final = 256 * 1024 * 1024


def read_files(folder: Path, asked: str | None = None) -> Evidence:
    """The evidence in a folder's `*.json` files.

    `asked` is the ARN of a state machine or an execution; without it, the only state machine that a task of another
    role is in. Raises `ConfigError` that names the file for one that isn't what it seems, and where the state machine
    isn't there.
    """
    if not folder.is_dir():
        fix = tr("Give the folder with the exported JSON.")
        raise ConfigError(tr("There is no such folder."), where=str(folder), fix=fix)
    if asked is not None and ((arn := Arn.parse(asked)) is None or not arn.machine_name):
        raise ConfigError(tr("{arn!r} is no ARN of a state machine or an execution.", arn=asked))
    assembly = Assembly()
    paths = sorted(path for path in folder.iterdir() if path.suffix == ".json" and path.is_file())
    if not paths:
        raise ConfigError(tr("There is no .json file in it."), where=str(folder), fix=tr(_HOW))
    for path in paths:
        try:
            assembly.take(path.stem, _document(path))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            if isinstance(error, ConfigError):
                raise
            what = tr("{key} is missing", key=error) if isinstance(error, KeyError) else str(error)
            raise ConfigError(
                tr("It isn't what it seems to be: {what}.", what=what), where=path.name, fix=tr(_HOW)
            ) from error
    return assembly.evidence(asked)


_HOW: Final = mark(
    "Export with the AWS CLI and --output json: `aws iam get-account-authorization-details` in each account, and "
    "`aws stepfunctions describe-state-machine` of each state machine."
)


def _document(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > _LARGEST:
            raise ConfigError(tr("It is too large to be an answer of the AWS CLI."), where=path.name)
        found = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_unique)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(tr("It can't be read: {error}.", error=error), where=path.name) from error
    except RecursionError as error:
        raise ConfigError(tr("It is nested too deep to be an answer of the AWS CLI."), where=path.name) from error
    except json.JSONDecodeError as error:
        what = tr(
            "It isn't JSON: {error}, line {line}, column {column}.",
            error=error.msg,
            line=error.lineno,
            column=error.colno,
        )
        raise ConfigError(what, where=path.name, fix=tr(_HOW)) from error
    except ValueError as error:
        raise ConfigError(
            tr("It isn't JSON that can be trusted: {error}.", error=error), where=path.name, fix=tr(_HOW)
        ) from error
    if not isinstance(found, dict):
        raise ConfigError(tr("It holds no JSON object."), where=path.name, fix=tr(_HOW))
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        twice = next(_repeated(pairs))
        raise ValueError(tr("the key {key!r} is there twice", key=twice))
    return members


def _repeated(pairs: list[tuple[str, Any]]) -> Iterator[str]:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            yield key
        seen.add(key)
