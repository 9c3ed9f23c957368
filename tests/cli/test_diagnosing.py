"""`xsfn diagnose` from what is at hand: AWS's words, files; five lines; exit codes; problems for builds."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from xsfn_helpers.cli import BAD_INPUT, FAILED, main
from xsfn_helpers.cli.parsing import UNDECIDED

HUB = "arn:aws:iam::111111111111:role/hub-role"
SPOKE = "arn:aws:iam::222222222222:role/spoke-role"
SENTENCE = f"The role {HUB} is not authorized to assume the task state's role, {SPOKE}."


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A definition and a trust policy that names another role, on its fifth line."""
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Credentials": {"RoleArn": SPOKE},
        "End": True,
    }
    (tmp_path / "plain.asl.json").write_text(json.dumps({"StartAt": "Send", "States": {"Send": task}}))
    (tmp_path / "hub-role.policy.json").write_text(
        json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": SPOKE}]}
        )
    )
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111111111111:role/old-role"},
        "Action": "sts:AssumeRole",
    }
    (tmp_path / "spoke-role.trust.json").write_text(
        json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)
    )
    return tmp_path


def _arguments(repository: Path, *more: str) -> list[str]:
    return ["diagnose", str(repository), "--operator-account-id", "111111111111", *more]


def test_the_sentence_alone_tells_link_roles_and_what_would_settle_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", SENTENCE]) == UNDECIDED

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 5
    assert "link 2" in lines[0]
    assert "111111111111" in lines[1]
    assert "222222222222" in lines[1]


def test_the_clipboard_comes_by_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(SENTENCE.replace(" ", "\n")))

    assert main(["diagnose", "-", "--json"]) == UNDECIDED

    told = json.loads(capsys.readouterr().out)
    assert [one["resource"] for one in told["refused"]] == [SPOKE]


def test_sentence_and_files_together_name_document_and_line(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(_arguments(repository, SENTENCE)) == FAILED

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert "spoke-role.trust.json:4" in lines[1]


def test_all_tells_the_rest(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(_arguments(repository, "--all"))

    assert len(capsys.readouterr().out.splitlines()) > 20


def test_a_build_gets_the_line_annotations_and_sarif(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    sarif = tmp_path / "out.sarif"

    assert main(_arguments(repository, "--ci", "--sarif", str(sarif))) == FAILED

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("spoke-role.trust.json:4: denied: ")
    assert any(line.startswith("::error file=spoke-role.trust.json,line=4,") for line in lines)
    found = json.loads(sarif.read_text())
    assert found["version"] == "2.1.0"
    first = found["runs"][0]["results"][0]
    assert first["level"] == "error"
    assert first["locations"][0]["physicalLocation"]["region"]["startLine"] == 4


@pytest.mark.parametrize("text", ["It just failed.", "arn:aws:s3:::bucket", SPOKE])
def test_what_is_no_question_ends_in_one_sentence(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", text]) == BAD_INPUT
    assert capsys.readouterr().err.startswith("xsfn: ")
