"""One document by itself: faults with their place, warnings, what differs, and whether it is what is stored."""

from __future__ import annotations

import json

import pytest

from tests.support.standing import RECOMMENDED, SCENARIO
from xsfn_helpers.asl.validation import find_faults
from xsfn_helpers.chain.document_places import POLICY_PLACES
from xsfn_helpers.chain.document_review import (
    JudgedDocument,
    judge_definition,
    judge_policy,
    trust_principals,
    warning_line,
)
from xsfn_helpers.iam import PolicyError

TRUST = RECOMMENDED.execute_role_trust


def judged(
    text: str, name: str = "execute_role_trust", *, stored: str | None = None, missing: str = ""
) -> JudgedDocument:
    return judge_policy(
        SCENARIO,
        POLICY_PLACES[name],
        text,
        stored=stored,
        missing=frozenset(filter(None, [missing])),
        recommended=RECOMMENDED,
    )


def test_the_recommended_one_is_taken_and_differs_in_nothing() -> None:
    found = judged(TRUST)

    assert (found.accepted, found.warnings, found.differs) == (True, (), ())
    assert found.title == "execute role's trust policy (Subject account 222222222222)"
    assert found.verdict == "✓ AWS would take it."


def test_what_is_stored_is_told_however_it_is_written() -> None:
    found = judged(TRUST, stored=json.dumps(json.loads(TRUST)))

    assert found.is_stored
    assert found.verdict == "✓ This is what is stored."


def test_the_same_said_otherwise_is_no_difference() -> None:
    document = json.loads(TRUST)
    document["Statement"][0]["Action"] = ["sts:AssumeRole"]

    assert judged(json.dumps(document)).differs == ()


def test_broken_json_has_its_line_and_column_and_the_lines_that_differ() -> None:
    found = judged(TRUST.replace('"Allow",', '"Allow"'))

    assert isinstance(found.fault, PolicyError)
    assert (found.fault.line, found.fault.column) == (7, 7)
    assert found.verdict.startswith("✗ AWS would reject it: execute role's trust policy, line 7, column 7: ")
    assert '+      "Effect": "Allow"' in found.differs


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "{}", '"Allow"', "{" * 5000, "\ud800", '{"a": NaN}'])
def test_whatever_is_no_policy_is_refused_and_nothing_raises(text: str) -> None:
    found = judged(text)

    assert not found.accepted
    assert found.verdict.startswith("✗ AWS would reject it: ")


def test_what_aws_takes_although_it_means_trouble_is_a_warning_with_its_place() -> None:
    found = judged(TRUST.replace(SCENARIO.external_id, SCENARIO.subject_machine_arn))

    (warning,) = found.warnings
    assert found.accepted
    assert (warning.line, warning.column) == (13, 29)
    assert warning_line(warning).startswith("line 13, column 29: The external ID is a machine of account 222222222222")


def test_a_principal_that_is_not_there_is_refused_where_it_stands() -> None:
    found = judged(TRUST, missing=SCENARIO.operator_role_arn)

    assert isinstance(found.fault, PolicyError)
    assert (found.fault.line, found.fault.column) == (8, 16)
    assert f'Invalid principal in policy: "AWS":"{SCENARIO.operator_role_arn}"' in found.verdict


def test_the_id_of_a_deleted_role_is_told_the_same_each_time() -> None:
    gone = "AROA1234567890ABCDEF"
    found = judged(TRUST.replace(SCENARIO.operator_role_arn, gone), missing=gone)

    assert "AROA…" in found.verdict
    assert gone not in "".join([found.verdict, *found.differs])
    assert "deleted" in found.verdict


def test_principals_of_a_permission_policy_are_nobodys_business() -> None:
    text = RECOMMENDED.execute_role_permissions

    assert judged(text, "execute_role_permissions", missing=SCENARIO.operator_role_arn).accepted


def test_every_principal_of_a_trust_policy_is_found_with_its_path() -> None:
    document = {
        "Statement": [
            {"Principal": {"AWS": ["a", "b"], "Service": "states.amazonaws.com"}},
            {"Principal": "*"},
            {"NotPrincipal": {"AWS": "c"}},
            "no statement",
        ]
    }

    assert list(trust_principals(document)) == [
        (("Statement", 0, "Principal", "AWS", 0), "a"),
        (("Statement", 0, "Principal", "AWS", 1), "b"),
        (("Statement", 2, "NotPrincipal", "AWS"), "c"),
    ]
    alone = {"Statement": {"Principal": {"AWS": "a"}}}
    assert list(trust_principals(alone)) == [(("Statement", "Principal", "AWS"), "a")]


class TestDefinition:
    TEXT = RECOMMENDED.operator_definition

    def judged(self, text: str, *, stored: str = "") -> JudgedDocument:
        faults = find_faults(text)
        fault = faults[0] if faults else None
        return judge_definition("operator_definition", text, fault=fault, stored=stored, recommended=RECOMMENDED)

    def test_a_good_one_is_not_yet_saved(self) -> None:
        assert self.judged(self.TEXT).verdict == "✓ The definition is valid Amazon States Language."
        assert self.judged(self.TEXT, stored=self.TEXT).verdict == "✓ This is what is stored."

    def test_a_bad_one_says_where(self) -> None:
        found = self.judged(self.TEXT.replace('"Task"', '"Tusk"'))

        assert found.verdict.startswith("✗ Step Functions would reject it: line 6, column 15: SCHEMA_VALIDATION_FAILED")
        assert '+      "Type": "Tusk",' in found.differs

    def test_blanks_and_order_are_no_difference(self) -> None:
        other = json.dumps(dict(reversed(json.loads(self.TEXT).items())))

        assert self.judged(other, stored=self.TEXT).is_stored
        assert self.judged(other).differs == ()
