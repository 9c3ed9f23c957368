"""The scenario's own questions, one row each: who asks, what the policies say, the outcome, why, and the source."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.iam.support import (
    ADA,
    ADA_OPERATOR,
    BOUNDARY,
    EXECUTE_ROLE,
    EXECUTE_SESSION,
    EXTERNAL_ID,
    OPERATOR,
    OPERATOR_MACHINE,
    OPERATOR_ROLE,
    OPERATOR_SESSION,
    RESOURCE,
    SCP,
    SESSION,
    STATES,
    STRANGER,
    SUBJECT,
    SUBJECT_EXECUTION,
    SUBJECT_EXECUTIONS,
    SUBJECT_MACHINE,
    TRUST,
    allow,
    asked,
    decided,
    deny,
    distrusts,
    identity,
    policy,
    trusts,
    when,
)
from xsfn_helpers.iam import Outcome, Request

YES, NO, NEVER = Outcome.ALLOWED, Outcome.IMPLICITLY_DENIED, Outcome.EXPLICITLY_DENIED

GUIDE = "docs.aws.amazon.com/IAM/latest/UserGuide"
ONE_ACCOUNT = f"{GUIDE}/reference_policies_evaluation-logic_policy-eval-denyallow.html"
TWO_ACCOUNTS = f"{GUIDE}/reference_policies_evaluation-logic-cross-account.html"
ASSUME_ROLE = "docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"
XACCT = "docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html"
OPERATORS = f"{GUIDE}/reference_policies_elements_condition_operators.html"
MULTI = f"{GUIDE}/reference_policies_condition-single-vs-multi-valued-context-keys.html"
PRINCIPAL = f"{GUIDE}/reference_policies_elements_principal.html"
NOT_PRINCIPAL = f"{GUIDE}/reference_policies_elements_notprincipal.html"
DEPUTY = f"{GUIDE}/confused-deputy.html"
KEYS = f"{GUIDE}/reference_policies_condition-keys.html"
VARIABLES = f"{GUIDE}/reference_policies_variables.html"
RESOURCES = f"{GUIDE}/reference_policies_elements_resource.html"
ACTIONS = f"{GUIDE}/reference_policies_elements_action.html"
BOUNDARIES = f"{GUIDE}/access_policies_boundaries.html"
SCPS = "docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html"
VERSION = f"{GUIDE}/reference_policies_elements_version.html"


@dataclass(frozen=True)
class Row:
    """One question; `why` is the reason for the outcome in a sentence."""

    id: str
    outcome: Outcome
    why: str
    source: str
    request: Request
    policies: dict[str, Any] = field(default_factory=dict)


def link_2(
    id_: str,
    outcome: Outcome,
    why: str,
    source: str,
    *,
    context: dict[str, Any] | None = None,
    caller: str = OPERATOR_SESSION,
    facts: dict[str, str] | None = None,
    **policies: Any,
) -> Row:
    """The Operator role assumes the execute role, with the external ID unless another context is given."""
    policies = {"identity": identity(allow()), "resource": right_trust(), **policies}
    request = asked(caller, context=EXTERNAL_ID if context is None else context, **facts or {})
    return Row(id_, outcome, why, source, request, policies)


def right_trust(**more: Any) -> Any:
    return trust(**{**when(StringEquals=EXTERNAL_ID), **more})


def trust(principal: Any = None, *others: dict[str, Any], **more: Any) -> Any:
    return policy(TRUST, trusts({"AWS": OPERATOR_ROLE} if principal is None else principal, **more), *others)


def with_condition(**operators: Any) -> Any:
    return trust(**when(**operators))


def own_account(id_: str, outcome: Outcome, why: str, source: str, *, caller: str = ADA, **policies: Any) -> Row:
    """Somebody of the Subject account assumes the execute role there."""
    return Row(id_, outcome, why, source, asked(caller), {"identity": (), **policies})


def bucket_deny(id_: str, outcome: Outcome, why: str, source: str, spared: dict[str, Any], **policies: Any) -> Row:
    """The Operator role reads a bucket of the Subject's that denies everybody but `spared`.

    A role trust policy takes no NotPrincipal; other resource-based policies do.
    """
    bucket = policy(
        RESOURCE,
        {**allow("s3:GetObject"), "Principal": {"AWS": OPERATOR_ROLE}},
        {"Effect": "Deny", "NotPrincipal": spared, "Action": "s3:*", "Resource": "*"},
    )
    request = asked(OPERATOR_SESSION, "s3:GetObject", "arn:aws:s3:::results/out.json", account=SUBJECT)
    return Row(id_, outcome, why, source, request, {"identity": identity(allow("*")), "resource": bucket, **policies})


def start(
    id_: str,
    outcome: Outcome,
    why: str,
    source: str,
    *,
    caller: str = EXECUTE_SESSION,
    action: str = "states:StartExecution",
    resource: str = SUBJECT_MACHINE,
    context: dict[str, Any] | None = None,
    **policies: Any,
) -> Row:
    """The execute role acts on the Subject's state machine, or on an execution of it."""
    return Row(id_, outcome, why, source, asked(caller, action, resource, context), policies)


