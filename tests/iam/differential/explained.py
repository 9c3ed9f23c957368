"""Where the independent engine differs and AWS's documentation sides with ours: one row for each such rule.

A row doesn't excuse every case that has some feature. Its `rewrite` asks the same thing anew in a way in which, by
AWS's rule, nothing changes, but in which the rule can't be got wrong. A difference counts as explained only if the
independent engine then answers as ours did, while ours still answers the same. Each row has an example that shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tests.iam.differential import rewrites
from tests.iam.differential.questions import Json
from tests.iam.differential.rewrites import Rewrite
from tests.iam.differential.world import MACHINE, OPERATOR, SUBJECT

_GUIDE: Final = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
_OPERATORS: Final = f"{_GUIDE}reference_policies_elements_condition_operators.html"
_VARIABLES: Final = f"{_GUIDE}reference_policies_variables.html"
_MULTIVALUED: Final = f"{_GUIDE}reference_policies_condition-single-vs-multi-valued-context-keys.html"


@dataclass(frozen=True, slots=True)
class Explained:
    """One rule: what AWS says, where, what the independent engine does instead, and a case in which it shows."""

    name: str
    aws: str
    source: str
    instead: str
    rewrite: Rewrite
    example: Json
    expected: str


def _question(
    *identity: Json,
    principal: str = f"arn:aws:iam::{OPERATOR}:user/ada",
    action: str = "states:StartExecution",
    resource: str = f"arn:aws:states:eu-west-1:{OPERATOR}:stateMachine:ada",
    account: str = OPERATOR,
    context: dict[str, str | list[str]] | None = None,
    version: str = "2012-10-17",
    trusting: list[Json] | None = None,
    boundary: list[Json] | None = None,
    session: list[Json] | None = None,
    scp: list[Json] | None = None,
) -> Json:
    def policy(statements: list[Json]) -> Json:
        return {"Version": version, "Statement": statements}

    return {
        "request": {
            "principal": principal,
            "action": action,
            "resource": resource,
            "resourceAccount": account,
            "context": context or {},
        },
        "identityPolicies": [policy(list(identity))] if identity else [],
        "resourcePolicy": policy(trusting) if trusting else None,
        "permissionBoundaries": [policy(boundary)] if boundary else [],
        "sessionPolicies": [policy(session)] if session else [],
        "serviceControlPolicies": [[policy(scp)]] if scp else [],
    }


def _allow(operator: str = "", key: str = "", value: Any = "", **more: Any) -> Json:
    condition = {"Condition": {operator: {key: value}}} if operator else {}
    return {"Effect": "Allow", "Action": "*", "Resource": "*", **condition, **more}


_BUCKET: Final[dict[str, Any]] = {"action": "s3:GetObject", "resource": "arn:aws:s3:::bucket/notes.txt"}
_QUEUE: Final[dict[str, Any]] = {"action": "sqs:SendMessage", "resource": f"arn:aws:sqs:eu-west-1:{OPERATOR}:ada-queue"}
_SESSION: Final = f"arn:aws:sts::{OPERATOR}:assumed-role/operator-role/run-1"
_ADA: Final = f"arn:aws:iam::{OPERATOR}:user/ada"

EXPLAINED: Final = (
    Explained(
        name="the root user",
        aws="The root user has complete access to its account's resources, but may not call AssumeRole.",
        source=f"{_GUIDE}id_root-user.html and https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
        instead="It treats the root user as one without policies, and lets it assume a role that trusts everybody.",
        rewrite=rewrites.root_has_every_permission,
        example=_question(principal=f"arn:aws:iam::{SUBJECT}:root", account=SUBJECT),
        expected="Allowed",
    ),
    Explained(
        name="unsigned requests for a role",
        aws="Only AssumeRoleWithSAML and AssumeRoleWithWebIdentity are called without AWS security credentials.",
        source="https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html",
        instead="It lets an anonymous caller assume a role that trusts everybody.",
        rewrite=rewrites.nobody_unsigned_asks_for_roles,
        example=_question(
            principal="*",
            action="sts:AssumeRole",
            resource=f"arn:aws:iam::{SUBJECT}:role/ada",
            account=SUBJECT,
            trusting=[{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
        ),
        expected="ImplicitlyDenied",
    ),
    Explained(
        name="variables in old versions",
        aws="Without Version 2012-10-17, variables like ${aws:username} are treated as literal strings in the policy.",
        source=f"{_VARIABLES}#policy-vars-intro",
        instead="It puts the values of variables into policies of any version.",
        rewrite=rewrites.literal_in_old_versions,
        example=_question(
            _allow(Resource="arn:aws:states:eu-west-1:111111111111:stateMachine:${aws:username}"),
            context={"aws:username": "ada"},
            version="2008-10-17",
        ),
        expected="ImplicitlyDenied",
    ),
    Explained(
        name="variables without a value",
        aws="A variable without a value is null: nothing is equal to it or like it, so StringNotEquals and "
        "StringNotLike do match, and a Resource with it matches no resource.",
        source=f"{_VARIABLES}#policy-vars-no-value",
        instead="A value with such a variable fails negated operators and NotResource, too.",
        rewrite=rewrites.without_valueless_variables,
        example=_question(
            _allow("StringNotEquals", "aws:PrincipalTag/team", "${aws:PrincipalTag/other}"),
            context={"aws:PrincipalTag/team": "red"},
        ),
        expected="Allowed",
    ),
    Explained(
        name="IfExists with ForAnyValue",
        aws="IfExists: if the key is not present, evaluate the condition element as true. It may follow any operator "
        "but Null.",
        source=f"{_OPERATORS}#Conditions_IfExists",
        instead="It ignores IfExists behind ForAnyValue (its author's notes say so of AWS, without a source).",
        rewrite=rewrites.without_if_exists_for_any_value,
        example=_question(_allow("ForAnyValue:StringEqualsIfExists", "aws:TagKeys", ["stage"])),
        expected="Allowed",
    ),
    Explained(
        name="one value in a key that may have several",
        aws="Whether a key is single-valued or multivalued depends on the number of values in the request context.",
        source=_MULTIVALUED,
        instead="A key of an array type never matches without a set operator, and is no variable, even with one value.",
        rewrite=rewrites.one_value_is_single,
        example=_question(
            _allow("StringEquals", "aws:CalledVia", "athena.amazonaws.com"),
            context={"aws:CalledVia": ["athena.amazonaws.com"]},
        ),
        expected="Allowed",
    ),
    Explained(
        name="${*}, ${?} and ${$} in exact comparisons",
        aws="${*}, ${?} and ${$} stand for the characters *, ? and $ in any string where policy variables can be used.",
        source=f"{_VARIABLES}#policy-vars-specialchars",
        instead="In StringEquals and its kin they stay literal texts of four characters.",
        rewrite=rewrites.plain_specials,
        example=_question(_allow("StringEquals", "aws:UserAgent", "a${*}"), context={"aws:UserAgent": "a*"}),
        expected="Allowed",
    ),
    Explained(
        name="dates in epoch seconds",
        aws="Dates are in an ISO 8601 form or in epoch (UNIX) time, which counts seconds.",
        source=f"{_OPERATORS}#Conditions_Date",
        instead="It compares epoch seconds with the milliseconds of ISO dates, and takes some other texts for dates.",
        rewrite=rewrites.dates_in_one_form,
        example=_question(
            _allow("DateLessThan", "aws:CurrentTime", "1795510801"), context={"aws:CurrentTime": "2026-11-24T09:00:00Z"}
        ),
        expected="Allowed",
    ),
    Explained(
        name="what is a number",
        aws="Numeric operators compare a key to an integer or decimal value.",
        source=f"{_OPERATORS}#Conditions_Numeric",
        instead="A text that begins with a number counts as that number.",
        rewrite=rewrites.strict_numbers,
        example=_question(
            _allow("NumericEquals", "aws:PrincipalTag/level", "7"), context={"aws:PrincipalTag/level": "7 of 9"}
        ),
        expected="ImplicitlyDenied",
    ),
    Explained(
        name="addresses without a prefix",
        aws="An IP address without a routing prefix has the default prefix /32, and NotIpAddress means all IP "
        "addresses except the specified address or range.",
        source=f"{_OPERATORS}#Conditions_IPAddress",
        instead="A lone address never fits NotIpAddress for a caller of the other IP version.",
        rewrite=rewrites.addresses_as_ranges,
        example=_question(
            _allow("NotIpAddress", "aws:SourceIp", "203.0.113.7"), context={"aws:SourceIp": "2001:db8:1234:5678::1"}
        ),
        expected="Allowed",
    ),
    Explained(
        name="binary values",
        aws="BinaryEquals compares the value byte for byte with a base-64 encoded representation in the policy.",
        source=f"{_OPERATORS}#Conditions_BinaryEquals",
        instead="It compares any two texts.",
        rewrite=rewrites.bytes_only,
        example=_question(
            _allow("BinaryEquals", "aws:PrincipalTag/team", "no base-64"),
            context={"aws:PrincipalTag/team": "no base-64"},
        ),
        expected="ImplicitlyDenied",
    ),
    Explained(
        name="all six parts of an ARN",
        aws="Each of the six colon-delimited components of the ARN is checked separately.",
        source=f"{_OPERATORS}#Conditions_ARN",
        instead="It doesn't look at the first component, and takes five components for an ARN.",
        rewrite=rewrites.six_parts_count,
        example=_question(_allow("ArnEquals", "aws:SourceArn", f"x{MACHINE}"), context={"aws:SourceArn": MACHINE}),
        expected="ImplicitlyDenied",
    ),
    Explained(
        name="variables that hold colons",
        aws="Variables can be used in the resource part of an ARN (AWS's example: "
        "arn:aws:sqs:us-east-2:*:${aws:username}-queue) and with ARN operators.",
        source=f"{_VARIABLES}#policy-vars-wheretouse",
        instead="It cuts ARNs at the colon inside ${aws:username}.",
        rewrite=rewrites.variables_by_value,
        example=_question(
            _allow(Resource=f"arn:aws:sqs:eu-west-1:{OPERATOR}:${{aws:username}}-queue"),
            context={"aws:username": "ada"},
            **_QUEUE,
        ),
        expected="Allowed",
    ),
    Explained(
        name="stars that run past colons",
        aws="If * is the last character of a resource ARN segment, it can expand to match beyond the colon boundaries.",
        source=f"{_GUIDE}reference_policies_elements_resource.html",
        instead="A * never leaves its segment.",
        rewrite=rewrites.stars_past_colons,
        example=_question(_allow(Resource="arn:aws:states:*:stateMachine:ada")),
        expected="Allowed",
    ),
    Explained(
        name="NotPrincipal with Deny",
        aws="One must also specify the account (of a session: account and role) of the principal that is not denied; "
        "AWS might validate the account first, then the role, then the session.",
        source=f"{_GUIDE}reference_policies_elements_notprincipal.html#specifying-notprincipal",
        instead="Whoever is listed at any one level is spared.",
        rewrite=rewrites.everybody_not_fully_listed,
        example=_question(
            _allow(),
            trusting=[{"Effect": "Deny", "NotPrincipal": {"AWS": _ADA}, "Action": "*", "Resource": "*"}],
            **_BUCKET,
        ),
        expected="ExplicitlyDenied",
    ),
    Explained(
        name="service control policies and services",
        aws="SCPs affect only IAM users and roles that are managed by accounts that are part of the organization.",
        source="https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html"
        "#scp-effects-on-permissions",
        instead="It applies SCPs to service principals.",
        rewrite=rewrites.no_scps_for_services,
        example=_question(
            principal="sns.amazonaws.com",
            trusting=[_allow(Principal={"Service": "sns.amazonaws.com"})],
            scp=[{"Effect": "Deny", "Action": "*", "Resource": "*"}],
            **_QUEUE,
        ),
        expected="Allowed",
    ),
    Explained(
        name="session policies and direct grants",
        aws="Within one account, what a resource-based policy grants to a session's ARN (or to * as principal) is not "
        "limited by an implicit deny in a session policy.",
        source=f"{_GUIDE}reference_policies_evaluation-logic_policy-eval-basics-single-account.html",
        instead="A session policy must allow whatever the resource's policy says.",
        rewrite=rewrites.session_policies_spare_direct_grants,
        example=_question(
            principal=_SESSION,
            trusting=[_allow(Principal={"AWS": _SESSION})],
            session=[_allow(Action="sqs:*")],
            **_BUCKET,
        ),
        expected="Allowed",
    ),
    Explained(
        name="a role asks through a session",
        aws="The principal making the request is the role session and not the role itself; a permissions boundary or "
        "session policy limits what is granted to the role, not what is granted to everybody.",
        source=f"{_GUIDE}reference_policies_evaluation-logic_policy-eval-basics-single-account.html",
        instead="A role that asks without a session is limited also in what an Allow with NotPrincipal grants.",
        rewrite=rewrites.roles_ask_through_sessions,
        example=_question(
            principal=f"arn:aws:iam::{OPERATOR}:role/operator-role",
            trusting=[
                {"Effect": "Allow", "NotPrincipal": {"AWS": SUBJECT}, "Action": "s3:GetObject", "Resource": "*"},
            ],
            boundary=[_allow(Action="s3:PutObject")],
            **_BUCKET,
        ),
        expected="Allowed",
    ),
    Explained(
        name="a role is named with its path",
        aws="A role's ARN has its path, and its name is unique in its account: another path is no role that is there.",
        source=f"{_GUIDE}reference_identifiers.html#identifiers-friendly-names",
        instead="It compares names alone, and takes a role of another path for the caller's.",
        rewrite=rewrites.roles_by_their_whole_path,
        example=_question(
            principal=_SESSION,
            context={"aws:PrincipalArn": f"arn:aws:iam::{OPERATOR}:role/team/operator-role"},
            trusting=[_allow(Principal={"AWS": f"arn:aws:iam::{OPERATOR}:role/operator-role"})],
            **_QUEUE,
        ),
        expected="ImplicitlyDenied",
    ),
)  # fmt: skip
