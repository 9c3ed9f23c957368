"""What is shown in Japanese, as a reader meets it: diagrams, tables, the front end's own words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from babel.messages.extract import extract_from_file

from tests.language.catalogues import KEYWORDS, PACKAGE
from xsfn_helpers.chain.links import Node, chain
from xsfn_helpers.chain.report import Check, Report
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.common.language import speaking
from xsfn_helpers.deployment.runs import Timeline, TimelineEvent
from xsfn_helpers.display.annotated import Annotated
from xsfn_helpers.display.draw import pictures
from xsfn_helpers.display.live.frontend import (
    ChainFrontend,
    EditorFrontend,
    RunFrontend,
    StatusFrontend,
    TaskFormFrontend,
)
from xsfn_helpers.display.palette import LinkState
from xsfn_helpers.display.pictures.diagram import Diagram
from xsfn_helpers.display.pictures.hub_diagram import HubDiagram, SpokePicture
from xsfn_helpers.display.pictures.workflow import Workflow
from xsfn_helpers.display.reports import report_html
from xsfn_helpers.display.timeline import timeline_html

SCENARIO: Final = Scenario()
# The article's names and AWS's are Latin in Japanese, too.
_NAMES: Final = re.compile(r"(?:Operator|Subject)StateMachine(?: IAM Role| ExecuteRole)?|Step Functions")
_ENGLISH: Final = re.compile(r"[A-Za-z][a-z']*(?:,? [A-Za-z][a-z']*){2}")
_MARKUP: Final = re.compile(r"<[^>]*>|base64,[\w+/=]+")
STATIC: Final = PACKAGE / "display" / "live" / "static"
FRONT_ENDS: Final = (ChainFrontend, RunFrontend, StatusFrontend, EditorFrontend, TaskFormFrontend)


@pytest.fixture(autouse=True)
def in_japanese() -> Iterator[None]:
    with speaking("ja"):
        yield


def english(text: str) -> str | None:
    """English prose, if there is any."""
    found = _ENGLISH.search(_NAMES.sub("", _MARKUP.sub("\n", text)))
    return found.group() if found else None


def labels(dot: str) -> list[str]:
    """What is seen of a picture: its nodes' own names aren't."""
    return re.findall(r"label=(<.*>(?= |\])|\"[^\"]*\"|[^\s\]]+)", dot)


def test_english_prose_is_seen() -> None:
    assert english("図: the role is here") == "the role is"
    assert english("Operator role の実行") is None


@pytest.mark.parametrize("name", pictures(SCENARIO))
def test_a_diagram_is_japanese_in_every_form(name: str) -> None:
    diagram = pictures(SCENARIO)[name]

    for form in (diagram.text, diagram.alt, diagram.legend, *labels(diagram.dot)):
        assert english(form) is None


def test_a_diagram_says_who_asks_whom_and_how_it_stands() -> None:
    diagram = Diagram(SCENARIO, {1: LinkState.ALLOWED, 2: LinkState.REFUSED}, absent={Node.SUBJECT_EXECUTION})

    assert "リンク 2 (拒否): Operator ロール が 実行用ロール に対して" in diagram.alt
    assert "    Subject の実行: subject-statemachine:* (未作成)" in diagram.text.splitlines()
    assert diagram.legend.startswith("… 未確認: 点線と白抜きの矢じり; ✓ 許可: ")


def test_the_states_line_up_in_full_width_characters() -> None:
    lines = Diagram(SCENARIO, {1: LinkState.ALLOWED}).text.splitlines()[-6:]

    assert lines[0].startswith("    1 ✓ 許可      Step Functions → ")
    assert lines[1].startswith("    2 … 未確認    Operator ロール → ")


def test_a_hub_is_japanese_in_every_form() -> None:
    links = tuple(link for link in chain(SCENARIO) if link.number != 1)
    hub = HubDiagram(SCENARIO, (SpokePicture(SCENARIO.subject, links), SpokePicture(SCENARIO.operator, links)))

    for form in (hub.text, hub.alt, *labels(hub.dot)):
        assert english(form) is None
    assert hub.heading == "Operator 1 つ、Subject アカウント 2 つ"
    assert "2 Operator ロール → sts:AssumeRole → 実行用ロール" in hub.text


def test_a_report_counts_and_helps_in_japanese() -> None:
    checks = (Check("a", "題名", True, "根拠", "助け"), Check("b", "題名", False, "根拠", "助け"))
    html = report_html(Report("すべて", checks))

    assert english(html) is None
    assert {"2 件中 1 件が合格", "✓ 合格", "✗ 不合格", "補足:"} <= set(re.findall(r">:? ?([^<>]+)<", html))


def test_a_timeline_names_links_and_failures_in_japanese() -> None:
    event = TimelineEvent(Side.OPERATOR, "arn", 1, "TaskFailed", datetime(2026, 1, 1, tzinfo=UTC), 2, "要約", True)
    timeline = Timeline((event,))

    assert timeline.text == "両方の実行のタイムライン\n  1 Operator: TaskFailed · リンク 2 · ✗ 失敗 · 要約"
    assert {"経過", "リンク 2", "✗ 失敗"} <= set(re.findall(r">([^<>]+)<", timeline_html(timeline)))


def test_a_workflow_is_japanese_and_follows_the_language_anew() -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}

    assert Workflow(definition).text == 'ワークフロー\n  開始 → "A"\n  "A": Pass\n    → 終了'
    with speaking("en"):
        assert Workflow(definition).text == 'Workflow\n  Start → "A"\n  "A": Pass\n    → End'


def test_a_note_in_japanese_is_behind_its_line() -> None:
    noted = Annotated({"Version": "2012-10-17"}, {"Version": "版"})

    assert noted.text.splitlines()[1] == '  "Version": "2012-10-17"  ← 版'


def said_by(path: Path) -> set[str]:
    """What Babel finds in a file of the front end, as it does for the catalogues."""
    return {str(said) for _, said, _, _ in extract_from_file("javascript", str(path), keywords=KEYWORDS)}


def test_the_front_end_is_sent_every_word_of_its_own() -> None:
    shown = [frontend() for frontend in FRONT_ENDS]
    words = {text: told for one in shown for text, told in one.words.items()}

    assert {one.lang for one in shown} == {"ja"}
    assert words.keys() == set().union(*map(said_by, STATIC.glob("*.js")))
    assert [told for told in words.values() if english(told)] == []
    with speaking("en"):
        assert [frontend().words for frontend in FRONT_ENDS] == [{}] * len(FRONT_ENDS)


@pytest.mark.parametrize("path", sorted(STATIC.glob("*.js")), ids=lambda path: path.name)
def test_the_front_end_has_no_words_besides(path: Path) -> None:
    """Texts that begin like a sentence, or with a mark: but for names of AWS's."""
    code = re.sub(r"//[^\n]*", "", path.read_text(encoding="utf-8"))
    texts = set(re.findall(r'"([A-Z✓✗■▶●…][^"\\]* [^"\\]+)"', code))

    assert {text for text in texts - said_by(path) if not re.search(r" [A-Z_]+$|^Step Functions$", text)} == set()
