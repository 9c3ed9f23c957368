"""The photographs under diagrams/ show the live displays as they are now."""

from __future__ import annotations

from pathlib import Path

from tests.browser.screenshots import SCENES, TAKEN_OF, fingerprint

DIAGRAMS = Path(__file__).parents[2] / "diagrams"


def test_every_scene_was_photographed_and_nothing_else() -> None:
    assert {path.stem for path in DIAGRAMS.glob("live-*.png")} == {scene.name for scene in SCENES}


def test_they_were_taken_of_the_displays_as_they_are() -> None:
    assert (DIAGRAMS / TAKEN_OF).read_text(encoding="utf-8").strip() == fingerprint(), "run `make screenshots`"
