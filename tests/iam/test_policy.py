"""Documents: what AWS denies, in its words and at the right place; what it accepts; and how policies are kept."""

import json

import pytest

from tests.iam.support import BOUNDARY, IDENTITY, RESOURCE, SCP, SESSION, TRUST, allow, document, policy, trusts
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.iam import Policy, PolicyError, Unsupported

SYNTAX = "Syntax errors in policy."
LEGACY = "The policy failed legacy parsing"
VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."


def refusal(given, kind=IDENTITY, name="p"):
    with pytest.raises(PolicyError) as caught:
        Policy.parse(given, kind=kind, name=name)
    return caught.value


def identity(**changed):
    """An identity-based policy's document with elements changed; None takes one away."""
    statement = {**allow("s3:ListBucket", "arn:aws:s3:::bucket"), **changed}
    return document({key: value for key, value in statement.items() if value is not None})


def trust(**changed):
    statement = {**trusts({"AWS": "111111111111"}), **changed}
    return document({key: value for key, value in statement.items() if value is not None})


IDENTITY_REFUSALS = [
    ({"Version": "2013-10-17", "Statement": allow()}, SYNTAX),
    ({"Version": "2012-10-17"}, SYNTAX),
    ({"Version": "2012-10-17", "Statement": []}, SYNTAX),
    ({"Version": "2012-10-17", "Statement": ["afd"]}, SYNTAX),
    ({**document(allow()), "Extra field": "value"}, SYNTAX),
    ({**document(allow()), "Id": ["x"]}, SYNTAX),
    ({**document(allow()), "Id": 5}, SYNTAX),
    (identity(**{"Extra field": "x"}), SYNTAX),
    (identity(effect="Allow"), SYNTAX),
    (identity(Effect=None), SYNTAX),
    (identity(Effect="invalid"), SYNTAX),
    (identity(Effect="denY"), LEGACY),
    (identity(Effect=True), SYNTAX),
    (identity(Action=None), "Policy statement must contain actions."),
    (identity(Action=[]), "Policy statement must contain actions."),
    (identity(Action="invalid"), VENDOR),
    (identity(Action=""), VENDOR),
    (identity(Action="a a:ListBucket"), "Vendor a a is not valid"),
    (identity(Action="s*:ListBucket"), "Vendor s* is not valid"),
    (identity(Action="s3:List:Bucket"), "Actions/Condition can contain only one colon."),
    (identity(Action={}), SYNTAX),
    (identity(Action=5), SYNTAX),
    (identity(Action=[["s3:*"]]), SYNTAX),
    (identity(Action=[None]), SYNTAX),
    (identity(NotAction="s3:*"), SYNTAX),
    (identity(Resource=None), "Policy statement must contain resources."),
    (identity(Resource=[]), "Policy statement must contain resources."),
    (identity(Resource="invalid resource"), 'Resource invalid resource must be in ARN format or "*".'),
    (identity(Resource=""), 'Resource  must be in ARN format or "*".'),
    (identity(Resource="a:b:c"), 'Partition "b" is not valid for resource "arn:b:c:*:*:*".'),
    (identity(Resource="a:b:c:d:e:f:g:h"), 'Partition "b" is not valid for resource "arn:b:c:d:e:f:g:h".'),
    (identity(Resource="aws:s3:::bucket"), 'Partition "s3" is not valid for resource "arn:s3:::bucket:*".'),
    (identity(Resource="arn:aws"), "Resource vendor must be fully qualified and cannot contain regexes."),
    (identity(Resource="arn:aws:*:*:*:*"), "Resource vendor must be fully qualified and cannot contain regexes."),
    (identity(Resource="arn:aws:s3::bucket"), LEGACY),
    (identity(Resource="arn:aws::::bucket"), LEGACY),
    (
        identity(Resource="arn:aws:iam:us-east-1::user/x"),
        "IAM resource arn:aws:iam:us-east-1::user/x cannot contain region information.",
    ),
    (
        identity(Resource="arn:aws:s3:us-east-1::bucket"),
        "Resource arn:aws:s3:us-east-1::bucket can not contain region information.",
    ),
    (
        identity(Resource="arn:aws:iam::111111111111:u*"),
        'IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, instance-profile/, '
        "mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.",
    ),
    (identity(Resource={"a": "b"}), SYNTAX),
    (identity(NotResource="*"), SYNTAX),
    (identity(Principal="*"), "Policy document should not specify a principal."),
    (identity(NotPrincipal="*"), "Policy document should not specify a principal."),
    (identity(Sid={}), SYNTAX),
    (
        identity(Sid="with space"),
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
        "[0-9A-Za-z]*",
    ),
    (
        document(allow(Sid="a"), allow(Sid="a")),
        "Statement IDs (SID) in a single policy must be unique.",
    ),
    (identity(Condition=[]), SYNTAX),
    (identity(Condition="a"), SYNTAX),
    (identity(Condition={"StringEquals": "b"}), SYNTAX),
    (identity(Condition={"StringEquals": []}), SYNTAX),
    (identity(Condition={"StringEquals": {"a": {}}}), SYNTAX),
    (identity(Condition={"StringEquals": {"a": None}}), SYNTAX),
    (identity(Condition={"StringEquals": {"a": [["b"]]}}), SYNTAX),
    (identity(Condition={"StringSame": {"a": "1"}}), SYNTAX),
    (identity(Condition={"ForAnyValue::StringEquals": {"a": "b"}}), SYNTAX),
    (identity(Condition={"NullIfExists": {"a": "true"}}), SYNTAX),
    (identity(Condition={"DateGreaterThan": {"a": "sdfdsf"}}), LEGACY),
    (identity(Condition={"DateLessThan": {"a": ["2026-01-01", "9223372036854775808"]}}), LEGACY),
]


