"""Definitions and policies that lie in files by themselves, as most repositories keep them. Pure.

Whose a policy is shows in the file's name alone; that it is all its role has, nothing shows.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
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
_SUFFIX: Final = re.compile(r"(?i)(?:\.(?:json5?|jsonc|ya?ml|template|tpl|tftpl|asl))+$")


@dataclass(frozen=True, slots=True)
class RawDocument:
    """One policy file: the role's name that the file's tells, and whether the document is a trust policy."""

    file: FoundFile
    role: str
    trusts: bool


def raw_policies(files: Sequence[FoundFile], spoken: Iterable[str] = ()) -> list[RawDocument]:
    """Policy files, each with the name of its role. `spoken` are the names that roles and definitions have elsewhere.

    What stands after a name's first dot mostly tells which policy of the role it is; it is part of the role's name
    where somebody speaks of a role of that name, and where there are trust policies of both, as no role has two.
    """
    known = set(spoken)
    trusting: dict[str, set[str]] = defaultdict(set)
    for one in files:
        if _is_trust(one.written.value):
            trusting[thing_name(one)].add(_whole_name(one))
    return [
        RawDocument(
            one, _role_name(one, known, of_two=len(trusting[thing_name(one)]) > 1), _is_trust(one.written.value)
        )
        for one in files
    ]


def definition_names(files: Sequence[FoundFile]) -> dict[Path, str]:
    """What the state machines of these files are called: up to the first dot, unless two would have one name.

    Two of one whole name are told by their folders.
    """
    named: dict[str, list[FoundFile]] = defaultdict(list)
    for one in files:
        named[thing_name(one)].append(one)
    whole = {
        one.path: short if len(alike) == 1 else _whole_name(one) for short, alike in named.items() for one in alike
    }
    often = Counter(whole.values())
    return {
        one.path: whole[one.path]
        if often[whole[one.path]] == 1
        else _UNFIT.sub("-", f"{Path(one.name).parent}-{whole[one.path]}")
        for one in files
    }


def thing_name(file: FoundFile) -> str:
    """The name of the role, or the state machine, that a file is of, as far as its first dot."""
    stem = file.path.name.split(".")[0] if file.path.name.count(".") > 1 else file.path.stem
    return _fitting(stem)


def _whole_name(file: FoundFile) -> str:
    """The same with what stands behind its dots, without what tells the kind of file alone."""
    first, *more = _SUFFIX.sub("", file.path.name).split(".")
    return ".".join([_fitting(first), *(_UNFIT.sub("-", one) for one in more if _BESIDE_NAME.sub("", one))])


def _role_name(file: FoundFile, known: set[str], *, of_two: bool) -> str:
    parts = _whole_name(file).split(".")
    names = [".".join(parts[:count]) for count in range(len(parts), 1, -1)]
    return next((one for one in names if one in known), names[0] if of_two and names else thing_name(file))


def role_of(definition: FoundFile, called: str, policies: Iterable[RawDocument]) -> str:
    """The name of the role that a definition's state machine runs as: the only one that no task of it assumes."""
    own = sorted({one.role for one in policies if f"role/{one.role}" not in definition.written.text})
    if len(own) == 1:
        return own[0]
    near = [name for name in own if name == called] or [name for name in own if called in name or name in called]
    return near[0] if len(near) == 1 else ""


def _fitting(stem: str) -> str:
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


def add_definition(file: FoundFile, name: str, role_arn: str | None, site: StackSite, pieces: Pieces) -> None:
    """A definition as a state machine of this site, its role where it is known; what is filled in later is a symbol."""
    arn = site.regional("states", f"stateMachine:{name}")
    definition = json.dumps(_with_symbols(file.written.value))
    stands = site.role(f"role-of-{name}"[:60])
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
