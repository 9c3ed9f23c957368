"""Signature Version 4, verified: the request was made with the secret of the key it names, now, and for us. And made.

Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from botocore.credentials import ReadOnlyCredentials

from xsfn_helpers.sandbox.gateway.errors import incomplete_signature, missing_authentication, signature_mismatch
from xsfn_helpers.sandbox.http.wire import HttpRequest

ALLOWED_SKEW: Final = timedelta(minutes=5)
_AUTHORIZATION: Final = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=(?P<key>[A-Za-z0-9]{16,128})/(?P<date>[0-9]{8})/(?P<region>[a-z0-9-]{1,40})"
    r"/(?P<service>[a-z0-9-]{1,40})/aws4_request, *SignedHeaders=(?P<headers>[a-z0-9;._-]{1,2000}),"
    r" *Signature=(?P<signature>[0-9a-f]{64})"
)
_TIME_FORMAT: Final = "%Y%m%dT%H%M%SZ"
_TIME: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z")
# Of so many keys, what signs with them on a day is kept: it takes longer to make than the signature.
_KEPT: Final = 2048


@dataclass(frozen=True, slots=True)
class CredentialScope:
    """What the Authorization header claims: which key signed, for which service and region."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    time: datetime


def read_scope(request: HttpRequest, *, service_hint: str) -> CredentialScope:
    """The claim in the request's Authorization header, its shape and time already checked.

    Raises `Refusal` for an unsigned request, a malformed header, or a time more than five minutes off.
    """
    header = request.headers.get("authorization", "")
    if not header:
        raise missing_authentication(service_hint)
    match = _AUTHORIZATION.fullmatch(header.strip())
    if match is None:
        raise incomplete_signature(service_hint, "Authorization header is not a complete AWS4-HMAC-SHA256 signature.")
    service = match["service"]
    signed = tuple(match["headers"].split(";"))
    if "host" not in signed or "x-amz-date" not in signed:
        raise incomplete_signature(service, "'Host' and 'X-Amz-Date' must be 'SignedHeaders' in the Authorization.")
    if absent := [name for name in signed if name not in request.headers]:
        raise incomplete_signature(service, f"Signed header '{absent[0]}' is missing from the request.")
    # Otherwise a request that somebody saw could be sent again with another operation in X-Amz-Target.
    if unsigned := [name for name in request.headers if name.startswith("x-amz-") and name not in signed]:
        raise incomplete_signature(service, f"'{unsigned[0]}' must be a 'SignedHeader' in the AWS Authorization.")
    stamp = request.headers["x-amz-date"]
    when = _moment(stamp)
    if when is None:
        raise incomplete_signature(service, "Date must be in ISO-8601 'basic format'.")
    if stamp[:8] != match["date"]:
        raise signature_mismatch(
            service, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date."
        )
    now = datetime.now(UTC)
    if when < now - ALLOWED_SKEW:
        limit = (now - ALLOWED_SKEW).strftime(_TIME_FORMAT)
        raise signature_mismatch(
            service, f"Signature expired: {stamp} is now earlier than {limit} ({now:{_TIME_FORMAT}} - 5 min.)"
        )
    if when > now + ALLOWED_SKEW:
        limit = (now + ALLOWED_SKEW).strftime(_TIME_FORMAT)
        raise signature_mismatch(
            service, f"Signature not yet current: {stamp} is still later than {limit} ({now:{_TIME_FORMAT}} + 5 min.)"
        )
    return CredentialScope(match["key"], match["date"], match["region"], service, signed, match["signature"], when)


def verify(request: HttpRequest, scope: CredentialScope, *, secret: str) -> None:
    """Raise `Refusal` unless `secret` made this very request's signature, over this very body."""
    payload = hashlib.sha256(request.body).hexdigest()
    declared = request.headers.get("x-amz-content-sha256")
    if declared is not None and declared != payload:
        raise signature_mismatch(
            scope.service, "The provided 'x-amz-content-sha256' header does not match what was computed."
        )
    if not hmac.compare_digest(_signature(request, scope, secret, payload), scope.signature):
        raise signature_mismatch(scope.service)


def signed(
    credentials: ReadOnlyCredentials, service: str, region: str, *, headers: Mapping[str, str], body: bytes
) -> HttpRequest:
    """A request to `/` as an AWS client would sign it now, all of its headers included; `headers` name the host."""
    now = datetime.now(UTC)
    stamp = now.strftime(_TIME_FORMAT)
    token = {"x-amz-security-token": credentials.token} if credentials.token else {}
    sent = {**headers, "x-amz-date": stamp, **token}
    names = tuple(sorted(sent))
    key_id, secret = str(credentials.access_key), str(credentials.secret_key)
    scope = CredentialScope(key_id, stamp[:8], region, service, names, "", now)
    request = HttpRequest("POST", "/", "", sent, body)
    signature = _signature(request, scope, secret, hashlib.sha256(body).hexdigest())
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={scope.access_key_id}/{scope.date}/{region}/{service}/aws4_request, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return replace(request, headers={**sent, "authorization": authorization})


def _moment(stamp: str) -> datetime | None:
    match = _TIME.fullmatch(stamp)
    try:
        return datetime(*map(int, match.groups()), tzinfo=UTC) if match else None  # type: ignore[misc, arg-type]
    except ValueError:
        return None


def _signature(request: HttpRequest, scope: CredentialScope, secret: str, payload: str) -> str:
    """What `secret` signs this request with; `payload` is the hash of its body."""
    canonical = hashlib.sha256(_canonical(request, scope, payload).encode()).hexdigest()
    where = f"{scope.date}/{scope.region}/{scope.service}/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{request.headers['x-amz-date']}\n{where}\n{canonical}"
    return hmac.digest(_signing_key(secret, where), to_sign.encode(), "sha256").hex()


@lru_cache(maxsize=_KEPT)
def _signing_key(secret: str, where: str) -> bytes:
    """The key of a day, region and service, which AWS's clients keep as well."""
    key = f"AWS4{secret}".encode()
    for part in where.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _canonical(request: HttpRequest, scope: CredentialScope, payload: str) -> str:
    """The text whose hash is signed."""
    pairs = sorted(pair.partition("=")[::2] for pair in request.query.split("&")) if request.query else []
    signed = sorted(set(scope.signed_headers))
    headers = "".join(f"{name}:{' '.join(request.headers[name].split())}\n" for name in signed)
    query = "&".join(f"{name}={value}" for name, value in pairs)
    # Every service but S3 encodes the path as it is sent once more.
    path = request.path if scope.service == "s3" else quote(request.path, safe="/~")
    return "\n".join((request.method, path, query, headers, ";".join(signed), payload))
