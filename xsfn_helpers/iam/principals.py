"""Who asks: a user, a role, a session of either, an account's root user, an AWS service, an identity provider's user,
or nobody in particular.

Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.iam.errors import InvalidRequest


class PrincipalKind(StrEnum):
    USER = "IAM user"
    ROLE = "IAM role"
    SESSION = "role session"
    ROOT = "account root user"
    SERVICE = "AWS service"
    ANONYMOUS = "anonymous caller"
    FEDERATED_USER = "session of GetFederationToken"
    IDENTITY_PROVIDER = "user of an identity provider"


ACCOUNT_ID: Final = re.compile(r"[0-9]{12}")
UNIQUE_ID: Final = re.compile(r"A[A-Z]{3}[A-Z0-9]{4,124}")
SERVICE_NAME: Final = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_ARN: Final = re.compile(r"arn:(aws[a-z0-9-]*):(iam|sts)::([0-9]{12}):(.+)", re.DOTALL)
_NAME: Final = r"[A-Za-z0-9_+=,.@-]+"
_PATH_AND_NAME: Final = re.compile(rf"(?:[!-~]+/)?({_NAME})")
_SESSION: Final = re.compile(rf"({_NAME})/({_NAME})")


@dataclass(frozen=True, slots=True)
class Principal:
    """One authenticated caller (or the anonymous one). Make it with `Principal.parse`.

    `name` is the user's or role's friendly name, or the service's name. A session's ARN doesn't carry its
    role's path, so `role_arn` is the one given to `parse`, else the ARN of a role of that name with no path.
    """

    kind: PrincipalKind
    arn: str
    account: str = ""
    name: str = ""
    session_name: str = ""
    unique_id: str = ""
    role_arn: str = ""

    @classmethod
    def parse(cls, arn: str, *, unique_id: str | None = None, role_arn: str | None = None) -> Principal:
        """The principal that `arn` names.

        Takes the ARN of an IAM user, role or account root, of an assumed-role session, a service's name
        (`states.amazonaws.com`), of a session of GetFederationToken, of an identity provider in IAM (whose user asks),
        or `*` / `anonymous`. `unique_id` is the AROA…/AIDA… id of the role or user, as kept by a trust policy whose
        principal was deleted; `role_arn` is a session's role with its path.
        Raises `InvalidRequest` for anything else.
        """
        if not isinstance(arn, str):
            raise InvalidRequest(
                tr("A principal is a text, not {type_name}.", type_name=type(arn).__name__),
                where="principal",
                fix=tr(_FORMS),
            )
        if arn in ("*", "anonymous"):
            return cls(PrincipalKind.ANONYMOUS, "anonymous")
        if len(arn) <= _MAX_ARN and (found := _ARN.fullmatch(arn)):
            principal = _from_arn(arn, found, unique_id or "", role_arn)
            if principal is not None:
                return principal
        elif len(arn) <= _MAX_ARN and "." in arn and SERVICE_NAME.fullmatch(arn):
            return cls(PrincipalKind.SERVICE, arn, name=arn)
        raise InvalidRequest(tr("{short!r} is not a principal.", short=_short(arn)), where="principal", fix=tr(_FORMS))

    @classmethod
    def of_provider(cls, provider: str) -> Principal:
        """A user of an identity provider: its ARN in IAM, or, of OpenID Connect, its address without `https://`."""
        if isinstance(provider, str):
            if found := _PROVIDER.fullmatch(provider):
                return cls(PrincipalKind.IDENTITY_PROVIDER, provider, found["account"], found["saml"] or found["oidc"])
            if _ISSUER.fullmatch(provider):
                return cls(PrincipalKind.IDENTITY_PROVIDER, provider, name=provider)
        raise InvalidRequest(
            tr("{shown} is not an identity provider.", shown=_short(repr(provider))),
            where="principal",
            fix=tr("Give the ARN of the provider in IAM, or its address such as token.actions.githubusercontent.com."),
        )

    @property
    def is_service(self) -> bool:
        return self.kind is PrincipalKind.SERVICE

    def __str__(self) -> str:
        return self.arn


_MAX_ARN: Final = 2_048
_PROVIDER: Final = re.compile(
    r"arn:aws[a-z0-9-]*:iam::(?P<account>[0-9]{12}):"
    r"(?:saml-provider/(?P<saml>[\w._-]{1,128})|oidc-provider/(?P<oidc>[!-)+->@-~]{1,255}))",
    re.ASCII,
)
_ISSUER: Final = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::[0-9]+)?(?:/[!-)+->@-~]{1,200})?")
_FORMS: Final = mark(
    "Give an IAM user, role or root ARN, an assumed-role session ARN, a service such as states.amazonaws.com, or '*'."
)


def _from_arn(arn: str, found: re.Match[str], unique_id: str, role_arn: str | None) -> Principal | None:
    partition, service, account, resource = found.groups()
    if service == "iam":
        if resource.startswith(("saml-provider/", "oidc-provider/")):
            return Principal.of_provider(arn)
        if resource == "root":
            return Principal(PrincipalKind.ROOT, arn, account, "root", unique_id=account)
        kind_word, _, rest = resource.partition("/")
        kind = {"user": PrincipalKind.USER, "role": PrincipalKind.ROLE}.get(kind_word)
        named = _PATH_AND_NAME.fullmatch(rest)
        if kind is None or named is None:
            return None
        role = arn if kind is PrincipalKind.ROLE else ""
        return Principal(kind, arn, account, named[1], unique_id=unique_id, role_arn=role)
    kind_word, _, rest = resource.partition("/")
    if kind_word == "federated-user":
        if re.fullmatch(_NAME, rest) is None:
            return None
        return Principal(PrincipalKind.FEDERATED_USER, arn, account, rest, unique_id=f"{account}:{rest}")
    session = _SESSION.fullmatch(rest) if kind_word == "assumed-role" else None
    if session is None:
        return None
    name, session_name = session.groups()
    if role_arn is not None:
        _check_role_arn(role_arn, account, name)
    return Principal(
        PrincipalKind.SESSION,
        arn,
        account,
        name,
        session_name,
        # aws:userid of a session is ROLEID:SESSION; the role's own id is the part before the colon.
        unique_id=unique_id.partition(":")[0],
        role_arn=role_arn or f"arn:{partition}:iam::{account}:role/{name}",
    )


def _check_role_arn(role_arn: str, account: str, name: str) -> None:
    found = _ARN.fullmatch(role_arn)
    if found is None or found[2] != "iam" or found[3] != account or not found[4].startswith("role/"):
        raise InvalidRequest(
            tr("{short!r} is not a role of account {account}.", short=_short(role_arn), account=account),
            where="role_arn",
            fix=tr("Give the session's own role."),
        )
    if found[4].rpartition("/")[2] != name:
        raise InvalidRequest(
            tr("{short!r} is not the role {name!r} of the session.", short=_short(role_arn), name=name),
            where="role_arn",
            fix=tr("Give the session's own role."),
        )


def is_provider(text: str) -> bool:
    """Whether it could be an identity provider: an ARN in IAM, or a domain such as cognito-identity.amazonaws.com."""
    return bool(_PROVIDER.fullmatch(text) or _ISSUER.fullmatch(text))


_REGION: Final = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-[0-9]+")


def global_name(service: str) -> str:
    """states.eu-west-1.amazonaws.com -> states.amazonaws.com; any other name as it is."""
    name, _, rest = service.partition(".")
    region, _, domain = rest.partition(".")
    return f"{name}.{domain}" if domain and _REGION.fullmatch(region) else service


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}…"
