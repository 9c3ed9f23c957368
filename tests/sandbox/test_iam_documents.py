"""What IAM keeps, denies and answers: roles, policies, quotas."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.sandbox.facts import Tag, fact
from tests.sandbox.test_recorded_api import fields, refused
from tests.sandbox.world import World
from xsfn_helpers.chain.scenario import Side

pytestmark = pytest.mark.usefixtures("no_http")

IAM = "localstack iam/test_iam, 2025-03-06"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


def trusting(**changes: Any) -> str:
    return json.dumps({**TRUST, "Statement": [{**TRUST["Statement"][0], **changes}]})  # type: ignore[dict-item]


@pytest.fixture
def role(world: World) -> str:
    """The name of a role of the Operator account."""
    name = world.scenario.operator_role_name
    world.operator_iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    return name


# --- roles -----------------------------------------------------------------------------------------------------------


@fact("I1", f"{IAM}::test_create_describe_role; test_role_with_tags, 2025-07-02")
def test_create_role_answers_with_these_fields(world: World) -> None:
    """CreateRole answers without MaxSessionDuration and RoleLastUsed; the ARN has the path; tags come back."""
    role = world.operator_iam.create_role(
        RoleName=world.scenario.operator_role_name,
        Path="/a/path/",
        AssumeRolePolicyDocument=json.dumps(TRUST),
        Tags=[{"Key": "test", "Value": "value"}],
    )["Role"]

    assert set(role) == {"Arn", "AssumeRolePolicyDocument", "CreateDate", "Path", "RoleId", "RoleName", "Tags"}
    assert role["Arn"] == f"arn:aws:iam::111111111111:role/a/path/{world.scenario.operator_role_name}"
    assert role["AssumeRolePolicyDocument"] == TRUST
    assert role["Tags"] == [{"Key": "test", "Value": "value"}]


@fact("I2", f"{IAM}::test_create_describe_role")
def test_get_role_answers_with_more(world: World, role: str) -> None:
    """GetRole adds MaxSessionDuration (3600) and an empty RoleLastUsed."""
    found = world.operator_iam.get_role(RoleName=role)["Role"]

    assert set(found) == {
        *("Arn", "AssumeRolePolicyDocument", "CreateDate", "MaxSessionDuration", "Path", "RoleId", "RoleLastUsed"),
        "RoleName",
    }
    assert (found["MaxSessionDuration"], found["RoleLastUsed"]) == (3600, {})


@fact("I3", f"{IAM}::test_create_describe_role; test_role_with_tags, 2025-07-02")
def test_list_roles_leaves_out_tags_and_last_use(world: World) -> None:
    """ListRoles has MaxSessionDuration, and neither Tags nor RoleLastUsed."""
    path = f"/{world.scenario.operator_role_name}/"
    world.operator_iam.create_role(
        RoleName=world.scenario.operator_role_name,
        Path=path,
        AssumeRolePolicyDocument=json.dumps(TRUST),
        Tags=[{"Key": "test", "Value": "value"}],
    )

    answer = world.operator_iam.list_roles(PathPrefix=path)

    assert answer["IsTruncated"] is False
    (role,) = answer["Roles"]
    assert set(role) == {
        *("Arn", "AssumeRolePolicyDocument", "CreateDate", "MaxSessionDuration", "Path", "RoleId", "RoleName"),
    }


@fact("I4", "IAM User Guide, reference_identifiers.html#identifiers-unique-ids", Tag.DOC)
def test_unique_ids_tell_what_they_are_of(world: World, role: str) -> None:
    """Unique IDs begin with AROA (role), AIDA (user), AGPA (group), ANPA (managed policy)."""
    iam, name = world.operator_iam, f"{role}-thing"
    ids = {
        "AROA": iam.get_role(RoleName=role)["Role"]["RoleId"],
        "AIDA": iam.create_user(UserName=name)["User"]["UserId"],
        "AGPA": iam.create_group(GroupName=name)["Group"]["GroupId"],
        "ANPA": iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(ALLOW))["Policy"]["PolicyId"],
    }

    assert all(re.fullmatch(rf"{prefix}[A-Z0-9]{{17}}", found) for prefix, found in ids.items())


@fact("I5", "public reports; names are unique whatever their case (API_CreateRole.html)", Tag.COMM)
@pytest.mark.parametrize("upper", [False, True])
def test_a_taken_role_name(world: World, role: str, upper: bool) -> None:
    """A role name is taken whatever its case: EntityAlreadyExists, HTTP 409."""
    name = role.upper() if upper else role

    assert refused(world.operator_iam.create_role, RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST)) == (
        "EntityAlreadyExists",
        f"Role with name {name} already exists.",
        409,
    )


@fact("I6", "public reports", Tag.COMM)
def test_a_missing_role(world: World) -> None:
    """A missing role is NoSuchEntity, HTTP 404."""
    name = world.scenario.operator_role_name

    assert refused(world.operator_iam.get_role, RoleName=name) == (
        *("NoSuchEntity", f"The role with name {name} cannot be found.", 404),
    )


@fact("I7", "botocore iam/2010-05-08 (roleMaxSessionDurationType)", Tag.MODEL)
def test_max_session_duration_has_limits(world: World) -> None:
    """MaxSessionDuration is at most 12 hours."""
    iam = world.client_without_checks(Side.OPERATOR, "iam")

    assert refused(
        iam.create_role, RoleName="any", AssumeRolePolicyDocument=json.dumps(TRUST), MaxSessionDuration=43201
    ) == (
        "ValidationError",
        "1 validation error detected: Value '43201' at 'maxSessionDuration' failed to satisfy constraint: Member must "
        "have value less than or equal to 43200",
        400,
    )


@fact("I8", "botocore iam/2010-05-08 (roleNameType)", Tag.MODEL)
@pytest.mark.parametrize(
    ("name", "constraint"),
    [
        ("a" * 65, "Member must have length less than or equal to 64"),
        ("a role", r"Member must satisfy regular expression pattern: [\w+=,.@-]+"),
    ],
    ids=["too long", "a blank"],
)
def test_role_names_have_limits(world: World, name: str, constraint: str) -> None:
    """A role name has at most 64 characters, of these only."""
    assert refused(world.operator_iam.create_role, RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST)) == (
        "ValidationError",
        f"1 validation error detected: Value '{name}' at 'roleName' failed to satisfy constraint: {constraint}",
        400,
    )


# --- trust policies --------------------------------------------------------------------------------------------------


@fact("I9", f"{IAM}::test_create_role_with_malformed_assume_role_policy_document")
def test_a_trust_policy_that_is_not_json(world: World) -> None:
    """A trailing comma in a trust policy: MalformedPolicyDocument, HTTP 400, with this text."""
    broken = json.dumps(TRUST)[:-1] + ",}"

    assert refused(world.operator_iam.create_role, RoleName="any", AssumeRolePolicyDocument=broken) == (
        *("MalformedPolicyDocument", "This policy contains invalid Json", 400),
    )


@fact("I10", "very many public reports", Tag.COMM)
@pytest.mark.parametrize(
    "principal",
    [
        "arn:aws:iam::111111111111:role/missing",
        "arn:aws:iam::111111111111:user/missing",
        "arn:aws:iam::333333333333:root",
        "333333333333",
        "AROAAAAAAAAAAAAAAAAAA",
        "arn:aws:sts::111111111111:assumed-role/missing/session",
        "not an ARN",
    ],
)
def test_a_principal_that_does_not_exist(world: World, principal: str) -> None:
    """A principal that doesn't exist can't be saved: MalformedPolicyDocument with this text."""
    document = trusting(Principal={"AWS": principal})

    assert refused(world.operator_iam.create_role, RoleName="any", AssumeRolePolicyDocument=document) == (
        *("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{principal}"', 400),
    )


@fact("I11", "public reports of the form", Tag.COMM)
@pytest.mark.parametrize("service", ["stepfunctions.amazonaws.com", "states.amazonaws", "states"])
def test_a_service_that_does_not_exist(world: World, service: str) -> None:
    """A service principal that isn't one can't be saved either."""
    document = trusting(Principal={"Service": service})

    assert refused(world.operator_iam.create_role, RoleName="any", AssumeRolePolicyDocument=document) == (
        *("MalformedPolicyDocument", f'Invalid principal in policy: "SERVICE":"{service}"', 400),
    )


@fact("I12", "many public reports", Tag.COMM)
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Resource": "*"}, "Has prohibited field Resource"),
        ({"Action": "s3:GetObject"}, "AssumeRole policy may only specify STS AssumeRole actions."),
    ],
    ids=["a resource", "another service's action"],
)
def test_what_a_trust_policy_must_not_have(world: World, changes: dict[str, Any], message: str) -> None:
    """A trust policy has no Resource, and no action but STS's."""
    document = trusting(**changes)

    assert refused(world.operator_iam.create_role, RoleName="any", AssumeRolePolicyDocument=document) == (
        *("MalformedPolicyDocument", message, 400),
    )


