"""What isn't established of AWS: the few points of the walkthrough, and all of them; as words and as a table."""

from __future__ import annotations

from xsfn_helpers import Lab
from xsfn_helpers.sandbox.assumptions import CHOICES, LIKELY_MET, NotEstablished


def test_the_lab_tells_the_few_and_where_the_rest_is(lab: Lab) -> None:
    few = lab.undocumented()

    assert {choice.id for choice in few.choices} == set(LIKELY_MET)
    assert f"{len(LIKELY_MET)} of {len(CHOICES)} points" in few.title
    assert "everything=True" in str(few)


def test_everything_is_everything(lab: Lab) -> None:
    whole = lab.undocumented(everything=True)

    assert whole.choices == CHOICES
    assert "everything=True" not in str(whole)


def test_words_and_table_tell_the_same() -> None:
    shown = NotEstablished.likely_met()._repr_mimebundle_()

    for choice in NotEstablished.likely_met().choices:
        for form in shown.values():
            assert choice.question in form
            assert choice.answer in form
    assert shown["text/plain"] == str(NotEstablished.likely_met())