@pytest.mark.parametrize(("given", "message"), IDENTITY_REFUSALS)
def test_identity_based_policies_are_refused_as_iam_refuses_them(given, message):
    for kind in (IDENTITY, BOUNDARY, SESSION):
        error = refusal(given, kind)

        assert (error.code, error.message) == ("MalformedPolicyDocument", message)
        assert error.line is not None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (trust(Resource="*"), "Has prohibited field Resource"),
        (trust(NotResource="*"), "Has prohibited field NotResource"),
        (trust(Principal=None), "Missing required field Principal"),
        (trust(Action=None), "Missing required field Action"),
        (trust(Effect=None), "Missing required field Effect"),
        ({"Version": "2012-10-17"}, "Missing required field Statement"),
        ({"Version": "2012", "Statement": trusts({"AWS": "*"})}, "The policy must contain a valid version string"),
        (trust(Action="s3:GetObject"), "AssumeRole policy may only specify STS AssumeRole actions."),
        (trust(Action="*"), "AssumeRole policy may only specify STS AssumeRole actions."),
        (
            trust(Principal={"AWS": "arn:aws:iam::1:role/r"}),
            'Invalid principal in policy: "AWS":"arn:aws:iam::1:role/r"',
        ),
        (trust(Principal={"AWS": ["111111111111", "x"]}), 'Invalid principal in policy: "AWS":"x"'),
        (trust(Principal={"Service": "states"}), 'Invalid principal in policy: "SERVICE":"states"'),
        (trust(Principal="111111111111"), SYNTAX),
        (trust(Principal={}), SYNTAX),
        (trust(Principal={"AWS": []}), SYNTAX),
        (trust(Principal={"Aws": "*"}), SYNTAX),
        (trust(Principal=None, NotPrincipal="*"), SYNTAX),
        (trust(NotPrincipal="*"), SYNTAX),
        # docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html: not "in an IAM role
        # trust policy"; github.com/aws/aws-cdk/issues/5732 has IAM's words about the bare star.
        (trust(Effect="Deny", Principal=None, NotPrincipal={"AWS": "111111111111"}), SYNTAX),
        (trust(Principal="*"), 'AssumeRolepolicy contained an invalid principal: "STAR":"*"'),
        (trust(Effect="Deny", Principal="*"), 'AssumeRolepolicy contained an invalid principal: "STAR":"*"'),
        *(
            (trust(Principal={"AWS": arn}), f'Invalid principal in policy: "AWS":"{arn}"')
            for arn in (
                "arn:aws:iam::111111111111:role/*",
                "arn:aws:iam::111111111111:role/team/oper?tor",
                "arn:aws:iam::111111111111:user/*",
                "arn:aws:sts::111111111111:assumed-role/operator/*",
                "arn:aws:sts::111111111111:assumed-role/*/run-1",
            )
        ),
        (
            trust(Principal={"Federated": "arn:aws:iam::111111111111:oidc-provider/*"}),
            'Invalid principal in policy: "FEDERATED":"arn:aws:iam::111111111111:oidc-provider/*"',
        ),
        (trust(Condition={"StringEquals": {"sts:ExternalId": "a", "sts:externalid": "b"}}), SYNTAX),
    ],
)
def test_trust_policies_are_refused_as_iam_refuses_them(given, message):
    error = refusal(given, TRUST)

    assert (error.code, error.message) == ("MalformedPolicyDocument", message)


