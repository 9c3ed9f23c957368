"""Who asks, and how closely a policy names them."""

import pytest

from tests.iam.support import ADA, EXECUTE_ROLE, EXECUTE_SESSION, OPERATOR_MACHINE, STATES, SUBJECT, asked
from xsfn_helpers.iam import InvalidRequest, Principal, PrincipalKind
from xsfn_helpers.iam.principal_element import Named, is_valid_principal, principal_element

ROOT = f"arn:aws:iam::{SUBJECT}:root"


@pytest.mark.parametrize(
    ("arn", "kind", "account", "name"),
    [
        (ADA, PrincipalKind.USER, SUBJECT, "ada"),
        (f"arn:aws:iam::{SUBJECT}:user/team/a/ada", PrincipalKind.USER, SUBJECT, "ada"),
        (EXECUTE_ROLE, PrincipalKind.ROLE, SUBJECT, "execute-role"),
        (EXECUTE_SESSION, PrincipalKind.SESSION, SUBJECT, "execute-role"),
        (ROOT, PrincipalKind.ROOT, SUBJECT, "root"),
        (STATES, PrincipalKind.SERVICE, "", STATES),
        ("arn:aws-cn:iam::222222222222:role/r", PrincipalKind.ROLE, SUBJECT, "r"),
        ("*", PrincipalKind.ANONYMOUS, "", ""),
        ("anonymous", PrincipalKind.ANONYMOUS, "", ""),
    ],
)
def test_parse(arn, kind, account, name):
    principal = Principal.parse(arn)

    assert (principal.kind, principal.account, principal.name) == (kind, account, name)


def test_a_session_knows_its_role():
    assert Principal.parse(EXECUTE_SESSION).role_arn == EXECUTE_ROLE
    assert Principal.parse(EXECUTE_SESSION).session_name == "run-1"
    with_path = f"arn:aws:iam::{SUBJECT}:role/team/execute-role"
    assert Principal.parse(EXECUTE_SESSION, role_arn=with_path).role_arn == with_path


@pytest.mark.parametrize(
    "arn",
    [
        "", "ada", "arn:aws:iam::1:user/ada", "arn:aws:iam::222222222222:user/", "arn:aws:iam::222222222222:group/g",
        "arn:aws:iam::222222222222:role/*", "arn:aws:sts::222222222222:assumed-role/r", "arn:aws:s3:::bucket",
        "arn:aws:sts::222222222222:role/r", "x" * 10_000, "\ud800", "arn:aws:sts::222222222222:assumed-role/r/s/t",
    ],
)  # fmt: skip
def test_no_principals(arn):
    with pytest.raises(InvalidRequest, match=r"is not a principal"):
        Principal.parse(arn)


def test_sessions_of_get_federation_token():
    bob = Principal.parse(f"arn:aws:sts::{SUBJECT}:federated-user/bob")

    assert (bob.kind, bob.account, bob.name) == (PrincipalKind.FEDERATED_USER, SUBJECT, "bob")
    assert bob.unique_id == f"{SUBJECT}:bob"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"arn:aws:iam::{SUBJECT}:saml-provider/corp", "corp"),
        (f"arn:aws:iam::{SUBJECT}:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/AB", None),
        ("token.actions.githubusercontent.com", None),
        ("localhost.example:8443/realms/x", None),
    ],
)
def test_identity_providers(text, name):
    provider = Principal.of_provider(text)

    assert provider.kind is PrincipalKind.IDENTITY_PROVIDER
    assert provider.name == (name or text.partition("oidc-provider/")[2] or text)


@pytest.mark.parametrize("text", ["", "github", "https://x.example", f"arn:aws:iam::{SUBJECT}:oidc-provider/*", 5])
def test_no_identity_providers(text):
    with pytest.raises(InvalidRequest, match="identity provider"):
        Principal.of_provider(text)


@pytest.mark.parametrize("role_arn", ["execute-role", EXECUTE_ROLE + "2", EXECUTE_ROLE.replace("2222", "3333")])
def test_a_session_of_another_role_is_refused(role_arn):
    with pytest.raises(InvalidRequest, match=r"role_arn"):
        Principal.parse(EXECUTE_SESSION, role_arn=role_arn)


def element(*entries, negated=False):
    pairs = [("Service", one) if one.endswith(".com") else ("AWS", one) for one in entries]
    return principal_element(pairs, negated=negated)


