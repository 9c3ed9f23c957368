"""Role sessions: the temporary credentials that AssumeRole hands out, and for how long they are good.

Kept here and not in moto, whose sessions neither expire nor know the role's unique id.
"""

from __future__ import annotations

import base64
import secrets
import string
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

_KEY_ALPHABET: Final = string.ascii_uppercase + "234567"
# Expired sessions are dropped in bulk, once this many are held.
_SWEEP_EVERY: Final = 512


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
    def user_id(self) -> str:
        return f"{self.role_id}:{self.name}"

    def expired(self) -> bool:
        return datetime.now(UTC) >= self.expires


class SessionStore:
    """Every session that is still good, by access key id. Safe to use from several threads."""

    def __init__(self) -> None:
        self._sessions: dict[str, RoleSession] = {}
        self._lock = threading.Lock()

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
        """Make and keep a new session with credentials of its own, good for `seconds`."""
        now = datetime.now(UTC).replace(microsecond=0)
        session = RoleSession(
            account_id=account_id,
            role_name=role_name,
            role_arn=role_arn,
            role_id=role_id,
            name=name,
            partition=partition,
            access_key_id=new_key_id("ASIA"),
            secret_access_key=new_secret(),
            session_token=base64.b64encode(secrets.token_bytes(96)).decode(),
            issued=now,
            expires=now + timedelta(seconds=seconds),
            session_policies=session_policies,
            tags=dict(tags or {}),
            source_identity=source_identity,
        )
        with self._lock:
            if len(self._sessions) % _SWEEP_EVERY == _SWEEP_EVERY - 1:
                self._sessions = {key: kept for key, kept in self._sessions.items() if not kept.expired()}
            self._sessions[session.access_key_id] = session
        return session

    def drop(self, access_key_id: str) -> None:
        """Forget a session that nobody can use any more, such as an ended task's."""
        with self._lock:
            self._sessions.pop(access_key_id, None)

    def get(self, access_key_id: str) -> RoleSession | None:
        """The session with this key, expired or not; None for a key that was never issued or is long gone."""
        return self._sessions.get(access_key_id)


def new_key_id(prefix: str) -> str:
    """A fresh access key id: `AKIA…` for users, `ASIA…` for sessions; 20 characters."""
    # The alphabet has 32 characters, so five bits of each random byte choose one without bias.
    return prefix + "".join(_KEY_ALPHABET[byte & 31] for byte in secrets.token_bytes(16))


def new_secret() -> str:
    """A fresh secret access key: 40 characters, as AWS makes them."""
    return base64.b64encode(secrets.token_bytes(30)).decode()


def new_session_name() -> str:
    """What Step Functions calls its own sessions: 32 random letters (observed, not documented)."""
    # A name, not a secret: the slight bias of `% 52` is of no use to anybody.
    return "".join(string.ascii_letters[byte % 52] for byte in secrets.token_bytes(32))
