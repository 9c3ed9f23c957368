"""The command line in Japanese: help, complaints, and what the commands say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.language.prose import english_in, is_japanese
from xsfn_helpers.cli import BAD_INPUT, FAILED, OK, main
from xsfn_helpers.common.language import speaking

COMMANDS = ["sandbox", "walkthrough", "check", "clean", "preflight", "apply", "diagnose", "export", "doctor", "decide"]


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with speaking("ja"):
        try:
            code = main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
    captured = capsys.readouterr()
    return code, captured.out + captured.err


@pytest.mark.parametrize("arguments", [[], *([name] for name in COMMANDS), ["sandbox", "start"], ["sandbox", "delay"]])
def test_the_help_is_japanese_to_its_last_word(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    code, text = said(capsys, *arguments, "--help")

    assert code == OK
    assert text.startswith("使い方: xsfn")
    assert "オプション:" in text
    assert is_japanese(text)
    assert not english_in(" ".join(text.split()), spared=["is not authorized to assume the task state's role"])
    for words in ("usage:", "options:", "positional arguments:", "show this help"):
        assert words not in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "次の引数が必要です: COMMAND"),
        (["diagnoze"], "'diagnoze' は選べません"),
        (["sandbox", "delay", "x"], "'x' は float の値ではありません"),
        (["walkthrough", "--lab-id"], "値を 1 つ指定します"),
        (["check", "--json=3"], "値 '3' は指定できません"),
        (["check", "--nope"], "不明な引数: --nope"),
        (["diagnose", "--from-files", "nowhere"], "フォルダーがありません。"),
    ],
)
def test_complaints_are_japanese(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    code, text = said(capsys, *arguments)

    assert code == BAD_INPUT
    assert words in text
    assert not english_in(text)


def test_what_a_command_says_is_japanese_and_keys_of_json_are_not(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XSFN_STATE_DIR", str(tmp_path))

    code, text = said(capsys, "sandbox", "status")
    _, told = said(capsys, "sandbox", "status", "--json")

    assert (code, text) == (FAILED, "サンドボックスは起動していません。`xsfn sandbox start` で起動します。\n")
    assert json.loads(told) == {"running": False}