def test_the_articles_sample_without_its_closing_bracket():
    """The article's permissions policy lacks a `]` and has a comma too many."""
    text = (
        '{\n  "Version": "2012-10-17",\n  "Statement": [\n'
        '    {\n      "Effect": "Allow",\n      "Action": "s3:*",\n    }\n}'
    )

    error = refusal(text)
    in_trust = refusal(text, TRUST)

    assert (error.message, error.line, error.column) == (SYNTAX, 7, 5)
    assert "The comma before it is one too many." in str(error)
    assert in_trust.message == "This policy contains invalid Json"


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (
            '{"Version": "2012-10-17",\n "Statement": {"Effect": "Allow",\n  "Action": "s3:*", "Resource": ["x"]}}',
            3,
            34,
        ),
        ('{"Version": "2012-10-17",\n "Statement": {"Effect": "Allow",\n  "action": "s3:*", "Resource": "*"}}', 3, 3),
        ('{"Version": "2012-10-17",\n "Statement": [{"Action": "s3:*", "Resource": "*"}]}', 2, 16),
        ('{\n"Version": "2011-10-17", "Statement": []}', 2, 12),
        ('{"Version": "2012-10-17", "Version": "2012-10-17"}', 1, 27),
        ("", 1, 1),
        ("\n\n  nope", 3, 3),
    ],
)
def test_line_and_column_point_at_the_fault(text, line, column):
    error = refusal(text)

    assert (error.line, error.column) == (line, column)
    assert f"p, line {line}, column {column}: " in str(error)


def test_faults_of_a_python_value_are_placed_in_its_text_with_two_space_indent():
    error = refusal(identity(Effect="allow"))

    assert (error.line, error.column) == (5, 17)
    assert error.fix == 'Write "Allow" or "Deny", just so.'


@pytest.mark.parametrize(
    "given",
    [
        identity(Action="iam: asdf safdsf af "),
        identity(Action="*"),
        identity(Action="service-prefix:action-name"),
        identity(Resource=["arn:aws:s3:::bucket", "*"]),
        identity(Resource="arn:aws:iam:::user/x"),
        identity(Resource="arn:aws:fdsasf"),
        identity(Resource="arn:*:s3:::bucket"),
        identity(Resource="arn:aws:ec2:us-east-1::x"),
        identity(Condition={}),
        identity(Condition={"DateGreaterThan": {}}),
        identity(Condition={"DateGreaterThan": {"a": []}}),
        identity(Condition={"DateGreaterThan": {"a": "01T"}}),
        identity(Condition={"x": {}, "y": {}}),
        identity(Condition={"StringEquals": {"a": True}}),
        identity(Condition={"NumericEquals": {"a": [1, 2.5]}}),
        identity(Sid=""),
        document(allow(Sid=""), allow(Sid="")),
        {**identity(), "Id": "x"},
        {"Statement": allow()},
        {"Version": "2008-10-17", "Statement": allow()},
        identity(Resource=None, NotResource="*"),
    ],
)
def test_what_iam_accepts(given):
    assert len(Policy.parse(given, kind=IDENTITY).statements) >= 1


@pytest.mark.parametrize(
    "given",
    [
        trust(Action=["sts:AssumeRole", "sts:TagSession"]),
        trust(Action="sts:*"),
        trust(Principal={"AWS": "*"}),
        trust(Principal={"AWS": "*", "Service": "states.amazonaws.com", "Federated": "accounts.google.com"}),
        trust(Principal={"AWS": "AROAEXAMPLEEXAMPLEEXA"}),
        trust(Principal={"AWS": "arn:aws:sts::111111111111:assumed-role/r/s"}),
        trust(Sid="with space"),
    ],
)
def test_what_a_trust_policy_may_say(given):
    assert Policy.parse(given, kind=TRUST).statements[0].principal is not None


def test_an_incomplete_arn_is_refused_in_session_policies_only():
    """Source: the page on ARNs, "do not support incomplete ARNs"."""
    given = document(allow("sqs:*", "arn:aws:sqs"))

    assert refusal(given, SESSION).message == SYNTAX
    assert Policy.parse(given, kind=IDENTITY)


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::*:root",
        "arn:aws:iam::111111111111:delegation-request/d",
        "arn:aws:iam::111111111111:assumed-role/r/s",
        "arn:aws:iam::aws:role-template/lambda.amazonaws.com/t:1",
        "arn:aws:iam::aws:contextProvider/c",
        "arn:aws:s3:eu-west-1:111111111111:job/1",
        "arn:aws:s3:eu-west-1:111111111111:storage-lens/x",
        "arn:aws:s3:eu-west-1:111111111111:storage-lens-group/x",
        "arn:aws:s3:eu-west-1:111111111111:access-grants/default",
        "arn:aws:s3:us-west-2:111111111111:async-request/mrap/CreateMultiRegionAccessPoint/t",
    ],
)
def test_resources_of_newer_types(arn):
    """docs.aws.amazon.com/service-authorization/latest/reference: IAM, STS, S3."""
    assert Policy.parse(document(allow("*", arn)), kind=IDENTITY)
    assert Policy.parse(document({"Effect": "Deny", "Action": "*", "NotResource": arn}), kind=SESSION)


