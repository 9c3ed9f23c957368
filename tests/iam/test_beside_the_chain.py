"""What else decides across accounts: an organization's policies on resources, identity providers, keys, endpoints, and
the callers and calls for which AWS has rules of its own. Each row with the page that answers it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.iam.support import (
    ADA,
    ADA_OPERATOR,
    BOUNDARY,
    EXECUTE_ROLE,
    EXTERNAL_ID,
    OPERATOR,
    OPERATOR_ROLE,
    OPERATOR_SESSION,
    RESOURCE,
    SCP,
    SESSION,
    STATES,
    STRANGER,
    SUBJECT,
    SUBJECT_MACHINE,
    TRUST,
    allow,
    asked,
    decided,
    deny,
    document,
    identity,
    policy,
    trusts,
    when,
)
from xsfn_helpers.common.language import speaking
from xsfn_helpers.iam import (
    InvalidRequest,
    Outcome,
    Policies,
    Policy,
    PolicyError,
    PolicyKind,
    Principal,
    Request,
    Unsupported,
    decide,
    explain,
)
from xsfn_helpers.iam.grants import grant_of
from xsfn_helpers.iam.jsonlines import answer

YES, NO, NEVER = Outcome.ALLOWED, Outcome.IMPLICITLY_DENIED, Outcome.EXPLICITLY_DENIED
RCP, ENDPOINT = PolicyKind.RCP, PolicyKind.ENDPOINT
IAM = "docs.aws.amazon.com/IAM/latest/UserGuide"
STS = "docs.aws.amazon.com/STS/latest/APIReference"
ORGANIZATIONS = "docs.aws.amazon.com/organizations/latest/userguide"
KMS = "docs.aws.amazon.com/kms/latest/developerguide"
ONE_ACCOUNT = f"{IAM}/reference_policies_evaluation-logic_policy-eval-basics-single-account.html"

ROOT = f"arn:aws:iam::{SUBJECT}:root"
BUCKET, OBJECT = "arn:aws:s3:::results", "arn:aws:s3:::results/x"
KEY = f"arn:aws:kms:eu-west-1:{SUBJECT}:key/1"
LINKED = f"arn:aws:iam::{SUBJECT}:role/aws-service-role/states.amazonaws.com/AWSServiceRoleForX"
LINKED_SESSION = f"arn:aws:sts::{SUBJECT}:assumed-role/AWSServiceRoleForX/run-1"
GITHUB = "token.actions.githubusercontent.com"
GITHUB_IN_IAM = f"arn:aws:iam::{SUBJECT}:oidc-provider/{GITHUB}"
SAML = f"arn:aws:iam::{SUBJECT}:saml-provider/corp"
BOB = f"arn:aws:sts::{SUBJECT}:federated-user/bob"
WEB, WITH_SAML = "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"
REPOSITORY = {f"{GITHUB}:sub": "repo:o/r:ref:refs/heads/main", f"{GITHUB}:aud": "sts.amazonaws.com"}

MINE_ONLY = {
    **deny("*", Principal="*"),
    **when(StringNotEqualsIfExists={"aws:PrincipalOrgID": "o-1"}, BoolIfExists={"aws:PrincipalIsAWSService": "false"}),
}
FULL_ACCESS = allow("*", Principal="*")
ALL = identity(allow("*"))
CHAIN_TRUST = policy(TRUST, trusts({"AWS": OPERATOR_ROLE}, **when(StringEquals=EXTERNAL_ID)))


def rcps(*levels: Any) -> tuple[tuple[Any, ...], ...]:
    return tuple((policy(RCP, *statements),) for statements in levels)


def link(**context: str) -> Request:
    return asked(OPERATOR_SESSION, context={**EXTERNAL_ID, **context})


def reading(caller: str, action: str = "s3:GetObject", arn: str = OBJECT, **context: str) -> Request:
    return asked(caller, action, arn, context, account=SUBJECT)


def provided(provider: str, action: str = WEB, context: dict[str, str] | None = None) -> Request:
    return Request(Principal.of_provider(provider), action, EXECUTE_ROLE, SUBJECT, context or {})


def provider_trust(provider: str, action: str = WEB, **more: Any) -> Any:
    return policy(TRUST, trusts({"Federated": provider}, action, **more))


def bucket(principal: Any, action: str = "s3:*", **more: Any) -> Any:
    return policy(RESOURCE, {**allow(action), "Principal": principal, **more})


def key(principal: Any, action: str = "kms:*", **more: Any) -> Any:
    return policy(RESOURCE, {**allow(action), "Principal": principal, **more})


def grants(grantee: str, *operations: str, **constraints: Any) -> tuple[Policy, ...]:
    """One grant of the key, as ListGrants tells of it."""
    told = {"GrantId": "g1", "GranteePrincipal": grantee, "Operations": list(operations), "Constraints": constraints}
    return (grant_of(told, KEY, where="grants[0]"),)


def decrypting(who: str, action: str = "kms:Decrypt", **context: str) -> Request:
    """`context` is the encryption context."""
    return asked(who, action, KEY, {f"kms:EncryptionContext:{name}": value for name, value in context.items()})


CHAIN = {"identity": ALL, "resource": CHAIN_TRUST}
REPO_TRUST = provider_trust(GITHUB_IN_IAM, **when(StringLike={f"{GITHUB}:sub": "repo:o/r:*"}))

ROWS = [
    # --- resource control policies: orgs_manage_policies_rcps.html, …_rcps_evaluation.html, …_rcps_syntax.html
    ("rcp: a caller of the organization", YES, link(**{"aws:PrincipalOrgID": "o-1"}),
     {**CHAIN, "rcps": rcps([FULL_ACCESS], [FULL_ACCESS, MINE_ONLY])}),
    ("rcp: a caller of another one", NEVER, link(**{"aws:PrincipalOrgID": "o-2"}),
     {**CHAIN, "rcps": rcps([MINE_ONLY])}),
    ("rcp: a caller of none", NEVER, link(), {**CHAIN, "rcps": rcps([FULL_ACCESS], [MINE_ONLY])}),
    ("rcp: RCPFullAWSAccess can't be detached, so that it is there unsaid", YES,
     link(**{"aws:PrincipalOrgID": "o-1"}), {**CHAIN, "rcps": rcps([MINE_ONLY])}),
    ("rcp: none grants anything", NO, link(), {"identity": ALL, "rcps": rcps([FULL_ACCESS])}),
    ("rcp: a root user, too", NEVER, reading(ROOT), {"rcps": rcps([deny("s3:*", Principal="*")])}),
    ("rcp: a service, too", NEVER, reading(STATES),
     {"resource": bucket({"Service": STATES}), "rcps": rcps([deny("s3:*", Principal="*")])}),
    ("rcp: nobody in particular, too", NEVER, reading("*"),
     {"resource": bucket("*"), "rcps": rcps([deny("s3:*", Principal="*")])}),
    ("rcp: an identity provider's user, too", NEVER, provided(GITHUB, context=REPOSITORY),
     {"resource": REPO_TRUST, "rcps": rcps([deny(WEB, Principal="*")])}),
    ("rcp: but no service-linked role", YES, asked(LINKED_SESSION, "s3:GetObject", OBJECT, account=SUBJECT,
     role_arn=LINKED), {"identity": ALL, "rcps": rcps([deny("*", Principal="*")])}),
    ("rcp: nor a service that has none", YES, asked(ADA, "states:StartExecution", SUBJECT_MACHINE),
     {"identity": ALL, "rcps": rcps([deny("*", Principal="*")])}),
    ("rcp: nor kms:RetireGrant", YES, asked(ADA, "kms:RetireGrant", KEY),
     {"identity": ALL, "resource": key({"AWS": SUBJECT}), "rcps": rcps([deny("kms:*", Principal="*")])}),
    # --- service control policies: orgs_manage_policies_scps.html
    ("scp: no service-linked role, by aws:PrincipalArn", YES, reading(LINKED_SESSION, **{"aws:PrincipalArn": LINKED}),
     {"identity": ALL, "scps": ((policy(SCP, deny("*")),),)}),
    ("scp: a role that only sounds like one", NEVER, reading(LINKED_SESSION),
     {"identity": ALL, "scps": ((policy(SCP, deny("*")),),)}),
    # --- identity providers: id_roles_create_for-idp_oidc.html, …_saml.html
    ("web identity: by its address", YES, provided(GITHUB, context=REPOSITORY), {"resource": REPO_TRUST}),
    ("web identity: by its ARN", YES, provided(GITHUB_IN_IAM, context=REPOSITORY), {"resource": REPO_TRUST}),
    ("web identity: another repository", NO, provided(GITHUB, context={f"{GITHUB}:sub": "repo:o/r2:x"}),
     {"resource": REPO_TRUST}),
    ("web identity: a provider of another account", NO,
     provided(GITHUB_IN_IAM.replace(SUBJECT, STRANGER), context=REPOSITORY),
     {"resource": provider_trust(GITHUB_IN_IAM.replace(SUBJECT, STRANGER))}),
    ("web identity: another provider", NO, provided("oidc.eks.eu-west-1.amazonaws.com/id/AB", context=REPOSITORY),
     {"resource": REPO_TRUST}),
    ("web identity: one that IAM knows without an entry", YES, provided("accounts.google.com"),
     {"resource": provider_trust("accounts.google.com")}),
    ("web identity: trusted for AssumeRole only", NO, provided(GITHUB, context=REPOSITORY),
     {"resource": provider_trust(GITHUB_IN_IAM, "sts:AssumeRole")}),
    ("web identity: denied by name", NEVER, provided(GITHUB, context=REPOSITORY),
     {"resource": policy(TRUST, trusts({"Federated": GITHUB_IN_IAM}, WEB),
      {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:*"})}),
    ("web identity: its own policies don't exist, nor SCPs for it", YES, provided(GITHUB, context=REPOSITORY),
     {"resource": REPO_TRUST, "scps": ((policy(SCP, deny("*")),),)}),
    ("web identity: aws:FederatedProvider", YES, provided(GITHUB_IN_IAM),
     {"resource": provider_trust(GITHUB_IN_IAM, **when(StringEquals={"aws:FederatedProvider": GITHUB_IN_IAM}))}),
    ("saml", YES, provided(SAML, WITH_SAML, {"SAML:aud": "https://signin.aws.amazon.com/saml"}),
     {"resource": provider_trust(SAML, WITH_SAML,
      **when(StringEquals={"SAML:aud": "https://signin.aws.amazon.com/saml"}))}),
    ("saml: another audience", NO, provided(SAML, WITH_SAML, {"SAML:aud": "https://elsewhere.example"}),
     {"resource": provider_trust(SAML, WITH_SAML,
      **when(StringEquals={"SAML:aud": "https://signin.aws.amazon.com/saml"}))}),
    # --- key policies: key-policies.html, key-policy-default.html, key-policy-modifying-external-accounts.html
    ("kms: IAM policies alone", NO, asked(ADA, "kms:Decrypt", KEY), {"identity": ALL}),
    ("kms: a key policy that lets IAM decide", YES, asked(ADA, "kms:Decrypt", KEY),
     {"identity": ALL, "resource": key({"AWS": ROOT})}),
    ("kms: and IAM doesn't", NO, asked(ADA, "kms:Decrypt", KEY), {"resource": key({"AWS": ROOT})}),
    ("kms: the caller by name", YES, asked(ADA, "kms:Decrypt", KEY), {"resource": key({"AWS": ADA})}),
    ("kms: another by name", NO, asked(ADA, "kms:Decrypt", KEY),
     {"identity": ALL, "resource": key({"AWS": ADA.replace("ada", "bob")})}),
    ("kms: the root user has no right of its own", NO, asked(ROOT, "kms:Decrypt", KEY),
     {"resource": key({"AWS": ADA})}),
    ("kms: but what the key policy gives its account", YES, asked(ROOT, "kms:Decrypt", KEY),
     {"resource": key({"AWS": ROOT})}),
    ("kms: across accounts both must allow", NO, asked(OPERATOR_SESSION, "kms:Decrypt", KEY),
     {"resource": key({"AWS": OPERATOR_ROLE})}),
    ("kms: across accounts both do", YES, asked(OPERATOR_SESSION, "kms:Decrypt", KEY),
     {"identity": ALL, "resource": key({"AWS": OPERATOR})}),
    ("kms: by the caller's account", YES, asked(ADA, "kms:Decrypt", KEY),
     {"resource": key({"AWS": "*"}, **when(StringEquals={"kms:CallerAccount": SUBJECT}))}),
    # --- grants of a key: KMS grants.html, API_GrantConstraints.html ("the key … is not case sensitive")
    ("grant: the grantee, whom no policy allows", YES, decrypting(ADA), {"grants": grants(ADA, "Decrypt")}),
    ("grant: another operation", NO, decrypting(ADA), {"grants": grants(ADA, "Encrypt")}),
    ("grant: another grantee", NO, decrypting(ADA), {"grants": grants(OPERATOR_ROLE, "Decrypt")}),
    ("grant: across accounts, by itself", YES, decrypting(OPERATOR_SESSION),
     {"grants": grants(OPERATOR_ROLE, "Decrypt")}),
    ("grant: to an account, whose policies decide", NO, decrypting(ADA), {"grants": grants(ROOT, "Decrypt")}),
    ("grant: to an account, whose policies allow", YES, decrypting(ADA),
     {"identity": ALL, "grants": grants(ROOT, "Decrypt")}),
    ("grant: beside a key policy that allows", YES, decrypting(ADA),
     {"resource": key({"AWS": ADA}), "grants": grants(ADA, "Encrypt")}),
    ("grant: no grant outweighs a Deny of the key policy", NEVER, decrypting(ADA),
     {"resource": policy(RESOURCE, deny("kms:*", Principal="*")), "grants": grants(ADA, "Decrypt")}),
    ("grant: nor one of the grantee's", NEVER, decrypting(ADA),
     {"identity": identity(deny("kms:*")), "grants": grants(ADA, "Decrypt")}),
    ("grant: nor what an SCP leaves out", NO, decrypting(ADA),
     {"scps": ((policy(SCP, allow("s3:*")),),), "grants": grants(ADA, "Decrypt")}),
    ("grant: a role's session, within its boundary", NO, decrypting(OPERATOR_SESSION),
     {"boundaries": (policy(BOUNDARY, allow("s3:*")),), "grants": grants(OPERATOR_ROLE, "Decrypt")}),
    ("grant: with this context, among others", YES, decrypting(ADA, Team="blue", Stage="test"),
     {"grants": grants(ADA, "Decrypt", EncryptionContextSubset={"Team": "blue"})}),
    ("grant: with another context", NO, decrypting(ADA, Team="green"),
     {"grants": grants(ADA, "Decrypt", EncryptionContextSubset={"Team": "blue"})}),
    ("grant: without a context", NO, decrypting(ADA),
     {"grants": grants(ADA, "Decrypt", EncryptionContextSubset={"Team": "blue"})}),
    ("grant: the name in other letters", YES, decrypting(ADA, team="blue"),
     {"grants": grants(ADA, "Decrypt", EncryptionContextSubset={"Team": "blue"})}),
    ("grant: the value in other letters", NO, decrypting(ADA, Team="Blue"),
     {"grants": grants(ADA, "Decrypt", EncryptionContextSubset={"Team": "blue"})}),
    ("grant: exactly this context", YES, decrypting(ADA, Team="blue"),
     {"grants": grants(ADA, "Decrypt", EncryptionContextEquals={"Team": "blue"})}),
    ("grant: not more than this context", NO, decrypting(ADA, Team="blue", Stage="test"),
     {"grants": grants(ADA, "Decrypt", EncryptionContextEquals={"Team": "blue"})}),
    ("grant: a dollar sign is a dollar sign", NO, decrypting(ADA, Team="ada"),
     {"grants": grants(ADA, "Decrypt", EncryptionContextEquals={"Team": "${aws:username}"})}),
    ("grant: a call that has no context", YES, decrypting(ADA, "kms:DescribeKey"),
     {"grants": grants(ADA, "DescribeKey", "Decrypt", EncryptionContextSubset={"Team": "blue"})}),
    ("grant: a service", YES, decrypting("rds.amazonaws.com"), {"grants": grants("rds.amazonaws.com", "Decrypt")}),
    ("kms: lists are IAM's alone", YES, asked(ADA, "kms:ListKeys", "*", account=SUBJECT), {"identity": ALL}),
    # --- VPC endpoints: docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
    ("endpoint: lets it through", YES, reading(ADA), {"identity": ALL, "endpoint": (policy(ENDPOINT, FULL_ACCESS),)}),
    ("endpoint: grants nothing", NO, reading(ADA), {"endpoint": (policy(ENDPOINT, FULL_ACCESS),)}),
    ("endpoint: is for something else", NO, reading(ADA),
     {"identity": ALL, "endpoint": (policy(ENDPOINT, allow("ec2:*", Principal="*")),)}),
    ("endpoint: also where the bucket lets the caller in", NO, reading(ADA),
     {"resource": bucket({"AWS": ADA}), "endpoint": (policy(ENDPOINT, allow("ec2:*", Principal="*")),)}),
    ("endpoint: also for a root user", NO, reading(ROOT),
     {"endpoint": (policy(ENDPOINT, allow("ec2:*", Principal="*")),)}),
    ("endpoint: denies", NEVER, reading(ADA),
     {"identity": ALL, "endpoint": (policy(ENDPOINT, FULL_ACCESS, deny("s3:*", Principal="*")),)}),
    # --- sessions of GetFederationToken: API_GetFederationToken.html, ONE_ACCOUNT ("IAM federated user sessions")
    ("federated user: what user and session policy allow", YES, reading(BOB),
     {"identity": ALL, "session": (policy(SESSION, allow("s3:*")),)}),
    ("federated user: not more than the session policy", NO, reading(BOB),
     {"identity": ALL, "session": (policy(SESSION, allow("ec2:*")),)}),
    ("federated user: nothing without a session policy", NO, reading(BOB), {"identity": ALL}),
    ("federated user: named, without limit", YES, reading(BOB),
     {"session": (policy(SESSION, allow("ec2:*")),), "resource": bucket({"AWS": BOB})}),
    ("federated user: whose account is named, within its limits", NO, reading(BOB),
     {"session": (policy(SESSION, allow("ec2:*")),), "resource": bucket({"AWS": SUBJECT})}),
    ("federated user: no STS", NO, asked(BOB), {"identity": ALL, "session": (policy(SESSION, allow("*")),),
     "resource": policy(TRUST, trusts({"AWS": SUBJECT}))}),
    ("federated user: no IAM", NO, asked(BOB, "iam:GetRole"),
     {"identity": ALL, "session": (policy(SESSION, allow("*")),)}),
    ("federated user: but its own identity", YES, asked(BOB, "sts:GetCallerIdentity", "*", account=SUBJECT), {}),
    # --- calls that need no permission: API_GetCallerIdentity.html,
    # id_credentials_temp_control-access_getsessiontoken.html
    ("caller identity", YES, asked(ADA, "sts:GetCallerIdentity", "*", account=SUBJECT), {}),
    ("caller identity, denied in vain", YES, asked(ADA, "sts:GetCallerIdentity", "*", account=SUBJECT),
     {"identity": identity(deny("sts:*")), "scps": ((policy(SCP, deny("*")),),), "boundaries": (policy(BOUNDARY,
      deny("*")),)}),
    ("session token", YES, asked(ADA, "sts:GetSessionToken", "*", account=SUBJECT), {"identity": identity(deny("*"))}),
    ("session token, of a session", NO, asked(OPERATOR_SESSION, "sts:GetSessionToken", "*", account=OPERATOR),
     {"identity": ALL}),
    ("federation token needs permission", NO, asked(ADA, "sts:GetFederationToken", BOB), {}),
    # --- AssumeRoot: id_root-user-privileged-task.html
    ("assume root: the caller's permission is enough", YES, asked(ADA, "sts:AssumeRoot",
     f"arn:aws:iam::{STRANGER}:root"), {"identity": ALL}),
    ("assume root: without it", NO, asked(ADA, "sts:AssumeRoot", f"arn:aws:iam::{STRANGER}:root"), {}),
    ("assume root: not by a root user (API_AssumeRoot.html)", NO,
     asked(f"arn:aws:iam::{OPERATOR}:root", "sts:AssumeRoot", f"arn:aws:iam::{STRANGER}:root"), {"identity": ALL}),
    ("assume root: its session may do what the task policy says (API_AssumeRoot.html)", YES,
     reading(ROOT, "s3:DeleteBucketPolicy", BUCKET), {"session": (policy(SESSION, allow("s3:DeleteBucketPolicy")),)}),
    ("assume root: and nothing else", NO,
     asked(ROOT, "iam:CreateUser", f"arn:aws:iam::{SUBJECT}:user/x", account=SUBJECT),
     {"session": (policy(SESSION, allow("s3:DeleteBucketPolicy")),)}),
    # --- what no policy of a resource gives away
    ("across partitions (access_policies-cross-account-resource-access.html)", NO,
     asked(ADA_OPERATOR, "s3:GetObject", "arn:aws-cn:s3:::results/x", account=SUBJECT),
     {"identity": ALL, "resource": bucket({"AWS": ADA_OPERATOR})}),
    ("a key: used by another account (key-policy-modifying-external-accounts.html)", YES,
     decrypting(ADA_OPERATOR), {"identity": ALL, "resource": key({"AWS": ADA_OPERATOR})}),
    ("a key: managed by another account", NO, asked(ADA_OPERATOR, "kms:ScheduleKeyDeletion", KEY),
     {"identity": ALL, "resource": key({"AWS": ADA_OPERATOR})}),
    ("a queue: managed by another account (sqs-limitations-of-custom-policies.html)", NO,
     asked(ADA_OPERATOR, "sqs:SetQueueAttributes", f"arn:aws:sqs:eu-west-1:{SUBJECT}:jobs", account=SUBJECT),
     {"identity": ALL, "resource": bucket({"AWS": ADA_OPERATOR}, "sqs:*")}),
    ("a queue: written to by another account", YES,
     asked(ADA_OPERATOR, "sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{SUBJECT}:jobs", account=SUBJECT),
     {"identity": ALL, "resource": bucket({"AWS": ADA_OPERATOR}, "sqs:*")}),
    ("an unsigned request for a role (API_AssumeRole.html)", NO, asked("*", "sts:AssumeRole", EXECUTE_ROLE),
     {"resource": policy(TRUST, trusts({"AWS": "*"}))}),
    ("an unsigned request for a key", NO, decrypting("*"), {"resource": key("*")}),
    # --- the bucket owner's root user: docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketPolicy.html
    *(
        (f"bucket policy: {action} by the owner's root user", YES, reading(ROOT, action, BUCKET),
         {"resource": policy(RESOURCE, deny("s3:*", Principal="*"))})
        for action in ("s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy")
    ),
    ("bucket policy: not what else it does", NEVER, reading(ROOT, "s3:ListBucket", BUCKET),
     {"resource": policy(RESOURCE, deny("s3:*", Principal="*"))}),
    ("bucket policy: not somebody else's root user", NEVER, asked(f"arn:aws:iam::{OPERATOR}:root",
     "s3:PutBucketPolicy", BUCKET, account=SUBJECT), {"resource": policy(RESOURCE, deny("s3:*", Principal="*"))}),
    ("bucket policy: not against an SCP", NEVER, reading(ROOT, "s3:PutBucketPolicy", BUCKET),
     {"scps": ((policy(SCP, allow("*"), deny("s3:*")),),)}),
    ("bucket policy: not against an endpoint's policy", NO, reading(ROOT, "s3:PutBucketPolicy", BUCKET),
     {"endpoint": (policy(ENDPOINT, allow("ec2:*", Principal="*")),)}),
    # --- who asks: reference_identifiers.html (unique IDs), reference_policies_variables.html#principaltable
    ("unique ID, told by aws:userid", YES, link(**{"aws:userid": "AROAEXAMPLEEXAMPLEEXA:run-1"}),
     {"identity": ALL, "resource": policy(TRUST, trusts({"AWS": "AROAEXAMPLEEXAMPLEEXA"}))}),
    ("unique ID of another", NO, link(**{"aws:userid": "AROAEXAMPLEEXAMPLEEXB:run-1"}),
     {"identity": ALL, "resource": policy(TRUST, trusts({"AWS": "AROAEXAMPLEEXAMPLEEXA"}))}),
    ("aws:userid of nobody", YES, reading("*"),
     {"resource": bucket("*", **when(StringEquals={"aws:userid": "anonymous"}))}),
    ("a service by the list of its names", YES, reading("states.eu-west-1.amazonaws.com"),
     {"resource": bucket("*", **when(ForAnyValue_StringEquals={"aws:PrincipalServiceNamesList": STATES}))}),
    # --- Null with a set operator: access-analyzer-reference-policy-checks.html, "Null with qualifier"
    *(
        (f"{name} Null {wanted} with{'' if given else 'out'} the key", outcome,
         asked(ADA, "s3:GetObject", OBJECT, {"aws:TagKeys": ["a"]} if given else {}, account=SUBJECT),
         {"identity": identity(allow("*", **when(**{name: {"aws:TagKeys": wanted}})))})
        for name, outcome in (("ForAllValues_Null", YES), ("ForAnyValue_Null", NO))
        for wanted in ("true", "false")
        for given in (True, False)
    ),
]  # fmt: skip


@pytest.mark.parametrize(("outcome", "request_", "policies"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_it_is_decided_as_aws_documents_it(outcome: Outcome, request_: Request, policies: dict[str, Any]) -> None:
    decision = decide(request_, Policies(**policies))

    assert decision.outcome is outcome, explain(decision).text
    assert bool(decision.sentence) is (outcome is not YES)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
@pytest.mark.parametrize("spoken", ["en", "ja"])
def test_every_refusal_is_explained_and_a_smallest_change_holds(row: tuple[Any, ...], spoken: str) -> None:
    _, outcome, request, policies = row
    with speaking(spoken):
        explanation = explain(decide(request, Policies(**policies)))

        assert explanation.text
        edits = explanation.edits
    assert not edits or outcome is NO
    for edit in edits:
        assert edit.after != edit.before


@pytest.mark.parametrize(
    ("name", "outcome", "refuser", "changes"),
    [
        ("endpoint: is for something else", NO, "no VPC endpoint policy allows", {ENDPOINT}),
        ("kms: IAM policies alone", NO, "no resource-based policy allows", {RESOURCE}),
        ("web identity: another repository", NO, "no role trust policy allows", {TRUST}),
        ("kms: across accounts both must allow", NO, "no identity-based policy allows", {PolicyKind.IDENTITY}),
        ("rcp: a caller of none", NEVER, "with an explicit deny in a resource control policy", set()),
        ("endpoint: denies", NEVER, "with an explicit deny in a VPC endpoint policy", set()),
    ],
)
def test_the_refusal_names_the_policy_and_the_change_is_there(
    name: str, outcome: Outcome, refuser: str, changes: set[PolicyKind]
) -> None:
    _, _, request, policies = next(row for row in ROWS if row[0] == name)

    explanation = explain(decide(request, Policies(**policies)))

    assert refuser in explanation.sentence
    assert {edit.kind for edit in explanation.edits} == changes


def test_a_grant_is_told_of() -> None:
    allowed = explain(decided(decrypting(ADA), grants=grants(ADA, "Decrypt"))).text
    denied = explain(
        decided(decrypting(ADA), grants=grants(ADA, "Decrypt", EncryptionContextSubset={"Team": "blue"}))
    ).text

    assert "A grant of the key lets the caller in" in allowed
    assert "grant g1, statement Operations allows it" in allowed
    assert 'condition StringEquals kms:EncryptionContext:Team: wanted "blue", the key is missing' in denied


@pytest.mark.parametrize(("provider", "action"), [(SAML, WEB), (GITHUB_IN_IAM, WITH_SAML)])
def test_each_kind_of_provider_has_its_own_call(provider: str, action: str) -> None:
    with pytest.raises(Unsupported, match="SAML provider"):
        decide(provided(provider, action), Policies(resource=provider_trust(provider, "sts:*")))


@pytest.mark.parametrize("operations", [[{}], [["Decrypt"]], [None], "Decrypt"])
def test_operations_of_a_grant_are_a_list_of_names(operations: Any) -> None:
    with pytest.raises(InvalidRequest, match="list of KMS operations"):
        grant_of({"GranteePrincipal": ADA, "Operations": operations}, KEY, where="grants[0]")


@pytest.mark.parametrize("kind", [SCP, RCP])
def test_an_organization_has_seven_levels_at_most(kind: PolicyKind) -> None:
    """The root, five organizational units in each other, the account (orgs_reference_limits.html)."""
    levels = tuple((policy(kind, allow("*", **({"Principal": "*"} if kind is RCP else {}))),) for _ in range(8))
    with pytest.raises(InvalidRequest, match="7 levels"):
        Policies(**{"scps" if kind is SCP else "rcps": levels})


@pytest.mark.parametrize("action", ["kms:CreateGrant", "kms:RetireGrant"])
def test_what_a_grant_hands_on_is_not_guessed(action: str) -> None:
    """The new grant may have no more operations and no fewer constraints; neither is in the request."""
    with pytest.raises(Unsupported, match="the other grant"):
        decided(decrypting(ADA, action), grants=grants(ADA, "Decrypt", "CreateGrant", "RetireGrant"))


@pytest.mark.parametrize(
    ("grant", "words"),
    [
        ({"GranteePrincipal": ADA, "Operations": ["ScheduleKeyDeletion"]}, "Operations is a list of KMS operations"),
        ({"GranteePrincipal": ADA, "Operations": []}, "Operations is a list of KMS operations"),
        ({"GranteePrincipal": "*", "Operations": ["Decrypt"]}, "one grantee"),
        ({"Operations": ["Decrypt"]}, "one grantee"),
        ({"GranteePrincipal": ADA, "Operations": ["Decrypt"], "Effect": "Deny"}, 'There is no "Effect"'),
        ({"GranteePrincipal": ADA, "Operations": ["Decrypt"], "Constraints": {"Ip": "1"}}, "Constraints is"),
        (
            {"GranteePrincipal": ADA, "Operations": ["Decrypt"], "Constraints": {"EncryptionContextEquals": {"a": 1}}},
            "object of texts",
        ),
        (7, "A grant is an object"),
    ],
)
def test_what_kms_would_not_take_is_no_grant(grant: Any, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        grant_of(grant, KEY, where="keyGrants[0]")


def test_grants_come_with_a_line() -> None:
    line: dict[str, Any] = {
        "request": {
            "principal": OPERATOR_SESSION,
            "action": "kms:Decrypt",
            "resource": KEY,
            "resourceAccount": SUBJECT,
        },
        "keyGrants": [{"GrantId": "g1", "GranteePrincipal": OPERATOR_ROLE, "Operations": ["Decrypt"]}],
    }
    found = json.loads(answer(json.dumps(line)))

    assert (found["outcome"], found["decided_by"]) == ("Allowed", ["grant g1, statement Operations"])
    line["keyGrants"][0]["Operations"] = ["Encrypt"]
    assert json.loads(answer(json.dumps(line)))["outcome"] == "ImplicitlyDenied"
    line["keyGrants"] = {}
    assert "keyGrants" in json.loads(answer(json.dumps(line)))["error"]
    line |= {"keyGrants": [{}], "request": {**line["request"], "action": "s3:GetObject", "resource": OBJECT}}
    assert "Only a KMS key has grants" in json.loads(answer(json.dumps(line)))["error"]


def test_an_rcp_belongs_to_the_resources_account() -> None:
    text = explain(decided(link(), **CHAIN, rcps=rcps([MINE_ONLY]))).text

    assert f"✗ resource control policy, level 1 (root) of account {SUBJECT}: denies" in text


def test_who_called_get_federation_token_is_not_guessed() -> None:
    """The session's ARN has the name that the caller chose, not the caller's."""
    with pytest.raises(Unsupported, match="GetFederationToken"):
        decided(reading(BOB), session=(policy(SESSION, allow("*")),), resource=bucket({"AWS": ADA}))


@pytest.mark.parametrize(
    "request_",
    [
        asked(OPERATOR_SESSION, WEB),
        asked(STATES, WITH_SAML),
        Request(Principal.parse(SAML), "s3:GetObject", OBJECT, SUBJECT),
    ],
)
def test_callers_and_calls_that_do_not_go_together_are_no_question(request_: Request) -> None:
    with pytest.raises(Unsupported):
        decided(request_, identity=ALL)


@pytest.mark.parametrize(
    "statement",
    [
        allow("s3:*", Principal="*"),
        deny("s3:*", Principal={"AWS": OPERATOR}),
        {"Effect": "Deny", "Principal": "*", "NotAction": "s3:*", "Resource": "*"},
        {"Effect": "Deny", "NotPrincipal": {"AWS": OPERATOR}, "Action": "s3:*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*"},
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*"},
    ],
)
def test_what_an_rcp_cannot_say(statement: dict[str, Any]) -> None:
    """docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html"""
    with pytest.raises(PolicyError) as refused:
        policy(RCP, statement)

    assert refused.value.code == "MalformedPolicyDocumentException"


def test_a_line_takes_all_of_it() -> None:
    line = {
        "request": {
            "principal": LINKED_SESSION,
            "action": "s3:GetObject",
            "resource": OBJECT,
            "resourceAccount": SUBJECT,
            "roleArn": LINKED,
            "uniqueId": "AROAEXAMPLEEXAMPLEEXA",
        },
        "resourcePolicy": document({**allow("s3:*"), "Principal": {"AWS": "AROAEXAMPLEEXAMPLEEXA"}}),
        "resourceControlPolicies": [[document(deny("*", Principal="*"))]],
        "vpcEndpointPolicies": [document(FULL_ACCESS)],
    }
    found = json.loads(answer(json.dumps(line)))
    assert found["outcome"] == "Allowed", found
    assert found["decided_by"] == ["vpcEndpointPolicies[0], statement 1", "resourcePolicy, statement 1"]

    line["vpcEndpointPolicies"] = [document(allow("ec2:*", Principal="*"))]
    line["request"]["roleArn"] = None
    found = json.loads(answer(json.dumps(line)))
    assert found["outcome"] == "ExplicitlyDenied"
    assert found["decided_by"] == ["resourceControlPolicies[0][0], statement 1"]


def test_a_provider_may_be_given_by_its_address_in_a_line() -> None:
    line = {
        "request": {"principal": GITHUB, "action": WEB, "resource": EXECUTE_ROLE, "resourceAccount": SUBJECT},
        "resourcePolicy": document(trusts({"Federated": GITHUB_IN_IAM}, WEB)),
    }

    assert json.loads(answer(json.dumps(line)))["outcome"] == "Allowed"