OTHER = {"sts:ExternalId": OPERATOR_MACHINE.replace("operator-statemachine", "other-statemachine")}
OTHER_CASE = {"sts:ExternalId": OPERATOR_MACHINE.upper()}
ROLE_AND_ACCOUNT = {"AWS": [f"arn:aws:iam::{OPERATOR}:root", OPERATOR_ROLE]}
ALL_LEVELS = {"AWS": [f"arn:aws:iam::{OPERATOR}:root", OPERATOR_ROLE, OPERATOR_SESSION]}
PATH_ROLE = f"arn:aws:iam::{OPERATOR}:role/team/operator-role"

ROWS = (
    # --- external IDs ---------------------------------------------------------------------------------------
    link_2("external-id-right", YES, "Both sides allow and the external ID is the one wanted.", XACCT),
    link_2(
        "external-id-wrong", NO, "Another machine's ARN: the trust policy's condition is false.", XACCT, context=OTHER
    ),
    link_2("external-id-missing", NO, "A missing key doesn't match StringEquals.", OPERATORS, context={}),
    link_2("external-id-other-case", NO, "StringEquals is case-sensitive.", OPERATORS, context=OTHER_CASE),
    link_2(
        "external-id-key-in-other-case",
        YES,
        "Names of condition keys are compared without case.",
        KEYS,
        context={"STS:externalID": OPERATOR_MACHINE},
    ),
    link_2(
        "external-id-ignore-case",
        YES,
        "StringEqualsIgnoreCase takes any case.",
        OPERATORS,
        context=OTHER_CASE,
        resource=with_condition(StringEqualsIgnoreCase=EXTERNAL_ID),
    ),
    link_2(
        "external-id-one-of-two",
        YES,
        "Several values of one key are alternatives.",
        OPERATORS,
        resource=with_condition(StringEquals={"sts:ExternalId": ["something-else", OPERATOR_MACHINE]}),
    ),
    link_2(
        "external-id-prefix-like",
        YES,
        "StringLike takes wildcards: any machine of the Operator.",
        OPERATORS,
        context=OTHER,
        resource=with_condition(StringLike={"sts:ExternalId": f"arn:aws:states:*:{OPERATOR}:stateMachine:*"}),
    ),
    link_2(
        "external-id-prefix-equals",
        NO,
        "StringEquals takes the wildcard literally.",
        OPERATORS,
        resource=with_condition(StringEquals={"sts:ExternalId": f"arn:aws:states:*:{OPERATOR}:stateMachine:*"}),
    ),
    link_2(
        "external-id-empty",
        NO,
        "An empty external ID is another value.",
        OPERATORS,
        context={"sts:ExternalId": ""},
    ),
    link_2(
        "external-id-not-asked-for",
        YES,
        "A trust policy without the condition takes any external ID; AWS allows it.",
        XACCT,
        resource=trust(),
    ),
    link_2(
        "external-id-two-values",
        NO,
        "Several values in the request need a set operator.",
        MULTI,
        context={"sts:ExternalId": [OPERATOR_MACHINE, "b"]},
    ),
    # --- traps of IfExists, ForAllValues, Null and negation --------------------------------------------------
    link_2(
        "if-exists-missing",
        YES,
        "IfExists is true without the key: the guard is gone.",
        f"{OPERATORS}#Conditions_IfExists",
        context={},
        resource=with_condition(StringEqualsIfExists=EXTERNAL_ID),
    ),
    link_2(
        "if-exists-wrong",
        NO,
        "With the key, IfExists compares like the plain operator.",
        f"{OPERATORS}#Conditions_IfExists",
        context=OTHER,
        resource=with_condition(StringEqualsIfExists=EXTERNAL_ID),
    ),
    link_2(
        "for-all-values-missing",
        YES,
        "ForAllValues is true without the key.",
        MULTI,
        context={},
        resource=with_condition(ForAllValues_StringEquals=EXTERNAL_ID),
    ),
    link_2(
        "for-all-values-with-null",
        NO,
        "Null false asks for the key, which closes that hole.",
        MULTI,
        context={},
        resource=with_condition(ForAllValues_StringEquals=EXTERNAL_ID, Null={"sts:ExternalId": "false"}),
    ),
    link_2(
        "for-any-value-missing",
        NO,
        "ForAnyValue is false without the key.",
        MULTI,
        context={},
        resource=with_condition(ForAnyValue_StringEquals=EXTERNAL_ID),
    ),
    link_2(
        "not-equals-missing",
        YES,
        "A negated operator is true without the key.",
        OPERATORS,
        context={},
        resource=with_condition(StringNotEquals={"sts:ExternalId": "blocked"}),
    ),
    link_2(
        "null-true-present",
        NO,
        "Null true wants no external ID, and there is one.",
        f"{OPERATORS}#Conditions_Null",
        resource=with_condition(Null={"sts:ExternalId": "true"}),
    ),
    link_2(
        "deny-unless-external-id",
        NEVER,
        "StringNotEquals in a Deny also catches requests without the key.",
        OPERATORS,
        context={},
        resource=trust(None, distrusts({"AWS": "*"}, **when(StringNotEquals=EXTERNAL_ID))),
    ),
    link_2(
        "deny-if-exists-missing",
        NEVER,
        "IfExists doesn't save a negated Deny: without the key it is true as well.",
        f"{OPERATORS}#Conditions_IfExists",
        context={},
        resource=trust(None, distrusts({"AWS": "*"}, **when(StringNotEqualsIfExists=EXTERNAL_ID))),
    ),
    # --- both sides ----------------------------------------------------------------------------------------
    link_2("no-identity", NO, "The Operator side must allow too.", TWO_ACCOUNTS, identity=()),
    link_2(
        "identity-names-another-role",
        NO,
        "The permission is for another role: the article's slip of the two names.",
        TWO_ACCOUNTS,
        identity=identity(allow(resource=f"arn:aws:iam::{SUBJECT}:role/execute-subject-statemachine-role")),
    ),
    link_2("no-trust", NO, "A role that trusts nobody can't be assumed.", ASSUME_ROLE, resource=None),
    link_2(
        "trust-names-another-role",
        NO,
        "The trust policy names another role of the same account.",
        ASSUME_ROLE,
        resource=right_trust(principal={"AWS": f"arn:aws:iam::{OPERATOR}:role/other-role"}),
    ),
    link_2(
        "right-role-wrong-account",
        NO,
        "A role of that name in another account is another role.",
        PRINCIPAL,
        resource=right_trust(principal={"AWS": OPERATOR_ROLE.replace(OPERATOR, STRANGER)}),
    ),
    link_2(
        "role-name-in-other-case",
        NO,
        "Principal ARNs are case-sensitive.",
        PRINCIPAL,
        resource=right_trust(principal={"AWS": f"arn:aws:iam::{OPERATOR}:role/Operator-Role"}),
    ),
    link_2(
        "deny-in-identity",
        NEVER,
        "An explicit Deny in the Operator's policy overrides both Allows.",
        ONE_ACCOUNT,
        identity=identity(allow(), deny("sts:*")),
    ),
    link_2(
        "deny-in-trust",
        NEVER,
        "An explicit Deny in the trust policy overrides both Allows.",
        ONE_ACCOUNT,
        resource=trust(None, distrusts({"AWS": OPERATOR_ROLE})),
    ),
    link_2(
        "deny-for-somebody-else",
        YES,
        "A Deny whose principal is another role says nothing here.",
        ONE_ACCOUNT,
        resource=trust(None, distrusts({"AWS": f"arn:aws:iam::{OPERATOR}:role/other-role"})),
    ),
    link_2(
        "untrusted-user",
        NO,
        "A user of the Operator account isn't the Operator role.",
        ASSUME_ROLE,
        caller=ADA_OPERATOR,
    ),
    link_2(
        "stranger",
        NO,
        "A third account isn't trusted, whatever its own policies allow.",
        TWO_ACCOUNTS,
        caller=f"arn:aws:iam::{STRANGER}:user/eve",
    ),
    # --- how the trust policy may name the caller -------------------------------------------------------------
    link_2(
        "root-and-identity",
        YES,
        "The account is trusted and its own policy allows the role.",
        PRINCIPAL,
        resource=trust({"AWS": f"arn:aws:iam::{OPERATOR}:root"}),
    ),
    link_2(
        "root-without-identity",
        NO,
        "Trusting the account leaves it to the account's own policies, and none allows.",
        PRINCIPAL,
        resource=trust({"AWS": f"arn:aws:iam::{OPERATOR}:root"}),
        identity=(),
    ),
    link_2(
        "bare-account-id", YES, "The 12 digits mean the same as :root.", PRINCIPAL, resource=trust({"AWS": OPERATOR})
    ),
    link_2("everybody", YES, "* names everybody; the identity side allows.", PRINCIPAL, resource=trust({"AWS": "*"})),
    link_2(
        "everybody-without-identity",
        NO,
        "Across accounts the caller's own policy must allow, even where everybody is trusted.",
        PRINCIPAL,
        resource=trust({"AWS": "*"}),
        identity=(),
    ),
    link_2(
        "everybody-with-principal-arn",
        YES,
        "aws:PrincipalArn of a session is its role's ARN.",
        KEYS,
        resource=trust({"AWS": "*"}, **when(ArnEquals={"aws:PrincipalArn": OPERATOR_ROLE})),
    ),
    link_2(
        "everybody-with-other-principal-arn",
        NO,
        "The condition names another role.",
        KEYS,
        resource=trust(
            {"AWS": "*"}, **when(ArnEquals={"aws:PrincipalArn": f"arn:aws:iam::{OPERATOR}:role/other-role"})
        ),
    ),
    link_2(
        "principal-arn-of-a-session",
        NO,
        "aws:PrincipalArn never holds a session's ARN.",
        KEYS,
        resource=trust({"AWS": "*"}, **when(ArnEquals={"aws:PrincipalArn": OPERATOR_SESSION})),
    ),
    link_2(
        "principal-arn-with-wildcard",
        YES,
        "Unlike a principal, aws:PrincipalArn takes wildcards.",
        PRINCIPAL,
        resource=trust({"AWS": "*"}, **when(ArnLike={"aws:PrincipalArn": f"arn:aws:iam::{OPERATOR}:role/*"})),
    ),
    link_2(
        "principal-account",
        YES,
        "aws:PrincipalAccount is the caller's account.",
        KEYS,
        resource=trust({"AWS": "*"}, **when(StringEquals={"aws:PrincipalAccount": OPERATOR})),
    ),
    link_2(
        "this-session",
        YES,
        "The trust policy names exactly this session.",
        f"{PRINCIPAL}#principal-role-session",
        resource=right_trust(principal={"AWS": OPERATOR_SESSION}),
    ),
    link_2(
        "another-session",
        NO,
        "A session's ARN is that one session, and the names of Step Functions' sessions are random.",
        f"{PRINCIPAL}#principal-role-session",
        resource=right_trust(principal={"AWS": OPERATOR_SESSION.replace("run-1", "run-2")}),
    ),
    link_2(
        "role-with-path",
        YES,
        "The session's ARN has no path; role names are unique in their account.",
        PRINCIPAL,
        facts={"role_arn": PATH_ROLE},
        resource=right_trust(principal={"AWS": PATH_ROLE}),
    ),
    link_2(
        "role-named-without-its-path",
        NO,
        "There is no such role: IAM wouldn't save the policy, a template can hold it.",
        f"{PRINCIPAL}#principal-roles",
        facts={"role_arn": PATH_ROLE},
        resource=right_trust(principal={"AWS": PATH_ROLE.replace("/team", "")}),
    ),
    link_2(
        "deleted-role-made-again",
        NO,
        "The policy keeps the old role's unique ID; the new role has another.",
        f"{PRINCIPAL}#principal-roles",
        facts={"unique_id": "AROANEWNEWNEWNEWNEWNE"},
        resource=right_trust(principal={"AWS": "AROAOLDOLDOLDOLDOLDOL"}),
    ),
    link_2(
        "unique-id",
        YES,
        "The unique ID is the caller's own.",
        f"{PRINCIPAL}#principal-roles",
        facts={"unique_id": "AROAOLDOLDOLDOLDOLDOL"},
        resource=right_trust(principal={"AWS": "AROAOLDOLDOLDOLDOLDOL"}),
    ),
    # --- NotPrincipal --------------------------------------------------------------------------------------
    bucket_deny(
        "not-principal-all-levels", YES, "Account, role and session are all spared.", NOT_PRINCIPAL, ALL_LEVELS
    ),
    bucket_deny(
        "not-principal-without-session",
        NEVER,
        "AWS checks the session too, and it isn't listed.",
        NOT_PRINCIPAL,
        ROLE_AND_ACCOUNT,
    ),
    bucket_deny(
        "not-principal-without-account",
        NEVER,
        "AWS checks the account first, and it isn't listed.",
        NOT_PRINCIPAL,
        {"AWS": [OPERATOR_ROLE, OPERATOR_SESSION]},
    ),
    bucket_deny(
        "not-principal-and-boundary",
        NEVER,
        "A Deny with NotPrincipal always catches callers with a permissions boundary.",
        NOT_PRINCIPAL,
        ALL_LEVELS,
        boundaries=(policy(BOUNDARY, allow("*")),),
    ),
    link_2(
        "deny-all-but-principal-arn",
        YES,
        "What AWS recommends instead of NotPrincipal: deny by aws:PrincipalArn.",
        f"{PRINCIPAL}#principal-anonymous",
        resource=trust(None, distrusts({"AWS": "*"}, **when(ArnNotEquals={"aws:PrincipalArn": OPERATOR_ROLE}))),
    ),
    # --- what limits the Operator's side ----------------------------------------------------------------------
    link_2(
        "boundary-allows",
        YES,
        "The permissions boundary includes sts:AssumeRole.",
        BOUNDARIES,
        boundaries=(policy(BOUNDARY, allow("sts:*")),),
    ),
    link_2(
        "boundary-leaves-it-out",
        NO,
        "The boundary limits what identity-based policies grant.",
        BOUNDARIES,
        boundaries=(policy(BOUNDARY, allow("states:*")),),
    ),
    link_2(
        "boundary-denies",
        NEVER,
        "A Deny in a boundary is a Deny.",
        BOUNDARIES,
        boundaries=(policy(BOUNDARY, allow("*"), deny("sts:*")),),
    ),
    link_2(
        "session-policy-leaves-it-out",
        NO,
        "A session policy narrows the session.",
        ONE_ACCOUNT,
        session=(policy(SESSION, allow("states:*")),),
    ),
    link_2(
        "session-policy-allows",
        YES,
        "Role and session policy both allow.",
        ONE_ACCOUNT,
        session=(policy(SESSION, allow("sts:AssumeRole", EXECUTE_ROLE)),),
    ),
    link_2("scp-full-access", YES, "FullAWSAccess at each level.", SCPS, scps=((policy(SCP, allow("*")),),) * 2),
    link_2(
        "scp-one-level-silent",
        NO,
        "Every level of the organization must allow.",
        SCPS,
        scps=((policy(SCP, allow("*")),), (policy(SCP, allow("states:*")),)),
    ),
    link_2(
        "scp-empty-level", NO, "A level with no policy allows nothing.", SCPS, scps=((policy(SCP, allow("*")),), ())
    ),
    link_2(
        "scp-denies",
        NEVER,
        "An SCP of the caller's account denies.",
        SCPS,
        scps=((policy(SCP, allow("*"), deny("sts:AssumeRole")),),),
    ),
    # --- one account: user ada of the Subject account and the execute role ------------------------------------
    own_account(
        "user-named-directly",
        YES,
        "The trust policy names the user: no identity-based policy is needed in one account.",
        ASSUME_ROLE,
        resource=trust({"AWS": ADA}),
    ),
    own_account(
        "account-named-no-identity",
        NO,
        "The trust policy names the account, so the user's own policy must allow as well.",
        ASSUME_ROLE,
        resource=trust({"AWS": SUBJECT}),
    ),
    own_account(
        "account-named-and-identity",
        YES,
        "The account is named, and the user's own policy allows.",
        ASSUME_ROLE,
        resource=trust({"AWS": SUBJECT}),
        identity=identity(allow(resource=EXECUTE_ROLE)),
    ),
    own_account(
        "identity-alone",
        NO,
        "A trust policy is never skipped, not even in one account.",
        ASSUME_ROLE,
        resource=right_trust(),
        identity=identity(allow("*")),
    ),
    own_account(
        "user-boundary-does-not-limit",
        YES,
        "A boundary doesn't limit what a resource's policy grants a user directly.",
        BOUNDARIES,
        resource=trust({"AWS": ADA}),
        boundaries=(policy(BOUNDARY, allow("states:*")),),
    ),
    own_account(
        "role-boundary-limits",
        NO,
        "A grant to a role's ARN is limited by the role's boundary.",
        BOUNDARIES,
        caller=f"arn:aws:sts::{SUBJECT}:assumed-role/helper-role/s",
        resource=trust({"AWS": f"arn:aws:iam::{SUBJECT}:role/helper-role"}),
        boundaries=(policy(BOUNDARY, allow("states:*")),),
    ),
    own_account(
        "session-boundary-does-not-limit",
        YES,
        "A grant to the session's ARN isn't limited by the role's boundary.",
        ONE_ACCOUNT,
        caller=f"arn:aws:sts::{SUBJECT}:assumed-role/helper-role/s",
        resource=trust({"AWS": f"arn:aws:sts::{SUBJECT}:assumed-role/helper-role/s"}),
        boundaries=(policy(BOUNDARY, allow("states:*")),),
    ),
    own_account(
        "role-assumes-itself",
        NO,
        "Since 2022 a role may assume itself only if its trust policy says so.",
        "aws.amazon.com/blogs/security/announcing-an-update-to-iam-role-trust-policy-behavior/",
        caller=EXECUTE_SESSION,
        resource=right_trust(),
        identity=identity(allow("*")),
    ),
    own_account(
        "root-user",
        NO,
        "Roles may not be assumed by root users.",
        ASSUME_ROLE,
        caller=f"arn:aws:iam::{SUBJECT}:root",
        resource=trust({"AWS": "*"}),
        identity=identity(allow("*")),
    ),
    # --- links 1 and 6: Step Functions assumes a machine's role ------------------------------------------------
    Row(
        "service-trusted",
        YES,
        "Services need the trust policy alone.",
        XACCT,
        asked(STATES, resource=OPERATOR_ROLE),
        {"resource": trust({"Service": STATES})},
    ),
    Row(
        "service-not-trusted",
        NO,
        "Another service is trusted.",
        XACCT,
        asked(STATES, resource=OPERATOR_ROLE),
        {"resource": trust({"Service": "lambda.amazonaws.com"})},
    ),
    Row(
        "service-for-this-account",
        YES,
        "aws:SourceAccount and aws:SourceArn are this machine's.",
        DEPUTY,
        asked(
            STATES,
            resource=OPERATOR_ROLE,
            context={"aws:SourceAccount": OPERATOR, "aws:SourceArn": OPERATOR_MACHINE},
        ),
        {
            "resource": trust(
                {"Service": STATES},
                **when(
                    StringEquals={"aws:SourceAccount": OPERATOR},
                    ArnLike={"aws:SourceArn": f"arn:aws:states:ap-northeast-1:{OPERATOR}:stateMachine:*"},
                ),
            )
        },
    ),
    Row(
        "service-for-a-stranger",
        NO,
        "The confused deputy: Step Functions asks on behalf of a stranger's machine.",
        DEPUTY,
        asked(
            STATES,
            resource=OPERATOR_ROLE,
            context={
                "aws:SourceAccount": STRANGER,
                "aws:SourceArn": OPERATOR_MACHINE.replace(OPERATOR, STRANGER),
            },
        ),
        {"resource": trust({"Service": STATES}, **when(StringEquals={"aws:SourceAccount": OPERATOR}))},
    ),
    Row(
        "service-regional-name",
        YES,
        "Step Functions also asks under its region's name.",
        PRINCIPAL,
        asked(STATES, resource=OPERATOR_ROLE, context={"aws:SourceArn": OPERATOR_MACHINE}),
        {"resource": trust({"Service": "states.ap-northeast-1.amazonaws.com"})},
    ),
    Row(
        "service-of-another-region",
        NO,
        "Another region's name isn't trusted.",
        PRINCIPAL,
        asked(STATES, resource=OPERATOR_ROLE, context={"aws:SourceArn": OPERATOR_MACHINE}),
        {"resource": trust({"Service": "states.eu-west-1.amazonaws.com"})},
    ),
    Row(
        "service-and-scp",
        YES,
        "SCPs limit principals of the organization's accounts, not services.",
        SCPS,
        asked(STATES, resource=OPERATOR_ROLE),
        {"resource": trust({"Service": STATES}), "scps": ((policy(SCP, deny("*")),),)},
    ),
    # --- links 3 to 5: the execute role acts in the Subject account --------------------------------------------
    start(
        "start-allowed",
        YES,
        "In one account an identity-based policy is enough.",
        ONE_ACCOUNT,
        identity=identity(allow("states:StartExecution", SUBJECT_MACHINE)),
    ),
    start("start-nothing", NO, "Nothing allows it.", ONE_ACCOUNT),
    start(
        "start-wrong-account",
        NO,
        "The permission names a machine of the wrong account.",
        XACCT,
        identity=identity(allow("states:StartExecution", SUBJECT_MACHINE.replace(SUBJECT, OPERATOR))),
    ),
    start(
        "start-action-case",
        YES,
        "Actions are compared without case.",
        ACTIONS,
        identity=identity(allow("STATES:startexecution", SUBJECT_MACHINE)),
    ),
    start(
        "start-resource-case",
        NO,
        "Resources are compared with case.",
        RESOURCES,
        identity=identity(allow("states:StartExecution", SUBJECT_MACHINE.replace("subject-", "Subject-"))),
    ),
    start(
        "start-not-action",
        YES,
        "NotAction allows every action but those listed.",
        f"{GUIDE}/reference_policies_elements_notaction.html",
        identity=identity({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
    ),
    start(
        "start-not-resource",
        NO,
        "NotResource leaves the machine out.",
        f"{GUIDE}/reference_policies_elements_notresource.html",
        identity=identity({"Effect": "Allow", "Action": "states:*", "NotResource": SUBJECT_MACHINE}),
    ),
    start(
        "start-other-not-resource",
        YES,
        "NotResource covers every resource but those listed.",
        f"{GUIDE}/reference_policies_elements_notresource.html",
        identity=identity({"Effect": "Allow", "Action": "states:*", "NotResource": "arn:aws:s3:::*"}),
    ),
    start(
        "describe-on-executions",
        YES,
        "DescribeExecution acts on the execution, and the wildcard covers its name.",
        XACCT,
        action="states:DescribeExecution",
        resource=SUBJECT_EXECUTION,
        identity=identity(allow("states:DescribeExecution", SUBJECT_EXECUTIONS)),
    ),
    start(
        "describe-on-the-machine",
        NO,
        "The permission names the machine, but DescribeExecution acts on the execution.",
        XACCT,
        action="states:DescribeExecution",
        resource=SUBJECT_EXECUTION,
        identity=identity(allow("states:DescribeExecution", SUBJECT_MACHINE)),
    ),
    start(
        "describe-missing",
        NO,
        "StartExecution alone isn't enough for .sync:2, which polls.",
        XACCT,
        action="states:DescribeExecution",
        resource=SUBJECT_EXECUTION,
        identity=identity(allow("states:StartExecution")),
    ),
    start(
        "operators-own-permission",
        NO,
        "Across accounts with no role assumed: Step Functions has no resource-based policies.",
        "docs.aws.amazon.com/step-functions/latest/dg/security_iam_service-with-iam.html",
        caller=OPERATOR_SESSION,
        identity=identity(allow("states:StartExecution", SUBJECT_MACHINE)),
    ),
    start(
        "start-denied",
        NEVER,
        "An explicit Deny on the execute role.",
        ONE_ACCOUNT,
        identity=identity(allow("states:*"), deny("states:StartExecution", SUBJECT_MACHINE)),
    ),
    start(
        "root-user-of-the-account",
        YES,
        "An account's root user may do everything that nothing denies.",
        ONE_ACCOUNT,
        caller=f"arn:aws:iam::{SUBJECT}:root",
    ),
    start(
        "root-user-and-scp",
        NO,
        "SCPs limit root users too.",
        SCPS,
        caller=f"arn:aws:iam::{SUBJECT}:root",
        scps=((policy(SCP, allow("s3:*")),),),
    ),
    start(
        "service-linked-role-and-scp",
        YES,
        "SCPs don't affect service-linked roles.",
        SCPS,
        caller=f"arn:aws:iam::{SUBJECT}:role/aws-service-role/states.amazonaws.com/AWSServiceRoleForX",
        identity=identity(allow("states:*")),
        scps=((policy(SCP, allow("s3:*")),),),
    ),
    start(
        "incomplete-arn-in-identity",
        YES,
        "AWS completes an incomplete ARN in identity-based policies.",
        f"{GUIDE}/reference-arns.html",
        identity=identity(allow("states:*", "arn:aws:states")),
    ),
    start(
        "incomplete-arn-in-scp",
        NO,
        "Only in identity-based policies is an incomplete ARN completed.",
        f"{GUIDE}/reference-arns.html",
        identity=identity(allow("states:*")),
        scps=((policy(SCP, allow("states:*", "arn:aws:states")),),),
    ),
    # --- policy variables and versions ---------------------------------------------------------------------
    start(
        "variable",
        YES,
        "The variable is the caller's user name.",
        VARIABLES,
        caller=ADA,
        resource=SUBJECT_MACHINE.replace("subject-statemachine", "ada-machine"),
        identity=identity(
            allow("states:*", SUBJECT_MACHINE.replace("subject-statemachine", "${aws:username}-machine")),
        ),
    ),
    start(
        "variable-in-old-version",
        NO,
        "In version 2008-10-17 variables are literal text.",
        VERSION,
        caller=ADA,
        resource=SUBJECT_MACHINE.replace("subject-statemachine", "ada-machine"),
        identity=identity(
            allow("states:*", SUBJECT_MACHINE.replace("subject-statemachine", "${aws:username}-machine")),
            version="2008-10-17",
        ),
    ),
    start(
        "variable-without-value",
        NO,
        "A session has no user name: the resource matches nothing.",
        f"{VARIABLES}#policy-vars-no-value",
        resource=SUBJECT_MACHINE,
        identity=identity(allow("states:*", SUBJECT_MACHINE.replace("subject", "${aws:username}"))),
    ),
    start(
        "variable-with-default",
        YES,
        "A default stands in for the missing value.",
        f"{VARIABLES}#policy-vars-default-values",
        resource=SUBJECT_MACHINE,
        identity=identity(allow("states:*", SUBJECT_MACHINE.replace("subject-", "${aws:username, 'subject'}-"))),
    ),
    start(
        "star-as-a-character",
        NO,
        "${*} is the character itself.",
        f"{VARIABLES}#policy-vars-specialchars",
        identity=identity(allow("states:*", SUBJECT_MACHINE.replace("subject-", "${*}-"))),
    ),
    # --- resources with their own policy ---------------------------------------------------------------------
    Row(
        "bucket-policy-alone",
        YES,
        "In one account identity-based and resource-based policies are a union.",
        ONE_ACCOUNT,
        asked(ADA, "s3:GetObject", "arn:aws:s3:::results/out.json", account=SUBJECT),
        {"resource": policy(RESOURCE, {**allow("s3:GetObject", "arn:aws:s3:::results/*"), "Principal": {"AWS": ADA}})},
    ),
    Row(
        "bucket-for-everybody-but-ada",
        NO,
        "An Allow with NotPrincipal reaches everybody whom it doesn't list.",
        NOT_PRINCIPAL,
        asked(ADA, "s3:GetObject", "arn:aws:s3:::results/out.json", account=SUBJECT),
        {"resource": policy(RESOURCE, {**allow("s3:GetObject"), "NotPrincipal": {"AWS": ADA}})},
    ),
    Row(
        "bucket-for-everybody-but-somebody-else",
        YES,
        "An Allow with NotPrincipal reaches everybody whom it doesn't list.",
        NOT_PRINCIPAL,
        asked(ADA, "s3:GetObject", "arn:aws:s3:::results/out.json", account=SUBJECT),
        {"resource": policy(RESOURCE, {**allow("s3:GetObject"), "NotPrincipal": {"AWS": ADA_OPERATOR}})},
    ),
    Row(
        "bucket-policy-not-needed",
        YES,
        "The identity-based policy is enough in one account.",
        ONE_ACCOUNT,
        asked(ADA, "s3:GetObject", "arn:aws:s3:::results/out.json", account=SUBJECT),
        {"identity": identity(allow("s3:GetObject", "arn:aws:s3:::results/*"))},
    ),
    Row(
        "bucket-of-another-account",
        NO,
        "Across accounts the bucket's policy must allow as well.",
        TWO_ACCOUNTS,
        asked(ADA_OPERATOR, "s3:GetObject", "arn:aws:s3:::results/out.json", account=SUBJECT),
        {"identity": identity(allow("s3:GetObject", "arn:aws:s3:::results/*"))},
    ),
    Row(
        "public-bucket",
        YES,
        "Anonymous callers have the bucket's policy alone.",
        PRINCIPAL,
        asked("*", "s3:GetObject", "arn:aws:s3:::results/out.json", account=SUBJECT),
        {"resource": policy(RESOURCE, {**allow("s3:GetObject", "arn:aws:s3:::results/*"), "Principal": "*"})},
    ),
    Row(
        "session-policy-limits-a-role-grant",
        NO,
        "A grant to a role's ARN is limited by the session policy.",
        ONE_ACCOUNT,
        asked(EXECUTE_SESSION, "s3:GetObject", "arn:aws:s3:::results/out.json", account=SUBJECT),
        {
            "resource": policy(RESOURCE, {**allow("s3:GetObject"), "Principal": {"AWS": EXECUTE_ROLE}}),
            "session": (policy(SESSION, allow("states:*")),),
        },
    ),
    Row(
        "session-policy-and-a-session-grant",
        YES,
        "A grant to the session's own ARN isn't limited by the session policy.",
        ONE_ACCOUNT,
        asked(EXECUTE_SESSION, "s3:GetObject", "arn:aws:s3:::results/out.json", account=SUBJECT),
        {
            "resource": policy(RESOURCE, {**allow("s3:GetObject"), "Principal": {"AWS": EXECUTE_SESSION}}),
            "session": (policy(SESSION, allow("states:*")),),
        },
    ),
    # --- iam:PassRole ------------------------------------------------------------------------------------------
    Row(
        "pass-role-to-step-functions",
        YES,
        "iam:PassedToService is the service the role is handed to.",
        f"{GUIDE}/id_roles_use_passrole.html",
        asked(ADA, "iam:PassRole", f"arn:aws:iam::{SUBJECT}:role/subject-role", {"iam:PassedToService": STATES}),
        {
            "identity": identity(
                allow(
                    "iam:PassRole",
                    f"arn:aws:iam::{SUBJECT}:role/*",
                    **when(StringEquals={"iam:PassedToService": STATES}),
                )
            )
        },
    ),
    Row(
        "pass-role-missing",
        NO,
        "Creating a machine needs iam:PassRole on its role as well.",
        f"{GUIDE}/id_roles_use_passrole.html",
        asked(ADA, "iam:PassRole", f"arn:aws:iam::{SUBJECT}:role/subject-role", {"iam:PassedToService": STATES}),
        {"identity": identity(allow("states:*"))},
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row(row):
    decision = decided(row.request, **row.policies)

    assert decision.outcome is row.outcome, row.why


def test_the_table_is_long_enough_and_every_row_says_why():
    assert len(ROWS) >= 60
    assert len({row.id for row in ROWS}) == len(ROWS)
    assert all(row.why.endswith(".") and ".amazon.com/" in row.source for row in ROWS)
