"""Role sessions: the temporary credentials that AssumeRole hands out, and for how long they are good.

Not moto's, whose sessions neither expire nor know the role's unique ID. Nothing is kept of them: the session token
itself says who its holder is, sealed with a key that only the sandbox has. So they take no memory, and outlive its
process.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from botocore.credentials import ReadOnlyCredentials

_KEY_ALPHABET: Final = string.ascii_uppercase + "234567"
_SEAL_BYTES: Final = 32
_SECRET_BYTES: Final = 30
# Read tokens that are kept, for who makes one call makes another.
_KEPT: Final = 256


@dataclass(frozen=True, slots=True)
class RoleSession:
    """One assumed role: who it is, its credentials, and the policies that narrow it."""

    account_id: str
    role_name: str
    role_arn: str
    role_id: str
    name: str
    partition: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    issued: datetime
    expires: datetime
    session_policies: tuple[tuple[str, str], ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    source_identity: str = ""

    @property
    def arn(self) -> str:
        return f"arn:{self.partition}:sts::{self.account_id}:assumed-role/{self.role_name}/{self.name}"

    @property
    def credentials(self) -> ReadOnlyCredentials:
        return ReadOnlyCredentials(self.access_key_id, self.secret_access_key, self.session_token)

    @property
    def user_id(self) -> str:
        return f"{self.role_id}:{self.name}"

    def expired(self) -> bool:
        return datetime.now(UTC) >= self.expires


class SessionOffice:
    """Issues sessions, and knows its own again. Safe to use from several threads."""

    def __init__(self, key: str) -> None:
        """`key` is the sandbox's secret: who has another, or none, can neither make nor change a session."""
        self._key = key.encode()
        self._known = lru_cache(maxsize=_KEPT)(self._read)

    def issue(
        self,
        *,
        account_id: str,
        role_name: str,
        role_arn: str,
        role_id: str,
        name: str,
        partition: str,
        seconds: int,
        session_policies: tuple[tuple[str, str], ...] = (),
        tags: Mapping[str, str] | None = None,
        source_identity: str = "",
    ) -> RoleSession:
        """A new session with credentials of its own, good for `seconds`."""
        now = int(datetime.now(UTC).timestamp())
        claims = {
            "account_id": account_id,
            "role_name": role_name,
            "role_arn": role_arn,
            "role_id": role_id,
            "name": name,
            "partition": partition,
            "access_key_id": new_key_id("ASIA"),
            "issued": now,
            "expires": now + seconds,
            "session_policies": session_policies,
            "tags": dict(tags or {}),
            "source_identity": source_identity,
        }
        text = json.dumps(claims, separators=(",", ":")).encode()
        return self._session(claims, base64.b64encode(self._seal(text) + text).decode())

    def session(self, access_key_id: str, token: str) -> RoleSession | None:
        """The session with this key and token, expired or not; None where the token isn't ours or is another key's."""
        session = self._known(token)
        return session if session is not None and session.access_key_id == access_key_id else None

    def _read(self, token: str) -> RoleSession | None:
        try:
            sealed = base64.b64decode(token, validate=True)
        except ValueError:
            return None
        seal, text = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
        return self._session(json.loads(text), token) if hmac.compare_digest(seal, self._seal(text)) else None

    def _session(self, claims: Mapping[str, Any], token: str) -> RoleSession:
        times = {name: datetime.fromtimestamp(claims[name], UTC) for name in ("issued", "expires")}
        policies = tuple((name, text) for name, text in claims["session_policies"])
        secret = hmac.digest(self._key, f"secret of {claims['access_key_id']}".encode(), hashlib.sha256)
        return RoleSession(
            **{**claims, **times, "session_policies": policies},
            secret_access_key=_as_secret(secret[:_SECRET_BYTES]),
            session_token=token,
        )

    def _seal(self, text: bytes) -> bytes:
        return hmac.digest(self._key, text, hashlib.sha256)


def new_key_id(prefix: str) -> str:
    """A fresh access key ID: `AKIA…` for users, `ASIA…` for sessions; 20 characters."""
    # The alphabet has 32 characters, so five bits of each random byte choose one without bias.
    return prefix + "".join(_KEY_ALPHABET[byte & 31] for byte in secrets.token_bytes(16))


def new_secret() -> str:
    """A fresh secret access key: 40 characters, as AWS makes them."""
    return _as_secret(secrets.token_bytes(_SECRET_BYTES))


def _as_secret(data: bytes) -> str:
    return base64.b64encode(data).decode()


def new_session_name() -> str:
    """What Step Functions calls its own sessions: 32 random letters (observed, not documented)."""
    # A name, not a secret: the slight bias of `% 52` is of no use to anybody.
    return "".join(string.ascii_letters[byte % 52] for byte in secrets.token_bytes(32))
