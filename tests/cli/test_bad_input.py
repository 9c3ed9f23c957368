"""Input that can't be used: exit code 2, one clear sentence that names it, and nothing made."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from xsfn_helpers import Scenario, open_lab
from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.cli import BAD_INPUT, main
from xsfn_helpers.common.errors import ConfigError, InvalidScenario
from xsfn_helpers.iam import PolicyError
from xsfn_helpers.sandbox.process.server import Sandbox

# The article's sample, as printed: a comma too many, and the list is never closed.
BROKEN_POLICY = """{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Action": "sts:AssumeRole",
            "Resource": "arn:aws:iam::222222222222:role/execute-subject-statemachine-role",
            "Effect": "Allow"
        },
}
"""


@pytest.fixture(autouse=True)
def untouched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine on which no sandbox has been started; after bad input there still is none."""
    monkeypatch.setenv("XSFN_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    yield
    assert Sandbox.find() is None, "something was started"
    assert not (tmp_path / "state").exists(), "something was made"


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence on standard error that the command ends with."""
    try:
        code = main(arguments)
    except SystemExit as end:
        code = int(end.code or 0)
    printed = capsys.readouterr()

    assert code == BAD_INPUT
    assert printed.out == ""
    assert printed.err.startswith("xsfn: ")
    assert printed.err.count("\n") == 1
    return printed.err


@pytest.mark.parametrize(
    "command", [["sandbox", "start"], ["walkthrough"], ["walkthrough", "--json"], ["check"], ["clean"]]
)
@pytest.mark.parametrize(
    ("choice", "value", "words"),
    [
        ("--subject-account-id", "111111111111", "Operator and Subject are both 111111111111"),
        ("--operator-account-id", "11111111111", "'11111111111' (11 digits) is not an AWS account ID"),
        ("--operator-account-id", "1111-1111-1111", "is not an AWS account ID"),
        ("--region", "ap-northeast-9", "'ap-northeast-9' is not a region"),
        ("--operator-machine-name", "hello!", "it breaks the chain"),
        ("--subject-machine-name", "受け手", "it breaks the chain"),
        ("--operator-machine-name", "a b", "doesn't allow in a name"),
        ("--execute-role-name", "r" * 65, "(65 characters) is not a role name"),
        ("--execute-role-name", "subject-statemachine-iam-role", "give each its own name"),
        ("--lab-id", "my lab", "'my lab' is not a lab id"),
        ("--port", "http", "'http' is not a port"),
        ("--port", "70000", "A port is a number from 1 to 65535"),
    ],
)
def test_a_wrong_choice(
    capsys: pytest.CaptureFixture[str], command: list[str], choice: str, value: str, words: str
) -> None:
    assert words in refused(capsys, *command, choice, value)


def test_a_port_in_use(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused(capsys, "walkthrough", "--port", str(port))

    assert f"Port {port} " in said
    assert "is taken by another program" in said
    # The start got as far as its log.
    shutil.rmtree(tmp_path / "state")


@pytest.mark.parametrize(
    "option", ["--execute-role-trust", "--execute-role-permissions", "--operator-role-permissions"]
)
def test_a_policy_that_isnt_json(capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str) -> None:
    (tmp_path / "policy.json").write_text(BROKEN_POLICY)
    said = refused(capsys, "walkthrough", option, "policy.json")

    assert "MalformedPolicyDocument" in said
    assert "line 9" in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"Version": "2012-10-17", "Statement": {"Effect": "Perhaps"}}', "MalformedPolicyDocument"),
        ("", "MalformedPolicyDocument"),
        ("[]", "MalformedPolicyDocument"),
    ],
)
def test_a_policy_that_aws_would_refuse(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "policy.json").write_text(text)

    assert words in refused(capsys, "walkthrough", "--execute-role-permissions", "policy.json")


@pytest.mark.parametrize("text", ['{"StartAt": ', "[]", ""])
def test_a_definition_that_isnt_json(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str) -> None:
    (tmp_path / "machine.json").write_text(text)

    assert "operator definition" in refused(capsys, "walkthrough", "--operator-definition", "machine.json")


def test_a_file_that_isnt_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--execute-role-trust: The file can't be read" in refused(
        capsys, "walkthrough", "--execute-role-trust", "nowhere.json"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("region = ", "This isn't TOML"),
        ('regoin = "ap-northeast-1"', "There is no setting 'regoin'. Did you mean 'region'?"),
        ("operator_account_id = 123456789012", "Put it in quotes"),
        ('operator_account_id = "12345"', "xsfn.toml, operator account ID: '12345' (5 digits)"),
        ("port = true", "True is not a port"),
    ],
)
def test_a_wrong_configuration_file(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "xsfn.toml").write_text(text)
    said = refused(capsys, "walkthrough")

    assert words in said
    assert "xsfn.toml" in said


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("XSFN_REGION", "mars-1", "XSFN_REGION, region: 'mars-1' is not a region"),
        ("XSFN_OPERATOR_ACOUNT_ID", "123456789012", "Did you mean 'XSFN_OPERATOR_ACCOUNT_ID'?"),
        ("XSFN_PORT", "0", "XSFN_PORT: '0' is not a port"),
    ],
)
def test_a_wrong_variable(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)

    assert words in refused(capsys, "walkthrough")


@pytest.mark.parametrize(
    "arguments",
    [[], ["walk"], ["sandbox"], ["sandbox", "halt"], ["check", "--jsn"], ["walkthrough", "more"], ["check", "--port"]],
    ids=lambda arguments: " ".join(arguments) or "none",
)
def test_a_command_line_that_doesnt_exist(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert "--help" in refused(capsys, *arguments)


class TestInPython:
    """The same sentences as errors."""

    def test_same_account_twice(self) -> None:
        with pytest.raises(InvalidScenario, match="needs two different accounts"):
            open_lab(operator_account_id="222222222222")

    def test_a_number_where_a_text_belongs(self) -> None:
        with pytest.raises(ConfigError, match="Put it in quotes"):
            open_lab(operator_account_id=123456789012)

    def test_an_unknown_keyword(self) -> None:
        with pytest.raises(ConfigError, match="Did you mean 'region'"):
            open_lab(regions="ap-northeast-1")

    def test_a_policy_that_isnt_json(self) -> None:
        with pytest.raises(PolicyError, match="line 9"):
            Blueprint.recommended(Scenario()).using(operator_role_permissions=BROKEN_POLICY)

    def test_a_document_that_has_no_place(self) -> None:
        with pytest.raises(ConfigError, match="There is no document 'trust'"):
            Blueprint.recommended(Scenario()).using(trust={})
