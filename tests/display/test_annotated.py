"""A policy with a why for its lines: the JSON stays exact, and each note sits at its line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from xsfn_helpers.chain import documents
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.display.annotated import Annotated, document_html

TRUST = documents.execute_role_trust(Scenario())


@pytest.mark.parametrize(
    "document",
    [
        TRUST,
        documents.execute_role_permissions(Scenario()),
        documents.operator_definition(Scenario()),
        {"empty": [{}, []], "quote": 'say "ja" はい', "nested": {"list": [1, 2.5, None, True]}},
        {},
    ],
)
def test_the_json_is_shown_as_aws_is_given_it(document: dict[str, Any]) -> None:
    assert Annotated(document, {}).text == json_text(document)
    assert json.loads(str(Annotated(document, {}))) == document


def test_the_text_has_each_note_behind_its_line() -> None:
    annotated = Annotated(
        {"Version": "2012-10-17", "Statement": [{"Sid": "Start", "Effect": "Allow", "Action": ["a:B", "a:C"]}]},
        {"Start/Action/1": "to follow the run", "Version": "the language", "Start": "the only statement"},
        title="Permissions policy",
    )

    assert annotated.text == (
        "Permissions policy\n"
        "{\n"
        '  "Version": "2012-10-17",  ← the language\n'
        '  "Statement": [\n'
        "    {  ← the only statement\n"
        '      "Sid": "Start",\n'
        '      "Effect": "Allow",\n'
        '      "Action": [\n'
        '        "a:B",\n'
        '        "a:C"  ← to follow the run\n'
        "      ]\n"
        "    }\n"
        "  ]\n"
        "}"
    )


def test_a_path_works_with_positions_and_with_slashes_inside_keys() -> None:
    document = {"Statement": [{"Condition": {"StringEquals": {"aws:RequestTag/team": "x"}}}]}
    annotated = Annotated(document, {"Statement/0/Condition/StringEquals/aws:RequestTag~1team": "the tag"})

    assert '"aws:RequestTag/team": "x"  ← the tag' in annotated.text


def test_a_note_on_a_line_that_is_not_there_is_refused_and_names_those_that_are() -> None:
    with pytest.raises(XsfnError, match=r"no 'Start/Actoin'.*Statement/0/Action") as refused:
        Annotated({"Statement": [{"Sid": "Start", "Action": "a:B"}]}, {"Start/Actoin": "why"})

    assert refused.value.where == "note"


def test_the_table_has_the_note_beside_its_lines() -> None:
    html = document_html(Annotated(TRUST, {"OperatorStateMachine/Condition": "on behalf of one machine"}))
    [_, row] = html.split("</tr>")[:2]

    assert html.count("<tr ") == 2
    assert "&quot;StringEquals&quot;" in row
    assert ">on behalf of one machine</td>" in row


def test_names_notes_and_values_are_escaped() -> None:
    bad = "<script>alert(1)</script>"
    annotated = Annotated({bad: bad}, {bad.replace("/", "~1"): bad}, title=bad)
    bundle = annotated._repr_mimebundle_()

    assert "<script" not in bundle["text/html"]
    assert bundle["text/html"].count("&lt;script&gt;") == 4
    assert bundle["text/plain"] == annotated.text
