"""The faults, the help and the score card as a Japanese reader meets them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pytest

from xsfn_helpers import Lab
from xsfn_helpers.chain.guardrails import limit_checks
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.errors import StepError
from xsfn_helpers.common.language import speaking
from xsfn_helpers.deployment.practice.catalogue import catalogue
from xsfn_helpers.deployment.practice.score import Result, Row, ScoreCard
from xsfn_helpers.deployment.snapshot import decide_links

FAULTS: Final = {fault.id: fault for fault in catalogue(Scenario())}
_QUOTED: Final = re.compile(r'"[^"]*"')
_ENGLISH: Final = re.compile(r"[A-Za-z][a-z']*(?:,? [A-Za-z][a-z']*){3}")
_JAPANESE: Final = re.compile(r"[ぁ-んァ-ヶ一-龠]")


@pytest.fixture(autouse=True)
def in_japanese() -> Iterator[None]:
    with speaking("ja"):
        yield


def english(text: str) -> str | None:
    """English prose in our own words: what stands in quotes is AWS's."""
    found = _ENGLISH.search(_QUOTED.sub("", text))
    return found.group() if found else None


@pytest.mark.parametrize("name", FAULTS)
def test_everything_told_of_a_fault_is_japanese(name: str) -> None:
    fault = FAULTS[name]

    for text in (fault.title, fault.story, fault.nudge, fault.rule, *([fault.where] if fault.where else ())):
        assert _JAPANESE.search(text)
        assert english(text) is None
        assert "{" not in text


def test_each_fault_is_told_in_the_language_spoken_now() -> None:
    loud = FAULTS["loud-name"]

    assert loud.title == "目立つ名前"
    assert "operator-statemachine! という名前" in loud.story
    assert loud.rule.endswith("合意した名前は operator-statemachine です。")
    with speaking("en"):
        assert loud.title == "A louder name"
        assert loud.rule.endswith("The name agreed on was operator-statemachine.")
    assert FAULTS["two-names"].source == "記事のステージ 2"


def test_the_score_card() -> None:
    alone, shown = Result(1, 2, 75.0, solution_shown=False), Result(0, 1, 9.0, solution_shown=True)
    card = ScoreCard((Row(1, "あ", alone), Row(2, "い", shown), Row(3, "う", None)))

    assert card.with_times() == (
        "成績表: 障害 3 個中 1 個を自力で解決、ほかに 1 個は答えを見て解決\n"
        "  ✓  1 あ: ヒント 1 個、チェック 2 回、1 分 15 秒\n"
        "  ·  2 い: 答えを見て解決、9 秒\n"
        "  … まだ解いていない障害: 3"
    )


def test_a_fault_from_breaking_to_solving(lab: Lab) -> None:
    practice = lab.practice()
    exercise = practice.fault("freeze")
    with pytest.raises(StepError, match="今は障害が起きていません。"):
        exercise.symptom()

    assert str(exercise.inject()).splitlines() == [
        "障害 12 · 金曜日の変更凍結",
        FAULTS["freeze"].story,
        "構成は壊れた状態です。現場で目にする現象は fault.symptom() で表示します。",
    ]
    symptom = exercise.symptom()
    assert symptom.title == "障害 12 · 金曜日の変更凍結: 現場で目にする現象"
    assert (symptom.lines[0], symptom.lines[-1]) == (
        "Operator の実行: FAILED",
        "Subject の実行 (Subject アカウント): 未開始",
    )
    assert "with an explicit deny" in symptom.lines[1], "AWS's own words"
    assert "リンク 2." in str(exercise.guess(2))
    assert str(exercise.guess(3)).startswith("✓ 正解です。リンク 3.")
    nudge, rule, exact = (exercise.hint() for _ in range(3))
    assert [one.title for one in (nudge, rule, exact)] == ["ヒント 1 / 3", "ヒント 2 / 3", "ヒント 3 / 3"]
    assert "確認する場所: Subject アカウントにある、実行用ロールの許可ポリシー。[docs.aws" in rule.text
    assert all(english(one.text) is None for one in (nudge, rule, exact))
    assert str(exercise.apply_solution()).startswith("障害 12 · 金曜日の変更凍結: 直りました。")
    report = exercise.check()
    assert report.title == "障害 12 · 金曜日の変更凍結: 解決"
    assert [check.title for check in report if check.id.startswith("limit") and english(check.title)] == []
    assert str(practice.score_card()).startswith("成績表: 障害 25 個中 0 個を自力で解決、ほかに 1 個は答えを見て解決")


def test_what_is_open_is_named(lab: Lab) -> None:
    practice = lab.practice()
    practice.fault("whole-account").inject()

    checks = limit_checks(lab.scenario, {verdict.link.number: verdict for verdict in decide_links(lab.environment)})

    principal = next(check for check in checks if check.id == "limit.principal")
    assert not principal.passed
    assert principal.evidence.startswith("許可されたリクエスト: Operator アカウントの別のロール、")
    assert english(f"{principal}") is None
