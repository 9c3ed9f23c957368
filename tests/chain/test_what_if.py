"""What a changed document would do, before anything is applied: each link before and after, and who else gets in."""

from __future__ import annotations

import json

import pytest

from tests.support.standing import RECOMMENDED, SCENARIO, standing_at
from xsfn_helpers.asl.credentials import tasks
from xsfn_helpers.asl.validation import find_faults
from xsfn_helpers.chain.links import Node
from xsfn_helpers.chain.snapshot import ChainSnapshot
from xsfn_helpers.chain.task_role import TakenRole
from xsfn_helpers.chain.what_if import Hypothesis, Turn, WhatIf, judge

TRUST = RECOMMENDED.execute_role_trust
PERMISSIONS = RECOMMENDED.execute_role_permissions
WRONG_ID = TRUST.replace(SCENARIO.external_id, SCENARIO.subject_machine_arn)


def what_if(standing: ChainSnapshot, **texts: str) -> WhatIf:
    return judge(standing, Hypothesis(texts), recommended=RECOMMENDED, blueprint=RECOMMENDED)


def with_definition(standing: ChainSnapshot, text: str) -> WhatIf:
    """The definition supposed as the Operator's; of its first task the role that it assumes, where there is one."""
    choice = tasks(text)[0].choice
    execute_role = standing.roles[Node.EXECUTE_ROLE]
    role = execute_role if execute_role is not None and choice.value == execute_role.arn else None
    faults = find_faults(text)
    supposed = Hypothesis(
        {"operator_definition": text},
        taken=TakenRole(choice, role, "As the task says."),
        definition_faults={"operator_definition": faults[0]} if faults else {},
        stored_definitions={"operator_definition": RECOMMENDED.operator_definition},
    )
    return judge(standing, supposed, recommended=RECOMMENDED, blueprint=RECOMMENDED)


def turns(report: WhatIf) -> dict[int, Turn]:
    """The links that don't just stay allowed."""
    return {effect.number: effect.turn for effect in report.effects if effect.turn is not Turn.STAYS_ALLOWED}


class TestPolicies:
    def test_the_recommended_ones_change_nothing_once_all_stands(self) -> None:
        report = what_if(standing_at(3), execute_role_trust=TRUST, execute_role_permissions=PERMISSIONS)

        assert turns(report) == {}
        assert report.headline == "No link would change."
        assert report.risks == ()

    def test_the_wrong_external_id_breaks_link_2_alone(self) -> None:
        report = what_if(standing_at(3), execute_role_trust=WRONG_ID)

        assert turns(report) == {2: Turn.BREAKS}
        assert (report.broken, report.opened) == ((2,), ())
        assert report.headline == "Link 2 would break."

    def test_both_sides_and_the_smallest_change_are_in_the_words(self) -> None:
        lines = what_if(standing_at(3), execute_role_trust=WRONG_ID).text.splitlines()
        at = lines.index("    2 ✗ would break: denied because no role trust policy allows the sts:AssumeRole action")

        assert lines[at + 1].startswith("        Now: allowed by Operator role's inline policy")
        assert lines[at + 2].startswith(
            "        Smallest change that would allow it: in account 222222222222, execute role's trust policy"
        )
        assert lines[:3] == [
            "What if, nothing applied: execute role trust",
            "  Link 2 would break.",
            "  execute role's trust policy (Subject account 222222222222)",
        ]

    def test_an_action_left_out_breaks_its_own_link(self) -> None:
        document = json.loads(PERMISSIONS)
        document["Statement"][1]["Action"].remove("states:StopExecution")
        report = what_if(standing_at(3), execute_role_permissions=json.dumps(document))

        assert turns(report) == {5: Turn.BREAKS}

    def test_an_explicit_deny_is_told_by_its_statement(self) -> None:
        document = json.loads(PERMISSIONS)
        document["Statement"].append({"Sid": "No", "Effect": "Deny", "Action": "states:Start*", "Resource": "*"})
        (effect,) = [
            one
            for one in what_if(standing_at(3), execute_role_permissions=json.dumps(document)).effects
            if one.turn is Turn.BREAKS
        ]

        assert effect.number == 3
        assert "with an explicit deny" in effect.evidence
        assert "statement No" in effect.evidence

    def test_of_one_that_aws_refuses_nothing_comes(self) -> None:
        report = what_if(standing_at(3), execute_role_trust=WRONG_ID + "}", execute_role_permissions=PERMISSIONS)

        assert not report.accepted
        assert turns(report) == {}
        assert report.headline == "AWS would reject this, so nothing would change."

    def test_the_next_stages_document_opens_its_link(self) -> None:
        text = RECOMMENDED.operator_role_permissions
        report = what_if(standing_at(1), operator_role_permissions=text)

        assert turns(report) == {2: Turn.OPENS}
        assert report.headline == "Link 2 would be allowed."

    def test_a_role_that_is_not_made_is_judged_as_its_stage_would_make_it(self) -> None:
        report = what_if(standing_at(0), execute_role_permissions=PERMISSIONS)

        assert report.opened == (3, 4, 5)
        assert report.notes == ("The execute role doesn't exist yet: it is evaluated as stage 1 would create it.",)
        assert turns(report)[2] is Turn.STAYS_REFUSED

    def test_without_its_role_a_link_is_not_refused_by_anybody(self) -> None:
        report = what_if(standing_at(-1), execute_role_trust=TRUST)

        assert turns(report)[6] is Turn.NOT_MADE
        assert "6 … can't be evaluated yet: the Subject role doesn't exist" in report.text

    def test_two_documents_are_judged_together(self) -> None:
        trust = TRUST.replace('"sts:AssumeRole"', '["sts:AssumeRole", "sts:TagSession"]')
        permissions = RECOMMENDED.operator_role_permissions.replace('"sts:AssumeRole"', '"sts:Assume*"')

        report = what_if(standing_at(3), execute_role_trust=trust, operator_role_permissions=permissions)

        assert [document.name for document in report.documents] == ["execute_role_trust", "operator_role_permissions"]
        assert turns(report) == {}


