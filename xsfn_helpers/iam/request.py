"""What is asked: principal, action, resource, and the context AWS knows about the call."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from xsfn_helpers.common.language import tr
from xsfn_helpers.iam.errors import InvalidRequest, TooMuchWork
from xsfn_helpers.iam.principals import ACCOUNT_ID, Principal, PrincipalKind, global_name

ContextValue = str | Sequence[str]
# What a condition sees: one value, several values, or (None) no such key.
Seen = str | tuple[str, ...] | None

_ACTION: Final = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9_-]+")
# An action is a service's prefix and the name of an operation; the longest there is has 80 characters.
_MAX_ACTION: Final = 256
# Longer than any ARN that AWS gives out; it bounds the work of matching.
_MAX_RESOURCE: Final = 8_192
# About a second's work, and far beyond what AWS's own limits leave possible.
_MOST_WORK: Final = 200_000_000
_NO_CONTEXT: Final[Mapping[str, ContextValue]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Request:
    """One call to decide.

    `context` maps condition keys to a text or several texts; names are compared without regard to case, as IAM
    does. Keys that AWS always derives from the caller and the resource (`DERIVED_KEYS`) need not be given;
    a given one wins. Raises `InvalidRequest` when a part is malformed.
    """

    principal: Principal
    action: str
    resource: str
    resource_account: str
    context: Mapping[str, ContextValue] = field(default_factory=lambda: _NO_CONTEXT)
    # Derived once, for speed: lower-case action and keys, the resource's six parts.
    action_lower: str = field(init=False, repr=False, compare=False)
    resource_parts: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _keys: dict[str, Seen] = field(init=False, repr=False, compare=False)
    _work: list[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        action, resource = self.action, self.resource
        if not isinstance(action, str) or len(action) > _MAX_ACTION or not _ACTION.fullmatch(action):
            raise InvalidRequest(
                tr("{shown} is not an action.", shown=_shown(action)),
                where="action",
                fix=tr("Write service:Operation, e.g. sts:AssumeRole."),
            )
        if not isinstance(resource, str) or not resource:
            raise InvalidRequest(
                tr("{shown} is not a resource.", shown=_shown(resource)),
                where="resource",
                fix=tr("Give the requested ARN, or '*' where there is none."),
            )
        if len(resource) > _MAX_RESOURCE:
            raise InvalidRequest(
                tr("The resource has {count} characters.", count=len(resource)),
                where="resource",
                fix=tr("An ARN has at most {max_resource}.", max_resource=_MAX_RESOURCE),
            )
        if not isinstance(self.resource_account, str) or not ACCOUNT_ID.fullmatch(self.resource_account):
            raise InvalidRequest(
                tr("{shown} is not an account ID.", shown=_shown(self.resource_account)),
                where="resource account",
                fix=tr("Give the 12 digits of the account that owns the resource."),
            )
        set_field = object.__setattr__
        set_field(self, "action_lower", action.lower())
        set_field(self, "resource_parts", tuple(resource.split(":", 5)))
        set_field(self, "_keys", _lower_keys(self.context))
        set_field(self, "_work", [0])

    @property
    def same_account(self) -> bool:
        """Whether caller and resource live in one account. Services and anonymous callers live in none."""
        return self.principal.account == self.resource_account

    def seen(self, key: str) -> Seen:
        """The value of a condition key (lower-case), given or derived; None when the request has no such key."""
        found = self._keys.get(key)
        if found is None and (derive := DERIVED_KEYS.get(key)) is not None:
            found = self._keys[key] = derive(self)
        return found

    @property
    def unique_id(self) -> str:
        """The AROA…/AIDA… id of the caller's role or user, given with it or in `aws:userid`; empty if unknown."""
        principal = self.principal
        if principal.unique_id or principal.kind not in _WITH_UNIQUE_ID:
            return principal.unique_id
        return (self.single("aws:userid") or "").partition(":")[0]

    @property
    def role_arn(self) -> str:
        """The caller's role with its path, as far as `aws:PrincipalArn` tells it; empty for other callers."""
        principal = self.principal
        if principal.kind is not PrincipalKind.SESSION:
            return principal.role_arn
        given = self.single("aws:principalarn") or ""
        head, _, name = given.rpartition("/")
        same = name == principal.name and f":iam::{principal.account}:role" in head
        return given if same else principal.role_arn

    def spend(self, steps: int) -> None:
        """Count work that could become too much: long values under many patterns, many values under many others.

        Raises `TooMuchWork`, so that no request keeps the engine busy for long.
        """
        self._work[0] += steps
        if self._work[0] > _MOST_WORK:
            raise TooMuchWork

    def single(self, key: str) -> str | None:
        """The key's value if it has exactly one: what a policy variable can stand for."""
        found = self.seen(key)
        if isinstance(found, tuple):
            return found[0] if len(found) == 1 else None
        return found


