"""Without Graphviz nothing breaks: the text is shown, and how to install it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.display.pictures import description, parts
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.errors import NoDotProgram
from xsfn_helpers.display.pictures.diagram import Diagram

DIAGRAM = Diagram(Scenario())


@pytest.fixture
def no_dot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def no_graphviz(no_dot: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty PATH, and no pygraphviz either."""
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    return no_dot


def test_the_text_form_loads_no_graphviz() -> None:
    program = (
        "import sys; from xsfn_helpers.display.pictures.diagram import Diagram; "
        "from xsfn_helpers.chain.scenario import Scenario; "
    )
    program += "print(Diagram(Scenario()).text, sorted({'graphviz', 'ipywidgets', 'boto3'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)

    assert run.stdout == f"{DIAGRAM.text} []\n"


@pytest.mark.usefixtures("no_graphviz")
def test_a_picture_without_graphviz_says_how_to_install_it() -> None:
    with pytest.raises(NoDotProgram, match=r"`dot` program isn't installed.*apt-get install graphviz.*pygraphviz>=2"):
        DIAGRAM.svg()


@pytest.mark.usefixtures("no_graphviz")
def test_a_notebook_without_graphviz_shows_the_text_and_the_way_out() -> None:
    bundle = DIAGRAM._repr_mimebundle_()

    assert bundle["text/plain"] == DIAGRAM.text
    assert bundle["text/html"].startswith("<pre>Access chain of a cross-account run\n")
    assert "Install Graphviz: `sudo apt-get install graphviz`" in bundle["text/html"]


@pytest.mark.usefixtures("no_graphviz")
def test_nothing_is_written_where_nothing_can_be_drawn(tmp_path: Path) -> None:
    with pytest.raises(NoDotProgram):
        DIAGRAM.write(tmp_path / "chain.svg")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_graphviz")
def test_a_dot_program_that_fails_is_told_from_one_that_is_missing(no_dot: Path) -> None:
    """Debian's `dot` without its plugins, for one, answers: Format "svg" not recognized."""
    program = no_dot / "dot"
    program.write_text('#!/bin/sh\necho "Format: svg not recognized" >&2\nexit 1\n')
    program.chmod(0o755)

    with pytest.raises(NoDotProgram, match="`dot` program failed"):
        DIAGRAM.svg()


@pytest.mark.usefixtures("no_dot")
def test_pygraphviz_is_asked_for_the_same_source_where_dot_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, str]] = []

    class AGraph:
        def __init__(self, *, string: str) -> None:
            self.source = string

        def draw(self, *, format: str, prog: str) -> bytes:  # noqa: A002 - pygraphviz names it so
            asked.append((self.source, format, prog))
            return b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"></svg>'

    monkeypatch.setitem(sys.modules, "pygraphviz", SimpleNamespace(AGraph=AGraph))
    svg = DIAGRAM.svg()

    assert asked == [(DIAGRAM.dot, "svg", "dot")]
    assert description(svg) == (DIAGRAM.title, DIAGRAM.alt)


@pytest.mark.usefixtures("no_dot")
def test_pygraphviz_draws_in_process_where_dot_is_missing() -> None:
    pytest.importorskip("pygraphviz", reason="the optional extra `render` isn't installed")
    found = parts(DIAGRAM.svg())

    assert found["link-2"].words.startswith("2 sts:AssumeRole … not tried")
    assert found["link-2-to"].title == "link 2->execute role"