class TestRisks:
    OPEN = TRUST.replace('"StringEquals"', '"StringLike"').replace(SCENARIO.external_id, "*")

    def test_whoever_else_would_get_in_is_told_although_no_link_changes(self) -> None:
        report = what_if(standing_at(3), execute_role_trust=self.OPEN)

        (risk,) = report.risks
        assert risk.is_new
        assert risk.check.id == "limit.external-id"
        assert report.headline == "It would let in more than the chain needs."
        assert "Lets in more than the chain needs" in report.text

    def test_what_is_open_today_is_no_news(self) -> None:
        report = what_if(standing_at(3, execute_role_trust=self.OPEN), execute_role_permissions=PERMISSIONS)

        assert [risk.is_new for risk in report.risks] == [False]
        assert report.headline == "No link would change."
        assert "(today already)" in report.text

    def test_closing_it_is_no_risk_any_more(self) -> None:
        assert what_if(standing_at(3, execute_role_trust=self.OPEN), execute_role_trust=TRUST).risks == ()


class TestDefinitions:
    GOOD = RECOMMENDED.operator_definition

    def without_role(self) -> str:
        document = json.loads(self.GOOD)
        for state in document["States"].values():
            del state["Credentials"]
        return json.dumps(document, indent=2)

    def test_the_recommended_one_changes_nothing(self) -> None:
        assert turns(with_definition(standing_at(3), self.GOOD)) == {}

    def test_without_a_role_the_calls_are_the_operator_roles_own(self) -> None:
        report = with_definition(standing_at(3), self.without_role())

        assert turns(report) == {2: Turn.NOT_ASKED, 3: Turn.BREAKS, 4: Turn.BREAKS, 5: Turn.BREAKS}
        assert report.headline == "Links 3, 4 and 5 would break and link 2 would not be requested."
        assert "Step Functions has no resource-based policies" in report.text

    def test_that_it_would_not_be_saved_either_is_foreseen(self) -> None:
        """Step Functions demands the managed rule's permissions of a `.sync` task without Credentials."""
        assert any("EventBridge" in note for note in with_definition(standing_at(3), self.without_role()).notes)
        assert not any("EventBridge" in note for note in with_definition(standing_at(3), self.GOOD).notes)

    @pytest.mark.parametrize(("actions", "is_refused"), [("events:*", False), ("events:PutRule", True)])
    def test_with_every_permission_for_the_rule_it_would_be_saved(self, actions: str, is_refused: bool) -> None:
        policy = json.loads(RECOMMENDED.operator_role_permissions)
        policy["Statement"].append({"Effect": "Allow", "Action": actions, "Resource": "*"})
        standing = standing_at(3, operator_role_permissions=json.dumps(policy))

        notes = with_definition(standing, self.without_role()).notes

        assert any("EventBridge" in note for note in notes) is is_refused

    def test_a_role_that_is_not_there_can_not_be_taken_on(self) -> None:
        report = with_definition(standing_at(3), self.GOOD.replace("execute-role", "no-role"))

        assert turns(report)[2] is Turn.BREAKS
        assert "Correct the ARN in Credentials.RoleArn, or create that role." in report.text

    def test_of_a_role_known_at_run_time_nothing_can_be_said(self) -> None:
        report = with_definition(standing_at(3), self.GOOD.replace('"RoleArn": "arn:aws', '"RoleArn.$": "$.arn:aws'))

        assert turns(report) == dict.fromkeys((2, 3, 4, 5), Turn.AT_RUN_TIME)

    def test_the_role_that_is_taken_on_is_judged_with_its_supposed_policies(self) -> None:
        standing = standing_at(3)
        (task,) = tasks(self.GOOD)
        supposed = Hypothesis(
            {"execute_role_trust": WRONG_ID, "operator_definition": self.GOOD},
            taken=TakenRole(task.choice, standing.roles[Node.EXECUTE_ROLE], "As the task says."),
        )

        report = judge(standing, supposed, recommended=RECOMMENDED, blueprint=RECOMMENDED)

        assert turns(report) == {2: Turn.BREAKS}

    def test_of_one_that_step_functions_refuses_nothing_comes(self) -> None:
        report = with_definition(standing_at(3), self.without_role().replace('"End": true', '"Next": "Nowhere"'))

        assert not report.accepted
        assert turns(report) == {}