def _lower_keys(context: Mapping[str, ContextValue]) -> dict[str, Seen]:
    if not isinstance(context, Mapping):
        raise InvalidRequest(tr("{shown} is not a mapping of condition keys.", shown=_shown(context)), where="context")
    keys: dict[str, Seen] = {}
    for name, value in context.items():
        if not isinstance(name, str):
            raise InvalidRequest(tr("{shown} is not the name of a condition key.", shown=_shown(name)), where="context")
        key = name.lower()
        if key in keys:
            raise InvalidRequest(
                tr("{name!r} is there twice.", name=name),
                where="context",
                fix=tr("Names of condition keys are compared without case."),
            )
        if isinstance(value, str):
            keys[key] = value
        elif isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value):
            # An empty list is no value at all, which to IAM is the same as no key.
            keys[key] = tuple(value) or None
        else:
            raise InvalidRequest(
                tr("{shown} is neither a text nor a list of texts.", shown=_shown(value)),
                where=f"context {name!r}",
                fix=tr('Write "true", "7" …'),
            )
    return keys


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _principal_arn(request: Request) -> str | None:
    principal = request.principal
    if principal.kind is PrincipalKind.SESSION:
        return principal.role_arn
    return None if principal.kind in _NOT_IN_IAM else principal.arn


def _principal_account(request: Request) -> str | None:
    if request.principal.kind is PrincipalKind.ANONYMOUS:
        return "anonymous"
    if request.principal.kind is PrincipalKind.IDENTITY_PROVIDER:
        return None
    return request.principal.account or None


def _user_id(request: Request) -> str | None:
    """docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable"""
    principal = request.principal
    if principal.kind is PrincipalKind.ANONYMOUS:
        return "anonymous"
    if principal.kind is PrincipalKind.SESSION and principal.unique_id:
        return f"{principal.unique_id}:{principal.session_name}"
    return principal.unique_id or None


def _user_name(request: Request) -> str | None:
    return request.principal.name if request.principal.kind is PrincipalKind.USER else None


def _principal_type(request: Request) -> str | None:
    return _PRINCIPAL_TYPES.get(request.principal.kind)


def _is_aws_service(request: Request) -> str | None:
    if request.principal.kind in _UNSIGNED:
        return None
    return "true" if request.principal.is_service else "false"


def _service_name(request: Request) -> str | None:
    return request.principal.name if request.principal.is_service else None


def _service_names(request: Request) -> tuple[str, ...] | None:
    """The names of the calling service, as far as its one name tells them: the global one and the region's."""
    if not request.principal.is_service:
        return None
    name = request.principal.name
    return tuple(dict.fromkeys((global_name(name), name)))


def _federated_provider(request: Request) -> str | None:
    principal = request.principal
    return principal.arn if principal.kind is PrincipalKind.IDENTITY_PROVIDER else None


def _calling_account(request: Request) -> str | None:
    """kms:CallerAccount; other services' requests don't have it."""
    return request.principal.account or None if request.action_lower.startswith("kms:") else None


def _encryption_context_keys(request: Request) -> tuple[str, ...] | None:
    """kms:EncryptionContextKeys: the names of the pairs, which their own keys tell as well."""
    names = [name[len(_PAIR) :] for name in request.context if name.lower().startswith(_PAIR)]
    return tuple(names) or None


_PAIR: Final = "kms:encryptioncontext:"
_UNSIGNED: Final = frozenset({PrincipalKind.ANONYMOUS, PrincipalKind.IDENTITY_PROVIDER})
_NOT_IN_IAM: Final = frozenset({PrincipalKind.SERVICE, *_UNSIGNED})
_WITH_UNIQUE_ID: Final = frozenset({PrincipalKind.USER, PrincipalKind.ROLE, PrincipalKind.SESSION})
_PRINCIPAL_TYPES: Final[Mapping[PrincipalKind, str]] = {
    PrincipalKind.USER: "User",
    PrincipalKind.ROLE: "AssumedRole",
    PrincipalKind.SESSION: "AssumedRole",
    PrincipalKind.ROOT: "Account",
    PrincipalKind.ANONYMOUS: "Anonymous",
    PrincipalKind.FEDERATED_USER: "FederatedUser",
}
# Keys that AWS puts into every request of such a caller ("Availability" of each key in
# docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html). What depends on how the
# call was made (aws:SourceIp, aws:SecureTransport, aws:CurrentTime …) is never derived.
DERIVED_KEYS: Final[Mapping[str, Callable[[Request], Seen]]] = {
    "aws:principalarn": _principal_arn,
    "aws:principalaccount": _principal_account,
    "aws:principaltype": _principal_type,
    "aws:userid": _user_id,
    "aws:username": _user_name,
    "aws:principalisawsservice": _is_aws_service,
    "aws:principalservicename": _service_name,
    "aws:principalservicenameslist": _service_names,
    "aws:federatedprovider": _federated_provider,
    "kms:calleraccount": _calling_account,
    "kms:encryptioncontextkeys": _encryption_context_keys,
    "aws:resourceaccount": lambda request: request.resource_account,
}
