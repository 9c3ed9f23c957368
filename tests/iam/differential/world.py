"""The little world in which the generated cases play: who asks, for what, and what AWS knows about the call.

The condition keys that follow from the caller are written down here from AWS's table of them, independently of the
engine: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

OPERATOR: Final = "111111111111"
SUBJECT: Final = "222222222222"
STRANGER: Final = "333333333333"
ACCOUNTS: Final = (OPERATOR, SUBJECT, STRANGER)
MACHINE: Final = f"arn:aws:states:eu-west-1:{OPERATOR}:stateMachine:operator-statemachine"


class Kind(StrEnum):
    USER = "user"
    ROLE = "role"
    SESSION = "session"
    ROOT = "root"
    SERVICE = "service"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `role_arn` is a session's role, with its path."""

    kind: Kind
    arn: str
    account: str = ""
    role_arn: str = ""

    @property
    def derived_keys(self) -> dict[str, str]:
        """What AWS puts into the context of every request of this caller."""
        if self.kind is Kind.ANONYMOUS:
            return {"aws:PrincipalAccount": "anonymous", "aws:PrincipalType": "Anonymous"}
        if self.kind is Kind.SERVICE:
            return {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": self.arn}
        keys = {
            "aws:PrincipalArn": self.role_arn or self.arn,
            "aws:PrincipalAccount": self.account,
            "aws:PrincipalIsAWSService": "false",
            "aws:PrincipalType": {Kind.USER: "User", Kind.ROOT: "Account"}.get(self.kind, "AssumedRole"),
        }
        if self.kind is Kind.USER:
            keys["aws:username"] = self.arn.rpartition("/")[2]
        if self.kind is Kind.ROOT:
            keys["aws:userid"] = self.account
        return keys


def _user(account: str, path_and_name: str) -> Caller:
    return Caller(Kind.USER, f"arn:aws:iam::{account}:user/{path_and_name}", account)


def _role(account: str, path_and_name: str) -> Caller:
    return Caller(Kind.ROLE, f"arn:aws:iam::{account}:role/{path_and_name}", account)


def _session(account: str, path_and_name: str, session: str) -> Caller:
    name = path_and_name.rpartition("/")[2]
    return Caller(
        Kind.SESSION,
        f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
        account,
        f"arn:aws:iam::{account}:role/{path_and_name}",
    )


def _root(account: str) -> Caller:
    return Caller(Kind.ROOT, f"arn:aws:iam::{account}:root", account)


# A caller that stands here several times is drawn so much more often.
CALLERS: Final = (
    *(_session(account, "operator-role", "run-1") for account in (OPERATOR, OPERATOR, SUBJECT)),
    _session(OPERATOR, "team/red/operator-role", "ada@example.com"),
    _session(SUBJECT, "subject-statemachine-execute-role", "run-1"),
    _session(SUBJECT, "subject-statemachine-execute-role", "run-1"),
    _user(OPERATOR, "ada"),
    _user(SUBJECT, "ada"),
    _user(OPERATOR, "team/red/grace"),
    _role(OPERATOR, "operator-role"),
    _role(SUBJECT, "team/red/operator-role"),
    _root(OPERATOR),
    Caller(Kind.SERVICE, "states.amazonaws.com"),
    Caller(Kind.SERVICE, "lambda.amazonaws.com"),
    Caller(Kind.ANONYMOUS, "*"),
)


class KeyType(StrEnum):
    """What a condition key holds, as AWS's service authorization reference says."""

    STRING = "String"
    NUMBER = "Numeric"
    DATE = "Date"
    BOOL = "Bool"
    IP = "IPAddress"
    ARN = "ARN"
    BINARY = "Binary"
    STRINGS = "ArrayOfString"


# Values are chosen so that some are equal, some differ in case or by one character, and some hold `*`, `?` or `$`.
KEYS: Final[dict[str, tuple[KeyType, tuple[str, ...]]]] = {
    "aws:PrincipalTag/team": (KeyType.STRING, ("red", "Red", "blue", "r*d", "red?", "$red", "operator-role")),
    "aws:PrincipalTag/blob": (KeyType.BINARY, ("QmluYXJ5", "QmluYXJ6", "AA==", "qmluyxj5")),
    "aws:PrincipalTag/level": (KeyType.NUMBER, ("7", "7.0", "7.5", "10", "-3", "0.1")),
    "aws:PrincipalOrgID": (KeyType.STRING, ("o-a1b2c3d4e5", "o-a1b2c3d4e6")),
    "aws:PrincipalOrgPaths": (KeyType.STRINGS, ("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/", "o-a1b2c3d4e5/r-ab12/")),
    "aws:RequestedRegion": (KeyType.STRING, ("eu-west-1", "eu-west-2", "us-east-1")),
    "aws:UserAgent": (KeyType.STRING, ("Boto3/1.40", "boto3/1.40", "curl/8 (*)")),
    "aws:SourceAccount": (KeyType.STRING, ACCOUNTS),
    "aws:SourceArn": (KeyType.ARN, (MACHINE, MACHINE + "-2", MACHINE.replace(OPERATOR, STRANGER))),
    "aws:SourceIp": (KeyType.IP, ("203.0.113.7", "203.0.114.7", "10.0.0.1", "2001:db8:1234:5678::1")),
    "aws:VpcSourceIp": (KeyType.IP, ("10.0.0.1", "10.0.1.1")),
    "aws:CurrentTime": (KeyType.DATE, ("2026-11-24T09:00:00Z", "2026-11-24T09:00:01Z", "2025-12-31T23:59:59Z")),
    "aws:EpochTime": (KeyType.DATE, ("1795510800", "1795510801")),
    "aws:TokenIssueTime": (KeyType.DATE, ("2026-11-24T08:00:00Z", "2026-11-24T09:00:00Z")),
    "aws:SecureTransport": (KeyType.BOOL, ("true", "false")),
    "aws:MultiFactorAuthPresent": (KeyType.BOOL, ("true", "false")),
    "aws:ViaAWSService": (KeyType.BOOL, ("true", "false")),
    "aws:MultiFactorAuthAge": (KeyType.NUMBER, ("0", "299", "300", "301", "3600")),
    "aws:CalledVia": (KeyType.STRINGS, ("states.amazonaws.com", "glue.amazonaws.com", "athena.amazonaws.com")),
    "aws:TagKeys": (KeyType.STRINGS, ("stage", "Stage", "team", "cost-centre")),
    "aws:ResourceTag/stage": (KeyType.STRING, ("prod", "Prod", "test")),
    "aws:RequestTag/stage": (KeyType.STRING, ("prod", "Prod", "test")),
    "sts:ExternalId": (KeyType.STRING, (MACHINE, MACHINE.lower(), f"{MACHINE}2", MACHINE.replace("west-1", "west-2"))),
    "sts:RoleSessionName": (KeyType.STRING, ("run-1", "run-2", "ada")),
    "sts:SourceIdentity": (KeyType.STRING, ("ada", "Ada", "grace")),
    "sts:TransitiveTagKeys": (KeyType.STRINGS, ("team", "stage", "Team")),
    "states:StateMachineQualifier": (KeyType.STRINGS, ("prod", "PROD", "3")),
    "iam:PassedToService": (KeyType.STRING, ("states.amazonaws.com", "lambda.amazonaws.com")),
    "iam:AssociatedResourceArn": (KeyType.ARN, (MACHINE, MACHINE + "-2")),
    "s3:prefix": (KeyType.STRING, ("home/ada/", "home/grace/", "home/", "home/*")),
    "s3:max-keys": (KeyType.NUMBER, ("10", "11", "1000")),
    "s3:x-amz-acl": (KeyType.STRING, ("private", "bucket-owner-full-control")),
    "s3:ExistingObjectTag/class": (KeyType.STRING, ("public", "Public", "secret")),
}  # fmt: skip
ANYWHERE: Final = tuple(
    key for key in KEYS if key.startswith("aws:") and not key.startswith(("aws:ResourceTag", "aws:RequestTag"))
)


@dataclass(frozen=True, slots=True)
class Target:
    """What may be asked for, on what, and the keys that only such a request has."""

    action: str
    resource: str
    account: str
    keys: tuple[str, ...] = ()

    @property
    def service(self) -> str:
        return self.action.partition(":")[0]

    @property
    def is_trust(self) -> bool:
        return self.service == "sts"

    @property
    def may_have_policy(self) -> bool:
        """Whether AWS lets one attach a policy to such a resource."""
        return self.service in ("sts", "s3", "sqs")


_ROLE_KEYS: Final = ("aws:ResourceTag/stage",)
_ASSUME_KEYS: Final = (
    *_ROLE_KEYS,
    "aws:RequestTag/stage",
    "sts:ExternalId",
    "sts:ExternalId",
    "sts:RoleSessionName",
    "sts:SourceIdentity",
    "sts:TransitiveTagKeys",
)
_EXECUTE_ROLE: Final = f"arn:aws:iam::{SUBJECT}:role/subject-statemachine-execute-role"
_BUCKET: Final = "arn:aws:s3:::operator-bucket"


def _machine(account: str) -> str:
    return f"arn:aws:states:eu-west-1:{account}:stateMachine:subject-statemachine"


def _execution(account: str) -> str:
    return f"arn:aws:states:eu-west-1:{account}:execution:subject-statemachine:run-1"


TARGETS: Final = (
    *(Target("sts:AssumeRole", _EXECUTE_ROLE, SUBJECT, _ASSUME_KEYS) for _ in range(5)),
    *(Target("sts:AssumeRole", f"arn:aws:iam::{OPERATOR}:role/team/red/helper", OPERATOR, _ASSUME_KEYS) for _ in "12"),
    Target("sts:TagSession", _EXECUTE_ROLE, SUBJECT, (*_ROLE_KEYS, "aws:RequestTag/stage", "sts:TransitiveTagKeys")),
    Target("sts:SetSourceIdentity", _EXECUTE_ROLE, SUBJECT, (*_ROLE_KEYS, "sts:SourceIdentity")),
    *(
        Target("states:StartExecution", _machine(account), account, ("states:StateMachineQualifier", *_ROLE_KEYS))
        for account in (SUBJECT, SUBJECT, OPERATOR)
    ),
    *(Target("states:DescribeExecution", _execution(account), account, _ROLE_KEYS) for account in (SUBJECT, OPERATOR)),
    Target("states:StopExecution", _execution(SUBJECT), SUBJECT, _ROLE_KEYS),
    Target("states:CreateStateMachine", _machine(OPERATOR), OPERATOR, ("aws:RequestTag/stage", *_ROLE_KEYS)),
    *(Target("states:ListStateMachines", "*", account) for account in (OPERATOR, SUBJECT)),
    *(
        Target("iam:PassRole", role, role[13:25], ("iam:PassedToService", "iam:AssociatedResourceArn", *_ROLE_KEYS))
        for role in (
            f"arn:aws:iam::{OPERATOR}:role/operator-role",
            f"arn:aws:iam::{SUBJECT}:role/team/red/operator-role",
        )
    ),
    *(
        Target("s3:GetObject", f"{_BUCKET}/people/ada/notes.txt", account, ("s3:ExistingObjectTag/class",))
        for account in (OPERATOR, SUBJECT)
    ),
    Target("s3:PutObject", f"{_BUCKET}/people/red/a$b.txt", OPERATOR, ("s3:x-amz-acl",)),
    *(Target("s3:ListBucket", _BUCKET, account, ("s3:prefix", "s3:max-keys")) for account in (OPERATOR, SUBJECT)),
    *(
        Target("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{account}:ada-queue", account, _ROLE_KEYS)
        for account in (OPERATOR, SUBJECT)
    ),
)