@fact("I13", "reference_iam-quotas.html; the text in public reports", Tag.COMM)
def test_a_trust_policy_has_2048_characters(world: World) -> None:
    """A trust policy over the quota is LimitExceeded, HTTP 409; white space doesn't count."""
    long, padded = trusting(Sid="a" * 2048), trusting(Sid="a" * 1500).replace(" ", " " * 200)

    assert refused(world.operator_iam.create_role, RoleName="any", AssumeRolePolicyDocument=long) == (
        *("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048", 409),
    )
    world.operator_iam.create_role(RoleName=world.scenario.operator_role_name, AssumeRolePolicyDocument=padded)


@fact("I14", "IAM User Guide, reference_policies_elements_principal.html", Tag.DOC)
def test_a_deleted_principal_is_shown_by_its_id(world: World, role: str) -> None:
    """When a trusted role is deleted, the trust policy shows its unique ID, which can't be saved again."""
    unique_id = world.operator_iam.get_role(RoleName=role)["Role"]["RoleId"]
    trusting_role = f"{role}-trusting"
    world.operator_iam.create_role(
        RoleName=trusting_role,
        AssumeRolePolicyDocument=trusting(Principal={"AWS": f"arn:aws:iam::111111111111:role/{role}"}),
    )

    world.operator_iam.delete_role(RoleName=role)

    shown = world.operator_iam.get_role(RoleName=trusting_role)["Role"]["AssumeRolePolicyDocument"]
    assert shown["Statement"][0]["Principal"] == {"AWS": unique_id}
    code, message, _ = refused(
        world.operator_iam.update_assume_role_policy, RoleName=trusting_role, PolicyDocument=json.dumps(shown)
    )
    assert (code, message) == ("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{unique_id}"')


# --- permissions policies ---------------------------------------------------------------------------------------------


@fact("I15", "localstack iam/test_iam::test_role_attach_policy, 2025-06-19")
def test_attaching_what_is_no_arn(world: World, role: str) -> None:
    """AttachRolePolicy of something that is no ARN is ValidationError, with two blanks in the text."""
    assert refused(world.operator_iam.attach_role_policy, RoleName=role, PolicyArn="longpolicynamebutnoarn123") == (
        "ValidationError",
        "Invalid ARN:  Could not be parsed!",
        400,
    )


@fact("I16", "localstack iam/test_iam::test_role_attach_policy, 2025-06-19")
def test_attaching_a_policy_that_is_missing(world: World, role: str) -> None:
    """AttachRolePolicy of a missing policy is NoSuchEntity, HTTP 404, with this text."""
    arn = "arn:aws:iam::111111111111:policy/missing"

    assert refused(world.operator_iam.attach_role_policy, RoleName=role, PolicyArn=arn) == (
        *("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.", 404),
    )


@fact("I17", f"{IAM}::test_delete_non_existent_policy_returns_no_such_entity")
def test_deleting_a_policy_that_is_missing(world: World) -> None:
    """DeletePolicy of a missing policy is NoSuchEntity, HTTP 404, with this text."""
    arn = "arn:aws:iam::111111111111:policy/non-existent-policy"

    assert refused(world.operator_iam.delete_policy, PolicyArn=arn) == (
        *("NoSuchEntity", f"Policy {arn} was not found.", 404),
    )


@fact("I18", f"{IAM}::test_put_role_policy_encoding")
def test_a_policy_comes_back_as_it_was_put(world: World, role: str) -> None:
    """GetRolePolicy gives the document with every %3A in it as it was."""
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["apigatway:PUT"],
                "Resource": ["arn:aws:apigateway:ap-northeast-1::/tags/arn%3Aaws%3Aapigateway%3Aap-northeast-1"],
            }
        ],
    }
    world.operator_iam.put_role_policy(RoleName=role, PolicyName="encoded", PolicyDocument=json.dumps(document))

    found = world.operator_iam.get_role_policy(RoleName=role, PolicyName="encoded")

    assert fields(found) == {"PolicyDocument", "PolicyName", "RoleName"}
    assert found["PolicyDocument"] == document