def test_a_resource_based_policy_names_principals():
    assert refusal(document(allow()), RESOURCE).message == "Missing required field Principal"
    assert Policy.parse(document({**allow(), "Principal": "*"}), kind=RESOURCE)
    assert Policy.parse(document({"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}), kind=RESOURCE)


def test_scps_are_refused_in_the_words_of_organizations():
    error = refusal(document({**allow(), "Principal": "*"}), SCP)

    assert error.code == "MalformedPolicyDocumentException"


def test_canonical_users_are_not_covered():
    with pytest.raises(Unsupported, match=r"^Unsupported: whose account a CanonicalUser id stands for"):
        policy(RESOURCE, {**allow(), "Principal": {"CanonicalUser": "79a59df900b949e55d96a1e698fbaced"}})


@pytest.mark.parametrize("given", [5, None, [], "[]", "7", '"x"', object(), {1: 2}, {"Version": {1, 2}}])
def test_no_policy_at_all(given):
    with pytest.raises(PolicyError):
        Policy.parse(given, kind=IDENTITY)


def test_characters_and_length_are_those_of_the_service_model():
    japanese = (
        '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Sid": "許可"}}'
    )

    error = refusal(japanese)

    assert (error.code, error.line, error.column) == ("ValidationError", 1, japanese.index("許") + 1)
    assert refusal(" " * 131_073).code == "ValidationError"
    assert refusal(identity(Action=["s3:" + "a" * 131_072])).code == "ValidationError"
    assert Policy.parse(
        json.dumps(document({**allow(), "Principal": "*", "Sid": "許可"}), ensure_ascii=False), kind=RESOURCE
    )
    assert Policy.parse(japanese.replace("許可", ""), kind=IDENTITY)


def test_a_hint_names_what_was_meant():
    assert "Did you mean Action?" in str(refusal(identity(Action=None, Actions="s3:*")))
    assert "Did you mean Resource?" in str(refusal(identity(Resource=None, resource="*")))
    assert "Did you mean StringEquals?" in str(refusal(identity(Condition={"StringEqual": {"a": "b"}})))


def test_lines_of_statements():
    scenario = Scenario()
    text = json_text(documents.execute_role_permissions(scenario))

    written = Policy.parse(text, kind=IDENTITY)
    value = Policy.parse(documents.execute_role_permissions(scenario), kind=IDENTITY)

    lines = [written.line_of(statement) for statement in written.statements]
    assert lines == [4, 10]
    assert lines == [value.line_of(statement) for statement in value.statements]
    assert [text.splitlines()[line - 1] for line in lines] == ["    {", "    {"]
    one_line = Policy.parse(json.dumps(documents.execute_role_permissions(scenario)), kind=IDENTITY)
    assert one_line.line_of(one_line.statements[0]) is None


def test_a_policy_keeps_its_text_and_its_document():
    text = (
        '{ "Version" : "2012-10-17" , "Statement" : { "Effect":"Allow", "Action":"s3:*", "Resource":"*",\n'
        '"Condition":{"NumericEquals":{"a":[1.0, 1e3, 7]}}}}'
    )
    parsed = Policy.parse(text, kind=IDENTITY, name="mine")

    assert parsed.text == text
    assert parsed.document == json.loads(text)
    assert parsed.statements[0].conditions[0].values == ("1.0", "1e3", "7")
    parsed.document["Statement"]["Action"] = "iam:*"
    assert parsed.document == json.loads(text)


def test_the_same_text_is_compiled_once():
    text = json.dumps(identity(Sid="OnlyOnce"))

    assert Policy.parse(text, kind=IDENTITY).statements is Policy.parse(text, kind=IDENTITY, name="b").statements
    assert Policy.parse(text, kind=BOUNDARY).statements is not Policy.parse(text, kind=IDENTITY).statements


def test_the_kits_own_documents_are_accepted():
    scenario = Scenario()

    for made, kind in (
        (documents.execute_role_trust(scenario), TRUST),
        (documents.service_trust(scenario, scenario.operator), TRUST),
        (documents.execute_role_permissions(scenario), IDENTITY),
        (documents.operator_role_permissions(scenario), IDENTITY),
    ):
        assert Policy.parse(made, kind=kind).document == made


def test_policy_errors_belong_to_the_family():
    assert issubclass(PolicyError, XsfnError)
    assert issubclass(PolicyError, ValueError)
    assert issubclass(Unsupported, PolicyError)