@pytest.mark.parametrize(
    ("listed", "caller", "named"),
    [
        ("*", ADA, Named.DIRECTLY),
        ("*", "anonymous", Named.DIRECTLY),
        ("*", STATES, Named.DIRECTLY),
        (ADA, ADA, Named.DIRECTLY),
        (ADA.upper(), ADA, None),
        (SUBJECT, ADA, Named.ACCOUNT),
        (ROOT, ADA, Named.ACCOUNT),
        (ROOT, ROOT, Named.ACCOUNT),
        (ROOT, EXECUTE_SESSION, Named.ACCOUNT),
        (ROOT, "anonymous", Named.NOT_AT_ALL),
        (EXECUTE_ROLE, EXECUTE_SESSION, Named.ROLE),
        (EXECUTE_ROLE, EXECUTE_ROLE, Named.ROLE),
        (EXECUTE_SESSION, EXECUTE_SESSION, Named.DIRECTLY),
        (EXECUTE_SESSION, EXECUTE_ROLE, Named.NOT_AT_ALL),
        (f"arn:aws:sts::{SUBJECT}:assumed-role/execute-role/*", EXECUTE_SESSION, None),
        (f"arn:aws:iam::{SUBJECT}:role/*", EXECUTE_SESSION, None),
        (f"arn:aws:iam::{SUBJECT}:role/team/execute-role", EXECUTE_SESSION, Named.ROLE),
        ("333333333333", ADA, Named.NOT_AT_ALL),
        (STATES, STATES, Named.DIRECTLY),
        (STATES, "lambda.amazonaws.com", Named.NOT_AT_ALL),
        (STATES, "states.eu-west-1.amazonaws.com", Named.DIRECTLY),
        (STATES, ADA, Named.NOT_AT_ALL),
        ("states.eu-west-1.amazonaws.com", "states.eu-west-1.amazonaws.com", Named.DIRECTLY),
        ("states.eu-west-1.amazonaws.com", STATES, Named.NOT_AT_ALL),
    ],
)
def test_how_closely_a_principal_is_named(listed, caller, named):
    if named is None:
        assert not is_valid_principal("AWS", listed)
        return

    assert element(listed).names(asked(caller)) is named


def test_unique_ids():
    listed = element("AROAEXAMPLEEXAMPLEEXA", "AIDAEXAMPLEEXAMPLEEXA")

    assert listed.names(asked(EXECUTE_SESSION, unique_id="AROAEXAMPLEEXAMPLEEXA:run-1")) is Named.ROLE
    assert listed.names(asked(EXECUTE_ROLE, unique_id="AROAEXAMPLEEXAMPLEEXA")) is Named.ROLE
    assert listed.names(asked(ADA, unique_id="AIDAEXAMPLEEXAMPLEEXA")) is Named.DIRECTLY
    assert listed.names(asked(ADA, unique_id="AIDAANOTHERANOTHERANO")) is Named.NOT_AT_ALL
    assert listed.names(asked(ADA)) is Named.NOT_AT_ALL


def test_the_closest_name_counts():
    assert element(SUBJECT, EXECUTE_ROLE).names(asked(EXECUTE_SESSION)) is Named.ROLE
    assert element(SUBJECT, EXECUTE_ROLE, EXECUTE_SESSION).names(asked(EXECUTE_SESSION)) is Named.DIRECTLY


def test_a_regional_service_name_counts_in_its_region():
    listed = element("states.ap-northeast-1.amazonaws.com")

    assert listed.names(asked(STATES, context={"aws:SourceArn": OPERATOR_MACHINE})) is Named.DIRECTLY
    assert listed.names(asked(STATES, context={"aws:SourceArn": "x"})) is Named.NOT_AT_ALL


@pytest.mark.parametrize(
    ("listed", "caller", "missing"),
    [
        ((ADA, ROOT), ADA, ()),
        ((ADA, SUBJECT), ADA, ()),
        ((ADA,), ADA, (ROOT,)),
        ((ROOT,), ADA, (ADA,)),
        ((ROOT, EXECUTE_ROLE, EXECUTE_SESSION), EXECUTE_SESSION, ()),
        ((ROOT, EXECUTE_ROLE), EXECUTE_SESSION, (EXECUTE_SESSION,)),
        ((EXECUTE_SESSION,), EXECUTE_SESSION, (ROOT, EXECUTE_ROLE)),
        ((ROOT, EXECUTE_ROLE), EXECUTE_ROLE, ()),
        ((ROOT,), ROOT, ()),
        ((STATES,), STATES, ()),
        ((ROOT,), STATES, (STATES,)),
        ((ROOT,), "anonymous", ("anonymous",)),
        (("*",), ADA, ()),
    ],
)
def test_whom_not_principal_spares(listed, caller, missing):
    """Account, then role, then session: every level has to be listed (AWS's page on NotPrincipal)."""
    request = asked(caller)

    assert element(*listed).excepts(request) is (not missing)
    assert element(*listed).missing_exceptions(request) == missing


@pytest.mark.parametrize(
    ("kind", "text", "valid"),
    [
        ("AWS", "*", True),
        ("AWS", "111111111111", True),
        ("AWS", "11111111111", False),
        ("AWS", "", False),
        ("AWS", "arn:aws:s3:::x", False),
        ("AWS", "arn:aws:iam::*:root", False),
        ("AWS", "arn:aws:sts::111111111111:federated-user/bob", True),
        ("AWS", STATES, False),
        ("Service", STATES, True),
        ("Service", "*", False),
        ("Service", "states", False),
        ("Federated", "accounts.google.com", True),
        ("Federated", "", False),
        ("Federated", "*", False),
        ("Federated", "arn:aws:iam::111111111111:saml-provider/*", False),
        ("Federated", "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com", True),
    ],
)
def test_which_principals_the_grammar_knows(kind, text, valid):
    assert is_valid_principal(kind, text) is valid
