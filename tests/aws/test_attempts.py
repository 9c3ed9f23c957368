"""A denial as an answer."""

from __future__ import annotations

import pytest

from xsfn_helpers import Lab, attempt
from xsfn_helpers.chain.annotations import NOTES
from xsfn_helpers.chain.blueprint import DOCUMENT_NAMES
from xsfn_helpers.common.errors import ConfigError

pytestmark = pytest.mark.usefixtures("no_http")


def test_an_allowed_call_says_so_and_keeps_nothing(lab: Lab) -> None:
    answer = attempt(lab.operator.client("sts").get_caller_identity)

    assert (answer.allowed, str(answer)) == (True, "✓ AWS allowed it")


def test_a_refused_call_gives_aws_words(lab: Lab) -> None:
    answer = attempt(lab.operator.client("iam").get_role, RoleName="nobody")

    assert (answer.allowed, answer.code) == (False, "NoSuchEntity")
    assert str(answer) == "✗ AWS rejected it: NoSuchEntity\n  The role with name nobody cannot be found."


def test_what_the_lab_refuses_itself_says_so_and_where(lab: Lab) -> None:
    answer = attempt(lab.using, operator_role_permissions="{")

    assert str(answer).startswith("✗ The lab rejected it: PolicyError\n  operator role permissions, line 1, column 2: ")


def test_an_error_of_neither_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        attempt(lambda: 1 / 0)


@pytest.mark.parametrize("name", DOCUMENT_NAMES)
def test_every_note_is_on_a_line_of_its_document(lab: Lab, name: str) -> None:
    shown = lab.document(name)

    assert len(shown.noted_lines()) == len(NOTES[name]) > 0


def test_a_document_of_the_readers_own_has_no_notes(lab: Lab) -> None:
    own = lab.using(operator_definition={"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})

    assert own.document("operator_definition").notes == {}


def test_an_unknown_document_is_told(lab: Lab) -> None:
    with pytest.raises(ConfigError, match="There is no document 'trust'"):
        lab.document("trust")
