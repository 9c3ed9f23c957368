"""STS: who am I, AssumeRole and its limits, and sessions that end."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.facts import Tag, fact
from tests.sandbox.test_recorded_api import fields, refused
from tests.sandbox.world import World
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.sandbox.gateway.sessions import SessionOffice

pytestmark = pytest.mark.usefixtures("no_http")

STS = "localstack sts/test_sts"
ADMINISTRATOR = "arn:aws:iam::111111111111:user/administrator"


class Assumable:
    """A role of the Operator account that its administrator may assume, and that may be chained to itself."""

    def __init__(self, world: World, *, seconds: int = 3600) -> None:
        self.world = world
        self.name = world.scenario.operator_role_name
        self.arn = world.scenario.operator_role_arn
        trust = {
            "Effect": "Allow",
            "Principal": {"AWS": "111111111111"},
            "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        }
        created = world.operator_iam.create_role(
            RoleName=self.name,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}),
            MaxSessionDuration=seconds,
        )
        self.id = created["Role"]["RoleId"]
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        world.operator_iam.put_role_policy(
            RoleName=self.name,
            PolicyName="everything",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": everything}),
        )

    @property
    def sts(self) -> Any:
        return self.world.client(Side.OPERATOR, "sts")

    def assume(self, **params: Any) -> dict[str, Any]:
        return dict(self.sts.assume_role(RoleArn=self.arn, **{"RoleSessionName": "session", **params}))

    def refused(self, **params: Any) -> tuple[str, str, int]:
        return refused(self.sts.assume_role, RoleArn=self.arn, **{"RoleSessionName": "session", **params})

    def as_session(self, service: str, **params: Any) -> Any:
        """A client with a session's credentials."""
        issued = self.assume(**params)["Credentials"]
        return self.world.client_with(service, issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])


@pytest.fixture
def role(world: World) -> Assumable:
    return Assumable(world)


@fact("S1", f"{STS}::test_assume_role, 2024-06-05")
def test_assume_role_answers_with_these_fields(role: Assumable) -> None:
    """AssumeRole answers with AssumedRoleUser and Credentials; no PackedPolicySize without policies or tags."""
    answer = role.assume()

    assert fields(answer) == {"AssumedRoleUser", "Credentials"}
    assert answer["AssumedRoleUser"] == {
        "Arn": f"arn:aws:sts::111111111111:assumed-role/{role.name}/session",
        "AssumedRoleId": f"{role.id}:session",
    }
    assert set(answer["Credentials"]) == {"AccessKeyId", "Expiration", "SecretAccessKey", "SessionToken"}
    assert re.fullmatch(r"ASIA[A-Z2-7]{16}", answer["Credentials"]["AccessKeyId"])


@fact("S2", "API_AssumeRole.html", Tag.DOC)
def test_a_session_lasts_an_hour_by_default(role: Assumable) -> None:
    """Without DurationSeconds a session is good for 3600 seconds."""
    left = role.assume()["Credentials"]["Expiration"] - datetime.now(UTC)

    assert timedelta(seconds=3590) < left <= timedelta(seconds=3600)


@fact("S3", f"{STS}::test_sts_invalid_parameters, 2025-07-21")
@pytest.mark.parametrize(
    "arn",
    [
        "nothing-valid-in-here",
        "arn::b:::something/test-role",
        "arn:a::::something/test-role",
        "arn:a:::something/test-role",
        "arn:a:a::aaaaaaaaaa:",
    ],
)
def test_a_role_arn_that_is_none(world: World, arn: str) -> None:
    """What is no role ARN is ValidationError, HTTP 400, with this text."""
    sts = world.client(Side.OPERATOR, "sts")

    assert refused(sts.assume_role, RoleArn=arn, RoleSessionName="session") == (
        *("ValidationError", f"{arn} is invalid", 400),
    )


@fact("S4", f"{STS}::test_sts_invalid_parameters, 2025-07-21")
def test_a_session_name_with_a_colon(role: Assumable) -> None:
    """A session name with a character it can't have is ValidationError with the pattern."""
    assert role.refused(RoleSessionName="Session1:2") == (
        "ValidationError",
        "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w+=,.@-]*",
        400,
    )


@fact("S5", "botocore sts/2011-06-15 (externalIdType); the form as in test_sts_invalid_parameters", Tag.MODEL)
def test_an_external_id_with_a_blank(role: Assumable) -> None:
    """An external ID with a character it can't have is denied in the same form."""
    assert role.refused(ExternalId="not one") == (
        "ValidationError",
        "1 validation error detected: Value 'not one' at 'externalId' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w+=,.@:\/-]*",
        400,
    )


