"""STS: AssumeRole and GetCallerIdentity, once the gateway has decided that they are allowed."""

from __future__ import annotations

from xml.sax.saxutils import escape

from xsfn_helpers.iam import Policy, PolicyError, PolicyKind
from xsfn_helpers.sandbox.gateway.callers import Caller
from xsfn_helpers.sandbox.gateway.calls import Params, form_list
from xsfn_helpers.sandbox.gateway.errors import Refusal
from xsfn_helpers.sandbox.gateway.rules import malformed
from xsfn_helpers.sandbox.gateway.sessions import RoleSession, SessionOffice
from xsfn_helpers.sandbox.gateway.stored import NamedPolicy, StoredRole

_XMLNS = "https://sts.amazonaws.com/doc/2011-06-15/"
DEFAULT_SECONDS = 3600
_CHAINED_LIMIT = 3600
_SESSION_POLICY_QUOTA = 2048


def caller_identity(caller: Caller, *, request_id: str) -> bytes:
    """GetCallerIdentity's answer: which session is this. Needs no permission."""
    return _answer(
        "GetCallerIdentity",
        f"<Arn>{escape(caller.arn)}</Arn><UserId>{escape(caller.user_id)}</UserId><Account>{caller.account_id}</Account>",
        request_id,
    )


def assume_role(
    caller: Caller, role: StoredRole, params: Params, *, sessions: SessionOffice, partition: str, request_id: str
) -> bytes:
    """Issue a session of `role` and answer with its credentials.

    Raises `Refusal` for a duration the role, or role chaining (one hour), doesn't allow, and a bad session policy.
    Source: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    """
    if "SerialNumber" in params or "TokenCode" in params:
        # No user of the sandbox has an MFA device, so no code is right.
        raise Refusal("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.", 403)
    session = sessions.issue(
        account_id=role.account_id,
        role_name=role.name,
        role_arn=role.arn,
        role_id=role.unique_id,
        name=params["RoleSessionName"],
        partition=partition,
        seconds=_seconds(params, role, chained=caller.is_session),
        session_policies=_session_policies(params),
        tags={tag.get("Key", ""): tag.get("Value", "") for tag in form_list(params, "Tags")},
        source_identity=params.get("SourceIdentity", ""),
    )
    return _answer("AssumeRole", _credentials_xml(session), request_id)


def _seconds(params: Params, role: StoredRole, *, chained: bool) -> int:
    text = params.get("DurationSeconds")
    if text is None:
        return DEFAULT_SECONDS
    seconds = int(text)
    if seconds > role.max_session_seconds:
        raise Refusal(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    if chained and seconds > _CHAINED_LIMIT:
        raise Refusal(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        )
    return seconds


def _session_policies(params: Params) -> tuple[NamedPolicy, ...]:
    if form_list(params, "PolicyArns"):
        raise Refusal("ValidationError", "The xsfn sandbox takes session policies inline (Policy), not by PolicyArns.")
    text = params.get("Policy")
    if not text:
        return ()
    if len(text) > _SESSION_POLICY_QUOTA:
        raise Refusal(
            "ValidationError",
            f"1 validation error detected: Value '{text}' at 'policy' failed to satisfy constraint: Member must have "
            f"length less than or equal to {_SESSION_POLICY_QUOTA}",
        )
    try:
        Policy.parse(text, kind=PolicyKind.SESSION, name="session policy")
    except PolicyError as error:
        raise malformed(error) from None
    return (("session policy", text),)


def _credentials_xml(session: RoleSession) -> str:
    return (
        f"<AssumedRoleUser><AssumedRoleId>{escape(session.user_id)}</AssumedRoleId>"
        f"<Arn>{escape(session.arn)}</Arn></AssumedRoleUser>"
        f"<Credentials><AccessKeyId>{session.access_key_id}</AccessKeyId>"
        f"<SecretAccessKey>{session.secret_access_key}</SecretAccessKey>"
        f"<SessionToken>{session.session_token}</SessionToken>"
        f"<Expiration>{session.expires:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>"
        f"{_packed_size(session)}{_source_identity(session)}"
    )


def _packed_size(session: RoleSession) -> str:
    """How much of the quota the policies and tags take, in percent; AWS packs them in a format of its own."""
    if not session.session_policies and not session.tags:
        return ""
    letters = sum(len(text) for _, text in session.session_policies)
    letters += sum(len(key) + len(value) for key, value in session.tags.items())
    return f"<PackedPolicySize>{min(100, max(1, letters * 100 // _SESSION_POLICY_QUOTA))}</PackedPolicySize>"


def _source_identity(session: RoleSession) -> str:
    return f"<SourceIdentity>{escape(session.source_identity)}</SourceIdentity>" if session.source_identity else ""


def _answer(operation: str, result: str, request_id: str) -> bytes:
    return (
        f'<{operation}Response xmlns="{_XMLNS}"><{operation}Result>{result}</{operation}Result>'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    ).encode()
