"""What of an expression's value is known before the run."""

from __future__ import annotations

import pytest

from xsfn_helpers.asl.known_parts import known_part


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("plain", "plain"),
        ("$.role", "*"),
        ("$$.Execution.Input.role", "*"),
        ("arn:aws:iam::${Account}:role/reader", "arn:aws:iam::*:role/reader"),
        ("${RoleArn}", "*"),
        ("States.Format('arn:aws:iam::{}:role/reader', $.id)", "arn:aws:iam::*:role/reader"),
        ("States.Format('arn:aws:iam::{}:role/{}', $.id, $.name)", "arn:aws:iam::*:role/*"),
        (r"States.Format('it\'s \{plain\}')", "it's {plain}"),
        ("States.ArrayGetItem($.roles, 0)", "*"),
        ("{% 'arn:aws:iam::' & $states.input.id & ':role/reader' %}", "arn:aws:iam::*:role/reader"),
        ('{% "arn:aws:iam::" & $string($states.input.id) & ":role/reader" %}', "arn:aws:iam::*:role/reader"),
        ("{% 'arn:aws:iam::222222222222:role/reader' %}", "arn:aws:iam::222222222222:role/reader"),
        ("{% $states.input.prod ? 'one' : 'two' %}", "*"),
        ("{% $states.input.role %}", "*"),
        ("{% ('a'; 'b') & 'c' %}", "*c"),
    ],
)
def test_what_is_constant_is_known(text: str, known: str) -> None:
    assert known_part(text) == known
