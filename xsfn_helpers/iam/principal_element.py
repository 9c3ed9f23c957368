"""The `Principal` and `NotPrincipal` elements: whom a resource or trust policy speaks of.

Sources: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html,
…/reference_policies_elements_notprincipal.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from xsfn_helpers.iam.principals import (
    ACCOUNT_ID,
    SERVICE_NAME,
    UNIQUE_ID,
    Principal,
    PrincipalKind,
    global_name,
    is_provider,
)
from xsfn_helpers.iam.request import Request


class Named(IntEnum):
    """How closely an element names the caller; it decides what else must allow.

    NOT_AT_ALL < ACCOUNT (its account: IAM there must allow too) < ROLE (the session's role: still limited by
    permissions boundary and session policy) < DIRECTLY (user, session, service, everyone).
    """

    NOT_AT_ALL = 0
    ACCOUNT = 1
    ROLE = 2
    DIRECTLY = 3


@dataclass(frozen=True, slots=True)
class PrincipalElement:
    """A `Principal` (or, `negated`, a `NotPrincipal`) ready for matching; `texts` are the values as written."""

    texts: tuple[str, ...]
    negated: bool
    anyone: bool
    accounts: frozenset[str]
    arns: frozenset[str]
    # (account, role name): a session's ARN has no path, and role names are unique in their account.
    roles: frozenset[tuple[str, str]]
    unique_ids: frozenset[str]
    services: frozenset[str]
    providers: frozenset[str] = frozenset()

    def names(self, request: Request) -> Named:
        """How closely the listed principals name this request's (`negated` aside)."""
        if self.anyone:
            return Named.DIRECTLY
        principal = request.principal
        kind = principal.kind
        if kind is PrincipalKind.SERVICE:
            return Named.DIRECTLY if self._names_service(request) else Named.NOT_AT_ALL
        if kind is PrincipalKind.ANONYMOUS:
            return Named.NOT_AT_ALL
        if kind is PrincipalKind.IDENTITY_PROVIDER:
            return Named.DIRECTLY if self._names_provider(request) else Named.NOT_AT_ALL
        if kind is PrincipalKind.SESSION:
            if principal.arn in self.arns:
                return Named.DIRECTLY
            if self._names_role(request):
                return Named.ROLE
        elif kind is PrincipalKind.ROLE:
            if self._names_itself(request):
                return Named.ROLE
        elif kind is PrincipalKind.FEDERATED_USER:
            if principal.arn in self.arns:
                return Named.DIRECTLY
        elif kind is PrincipalKind.USER and self._names_itself(request):
            return Named.DIRECTLY
        return Named.ACCOUNT if principal.account in self.accounts else Named.NOT_AT_ALL

    def excepts(self, request: Request) -> bool:
        """Whether a `NotPrincipal` with `Deny` leaves this caller out.

        AWS may check the account first, then the role, then the session, so every level must be listed:
        the account and the user, or the account, the role and the session.
        """
        if self.anyone:
            return True
        principal = request.principal
        kind = principal.kind
        if kind in _OF_NO_ACCOUNT:
            return self.names(request) is Named.DIRECTLY
        if principal.account not in self.accounts:
            return False
        if kind is PrincipalKind.ROOT:
            return True
        if kind is PrincipalKind.SESSION:
            return principal.arn in self.arns and self._names_role(request)
        return self._names_itself(request)

    def missing_exceptions(self, request: Request) -> tuple[str, ...]:
        """The principals a `NotPrincipal` with `Deny` would have to list as well, to leave this caller out."""
        if self.excepts(request):
            return ()
        principal = request.principal
        if principal.kind in _OF_NO_ACCOUNT:
            return (principal.arn,)
        partition = principal.arn.split(":", 2)[1]
        wanted = []
        if principal.account not in self.accounts:
            wanted.append(f"arn:{partition}:iam::{principal.account}:root")
        if principal.kind is PrincipalKind.SESSION and not self._names_role(request):
            wanted.append(request.role_arn)
        if principal.kind is not PrincipalKind.ROOT and not self._names_itself(request):
            wanted.append(principal.arn)
        return tuple(wanted)

    def may_name_issuer(self, principal: Principal) -> bool:
        """Whether a user is listed who could have called GetFederationToken for this session."""
        stem = f":iam::{principal.account}:user/"
        return any(stem in arn for arn in self.arns)

    def _names_itself(self, request: Request) -> bool:
        return request.principal.arn in self.arns or (bool(self.unique_ids) and request.unique_id in self.unique_ids)

    def _names_role(self, request: Request) -> bool:
        """Whether the role of a session is listed: by its ARN, or where nothing tells its path, by its name."""
        session = request.principal
        role = request.role_arn
        has_path = "/" in role.partition(":role/")[2]
        return (
            role in self.arns
            or (not has_path and (session.account, session.name) in self.roles)
            or (bool(self.unique_ids) and request.unique_id in self.unique_ids)
        )

    def _names_provider(self, request: Request) -> bool:
        """A provider given by its address is the one that IAM keeps in the role's account, or one known to all."""
        provider = request.principal
        if provider.account:
            return provider.account == request.resource_account and provider.arn in self.providers
        return provider.name in self.providers or any(
            arn.endswith(f":iam::{request.resource_account}:oidc-provider/{provider.name}") for arn in self.providers
        )

    def _names_service(self, request: Request) -> bool:
        """A service asks under its global name and under its region's: states.eu-west-1.amazonaws.com.

        The region of a request in the global name is that of `aws:SourceArn`.
        """
        name = request.principal.name
        if name in self.services or global_name(name) in self.services:
            return True
        source = request.single("aws:sourcearn") or ""
        region = (source.split(":", 4) + [""] * 4)[3]
        service, _, domain = name.partition(".")
        return bool(region) and f"{service}.{region}.{domain}" in self.services


