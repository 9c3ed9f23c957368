"""What to do next about an error that AWS, or AWS's client, gives: one sentence or two for each that people meet.

Codes: docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and
docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html; denials' words:
docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html.
"""

from __future__ import annotations

import re
from typing import Final

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

from xsfn_helpers.common.language import mark, tr

LOG_IN: Final = mark(
    "Log in again (`aws sso login --profile NAME`, or whatever gives you your credentials), then call open_lab() again."
)
CLOCK: Final = mark(
    "This computer's clock differs from AWS's by minutes: let it be set by network time "
    "(`timedatectl set-ntp true`; on macOS, `sudo sntp -sS time.apple.com`), then do the same again.",
)
SERVICE_CONTROL: Final = mark(
    "A service control policy of your organization forbids it, and nothing in this account can "
    "allow it: ask whoever administers the organization, or choose another account or region."
)
# docs.aws.amazon.com/step-functions/latest/dg/stepfunctions-iam.html
MANAGED_RULE: Final = mark(
    "The state machine's role lacks it, not you: a task that waits for an execution as the "
    "machine's own role (.sync) needs events:PutTargets, events:PutRule and events:DescribeRule. "
    "With `Credentials` in every such task it doesn't."
)
NETWORK: Final = mark(
    "Is there a network, and a way to AWS through proxy (HTTPS_PROXY) and firewall? "
    "AWS_ENDPOINT_URL, if it is set, sends calls elsewhere. Put that right, then do the same again.",
)
_PERMISSION: Final = mark(
    "Give the identity you act as this permission, or take away what denies it, and do the same again."
)
_KEY: Final = mark(
    "On the sandbox: it has made new keys since, so call open_lab() again. On AWS: the access key "
    "has been deleted or switched off, or this region isn't enabled for the account; `aws sts "
    "get-caller-identity --profile NAME` tells."
)
_BY_CODE: Final = {
    "MalformedPolicyDocument": mark("Correct the policy document and do the same again."),
    "InvalidDefinition": mark("Correct the state machine's definition and do the same again."),
    "LimitExceeded": mark("Remove what is no longer needed in this account, or ask AWS for a higher quota."),
    "InvalidClientTokenId": _KEY,
    "UnrecognizedClientException": _KEY,
    "ExpiredToken": LOG_IN,
    "ExpiredTokenException": LOG_IN,
    "RequestExpired": CLOCK,
    "RequestTimeTooSkewed": CLOCK,
    "OptInRequired": mark("Enable the service, or the region, for this account in the AWS console, or choose another."),
}
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_SIGNATURE: Final = frozenset({"SignatureDoesNotMatch", "InvalidSignatureException"})
_THROTTLED: Final = frozenset(
    {
        *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException"),
        *("TooManyRequestsException", "RequestLimitExceeded", "SlowDown"),
    }
)
_CLOCK_WORDS: Final = re.compile(r"[Ss]ignature (expired|not yet current)|is now (earlier|later) than")
_SSO: Final = (*(boto.SSOError, boto.SSOTokenLoadError, boto.UnauthorizedSSOTokenError, boto.TokenRetrievalError),)


def is_loopback(url: str) -> bool:
    """Whether an endpoint is on this computer, as the sandbox is."""
    return re.match(r"https?://(127\.|localhost[:/]|\[::1\]|sandbox\.internal)", url) is not None


def after_refusal(error: ClientError) -> str:
    """The next step after AWS has denied a call; empty where AWS's own words say it all."""
    told = error.response.get("Error", {})
    code, message = told.get("Code", ""), told.get("Message", "")
    if code in _THROTTLED:
        return tr(
            "AWS wants fewer calls a second, and went on to after growing pauses. Wait a minute and do the "
            "same again: what has been made is found and used."
        )
    if code in _SIGNATURE:
        if _CLOCK_WORDS.search(message):
            return tr(CLOCK)
        return tr("The secret access key isn't that of the access key: copy both into your AWS profile again.")
    if code in _DENIED:
        return _after_denial(message)
    return tr(_BY_CODE.get(code, ""))


def _after_denial(message: str) -> str:
    if "service control policy" in message or "resource control policy" in message:
        return tr(SERVICE_CONTROL)
    if "permissions boundary" in message:
        return tr("A permissions boundary limits the identity you act as: ask whoever set it, or act as another.")
    if "session policy" in message or "sessions policy" in message:
        return tr("The session you act in was given a policy that limits it: take another session or another profile.")
    if "managed-rule" in message:
        return tr(MANAGED_RULE)
    return tr(_PERMISSION)


def before_sending(error: BotoCoreError) -> str:
    """The next step when there was nobody to sign the call, or no way to send it; empty where nothing is known."""
    if isinstance(error, boto.NoCredentialsError):
        return tr(
            "Name an AWS profile for each account (operator_profile and subject_profile, in xsfn.toml or as "
            "XSFN_… variables); `aws configure sso`, or `aws configure`, makes one."
        )
    if isinstance(error, boto.PartialCredentialsError):
        return tr(
            "Complete the profile: an access key needs its secret access key, and a temporary one its session token."
        )
    if isinstance(error, boto.ProfileNotFound):
        return tr(
            "`aws configure list-profiles` lists those there are; choose one, or make it with `aws configure sso`."
        )
    if isinstance(error, _SSO):
        return tr(LOG_IN)
    if isinstance(error, boto.RefreshWithMFAUnsupportedError):
        return tr("The session that your MFA code opened has ended: call open_lab() again, and give a new code.")
    if isinstance(error, boto.CredentialRetrievalError | boto.MetadataRetrievalError):
        return tr(
            "The profile's own way to credentials failed: `aws sts get-caller-identity --profile NAME` tells more."
        )
    if isinstance(error, boto.ConfigParseError | boto.InvalidConfigError):
        return tr("Correct your AWS configuration (~/.aws/config, or the file that AWS_CONFIG_FILE names).")
    return ""