@fact("I19", "public reports", Tag.COMM)
@pytest.mark.parametrize("operation", ["get_role_policy", "delete_role_policy"])
def test_a_missing_inline_policy(world: World, role: str, operation: str) -> None:
    """A missing inline policy is NoSuchEntity, HTTP 404, with this text."""
    assert refused(getattr(world.operator_iam, operation), RoleName=role, PolicyName="missing") == (
        *("NoSuchEntity", "The role policy with name missing cannot be found.", 404),
    )


@fact("I20", "reference_iam-quotas.html; the text in public reports", Tag.COMM)
def test_inline_policies_have_10240_characters(world: World, role: str) -> None:
    """All inline policies of a role together have at most 10,240 characters without white space."""
    half = {**ALLOW, "Statement": [{**ALLOW["Statement"][0], "Sid": "a" * 6000}]}  # type: ignore[dict-item]
    put = world.operator_iam.put_role_policy
    put(RoleName=role, PolicyName="one", PolicyDocument=json.dumps(half))
    put(RoleName=role, PolicyName="one", PolicyDocument=json.dumps(half))

    assert refused(put, RoleName=role, PolicyName="two", PolicyDocument=json.dumps(half)) == (
        *("LimitExceeded", f"Maximum policy size of 10240 bytes exceeded for role {role}", 409),
    )