def principal_element(entries: Iterable[tuple[str, str]], *, negated: bool) -> PrincipalElement:
    """The element made of (type, value) pairs such as ("AWS", "arn:…"); values as `is_valid_principal` accepts them."""
    anyone = False
    texts: list[str] = []
    accounts: set[str] = set()
    arns: set[str] = set()
    roles: set[tuple[str, str]] = set()
    unique_ids: set[str] = set()
    services: set[str] = set()
    providers: set[str] = set()
    for kind, text in entries:
        texts.append(text)
        if kind == "Service":
            services.add(text)
        elif kind == "Federated":
            providers.add(text)
        elif kind == "AWS":
            if text == "*":
                anyone = True
            elif ACCOUNT_ID.fullmatch(text):
                accounts.add(text)
            elif found := _AWS_ARN.fullmatch(text):
                if found["account"]:
                    accounts.add(found["account"])
                arns.add(text)
                if found["role"]:
                    roles.add((found["owner"], found["role"].rpartition("/")[2]))
            else:
                unique_ids.add(text)
    return PrincipalElement(
        tuple(texts),
        negated,
        anyone,
        frozenset(accounts),
        frozenset(arns),
        frozenset(roles),
        frozenset(unique_ids),
        frozenset(services),
        frozenset(providers),
    )


_AWS_ARN: Final = re.compile(
    r"arn:aws[a-z0-9-]*:"
    r"(?:iam::(?P<account>[0-9]{12}):root"
    r"|iam::(?P<owner>[0-9]{12}):role/(?P<role>[^*?]+)"
    r"|iam::[0-9]{12}:user/[^*?]+"
    r"|sts::[0-9]{12}:(?:assumed-role/[^*?/]+/[^*?]+|federated-user/[^*?]+))",
)
_OF_NO_ACCOUNT: Final = frozenset({PrincipalKind.SERVICE, PrincipalKind.ANONYMOUS, PrincipalKind.IDENTITY_PROVIDER})
PRINCIPAL_TYPES: Final = ("AWS", "Service", "Federated", "CanonicalUser")


def is_valid_principal(kind: str, text: str) -> bool:
    """Whether AWS's grammar knows such a principal. (Whether it exists is for the account to know.)

    `*` alone is everyone; a wildcard can't stand for a part of a name.
    """
    if kind == "AWS":
        return bool(text == "*" or ACCOUNT_ID.fullmatch(text) or UNIQUE_ID.fullmatch(text) or _AWS_ARN.fullmatch(text))
    if kind == "Service":
        return bool(SERVICE_NAME.fullmatch(text))
    return is_provider(text)
