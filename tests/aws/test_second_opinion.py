"""AWS's own answers beside the engine's: side by side, told when they differ, and fit to be sent in then."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from tests.aws.playing import PlayedAws
from xsfn_helpers import Lab, Scenario, Side
from xsfn_helpers.cli import FAILED, OK, main
from xsfn_helpers.deployment.second_opinion import OUR_BUG, redacted

pytestmark = pytest.mark.usefixtures("no_http")

_MACHINES = "arn:aws:states:*:*:stateMachine:*"
PERMISSIONS = {
    "right": {},
    "nothing allowed": {"operator_role_permissions": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}},
    "denied": {
        "operator_role_permissions": [
            {"Effect": "Allow", "Action": "sts:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"},
        ]
    },
    "executions named as machines": {
        "execute_role_permissions": {"Effect": "Allow", "Action": "states:*", "Resource": _MACHINES}
    },
    "a condition on the region": {
        "execute_role_permissions": {
            "Effect": "Allow",
            "Action": "states:*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
        }
    },
}


@pytest.mark.parametrize("permissions", PERMISSIONS)
def test_both_say_the_same_of_every_link_that_aws_simulates(agreed_lab: Lab, permissions: str) -> None:
    statements = PERMISSIONS[permissions]
    documents: dict[str, Any] = {
        name: {"Version": "2012-10-17", "Statement": statement} for name, statement in statements.items()
    }
    agreed_lab.using(**documents).set_stage(3)
    opinion = agreed_lab.compare_with_aws()

    assert [check.id for check in opinion.report] == ["link-2.aws", "link-3.aws", "link-4.aws", "link-5.aws"]
    assert opinion.agree, str(opinion)
    refused = [check.id for check in opinion.report if "engine says allowed" not in check.evidence]
    assert bool(refused) is (permissions != "right")


def test_what_aws_isnt_asked_is_told_with_the_reason(agreed_lab: Lab) -> None:
    agreed_lab.prepare()
    notes = "\n".join(agreed_lab.compare_with_aws().notes)

    assert "link 1. Step Functions" in notes
    assert "AWS simulates no trust policy" in notes
    assert "link 3. execute role -> states:StartExecution -> Subject state machine: denied: the execute role" in notes
    assert "Access Analyzer, Operator account" in notes


def test_where_simulating_is_denied_it_says_so(aws: PlayedAws, agreed_lab: Lab) -> None:
    agreed_lab.set_stage(3)
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    denied = {"Effect": "Deny", "Action": "iam:Simulate*", "Resource": "*"}
    opinion = aws.lab(operator_profile=aws.as_user("unsimulating", [everything, denied])).compare_with_aws()

    assert "link-2.aws" not in [check.id for check in opinion.report]
    assert any(note.startswith("link 2.") and "AWS said AccessDenied" in note for note in opinion.notes)


class TestDisagreement:
    @pytest.fixture
    def lab(self, agreed_lab: Lab) -> Lab:
        """AWS answers otherwise than the engine."""
        agreed_lab.set_stage(3)

        def otherwise(parsed: dict[str, Any], **_: Any) -> None:
            parsed["EvaluationResults"][0]["EvalDecision"] = "implicitDeny"

        events = agreed_lab.operator.client("iam").meta.events
        events.register("after-call.iam.SimulatePrincipalPolicy", otherwise)
        return agreed_lab

    def test_is_told_as_a_bug_of_ours(self, lab: Lab) -> None:
        opinion = lab.compare_with_aws()
        check = opinion.report["link-2.aws"]

        assert not opinion.agree
        assert "the engine says allowed, AWS says implicitDeny" in check.evidence
        assert check.hint == OUR_BUG
        assert [other.passed for other in opinion.report] == [False, True, True, True]

    def test_comes_with_a_text_that_holds_nothing_private(self, lab: Lab) -> None:
        (text,) = lab.compare_with_aws().to_send
        told = json.loads(text)

        assert (told["engine"], told["aws"]) == ("allowed", "implicitDeny")
        assert told["asked"]["action"] == "sts:AssumeRole"
        assert told["identityPolicies"][0]["Statement"]
        scenario = lab.scenario
        for private in (scenario.operator_role_name, scenario.execute_role_name, lab.environment.lab_id):
            assert private not in text
        assert Scenario().execute_role_name in text

    def test_the_engine_can_be_asked_again_with_it(self, lab: Lab) -> None:
        """So that whoever gets the text sees the same."""
        from xsfn_helpers.iam import Policies, Policy, PolicyKind, Principal, Request, decide

        told = json.loads(lab.compare_with_aws().to_send[0])
        asked = told["asked"]
        request = Request(
            Principal.parse(asked["principal"]), asked["action"], asked["resource"], "111111111111", asked["context"]
        )
        identity = tuple(Policy.parse(json.dumps(one), kind=PolicyKind.IDENTITY) for one in told["identityPolicies"])
        decision = decide(request, Policies(identity=identity))

        assert all(layer.allow is not None for layer in decision.layers if layer.kind is PolicyKind.IDENTITY)

    def test_on_the_command_line_fails_the_check(
        self, aws: PlayedAws, agreed_lab: Lab, capsys: pytest.CaptureFixture[str]
    ) -> None:
        agreed_lab.set_stage(3)

        assert main(["check", "--no-live", "--second-opinion", *aws.options]) == OK
        assert "The engine beside AWS: 4 of 4 passed" in capsys.readouterr().out
        agreed_lab.operator.client("iam").delete_role_policy(
            RoleName=agreed_lab.scenario.operator_role_name, PolicyName="assume-subject-execute-role"
        )
        assert main(["check", "--no-live", "--second-opinion", *aws.options]) == FAILED


class TestAccessAnalyzer:
    def stubbed(self, lab: Lab, finding: dict[str, Any]) -> Stubber:
        """The Operator's two policies are validated: the first has this finding."""
        stub = Stubber(lab.operator.client("accessanalyzer"))
        stub.add_response("validate_policy", {"findings": [finding]}, {"policyDocument": ANY, "policyType": ANY})
        trust = {"policyDocument": ANY, "policyType": ANY, "validatePolicyResourceType": ANY}
        stub.add_response("validate_policy", {"findings": []}, trust)
        return stub

    def finding(self, kind: str) -> dict[str, Any]:
        return {
            "findingType": kind,
            "issueCode": "PASS_ROLE_WITH_STAR_IN_RESOURCE",
            "findingDetails": "Using the iam:PassRole action with wildcards can be overly permissive.",
            "learnMoreLink": "https://docs.aws.amazon.com/",
            "locations": [],
        }

    def test_advice_is_shown(self, agreed_lab: Lab) -> None:
        agreed_lab.set_stage(3)
        with self.stubbed(agreed_lab, self.finding("SECURITY_WARNING")):
            opinion = agreed_lab.compare_with_aws()

        assert "security warning PASS_ROLE_WITH_STAR" in opinion.report["operator_role_permissions.aws"].evidence
        assert "security warning PASS_ROLE_WITH_STAR" in str(opinion)
        assert "security warning PASS_ROLE_WITH_STAR" in opinion._repr_mimebundle_()["text/html"]
        assert "nothing against it" in opinion.report["operator_role_trust.aws"].evidence
        assert opinion.agree

    def test_an_error_in_what_the_engine_takes_is_a_disagreement(self, agreed_lab: Lab) -> None:
        agreed_lab.set_stage(3)
        with self.stubbed(agreed_lab, self.finding("ERROR")):
            opinion = agreed_lab.compare_with_aws()

        assert not opinion.agree
        assert json.loads(opinion.to_send[0])["aws"][0]["findingType"] == "ERROR"