@fact("I21", "reference_iam-quotas.html; the text in public reports", Tag.COMM)
def test_managed_policies_have_6144_characters(world: World) -> None:
    """A managed policy has at most 6,144 characters without white space."""
    long = {**ALLOW, "Statement": [{**ALLOW["Statement"][0], "Sid": "a" * 6144}]}  # type: ignore[dict-item]

    assert refused(world.operator_iam.create_policy, PolicyName="any", PolicyDocument=json.dumps(long)) == (
        *("LimitExceeded", "Cannot exceed quota for PolicySize: 6144", 409),
    )


@fact("I22", "reference_iam-quotas.html; the text in public reports", Tag.COMM)
def test_ten_policies_can_be_attached(world: World, role: str) -> None:
    """The eleventh managed policy can't be attached to a role."""
    arns = [
        world.operator_iam.create_policy(PolicyName=f"{role}-{number}", PolicyDocument=json.dumps(ALLOW))["Policy"][
            "Arn"
        ]
        for number in range(11)
    ]
    for arn in arns[:10]:
        world.operator_iam.attach_role_policy(RoleName=role, PolicyArn=arn)

    assert refused(world.operator_iam.attach_role_policy, RoleName=role, PolicyArn=arns[10]) == (
        *("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10", 409),
    )


def test_a_document_is_refused_with_awss_words_alone(world: World, role: str) -> None:
    """The engine knows line and column; IAM doesn't tell them."""
    _, message, _ = refused(
        world.operator_iam.put_role_policy, RoleName=role, PolicyName="any", PolicyDocument='{"Version": "2012-10-17"}'
    )

    assert message == "Syntax errors in policy."


def test_an_account_id_that_is_none_is_refused_without_a_fault(world: World) -> None:
    """Nonsense where the account ID belongs must not bring the decision to a fall."""
    arn = "arn:aws:states:ap-northeast-1:nobody:stateMachine:x"

    code, _, status = refused(world.operator_states.start_execution, stateMachineArn=arn)

    assert (code, status) == ("InvalidArn", 400)
