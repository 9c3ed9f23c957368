"""Grants of KMS keys: as ListGrants tells of them, read into the form of a policy, which they are decided in.

A grant lets one principal call some operations with one key, and can't deny anything. Its constraints hold for the
calls that have an encryption context. That it is enough across accounts, too, without a policy of the grantee's, shows
docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html: the role has no permission.

Sources: docs.aws.amazon.com/kms/latest/developerguide/grants.html, …/create-grant-overview.html and
docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from xsfn_helpers.common.json_text import shown, type_name
from xsfn_helpers.common.language import tr
from xsfn_helpers.iam.errors import InvalidRequest, Unsupported
from xsfn_helpers.iam.kinds import PolicyKind
from xsfn_helpers.iam.policy import Policy
from xsfn_helpers.iam.principal_element import is_valid_principal
from xsfn_helpers.iam.principals import SERVICE_NAME
from xsfn_helpers.iam.request import Request

Document = dict[str, Any]

_WITH_CONTEXT: Final = (
    *("Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair"),
    *("GenerateDataKeyPairWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"),
)
_WITHOUT_CONTEXT: Final = (
    *("CreateGrant", "DescribeKey", "RetireGrant", "Sign", "Verify", "GetPublicKey", "GenerateMac", "VerifyMac"),
    "DeriveSharedSecret",
)
_KEYS: Final = (
    *("GrantId", "Name", "KeyId", "GranteePrincipal", "GranteeServicePrincipal", "RetiringPrincipal"),
    *("RetiringServicePrincipal", "Operations", "Constraints", "CreationDate", "IssuingAccount"),
)
_CONSTRAINTS: Final = ("EncryptionContextEquals", "EncryptionContextSubset", "SourceArn")
_CONTEXT: Final = "kms:EncryptionContext:"


def grant_of(given: Mapping[str, Any], key_arn: str, *, where: str) -> Policy:
    """A grant of this key, as ListGrants tells of it. `where` is how messages call it, unless it has an ID.

    Raises `InvalidRequest` for what KMS wouldn't take.
    """
    _check(isinstance(given, Mapping), tr("A grant is an object, not {type_name}.", type_name=type_name(given)), where)
    for name in given:
        known = tr("Known here: {names}.", names=", ".join(_KEYS))
        _check(name in _KEYS, tr("There is no {shown} in a grant.", shown=shown(name)), where, known)
    operations = given.get("Operations")
    _check(
        isinstance(operations, list)
        and bool(operations)
        and all(isinstance(one, str) and one in _OPERATIONS for one in operations),
        tr("Operations is a list of KMS operations, not {shown}.", shown=shown(operations)),
        where,
        tr("There are {names}.", names=", ".join(sorted(_OPERATIONS))),
    )
    principal = _principal(given, where)
    grant_id = given.get("GrantId")
    title = tr("grant {id}", id=grant_id) if isinstance(grant_id, str) and grant_id else where
    statements = list(_statements(operations or [], principal, key_arn, _conditions(given.get("Constraints"), where)))
    # This version has no variables, nor have grants.
    text = json.dumps({"Version": "2008-10-17", "Statement": statements})
    return Policy.parse_part(text, kind=PolicyKind.GRANT, name=title)


def _principal(given: Mapping[str, Any], where: str) -> Document:
    service, grantee = given.get("GranteeServicePrincipal"), given.get("GranteePrincipal")
    if service is None and isinstance(grantee, str) and SERVICE_NAME.fullmatch(grantee):
        service, grantee = grantee, None
    fits = (
        grantee is None and isinstance(service, str) and bool(SERVICE_NAME.fullmatch(service))
        if service is not None
        else isinstance(grantee, str) and grantee != "*" and is_valid_principal("AWS", grantee)
    )
    _check(fits, tr("A grant has one grantee: the ARN of a principal, or a service's name."), where)
    return {"Service": service} if service is not None else {"AWS": grantee}


def _conditions(given: Any, where: str) -> Document:
    """What a grant's constraints ask of a request: a pair's name in any case of letters, its value to the letter."""
    given = given or {}
    _check(
        isinstance(given, Mapping) and all(name in _CONSTRAINTS for name in given),
        tr("Constraints is an object with {names}.", names=tr(" or ").join(_CONSTRAINTS)),
        where,
    )
    equals: Document = {}
    conditions: Document = {"StringEquals": equals}
    for name in _CONSTRAINTS[:2]:
        pairs = given.get(name) or {}
        _check(
            isinstance(pairs, Mapping) and all(isinstance(value, str) for value in pairs.values()),
            tr("An encryption context is an object of texts."),
            f"{where} {name}",
        )
        equals |= {f"{_CONTEXT}{key}": value for key, value in pairs.items()}
        if pairs and name == "EncryptionContextEquals":
            conditions["ForAllValues:StringEqualsIgnoreCase"] = {"kms:EncryptionContextKeys": list(pairs)}
    if (source := given.get("SourceArn")) is not None:
        _check(isinstance(source, str), tr("SourceArn is an ARN."), where)
        equals["aws:SourceArn"] = source
    return {operator: keys for operator, keys in conditions.items() if keys}


def _statements(operations: list[str], principal: Document, key_arn: str, conditions: Document) -> Iterator[Document]:
    for sid, among in (("Operations", _WITH_CONTEXT), ("WithoutEncryptionContext", _WITHOUT_CONTEXT)):
        actions = [f"kms:{one}" for one in operations if one in among]
        if not actions:
            continue
        statement = {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": actions, "Resource": key_arn}
        if among is _WITH_CONTEXT and conditions:
            statement["Condition"] = conditions
        yield statement


def check_delegation(request: Request) -> None:
    """Refuse to guess what a grant lets its grantee hand on or retire: that is in another grant, not in the request.

    Raises `Unsupported` for CreateGrant and RetireGrant.
    """
    if request.action_lower not in _ABOUT_GRANTS:
        return
    raise Unsupported(
        tr(
            "whether a grant allows {action} depends on the other grant, which isn't in the request.",
            action=request.action,
        )
    )


_OPERATIONS: Final = frozenset((*_WITH_CONTEXT, *_WITHOUT_CONTEXT))
_ABOUT_GRANTS: Final = frozenset({"kms:creategrant", "kms:retiregrant"})


def _check(holds: bool, what: str, where: str, fix: str = "") -> None:
    if not holds:
        raise InvalidRequest(what, where=where, fix=fix)