@fact("S6", f"{STS}::test_assume_role_tag_validation, 2025-04-10")
def test_tag_keys_that_differ_in_case_only(role: Assumable) -> None:
    """Two tags whose keys differ in case only are InvalidParameterValue."""
    tags = [{"Key": "SessionTag", "Value": "1"}, {"Key": "sessiontag", "Value": "2"}]

    assert role.refused(Tags=tags) == (
        "InvalidParameterValue",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        400,
    )


@fact("S7", f"{STS}::test_assume_role_tag_validation, 2025-04-10")
def test_a_transitive_key_that_is_no_tag(role: Assumable) -> None:
    """A transitive tag key must be one of the tags."""
    assert role.refused(Tags=[{"Key": "a", "Value": "1"}], TransitiveTagKeys=["b"]) == (
        "InvalidParameterValue",
        "The specified transitive tag key must be included in the requested tags.",
        400,
    )


@fact("S8", "API_AssumeRole.html; the text in public reports", Tag.COMM)
def test_longer_than_the_role_allows(role: Assumable) -> None:
    """DurationSeconds above the role's MaxSessionDuration is ValidationError."""
    assert role.refused(DurationSeconds=3601) == (
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        400,
    )


@fact("S9", "id_roles.html#iam-term-role-chaining; the text in public reports", Tag.COMM)
def test_a_chained_session_lasts_an_hour_at_most(world: World) -> None:
    """A session that assumes a role gets an hour at most, whatever the role allows."""
    role = Assumable(world, seconds=43200)
    chained = role.as_session("sts")

    assert refused(chained.assume_role, RoleArn=role.arn, RoleSessionName="next", DurationSeconds=3601) == (
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        400,
    )
    assert role.assume(DurationSeconds=43200)["Credentials"]["Expiration"] > datetime.now(UTC) + timedelta(hours=11)


@fact("S10", "botocore sts/2011-06-15 (roleDurationSecondsType)", Tag.MODEL)
@pytest.mark.parametrize(
    ("seconds", "constraint"),
    [(899, "greater than or equal to 900"), (43201, "less than or equal to 43200")],
)
def test_a_session_has_15_minutes_to_12_hours(world: World, seconds: int, constraint: str) -> None:
    """DurationSeconds outside 900 to 43200 breaks the model's constraint."""
    sts = world.client_without_checks(Side.OPERATOR, "sts")

    code, message, _ = refused(
        sts.assume_role, RoleArn=ADMINISTRATOR.replace("user", "role"), RoleSessionName="s1", DurationSeconds=seconds
    )

    assert (code, message) == (
        "ValidationError",
        f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: "
        f"Member must have value {constraint}",
    )


@fact("S11", "public reports, long-standing", Tag.COMM)
def test_a_refused_assume_role_names_caller_and_role(world: World) -> None:
    """Across accounts, a denial is AccessDenied, HTTP 403, and tells no reason."""
    world.build()

    assert refused(
        world.client(Side.OPERATOR, "sts").assume_role,
        RoleArn=world.scenario.execute_role_arn,
        RoleSessionName="by-hand",
    ) == (
        "AccessDenied",
        f"User: {ADMINISTRATOR} is not authorized to perform: sts:AssumeRole on resource: "
        f"{world.scenario.execute_role_arn}",
        403,
    )


@fact("S12", "public reports", Tag.COMM)
def test_a_missing_role_is_refused_like_one_that_does_not_trust(world: World) -> None:
    """A role that doesn't exist is denied in the same words: AWS doesn't tell which roles there are."""
    arn = "arn:aws:iam::222222222222:role/missing"

    assert refused(world.client(Side.OPERATOR, "sts").assume_role, RoleArn=arn, RoleSessionName="by-hand") == (
        *(
            "AccessDenied",
            f"User: {ADMINISTRATOR} is not authorized to perform: sts:AssumeRole on resource: {arn}",
            403,
        ),
    )


@fact("S13", "API_GetCallerIdentity.html", Tag.DOC)
def test_get_caller_identity_needs_no_permission(role: Assumable) -> None:
    """GetCallerIdentity tells account, ARN and id of a session, even where a policy denies it."""
    deny = {"Effect": "Deny", "Action": "sts:GetCallerIdentity", "Resource": "*"}
    role.world.operator_iam.put_role_policy(
        RoleName=role.name,
        PolicyName="deny",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": deny}),
    )

    answer = role.as_session("sts").get_caller_identity()

    del answer["ResponseMetadata"]
    assert answer == {
        "Account": "111111111111",
        "Arn": f"arn:aws:sts::111111111111:assumed-role/{role.name}/session",
        "UserId": f"{role.id}:session",
    }


