"""Where and why a definition would be denied: AWS's words, and a place in the text that was written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.asl.definitions import EVERY_STATE, machine, passes, task, text
from xsfn_helpers.asl.validation import MAX_LENGTH, find_faults, locate

ROOT = Path(__file__).parents[2]


def one_fault(definition: str) -> tuple[str, int, int]:
    (fault,) = find_faults(definition)
    return fault.message, fault.line, fault.column


def test_a_definition_with_every_kind_of_state_has_none() -> None:
    assert find_faults(text(EVERY_STATE)) == ()


def test_a_value_is_told_where_it_stands() -> None:
    definition = '{\n  "StartAt": "A",\n  "States": {\n    "A": {"Type": "Pas", "End": true}\n  }\n}'

    message, line, column = one_fault(definition)

    assert message.startswith("The field 'Type' should have one of these values: [Task, Wait, Pass,")
    assert (line, column) == (4, 19)
    assert definition.splitlines()[line - 1][column - 1 :].startswith('"Pas"')


def test_a_field_that_is_not_supported_is_told_at_its_name() -> None:
    definition = '{"StartAt": "A", "States": {"A": {"Type": "Pass",\n "Nxt": "B", "End": true}}}'

    assert one_fault(definition) == ("Field 'Nxt' is not supported", 2, 2)


def test_what_is_missing_is_told_at_what_lacks_it() -> None:
    definition = '{"StartAt": "A",\n "States": {\n  "A": {"Type": "Task", "End": true}}}'

    assert one_fault(definition) == ("These fields are required: [Resource]", 3, 3)


def test_credentials_without_a_role_are_refused_as_recorded_of_aws() -> None:
    definition = text(machine(Ask=task(Credentials={})))

    message, line, _ = one_fault(definition)

    assert message == "The field 'RoleArn' is required but was missing"
    assert '"Credentials"' in definition.splitlines()[line - 1]


def test_broken_json_says_what_is_wrong_at_the_very_place() -> None:
    (fault,) = find_faults('{"StartAt": "A",\n "States": {"A": {"Type": "Pass", "End": true},}}')

    assert (fault.code, fault.line, fault.column) == ("INVALID_JSON_DESCRIPTION", 2, 48)
    assert fault.message.startswith("Unexpected character ('}' (code 125))")
    assert "The comma before it is one too many." in fault.detail


@pytest.mark.parametrize(
    "definition", ["", "   ", "[]", "null", '"text"', "{", '{"a": NaN}', "{" * 5000, "[" * 200_000]
)
def test_whatever_is_no_definition_has_a_fault_with_a_place(definition: str) -> None:
    faults = find_faults(definition)

    assert faults
    assert all(fault.line >= 1 and fault.column >= 1 for fault in faults)


def test_a_key_that_is_there_twice_is_told_at_the_second() -> None:
    (fault,) = find_faults('{"StartAt": "A",\n "StartAt": "B", "States": {"A": {"Type": "Pass", "End": true}}}')

    assert (fault.line, fault.column) == (2, 2)
    assert "twice" in fault.message


def test_a_definition_beyond_the_limit_is_not_even_read() -> None:
    (fault,) = find_faults(" " * (MAX_LENGTH + 1))

    assert "1048576" in fault.message


def test_each_transition_to_nowhere_is_told_at_its_own_place() -> None:
    definition = text(machine(A=passes(Next="Nowhere"), B=passes()))

    faults = find_faults(definition)

    assert [fault.message for fault in faults] == [
        "Missing 'Next' target: Nowhere",
        'State "B" is not reachable.',
    ]
    assert [definition.splitlines()[fault.line - 1].strip() for fault in faults] == ['"Next": "Nowhere"', '"B": {']


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/", ()),
        ("/States/A/B/Next", ("States", "A/B", "Next")),
        ("/States/A/Next", ("States", "A", "Next")),
        ("/States/C[0]/Choices[1]/Next", ("States", "C[0]", "Choices", 1, "Next")),
        ("/States/A/Missing", ("States", "A")),
        ("/States/C[0]/Choices[7]", ("States", "C[0]", "Choices")),
    ],
)
def test_a_location_is_found_whatever_the_states_are_called(location: str, path: tuple[str | int, ...]) -> None:
    choices = [{"Next": "A"}, {"Next": "A/B"}]
    document = {"States": {"A": {"Next": "A/B"}, "A/B": {"Next": "A"}, "C[0]": {"Choices": choices}}}

    assert locate(document, location) == path


def test_the_sentence_has_place_code_and_words() -> None:
    (fault,) = find_faults(json.dumps({"StartAt": "A", "States": {"A": {"Type": "Task", "End": True}}}))

    assert str(fault) == ("line 1, column 29: SCHEMA_VALIDATION_FAILED: These fields are required: [Resource]")
