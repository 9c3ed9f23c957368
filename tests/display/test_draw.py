"""The pictures in `diagrams/` are the ones that today's code draws; `make diagrams` makes them so."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.display.pictures import description, needs_graphviz, parts
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.language import LANGUAGES, language, speaking
from xsfn_helpers.display.draw import folder_of, main, pictures

FOLDER = Path(__file__).parents[2] / "diagrams"
PICTURES = pictures(Scenario())
STALE = "is stale: run `make diagrams` and commit the result"

every_picture = pytest.mark.parametrize("name", list(PICTURES))


@pytest.fixture(params=LANGUAGES, autouse=True)
def spoken(request: pytest.FixtureRequest) -> Iterator[str]:
    with speaking(request.param):
        yield request.param


def stored(name: str) -> str:
    return (folder_of(FOLDER, language()) / name).read_text(encoding="utf-8")


@every_picture
def test_stored_sources_are_current(name: str) -> None:
    assert stored(f"{name}.dot") == PICTURES[name].dot, f"diagrams/{name}.dot {STALE}"


@every_picture
def test_stored_pictures_say_what_the_diagram_says(name: str) -> None:
    """Holds without Graphviz: title, description and every link's number, action and state are in the file."""
    svg, diagram = stored(f"{name}.svg"), PICTURES[name]
    found = parts(svg)

    assert description(svg) == (diagram.heading, diagram.alt), f"diagrams/{name}.svg {STALE}"
    for link in diagram.links:
        words = found[link.id].words
        assert words.startswith(f"{link.number} {link.action} {diagram.state(link).marked}"), f"{name}.svg {STALE}"


@needs_graphviz
@every_picture
def test_stored_pictures_have_the_parts_that_graphviz_draws_today(name: str) -> None:
    """Ids, classes, titles and words; not positions, which each Graphviz version chooses anew."""
    assert parts(stored(f"{name}.svg")) == parts(PICTURES[name].svg()), f"diagrams/{name}.svg {STALE}"


def test_nothing_else_is_stored(spoken: str) -> None:
    """Apart from the photographs, which have a test of their own (tests/browser/test_screenshots.py)."""
    expected = {f"{name}.{kind}" for name in PICTURES for kind in ("dot", "svg")}
    there = [path for path in folder_of(FOLDER, spoken).iterdir() if path.is_file()]

    assert {path.name for path in there if not path.name.startswith("live-")} == expected


def test_each_stage_adds_links_and_takes_none_away() -> None:
    """The article's order: before stage 2 the execute role's trust alone isn't enough for link 2."""
    allowed = {
        name: {link.number for link in diagram.links if diagram.state(link).value == "allowed"}
        for name, diagram in PICTURES.items()
    }

    assert allowed["stage-1"] == {1, 3, 4, 5, 6}
    assert allowed["stage-2"] == {1, 2, 3, 4, 5, 6}
    assert allowed["stage-3"] == allowed["access-chain"] == {1, 2, 3, 4, 5, 6}


@needs_graphviz
def test_the_command_writes_every_picture_and_names_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "new")]) == 0

    written = sorted(str(path) for path in (tmp_path / "new").rglob("*.*"))
    assert sorted(capsys.readouterr().out.splitlines()) == written
    assert len(written) == 2 * len(PICTURES) * len(LANGUAGES)


def test_without_graphviz_the_command_writes_the_sources_and_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pygraphviz", None)

    assert main([str(tmp_path)]) == 2
    assert {path.suffix for path in tmp_path.rglob("*.*")} == {".dot"}
    assert "Install Graphviz" in capsys.readouterr().err
