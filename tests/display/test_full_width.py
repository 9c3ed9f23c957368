"""Full-width characters: how wide they are, where lines break, and that boxes hold them whatever font is installed."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.display.pictures import SVG, needs_graphviz
from xsfn_helpers.display.full_width import columns, padded, with_dashes, without_dashes, wrapped
from xsfn_helpers.display.markup import wrap_words
from xsfn_helpers.display.pictures.render import svg_from_dot


def test_a_full_width_character_takes_two_columns() -> None:
    assert columns("✓ 許可") == 6
    assert padded("✓ 許可", 8) + "|" == "✓ 許可  |"
    assert padded("長い名前です", 4) == "長い名前です"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("実行用ロール", ["実行用", "ロール"]),  # a word of katakana stays whole
        ("信頼ポリシー", ["信頼", "ポリシー"]),
        ("一二三四五。六", ["一二三四", "五。六"]),  # no line begins with 。
        ("一二三四「五」", ["一二三四", "「五」"]),  # and none ends with 「
        ("Operator ロール", ["Operator", "ロール"]),
        ("三つの AssumeRole", ["三つの", "AssumeRole"]),
    ],
)
def test_lines_break_where_japanese_may(text: str, lines: list[str]) -> None:
    assert wrapped(text, 10, max_lines=3) == lines
    assert wrap_words(text, 10, max_lines=3) == lines


def test_what_does_not_fit_ends_in_an_ellipsis_within_the_width() -> None:
    lines = wrapped("一二三四五六七八九十" * 2, 10, max_lines=2)

    assert lines == ["一二三四五", "六七八九 …"]
    assert max(map(columns, lines)) <= 10


def test_texts_come_back_from_behind_their_dashes() -> None:
    dashed, texts = with_dashes('a [label=<<B>許可 &amp; 拒否</B>>] b [label="開始"] c [label="ok"]')

    assert dashed == 'a [label=<<B>¤0¤ &amp; ——</B>>] b [label="¤1¤"] c [label="ok"]'
    assert texts == ("許可 &amp; 拒否", "開始")
    drawn = '<text x="1">¤0¤ &amp; ——</text><text>¤1¤</text>'
    assert without_dashes(drawn, texts) == '<text x="1">許可 &amp; 拒否</text><text>開始</text>'
    assert without_dashes("<text>costs ¤2¤</text>", ()) == "<text>costs ¤2¤</text>"


@needs_graphviz
@pytest.mark.parametrize("name", ["実行用ロールを引き受ける", "Operator アカウント 111111111111", "許"])
def test_a_box_is_as_wide_as_the_reader_sees_its_text(name: str) -> None:
    source = f'digraph {{ a [shape=box margin=0 width=0 fontsize=12 fontname="Helvetica" label=<{name}>] }}'
    root = ElementTree.fromstring(svg_from_dot(source, title="t", description="d"))
    node = next(group for group in root.iter(f"{SVG}g") if group.get("class") == "node")
    corners = node.find(f"{SVG}polygon")
    assert corners is not None
    across = [float(corner.split(",")[0]) for corner in corners.get("points", "").split()]
    wide = sum(columns(character) == 2 for character in name)

    assert node.findtext(f"{SVG}text") == name
    # Full-width characters are 12 wide each, and Latin ones at least 3.
    assert max(across) - min(across) >= 12 * wide + 3 * (len(name) - wide) - 4
    assert "Hiragino Sans" in root.findtext(f"{SVG}style", "")