@fact("S14", "API_GetCallerIdentity.html", Tag.DOC)
def test_get_caller_identity_of_a_user(world: World) -> None:
    """Of a user it tells the user's ARN and unique ID."""
    answer = world.client(Side.OPERATOR, "sts").get_caller_identity()

    assert (answer["Account"], answer["Arn"]) == ("111111111111", ADMINISTRATOR)
    assert answer["UserId"].startswith("AIDA")


@fact("S15", "access_policies.html#policies_session", Tag.DOC)
def test_a_session_policy_narrows_the_session(role: Assumable) -> None:
    """With a session policy the session may do what both allow; the denial names the session policy."""
    only = {"Effect": "Allow", "Action": "states:ListStateMachines", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": only})
    answer = role.assume(Policy=policy)
    issued = answer["Credentials"]
    keys = (issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])
    states = role.world.client_with("stepfunctions", *keys)

    states.list_state_machines()
    code, message, _ = refused(states.list_activities)

    assert code == "AccessDeniedException"
    assert message.endswith("because no session policy allows the states:ListActivities action")
    assert answer["PackedPolicySize"] >= 1


@fact("S16", "API_AssumeRole.html (Policy: 2,048 characters)", Tag.DOC)
def test_a_session_policy_has_2048_characters(role: Assumable) -> None:
    """A longer session policy is ValidationError."""
    code, message, _ = refused(
        role.world.client_without_checks(Side.OPERATOR, "sts").assume_role,
        RoleArn=role.arn,
        RoleSessionName="session",
        Policy="x" * 2049,
    )

    assert code == "ValidationError"
    assert message.endswith("Member must have length less than or equal to 2048")


@fact("S17", "id_credentials_temp_control-access_monitor.html", Tag.DOC)
def test_the_source_identity_is_told_and_kept(role: Assumable) -> None:
    """SourceIdentity comes back in the answer."""
    assert role.assume(SourceIdentity="ada")["SourceIdentity"] == "ada"


@fact("S18", "id_credentials_temp_control-access_disable-perms.html", Tag.DOC)
def test_permissions_that_are_taken_away_are_gone_at_once(role: Assumable) -> None:
    """A session's rights are its role's as they are now, not as they were when it began."""
    states = role.as_session("stepfunctions")
    states.list_state_machines()

    role.world.operator_iam.delete_role_policy(RoleName=role.name, PolicyName="everything")

    assert refused(states.list_state_machines)[0] == "AccessDeniedException"


@fact("S19", "public reports (ExpiredTokenException, ExpiredToken)", Tag.COMM)
def test_a_session_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session is good until its time is over."""
    sessions = SessionOffice("a secret")
    session = sessions.issue(
        account_id="111111111111",
        role_name="role",
        role_arn="arn:aws:iam::111111111111:role/role",
        role_id="AROAEXAMPLE",
        name="session",
        partition="aws",
        seconds=900,
    )
    assert not session.expired()

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(seconds=901)

    monkeypatch.setattr("xsfn_helpers.sandbox.gateway.sessions.datetime", Later)

    assert session.expired()


@pytest.mark.parametrize("operation", ["get_session_token", "get_access_key_info"])
def test_what_is_not_offered_is_refused_plainly(world: World, operation: str) -> None:
    params = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"} if operation == "get_access_key_info" else {}

    code, message, _ = refused(getattr(world.client(Side.OPERATOR, "sts"), operation), **params)

    assert code == "InvalidAction"
    assert message.startswith("The xsfn sandbox doesn't offer sts:Get")


@pytest.mark.parametrize(
    "params",
    [
        {"TransitiveTagKeys": ["a"], "Tags": [{"Key": "a", "Value": "1"}]},
        {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]},
    ],
    ids=["transitive tags", "policies by ARN"],
)
def test_parameters_that_would_be_ignored_are_refused(role: Assumable, params: dict[str, Any]) -> None:
    code, message, _ = role.refused(**params)

    assert code == "ValidationError"
    assert "The xsfn sandbox" in message


def test_no_mfa_code_is_right(role: Assumable) -> None:
    code, message, status = role.refused(SerialNumber="arn:aws:iam::111111111111:mfa/ada", TokenCode="123456")

    assert (code, status) == ("AccessDenied", 403)
    assert message == "MultiFactorAuthentication failed with invalid MFA one time pass code."
