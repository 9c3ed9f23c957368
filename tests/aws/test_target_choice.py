"""The form that chooses the accounts: kept in a file that the next lab reads, and never over somebody's own lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ipywidgets
import pytest
from ipywidgets.widgets.widget import _instances

from tests.aws.playing import PlayedAws
from xsfn_helpers import choose_target, open_lab
from xsfn_helpers.aws.settings import Platform
from xsfn_helpers.common.errors import ConfigError


def widgets(kind: type[Any]) -> list[Any]:
    """The form's, which were made last."""
    return [one for one in _instances.values() if isinstance(one, kind)]


@pytest.fixture(autouse=True)
def no_widgets_yet() -> None:
    ipywidgets.Widget.close_all()


def test_what_is_chosen_counts_for_the_next_lab(aws: PlayedAws) -> None:
    said = choose_target().choose("aws", operator_profile="work-operator", subject_profile="work-subject")
    lab = open_lab()

    assert said.startswith('Kept in xsfn.toml: target = "aws"; operator_profile = "work-operator"')
    assert lab.environment.accounts.target is Platform.AWS
    assert "work on two AWS accounts" in str(choose_target())
    choose_target().choose("sandbox")
    assert "work on the sandbox" in str(choose_target())


def test_what_is_chosen_in_one_language_counts_in_every_notebook(
    aws: PlayedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ja").mkdir()
    monkeypatch.chdir(tmp_path / "ja")
    choose_target().choose("aws", operator_profile="work-operator", subject_profile="work-subject")
    monkeypatch.chdir(tmp_path)

    assert open_lab().environment.accounts.target is Platform.AWS


def test_the_form_does_the_same(aws: PlayedAws) -> None:
    shown = choose_target()._repr_mimebundle_()
    (target,), (button,) = widgets(ipywidgets.ToggleButtons), widgets(ipywidgets.Button)
    operator, subject = sorted(widgets(ipywidgets.Dropdown), key=lambda one: str(one.description))

    assert shown["text/plain"] == str(choose_target())
    assert operator.disabled, "the sandbox needs no profile"
    target.value = "aws"
    assert not operator.disabled
    operator.value, subject.value = "work-operator", "work-subject"
    button.click()
    assert open_lab().environment.accounts.target is Platform.AWS


def test_a_file_with_more_in_it_is_left(aws: PlayedAws, tmp_path: Path) -> None:
    (tmp_path / "xsfn.toml").write_text('lab_id = "mine"\n')

    with pytest.raises(ConfigError, match=r'is left as it is\. Put these lines into it: target = "aws"'):
        choose_target().choose("aws")
    assert (tmp_path / "xsfn.toml").read_text() == 'lab_id = "mine"\n'


def test_what_cant_be_isnt_kept(aws: PlayedAws, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no target"):
        choose_target().choose("moon")
    assert not (tmp_path / "xsfn.toml").exists()


def test_the_question_is_a_form_as_well(aws: PlayedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """On AWS itself, that is: where the endpoint is on this computer nobody is asked."""
    from xsfn_helpers.lab import lab as lab_module

    lab = aws.lab()
    monkeypatch.setattr(lab_module, "is_loopback", lambda _: False)
    question = lab.confirm_changes()
    shown = question._repr_mimebundle_()
    (answer,), (button,) = widgets(ipywidgets.Text), widgets(ipywidgets.Button)

    assert shown["text/plain"].startswith("May this lab create, change and remove its own resources in Operator account")
    answer.value = "no"
    button.click()
    assert not lab.environment.accounts.agreement.given
    answer.value = "yes"
    button.click()
    assert lab.environment.accounts.agreement.given
    assert str(lab.confirm_changes()) == "Confirmed already: lab.revoke_confirmation() revokes it."