class TestForms:
    def test_the_words_are_the_same_each_time_whatever_a_deleted_roles_id_is(self) -> None:
        reports = [
            what_if(standing_at(3), execute_role_trust=TRUST.replace(SCENARIO.operator_role_arn, gone))
            for gone in ("AROA1234567890ABCDEF", "AROAFEDCBA0987654321")
        ]

        assert reports[0].text == reports[1].text
        assert "AROA…" in reports[0].text

    def test_the_page_says_what_the_words_say_and_lets_no_markup_through(self) -> None:
        evil = TRUST.replace('"OperatorStateMachine"', '"<script>alert(1)</script>"')
        report = what_if(standing_at(3), execute_role_trust=evil.replace(SCENARIO.external_id, "other"))
        shown = report._repr_mimebundle_()

        assert shown["text/plain"] == report.text == str(report)
        assert "<script>" not in shown["text/html"]
        assert "&lt;script&gt;" in shown["text/html"]
        assert "What if</b> (nothing is applied): Link 2 would break." in shown["text/html"]

    def test_each_link_is_a_row_with_what_decides_it_now_and_then(self) -> None:
        html = what_if(standing_at(3), execute_role_trust=WRONG_ID)._repr_mimebundle_()["text/html"]
        html = html.replace("<wbr>", "")  # where names may break

        assert "✗ would break" in html
        assert "denied because no role trust policy allows the sts:AssumeRole action<br>Now: allowed by" in html
        assert html.count("✓ stays allowed") == 5

    def test_the_picture_says_that_nothing_is_applied_and_which_link_would_break(self) -> None:
        diagram = what_if(standing_at(3), execute_role_trust=WRONG_ID).diagram

        assert diagram.text.splitlines()[0] == "What if: the access chain as it would be (nothing is applied)"
        assert "2 ✗ denied" in diagram.text
        assert "would break: because no role trust policy allows" in diagram.text