@pytest.mark.parametrize(
    ("private", "sent"),
    [
        ("arn:aws:iam::123456789012:role/mine", "arn:aws:iam::111111111111:role/mine"),
        ("arn:aws:iam::999999999999:role/theirs", "arn:aws:iam::000000000000:role/theirs"),
        ("AROAABCDEFGHIJKLMNOPQ", "AROA…"),
        ("assumed-role/admin/jane.doe@company.com", "assumed-role/admin/session"),
        ("by jane@company.com", "by somebody@example.com"),
        ("arn:…:stateMachine:secret-project", "arn:…:stateMachine:operator-statemachine"),
        ("1764000000000", "1764000000000"),
    ],
)
def test_redacted(private: str, sent: str) -> None:
    mine = Scenario(operator_account_id="123456789012", operator_machine_name="secret-project")

    assert redacted(private, mine, "lab-7") == sent


@pytest.mark.parametrize("side", Side)
def test_an_organisations_refusal_is_no_disagreement(agreed_lab: Lab, side: Side) -> None:
    agreed_lab.set_stage(3)

    def fenced(parsed: dict[str, Any], **_: Any) -> None:
        parsed["EvaluationResults"][0]["EvalDecision"] = "implicitDeny"
        parsed["EvaluationResults"][0]["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": False}

    agreed_lab.environment.iam(side).meta.events.register("after-call.iam.SimulatePrincipalPolicy", fenced)
    opinion = agreed_lab.compare_with_aws()

    assert opinion.agree
    assert "service control policy of the organization, which only AWS can see" in str(opinion)
    assert len(opinion.remarks) == (1 if side is Side.OPERATOR else 3), "each link that this side's policies decide"
