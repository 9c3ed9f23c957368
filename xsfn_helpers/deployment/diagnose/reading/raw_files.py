"""Definitions and policies that lie in files by themselves, as most repositories keep them. Pure.

Whose a policy is shows in the file's name alone; that it is all its role has, nothing shows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from xsfn_helpers.deployment.diagnose.evidence import MachineSeen, RoleSeen, Spot
from xsfn_helpers.deployment.diagnose.reading.folder import FoundFile
from xsfn_helpers.deployment.diagnose.reading.intrinsics import symbol
from xsfn_helpers.deployment.diagnose.reading.pieces import Pieces, StackSite, policy_seen, spot_of

# What file names add to the name of the role, or of the state machine.
_BESIDE_NAME: Final = re.compile(
    r"(?i)(?:[-_. ]*(?:assume[-_. ]?role|trust(?:[-_. ]?(?:relationship|policy))?|permissions?|inline|iam|policy|"
    r"policies|document|doc|asl|definition|sfn|template))+$"
)
_BEFORE_NAME: Final = re.compile(r"(?i)^(?:assume[-_. ]?role|trust|permissions?|policy)[-_. ]+(?:policy[-_. ]+)?")
_UNFIT: Final = re.compile(r"[^\w+=,.@-]+")


@dataclass(frozen=True, slots=True)
class RawDocument:
    """One policy file: the role's name that the file's tells, and whether the document is a trust policy."""

    file: FoundFile
    role: str
    trusts: bool


def raw_policies(files: Iterable[FoundFile]) -> list[RawDocument]:
    """Policy files, each with the name of its role."""
    return [RawDocument(one, thing_name(one), _is_trust(one.written.value)) for one in files]


def thing_name(file: FoundFile) -> str:
    """The name of the role, or the state machine, that a file is of."""
    stem = file.path.name.split(".")[0] if file.path.name.count(".") > 1 else file.path.stem
    found = _BEFORE_NAME.sub("", _BESIDE_NAME.sub("", stem)) or stem
    return _UNFIT.sub("-", found)


def _is_trust(document: Mapping[str, Any]) -> bool:
    statements = document.get("Statement")
    listed = statements if isinstance(statements, list) else [statements]
    return any(isinstance(one, Mapping) and ("Principal" in one or "NotPrincipal" in one) for one in listed)


def add_policy(raw: RawDocument, arn: str, pieces: Pieces) -> None:
    """The document as part of its role."""
    document = raw.file.written.value
    spot = spot_of(raw.file.name, raw.file.written, document=document)
    if raw.trusts:
        pieces.add_role(RoleSeen(arn, trust=document, policies_listed=False), spot)
    else:
        pieces.attach(arn, policy_seen(raw.file.path.name, document), spot)


def add_definition(file: FoundFile, role_arn: str | None, site: StackSite, pieces: Pieces) -> None:
    """A definition as a state machine of this site, its role where it is known; what is filled in later is a symbol."""
    arn = site.regional("states", f"stateMachine:{thing_name(file)}")
    definition = json.dumps(_with_symbols(file.written.value))
    stands = site.role(f"role-of-{thing_name(file)}"[:60])
    machine = MachineSeen(arn, role_arn or stands, definition, role_told=role_arn is not None)
    pieces.add_machine(machine, Spot(file.name, 1))


def _with_symbols(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _with_symbols(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_symbols(one) for one in value]
    if isinstance(value, str):
        return re.sub(r"\$\{([^${}\n]+)\}", lambda found: symbol(found[1].strip()), value)
    return value
