"""Choices: keyword before variable before file before default."""

from __future__ import annotations

from pathlib import Path

import pytest

from xsfn_helpers.aws import settings as config
from xsfn_helpers.aws.settings import KEYS, AccountsPlace, load_settings
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.errors import ConfigError


def test_without_a_choice_it_is_the_article(tmp_path: Path) -> None:
    settings = load_settings(environment={}, folder=tmp_path)

    assert settings.scenario == Scenario()
    assert (settings.lab_id, settings.port, settings.chosen) == ("xsfn", None, frozenset())


def test_the_first_place_that_names_a_key_wins(tmp_path: Path) -> None:
    (tmp_path / "xsfn.toml").write_text('region = "eu-west-1"\nlab_id = "file"\nport = 4001\n')
    environment = {"XSFN_REGION": "us-east-1", "XSFN_LAB_ID": "variable", "XSFN_PORT": ""}
    settings = load_settings({"region": "us-west-2", "port": None}, environment=environment, folder=tmp_path)

    assert settings.scenario.region == "us-west-2"
    assert settings.lab_id == "variable"
    assert settings.port == 4001, "an empty variable and a None keyword are no choice"
    assert settings.chosen == {"region", "lab_id", "port"}


def test_the_file_is_found_from_a_folder_below(tmp_path: Path) -> None:
    (tmp_path / "xsfn.toml").write_text('execute_role_name = "my-role"')
    below = tmp_path / "notebooks" / "ja"
    below.mkdir(parents=True)

    assert load_settings(environment={}, folder=below).scenario.execute_role_name == "my-role"


def test_other_peoples_variables_are_none_of_ours(tmp_path: Path) -> None:
    environment = {"XSFN_STATE_DIR": "/somewhere", "AWS_REGION": "eu-west-1", "xsfn_region": "eu-west-1"}

    assert load_settings(environment=environment, folder=tmp_path).scenario == Scenario()


class TestOnASandbox:
    THERE = AccountsPlace("123456789012", "210987654321", "eu-west-1")

    def test_what_nobody_chose_follows_it(self, tmp_path: Path) -> None:
        settings = load_settings({"region": "eu-west-1"}, environment={}, folder=tmp_path)

        for scenario in (settings.on_sandbox(self.THERE).scenario, settings.after_sandbox(self.THERE).scenario):
            assert (scenario.operator_account_id, scenario.subject_account_id) == ("123456789012", "210987654321")

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("operator_account_id", "999999999999"),
            ("subject_account_id", "999999999999"),
            ("region", "us-east-1"),
        ],
    )
    def test_a_choice_that_a_running_one_contradicts_is_told(self, tmp_path: Path, key: str, value: str) -> None:
        settings = load_settings({key: value}, environment={}, folder=tmp_path)

        with pytest.raises(ConfigError, match=f"not {value}"):
            settings.on_sandbox(self.THERE)
        assert settings.after_sandbox(self.THERE) == settings, "one that no longer runs gives way"


def test_every_key_is_documented() -> None:
    assert config.__doc__ is not None
    for key in KEYS:
        assert f"| `{key}`" in config.__doc__


def test_a_language_without_messages_is_refused(tmp_path: Path) -> None:
    assert load_settings(environment={"XSFN_LANG": "ja_JP.UTF-8"}, folder=tmp_path)
    with pytest.raises(
        ConfigError, match=r"XSFN_LANG: There are no messages in the language 'fr'\. There are: en, ja\."
    ):
        load_settings(environment={"XSFN_LANG": "fr"}, folder=tmp_path)
